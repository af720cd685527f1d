//! The positions between the pages of a list.

use std::sync::LazyLock;

use agentidp::crypto::{MasterKey, SecretText};
use agentidp::domain::pages::{Cursors, List};
use uuid::Uuid;

use crate::{Decision, reference};

/// Under a key that stays the same, so that a seed can be a good one.
static CURSORS: LazyLock<Cursors> = LazyLock::new(|| {
    let master = SecretText::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    Cursors::new(MasterKey::from_text(&master).expect("a master key"))
});

/// The list that cursors are read for, and others that are not it.
fn lists() -> (List, [List; 3]) {
    let list = List::new("listAgents", &[None, Some("active")]);
    let other = |name, filters: &[Option<&str>]| List::new(name, filters);
    let others = [
        other("listAuditEvents", &[None, Some("active")]),
        other("listAgents", &[Some("active"), None]),
        other("listAgents", &[None, None]),
    ];
    (list, others)
}

/// The cursor of a page of the list that ends with this id.
fn written(list: &List, id: Uuid) -> String {
    CURSORS.page(list, vec![id, Uuid::nil()], 1, |id| *id).next_cursor.expect("there is a second page")
}

/// Reads the input as a cursor: it is one exactly if a page of this list gave it.
pub fn judge(input: &[u8]) -> Decision {
    let (list, others) = lists();
    if let Some(id) = input.first_chunk::<16>() {
        let id = Uuid::from_bytes(*id);
        assert_eq!(CURSORS.read(&list, Some(&written(&list, id))), Ok(Some(id)));
        for other in &others {
            assert!(CURSORS.read(&list, Some(&written(other, id))).is_err(), "{id} of another list");
        }
    }
    let Ok(text) = std::str::from_utf8(input) else { return Decision::Elsewhere };
    let read = CURSORS.read(&list, Some(text)).ok().flatten();
    // An id and eight bytes more, which only a page can have written.
    let bytes = reference::base64(input, true, false).filter(|bytes| bytes.len() == 24);
    let id = bytes.and_then(|bytes| Some(Uuid::from_bytes(*bytes.first_chunk()?)));
    let rule = id.filter(|id| written(&list, *id) == text);
    assert_eq!(read, rule, "{text:?}");
    Decision::of(read.is_some())
}
