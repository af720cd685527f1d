//! Client secrets as their form says: `sas_<credential id>_<43 characters>_<checksum>`. Written here once more, so that a
//! fault of the server's own reading cannot hide. And what secrets and tokens look like in a text that should have none.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use regex::Regex;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A well-formed secret of a credential that was never issued; different for each `seed`. `credential_id` is a UUID.
pub fn forged(credential_id: &str, seed: u64) -> String {
    let hash = digest::digest(&digest::SHA512, &seed.to_be_bytes());
    let random: String =
        hash.as_ref().iter().take(43).map(|byte| char::from(ALPHABET[usize::from(byte % 62)])).collect();
    made_of(credential_id, &random)
}

/// The secret of a credential with this random part, and the checksum that belongs to them.
pub fn made_of(credential_id: &str, random: &str) -> String {
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

/// The secrets and the tokens in a text, each whole.
pub fn in_text(text: &str) -> Vec<String> {
    static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"sas_[0-9A-Za-z]+_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}|eyJ[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+",
        )
    });
    WHOLE.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// A text with `[secret]` and `[token]` for whatever begins like one, however it goes on and also as a form writes it.
pub fn without(text: &str) -> String {
    static SECRET: LazyLock<Regex> = LazyLock::new(|| regex(r"sas(?:_|%5[Ff])[0-9A-Za-z][0-9A-Za-z_%]+"));
    static TOKEN: LazyLock<Regex> =
        LazyLock::new(|| regex(r"eyJ[0-9A-Za-z_%-]+(?:\.|%2[Ee])[0-9A-Za-z_%-]*(?:\.[0-9A-Za-z_%-]*)?"));
    let text = SECRET.replace_all(text, "[secret]");
    TOKEN.replace_all(&text, "[token]").into_owned()
}

/// The part of a secret or a token that proves something: the random part of a secret, the signature of a token.
pub fn telling_part(secret: &str) -> &str {
    secret.rsplit(['.', '_']).find(|part| part.len() >= 32).unwrap_or(secret)
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one")
}
