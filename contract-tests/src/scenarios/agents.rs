//! registerAgent, listAgents, getAgent, updateAgent, changeAgentStatus, decommissionAgent.

use serde_json::{Value, json};

use super::{Answered, Caller, Scenario, moves, names_a_fault_at};
use crate::actor::{Place, Request, encoded};
use crate::deployment::Deployment;
use crate::operations::{path_of, with};

const WRITE: &[&str] = &["agents:write"];
const READ_AND_WRITE: &[&str] = &["agents:read", "agents:write"];

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "an agent is registered, and its secret is shown",
            &[("registerAgent", 201)],
            WRITE,
            |site| {
                let agent = site.new_agent(&["resume:read"]);
                let answer = site.holding("agents:write").posts("/agents", &agent).is(201);
                let id = answer.text_at("/agent/id");
                let answer = answer
                    .says("/agent/email", agent["email"].clone())
                    .says("/agent/status", "active")
                    .says("/agent/capabilities", json!(["resume:read"]))
                    .says("/credential/clientId", id.clone());
                let location = answer.header("location").unwrap_or_default().to_owned();
                let answer =
                    answer.shows(location.ends_with(&format!("/agents/{id}")), "Location should name it");
                answer.holder().asks_for_a_token(&[]).is(200);
            },
        ),
        Scenario::new(
            "a registration that is sent again with its key gets the first answer, and makes no second agent",
            &[("registerAgent", 201)],
            WRITE,
            |site| {
                let (agent, key) = (site.new_agent(&[]), format!("contract-tests-{}-again", site.run));
                let first = keyed(site, &key, &agent).is(201);
                let again = keyed(site, &key, &agent).is(201);
                let same = again.json() == first.json();
                again.shows(same, "the second answer should be the first one");
            },
        ),
        Scenario::new(
            "a key that stood for one registration is refused for another",
            &[("registerAgent", 409)],
            WRITE,
            |site| {
                let key = format!("contract-tests-{}-other", site.run);
                keyed(site, &key, &site.new_agent(&[])).is(201);
                keyed(site, &key, &site.new_agent(&[])).is(409).says("/code", "IDEMPOTENCY_CONFLICT");
            },
        ),
        Scenario::new(
            "an address that an agent has is refused for another, whatever the case of its letters",
            &[("registerAgent", 409)],
            WRITE,
            |site| {
                let agent = site.new_agent(&[]);
                let writer = site.holding("agents:write");
                writer.posts("/agents", &agent).is(201);
                let shouted = agent["email"].as_str().unwrap_or_default().to_uppercase();
                for again in [agent.clone(), with(agent, &json!({ "email": shouted }))] {
                    writer.posts("/agents", &again).is(409).says("/code", "AGENT_ALREADY_EXISTS");
                }
            },
        ),
        Scenario::new(
            "a registration with faults is refused, and each of them is named",
            &[("registerAgent", 400)],
            WRITE,
            |site| {
                let writer = site.holding("agents:write");
                for (place, value) in [
                    ("email", json!("nobody")),
                    ("agentType", json!("Screener")),
                    ("version", json!("1")),
                    ("capabilities", json!("resume:read")),
                    ("deploymentEnv", json!("moon")),
                    ("colour", json!("blue")),
                ] {
                    let bad = with(site.new_agent(&[]), &json!({ place: value }));
                    let answer = writer.posts("/agents", &bad).is(400).says("/code", "VALIDATION_ERROR");
                    let named = names_a_fault_at(&answer, &format!("/{place}"));
                    answer.shows(named, &format!("the fault at /{place} should be named"));
                }
                let half = Request::new("POST", "/agents").body("application/json", "{\"email\": ");
                writer.sends(half).is(400);
            },
        ),
        Scenario::new(
            "nobody grants a reserved capability that they do not hold",
            &[("registerAgent", 403)],
            WRITE,
            |site| {
                site.holding("agents:write").posts("/agents", &site.new_agent(&["tokens:revoke"])).is(403);
            },
        ),
        Scenario::new(
            "agents are listed, by the beginning of an address and by status, page by page",
            &[("listAgents", 200)],
            READ_AND_WRITE,
            |site| {
                let agents = [site.agent(&[]), site.agent(&["resume:read"])];
                let reader = site.seeing_all("agents:read");
                let start = encoded(&site.email(""));
                let start = start.split("%40").next().unwrap_or_default();
                let list = format!("/agents?q={start}&status=active&limit=1");
                let mut seen: Vec<String> = Vec::new();
                let mut page = reader.gets(&list).is(200);
                for _ in 0..1000 {
                    let items = page.json()["items"].as_array().cloned().unwrap_or_default();
                    seen.extend(items.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)));
                    page = page.shows(items.len() <= 1, "a page should have no more than its limit");
                    let Some(cursor) = page.json()["nextCursor"].as_str().map(str::to_owned) else {
                        break;
                    };
                    page = reader.gets(&format!("{list}&cursor={cursor}")).is(200);
                }
                let once = |agent: &Caller<'_>| seen.iter().filter(|id| *id == agent.id()).count() == 1;
                page.shows(agents.iter().all(once), "each agent should be listed once");
                let none = reader.gets("/agents?q=contract-tests-nobody").is(200);
                none.says("/items", json!([]));
            },
        ),
        Scenario::new(
            "a list with parameters that are none is refused",
            &[("listAgents", 400)],
            &["agents:read"],
            |site| {
                for query in
                    ["limit=0", "limit=101", "limit=many", "status=asleep", "cursor=%20", "limit=1&limit=2"]
                {
                    site.holding("agents:read").gets(&format!("/agents?{query}")).is(400);
                }
            },
        ),
        Scenario::new(
            "an agent is read, and is not sent again while it stays the same",
            &[("getAgent", 200), ("getAgent", 304)],
            READ_AND_WRITE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let reader = site.seeing_all("agents:read");
                let answer = reader.gets(&path_of(&agent)).is(200).says("/id", agent.id());
                let tag = answer.header("etag").unwrap_or_default().to_owned();
                let unless = |tag: &str| Request::new("GET", &path_of(&agent)).header("if-none-match", tag);
                reader.sends(unless(&tag)).is(304);
                reader.sends(unless("\"other\"")).is(200);
            },
        ),
        Scenario::new(
            "an agent reads itself, and no other",
            &[("getAgent", 200), ("getAgent", 403)],
            WRITE,
            |site| {
                let (agent, other) = (site.agent(&[]), site.agent(&[]));
                let itself = agent.holding("self:read");
                itself.gets(&path_of(&agent)).is(200).says("/id", agent.id());
                itself.gets(&path_of(&other)).is(403);
            },
        ),
        Scenario::new(
            "an agent of another owner is not there, whatever is asked of it",
            &[
                ("getAgent", 404),
                ("updateAgent", 404),
                ("changeAgentStatus", 404),
                ("decommissionAgent", 404),
                ("listCredentials", 404),
            ],
            &["agents:read", "agents:write", "idp:admin"],
            |site| {
                let elsewhere = json!({ "owner": format!("contract-tests-{}", site.run) });
                let stranger = site.agent_like(&[], &elsewhere);
                let caller = site.holding("agents:read agents:write");
                caller.gets(&path_of(&stranger)).is(404);
                caller.patches(&path_of(&stranger), &json!({ "version": "v2.0.0" })).is(404);
                moves(&caller, &stranger, "suspended").is(404);
                caller.deletes(&path_of(&stranger)).is(404);
                caller.gets(&format!("{}/credentials", path_of(&stranger))).is(404);
                stranger.holding("self:read").gets(&path_of(&stranger)).is(200).says("/status", "active");
            },
        ),
        Scenario::new(
            "an agent is changed, in the version that was seen",
            &[("updateAgent", 200), ("updateAgent", 412)],
            READ_AND_WRITE,
            |site| {
                let agent =
                    site.agent_like(&["resume:read"], &json!({ "metadata": { "region": "eu-west-1" } }));
                let writer = site.seeing_all("agents:read agents:write");
                let tag = writer.gets(&path_of(&agent)).is(200);
                let tag = tag.header("etag").unwrap_or_default();
                let patch = json!({ "version": "v2.0.0", "metadata": { "region": null, "team": "scoring" } });
                let change =
                    || Request::new("PATCH", &path_of(&agent)).merge_patch(&patch).header("if-match", tag);
                let changed = writer.sends(change()).is(200);
                let changed = changed
                    .says("/version", "v2.0.0")
                    .says("/metadata", json!({ "team": "scoring" }))
                    .says("/capabilities", json!(["resume:read"]));
                let another = changed.header("etag") != Some(tag);
                changed.shows(another, "another version should have another ETag");
                writer.sends(change()).is(412).says("/code", "PRECONDITION_FAILED");
            },
        ),
        Scenario::new("a change with faults is refused", &[("updateAgent", 400)], WRITE, |site| {
            let agent = site.agent(&[]);
            for bad in
                [json!({}), json!({ "version": "1" }), json!({ "email": "other@example.com" }), json!([])]
            {
                site.seeing_all("agents:write").patches(&path_of(&agent), &bad).is(400);
            }
        }),
        Scenario::new(
            "an agent that has ended is changed no more",
            &[("updateAgent", 409), ("changeAgentStatus", 200), ("changeAgentStatus", 409)],
            WRITE,
            |site| {
                let agent = site.agent(&[]);
                let writer = site.seeing_all("agents:write");
                moves(&writer, &agent, "revoked").is(200).says("/status", "revoked");
                let patch = json!({ "version": "v2.0.0" });
                writer.patches(&path_of(&agent), &patch).is(409).says("/code", "AGENT_CONFLICT");
                moves(&writer, &agent, "active").is(409).says("/code", "AGENT_CONFLICT");
            },
        ),
        Scenario::new(
            "a suspended agent gets no token, and with its return gets some again",
            &[("changeAgentStatus", 200), ("issueToken", 401), ("issueToken", 200)],
            WRITE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let writer = site.seeing_all("agents:write");
                agent.asks_for_a_token(&[]).is(200);
                moves(&writer, &agent, "suspended").is(200).says("/status", "suspended");
                refused_in_the_end(&agent).says("/error", "invalid_client");
                moves(&writer, &agent, "active").is(200).says("/status", "active");
                crate::actor::eventually(200, || agent.asks_for_a_token(&[]));
            },
        ),
        Scenario::new("a status that is none is refused", &[("changeAgentStatus", 400)], WRITE, |site| {
            let path = format!("{}/status", path_of(&site.agent(&[])));
            let writer = site.seeing_all("agents:write");
            for bad in [
                json!({ "status": "asleep", "reason": "a contract test" }),
                json!({ "status": "suspended" }),
                json!({ "status": "suspended", "reason": "" }),
            ] {
                writer.puts(&path, &bad).is(400).says("/code", "VALIDATION_ERROR");
            }
        }),
        Scenario::new(
            "an agent is decommissioned, and once more changes nothing",
            &[("decommissionAgent", 204), ("issueToken", 401)],
            READ_AND_WRITE,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let writer = site.seeing_all("agents:read agents:write");
                writer.deletes(&path_of(&agent)).is(204);
                let archived = writer.gets(&path_of(&agent)).is(200).says("/status", "archived");
                writer.deletes(&path_of(&agent)).is(204);
                let after = writer.gets(&path_of(&agent)).is(200);
                let same = version(&after) == version(&archived);
                after.shows(same, "the second time should change nothing");
                refused_in_the_end(&agent);
            },
        ),
    ]
}

/// Registers an agent with an idempotency key.
fn keyed<'d>(site: &'d Deployment, key: &str, agent: &Value) -> Answered<'d> {
    let request = Request::new("POST", "/agents").header("idempotency-key", key).json(agent);
    site.holding("agents:write").sends(request)
}

/// An agent's tag and the time of its last change.
fn version(answer: &Answered<'_>) -> (Option<String>, Value) {
    (answer.header("etag").map(str::to_owned), answer.json()["updatedAt"].clone())
}

/// The refusal of a client that no longer authenticates, which every node knows after a few seconds at the latest.
fn refused_in_the_end<'d>(agent: &Caller<'d>) -> Answered<'d> {
    crate::actor::eventually(401, || agent.asks_for_a_token(&[]))
}
