//! issueCredential, listCredentials, getCredential, rotateCredential, revokeCredential.

use serde_json::json;

use super::{Scenario, moves};
use crate::actor::{Place, Request, eventually};
use crate::deployment::credentials_of;
use crate::operations::path_of;

const ISSUE: &[&str] = &["agents:write", "credentials:write"];
const ISSUE_AND_READ: &[&str] = &["agents:read", "agents:write", "credentials:write"];

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "a credential is issued beside another, and both work",
            &[("issueCredential", 201), ("issueToken", 200)],
            ISSUE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let new = json!({ "label": "blue deployment", "expiresAt": site.in_seconds(3600) });
                let issued =
                    site.seeing_all("credentials:write").posts(&credentials_of(&agent), &new).is(201);
                let issued = issued.says("/label", "blue deployment").says("/agentId", agent.id());
                eventually(200, || issued.holder().asks_for_a_token(&[]));
                agent.asks_for_a_token(&[]).is(200);
            },
        ),
        Scenario::new("a credential with faults is refused", &[("issueCredential", 400)], ISSUE, |site| {
            let agent = site.agent(&[]);
            for bad in [
                json!({ "label": "" }),
                json!({ "expiresAt": "soon" }),
                json!({ "expiresAt": "2001-01-01T00:00:00Z" }),
                json!({ "clientSecret": "of my own" }),
            ] {
                site.seeing_all("credentials:write").posts(&credentials_of(&agent), &bad).is(400);
            }
        }),
        Scenario::new("a revoked agent gets no credentials", &[("issueCredential", 409)], ISSUE, |site| {
            let agent = site.agent(&[]);
            moves(&site.seeing_all("agents:write"), &agent, "revoked").is(200);
            site.seeing_all("credentials:write").posts(&credentials_of(&agent), &json!({})).is(409);
        }),
        Scenario::new(
            "credentials are listed and read, and none shows a secret",
            &[("listCredentials", 200), ("getCredential", 200), ("issueCredential", 201)],
            ISSUE_AND_READ,
            |site| {
                let agent = site.agent(&[]);
                let reader = site.seeing_all("agents:read");
                let issued =
                    site.seeing_all("credentials:write").posts(&credentials_of(&agent), &json!({})).is(201);
                let id = issued.text_at("/id");
                let page = reader
                    .gets(&format!("{}?limit=1", credentials_of(&agent)))
                    .is(200)
                    .says("/items/0/id", id.clone());
                let cursor = page.text_at("/nextCursor");
                let next =
                    reader.gets(&format!("{}?limit=1&cursor={cursor}", credentials_of(&agent))).is(200);
                let read = reader
                    .gets(&format!("{}/{id}", credentials_of(&agent)))
                    .is(200)
                    .says("/status", "active");
                for answer in [page, next, read] {
                    let shown = answer.text().contains("ecret");
                    answer.shows(!shown, "no secret should be shown after the issue");
                }
            },
        ),
        Scenario::new(
            "an agent reads its own credentials",
            &[("listCredentials", 200), ("getCredential", 200)],
            &["agents:write"],
            |site| {
                let agent = site.agent(&[]);
                let itself = agent.holding("self:read");
                let id = itself.gets(&credentials_of(&agent)).is(200).text_at("/items/0/id");
                itself.gets(&format!("{}/{id}", credentials_of(&agent))).is(200).says("/agentId", agent.id());
            },
        ),
        Scenario::new(
            "a list of credentials with parameters that are none is refused",
            &[("listCredentials", 400)],
            &["agents:read", "agents:write"],
            |site| {
                let list = credentials_of(&site.agent(&[]));
                for query in ["limit=0", "limit=many", "cursor=%20"] {
                    site.seeing_all("agents:read").gets(&format!("{list}?{query}")).is(400);
                }
            },
        ),
        Scenario::new(
            "a credential is rotated, and for the time of grace both secrets work",
            &[("rotateCredential", 201), ("rotateCredential", 409)],
            ISSUE_AND_READ,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let old = site.credential_of(&agent);
                let path = format!("{}/{old}/rotate", credentials_of(&agent));
                let issuer = site.seeing_all("credentials:write");
                let new = issuer.posts(&path, &json!({ "gracePeriodSeconds": 3600 })).is(201);
                let new = new.says("/rotatedFrom", old);
                eventually(200, || new.holder().asks_for_a_token(&[]));
                agent.asks_for_a_token(&[]).is(200);
                issuer.posts(&path, &json!({})).is(409).says("/code", "CREDENTIAL_CONFLICT");
            },
        ),
        Scenario::new(
            "an agent rotates its own credential, and without grace the old secret ends at once",
            &[("rotateCredential", 201), ("issueToken", 401)],
            &["agents:write"],
            |site| {
                let agent = site.agent(&["resume:read"]);
                let itself = agent.holding("self:read self:rotate");
                let id = itself.gets(&credentials_of(&agent)).is(200).text_at("/items/0/id");
                let new =
                    itself.posts(&format!("{}/{id}/rotate", credentials_of(&agent)), &json!({})).is(201);
                eventually(401, || agent.asks_for_a_token(&[])).says("/error", "invalid_client");
                eventually(200, || new.holder().asks_for_a_token(&[]));
            },
        ),
        Scenario::new(
            "a rotation that is sent again with its key rotates once",
            &[("rotateCredential", 201)],
            ISSUE_AND_READ,
            |site| {
                let agent = site.agent(&[]);
                let path = format!("{}/{}/rotate", credentials_of(&agent), site.credential_of(&agent));
                let key = format!("contract-tests-{}-rotation", site.run);
                let rotates = || {
                    let request =
                        Request::new("POST", &path).header("idempotency-key", &key).json(&json!({}));
                    site.seeing_all("credentials:write").sends(request).is(201)
                };
                let first = rotates().json();
                let again = rotates();
                let same = again.json() == first;
                again.shows(same, "the second answer should be the first one");
            },
        ),
        Scenario::new(
            "a rotation with faults is refused",
            &[("rotateCredential", 400)],
            ISSUE_AND_READ,
            |site| {
                let agent = site.agent(&[]);
                let path = format!("{}/{}/rotate", credentials_of(&agent), site.credential_of(&agent));
                for bad in
                    [json!({ "gracePeriodSeconds": -1 }), json!({ "gracePeriodSeconds": 604_801 }), json!([])]
                {
                    site.seeing_all("credentials:write").posts(&path, &bad).is(400);
                }
            },
        ),
        Scenario::new(
            "a revoked credential works no more, and the others do",
            &[("revokeCredential", 204), ("issueToken", 401)],
            ISSUE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let issuer = site.seeing_all("credentials:write");
                let issued = issuer.posts(&credentials_of(&agent), &json!({})).is(201);
                let path = format!("{}/{}", credentials_of(&agent), issued.text_at("/id"));
                issuer.deletes(&path).is(204);
                issuer.deletes(&path).is(204);
                eventually(401, || issued.holder().asks_for_a_token(&[]));
                agent.asks_for_a_token(&[]).is(200);
            },
        ),
        Scenario::new(
            "a credential under another agent's path is not there",
            &[("getCredential", 404), ("rotateCredential", 404)],
            ISSUE_AND_READ,
            |site| {
                let (agent, other) = (site.agent(&[]), site.agent(&[]));
                let path = format!("{}/{}", credentials_of(&agent), site.credential_of(&other));
                site.seeing_all("agents:read").gets(&path).is(404).says("/code", "CREDENTIAL_NOT_FOUND");
                site.seeing_all("credentials:write").posts(&format!("{path}/rotate"), &json!({})).is(404);
                other.holding("self:read").gets(&path_of(&other)).is(200);
            },
        ),
    ]
}
