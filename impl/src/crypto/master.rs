//! The master key: what is derived from it, and what is sealed under it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{CryptoFault, Entropy, SecretText};

/// The format of what is sealed, and its first byte: AES-256-GCM, a random nonce of 12 bytes, tag of 16 at the end.
const SEAL_VERSION: u8 = 1;

/// The key that all others come from: 32 bytes, one HKDF-SHA-256 (RFC 5869) derivation for each purpose. It is not
/// itself used for anything.
#[derive(Clone)]
pub struct MasterKey(Arc<Derived>);

struct Derived {
    sealing: LessSafeKey,
    narrowing: hmac::Key,
    placing: hmac::Key,
    verifying: hmac::Key,
    marking: hmac::Key,
    verifier_key_version: String,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("verifier_key_version", &self.0.verifier_key_version).finish()
    }
}

/// What is sealed, and where it is kept: the associated data, so that a sealed value opens at its own place alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The table.
    pub table: &'static str,
    /// The row.
    pub id: &'a str,
    /// What it is for.
    pub purpose: &'static str,
}

impl Seal<'_> {
    /// Each part with its length before it, so that no two places have the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let mut data = vec![SEAL_VERSION];
        for part in [self.table, self.id, self.purpose] {
            data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

impl fmt::Display for Seal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} {}", self.purpose, self.table, self.id)
    }
}

impl MasterKey {
    /// A new master key as text, in base64url: made once, kept by the operator.
    pub fn generate(entropy: &Entropy) -> SecretText {
        SecretText::new(URL_SAFE_NO_PAD.encode(*Zeroizing::new(entropy.bytes::<32>())))
    }

    /// Reads a master key: 32 bytes in base64url without padding, white space around it passed over.
    pub fn from_text(text: &SecretText) -> Result<Self, CryptoFault> {
        let bytes =
            URL_SAFE_NO_PAD.decode(text.expose().trim()).map_err(|_| CryptoFault::MasterKeyMalformed)?;
        let bytes = Zeroizing::new(bytes);
        if bytes.len() != 32 {
            return Err(CryptoFault::MasterKeyMalformed);
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"agentidp master key").extract(&bytes);
        let sealing = UnboundKey::new(&AES_256_GCM, derive::<32>(&root, "sealing v1")?.as_slice())
            .map_err(|_| CryptoFault::Failed("AES-256-GCM"))?;
        let version = derive::<8>(&root, "verifier key version v1")?;
        Ok(Self(Arc::new(Derived {
            sealing: LessSafeKey::new(sealing),
            narrowing: hmac::Key::new(
                hmac::HMAC_SHA256,
                derive::<32>(&root, "sealing with a value of the caller v1")?.as_slice(),
            ),
            placing: hmac::Key::new(
                hmac::HMAC_SHA256,
                derive::<32>(&root, "sealing with a key for each place v1")?.as_slice(),
            ),
            verifying: hmac::Key::new(
                hmac::HMAC_SHA256,
                derive::<32>(&root, "client secret verifier v1")?.as_slice(),
            ),
            marking: hmac::Key::new(hmac::HMAC_SHA256, derive::<32>(&root, "marks v1")?.as_slice()),
            verifier_key_version: hex(version.as_slice()),
        })))
    }

    /// Seals under AES-256-GCM with a random nonce: version, nonce, ciphertext, tag.
    pub fn seal(&self, place: &Seal<'_>, plain: &[u8], entropy: &Entropy) -> Result<Vec<u8>, CryptoFault> {
        seal_under(&self.0.sealing, place, plain, entropy)
    }

