//! Signed notes (C2SP `signed-note`): a text, and lines that sign it with Ed25519.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{CryptoFault, master::hex};

/// The signature type of Ed25519, the first byte of an encoded public key.
const ED25519_TYPE: u8 = 1;

/// What every signature line begins with.
const SIGNATURE_START: &str = "\u{2014} ";

/// The most bytes that a note may have here; what is longer is not read.
const NOTE_LIMIT: usize = 64 * 1024;

/// The most signature lines that are looked at.
const SIGNATURES_LIMIT: usize = 100;

/// Why a text is no note, no key, or not signed by the key that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteFlaw {
    /// The name of a key is empty, or holds white space or a plus sign.
    #[error("the name of a key is empty, or holds white space or a plus sign")]
    Name,
    /// A verifier key is not of the form `name+id+key`, with an Ed25519 key and the id that belongs to it.
    #[error("a verifier key has the form name+id+key, with an Ed25519 key and its own id")]
    Key,
    /// A note is a text that ends in a line break, an empty line, and signature lines.
    #[error("it is not a signed note")]
    Form,
    /// None of the signatures is by the key.
    #[error("the key has not signed it")]
    Unsigned,
    /// The signature that says to be by the key is not.
    #[error("its signature is not of the key that it names")]
    Forged,
}

/// A private key that signs notes.
pub struct NoteSigner {
    pair: Ed25519KeyPair,
    verifier: NoteVerifier,
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NoteSigner").field(&self.verifier).finish()
    }
}

impl NoteSigner {
    /// Makes a private key (PKCS #8). Its randomness is the back end's own and cannot be injected.
    pub fn generate() -> Result<Zeroizing<Vec<u8>>, CryptoFault> {
        let pair = Ed25519KeyPair::generate().map_err(|_| CryptoFault::Failed("key generation"))?;
        let document = pair.to_pkcs8().map_err(|_| CryptoFault::Failed("key generation"))?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Parses a private key (PKCS #8) whose notes carry this name.
    pub fn from_pkcs8(name: &str, pkcs8: &[u8]) -> Result<Self, CryptoFault> {
        let unusable = |problem| CryptoFault::KeyUnusable(name.to_owned(), problem);
        let pair =
            Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| unusable("it is not an Ed25519 private key"))?;
        let mut public = [0; 32];
        public.copy_from_slice(pair.public_key().as_ref());
        let verifier = NoteVerifier::new(name, public)
            .map_err(|_| unusable("a name must not be empty or hold white space or a plus sign"))?;
        Ok(Self { pair, verifier })
    }

    /// The public part.
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// The signed note of a text, which must end in a line break and hold no other control character.
    pub fn sign(&self, text: &str) -> Result<String, NoteFlaw> {
        check_text(text)?;
        let signature = self.pair.sign(text.as_bytes());
        let signature = STANDARD.encode([&self.verifier.id, signature.as_ref()].concat());
        Ok(format!("{text}\n{SIGNATURE_START}{} {signature}\n", self.verifier.name))
    }
}

/// A public key that verifies notes. Its text, `name+id+key`, is what is published and what tools take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    id: [u8; 4],
    public: [u8; 32],
}

impl NoteVerifier {
    /// An Ed25519 public key by this name.
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, NoteFlaw> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(NoteFlaw::Name);
        }
        let input = [name.as_bytes(), b"\n", &[ED25519_TYPE], &public].concat();
        let mut id = [0; 4];
        id.copy_from_slice(&digest::digest(&digest::SHA256, &input).as_ref()[..4]);
        Ok(Self { name: name.to_owned(), id, public })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key itself.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The text of a note that this key has signed. Lines of other keys are passed over.
    pub fn verify<'n>(&self, note: &'n str) -> Result<&'n str, NoteFlaw> {
        if note.len() > NOTE_LIMIT {
            return Err(NoteFlaw::Form);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteFlaw::Form)?;
        let text = note.get(..=text.len()).ok_or(NoteFlaw::Form)?;
        check_text(text)?;
        let signatures = signatures.strip_suffix('\n').ok_or(NoteFlaw::Form)?;
        if signatures.is_empty() || signatures.split('\n').count() > SIGNATURES_LIMIT {
            return Err(NoteFlaw::Form);
        }
        let mut signed = false;
        for line in signatures.split('\n') {
            let line = line.strip_prefix(SIGNATURE_START).ok_or(NoteFlaw::Form)?;
            let (name, signature) = line.split_once(' ').ok_or(NoteFlaw::Form)?;
            let signature = STANDARD.decode(signature).map_err(|_| NoteFlaw::Form)?;
            let (id, signature) = signature.split_first_chunk::<4>().ok_or(NoteFlaw::Form)?;
            if name != self.name || *id != self.id {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.public)
                .verify(text.as_bytes(), signature)
                .map_err(|_| NoteFlaw::Forged)?;
            signed = true;
        }
        if signed { Ok(text) } else { Err(NoteFlaw::Unsigned) }
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519_TYPE], self.public.as_slice()].concat());
        write!(f, "{}+{}+{key}", self.name, hex(&self.id))
    }
}

