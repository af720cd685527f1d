//! Signing and verifying access tokens (RFC 7515, RFC 7519, RFC 8725, RFC 9068).
//!
//! jsonwebtoken verifies. It would also sign, but parses the private key anew for each token; here each key is parsed
//! once, by the same back end, and its header is encoded once, which nearly halves the time of an ES256 token.

use std::collections::HashSet;
use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{CryptoFault, SecretText};
use crate::domain::keys::SigningAlgorithm;
use crate::domain::refusal::TokenFlaw;

/// The `typ` of an access token (RFC 9068 §2.1).
pub const TOKEN_TYPE: &str = "at+jwt";

/// Names AWS-LC as the one back end of jsonwebtoken, for the whole process. Doing so again changes nothing.
pub fn install() {
    // The refusal that comes back from a second call means that it is installed.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
}

/// A private key, parsed.
enum Parsed {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<rsa::KeyPair>),
    Hs256(Box<hmac::Key>),
}

/// A key that signs, parsed once, with the header of its tokens encoded once.
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    parsed: Parsed,
    header: String,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish()
    }
}

/// Makes a private key (PKCS #8). Its randomness is the back end's own and cannot be injected.
#[expect(clippy::disallowed_methods, reason = "the back end draws by itself")]
pub fn private_key_generate(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, CryptoFault> {
    let failed = |_| CryptoFault::Failed("key generation");
    let random = SystemRandom::new();
    let document = match algorithm {
        SigningAlgorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(failed)?
            .as_ref()
            .to_vec(),
        SigningAlgorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random).map_err(failed)?.as_ref().to_vec(),
        SigningAlgorithm::Rs256 => {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(failed)?;
            AsDer::as_der(&pair).map_err(failed)?.as_ref().to_vec()
        }
    };
    Ok(Zeroizing::new(document))
}

impl SigningKey {
    /// Parses a private key (PKCS #8).
    pub fn from_pkcs8(kid: &str, algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Self, CryptoFault> {
        let unusable =
            |_| CryptoFault::KeyUnusable(kid.to_owned(), "it is not a private key of its algorithm");
        let (algorithm, parsed) = match algorithm {
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                (Algorithm::ES256, Parsed::Es256(pair.map_err(unusable)?))
            }
            SigningAlgorithm::EdDsa => {
                (Algorithm::EdDSA, Parsed::EdDsa(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(unusable)?))
            }
            SigningAlgorithm::Rs256 => {
                let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(unusable)?;
                (Algorithm::RS256, Parsed::Rs256(Box::new(pair)))
            }
        };
        Self::new(kid, algorithm, parsed)
    }

