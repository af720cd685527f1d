//! The rules of the product as laws. Histories of random steps run on a whole node, beside a model that says what each step
//! may come to; after each step the registry, every secret and every token stand as the model says.
//!
//! The model is written from the product's description, not from the code: what it knows of capabilities, statuses and
//! ends, it says itself.

use std::collections::BTreeSet;
use std::time::Duration;

use agentidp::crypto::{ClientSecret, SecretText};
use agentidp::domain::agents::{
    Agent, AgentFilter, AgentId, AgentPatch, AgentStatus, Attempt, NewAgent, Owner, Seen,
};
use agentidp::domain::audit::{AuditFilter, AuditRow};
use agentidp::domain::callers::Principal;
use agentidp::domain::credentials::{
    Credential, CredentialId, CredentialStatus, IssuedCredential, NewCredential,
};
use agentidp::domain::idempotency::{Created, Once};
use agentidp::domain::policy::Capability;
use agentidp::domain::refusal::{Answered, Refusal};
use agentidp::store::Store;
use agentidp::store::agents::AgentReads;
use agentidp::store::audit::AuditReads;
use agentidp::store::credentials::CredentialReads;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::world::{DEFAULT_AUDIENCE, ISSUER, World, claims, register, request};

const OWNERS: [&str; 3] = ["operators", "talent-team", "other-team"];

/// What guards this server's own API.
const RESERVED: [&str; 7] = [
    "agents:read",
    "agents:write",
    "audit:read",
    "credentials:write",
    "idp:admin",
    "tokens:introspect",
    "tokens:revoke",
];

/// What every active agent may name and none is given.
const SELF: [&str; 2] = ["self:read", "self:rotate"];

/// What whoever looks after the agents of a team has.
const MANAGES: [&str; 5] =
    ["agents:read", "agents:write", "credentials:write", "tokens:revoke", "resume:read"];

const ORDINARY: [&str; 3] = ["resume:read", "resume:score", "agents:delete"];

/// How many live credentials an agent has at the most.
const MOST_LIVE: usize = 16;

/// How long the tokens of the tests' node live, in seconds.
const LIFETIME: i64 = 900;

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || SELF.contains(&name)
}

type Names = BTreeSet<String>;

fn names_in(capabilities: &BTreeSet<Capability>) -> Names {
    capabilities.iter().map(|one| one.0.clone()).collect()
}

fn capabilities(names: &Names) -> BTreeSet<Capability> {
    names.iter().cloned().map(Capability).collect()
}

/// Whose token a step is done with.
#[derive(Clone, Debug)]
enum Who {
    /// The first operator's, fresh, with everything that it has.
    Operator,
    /// A fresh one of whom each team has to look after its agents, with everything that it has.
    Manager(usize),
    /// A fresh one of some agent with this scope, or with every reserved one that it has.
    Fresh(Index, Option<Names>),
    /// One from earlier.
    Old(Index),
}

/// What a caller says of the revisions that it has seen.
#[derive(Clone, Debug)]
enum Version {
    Any,
    Current,
    Stale,
}

/// A moment, in milliseconds from now.
type Offset = i64;

#[derive(Clone, Debug)]
enum Step {
    Register {
        who: Who,
        owner: Option<usize>,
        names: Names,
        until: Option<Offset>,
        twin: Option<Index>,
    },
    Patch {
        who: Who,
        on: Index,
        owner: Option<usize>,
        names: Option<Names>,
        until: Option<Option<Offset>>,
        version: Version,
    },
    Status {
        who: Who,
        on: Index,
        to: AgentStatus,
        version: Version,
    },
    Decommission {
        who: Who,
        on: Index,
    },
    Issue {
        who: Who,
        on: Index,
        end: Option<Offset>,
    },
    /// `elsewhere` names the credential as one of another agent.
    Rotate {
        who: Who,
        which: Index,
        grace: u64,
        elsewhere: Option<Index>,
    },
    /// An agent rotates the credential that it proves itself with, or another one of its own.
    RotateOneself {
        with: Index,
        which: Index,
        grace: u64,
    },
    Revoke {
        who: Who,
        which: Index,
        elsewhere: Option<Index>,
    },
    Token {
        with: Index,
        scope: Option<Names>,
    },
    /// Asks for some of what the agent has, and of what everybody may name: as the bits say.
    TokenOfOwn {
        with: Index,
        bits: u16,
    },
    RevokeToken {
        with: Index,
        token: Index,
    },
    /// Asks about a token.
    Introspect {
        with: Index,
        token: Index,
    },
    Look {
        who: Who,
        on: Index,
    },
    /// Reads the audit log, so many events at a time.
    Audit {
        who: Who,
        page: u32,
    },
    Wait {
        milliseconds: u64,
    },
}

fn names_of(from: &'static [&'static str], most: usize) -> impl Strategy<Value = Names> {
    prop::collection::btree_set(prop::sample::select(from).prop_map(str::to_owned), 0..=most)
}

/// Capabilities as agents get them: few, often reserved, now and then what no agent can have.
fn given() -> impl Strategy<Value = Names> {
    let both = (names_of(&RESERVED, 4), names_of(&ORDINARY, 2));
    prop_oneof![
        12 => both.prop_map(|(one, other)| &one | &other),
        2 => Just(RESERVED.map(str::to_owned).into()),
        1 => names_of(&SELF, 2),
    ]
}

