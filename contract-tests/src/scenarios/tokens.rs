//! issueToken, introspectToken, revokeToken.

use serde_json::{Value, json};

use super::{Answered, Caller, Scenario};
use crate::actor::{Place, sooner_or_later};
use crate::deployment::Deployment;

const WRITE: &[&str] = &["agents:write"];

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "an agent gets a token for other APIs, with all its ordinary capabilities and none of the server's",
            &[("issueToken", 200)],
            WRITE,
            |site| {
                let agent = site.agent(&["resume:read", "resume:score"]);
                let answer = agent.asks_for_a_token(&[]).is(200);
                let (header, claims) = answer.token_parts();
                let issuer = issuer(site);
                let answer = answer
                    .shows(
                        header["typ"] == "at+jwt",
                        "the token's typ should be at+jwt (RFC 9068 section 2.1)",
                    )
                    .shows(claims["iss"] == issuer, "the token's iss should be the issuer")
                    .shows(
                        claims["sub"] == agent.id() && claims["client_id"] == agent.id(),
                        "sub and client_id should be the agent",
                    )
                    .shows(claims["aud"] != issuer, "a token for other APIs should not be for this server");
                answer.shows(
                    words(&claims) == ["resume:read", "resume:score"],
                    "the scope should be the capabilities",
                );
            },
        ),
        Scenario::new(
            "an agent gets a token for some of its capabilities",
            &[("issueToken", 200)],
            WRITE,
            |site| {
                let agent = site.agent(&["resume:read", "resume:score"]);
                let answer = agent.asks_for_a_token(&[("scope", "resume:read")]).is(200);
                let (_, claims) = answer.token_parts();
                answer.shows(words(&claims) == ["resume:read"], "the scope should be what was asked for");
            },
        ),
        Scenario::new(
            "a token that manages the registry is for this server alone",
            &[("issueToken", 200)],
            &[],
            |site| {
                let answer = site.operator().asks_for_a_token(&[("scope", "self:read")]).is(200);
                let (_, claims) = answer.token_parts();
                answer.shows(claims["aud"] == issuer(site), "its aud should be the issuer");
            },
        ),
        Scenario::new("an agent authenticates in the form", &[("issueToken", 200)], WRITE, |site| {
            let agent = site.agent(&["resume:read"]);
            let shown = agent.credentials().clone();
            let pairs =
                [("client_id", shown.client_id.as_str()), ("client_secret", shown.client_secret.as_str())];
            site.anyone().asks_for_a_token(&pairs).is(200);
        }),
        Scenario::new(
            "a token request with faults is refused, by the name that OAuth has for each",
            &[("issueToken", 400)],
            WRITE,
            |site| {
                let agent = site.agent(&["resume:read", "resume:score"]);
                let shown = agent.credentials().clone();
                let grant = ("grant_type", "client_credentials");
                for (error, pairs) in [
                    ("invalid_request", vec![("scope", "resume:read")]),
                    ("unsupported_grant_type", vec![("grant_type", "password")]),
                    ("invalid_scope", vec![grant, ("scope", "resume:delete")]),
                    ("invalid_scope", vec![grant, ("scope", "idp:admin")]),
                    ("invalid_scope", vec![grant, ("scope", "resume:read self:read")]),
                    ("invalid_scope", vec![grant, ("scope", "\"")]),
                    ("invalid_target", vec![grant, ("resource", "https://contract-tests.invalid/")]),
                    ("invalid_target", vec![grant, ("resource", "relative")]),
                    ("invalid_request", vec![grant, ("scope", "resume:read"), ("scope", "resume:read")]),
                    (
                        "invalid_request",
                        vec![grant, ("client_id", &shown.client_id), ("client_secret", &shown.client_secret)],
                    ),
                ] {
                    agent.posts_form("/oauth2/token", &pairs).is(400).says("/error", error);
                }
                let none = site.agent(&[]);
                none.asks_for_a_token(&[]).is(400).says("/error", "invalid_scope");
            },
        ),
        Scenario::new(
            "an agent sees its own token, and what is none is inactive",
            &[("introspectToken", 200)],
            WRITE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let token = agent.holding("resume:read").token().to_owned();
                let seen = agent.asks_about(&token).is(200).says("/active", true);
                seen.says("/sub", agent.id()).says("/scope", "resume:read");
                for nothing in ["nothing", "a.b.c", &format!("{token}x")] {
                    inactive(&agent.asks_about(nothing));
                }
            },
        ),
        Scenario::new("a colleague sees nothing of a token", &[("introspectToken", 200)], WRITE, |site| {
            let (agent, colleague) = (site.agent(&["resume:read"]), site.agent(&["resume:read"]));
            inactive(&colleague.asks_about(agent.holding("resume:read").token()));
        }),
        Scenario::new(
            "whoever has tokens:introspect sees the tokens of its owner",
            &[("introspectToken", 200)],
            &["agents:write", "tokens:introspect"],
            |site| {
                let agent = site.agent(&["resume:read"]);
                let token = agent.holding("resume:read").token().to_owned();
                site.operator().asks_about(&token).is(200).says("/active", true).says("/sub", agent.id());
            },
        ),
        Scenario::new("an introspection names one token", &[("introspectToken", 400)], WRITE, |site| {
            let agent = site.agent(&[]);
            for pairs in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "b")]] {
                agent.posts_form("/oauth2/introspect", &pairs).is(400).says("/error", "invalid_request");
            }
        }),
        Scenario::new(
            "an agent ends its own token, and no other",
            &[("revokeToken", 200), ("introspectToken", 200)],
            WRITE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let [one, other] = [(); 2].map(|()| agent.holding("resume:read").token().to_owned());
                agent.revokes(&one).is(200);
                dead_in_the_end(&agent, &one);
                agent.asks_about(&other).is(200).says("/active", true);
                agent.revokes(&one).is(200);
            },
        ),
        Scenario::new(
            "what is no token is as dead as was asked for",
            &[("revokeToken", 200)],
            WRITE,
            |site| {
                site.agent(&[]).revokes("nothing").is(200);
            },
        ),
        Scenario::new("a revocation names one token", &[("revokeToken", 400)], WRITE, |site| {
            let agent = site.agent(&[]);
            for pairs in [vec![], vec![("token", "a"), ("token", "b")]] {
                agent.posts_form("/oauth2/revoke", &pairs).is(400).says("/error", "invalid_request");
            }
        }),
        Scenario::new(
            "a token is not a colleague's to end",
            &[("revokeToken", 400), ("introspectToken", 200)],
            WRITE,
            |site| {
                let (agent, colleague) = (site.agent(&["resume:read"]), site.agent(&["resume:read"]));
                let token = agent.holding("resume:read").token().to_owned();
                colleague.revokes(&token).is(400).says("/error", "invalid_grant");
                agent.asks_about(&token).is(200).says("/active", true);
            },
        ),
    ]
}

/// The issuer that the deployment names.
fn issuer(site: &Deployment) -> String {
    site.anyone().gets("/.well-known/oauth-authorization-server").is(200).text_at("/issuer")
}

/// The words of a token's scope.
fn words(claims: &Value) -> Vec<&str> {
    let mut words: Vec<&str> = claims["scope"].as_str().unwrap_or_default().split(' ').collect();
    words.sort_unstable();
    words
}

/// Whatever cannot be seen is inactive, and nothing else is said about it.
fn inactive(answer: &Answered<'_>) {
    let exactly = answer.status() == 200 && answer.json() == json!({ "active": false });
    answer.must(exactly, "the answer should be exactly {\"active\":false}");
}

/// The token is dead on every node after a few seconds at the latest.
fn dead_in_the_end(agent: &Caller<'_>, token: &str) {
    inactive(&sooner_or_later(|| agent.asks_about(token).is(200), |answer| answer.json()["active"] == false));
}
