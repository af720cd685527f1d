//! Client authentication in the header (RFC 6749 §2.3.1, RFC 7617 §2).

use generated::check::Found;
use generated::client::{ClientAuthentication, presented};
use generated::params::Texts;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::{Decision, reference};

/// What is presented by this header and nothing in the form.
fn read(field: HeaderValue) -> ClientAuthentication {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, field);
    let form = Texts::form(b"", &[], &mut Found::default());
    presented(&headers, &form).expect("there is one, and only one")
}

/// The rule, read slowly.
fn basic(field: &[u8]) -> Option<(String, String)> {
    if field.iter().any(|byte| !matches!(byte, b'\t' | b' '..=b'~')) {
        return None;
    }
    let space = field.iter().position(|byte| *byte == b' ')?;
    if !field[..space].eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let mut token = &field[space..];
    while let Some(rest) = token.strip_prefix(b" ") {
        token = rest;
    }
    let pair = reference::base64(token, false, true)?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some((reference::form_decoded(&pair[..colon])?, reference::form_decoded(&pair[colon + 1..])?))
}

/// Reads the input as a header; and writes it as a client's id and secret, which must be read as they were.
pub fn judge(input: &[u8]) -> Decision {
    if let Some((id, secret)) = std::str::from_utf8(input).ok().and_then(|text| text.split_once('\n')) {
        let pair = format!("{}:{}", reference::form_encoded(id), reference::form_encoded(secret));
        let field = format!("Basic {}", reference::base64_encoded(pair.as_bytes(), false));
        let expected = ClientAuthentication::Basic {
            client_id: id.to_owned(),
            client_secret: generated::types::Secret::new(secret),
        };
        assert_eq!(read(HeaderValue::from_str(&field).expect("a header")), expected);
    }
    let Ok(field) = HeaderValue::from_bytes(input) else { return Decision::Elsewhere };
    let (said, rule) = (read(field), basic(input));
    match (&said, &rule) {
        (ClientAuthentication::Basic { client_id, client_secret }, Some((id, secret))) => {
            assert_eq!((client_id, client_secret.expose()), (id, secret.as_str()));
        }
        (ClientAuthentication::Malformed, None) => {}
        _ => panic!("{said:?}, but the rule says {rule:?}"),
    }
    Decision::of(rule.is_some())
}