    /// Opens what was sealed with the same master key for the same place; anything else is
    /// [`CryptoFault::DoesNotOpen`].
    pub fn open(&self, place: &Seal<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoFault> {
        open_under(&self.0.sealing, place, sealed)
    }

    /// As [`MasterKey::seal`], under a key that takes a value of the caller's to make: neither the master key nor the
    /// value alone opens it.
    pub fn seal_with(
        &self,
        value: &SecretText,
        place: &Seal<'_>,
        plain: &[u8],
        entropy: &Entropy,
    ) -> Result<Vec<u8>, CryptoFault> {
        seal_under(&self.narrowed(value)?, place, plain, entropy)
    }

    /// Opens what [`MasterKey::seal_with`] sealed.
    pub fn open_with(
        &self,
        value: &SecretText,
        place: &Seal<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoFault> {
        open_under(&self.narrowed(value)?, place, sealed)
    }

    /// As [`MasterKey::seal`], under a key of the place's own: for what is sealed again and again, so that no key meets
    /// so many random nonces that two of them are equal.
    pub fn seal_at_place(
        &self,
        place: &Seal<'_>,
        plain: &[u8],
        entropy: &Entropy,
    ) -> Result<Vec<u8>, CryptoFault> {
        seal_under(&made_key(&self.0.placing, &place.associated_data())?, place, plain, entropy)
    }

    /// Opens what [`MasterKey::seal_at_place`] sealed.
    pub fn open_at_place(&self, place: &Seal<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoFault> {
        open_under(&made_key(&self.0.placing, &place.associated_data())?, place, sealed)
    }

    fn narrowed(&self, value: &SecretText) -> Result<LessSafeKey, CryptoFault> {
        made_key(&self.0.narrowing, value.expose().as_bytes())
    }

    /// The fast one-way image of a client secret's random part: HMAC-SHA-256 under a derived key.
    pub fn verifier(&self, random: &SecretText) -> [u8; 32] {
        let tag = hmac::sign(&self.0.verifying, random.expose().as_bytes());
        let mut verifier = [0; 32];
        verifier.copy_from_slice(tag.as_ref());
        verifier
    }

    /// Whether the verifier is of this random part, in a time that does not depend on either.
    pub fn verifier_fits(&self, random: &SecretText, verifier: &[u8; 32]) -> bool {
        constant_time::verify_slices_are_equal(&self.verifier(random), verifier).is_ok()
    }

    /// A short mark that takes the master key to make: HMAC-SHA-256 under a derived key, cut to eight bytes. For what is
    /// handed out to come back as it was, where a guess takes a request and gains nothing that could not be asked for.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; 8] {
        let tag = hmac::sign(&self.0.marking, &digest(parts));
        let mut mark = [0; 8];
        mark.copy_from_slice(&tag.as_ref()[..8]);
        mark
    }

    /// Whether this is the mark of these parts, in a time that does not depend on either.
    pub fn mark_fits(&self, parts: &[&[u8]], mark: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.mark(parts), mark).is_ok()
    }

    /// Which key makes the verifiers: 16 hexadecimal digits that say nothing else about it.
    pub fn verifier_key_version(&self) -> &str {
        &self.0.verifier_key_version
    }
}

/// A sealing key out of a key that makes keys.
fn made_key(maker: &hmac::Key, of: &[u8]) -> Result<LessSafeKey, CryptoFault> {
    let key = hmac::sign(maker, of);
    let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| CryptoFault::Failed("AES-256-GCM"))?;
    Ok(LessSafeKey::new(key))
}

fn seal_under(
    key: &LessSafeKey,
    place: &Seal<'_>,
    plain: &[u8],
    entropy: &Entropy,
) -> Result<Vec<u8>, CryptoFault> {
    let nonce = entropy.bytes::<NONCE_LEN>();
    let mut body = Zeroizing::new(plain.to_vec());
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.associated_data()),
            &mut body,
        )
        .map_err(|_| CryptoFault::Failed("AES-256-GCM"))?;
    Ok([&[SEAL_VERSION], nonce.as_slice(), body.as_slice(), tag.as_ref()].concat())
}

fn open_under(key: &LessSafeKey, place: &Seal<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoFault> {
    let fault = || CryptoFault::DoesNotOpen(place.to_string());
    let body = sealed.strip_prefix(&[SEAL_VERSION]).ok_or_else(fault)?;
    let (nonce, body) = body.split_at_checked(NONCE_LEN).ok_or_else(fault)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fault())?;
    let mut body = Zeroizing::new(body.to_vec());
    let length =
        key.open_in_place(nonce, Aad::from(place.associated_data()), &mut body).map_err(|_| fault())?.len();
    body.truncate(length);
    Ok(body)
}

/// The SHA-256 digest of these parts, each with its length before it, so that no two lists have the same bytes.
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

