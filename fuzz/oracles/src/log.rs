//! What tools read of the transparency log: paths of tiles, signed notes, checkpoints (C2SP `tlog-tiles`, `signed-note`,
//! `tlog-checkpoint`).

use std::sync::LazyLock;

use agentidp::crypto::{NoteSigner, install};
use agentidp::domain::log::Checkpoint;
use agentidp::domain::log::tiles::TilePlace;

use crate::{Decision, reference};

const ORIGIN: &str = "example.com/audit";

/// A checkpoint that was signed, and its signer, made anew each time.
static SIGNED: LazyLock<(NoteSigner, Checkpoint, String)> = LazyLock::new(|| {
    install();
    let key = NoteSigner::generate().expect("a key");
    let signer = NoteSigner::from_pkcs8(ORIGIN, &key).expect("a key");
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 1_234_567, root: [7; 32] };
    let note = checkpoint.sign(&signer).expect("a note");
    (signer, checkpoint, note)
});

/// The rule of a tile's place, read slowly: `x000/x012/345`, and for less than all of it `.p/` and a width.
fn place(path: &str) -> Option<(u64, u64)> {
    let (groups, width) = match path.split_once(".p/") {
        None => (path, 256),
        Some((groups, width)) => {
            let width = (1..256).find(|number: &u64| number.to_string() == width)?;
            (groups, width)
        }
    };
    let groups: Vec<_> = groups.split('/').collect();
    let mut index: u128 = 0;
    for (number, group) in groups.iter().enumerate() {
        let digits = match number + 1 == groups.len() {
            true => group,
            false => group.strip_prefix('x')?,
        };
        let value = (0..1000).find(|value: &u128| format!("{value:03}") == digits)?;
        if number == 0 && value == 0 && groups.len() > 1 {
            return None;
        }
        index = index.checked_mul(1000)? + value;
    }
    Some((index.try_into().ok()?, width))
}

/// The rule of a checkpoint's text, read slowly.
fn checkpoint(text: &str) -> Option<(String, u64, Vec<u8>)> {
    let lines: Vec<_> = text.strip_suffix('\n')?.split('\n').collect();
    let [origin, size, root, ..] = lines.as_slice() else { return None };
    if lines.iter().any(|line| line.is_empty()) {
        return None;
    }
    let number: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == **size)?;
    let root = reference::base64(root.as_bytes(), false, true).filter(|root| root.len() == 32)?;
    Some(((*origin).to_owned(), number, root))
}

/// Reads the input as a path and as a checkpoint, and changes a signed note by it.
pub fn judge(input: &[u8]) -> Decision {
    let (signer, signed, note) = &*SIGNED;

    // Three bytes are a place in the note and what is put there.
    let mut changed = note.clone().into_bytes();
    for change in input.chunks_exact(3).take(8) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
        changed[place] = change[2];
    }
    if let Ok(changed) = String::from_utf8(changed) {
        match Checkpoint::verify(&changed, signer.verifier()) {
            Ok(read) => assert_eq!(&read, signed, "{changed:?}"),
            Err(_) => assert_ne!(&changed, note),
        }
    }

    let Ok(text) = std::str::from_utf8(input) else { return Decision::Elsewhere };
    assert!(Checkpoint::verify(text, signer.verifier()).is_err(), "nobody has signed it: {text:?}");

    let read = Checkpoint::parse(text);
    let rule = checkpoint(text);
    assert_eq!(
        read.as_ref().map(|read| (read.origin.clone(), read.size, read.root.to_vec())),
        rule,
        "{text:?}"
    );
    if let Some(read) = &read {
        assert!(text.starts_with(&read.text()), "{text:?}");
    }

    let tile = TilePlace::parse(text);
    assert_eq!(tile.map(|tile| (tile.index, u64::from(tile.width))), place(text), "{text:?}");
    if let Some(tile) = tile {
        assert_eq!(tile.to_string(), text);
        if let Some(end) = tile.end() {
            assert_eq!(tile.start() + u64::from(tile.width), end);
        }
    }
    Decision::of(tile.is_some() || read.is_some())
}
