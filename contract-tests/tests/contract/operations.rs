//! A good request for every operation that takes an access token: what the tables of walls and authorizations are made
//! of. An operation that is missing here fails them.

use contract_tests::actor::{Actor, Request};
use contract_tests::spec::{Operation, Security, Spec};
use contract_tests::world::World;
use serde_json::{Value, json};

use crate::{events, new_agent};

/// Every reserved capability that an agent can have.
pub const RESERVED: [&str; 7] = [
    "agents:read",
    "agents:write",
    "audit:read",
    "credentials:write",
    "idp:admin",
    "tokens:introspect",
    "tokens:revoke",
];

/// All of [`RESERVED`] but some, as a scope.
pub fn reserved_without(left_out: &[&str]) -> String {
    RESERVED.into_iter().filter(|one| !left_out.contains(one)).collect::<Vec<_>>().join(" ")
}

/// What requests are about.
pub struct Subjects {
    /// An agent.
    pub agent: String,
    /// One of its credentials.
    pub credential: String,
    /// An event behind the wall of its owner.
    pub event: String,
}

impl Subjects {
    /// Those of an agent.
    pub fn of(world: &World, agent: &Actor<'_>) -> Self {
        let event = events(world, &format!("action=agent.registered&agentId={}", agent.id()));
        Self {
            agent: agent.id().to_owned(),
            credential: world.credential_of(agent),
            event: event[0]["id"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Those that are nowhere.
    pub fn nowhere() -> Self {
        let id = "01931e2c-0000-7000-8000-000000000000".to_owned();
        Self { agent: id.clone(), credential: id.clone(), event: id }
    }

    /// A request that an operation fulfils for whoever may.
    ///
    /// # Panics
    /// When the operation is not known here.
    pub fn request(&self, operation: &Operation) -> Request {
        let path = operation
            .path
            .replace("{agentId}", &self.agent)
            .replace("{credentialId}", &self.credential)
            .replace("{eventId}", &self.event);
        let request = Request::new(&operation.method, &path);
        match operation.id.as_str() {
            "getAgent" | "listAgents" | "listCredentials" | "getCredential" | "listAuditEvents"
            | "getAuditEvent" | "decommissionAgent" | "revokeCredential" => request,
            "registerAgent" => request.json(&new_agent("registered@example.com")),
            "updateAgent" => request.merge_patch(&json!({ "version": "v7.0.0" })),
            "changeAgentStatus" => request.json(&json!({ "status": "suspended", "reason": "a test" })),
            "issueCredential" | "rotateCredential" => request.json(&json!({})),
            unknown => panic!("{unknown} is not in the table of operations: add it"),
        }
    }

    /// Everything about them that an operation could change, as somebody sees it who sees all.
    pub fn state(&self, world: &World) -> [Value; 2] {
        let reader = world.operator().holding("agents:read idp:admin");
        ["", "/credentials?limit=100"].map(|rest| {
            let mut state = reader.gets(&format!("/agents/{}{rest}", self.agent)).json();
            // When somebody last authenticated is nobody's change.
            forget(&mut state, &["lastAuthAt", "lastUsedAt"]);
            state
        })
    }
}

fn forget(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|value| forget(value, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| forget(value, names)),
        _ => {}
    }
}

/// The status of an operation that was fulfilled: the one below 300 that it declares.
pub fn fulfilled(operation: &Operation) -> u16 {
    operation.responses.keys().copied().find(|status| *status < 300).unwrap_or_default()
}

/// Every operation of the specification that takes an access token, with the scopes it asks for.
pub fn taking_a_token(spec: &Spec) -> Vec<(&Operation, &[String])> {
    spec.operations
        .iter()
        .filter_map(|operation| match &operation.security {
            Security::Bearer { scopes, .. } => Some((operation, scopes.as_slice())),
            _ => None,
        })
        .collect()
}

/// Whether a request of this operation would change something.
pub fn changes(operation: &Operation) -> bool {
    operation.method != "GET"
}
