//! The whole life of an agent, from its registration to its end, as its owner and its operator see it.

use serde_json::json;

use super::{Scenario, moves};
use crate::actor::{Place, eventually};
use crate::deployment::credentials_of;
use crate::operations::path_of;

pub(super) fn table() -> Vec<Scenario> {
    vec![Scenario::new(
        "the whole life of an agent: registered, at work, rotated, suspended, revoked, archived, and all of it on record",
        &[
            ("registerAgent", 201),
            ("issueToken", 200),
            ("introspectToken", 200),
            ("rotateCredential", 201),
            ("changeAgentStatus", 200),
            ("issueToken", 401),
            ("decommissionAgent", 204),
            ("getAgent", 200),
            ("listAuditEvents", 200),
        ],
        &["agents:read", "agents:write", "audit:read", "credentials:write"],
        |site| {
            let registrar = site.seeing_all("agents:read agents:write credentials:write");
            let registered = registrar.posts("/agents", &site.new_agent(&["resume:read"])).is(201);
            let agent = registered.holder();
            let first = registered.text_at("/credential/id");

            let token = agent.asks_for_a_token(&[("scope", "resume:read")]).is(200).text_at("/access_token");
            agent.asks_about(&token).is(200).says("/active", true);

            let rotation = format!("{}/{first}/rotate", credentials_of(&agent));
            let agent = registrar.posts(&rotation, &json!({})).is(201).holder();
            eventually(200, || agent.asks_for_a_token(&[]));

            moves(&registrar, &agent, "suspended").is(200);
            eventually(401, || agent.asks_for_a_token(&[]));
            moves(&registrar, &agent, "active").is(200);
            eventually(200, || agent.asks_for_a_token(&[]));
            agent.asks_about(&token).is(200).says("/active", false);

            moves(&registrar, &agent, "revoked").is(200);
            eventually(401, || agent.asks_for_a_token(&[]));
            registrar.deletes(&path_of(&agent)).is(204);
            registrar.gets(&path_of(&agent)).is(200).says("/status", "archived");

            for action in [
                "agent.registered",
                "token.issued",
                "credential.rotated",
                "agent.suspended",
                "agent.reactivated",
                "agent.revoked",
                "agent.archived",
            ] {
                let list = format!("/audit/events?agentId={}&action={action}", agent.id());
                let page = site.seeing_all("audit:read").gets(&list).is(200);
                page.says("/items/0/action", action);
            }
        },
    )]
}