fn scopes() -> impl Strategy<Value = Names> {
    prop_oneof![
        4 => names_of(&RESERVED, 3),
        2 => (names_of(&RESERVED, 2), names_of(&SELF, 2)).prop_map(|(one, other)| &one | &other),
        2 => names_of(&ORDINARY, 2),
        1 => (names_of(&RESERVED, 2), names_of(&ORDINARY, 1)).prop_map(|(one, other)| &one | &other),
    ]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        3 => Just(Who::Operator),
        4 => (0..2_usize).prop_map(Who::Manager),
        3 => any::<Index>().prop_map(|agent| Who::Fresh(agent, None)),
        2 => (any::<Index>(), scopes()).prop_map(|(agent, scope)| Who::Fresh(agent, Some(scope))),
        3 => any::<Index>().prop_map(Who::Old),
    ]
}

fn offset() -> impl Strategy<Value = Offset> {
    prop::sample::select(vec![-1000, 0, 1, 1500, 60_000, 600_000, 1_000_000, 5_000_000])
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![3 => Just(Version::Any), 2 => Just(Version::Current), 1 => Just(Version::Stale)]
}

fn grace() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![0, 1, 60, 600, 3600])
}

fn owner() -> impl Strategy<Value = Option<usize>> {
    prop::option::of(0..OWNERS.len())
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let maybe = || prop::option::weighted(0.1, index());
    prop_oneof![
        3 => (who(), owner(), given(), prop::option::weighted(0.3, offset()), maybe())
            .prop_map(|(who, owner, names, until, twin)| Step::Register { who, owner, names, until, twin }),
        4 => (who(), index(), owner(), prop::option::of(given()), prop::option::of(prop::option::of(offset())), version())
            .prop_map(|(who, on, owner, names, until, version)| {
                Step::Patch { who, on, owner, names, until, version }
            }),
        4 => (who(), index(), prop::sample::select(AgentStatus::ALL.to_vec()), version())
            .prop_map(|(who, on, to, version)| Step::Status { who, on, to, version }),
        1 => (who(), index()).prop_map(|(who, on)| Step::Decommission { who, on }),
        2 => (who(), index(), prop::option::of(offset())).prop_map(|(who, on, end)| Step::Issue { who, on, end }),
        2 => (who(), index(), grace(), maybe())
            .prop_map(|(who, which, grace, elsewhere)| Step::Rotate { who, which, grace, elsewhere }),
        2 => (index(), index(), grace())
            .prop_map(|(with, which, grace)| Step::RotateOneself { with, which, grace }),
        2 => (who(), index(), maybe()).prop_map(|(who, which, elsewhere)| Step::Revoke { who, which, elsewhere }),
        4 => (index(), prop::option::of(scopes())).prop_map(|(with, scope)| Step::Token { with, scope }),
        3 => (index(), any::<u16>()).prop_map(|(with, bits)| Step::TokenOfOwn { with, bits }),
        2 => (index(), index()).prop_map(|(with, token)| Step::RevokeToken { with, token }),
        3 => (index(), index()).prop_map(|(with, token)| Step::Introspect { with, token }),
        2 => (who(), index()).prop_map(|(who, on)| Step::Look { who, on }),
        2 => (who(), 7..100_u32).prop_map(|(who, page)| Step::Audit { who, page }),
        4 => prop::sample::select(vec![1, 1000, 61_000, 601_000, 900_000, 100_000_000])
            .prop_map(|milliseconds| Step::Wait { milliseconds }),
    ]
}

/// A credential as it must stand.
struct Held {
    credential: Credential,
    secret: SecretText,
    replaced: bool,
    /// The reserved capabilities that whoever issued it vouched for, and that the agent has had ever since.
    vouched: Names,
}

/// A token as it must stand.
struct Token {
    text: SecretText,
    agent: AgentId,
    owner: Owner,
    scope: Names,
    /// In seconds of the epoch.
    expires_at: i64,
    ended: bool,
}

impl Token {
    fn is_reserved(&self) -> bool {
        self.scope.iter().all(|name| is_reserved(name))
    }
}

/// Reasons for which a step may be refused; when there are none, it must be done.
type Reasons = BTreeSet<&'static str>;

/// The node, and how everything on it must stand.
struct History<I> {
    world: World<I>,
    agents: Vec<Agent>,
    credentials: Vec<Held>,
    tokens: Vec<Token>,
}

impl<I: Store> History<I> {
    async fn begin(world: World<I>) -> Self {
        let operator =
            world.bootstrap.bootstrap("operator@example.com").await.expect("no fault").expect("an operator");
        world.read_feed().await;
        let id = operator.client_id;
        let agent = world.store().agent_get(id, None).await.expect("a database").expect("the operator");
        let secret = operator.client_secret;
        let held = ClientSecret::parse(secret.expose()).expect("a secret").credential_id();
        let credential =
            world.store().credential_get(id, CredentialId(held)).await.expect("a database").expect("its own");
        let vouched = names_in(&agent.capabilities);
        let credentials = vec![Held { credential, secret, replaced: false, vouched }];
        let mut history = Self { world, agents: vec![agent], credentials, tokens: Vec::new() };
        // Each team has somebody who may do much, but not everything, and somebody to do it to.
        let operator = history.caller(&Who::Operator).await.expect("the operator's token");
        for owner in 1..OWNERS.len() {
            for names in [&MANAGES[..], &ORDINARY[..1]] {
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                history.register(&operator, Some(owner), &names, None, None).await;
            }
        }
        for (agent, end) in [(1, None), (2, Some(2_000_000)), (3, Some(5_000_000)), (4, None)] {
            let on = history.agents[agent].clone();
            history.issue(&operator, on, end).await;
        }
        assert_eq!((history.agents.len(), history.credentials.len()), (5, 9));
        history
    }

