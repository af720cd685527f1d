//! The positions between the pages of a list.

use agentidp::domain::pages::{Page, cursor_read};
use uuid::Uuid;

use crate::{Decision, reference};

/// The cursor of a page that ends with this id.
fn written(id: Uuid) -> String {
    Page::cut(vec![id, Uuid::nil()], 1, |id| *id).next_cursor.expect("there is a second page")
}

/// Reads the input as a cursor: it is one exactly if a page gave it.
pub fn judge(input: &[u8]) -> Decision {
    if let Some(id) = input.first_chunk::<16>() {
        let id = Uuid::from_bytes(*id);
        assert_eq!(cursor_read(&written(id)), Ok(id));
    }
    let Ok(text) = std::str::from_utf8(input) else { return Decision::Elsewhere };
    let read = cursor_read(text).ok();
    let bytes = reference::base64(input, true, false);
    let rule = bytes.and_then(|bytes| Some(Uuid::from_bytes(bytes.try_into().ok()?)));
    assert_eq!(read, rule, "{text:?}");
    if let Some(id) = read {
        assert_eq!(written(id), text, "there is one way to write it");
    }
    Decision::of(read.is_some())
}
