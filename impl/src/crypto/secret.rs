//! Secrets as types: text that does not show itself, and the client secret with its id and checksum.

use std::fmt;

use aws_lc_rs::digest;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Entropy;

/// A secret or a token. It is wiped when dropped, shows itself to nobody, and is read by name: [`SecretText::expose`].
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that must have it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text itself, handed over to the one place that sends it; it is not wiped any more.
    pub fn into_exposed(mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIX: &str = "sas_";
const ID_LENGTH: usize = 32;
const RANDOM_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const LENGTH: usize = PREFIX.len() + ID_LENGTH + 1 + RANDOM_LENGTH + 1 + CHECKSUM_LENGTH;

/// A client secret: `sas_<credential id>_<43 random base62>_<checksum>`, 87 characters.
///
/// The prefix lets scanners find leaks, the id selects one row, the checksum refuses typos before anything is looked
/// up. 43 characters of base62 are 256 bits; they alone are what is kept one-way.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    credential_id: Uuid,
    random: SecretText,
}

impl ClientSecret {
    /// A new secret of this credential.
    pub fn generate(credential_id: Uuid, entropy: &Entropy) -> Self {
        let mut random = String::with_capacity(RANDOM_LENGTH);
        while random.len() < RANDOM_LENGTH {
            let drawn = Zeroizing::new(entropy.bytes::<64>());
            // Bytes from 248 on are drawn again: 248 is the largest multiple of 62 in a byte, so no digit is likelier.
            let digits =
                drawn.iter().filter(|byte| **byte < 248).map(|byte| ALPHABET[usize::from(byte % 62)]);
            random.extend(digits.take(RANDOM_LENGTH - random.len()).map(char::from));
        }
        Self { credential_id, random: SecretText::new(random) }
    }

    /// The secret that was presented, if it has a secret's form and its checksum is right.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH || !text.is_ascii() {
            return None;
        }
        let (body, checksum) = text.split_at(LENGTH - CHECKSUM_LENGTH);
        let body = body.strip_suffix('_')?;
        let (id, random) = body.strip_prefix(PREFIX)?.split_once('_')?;
        let id_ok = id.len() == ID_LENGTH && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let random_ok =
            random.len() == RANDOM_LENGTH && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !id_ok || !random_ok || checksum_of(body) != checksum {
            return None;
        }
        let credential_id = Uuid::try_parse(id).ok()?;
        Some(Self { credential_id, random: SecretText::new(random.to_owned()) })
    }

    /// Whose secret it claims to be.
    pub fn credential_id(&self) -> Uuid {
        self.credential_id
    }

    /// The random part, which is all that is hashed: 43 bytes, well within the 72 that bcrypt reads.
    pub fn random(&self) -> &SecretText {
        &self.random
    }

    /// The whole secret, to be shown once.
    pub fn to_text(&self) -> SecretText {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(PREFIX);
        text.push_str(self.credential_id.simple().encode_lower(&mut Uuid::encode_buffer()));
        text.push('_');
        text.push_str(self.random.expose());
        let checksum = checksum_of(&text);
        text.push('_');
        text.push_str(&checksum);
        SecretText::new(text)
    }
}

/// Six digits of base62 (35 bits) of the SHA-256 over everything before the checksum's underscore.
fn checksum_of(body: &str) -> String {
    let hash = digest::digest(&digest::SHA256, body.as_bytes());
    let mut number = hash.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (0..CHECKSUM_LENGTH)
        .map(|_| {
            let digit = ALPHABET[(number % 62) as usize];
            number /= 62;
            char::from(digit)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_secret_survives_being_written_and_read(seed: u64, id: u128) {
            let secret = ClientSecret::generate(Uuid::from_u128(id), &Entropy::seeded(seed));
            let text = secret.to_text();
            prop_assert_eq!(text.expose().len(), LENGTH);
            let read = ClientSecret::parse(text.expose()).expect("reads");
            prop_assert_eq!(read.credential_id(), Uuid::from_u128(id));
            prop_assert_eq!(read.random().expose(), secret.random().expose());
            prop_assert_eq!(read.random().expose().len(), RANDOM_LENGTH);
        }

        #[test]
        fn a_typo_is_refused(seed: u64, id: u128, place in 0..LENGTH, with in "[ -~]") {
            let text = ClientSecret::generate(Uuid::from_u128(id), &Entropy::seeded(seed)).to_text();
            let mut typo = text.expose().to_owned();
            typo.replace_range(place..=place, &with);
            prop_assert_eq!(ClientSecret::parse(&typo).is_some(), typo == text.expose());
        }

        #[test]
        fn two_swapped_characters_are_refused(seed: u64, place in 0..LENGTH - 1) {
            let text = ClientSecret::generate(Uuid::from_u128(1), &Entropy::seeded(seed)).to_text();
            let mut bytes = text.expose().as_bytes().to_vec();
            bytes.swap(place, place + 1);
            let swapped = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(ClientSecret::parse(&swapped).is_some(), swapped == text.expose());
        }

        #[test]
        fn whatever_else_is_presented_is_refused_without_a_panic(text in "\\PC{0,120}") {
            prop_assert!(ClientSecret::parse(&text).is_none());
        }
    }

    #[test]
    fn a_shortened_or_lengthened_secret_is_refused() {
        let text = ClientSecret::generate(Uuid::from_u128(5), &Entropy::seeded(5)).to_text();
        assert!(ClientSecret::parse(&text.expose()[..LENGTH - 1]).is_none());
        assert!(ClientSecret::parse(&format!("{}0", text.expose())).is_none());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = ClientSecret::generate(Uuid::from_u128(5), &Entropy::seeded(5));
        let shown = format!("{secret:?} {:?}", secret.to_text());
        assert!(!shown.contains(secret.random().expose()));
    }
}
