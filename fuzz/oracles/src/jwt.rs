//! Access tokens (RFC 7515, RFC 8725, RFC 9068): none is accepted that was not signed.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use agentidp::crypto::install;
use agentidp::crypto::jwt::{SigningKey, VerifyingKey, private_key_generate, token_kid};
use agentidp::domain::keys::SigningAlgorithm;
use agentidp::domain::refusal::TokenFlaw;
use agentidp::domain::tokens::TokenClaims;
use serde_json::{Value, json};

use crate::{Decision, reference};

const ISSUER: &str = "https://idp.example.com";

/// A key of each algorithm with which nothing of this process was signed but [`Keys::signed`]. They are made anew each time,
/// so that no seed and nothing that a fuzzer remembers is good by itself.
struct Keys {
    verifying: Vec<VerifyingKey>,
    signed: Vec<String>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    install();
    let mut keys = Keys { verifying: Vec::new(), signed: Vec::new() };
    for algorithm in SigningAlgorithm::ALL {
        let private = private_key_generate(algorithm).expect("a key");
        let kid = format!("{algorithm:?}");
        let key = SigningKey::from_pkcs8(&kid, algorithm, &private).expect("a key");
        let jwk = key.public_jwk().expect("a JWK").expect("asymmetric");
        keys.verifying.push(VerifyingKey::from_jwk(&kid, algorithm, &jwk, ISSUER).expect("a key"));
        for claims in [claims("self:read"), claims("agents:read")] {
            keys.signed.push(key.sign(&claims).expect("a token").into_exposed());
        }
    }
    keys
});

fn claims(scope: &str) -> Value {
    let id = "01931e2c-0000-7000-8000-000000000001";
    json!({
        "iss": ISSUER, "sub": id, "client_id": id, "aud": ISSUER, "exp": 1_900_000_000, "iat": 1_800_000_000,
        "jti": id, "scope": scope, "agent_type": "screener", "agent_version": "1.0.0", "owner": "talent-team",
        "deployment_env": "production", "credential_id": id, "rev": 7,
    })
}

/// Writes a token by a small program in the input: pieces of the good ones, of other bytes, and joints.
fn composed(input: &[u8], signed: &[String]) -> String {
    let mut text = String::new();
    let mut rest = input;
    while let [op, argument, tail @ ..] = rest {
        rest = tail;
        let token = &signed[usize::from(argument / 4) % signed.len()];
        let part = token.split('.').nth(usize::from(argument % 4)).unwrap_or(token);
        match op % 8 {
            0 | 1 => text.push_str(part),
            2 | 3 => text.push('.'),
            4 => {
                let length = usize::from(*argument).min(rest.len());
                text.push_str(&reference::base64_encoded(&rest[..length], true));
                rest = &rest[length..];
            }
            5 => text.push(char::from(*argument)),
            6 => {
                for _ in 0..*argument {
                    text.pop();
                }
            }
            _ => {
                let header = [
                    r#"{"typ":"at+jwt","alg":"none","kid":"Es256"}"#,
                    r#"{"typ":"at+jwt","alg":"HS256","kid":"Es256"}"#,
                    r#"{"typ":"JWT","alg":"EdDSA","kid":"EdDsa"}"#,
                    r#"{"typ":"at+jwt","alg":"EdDSA","kid":"EdDsa","crit":["exp"]}"#,
                ];
                let header = header[usize::from(argument % 4)];
                text.push_str(&reference::base64_encoded(header.as_bytes(), true));
            }
        }
    }
    text
}

/// Shows a token to each key, as the server does to the one that the header names.
fn shown(token: &str) -> Decision {
    let keys = &*KEYS;
    let good: BTreeSet<_> = keys.signed.iter().map(String::as_str).collect();
    let named = token_kid(token);
    let mut accepted = false;
    for key in &keys.verifying {
        let verified = key.verify::<TokenClaims>(token);
        let names_it = named.as_deref() == Ok(key.kid());
        if verified.is_ok() && names_it {
            assert!(good.contains(token), "it was never signed: {token}");
            accepted = true;
        }
        if let (Err(flaw), true) = (&verified, good.contains(token) && names_it) {
            panic!("it was signed by {}: {flaw:?}", key.kid());
        }
        // Without the header's leave, too, whatever a key takes has the signature of that key.
        if verified.is_ok() {
            let message = token.rsplit_once('.').map(|(message, _)| message);
            assert!(
                good.iter().any(|one| one.rsplit_once('.').map(|(message, _)| message) == message),
                "{token}"
            );
        }
    }
    if token.split('.').count() != 3 {
        assert!(named.is_err() && !accepted, "{token}");
    }
    // `at+jwt` and no other type, in the words of RFC 9068 §4.
    if named.is_ok() {
        let header = token.split('.').next().unwrap_or_default();
        let header = reference::base64(header.as_bytes(), true, false).expect("a header is base64url");
        let header: Value = serde_json::from_slice(&header).expect("a header is JSON");
        let typ = header["typ"].as_str().unwrap_or_default().to_lowercase();
        assert!(typ == "at+jwt" || typ == "application/at+jwt", "{header}");
        assert!(header.get("crit").is_none_or(Value::is_null), "{header}");
    }
    Decision::of(accepted)
}

/// Reads the input as a token, and as a program that writes one.
pub fn judge(input: &[u8]) -> Decision {
    let as_it_is = match std::str::from_utf8(input) {
        Ok(token) => shown(token),
        Err(_) => Decision::Elsewhere,
    };
    assert_ne!(as_it_is, Decision::Accepted, "the keys are new, so nobody has signed it");
    let written = composed(input, &KEYS.signed);
    assert_eq!(shown(&written) == Decision::Accepted, KEYS.signed.contains(&written));
    // A type other than that of the door's claims is refused as well, and does not panic.
    let _: Result<Value, TokenFlaw> = KEYS.verifying[0].verify(&written);
    if KEYS.signed.contains(&written) { Decision::Accepted } else { as_it_is }
}