    fn now(&self) -> DateTime<Utc> {
        self.world.clock.now()
    }

    fn moment(&self, offset: Offset) -> DateTime<Utc> {
        self.now() + TimeDelta::milliseconds(offset)
    }

    fn agent(&self, id: AgentId) -> &Agent {
        self.agents.iter().find(|agent| agent.id == id).expect("the model knows it")
    }

    fn agent_mut(&mut self, id: AgentId) -> &mut Agent {
        self.agents.iter_mut().find(|agent| agent.id == id).expect("the model knows it")
    }

    fn authenticates(&self, held: &Held) -> bool {
        let (now, agent) = (self.now(), self.agent(held.credential.agent_id));
        self.is_live(&held.credential)
            && agent.status == AgentStatus::Active
            && agent.valid_until.is_none_or(|until| now < until)
    }

    fn is_live(&self, credential: &Credential) -> bool {
        credential.status == CredentialStatus::Active
            && credential.expires_at.is_none_or(|end| self.now() < end)
    }

    fn live(&self, agent: AgentId) -> usize {
        let of = self.credentials.iter().filter(|held| held.credential.agent_id == agent);
        of.filter(|held| self.is_live(&held.credential)).count()
    }

    fn is_alive(&self, token: &Token) -> bool {
        !token.ended && self.now().timestamp() < token.expires_at
    }

    fn end_tokens(&mut self, agent: AgentId) {
        self.tokens.iter_mut().filter(|token| token.agent == agent).for_each(|token| token.ended = true);
    }