    /// A shared secret (HS256), for development with a single verifier.
    pub fn from_shared_secret(kid: &str, secret: &SecretText) -> Result<Self, CryptoFault> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        Self::new(kid, Algorithm::HS256, Parsed::Hs256(Box::new(key)))
    }

    fn new(kid: &str, algorithm: Algorithm, parsed: Parsed) -> Result<Self, CryptoFault> {
        let header =
            Header { typ: Some(TOKEN_TYPE.to_owned()), kid: Some(kid.to_owned()), ..Header::new(algorithm) };
        let header = serde_json::to_vec(&header).map_err(|_| CryptoFault::Failed("encoding a header"))?;
        Ok(Self { kid: kid.to_owned(), algorithm, parsed, header: URL_SAFE_NO_PAD.encode(header) })
    }

    /// The key's id, which the headers of its tokens name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public part as a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2), or nothing for a shared secret.
    pub fn public_jwk(&self) -> Result<Option<Value>, CryptoFault> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match &self.parsed {
            Parsed::Es256(pair) => {
                // The uncompressed point of SEC 1 §2.3.3: a byte 4, then x and y of 32 bytes each.
                let point = pair.public_key().as_ref();
                let coordinates = point.get(1..).filter(|rest| point[0] == 4 && rest.len() == 64);
                let (x, y) = coordinates.ok_or(CryptoFault::Failed("reading a public point"))?.split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y)})
            }
            Parsed::EdDsa(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())})
            }
            Parsed::Rs256(pair) => {
                let components = aws_lc::DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key;
                let (n, e) = components(pair.public_key().as_ref())
                    .map_err(|_| CryptoFault::Failed("reading a public modulus"))?;
                json!({"kty": "RSA", "n": text(&n), "e": text(&e)})
            }
            Parsed::Hs256(_) => return Ok(None),
        };
        if let Value::Object(members) = &mut jwk {
            members.insert("kid".into(), self.kid.clone().into());
            members.insert("use".into(), "sig".into());
            members.insert("alg".into(), format!("{:?}", self.algorithm).into());
        }
        Ok(Some(jwk))
    }

    /// Signs claims as a compact JWS (RFC 7515 §7.1) with `typ: at+jwt` (RFC 9068 §2.1).
    #[expect(clippy::disallowed_methods, reason = "what a signature draws decides nothing")]
    pub fn sign<T: Serialize>(&self, claims: &T) -> Result<SecretText, CryptoFault> {
        let claims = serde_json::to_vec(claims).map_err(|_| CryptoFault::Failed("encoding claims"))?;
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 360);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let message = token.as_bytes();
        let failed = |_| CryptoFault::Failed("signing");
        let signature = match &self.parsed {
            Parsed::Es256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(failed)?;
                URL_SAFE_NO_PAD.encode(signature.as_ref())
            }
            Parsed::EdDsa(pair) => URL_SAFE_NO_PAD.encode(pair.sign(message).as_ref()),
            Parsed::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(failed)?;
                URL_SAFE_NO_PAD.encode(signature)
            }
            Parsed::Hs256(key) => URL_SAFE_NO_PAD.encode(hmac::sign(key, message).as_ref()),
        };
        token.push('.');
        token.push_str(&signature);
        Ok(SecretText::new(token))
    }
}

/// A key that verifies tokens of one issuer.
pub struct VerifyingKey {
    kid: String,
    key: DecodingKey,
    validation: Validation,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// A published key. The algorithm is the key's and never the token's (RFC 8725 §3.1).
    pub fn from_jwk(
        kid: &str,
        algorithm: SigningAlgorithm,
        jwk: &Value,
        issuer: &str,
    ) -> Result<Self, CryptoFault> {
        let member = |name| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
        let (algorithm, key) = match algorithm {
            SigningAlgorithm::Es256 => {
                (Algorithm::ES256, DecodingKey::from_ec_components(member("x"), member("y")))
            }
            SigningAlgorithm::EdDsa => (Algorithm::EdDSA, DecodingKey::from_ed_components(member("x"))),
            SigningAlgorithm::Rs256 => {
                (Algorithm::RS256, DecodingKey::from_rsa_components(member("n"), member("e")))
            }
        };
        let key =
            key.map_err(|_| CryptoFault::KeyUnusable(kid.to_owned(), "its public JWK cannot be read"))?;
        Ok(Self { kid: kid.to_owned(), key, validation: validation_for(algorithm, issuer) })
    }

