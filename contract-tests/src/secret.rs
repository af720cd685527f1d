//! Client secrets as their form says: `sas_<credential id>_<43 characters>_<checksum>`. Written here once more, so that a
//! fault of the server's own reading cannot hide.

use aws_lc_rs::digest;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A well-formed secret of a credential that was never issued; different for each `seed`. `credential_id` is a UUID.
pub fn forged(credential_id: &str, seed: u64) -> String {
    let hash = digest::digest(&digest::SHA512, &seed.to_be_bytes());
    let random: String =
        hash.as_ref().iter().take(43).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])).collect();
    let body = format!("sas_{}_{random}", credential_id.replace('-', ""));
    let checksum = checksum_of(&body);
    format!("{body}_{checksum}")
}

/// The id of the credential that a secret names.
///
/// # Panics
/// When it names none.
pub fn credential_id(secret: &str) -> String {
    let id = secret.split('_').nth(1).filter(|id| id.len() == 32 && id.is_ascii()).expect("a client secret");
    [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
}

/// The first 35 bits or so of the SHA-256 of everything before it, the lowest digit first.
fn checksum_of(body: &str) -> String {
    let hash = digest::digest(&digest::SHA256, body.as_bytes());
    let mut number = hash.as_ref().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut checksum = String::new();
    for _ in 0..6 {
        checksum.push(char::from(ALPHABET[usize::try_from(number % 62).unwrap_or_default()]));
        number /= 62;
    }
    checksum
}