    /// Asks for a token with one of the secrets, which the laws of scopes judge.
    async fn token(&mut self, with: usize, scope: Option<&Names>) -> Option<usize> {
        let held = &self.credentials[with];
        let agent = self.agent(held.credential.agent_id).clone();
        let answered = self.world.authenticate(&agent.id.to_string(), held.secret.expose()).await;
        assert_eq!(answered.is_ok(), self.authenticates(held), "{held:?}", held = held.credential);
        let client = answered.ok()?;

        let had: Names = agent.capabilities.iter().map(|one| one.0.clone()).collect();
        let asked = scope.filter(|names| !names.is_empty());
        let mut reasons = Reasons::new();
        let granted: Names = match asked {
            None => had.iter().filter(|name| !is_reserved(name)).cloned().collect(),
            Some(names) => names.clone(),
        };
        if granted.is_empty() {
            reasons.insert("scope_nothing_to_grant");
        }
        if granted.iter().any(|name| !had.contains(name) && !SELF.contains(&name.as_str())) {
            reasons.insert("scope_beyond_capabilities");
        }
        // A secret that was handed out before is not good for what the agent was given since.
        let vouched = |name: &String| {
            !is_reserved(name) || SELF.contains(&name.as_str()) || held.vouched.contains(name)
        };
        if granted.iter().any(|name| had.contains(name) && !vouched(name)) {
            reasons.insert("scope_beyond_credential");
        }
        let reserved = granted.iter().filter(|name| is_reserved(name)).count();
        if reserved > 0 && reserved < granted.len() {
            reasons.insert("scope_mixed_kinds");
        }
        let text = asked.map(|names| names.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
        let issued = judged(self.world.ask(&client, text.as_deref()).await, &reasons)?;

        let said = claims(&issued.access_token);
        let scope: Names = said["scope"].as_str().expect("a scope").split(' ').map(str::to_owned).collect();
        assert_eq!(scope, granted);
        let audience = if reserved > 0 { ISSUER } else { DEFAULT_AUDIENCE };
        assert_eq!(said["aud"], audience, "no token is both for this server and for others");
        let issued_at = self.now().timestamp();
        let until = agent.valid_until.map_or(i64::MAX, |until| until.timestamp());
        let expires_at = (issued_at + LIFETIME).min(until).max(issued_at + 1);
        assert_eq!((said["iat"].as_i64(), said["exp"].as_i64()), (Some(issued_at), Some(expires_at)));
        self.tokens.push(Token {
            text: issued.access_token,
            agent: agent.id,
            owner: agent.owner,
            scope,
            expires_at,
            ended: false,
        });
        Some(self.tokens.len() - 1)
    }

    /// A caller that has proved itself, if it can.
    async fn caller(&mut self, who: &Who) -> Option<Principal> {
        let (agent, scope) = match who {
            Who::Old(index) if self.tokens.is_empty() => (index.index(self.agents.len()), None),
            Who::Old(index) => return self.bearer(index.index(self.tokens.len())).await,
            Who::Operator => (0, None),
            Who::Manager(team) => (1 + 2 * team, None),
            Who::Fresh(index, scope) => (index.index(self.agents.len()), scope.clone()),
        };
        let agent = &self.agents[agent];
        let everything = || {
            let reserved = agent.capabilities.iter().filter(|held| is_reserved(&held.0));
            reserved.map(|held| held.0.clone()).chain(SELF.map(str::to_owned)).collect()
        };
        let scope: Names = scope.unwrap_or_else(everything);
        let of = |held: &Held| held.credential.agent_id == agent.id;
        let usable = self.credentials.iter().position(|held| of(held) && self.authenticates(held));
        let with = usable.or_else(|| self.credentials.iter().position(of)).expect("one was issued");
        let token = self.token(with, Some(&scope)).await?;
        self.bearer(token).await
    }

    /// Shows a token to this server.
    async fn bearer(&self, token: usize) -> Option<Principal> {
        let token = &self.tokens[token];
        let shown = self.world.bearer(token.text.expose()).await;
        assert_eq!(
            shown.is_ok(),
            self.is_alive(token) && token.is_reserved(),
            "{:?}: {shown:?}",
            token.scope
        );
        let principal = shown.ok()?;
        assert_eq!((principal.agent_id, &principal.owner), (token.agent, &token.owner));
        assert_eq!(principal.scope, capabilities(&token.scope));
        Some(principal)
    }

    /// Whether the door lets the caller through to an operation that takes this scope.
    async fn door(&self, caller: &Principal, scope: &str, own: Option<(AgentId, &str)>) -> bool {
        let itself = own.is_some_and(|(agent, scope)| caller.agent_id == agent && holds(caller, scope));
        let passed = self.world.tokens.authorize(&request(), caller, &[scope], own).await.expect("no fault");
        assert_eq!(passed.is_ok(), holds(caller, scope) || itself);
        passed.is_ok()
    }

    /// What keeps the caller from changing an agent: the wall alone, or the capabilities that it must hold.
    fn reach(&self, caller: &Principal, agent: &Agent, missing: &'static str) -> Reasons {
        if !sees(caller, &agent.owner) {
            return Reasons::from([missing]);
        }
        lacking(caller, &agent.capabilities)
    }

    fn is_last_admin(&self, agent: &Agent) -> bool {
        is_admin(agent) && !self.agents.iter().any(|other| other.id != agent.id && is_admin(other))
    }

    /// Whether the caller has seen the agent as it is, and what it says of that.
    fn seen(agent: &Agent, version: &Version) -> (Seen, bool) {
        match version {
            Version::Any => (Seen::Any, true),
            Version::Current => (Seen::Revisions(vec![agent.revision + 7, agent.revision]), true),
            Version::Stale => (Seen::Revisions(vec![agent.revision - 1, agent.revision + 1]), false),
        }
    }

    async fn take(&mut self, step: &Step) {
        match step {
            Step::Register { who, owner, names, until, twin } => {
                let Some(caller) = self.caller(who).await else { return };
                let twin = twin.map(|index| self.agents[index.index(self.agents.len())].email.to_uppercase());
                self.register(&caller, *owner, names, *until, twin).await;
            }
            Step::Patch { who, on, owner, names, until, version } => {
                let Some(caller) = self.caller(who).await else { return };
                let patch = AgentPatch {
                    owner: owner.map(|owner| Owner(OWNERS[owner].to_owned())),
                    capabilities: names.as_ref().map(capabilities),
                    valid_until: until.map(|until| until.map(|offset| self.moment(offset))),
                    ..AgentPatch::default()
                };
                let on = self.agents[on.index(self.agents.len())].clone();
                self.patch(&caller, on, patch, version).await;
            }
            Step::Status { who, on, to, version } => {
                let Some(caller) = self.caller(who).await else { return };
                let on = self.agents[on.index(self.agents.len())].clone();
                self.move_to(&caller, on, *to, version, false).await;
            }
            Step::Decommission { who, on } => {
                let Some(caller) = self.caller(who).await else { return };
                let on = self.agents[on.index(self.agents.len())].clone();
                self.move_to(&caller, on, AgentStatus::Archived, &Version::Any, true).await;
            }
            Step::Issue { who, on, end } => {
                let Some(caller) = self.caller(who).await else { return };
                let on = self.agents[on.index(self.agents.len())].clone();
                self.issue(&caller, on, *end).await;
            }
            Step::Rotate { who, which, grace, elsewhere } => {
                let Some(caller) = self.caller(who).await else { return };
                let which = which.index(self.credentials.len());
                let on = self.place(which, *elsewhere);
                self.rotate(&caller, on, which, *grace).await;
            }
            Step::RotateOneself { with, which, grace } => {
                let with = with.index(self.credentials.len());
                let scope = Names::from(["self:rotate".to_owned()]);
                let Some(token) = self.token(with, Some(&scope)).await else { return };
                let Some(caller) = self.bearer(token).await else { return };
                let own: Vec<_> = (0..self.credentials.len())
                    .filter(|one| self.credentials[*one].credential.agent_id == caller.agent_id)
                    .collect();
                // Half of the time that which it came with.
                let which = if which.index(2) > 0 { with } else { own[which.index(own.len())] };
                self.rotate(&caller, caller.agent_id, which, *grace).await;
            }
            Step::Revoke { who, which, elsewhere } => {
                let Some(caller) = self.caller(who).await else { return };
                let which = which.index(self.credentials.len());
                let on = self.place(which, *elsewhere);
                self.revoke(&caller, on, which).await;
            }
            Step::Token { with, scope } => {
                let with = with.index(self.credentials.len());
                self.token(with, scope.as_ref()).await;
            }
            Step::TokenOfOwn { with, bits } => {
                let with = with.index(self.credentials.len());
                let mut own = names_in(&self.agent(self.credentials[with].credential.agent_id).capabilities);
                own.extend(SELF.map(str::to_owned));
                let asked = own.into_iter().enumerate().filter(|(place, _)| bits >> (place % 16) & 1 == 1);
                let asked: Names = asked.map(|(_, name)| name).collect();
                self.token(with, Some(&asked)).await;
            }
            Step::RevokeToken { with, token } if !self.tokens.is_empty() => {
                let (with, token) = (with.index(self.credentials.len()), token.index(self.tokens.len()));
                self.revoke_token(with, token).await;
            }
            Step::Introspect { with, token } if !self.tokens.is_empty() => {
                let (with, token) = (with.index(self.credentials.len()), token.index(self.tokens.len()));
                self.introspect(with, token).await;
            }
            Step::RevokeToken { .. } | Step::Introspect { .. } => {}
            Step::Look { who, on } => {
                let Some(caller) = self.caller(who).await else { return };
                let on = self.agents[on.index(self.agents.len())].clone();
                self.look(&caller, on).await;
            }
            Step::Audit { who, page } => {
                let Some(caller) = self.caller(who).await else { return };
                self.audit(&caller, *page).await;
            }
            Step::Wait { milliseconds } => {
                self.world.clock.advance(Duration::from_millis(*milliseconds));
                self.world.read_feed().await;
            }
        }
    }

    fn place(&self, which: usize, elsewhere: Option<Index>) -> AgentId {
        let itself = self.credentials[which].credential.agent_id;
        elsewhere.map_or(itself, |index| self.agents[index.index(self.agents.len())].id)
    }

    async fn register(
        &mut self,
        caller: &Principal,
        owner: Option<usize>,
        names: &Names,
        until: Option<Offset>,
        twin: Option<String>,
    ) {
        if !self.door(caller, "agents:write", None).await {
            return;
        }
        let owner = owner.map(|owner| Owner(OWNERS[owner].to_owned()));
        let valid_until = until.map(|offset| self.moment(offset));
        let mut reasons = lacking(caller, &capabilities(names));
        if makes_no_sense(Some(&capabilities(names)), valid_until, self.now()) {
            reasons.insert("invalid_request");
        }
        if owner.as_ref().is_some_and(|owner| !sees(caller, owner)) {
            reasons.insert("other_owner");
        }
        if twin.is_some() {
            reasons.insert("agent_already_exists");
        }
        let mut new = NewAgent { owner, valid_until, ..self.world.new_agent(&[]) };
        new.capabilities = capabilities(names);
        new.email = twin.unwrap_or(new.email);
        let made = register(&self.world.agents, caller, new.clone()).await.expect("no fault");
        let Some(made) = judged(made, &reasons) else { return };
        assert_eq!(made.agent.owner, new.owner.unwrap_or_else(|| caller.owner.clone()));
        assert_eq!((made.agent.status, made.agent.revision), (AgentStatus::Active, 1));
        assert_eq!((&made.agent.capabilities, made.agent.valid_until), (&new.capabilities, new.valid_until));
        let vouched = names_in(&made.agent.capabilities);
        self.agents.push(made.agent);
        self.credentials.push(Held {
            credential: made.credential,
            secret: made.secret,
            replaced: false,
            vouched,
        });
    }

    async fn patch(&mut self, caller: &Principal, on: Agent, patch: AgentPatch, version: &Version) {
        if !self.door(caller, "agents:write", None).await {
            return;
        }
        let mut changed = on.clone();
        changed.owner = patch.owner.clone().unwrap_or(changed.owner);
        changed.capabilities = patch.capabilities.clone().unwrap_or(changed.capabilities);
        changed.valid_until = patch.valid_until.unwrap_or(changed.valid_until);

        let (seen, is_current) = Self::seen(&on, version);
        let mut reasons = self.reach(caller, &on, "agent_not_found");
        if sees(caller, &on.owner) {
            if !is_current {
                reasons.insert("precondition_failed");
            }
            if matches!(on.status, AgentStatus::Revoked | AgentStatus::Archived) {
                reasons.insert("agent_ended");
            }
            if makes_no_sense(patch.capabilities.as_ref(), patch.valid_until.flatten(), self.now()) {
                reasons.insert("invalid_request");
            }
            if patch.owner.as_ref().is_some_and(|owner| !sees(caller, owner)) {
                reasons.insert("other_owner");
            }
            reasons.extend(patch.capabilities.iter().flat_map(|granted| lacking(caller, granted)));
            if self.is_last_admin(&on) && !is_admin(&changed) {
                reasons.insert("agent_last_admin");
            }
        }
        let attempt = Attempt { request: &request(), principal: caller, id: on.id, seen: &seen };
        let answered = self.world.agents.update(attempt, patch).await.expect("no fault");
        if judged(answered, &reasons).is_none() || changed == on {
            return;
        }
        let takes_something = !changed.capabilities.is_superset(&on.capabilities)
            || changed.owner != on.owner
            || changed.valid_until.is_some_and(|until| on.valid_until.is_none_or(|before| until < before));
        if takes_something {
            self.end_tokens(on.id);
        }
        let kept = names_in(&changed.capabilities);
        let of = self.credentials.iter_mut().filter(|held| held.credential.agent_id == on.id);
        of.for_each(|held| held.vouched.retain(|name| kept.contains(name)));
        self.changed(changed);
    }

    async fn move_to(
        &mut self,
        caller: &Principal,
        on: Agent,
        to: AgentStatus,
        version: &Version,
        decommission: bool,
    ) {
        if !self.door(caller, "agents:write", None).await {
            return;
        }
        let (seen, is_current) = Self::seen(&on, version);
        let mut reasons = self.reach(caller, &on, "agent_not_found");
        if sees(caller, &on.owner) {
            if !is_current && on.status != AgentStatus::Archived {
                reasons.insert("precondition_failed");
            }
            if on.status != to && !is_way(on.status, to) {
                reasons.insert("agent_status_has_no_way");
            }
            if on.status != to && self.is_last_admin(&on) {
                reasons.insert("agent_last_admin");
            }
        }
        let attempt = Attempt { request: &request(), principal: caller, id: on.id, seen: &seen };
        let answered = if decommission {
            self.world.agents.decommission(attempt).await.expect("no fault")
        } else {
            let moved = self.world.agents.status_change(attempt, to, Some("a law")).await.expect("no fault");
            moved.map(|agent| assert_eq!(agent.status, to))
        };
        if judged(answered, &reasons).is_none() || on.status == to {
            return;
        }
        if on.status == AgentStatus::Active {
            self.end_tokens(on.id);
        }
        if to == AgentStatus::Archived {
            let of = self.credentials.iter_mut().filter(|held| held.credential.agent_id == on.id);
            of.for_each(|held| held.credential.status = CredentialStatus::Revoked);
        }
        self.changed(Agent { status: to, ..on });
    }

    fn changed(&mut self, agent: Agent) {
        let now = self.now();
        *self.agent_mut(agent.id) = Agent { revision: agent.revision + 1, updated_at: now, ..agent };
    }

    async fn issue(&mut self, caller: &Principal, on: Agent, end: Option<Offset>) {
        if !self.door(caller, "credentials:write", None).await {
            return;
        }
        let expires_at = end.map(|offset| self.moment(offset));
        let mut reasons = self.reach(caller, &on, "agent_not_found");
        if expires_at.is_some_and(|end| end <= self.now()) {
            reasons.insert("invalid_request");
        }
        if sees(caller, &on.owner) {
            reasons.extend(self.no_room(&on, 1));
        }
        let new = NewCredential { label: Some("of a law".to_owned()), expires_at };
        let once = Once { key: None, answer: &|_: &IssuedCredential| Vec::new() };
        let made =
            self.world.credentials.issue(&request(), caller, on.id, new, once).await.expect("no fault");
        let Some(Created::New(made)) = judged(made, &reasons) else { return };
        assert_eq!((made.credential.agent_id, made.credential.expires_at), (on.id, expires_at));
        let vouched = names_in(&on.capabilities);
        self.credentials.push(Held {
            credential: made.credential,
            secret: made.secret,
            replaced: false,
            vouched,
        });
    }

    fn no_room(&self, agent: &Agent, more: usize) -> Option<&'static str> {
        if matches!(agent.status, AgentStatus::Revoked | AgentStatus::Archived) {
            return Some("agent_ended");
        }
        (self.live(agent.id) + more > MOST_LIVE).then_some("credential_too_many")
    }

