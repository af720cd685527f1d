//! Client secrets: `sas_<32 hex digits>_<43 base62>_<6 base62>`.

use agentidp::crypto::ClientSecret;
use sha2::{Digest, Sha256};

use crate::Decision;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The first eight bytes of the SHA-256 of everything before the last underscore, as six digits of base62, the lowest
/// first.
fn checksum(body: &str) -> String {
    let hash = Sha256::digest(body);
    let mut number = u64::from_be_bytes(hash[..8].try_into().expect("eight bytes"));
    let mut text = String::new();
    for _ in 0..6 {
        text.push(char::from(DIGITS[usize::try_from(number % 62).expect("a digit")]));
        number /= 62;
    }
    text
}

/// The rule, read slowly.
fn is_secret(text: &str) -> bool {
    let parts: Vec<_> = text.split('_').collect();
    let [prefix, id, random, sum] = parts.as_slice() else { return false };
    let is = |part: &str, length: usize, allowed: &dyn Fn(char) -> bool| {
        part.chars().count() == length && part.chars().all(allowed)
    };
    *prefix == "sas"
        && is(id, 32, &|c| "0123456789abcdef".contains(c))
        && is(random, 43, &|c| c.is_ascii_alphanumeric())
        && checksum(&format!("sas_{id}_{random}")) == *sum
}

/// Reads the input as a secret; and makes a good one of it, which must be read, and changes that in one place, after which
/// it must not.
pub fn judge(input: &[u8]) -> Decision {
    if input.len() >= 61 {
        let id: String = input[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let random: String =
            input[16..59].iter().map(|byte| char::from(DIGITS[usize::from(byte % 62)])).collect();
        let body = format!("sas_{id}_{random}");
        let good = format!("{body}_{}", checksum(&body));
        let read = ClientSecret::parse(&good).expect("a good secret is read");
        assert_eq!(read.credential_id().simple().to_string(), id);
        assert_eq!(read.random().expose(), random);
        assert_eq!(read.to_text().expose(), good);
        let mut changed = good.clone().into_bytes();
        let place = usize::from(input[59]) % changed.len();
        changed[place] = input[60];
        if let Ok(changed) = String::from_utf8(changed) {
            assert_eq!(ClientSecret::parse(&changed).is_some(), changed == good, "{changed:?} of {good:?}");
        }
    }
    let Ok(text) = std::str::from_utf8(input) else { return Decision::Elsewhere };
    let read = ClientSecret::parse(text);
    assert_eq!(read.is_some(), is_secret(text), "{text:?}");
    if let Some(read) = &read {
        assert_eq!(read.to_text().expose(), text);
    }
    Decision::of(read.is_some())
}