fn derive<const N: usize>(root: &hkdf::Prk, purpose: &str) -> Result<Zeroizing<[u8; N]>, CryptoFault> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = Zeroizing::new([0; N]);
    root.expand(&[purpose.as_bytes()], Length(N))
        .and_then(|okm| okm.fill(key.as_mut_slice()))
        .map_err(|_| CryptoFault::Failed("HKDF"))?;
    Ok(key)
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn master(seed: u64) -> MasterKey {
        MasterKey::from_text(&MasterKey::generate(&Entropy::seeded(seed))).unwrap()
    }

    const PLACE: Seal<'static> = Seal { table: "signing_keys", id: "one", purpose: "private key" };

    proptest! {
        #[test]
        fn what_is_sealed_opens_at_its_own_place(plain: Vec<u8>, id in ".{0,40}") {
            let place = Seal { id: &id, ..PLACE };
            let sealed = master(1).seal(&place, &plain, &Entropy::system()).unwrap();
            let opened = master(1).open(&place, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn an_altered_byte_does_not_open(plain: Vec<u8>, place: prop::sample::Index, flip in 1_u8..) {
            let mut sealed = master(1).seal(&PLACE, &plain, &Entropy::system()).unwrap();
            let place = place.index(sealed.len());
            sealed[place] ^= flip;
            prop_assert!(master(1).open(&PLACE, &sealed).is_err());
        }

        #[test]
        fn what_is_too_short_does_not_open(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert!(master(1).open(&PLACE, &bytes).is_err());
        }
    }

    #[test]
    fn another_place_or_another_master_key_does_not_open() {
        let sealed = master(1).seal(&PLACE, b"private", &Entropy::system()).unwrap();
        assert!(master(2).open(&PLACE, &sealed).is_err());
        for other in [
            Seal { table: "signing_key", ..PLACE },
            Seal { id: "two", ..PLACE },
            Seal { purpose: "canary", ..PLACE },
            Seal { table: "signing_keyso", id: "ne", ..PLACE },
        ] {
            assert!(master(1).open(&other, &sealed).is_err(), "{other}");
        }
    }

    #[test]
    fn a_verifier_fits_its_random_part_under_its_own_key() {
        let (mine, other) = (SecretText::new("mine".into()), SecretText::new("mind".into()));
        let verifier = master(1).verifier(&mine);
        assert!(master(1).verifier_fits(&mine, &verifier));
        assert!(!master(1).verifier_fits(&other, &verifier));
        assert!(!master(2).verifier_fits(&mine, &verifier));
        assert_ne!(master(1).verifier_key_version(), master(2).verifier_key_version());
        assert_eq!(master(1).verifier_key_version().len(), 16);
    }

    #[test]
    fn a_master_key_of_another_length_is_refused_without_being_shown() {
        for text in ["", "c2hvcnQ", "!!!", &"A".repeat(44)] {
            let refused = MasterKey::from_text(&SecretText::new(text.to_owned()));
            assert_eq!(refused.err(), Some(CryptoFault::MasterKeyMalformed));
        }
    }

    #[test]
    fn what_is_sealed_with_a_value_opens_with_the_same_value_alone() {
        let entropy = Entropy::seeded(11);
        let master = MasterKey::from_text(&MasterKey::generate(&entropy)).unwrap();
        let place = Seal { table: "idempotency_keys", id: "1", purpose: "answer" };
        let (mine, other) = (SecretText::new("a key of mine".into()), SecretText::new("another key".into()));
        let sealed = master.seal_with(&mine, &place, b"the answer", &entropy).unwrap();
        assert_eq!(master.open_with(&mine, &place, &sealed).unwrap().as_slice(), b"the answer");
        assert!(master.open_with(&other, &place, &sealed).is_err());
        assert!(master.open(&place, &sealed).is_err());
    }

    #[test]
    fn what_is_sealed_under_a_key_of_its_place_opens_at_that_place_alone() {
        let sealed = master(1).seal_at_place(&PLACE, b"a record", &Entropy::seeded(3)).unwrap();
        assert_eq!(master(1).open_at_place(&PLACE, &sealed).unwrap().as_slice(), b"a record");
        assert!(master(2).open_at_place(&PLACE, &sealed).is_err());
        assert!(master(1).open_at_place(&Seal { id: "two", ..PLACE }, &sealed).is_err());
        assert!(master(1).open(&PLACE, &sealed).is_err());
        let other = master(1).seal(&PLACE, b"a record", &Entropy::seeded(3)).unwrap();
        assert!(master(1).open_at_place(&PLACE, &other).is_err());
    }

    #[test]
    fn a_mark_fits_its_parts_under_its_own_key() {
        let mark = master(1).mark(&[b"a list", b"an item"]);
        assert!(master(1).mark_fits(&[b"a list", b"an item"], &mark));
        for parts in [&[b"a list".as_slice(), b"another"], &[b"a lista".as_slice(), b"n item"]] {
            assert!(!master(1).mark_fits(parts, &mark));
        }
        assert!(!master(2).mark_fits(&[b"a list", b"an item"], &mark));
        assert!(!master(1).mark_fits(&[b"a list", b"an item"], &mark[..7]));
    }

    #[test]
    fn a_digest_tells_where_one_part_ends_and_the_next_begins() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
    }
}