    async fn rotate(&mut self, caller: &Principal, on: AgentId, which: usize, grace: u64) {
        if !self.door(caller, "credentials:write", Some((on, "self:rotate"))).await {
            return;
        }
        let (old, replaced) = (self.credentials[which].credential.clone(), self.credentials[which].replaced);
        let agent = self.agent(on).clone();
        let itself =
            caller.agent_id == on && caller.credential_id == Some(old.id) && holds(caller, "self:rotate");
        let mut reasons = Reasons::new();
        if !itself {
            reasons.extend(self.reach(caller, &agent, "credential_not_found"));
            if !holds(caller, "credentials:write") && sees(caller, &agent.owner) {
                reasons.insert("insufficient_scope");
            }
        }
        if itself || sees(caller, &agent.owner) {
            if old.agent_id != on {
                reasons.insert("credential_not_found");
            } else {
                if replaced {
                    reasons.insert("credential_replaced");
                }
                if !self.is_live(&old) {
                    reasons.insert("credential_ended");
                }
                reasons.extend(self.no_room(&agent, usize::from(grace > 0)));
            }
        }
        let once = Once { key: None, answer: &|_: &IssuedCredential| Vec::new() };
        let from = request();
        let rotated =
            self.world.credentials.rotate(&from, caller, on, old.id, Duration::from_secs(grace), once);
        let Some(Created::New(made)) = judged(rotated.await.expect("no fault"), &reasons) else { return };

        let (now, new) = (self.now(), made.credential);
        assert_eq!((new.rotated_from, new.agent_id, &new.label), (Some(old.id), on, &old.label));
        let expected = old
            .expires_at
            .map(|end| if holds(caller, "credentials:write") { now + (end - old.created_at) } else { end });
        assert_eq!(new.expires_at, expected, "who holds a secret alone does not lengthen its life");
        let held = &mut self.credentials[which];
        held.replaced = true;
        if grace == 0 {
            held.credential.status = CredentialStatus::Revoked;
        } else {
            let end = now + Duration::from_secs(grace);
            held.credential.expires_at = Some(old.expires_at.map_or(end, |before| before.min(end)));
        }
        // Whoever could issue it vouches for it; whoever holds a secret alone vouches for no more than it was.
        let by_authority =
            holds(caller, "credentials:write") && lacking(caller, &agent.capabilities).is_empty();
        let vouched = match by_authority {
            true => names_in(&agent.capabilities),
            false => self.credentials[which].vouched.clone(),
        };
        self.credentials.push(Held { credential: new, secret: made.secret, replaced: false, vouched });
    }

