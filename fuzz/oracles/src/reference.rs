//! Slow readings of the encodings, from their RFCs, one bit or one character at a time.

/// The bytes of base64 (RFC 4648 §4) or base64url (§5). Padding is there as the RFC asks, or must not be there at all; bits
/// that carry nothing must be zero (§3.5).
pub fn base64(text: &[u8], url: bool, padded: bool) -> Option<Vec<u8>> {
    let alphabet: &[u8; 64] = if url {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    } else {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    };
    let mut digits = text;
    if padded {
        if !text.len().is_multiple_of(4) {
            return None;
        }
        for _ in 0..2 {
            digits = digits.strip_suffix(b"=").unwrap_or(digits);
        }
    }
    let mut bits = Vec::new();
    for digit in digits {
        let value = alphabet.iter().position(|known| known == digit)?;
        bits.extend((0..6).rev().map(|place| value >> place & 1 == 1));
    }
    let left = bits.len() % 8;
    if left >= 6 || bits[bits.len() - left..].iter().any(|bit| *bit) {
        return None;
    }
    let bytes = bits.chunks_exact(8);
    Some(bytes.map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit))).collect())
}

/// One name or value of `application/x-www-form-urlencoded`, if each `%` has its two digits and the bytes are UTF-8.
pub fn form_decoded(text: &[u8]) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (mut bytes, mut rest) = (Vec::new(), text.iter().copied());
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => u8::try_from(digit(rest.next()?)? << 4 | digit(rest.next()?)?).ok()?,
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A text as a form writes it.
pub fn form_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Base64 (RFC 4648 §4), padded.
pub fn base64_encoded(bytes: &[u8], url: bool) -> String {
    let alphabet: &[u8; 64] = if url {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    } else {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    };
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().chain([0, 0].iter()).take(3).fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        for place in 0..=group.len() {
            text.push(char::from(alphabet[bits >> (18 - 6 * place) & 63]));
        }
        if !url {
            text.push_str(&"="[..1].repeat(3 - group.len()));
        }
    }
    text
}
