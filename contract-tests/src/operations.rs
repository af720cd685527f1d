//! A good request for every operation that takes somebody: what the tables of walls, authorizations and scenarios are made
//! of. An operation that is missing here fails the contract tests.

use serde_json::{Value, json};

use crate::actor::{Actor, Answer, Place, Request};
use crate::spec::{Operation, Security, Spec};

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

/// A scope with a capability more, in order and without repetition.
pub fn scope_with(scope: &str, capability: &str) -> String {
    let mut scope: Vec<&str> = scope.split(' ').chain([capability]).collect();
    scope.sort_unstable();
    scope.dedup();
    scope.join(" ")
}

/// An agent to register, with its smallest number of members.
pub fn new_agent(email: &str, capabilities: &[&str]) -> Value {
    json!({
        "email": email,
        "agentType": "screener",
        "version": "v1.4.2",
        "capabilities": capabilities,
        "deploymentEnv": "production",
    })
}

/// An object with the members of another, which win.
#[must_use]
pub fn with(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    object
}

/// The path of an agent.
pub fn path_of<P: Place>(agent: &Actor<'_, P>) -> String {
    format!("/agents/{}", agent.id())
}

/// The id of the newest credential of an agent.
///
/// # Panics
/// When it has none.
pub fn credential_of<P: Place>(place: &P, agent: &Actor<'_, P>) -> String {
    let page = place.seeing_all("agents:read").gets(&format!("{}/credentials?limit=1", path_of(agent)));
    page.text_at("/items/0/id")
}

/// The audit events that pass a filter, the newest first, as somebody sees them who sees all.
#[track_caller]
pub fn events<P: Place>(place: &P, filter: &str) -> Vec<Value> {
    let answer = place.seeing_all("audit:read").gets(&format!("/audit/events?limit=100&{filter}")).is(200);
    answer.json()["items"].as_array().cloned().unwrap_or_default()
}

/// What requests are about.
pub struct Subjects {
    /// An agent.
    pub agent: String,
    /// One of its credentials.
    pub credential: String,
    /// An event behind the wall of its owner.
    pub event: String,
    /// A tile, and the bundle of its events: of the first event of the log, whosever it is.
    pub tile: String,
    /// The address of an agent to register.
    pub email: String,
}

impl Subjects {
    /// Those of an agent.
    pub fn of<P: Place>(place: &P, agent: &Actor<'_, P>) -> Self {
        let event = events(place, &format!("action=agent.registered&agentId={}", agent.id()));
        Self {
            agent: agent.id().to_owned(),
            credential: credential_of(place, agent),
            event: event.first().and_then(|event| event["id"].as_str()).unwrap_or_default().to_owned(),
            tile: "000.p/1".to_owned(),
            email: place.email("registered"),
        }
    }

    /// Those that are nowhere.
    pub fn nowhere() -> Self {
        let id = "01931e2c-0000-7000-8000-000000000000".to_owned();
        Self {
            agent: id.clone(),
            credential: id.clone(),
            event: id,
            tile: "x999/x999/999".to_owned(),
            email: "registered@example.com".to_owned(),
        }
    }

    /// A request that an operation fulfils for whoever may.
    ///
    /// # Panics
    /// When the operation is not known here.
    pub fn request(&self, operation: &Operation) -> Request {
        self.request_if_known(operation)
            .unwrap_or_else(|| panic!("{} is not in the table of operations: add it", operation.id))
    }

    /// The same for any operation: for a public one its path, and for one that takes a client a form about no token.
    ///
    /// # Panics
    /// As [`Subjects::request`].
    pub fn any_request(&self, operation: &Operation) -> Request {
        match operation.security {
            Security::Public => Request::new(&operation.method, &operation.path),
            Security::Bearer { .. } => self.request(operation),
            Security::Client => {
                let form = form_of(operation, "nothing");
                let pairs: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                Request::new(&operation.method, &operation.path).form(&pairs)
            }
        }
    }

    /// The same, or nothing when the operation is not known here.
    pub fn request_if_known(&self, operation: &Operation) -> Option<Request> {
        let path = operation
            .path
            .replace("{agentId}", &self.agent)
            .replace("{credentialId}", &self.credential)
            .replace("{eventId}", &self.event)
            .replace("{level}", "0")
            .replace("{path}", &self.tile);
        let request = Request::new(&operation.method, &path);
        Some(match operation.id.as_str() {
            "getAgent" | "listAgents" | "listCredentials" | "getCredential" | "listAuditEvents"
            | "getAuditEvent" | "getAuditCheckpoint" | "getAuditTile" | "getAuditEntries"
            | "exportAuditEvents" | "decommissionAgent" | "revokeCredential" => request,
            "getAuditInclusionProof" => {
                Request::new(&operation.method, &format!("{path}?eventId={}", self.event))
            }
            "getAuditConsistencyProof" => Request::new(&operation.method, &format!("{path}?from=1")),
            "registerAgent" => request.json(&new_agent(&self.email, &["resume:read", "resume:score"])),
            "updateAgent" => request.merge_patch(&json!({ "version": "v7.0.0" })),
            "changeAgentStatus" => request.json(&json!({ "status": "suspended", "reason": "a test" })),
            "issueCredential" | "rotateCredential" => request.json(&json!({})),
            _ => return None,
        })
    }

    /// Everything about them that an operation could change, as somebody sees it who sees all.
    pub fn state<P: Place>(&self, place: &P) -> [Value; 2] {
        let reader = place.seeing_all("agents:read");
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

/// A good form for an operation that takes a client, when `token` is one of that client.
///
/// # Panics
/// When the operation is not known here.
pub fn form_of(operation: &Operation, token: &str) -> Vec<(&'static str, String)> {
    form_if_known(operation, token).unwrap_or_else(|| {
        panic!("{} is not in the table of operations that take a client: add it", operation.id)
    })
}

/// The same, or nothing when the operation is not known here.
pub fn form_if_known(operation: &Operation, token: &str) -> Option<Vec<(&'static str, String)>> {
    match operation.id.as_str() {
        "issueToken" => Some(vec![("grant_type", "client_credentials".to_owned())]),
        "introspectToken" | "revokeToken" => Some(vec![("token", token.to_owned())]),
        _ => None,
    }
}

/// Whether a refusal is in the shape that those of its operation have, whatever it is for.
///
/// # Panics
/// When it is not.
#[track_caller]
pub fn is_in_the_shape_of<P: Place>(operation: &Operation, answer: &Answer<'_, P>) {
    let body = answer.json();
    if operation.security == Security::Client {
        let is_kept_by_nobody = answer.header("cache-control") == Some("no-store");
        answer.must(
            is_kept_by_nobody && answer.header("pragma") == Some("no-cache"),
            "no cache should keep it",
        );
        answer.must(body["error"].is_string(), "it should be in the shape of RFC 6749");
    } else {
        answer.must(body["code"].is_string(), "it should be in the registry's shape");
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