    async fn revoke(&mut self, caller: &Principal, on: AgentId, which: usize) {
        if !self.door(caller, "credentials:write", None).await {
            return;
        }
        let old = self.credentials[which].credential.clone();
        let agent = self.agent(on).clone();
        let mut reasons = self.reach(caller, &agent, "credential_not_found");
        if old.agent_id != on {
            reasons.insert("credential_not_found");
        } else if self.is_last_admin(&agent) && self.is_live(&old) && self.live(on) == 1 {
            reasons.insert("credential_last_of_admin");
        }
        let revoked = self.world.credentials.revoke(&request(), caller, on, old.id).await.expect("no fault");
        if judged(revoked, &reasons).is_some() {
            self.credentials[which].credential.status = CredentialStatus::Revoked;
        }
    }

    async fn revoke_token(&mut self, with: usize, token: usize) {
        let held = &self.credentials[with];
        let id = held.credential.agent_id;
        let client = self.world.authenticate(&id.to_string(), held.secret.expose()).await;
        assert_eq!(client.is_ok(), self.authenticates(held));
        let Ok(client) = client else { return };
        let (agent, presented) = (self.agent(id), &self.tokens[token]);
        let has = |name: &str| held.vouched.contains(name);
        let may = presented.agent == id
            || (has("tokens:revoke") && presented.owner == agent.owner)
            || has("idp:admin");
        let reasons = match self.is_alive(presented) && !may {
            true => Reasons::from(["token_not_yours"]),
            false => Reasons::new(),
        };
        let text = presented.text.expose();
        let ended = self.world.tokens.revoke(&request(), &client, text).await.expect("no fault");
        if judged(ended, &reasons).is_some() && may {
            self.tokens[token].ended = true;
        }
    }

