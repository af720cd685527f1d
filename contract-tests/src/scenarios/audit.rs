//! listAuditEvents, getAuditEvent.

use serde_json::Value;

use super::{Scenario, moves};
use crate::actor::Place;
use crate::operations::{path_of, with};

const WRITE_AND_AUDIT: &[&str] = &["agents:write", "audit:read"];

pub(super) fn table() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "what an agent did and what was done to it is found again, page by page and event by event",
            &[("listAuditEvents", 200), ("getAuditEvent", 200)],
            WRITE_AND_AUDIT,
            |site| {
                let agent = site.agent(&["resume:read"]);
                agent.asks_for_a_token(&[]).is(200);
                agent.asks_for_a_token(&[("scope", "resume:delete")]).is(400);
                moves(&site.seeing_all("agents:write"), &agent, "suspended").is(200);
                let auditor = site.seeing_all("audit:read");
                let mut actions: Vec<String> = Vec::new();
                let list = format!("/audit/events?agentId={}&limit=2", agent.id());
                let mut page = auditor.gets(&list).is(200);
                let first = page.text_at("/items/0/id");
                for _ in 0..20 {
                    let items = page.json()["items"].as_array().cloned().unwrap_or_default();
                    actions.extend(items.iter().filter_map(|one| one["action"].as_str().map(str::to_owned)));
                    let Some(cursor) = page.json()["nextCursor"].as_str().map(str::to_owned) else {
                        break;
                    };
                    page = auditor.gets(&format!("{list}&cursor={cursor}")).is(200);
                }
                for expected in [
                    "agent.registered",
                    "credential.issued",
                    "token.issued",
                    "token.refused",
                    "agent.suspended",
                ] {
                    page.must(
                        actions.iter().any(|one| one == expected),
                        &format!("{expected} should be listed"),
                    );
                }
                auditor.gets(&format!("/audit/events/{first}")).is(200).says("/id", first.clone());
            },
        ),
        Scenario::new(
            "a refused request is in the audit log, by whom and why",
            &[("listAuditEvents", 200)],
            WRITE_AND_AUDIT,
            |site| {
                let agent = site.agent(&[]);
                agent.holding("self:read").deletes(&path_of(&agent)).is(403);
                let list = format!("/audit/events?actorId={}&action=access.denied", agent.id());
                let page = site.seeing_all("audit:read").gets(&list).is(200);
                page.says("/items/0/outcome", "denied").says("/items/0/actor/agentId", agent.id());
            },
        ),
        Scenario::new(
            "a list of events with parameters that are none is refused",
            &[("listAuditEvents", 400)],
            &["audit:read"],
            |site| {
                for query in ["limit=0", "action=nothing", "outcome=maybe", "from=yesterday", "agentId=mine"]
                {
                    site.holding("audit:read").gets(&format!("/audit/events?{query}")).is(400);
                }
            },
        ),
        Scenario::new(
            "no event has a secret or a token in it",
            &[("listAuditEvents", 200)],
            WRITE_AND_AUDIT,
            |site| {
                let agent = site.agent(&["resume:read"]);
                let secret = agent.credentials().client_secret.clone();
                agent.asks_for_a_token(&[("scope", secret.as_str())]).is(400);
                let mistake = with(site.new_agent(&[]), &serde_json::json!({ "agentType": secret }));
                site.holding("agents:write").posts("/agents", &mistake).is(400);
                let list = format!("/audit/events?actorId={}&limit=100", agent.id());
                let page = site.seeing_all("audit:read").gets(&list).is(200);
                let some =
                    page.json()["items"].as_array().is_some_and(|items: &Vec<Value>| !items.is_empty());
                let shown = page.text().contains(&secret);
                page.shows(some, "there should be events").shows(!shown, "no secret should be in an event");
            },
        ),
    ]
}
