//! Client authentication at the token class of endpoints (RFC 6749 §2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::door::Refusal;
use crate::params::{Texts, decoded};
use crate::types::Secret;

/// What a request presented to authenticate its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: both parts form-decoded.
    Basic {
        /// The client's identifier.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
    },
    /// `client_secret_post`.
    Post {
        /// The client's identifier.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
    },
    /// An `Authorization` header that is not Basic, or not well-formed.
    Malformed,
    /// None at all, or an identifier without a secret.
    Missing,
}

/// Finds the client's authentication in the header or in the form.
///
/// # Errors
/// [`Refusal::SeveralClientAuthentications`] if there is more than one, or if the form names another client than the
/// header does.
pub fn presented(headers: &HeaderMap, form: &Texts<'_>) -> Result<ClientAuthentication, Refusal> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (in_form, secret_in_form) = (form.text("client_id"), form.text("client_secret"));
    let Some(field) = fields.next() else {
        return Ok(match (in_form, secret_in_form) {
            (Some(client_id), Some(secret)) => ClientAuthentication::Post {
                client_id: client_id.to_owned(),
                client_secret: Secret::new(secret),
            },
            _ => ClientAuthentication::Missing,
        });
    };
    if fields.next().is_some() || secret_in_form.is_some() {
        return Err(Refusal::SeveralClientAuthentications);
    }
    let Some((client_id, client_secret)) = field.to_str().ok().and_then(basic) else {
        return Ok(ClientAuthentication::Malformed);
    };
    if in_form.is_some_and(|named| named != client_id) {
        return Err(Refusal::SeveralClientAuthentications);
    }
    Ok(ClientAuthentication::Basic { client_id, client_secret })
}

/// The two parts of a Basic credential (RFC 7617 §2), each form-decoded (RFC 6749 §2.3.1).
fn basic(field: &str) -> Option<(String, Secret)> {
    let (scheme, token) = field.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = STANDARD.decode(token.trim_start_matches(' ')).ok()?;
    let middle = bytes.iter().position(|byte| *byte == b':')?;
    let client_id = decoded(&bytes[..middle])?.into_owned();
    let secret = Secret::new(decoded(&bytes[middle + 1..])?.into_owned());
    Some((client_id, secret))
}