    /// Whoever asks about a token is told what is true of it, if it is its own or theirs to know of; else that it is dead.
    async fn introspect(&self, with: usize, token: usize) {
        let held = &self.credentials[with];
        let id = held.credential.agent_id;
        let Ok(client) = self.world.authenticate(&id.to_string(), held.secret.expose()).await else { return };
        let presented = &self.tokens[token];
        let has = |name: &str| held.vouched.contains(name);
        let may = presented.agent == id
            || (has("tokens:introspect") && presented.owner == self.agent(id).owner)
            || has("idp:admin");
        let said = self.world.tokens.introspect(&request(), &client, presented.text.expose()).await;
        let said = said.expect("no fault").expect("an answer, whatever the token");
        assert_eq!(said.is_some(), may && self.is_alive(presented), "{:?}: {said:?}", presented.scope);
        if let Some(said) = said {
            assert_eq!((AgentId(said.sub), &said.owner), (presented.agent, &presented.owner.0));
            let scope: Names = said.scope.split(' ').map(str::to_owned).collect();
            assert_eq!(scope, presented.scope);
        }
    }

    /// Reads the audit log to its end: whoever does not see over walls finds what stands behind its own, and all of it.
    async fn audit(&self, caller: &Principal, page: u32) {
        if !self.door(caller, "audit:read", None).await {
            return;
        }
        let everything = self.world.store().audit_list(&AuditFilter::default(), None, 100_000).await;
        let visible = |row: &AuditRow| match &row.owner {
            Some(owner) => sees(caller, owner),
            None => holds(caller, "idp:admin"),
        };
        let everything = everything.expect("a database").into_iter();
        let expected: Vec<_> = everything.filter(visible).map(|row| row.id).collect();
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let listed =
                self.world.events.list(caller, AuditFilter::default(), cursor.as_deref(), page).await;
            let listed = listed.expect("no fault").expect("a page");
            found.extend(listed.items.iter().map(|row| row.id));
            cursor = listed.next_cursor;
            if cursor.is_none() {
                break;
            }
            assert_eq!(listed.items.len(), page as usize, "only the last page is short");
        }
        assert_eq!(found, expected, "the log ends at the wall, and nowhere before");
    }

    /// Looks at an agent, its credentials and all agents: what stands behind a wall is not there.
    async fn look(&mut self, caller: &Principal, on: Agent) {
        if !self.door(caller, "agents:read", Some((on.id, "self:read"))).await {
            return;
        }
        let visible = sees(caller, &on.owner);
        let reasons = |missing| if visible { Reasons::new() } else { Reasons::from([missing]) };
        let found = self.world.agents.get(&request(), caller, on.id).await.expect("no fault");
        judged(found, &reasons("agent_not_found")).inspect(|found| assert_eq!(found.id, on.id));
        let listed =
            self.world.credentials.list(&request(), caller, on.id, None, 100).await.expect("no fault");
        if let Some(page) = judged(listed, &reasons("agent_not_found")) {
            assert!(page.items.iter().all(|one| one.agent_id == on.id));
        }
        for held in &self.credentials {
            let id = held.credential.id;
            let missing = held.credential.agent_id != on.id;
            let got = self.world.credentials.get(&request(), caller, on.id, id).await.expect("no fault");
            judged(
                got,
                &if missing {
                    Reasons::from(["credential_not_found"])
                } else {
                    reasons("credential_not_found")
                },
            );
        }
        if !holds(caller, "agents:read") {
            return;
        }
        let filter = AgentFilter::default();
        let listed =
            self.world.agents.list(caller, filter, None, 100).await.expect("no fault").expect("a page");
        let listed: BTreeSet<_> = listed.items.iter().map(|agent| agent.id).collect();
        let expected: BTreeSet<_> =
            self.agents.iter().filter(|agent| sees(caller, &agent.owner)).map(|agent| agent.id).collect();
        assert_eq!(listed, expected, "a list ends at the wall");
    }

    /// The registry, the secrets and the tokens stand as they must.
    async fn hold(&self) {
        for agent in &self.agents {
            let found =
                self.world.store().agent_get(agent.id, None).await.expect("a database").expect("there");
            assert_eq!(&Agent { last_auth_at: agent.last_auth_at, ..found }, agent);
        }
        assert!(self.agents.iter().any(is_admin), "somebody can still do everything");
        for held in &self.credentials {
            let credential = &held.credential;
            let found = self.world.store().credential_get(credential.agent_id, credential.id).await;
            let found = found.expect("a database").expect("there");
            assert_eq!(&Credential { last_used_at: credential.last_used_at, ..found }, credential);
            let shown = self.world.authenticate(&credential.agent_id.to_string(), held.secret.expose()).await;
            assert_eq!(shown.is_ok(), self.authenticates(held), "{credential:?}");
        }
        for token in self.tokens.iter().rev().take(8) {
            let shown = self.world.bearer(token.text.expose()).await;
            assert_eq!(
                shown.is_ok(),
                self.is_alive(token) && token.is_reserved(),
                "{:?}: {shown:?}",
                token.scope
            );
        }
        // Whoever can still prove itself is told of its tokens what is true of them.
        if let Some(token) = self.tokens.last()
            && let Some(held) = self
                .credentials
                .iter()
                .find(|held| held.credential.agent_id == token.agent && self.authenticates(held))
        {
            let client =
                self.world.authenticate(&token.agent.to_string(), held.secret.expose()).await.expect("in");
            let said = self.world.tokens.introspect(&request(), &client, token.text.expose()).await;
            assert_eq!(said.expect("no fault").expect("an answer").is_some(), self.is_alive(token));
        }
    }
}

