//! What a log says of itself at one time (C2SP `tlog-checkpoint`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::{Hash, NoteFlaw, NoteSigner, NoteVerifier};

/// The size and the root of a log at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log, which is also that of its key.
    pub origin: String,
    /// How many entries the log has.
    pub size: u64,
    /// The root of the tree over them (RFC 6962 §2.1).
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The checkpoint of a text; nothing if it is none. Lines after the third are extensions, which say nothing here.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let well_formed = !origin.is_empty()
            && size.bytes().all(|byte| byte.is_ascii_digit())
            && (size == "0" || !size.starts_with('0'))
            && lines.all(|line| !line.is_empty());
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        well_formed.then_some(Self { origin: origin.to_owned(), size: size.parse().ok()?, root })
    }

    /// The signed note of it (C2SP `signed-note`).
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, NoteFlaw> {
        signer.sign(&self.text())
    }

    /// The checkpoint of a note that this key has signed and that is of the log that the key is named after.
    pub fn verify(note: &str, verifier: &NoteVerifier) -> Result<Self, NoteFlaw> {
        let checkpoint = Self::parse(verifier.verify(note)?).ok_or(NoteFlaw::Form)?;
        if checkpoint.origin == verifier.name() { Ok(checkpoint) } else { Err(NoteFlaw::Unsigned) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_checkpoint_is_read_as_it_was_signed(size: u64, root: Hash) {
            let checkpoint = Checkpoint { origin: "example.com/audit".to_owned(), size, root };
            let key = NoteSigner::generate().unwrap();
            let signer = NoteSigner::from_pkcs8("example.com/audit", &key).unwrap();
            let note = checkpoint.sign(&signer).unwrap();
            prop_assert_eq!(Checkpoint::verify(&note, signer.verifier()), Ok(checkpoint.clone()));
            // The same key by another name is another key, and a log has the name of its key.
            let other = NoteSigner::from_pkcs8("example.com/other", &key).unwrap();
            prop_assert_eq!(Checkpoint::verify(&note, other.verifier()), Err(NoteFlaw::Unsigned));
            let foreign = checkpoint.sign(&other).unwrap();
            prop_assert_eq!(Checkpoint::verify(&foreign, other.verifier()), Err(NoteFlaw::Unsigned));
        }
    }

    #[test]
    fn what_is_not_written_as_the_format_has_it_is_no_checkpoint() {
        let root = STANDARD.encode([7; 32]);
        let good = format!("example.com/audit\n20852163\n{root}\n");
        assert_eq!(Checkpoint::parse(&good).map(|read| read.text()), Some(good.clone()));
        assert!(Checkpoint::parse(&format!("{good}an extension\n")).is_some());
        for bad in [
            String::new(),
            good.trim_end().to_owned(),
            good.replace("2085", "02085"),
            good.replace("2085", "+2085"),
            good.replace("20852163", "18446744073709551616"),
            good.replace("example.com/audit", ""),
            good.replace(&root, &STANDARD.encode([7; 31])),
            good.replace(&root, &root[1..]),
            format!("{good}\n"),
        ] {
            assert_eq!(Checkpoint::parse(&bad), None, "{bad:?}");
        }
    }
}