    /// A shared secret (HS256).
    pub fn from_shared_secret(kid: &str, secret: &SecretText, issuer: &str) -> Self {
        Self {
            kid: kid.to_owned(),
            key: DecodingKey::from_secret(secret.expose().as_bytes()),
            validation: validation_for(Algorithm::HS256, issuer),
        }
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The claims of a token that this key signed for this issuer. Whom the token is for, and whether its time is over
    /// or it was ended, is the caller's to judge, by a clock of the caller's.
    pub fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, TokenFlaw> {
        let data =
            jsonwebtoken::decode::<T>(token, &self.key, &self.validation).map_err(|error| {
                match error.kind() {
                    ErrorKind::InvalidSignature => TokenFlaw::BadSignature,
                    ErrorKind::InvalidAlgorithm => TokenFlaw::UnknownKey,
                    ErrorKind::InvalidIssuer => TokenFlaw::WrongIssuer,
                    _ => TokenFlaw::Malformed,
                }
            })?;
        Ok(data.claims)
    }
}

fn validation_for(algorithm: Algorithm, issuer: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims =
        ["iss", "sub", "aud", "exp"].map(str::to_owned).into_iter().collect::<HashSet<_>>();
    validation.set_issuer(&[issuer]);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

/// The `kid` that a token's header names, if the header is that of an access token (RFC 9068 §4, RFC 8725 §3.11) and
/// asks for nothing that is not understood here (`crit`, RFC 7515 §4.1.11). Nothing of it is trusted yet.
pub fn token_kid(token: &str) -> Result<String, TokenFlaw> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFlaw::Malformed)?;
    let typ = header.typ.unwrap_or_default();
    // RFC 7515 §4.1.9: the prefix `application/` may be left out, and media types do not depend on case.
    let typ = typ.to_ascii_lowercase();
    if typ.strip_prefix("application/").unwrap_or(&typ) != TOKEN_TYPE {
        return Err(TokenFlaw::WrongType);
    }
    if header.crit.is_some() {
        return Err(TokenFlaw::Malformed);
    }
    header.kid.ok_or(TokenFlaw::UnknownKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://idp.example.com";

    fn claims() -> Value {
        json!({"iss": ISSUER, "sub": "someone", "aud": ISSUER, "exp": 2_000_000_000})
    }

    fn pair(algorithm: SigningAlgorithm, kid: &str) -> (SigningKey, VerifyingKey) {
        let private = private_key_generate(algorithm).unwrap();
        let signing = SigningKey::from_pkcs8(kid, algorithm, &private).unwrap();
        let jwk = signing.public_jwk().unwrap().expect("asymmetric keys have a public part");
        let verifying = VerifyingKey::from_jwk(kid, algorithm, &jwk, ISSUER).unwrap();
        (signing, verifying)
    }

    /// A token with whatever header, signed with HMAC under whatever bytes.
    fn forged(header: &Value, key: &[u8]) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(&claims()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    #[test]
    fn what_each_algorithm_signs_verifies_and_nothing_altered_does() {
        install();
        for algorithm in SigningAlgorithm::ALL {
            let (signing, verifying) = pair(algorithm, "one");
            let token = signing.sign(&claims()).unwrap();
            assert_eq!(token_kid(token.expose()).as_deref(), Ok("one"));
            assert_eq!(verifying.verify::<Value>(token.expose()), Ok(claims()), "{algorithm:?}");
            let (message, _) = token.expose().rsplit_once('.').unwrap();
            let (_, signature) =
                forged(&json!({}), b"x").rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
            assert_eq!(
                verifying.verify::<Value>(&format!("{message}.{signature}")),
                Err(TokenFlaw::BadSignature)
            );
            let (_, other) = pair(algorithm, "one");
            assert_eq!(other.verify::<Value>(token.expose()), Err(TokenFlaw::BadSignature));
        }
    }

    #[test]
    fn the_header_of_a_token_is_that_of_rfc_9068() {
        let (signing, _) = pair(SigningAlgorithm::Es256, "one");
        let token = signing.sign(&claims()).unwrap();
        let header = URL_SAFE_NO_PAD.decode(token.expose().split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(header, json!({"typ": "at+jwt", "alg": "ES256", "kid": "one"}));
    }

    #[test]
    fn a_published_key_has_no_private_member() {
        for (algorithm, members) in [
            (SigningAlgorithm::Es256, ["alg", "crv", "kid", "kty", "use", "x", "y"].as_slice()),
            (SigningAlgorithm::EdDsa, &["alg", "crv", "kid", "kty", "use", "x"]),
            (SigningAlgorithm::Rs256, &["alg", "e", "kid", "kty", "n", "use"]),
        ] {
            let jwk = pair(algorithm, "one").0.public_jwk().unwrap().unwrap();
            let names: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, members);
            assert_eq!(jwk["alg"], algorithm.as_str());
        }
    }

    #[test]
    fn a_token_without_a_signature_is_refused() {
        install();
        let (_, verifying) = pair(SigningAlgorithm::Es256, "one");
        for alg in ["none", "None", "NONE"] {
            let token = forged(&json!({"typ": "at+jwt", "alg": alg, "kid": "one"}), b"x");
            let (message, _) = token.rsplit_once('.').unwrap();
            assert_eq!(token_kid(&format!("{message}.")), Err(TokenFlaw::Malformed));
            assert!(verifying.verify::<Value>(&format!("{message}.")).is_err());
        }
    }

    #[test]
    fn a_public_key_used_as_a_shared_secret_is_refused() {
        install();
        for algorithm in SigningAlgorithm::ALL {
            let (signing, verifying) = pair(algorithm, "one");
            let jwk = signing.public_jwk().unwrap().unwrap();
            let header = json!({"typ": "at+jwt", "alg": "HS256", "kid": "one"});
            for bytes in [
                jwk.to_string().into_bytes(),
                URL_SAFE_NO_PAD.decode(jwk["x"].as_str().or(jwk["n"].as_str()).unwrap()).unwrap(),
            ] {
                assert_eq!(verifying.verify::<Value>(&forged(&header, &bytes)), Err(TokenFlaw::UnknownKey));
            }
        }
    }

    #[test]
    fn another_type_of_token_is_refused_by_its_header() {
        let header = |typ: Value| json!({"typ": typ, "alg": "ES256", "kid": "one"});
        for typ in [json!("JWT"), json!("at+jwtx"), json!(""), Value::Null] {
            assert_eq!(token_kid(&forged(&header(typ), b"x")), Err(TokenFlaw::WrongType));
        }
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
            assert_eq!(token_kid(&forged(&header(json!(typ)), b"x")).as_deref(), Ok("one"));
        }
        let critical = json!({"typ": "at+jwt", "alg": "ES256", "kid": "one", "crit": ["exp"]});
        assert_eq!(token_kid(&forged(&critical, b"x")), Err(TokenFlaw::Malformed));
        let nameless = json!({"typ": "at+jwt", "alg": "ES256"});
        assert_eq!(token_kid(&forged(&nameless, b"x")), Err(TokenFlaw::UnknownKey));
    }

    #[test]
    fn another_issuers_token_and_one_without_claims_are_refused() {
        install();
        let (signing, verifying) = pair(SigningAlgorithm::EdDsa, "one");
        let sign = |claims: Value| signing.sign(&claims).unwrap();
        let mut foreign = claims();
        foreign["iss"] = json!("https://other.example.com");
        assert_eq!(verifying.verify::<Value>(sign(foreign).expose()), Err(TokenFlaw::WrongIssuer));
        for name in ["iss", "sub", "aud", "exp"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(name);
            assert_eq!(
                verifying.verify::<Value>(sign(without).expose()),
                Err(TokenFlaw::Malformed),
                "{name}"
            );
        }
        for text in ["", "a.b", "a.b.c", "a.b.c.d", "....", "\u{0}.\u{0}.\u{0}"] {
            assert_eq!(token_kid(text), Err(TokenFlaw::Malformed), "{text:?}");
        }
    }

    #[test]
    fn a_shared_secret_signs_and_has_nothing_to_publish() {
        install();
        let secret = SecretText::new("a shared secret of some length, for one verifier".into());
        let signing = SigningKey::from_shared_secret("shared", &secret).unwrap();
        let verifying = VerifyingKey::from_shared_secret("shared", &secret, ISSUER);
        assert_eq!(signing.public_jwk(), Ok(None));
        let token = signing.sign(&claims()).unwrap();
        assert_eq!(verifying.verify::<Value>(token.expose()), Ok(claims()));
    }

    #[test]
    fn a_key_that_is_not_of_its_algorithm_is_refused() {
        let private = private_key_generate(SigningAlgorithm::EdDsa).unwrap();
        assert!(SigningKey::from_pkcs8("one", SigningAlgorithm::Es256, &private).is_err());
        assert!(SigningKey::from_pkcs8("one", SigningAlgorithm::Rs256, b"nonsense").is_err());
    }
}
