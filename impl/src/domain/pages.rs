//! Pages of a list, and the opaque positions between them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::refusal::{Answered, Refusal, Violation};

/// One page, and where the next one begins if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it, at most as many as were asked for.
    pub items: Vec<T>,
    /// The position of the last item, if there are more after it.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of `limit` out of one item more, which shows whether there is a next page.
    pub fn cut(mut items: Vec<T>, limit: u32, id_of: impl Fn(&T) -> Uuid) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| cursor_write(id_of(last)));
        Self { items, next_cursor }
    }

    /// A page with nothing on it.
    pub fn empty() -> Self {
        Self { items: Vec::new(), next_cursor: None }
    }
}

fn cursor_write(id: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(id.as_bytes())
}

/// The id behind a cursor that a page gave.
pub fn cursor_read(cursor: &str) -> Answered<Uuid> {
    URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok()).ok_or_else(|| {
        Refusal::Invalid(vec![Violation {
            location: "query",
            path: "cursor".into(),
            rule: "cursor",
            message: "must be the nextCursor of a page of this list, unaltered".into(),
        }])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_another_follows() {
        let ids: Vec<_> = (0..3).map(Uuid::from_u128).collect();
        let page = Page::cut(ids.clone(), 2, |id| *id);
        assert_eq!(page.items, ids[..2]);
        assert_eq!(cursor_read(&page.next_cursor.unwrap()), Ok(ids[1]));
        assert_eq!(Page::cut(ids, 3, |id| *id).next_cursor, None);
    }

    #[test]
    fn a_cursor_that_no_page_gave_is_refused_by_name() {
        for cursor in ["", "x", "AAAA", "ééé", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let Err(Refusal::Invalid(violations)) = cursor_read(cursor) else { panic!("{cursor} was taken") };
            assert_eq!((violations[0].location, violations[0].path.as_str()), ("query", "cursor"));
        }
    }
}