impl FromStr for NoteVerifier {
    type Err = NoteFlaw;

    fn from_str(text: &str) -> Result<Self, NoteFlaw> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteFlaw::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteFlaw::Key)?;
        let public = key.strip_prefix(&[ED25519_TYPE]).and_then(|public| public.try_into().ok());
        let verifier = Self::new(name, public.ok_or(NoteFlaw::Key)?)?;
        if hex(&verifier.id) != id {
            return Err(NoteFlaw::Key);
        }
        Ok(verifier)
    }
}

fn check_text(text: &str) -> Result<(), NoteFlaw> {
    let flawed = !text.ends_with('\n') || text.contains(|c: char| c < ' ' && c != '\n');
    if flawed { Err(NoteFlaw::Form) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The key and the note that the documentation of the format's first implementation shows.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your \
                        problem is.\n";
    const LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn\
                        gotpRZb6KE6RyyBwJnAM=\n";

    fn signer(name: &str) -> NoteSigner {
        NoteSigner::from_pkcs8(name, &NoteSigner::generate().unwrap()).unwrap()
    }

    #[test]
    fn a_note_of_another_implementation_verifies() {
        let verifier: NoteVerifier = KEY.parse().unwrap();
        assert_eq!(verifier.to_string(), KEY);
        assert_eq!(verifier.verify(&format!("{TEXT}\n{LINE}")), Ok(TEXT));
        let altered = TEXT.replace("problem", "Problem");
        assert_eq!(verifier.verify(&format!("{altered}\n{LINE}")), Err(NoteFlaw::Forged));
    }

    proptest! {
        #[test]
        fn what_a_key_signs_it_verifies_and_no_other_key_does(text in "[^\\x00-\\x1f]{0,40}(\n[^\\x00-\\x1f]{1,40}){0,3}\n") {
            let mine = signer("example.com/log");
            let note = mine.sign(&text).unwrap();
            prop_assert_eq!(mine.verifier().verify(&note), Ok(text.as_str()));
            prop_assert_eq!(signer("example.com/log").verifier().verify(&note), Err(NoteFlaw::Unsigned));
            let read: NoteVerifier = mine.verifier().to_string().parse().unwrap();
            prop_assert_eq!(&read, mine.verifier());
        }

        #[test]
        fn no_text_makes_the_reader_fall_over(note: String) {
            let verifier: NoteVerifier = KEY.parse().unwrap();
            prop_assert!(verifier.verify(&note).is_err());
            prop_assert!(note.parse::<NoteVerifier>().is_err());
        }
    }

    #[test]
    fn lines_of_other_keys_are_passed_over_and_their_absence_is_not() {
        let (mine, other) = (signer("mine"), signer("other"));
        let (a, b) = (mine.sign("text\n").unwrap(), other.sign("text\n").unwrap());
        let both = format!("{a}{}", b.strip_prefix("text\n\n").unwrap());
        assert_eq!(mine.verifier().verify(&both), Ok("text\n"));
        assert_eq!(other.verifier().verify(&both), Ok("text\n"));
        assert_eq!(signer("third").verifier().verify(&both), Err(NoteFlaw::Unsigned));
        for broken in ["text\n", "text\n\n", "text\n\n\n", "text\n\nmine sig\n", &a[..a.len() - 1]] {
            assert_eq!(mine.verifier().verify(broken), Err(NoteFlaw::Form), "{broken:?}");
        }
    }

    #[test]
    fn keys_and_texts_that_the_format_has_no_room_for_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b"] {
            assert_eq!(NoteVerifier::new(name, [1; 32]), Err(NoteFlaw::Name), "{name:?}");
        }
        for key in ["", "name", "name+00000000", &KEY.replace("c74f20a3", "c74f20a4"), "name+c74f20a3+AQ=="] {
            assert_eq!(key.parse::<NoteVerifier>(), Err(NoteFlaw::Key), "{key:?}");
        }
        for text in ["", "no line break", "a\ttab\n"] {
            assert_eq!(signer("mine").sign(text), Err(NoteFlaw::Form), "{text:?}");
        }
    }
}
