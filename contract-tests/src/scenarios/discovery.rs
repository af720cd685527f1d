//! getServerMetadata, getOpenidConfiguration, getJwks.

use super::Scenario;
use crate::actor::Place;
use crate::deployment::Deployment;

const METADATA: &str = "/.well-known/oauth-authorization-server";
const KEYS: &str = "/.well-known/jwks.json";

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "anyone reads the server's metadata, which offer what there is",
            &[("getServerMetadata", 200)],
            &[],
            |site| {
                let metadata = site.anyone().gets(METADATA).is(200);
                let issuer = metadata.text_at("/issuer");
                let metadata = metadata.says("/token_endpoint", format!("{issuer}/oauth2/token"));
                let metadata = metadata.says("/grant_types_supported/0", "client_credentials");
                let unsigned = metadata.text().contains("\"none\"") && {
                    let algorithms = &metadata.json()["id_token_signing_alg_values_supported"];
                    algorithms.as_array().is_some_and(|all| all.iter().any(|one| one == "none"))
                };
                metadata.shows(!unsigned, "the algorithm none should never be offered");
            },
        ),
        Scenario::new(
            "OpenID Connect clients find the same metadata at their own place",
            &[("getOpenidConfiguration", 200)],
            &[],
            |site| {
                let expected = site.anyone().gets(METADATA).is(200).json();
                let found = site.anyone().gets("/.well-known/openid-configuration").is(200);
                let same = found.json() == expected;
                found.shows(same, "both documents should say the same");
            },
        ),
        Scenario::new(
            "the key that signs tokens is among the published keys",
            &[("getJwks", 200), ("issueToken", 200)],
            &[],
            |site| {
                let token = site.operator().asks_for_a_token(&[("scope", "self:read")]).is(200);
                let (header, _) = token.token_parts();
                let keys = site.anyone().gets(KEYS).is(200);
                let listed = keys.json()["keys"].as_array().cloned().unwrap_or_default();
                let there =
                    listed.iter().any(|key| key["kid"] == header["kid"] && key["alg"] == header["alg"]);
                let private = listed.iter().any(|key| key.get("d").is_some() || key.get("k").is_some());
                keys.shows(there, &format!("the keys should have the one that signed a token: {header}"))
                    .shows(!private, "no private key should be published");
            },
        )
        .unless(|site| {
            publishes_no_keys(site).then_some("the deployment signs with a shared secret (HS256)")
        }),
        Scenario::new(
            "a server that signs with a shared secret publishes no keys",
            &[("getJwks", 404)],
            &[],
            |site| {
                site.anyone().gets(KEYS).is(404);
            },
        )
        .unless(|site| {
            (!publishes_no_keys(site))
                .then_some("only a server that signs with a shared secret (HS256) answers this")
        }),
    ]
}

/// Whether the metadata name no place for keys, as is so with a shared secret.
fn publishes_no_keys(site: &Deployment) -> bool {
    site.anyone().gets(METADATA).json().get("jwks_uri").is_none()
}
