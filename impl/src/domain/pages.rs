//! Pages of a list, and the opaque positions between them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::refusal::{Answered, Refusal, Violation};
use crate::crypto::MasterKey;
use crate::crypto::master::digest;

/// One page, and where the next one begins if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it, at most as many as were asked for.
    pub items: Vec<T>,
    /// The position of the last item, if there are more after it.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page with nothing on it.
    pub fn empty() -> Self {
        Self { items: Vec::new(), next_cursor: None }
    }
}

/// A list, with all that makes it another one than others: what it is a list of, and its filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List([u8; 32]);

impl List {
    /// The list of this name with these filters, always in the same order; one that is absent is not one that is empty.
    pub fn new(name: &'static str, filters: &[Option<&str>]) -> Self {
        let mut parts = vec![name.as_bytes()];
        for filter in filters {
            parts.extend(match filter {
                Some(filter) => [b"=".as_slice(), filter.as_bytes()],
                None => [b"".as_slice(), b""],
            });
        }
        Self(digest(&parts))
    }
}

/// Writes cursors, and reads them again.
///
/// A cursor is the id of a page's last item and a mark that takes the master key to make, of the list and that id. So a
/// cursor of another list, or of the same with other filters, is refused by name instead of passing over items, and nobody
/// invents one.
#[derive(Clone, Debug)]
pub struct Cursors(MasterKey);

impl Cursors {
    /// Cursors of the deployment that has this master key.
    pub fn new(master: MasterKey) -> Self {
        Self(master)
    }

    /// A page of `limit` out of one item more, which shows whether there is a next page.
    pub fn page<T>(&self, list: &List, mut items: Vec<T>, limit: u32, id_of: impl Fn(&T) -> Uuid) -> Page<T> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| self.write(list, id_of(last)));
        Page { items, next_cursor }
    }

    fn write(&self, list: &List, id: Uuid) -> String {
        let mark = self.0.mark(&[&list.0, id.as_bytes()]);
        URL_SAFE_NO_PAD.encode([id.as_bytes().as_slice(), &mark].concat())
    }

    /// The id behind a cursor that a page of this list gave; nothing where there is no cursor.
    pub fn read(&self, list: &List, cursor: Option<&str>) -> Answered<Option<Uuid>> {
        let Some(cursor) = cursor else { return Ok(None) };
        match self.id_in(list, cursor) {
            Some(id) => Ok(Some(id)),
            None => Err(Refusal::Invalid(vec![Violation {
                location: "query",
                path: "cursor".into(),
                rule: "cursor",
                message: "must be the nextCursor of a page of this list with these filters, unaltered".into(),
            }])),
        }
    }

    fn id_in(&self, list: &List, cursor: &str) -> Option<Uuid> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (id, mark) = bytes.split_first_chunk::<16>()?;
        self.0.mark_fits(&[&list.0, id], mark).then(|| Uuid::from_bytes(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Entropy;

    fn cursors(seed: u64) -> Cursors {
        Cursors::new(MasterKey::from_text(&MasterKey::generate(&Entropy::seeded(seed))).unwrap())
    }

    fn list() -> List {
        List::new("listAgents", &[Some("active"), None])
    }

    #[test]
    fn a_page_says_whether_another_follows() {
        let ids: Vec<_> = (0..3).map(Uuid::from_u128).collect();
        let page = cursors(1).page(&list(), ids.clone(), 2, |id| *id);
        assert_eq!(page.items, ids[..2]);
        assert_eq!(cursors(1).read(&list(), page.next_cursor.as_deref()), Ok(Some(ids[1])));
        assert_eq!(cursors(1).page(&list(), ids, 3, |id| *id).next_cursor, None);
        assert_eq!(cursors(1).read(&list(), None), Ok(None));
    }

    #[track_caller]
    fn refuses(cursors: &Cursors, list: &List, cursor: &str) {
        let refused = cursors.read(list, Some(cursor));
        let Err(Refusal::Invalid(violations)) = refused else { panic!("{cursor} was taken: {refused:?}") };
        assert_eq!((violations[0].location, violations[0].path.as_str()), ("query", "cursor"));
    }

    #[test]
    fn a_cursor_that_no_page_gave_is_refused_by_name() {
        let id = URL_SAFE_NO_PAD.encode(Uuid::from_u128(7).as_bytes());
        for cursor in ["", "x", "AAAA", "ééé", &id, &"A".repeat(32), &"A".repeat(36)] {
            refuses(&cursors(1), &list(), cursor);
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_own_list_filters_and_deployment_alone() {
        let cursor = cursors(1).write(&list(), Uuid::from_u128(7));
        assert_eq!(cursors(1).read(&list(), Some(&cursor)), Ok(Some(Uuid::from_u128(7))));
        for (name, filters) in [
            ("listAuditEvents", [Some("active"), None]),
            ("listAgents", [Some("suspended"), None]),
            ("listAgents", [None, Some("active")]),
            ("listAgents", [Some("active"), Some("")]),
            ("listAgents", [None, None]),
        ] {
            refuses(&cursors(1), &List::new(name, &filters), &cursor);
        }
        refuses(&cursors(2), &list(), &cursor);
    }

    #[test]
    fn a_cursor_that_was_altered_anywhere_is_refused() {
        let cursor = cursors(1).write(&list(), Uuid::from_u128(7));
        for place in 0..cursor.len() {
            let mut altered = cursor.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            refuses(&cursors(1), &list(), &String::from_utf8(altered).unwrap());
        }
        refuses(&cursors(1), &list(), &format!("{cursor}AAAA"));
    }
}