fn holds(caller: &Principal, name: &str) -> bool {
    caller.scope.iter().any(|held| held.0 == name)
}

fn sees(caller: &Principal, owner: &Owner) -> bool {
    caller.owner == *owner || holds(caller, "idp:admin")
}

/// Nobody grants, changes, ends, issues or rotates for an agent with a reserved capability that they do not hold.
fn lacking(caller: &Principal, of: &BTreeSet<Capability>) -> Reasons {
    let lacks = of.iter().any(|one| is_reserved(&one.0) && !holds(caller, &one.0));
    lacks.then_some("reserved_capability_not_held").into_iter().collect()
}

fn makes_no_sense(
    capabilities: Option<&BTreeSet<Capability>>,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    until.is_some_and(|until| until <= now)
        || capabilities.is_some_and(|all| all.iter().any(|one| SELF.contains(&one.0.as_str())))
}

/// Somebody to rely on: active, without an end, with `idp:admin`.
fn is_admin(agent: &Agent) -> bool {
    agent.status == AgentStatus::Active
        && agent.valid_until.is_none()
        && agent.capabilities.iter().any(|held| held.0 == "idp:admin")
}

/// `active ⇄ suspended`; `active|suspended → revoked`; any other `→ archived`.
fn is_way(from: AgentStatus, to: AgentStatus) -> bool {
    use AgentStatus::{Active, Archived, Revoked, Suspended};
    let ways: &[AgentStatus] = match from {
        Active => &[Suspended, Revoked, Archived],
        Suspended => &[Active, Revoked, Archived],
        Revoked => &[Archived],
        Archived => &[],
    };
    ways.contains(&to)
}

/// What was done, if nothing spoke against it; else why not, which must be one of the reasons.
#[track_caller]
fn judged<T>(answered: Answered<T>, reasons: &Reasons) -> Option<T> {
    match answered {
        Ok(done) => {
            assert!(reasons.is_empty(), "it was done in spite of {reasons:?}");
            Some(done)
        }
        Err(refusal) => {
            let said = Refusal::reason(&refusal);
            assert!(reasons.contains(said), "refused with {said}; reasons are {reasons:?}");
            None
        }
    }
}

/// A history of these steps on a node, which is handed back.
async fn keeps_the_laws<I: Store>(world: World<I>, steps: &[Step]) -> World<I> {
    let mut history = History::begin(world).await;
    for step in steps {
        history.take(step).await;
        history.hold().await;
    }
    history.world
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_laws(steps in prop::collection::vec(step(), 30..70)) {
        runtime().block_on(async { keeps_the_laws(World::new().await, &steps).await });
    }
}

proptest! {
    // Fewer, as each has a database of the server's: the laws are the same, and so is the code but for the SQL.
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn every_history_keeps_the_laws_on_postgres(steps in prop::collection::vec(step(), 30..70)) {
        runtime().block_on(async {
            let world = keeps_the_laws(World::on_postgres().await, &steps).await;
            world.place.remove().await;
        });
    }
}
