//! The schemas of the specification as Rust types, each with the checks that its constraints ask for.

#![allow(unused_imports, reason = "one list of imports for every specification")]

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check::{self, Check, Found, Pointer};
use crate::params::{FromText, Texts};
use crate::{models, types};

/// An agent. `lastAuthAt` is exact to a minute and not part of what `ETag` and `updatedAt` stand for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Agent {
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(rename = "id", deserialize_with = "types::uuids")]
    pub id: uuid::Uuid,
    /// An email address, unique for ever whatever the case of its letters.
    #[serde(rename = "email")]
    pub email: String,
    /// What kind of agent it is, as a slug.
    #[serde(rename = "agentType")]
    pub agent_type: String,
    /// The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
    #[serde(rename = "version")]
    pub version: String,
    /// What the agent may do, sorted.
    #[serde(rename = "capabilities")]
    pub capabilities: Vec<String>,
    /// The developer or team that an agent belongs to.
    #[serde(rename = "owner")]
    pub owner: String,
    /// `deploymentEnv`
    #[serde(rename = "deploymentEnv")]
    pub deployment_env: models::DeploymentEnv,
    /// `status`
    #[serde(rename = "status")]
    pub status: models::AgentStatus,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(rename = "createdAt")]
    pub created_at: crate::types::Timestamp,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(rename = "updatedAt")]
    pub updated_at: crate::types::Timestamp,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "lastAuthAt",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub last_auth_at: Option<crate::types::Timestamp>,
    /// What the owner wants to keep with the agent. At most 16 KiB of JSON, nested at most 8 deep, without U+0000.
    #[serde(
        rename = "metadata",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub metadata: Option<crate::types::JsonObject>,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "validUntil",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub valid_until: Option<crate::types::Timestamp>,
}

impl Serialize for Agent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Agent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Agent {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.id;
        {
            let at = &at.key("id");
            let _ = (value, at);
        }
        let value = &self.email;
        {
            let at = &at.key("email");

            check::min_length(value, 3, at, found);
            check::max_length(value, 254, at, found);

            check::email(value, at, found);
            let _ = (value, at);
        }
        let value = &self.agent_type;
        {
            let at = &at.key("agentType");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.version;
        {
            let at = &at.key("version");

            check::min_length(value, 5, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
                    check::compiled(
                        "^v?(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)([.](0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?([+][0-9a-zA-Z-]+([.][0-9a-zA-Z-]+)*)?$",
                    )
                });
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.capabilities;
        {
            let at = &at.key("capabilities");

            check::max_items(value, 64, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::min_length(value, 3, at, found);
                check::max_length(value, 128, at, found);

                {
                    static PATTERN: LazyLock<Regex> =
                        LazyLock::new(|| check::compiled("^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*$"));
                    check::pattern(value, &PATTERN, at, found);
                }
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.owner;
        {
            let at = &at.key("owner");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.deployment_env;
        {
            let at = &at.key("deploymentEnv");
            let _ = (value, at);
        }
        let value = &self.status;
        {
            let at = &at.key("status");
            let _ = (value, at);
        }
        let value = &self.created_at;
        {
            let at = &at.key("createdAt");
            let _ = (value, at);
        }
        let value = &self.updated_at;
        {
            let at = &at.key("updatedAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.last_auth_at {
            let at = &at.key("lastAuthAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.metadata {
            let at = &at.key("metadata");

            check::max_properties(value.0.len(), 64, at, found);
            check::max_depth(value, 8, at, found);
            check::max_bytes(value, 16384, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.valid_until {
            let at = &at.key("validUntil");
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A page of agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AgentPage {
    /// The agents, newest first.
    #[serde(rename = "items")]
    pub items: Vec<models::Agent>,
    /// A position in a list. Opaque, and good only for the list that gave it, with the filters that it had.
    #[serde(
        rename = "nextCursor",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub next_cursor: Option<String>,
}

impl Serialize for AgentPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AgentPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AgentPage {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.items;
        {
            let at = &at.key("items");

            check::max_items(value, 100, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                value.check(at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.next_cursor {
            let at = &at.key("nextCursor");

            check::min_length(value, 1, at, found);
            check::max_length(value, 512, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// What to change of an agent (RFC 7396).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AgentPatch {
    /// What kind of agent it is, as a slug.
    #[serde(
        rename = "agentType",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub agent_type: Option<String>,
    /// The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
    #[serde(
        rename = "version",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub version: Option<String>,
    /// What the agent may do; replaces what it has.
    #[serde(
        rename = "capabilities",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub capabilities: Option<Vec<String>>,
    /// The developer or team that an agent belongs to.
    #[serde(
        rename = "owner",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub owner: Option<String>,
    /// `deploymentEnv`
    #[serde(
        rename = "deploymentEnv",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub deployment_env: Option<models::DeploymentEnv>,
    /// Members to set, or with `null` to remove; `null` as a whole removes all. What results is bounded like `Metadata`.
    #[serde(
        rename = "metadata",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub metadata: Option<Option<crate::types::JsonObject>>,
    /// A time in the future, after which the agent authenticates no more; `null` takes the end away.
    #[serde(
        rename = "validUntil",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub valid_until: Option<Option<crate::types::Timestamp>>,
}

impl Serialize for AgentPatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AgentPatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AgentPatch {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        if let Some(value) = &self.agent_type {
            let at = &at.key("agentType");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.version {
            let at = &at.key("version");

            check::min_length(value, 5, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
                    check::compiled(
                        "^v?(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)([.](0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?([+][0-9a-zA-Z-]+([.][0-9a-zA-Z-]+)*)?$",
                    )
                });
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.capabilities {
            let at = &at.key("capabilities");

            check::max_items(value, 64, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::min_length(value, 3, at, found);
                check::max_length(value, 128, at, found);

                {
                    static PATTERN: LazyLock<Regex> =
                        LazyLock::new(|| check::compiled("^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*$"));
                    check::pattern(value, &PATTERN, at, found);
                }
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.owner {
            let at = &at.key("owner");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.deployment_env {
            let at = &at.key("deploymentEnv");
            let _ = (value, at);
        }
        if let Some(Some(value)) = &self.metadata {
            let at = &at.key("metadata");

            check::max_properties(value.0.len(), 64, at, found);
            check::max_depth(value, 8, at, found);
            check::max_bytes(value, 16384, at, found);
            let _ = (value, at);
        }
        if let Some(Some(value)) = &self.valid_until {
            let at = &at.key("validUntil");
            let _ = (value, at);
        }
        let members = [
            self.agent_type.is_some(),
            self.version.is_some(),
            self.capabilities.is_some(),
            self.owner.is_some(),
            self.deployment_env.is_some(),
            self.metadata.is_some(),
            self.valid_until.is_some(),
        ];
        let members = members.into_iter().filter(|is_there| *is_there).count();
        check::min_properties(members, 1, at, found);
        let _ = (at, found);
    }
}

/// A registered agent and its first credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AgentRegistration {
    /// `agent`
    #[serde(rename = "agent")]
    pub agent: models::Agent,
    /// `credential`
    #[serde(rename = "credential")]
    pub credential: models::IssuedCredential,
}

impl Serialize for AgentRegistration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AgentRegistration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AgentRegistration {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.agent;
        {
            let at = &at.key("agent");

            value.check(at, found);
            let _ = (value, at);
        }
        let value = &self.credential;
        {
            let at = &at.key("credential");

            value.check(at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// `active` agents authenticate, no others do. `active` and `suspended` lead to each other; both lead to `revoked`, which leads only to `archived`; `archived` is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AgentStatus {
    /// "active"
    Active,
    /// "suspended"
    Suspended,
    /// "revoked"
    Revoked,
    /// "archived"
    Archived,
}

impl AgentStatus {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Active, Self::Suspended, Self::Revoked, Self::Archived];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Archived => "archived",
        }
    }
}

impl fmt::Display for AgentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for AgentStatus {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for AgentStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AgentStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// What happened. Those that end in `.counted` stand for as many happenings as `data.count` says: what anonymous callers can cause without limit, what is refused by a rate limit, and what changes nothing, is counted per caller, address prefix and minute. After `audit.pruned` what events say whose leaves lie below `data.minimumIndex` is shown to nobody, and a week later it is removed; their hashes stay. `server.configured` has the `data.settings` that a server started with, by their names, and `data.previous` for those that are other ones than in the last such event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuditAction {
    /// "agent.registered"
    AgentRegistered,
    /// "agent.updated"
    AgentUpdated,
    /// "agent.suspended"
    AgentSuspended,
    /// "agent.reactivated"
    AgentReactivated,
    /// "agent.revoked"
    AgentRevoked,
    /// "agent.archived"
    AgentArchived,
    /// "credential.issued"
    CredentialIssued,
    /// "credential.rotated"
    CredentialRotated,
    /// "credential.revoked"
    CredentialRevoked,
    /// "credential.expired"
    CredentialExpired,
    /// "token.issued"
    TokenIssued,
    /// "token.refused"
    TokenRefused,
    /// "token.revoked"
    TokenRevoked,
    /// "audit.pruned"
    AuditPruned,
    /// "audit.reopened"
    AuditReopened,
    /// "key.created"
    KeyCreated,
    /// "key.rotated"
    KeyRotated,
    /// "key.resealed"
    KeyResealed,
    /// "server.bootstrapped"
    ServerBootstrapped,
    /// "server.recovered"
    ServerRecovered,
    /// "server.configured"
    ServerConfigured,
    /// "access.denied"
    AccessDenied,
    /// "authentication.failed.counted"
    AuthenticationFailedCounted,
    /// "token.introspected.counted"
    TokenIntrospectedCounted,
    /// "request.limited.counted"
    RequestLimitedCounted,
}

impl AuditAction {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[
        Self::AgentRegistered,
        Self::AgentUpdated,
        Self::AgentSuspended,
        Self::AgentReactivated,
        Self::AgentRevoked,
        Self::AgentArchived,
        Self::CredentialIssued,
        Self::CredentialRotated,
        Self::CredentialRevoked,
        Self::CredentialExpired,
        Self::TokenIssued,
        Self::TokenRefused,
        Self::TokenRevoked,
        Self::AuditPruned,
        Self::AuditReopened,
        Self::KeyCreated,
        Self::KeyRotated,
        Self::KeyResealed,
        Self::ServerBootstrapped,
        Self::ServerRecovered,
        Self::ServerConfigured,
        Self::AccessDenied,
        Self::AuthenticationFailedCounted,
        Self::TokenIntrospectedCounted,
        Self::RequestLimitedCounted,
    ];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentRegistered => "agent.registered",
            Self::AgentUpdated => "agent.updated",
            Self::AgentSuspended => "agent.suspended",
            Self::AgentReactivated => "agent.reactivated",
            Self::AgentRevoked => "agent.revoked",
            Self::AgentArchived => "agent.archived",
            Self::CredentialIssued => "credential.issued",
            Self::CredentialRotated => "credential.rotated",
            Self::CredentialRevoked => "credential.revoked",
            Self::CredentialExpired => "credential.expired",
            Self::TokenIssued => "token.issued",
            Self::TokenRefused => "token.refused",
            Self::TokenRevoked => "token.revoked",
            Self::AuditPruned => "audit.pruned",
            Self::AuditReopened => "audit.reopened",
            Self::KeyCreated => "key.created",
            Self::KeyRotated => "key.rotated",
            Self::KeyResealed => "key.resealed",
            Self::ServerBootstrapped => "server.bootstrapped",
            Self::ServerRecovered => "server.recovered",
            Self::ServerConfigured => "server.configured",
            Self::AccessDenied => "access.denied",
            Self::AuthenticationFailedCounted => "authentication.failed.counted",
            Self::TokenIntrospectedCounted => "token.introspected.counted",
            Self::RequestLimitedCounted => "request.limited.counted",
        }
    }
}

impl fmt::Display for AuditAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for AuditAction {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for AuditAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AuditAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// Who did it, how it authenticated, and with which credential: for a bearer that is the one which its token was issued to, and the token is named as well (where the event is not a count).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AuditActor {
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(
        rename = "agentId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub agent_id: Option<uuid::Uuid>,
    /// `method`
    #[serde(rename = "method")]
    pub method: models::AuditMethod,
    /// A credential's id.
    #[serde(
        rename = "credentialId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub credential_id: Option<uuid::Uuid>,
    /// An access token's id, its `jti` (RFC 7519 section 4.1.7).
    #[serde(
        rename = "tokenId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub token_id: Option<String>,
}

impl Serialize for AuditActor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AuditActor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AuditActor {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        if let Some(value) = &self.agent_id {
            let at = &at.key("agentId");
            let _ = (value, at);
        }
        let value = &self.method;
        {
            let at = &at.key("method");
            let _ = (value, at);
        }
        if let Some(value) = &self.credential_id {
            let at = &at.key("credentialId");
            let _ = (value, at);
        }
        if let Some(value) = &self.token_id {
            let at = &at.key("tokenId");

            check::min_length(value, 16, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]{16,64}$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// An event as it was recorded. Events are never changed or removed one by one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AuditEvent {
    /// An audit event's id (UUIDv7, so that ids sort by time).
    #[serde(rename = "id", deserialize_with = "types::uuids")]
    pub id: uuid::Uuid,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(rename = "time")]
    pub time: crate::types::Timestamp,
    /// `action`
    #[serde(rename = "action")]
    pub action: models::AuditAction,
    /// `outcome`
    #[serde(rename = "outcome")]
    pub outcome: models::AuditOutcome,
    /// Why it ended so, as a code.
    #[serde(
        rename = "reason",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub reason: Option<String>,
    /// `actor`
    #[serde(rename = "actor")]
    pub actor: models::AuditActor,
    /// `subject`
    #[serde(rename = "subject")]
    pub subject: models::AuditSubject,
    /// The developer or team that an agent belongs to.
    #[serde(
        rename = "owner",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub owner: Option<String>,
    /// The id of a request.
    #[serde(
        rename = "requestId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub request_id: Option<String>,
    /// The address, or the prefix of addresses, that it came from.
    #[serde(
        rename = "address",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub address: Option<String>,
    /// What else is worth knowing, by action. Never a secret or a token.
    #[serde(rename = "data")]
    pub data: crate::types::JsonObject,
    /// 128 random bits, so that the event cannot be guessed from its hash.
    #[serde(rename = "salt")]
    pub salt: String,
}

impl Serialize for AuditEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AuditEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AuditEvent {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.id;
        {
            let at = &at.key("id");
            let _ = (value, at);
        }
        let value = &self.time;
        {
            let at = &at.key("time");
            let _ = (value, at);
        }
        let value = &self.action;
        {
            let at = &at.key("action");
            let _ = (value, at);
        }
        let value = &self.outcome;
        {
            let at = &at.key("outcome");
            let _ = (value, at);
        }
        if let Some(value) = &self.reason {
            let at = &at.key("reason");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[a-z][a-z0-9_]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.actor;
        {
            let at = &at.key("actor");

            value.check(at, found);
            let _ = (value, at);
        }
        let value = &self.subject;
        {
            let at = &at.key("subject");

            value.check(at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.owner {
            let at = &at.key("owner");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.request_id {
            let at = &at.key("requestId");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9._-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.address {
            let at = &at.key("address");

            check::min_length(value, 2, at, found);
            check::max_length(value, 64, at, found);
            let _ = (value, at);
        }
        let value = &self.data;
        {
            let at = &at.key("data");

            check::max_properties(value.0.len(), 64, at, found);
            check::max_depth(value, 8, at, found);
            check::max_bytes(value, 8192, at, found);
            let _ = (value, at);
        }
        let value = &self.salt;
        {
            let at = &at.key("salt");

            check::min_length(value, 32, at, found);
            check::max_length(value, 32, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[0-9a-f]{32}$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A page of audit events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AuditEventPage {
    /// The events, newest first.
    #[serde(rename = "items")]
    pub items: Vec<models::AuditEvent>,
    /// A position in a list. Opaque, and good only for the list that gave it, with the filters that it had.
    #[serde(
        rename = "nextCursor",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub next_cursor: Option<String>,
}

impl Serialize for AuditEventPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AuditEventPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AuditEventPage {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.items;
        {
            let at = &at.key("items");

            check::max_items(value, 100, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                value.check(at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.next_cursor {
            let at = &at.key("nextCursor");

            check::min_length(value, 1, at, found);
            check::max_length(value, 512, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// How the actor authenticated: with a secret in the header or in the form, with an access token, as somebody at the server's own command line (`local`), as the server itself (`system`), or not at all (`none`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuditMethod {
    /// "client_secret_basic"
    ClientSecretBasic,
    /// "client_secret_post"
    ClientSecretPost,
    /// "bearer"
    Bearer,
    /// "local"
    Local,
    /// "system"
    System,
    /// "none"
    None,
}

impl AuditMethod {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::Bearer,
        Self::Local,
        Self::System,
        Self::None,
    ];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::Bearer => "bearer",
            Self::Local => "local",
            Self::System => "system",
            Self::None => "none",
        }
    }
}

impl fmt::Display for AuditMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for AuditMethod {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for AuditMethod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AuditMethod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// How it ended. `denied` is a refusal, `failure` a fault. No event has `failure` so far: what fails is undone together with its event, it is answered 500 or 503, and the server's own log has it; most often the fault is that of the database which an event would have to be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuditOutcome {
    /// "success"
    Success,
    /// "denied"
    Denied,
    /// "failure"
    Failure,
}

impl AuditOutcome {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Success, Self::Denied, Self::Failure];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failure => "failure",
        }
    }
}

impl fmt::Display for AuditOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for AuditOutcome {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for AuditOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AuditOutcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AuditSubject {
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(
        rename = "agentId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub agent_id: Option<uuid::Uuid>,
    /// A credential's id.
    #[serde(
        rename = "credentialId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub credential_id: Option<uuid::Uuid>,
    /// An access token's id, its `jti` (RFC 7519 section 4.1.7).
    #[serde(
        rename = "tokenId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub token_id: Option<String>,
}

impl Serialize for AuditSubject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AuditSubject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for AuditSubject {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        if let Some(value) = &self.agent_id {
            let at = &at.key("agentId");
            let _ = (value, at);
        }
        if let Some(value) = &self.credential_id {
            let at = &at.key("credentialId");
            let _ = (value, at);
        }
        if let Some(value) = &self.token_id {
            let at = &at.key("tokenId");

            check::min_length(value, 16, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]{16,64}$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// How a client authenticates (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AuthenticationMethod {
    /// "client_secret_basic"
    ClientSecretBasic,
    /// "client_secret_post"
    ClientSecretPost,
}

impl AuthenticationMethod {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::ClientSecretBasic, Self::ClientSecretPost];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}

impl fmt::Display for AuthenticationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for AuthenticationMethod {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for AuthenticationMethod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AuthenticationMethod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// That a log continues an earlier one (RFC 6962 section 2.1.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ConsistencyProof {
    /// How many events a log has, or which of them, from 0.
    #[serde(rename = "from")]
    pub from: u64,
    /// How many events a log has, or which of them, from 0.
    #[serde(rename = "to")]
    pub to: u64,
    /// The hashes that show it, from the leaves up.
    #[serde(rename = "hashes")]
    pub hashes: Vec<String>,
    /// A text and the lines that sign it (C2SP `signed-note`).
    #[serde(rename = "checkpoint")]
    pub checkpoint: String,
}

impl Serialize for ConsistencyProof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ConsistencyProof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for ConsistencyProof {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.from;
        {
            let at = &at.key("from");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 9007199254740991, at, found);
            let _ = (value, at);
        }
        let value = &self.to;
        {
            let at = &at.key("to");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 9007199254740991, at, found);
            let _ = (value, at);
        }
        let value = &self.hashes;
        {
            let at = &at.key("hashes");

            check::max_items(value, 64, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                {
                    static PATTERN: LazyLock<Regex> =
                        LazyLock::new(|| check::compiled("^[A-Za-z0-9+/]{43}=$"));
                    check::pattern(value, &PATTERN, at, found);
                }
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.checkpoint;
        {
            let at = &at.key("checkpoint");

            check::min_length(value, 1, at, found);
            check::max_length(value, 4096, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A credential, without anything that could prove it. `lastUsedAt` is exact to a minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Credential {
    /// A credential's id.
    #[serde(rename = "id", deserialize_with = "types::uuids")]
    pub id: uuid::Uuid,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(rename = "agentId", deserialize_with = "types::uuids")]
    pub agent_id: uuid::Uuid,
    /// What its owner calls a credential.
    #[serde(
        rename = "label",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub label: Option<String>,
    /// `status`
    #[serde(rename = "status")]
    pub status: models::CredentialStatus,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(rename = "createdAt")]
    pub created_at: crate::types::Timestamp,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "expiresAt",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub expires_at: Option<crate::types::Timestamp>,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "lastUsedAt",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub last_used_at: Option<crate::types::Timestamp>,
    /// A credential's id.
    #[serde(
        rename = "rotatedFrom",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub rotated_from: Option<uuid::Uuid>,
}

impl Serialize for Credential {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Credential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Credential {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.id;
        {
            let at = &at.key("id");
            let _ = (value, at);
        }
        let value = &self.agent_id;
        {
            let at = &at.key("agentId");
            let _ = (value, at);
        }
        if let Some(value) = &self.label {
            let at = &at.key("label");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[^\\x00-\\x1f\\x7f]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.status;
        {
            let at = &at.key("status");
            let _ = (value, at);
        }
        let value = &self.created_at;
        {
            let at = &at.key("createdAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.expires_at {
            let at = &at.key("expiresAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.last_used_at {
            let at = &at.key("lastUsedAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.rotated_from {
            let at = &at.key("rotatedFrom");
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A page of credentials.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct CredentialPage {
    /// The credentials, newest first.
    #[serde(rename = "items")]
    pub items: Vec<models::Credential>,
    /// A position in a list. Opaque, and good only for the list that gave it, with the filters that it had.
    #[serde(
        rename = "nextCursor",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub next_cursor: Option<String>,
}

impl Serialize for CredentialPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for CredentialPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for CredentialPage {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.items;
        {
            let at = &at.key("items");

            check::max_items(value, 100, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                value.check(at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.next_cursor {
            let at = &at.key("nextCursor");

            check::min_length(value, 1, at, found);
            check::max_length(value, 512, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// Whether a credential can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CredentialStatus {
    /// "active"
    Active,
    /// "revoked"
    Revoked,
    /// "expired"
    Expired,
}

impl CredentialStatus {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Active, Self::Revoked, Self::Expired];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for CredentialStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for CredentialStatus {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for CredentialStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CredentialStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// Where an agent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeploymentEnv {
    /// "development"
    Development,
    /// "staging"
    Staging,
    /// "production"
    Production,
}

impl DeploymentEnv {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Development, Self::Staging, Self::Production];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for DeploymentEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for DeploymentEnv {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for DeploymentEnv {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DeploymentEnv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// Why a request was not fulfilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Error {
    /// `code`
    #[serde(rename = "code")]
    pub code: models::ErrorCode,
    /// What went wrong and what to do, for people.
    #[serde(rename = "message")]
    pub message: String,
    /// `details`
    #[serde(
        rename = "details",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub details: Option<models::ErrorDetails>,
    /// The id of a request.
    #[serde(rename = "requestId")]
    pub request_id: String,
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Error {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.code;
        {
            let at = &at.key("code");
            let _ = (value, at);
        }
        let value = &self.message;
        {
            let at = &at.key("message");

            check::min_length(value, 1, at, found);
            check::max_length(value, 1024, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.details {
            let at = &at.key("details");

            value.check(at, found);
            let _ = (value, at);
        }
        let value = &self.request_id;
        {
            let at = &at.key("requestId");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9._-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorCode {
    /// "VALIDATION_ERROR"
    ValidationError,
    /// "AUTHENTICATION_ERROR"
    AuthenticationError,
    /// "AUTHORIZATION_ERROR"
    AuthorizationError,
    /// "AGENT_NOT_FOUND"
    AgentNotFound,
    /// "AGENT_ALREADY_EXISTS"
    AgentAlreadyExists,
    /// "AGENT_CONFLICT"
    AgentConflict,
    /// "CREDENTIAL_NOT_FOUND"
    CredentialNotFound,
    /// "AUDIT_EVENT_NOT_FOUND"
    AuditEventNotFound,
    /// "CREDENTIAL_CONFLICT"
    CredentialConflict,
    /// "IDEMPOTENCY_CONFLICT"
    IdempotencyConflict,
    /// "PRECONDITION_FAILED"
    PreconditionFailed,
    /// "RATE_LIMIT_EXCEEDED"
    RateLimitExceeded,
    /// "PAYLOAD_TOO_LARGE"
    PayloadTooLarge,
    /// "UNSUPPORTED_MEDIA_TYPE"
    UnsupportedMediaType,
    /// "NOT_FOUND"
    NotFound,
    /// "METHOD_NOT_ALLOWED"
    MethodNotAllowed,
    /// "REQUEST_TIMEOUT"
    RequestTimeout,
    /// "REQUEST_HEADER_FIELDS_TOO_LARGE"
    RequestHeaderFieldsTooLarge,
    /// "SERVICE_UNAVAILABLE"
    ServiceUnavailable,
    /// "INTERNAL_ERROR"
    InternalError,
}

impl ErrorCode {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[
        Self::ValidationError,
        Self::AuthenticationError,
        Self::AuthorizationError,
        Self::AgentNotFound,
        Self::AgentAlreadyExists,
        Self::AgentConflict,
        Self::CredentialNotFound,
        Self::AuditEventNotFound,
        Self::CredentialConflict,
        Self::IdempotencyConflict,
        Self::PreconditionFailed,
        Self::RateLimitExceeded,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::RequestHeaderFieldsTooLarge,
        Self::ServiceUnavailable,
        Self::InternalError,
    ];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ValidationError => "VALIDATION_ERROR",
            Self::AuthenticationError => "AUTHENTICATION_ERROR",
            Self::AuthorizationError => "AUTHORIZATION_ERROR",
            Self::AgentNotFound => "AGENT_NOT_FOUND",
            Self::AgentAlreadyExists => "AGENT_ALREADY_EXISTS",
            Self::AgentConflict => "AGENT_CONFLICT",
            Self::CredentialNotFound => "CREDENTIAL_NOT_FOUND",
            Self::AuditEventNotFound => "AUDIT_EVENT_NOT_FOUND",
            Self::CredentialConflict => "CREDENTIAL_CONFLICT",
            Self::IdempotencyConflict => "IDEMPOTENCY_CONFLICT",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::RateLimitExceeded => "RATE_LIMIT_EXCEEDED",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::RequestHeaderFieldsTooLarge => "REQUEST_HEADER_FIELDS_TOO_LARGE",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for ErrorCode {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// More about an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ErrorDetails {
    /// Each fault that was found.
    #[serde(rename = "violations")]
    pub violations: Vec<models::Violation>,
}

impl Serialize for ErrorDetails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ErrorDetails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for ErrorDetails {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.violations;
        {
            let at = &at.key("violations");

            check::min_items(value, 1, at, found);
            check::max_items(value, 100, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                value.check(at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// The first line of an export. It has either `start` or `filter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ExportBeginning {
    /// A text and the lines that sign it (C2SP `signed-note`).
    #[serde(rename = "checkpoint")]
    pub checkpoint: String,
    /// How many events a log has, or which of them, from 0.
    #[serde(rename = "treeSize")]
    pub tree_size: u64,
    /// How many events a log has, or which of them, from 0.
    #[serde(
        rename = "start",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub start: Option<u64>,
    /// `filter`
    #[serde(
        rename = "filter",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub filter: Option<models::ExportFilter>,
}

impl Serialize for ExportBeginning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ExportBeginning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for ExportBeginning {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.checkpoint;
        {
            let at = &at.key("checkpoint");

            check::min_length(value, 1, at, found);
            check::max_length(value, 4096, at, found);
            let _ = (value, at);
        }
        let value = &self.tree_size;
        {
            let at = &at.key("treeSize");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 9007199254740991, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.start {
            let at = &at.key("start");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 9007199254740991, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.filter {
            let at = &at.key("filter");

            value.check(at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// What the events of an export have in common: the filter that was asked for, and the owner whose events alone were exported. Without `owner` they are everybody's, which takes `idp:admin`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ExportFilter {
    /// The developer or team that an agent belongs to.
    #[serde(
        rename = "owner",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub owner: Option<String>,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(
        rename = "agentId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub agent_id: Option<uuid::Uuid>,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(
        rename = "actorId",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub actor_id: Option<uuid::Uuid>,
    /// `action`
    #[serde(
        rename = "action",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub action: Option<models::AuditAction>,
    /// `outcome`
    #[serde(
        rename = "outcome",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub outcome: Option<models::AuditOutcome>,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "from",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub from: Option<crate::types::Timestamp>,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "to",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub to: Option<crate::types::Timestamp>,
}

impl Serialize for ExportFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ExportFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for ExportFilter {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        if let Some(value) = &self.owner {
            let at = &at.key("owner");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.agent_id {
            let at = &at.key("agentId");
            let _ = (value, at);
        }
        if let Some(value) = &self.actor_id {
            let at = &at.key("actorId");
            let _ = (value, at);
        }
        if let Some(value) = &self.action {
            let at = &at.key("action");
            let _ = (value, at);
        }
        if let Some(value) = &self.outcome {
            let at = &at.key("outcome");
            let _ = (value, at);
        }
        if let Some(value) = &self.from {
            let at = &at.key("from");
            let _ = (value, at);
        }
        if let Some(value) = &self.to {
            let at = &at.key("to");
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// The state of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Health {
    /// `status`
    #[serde(rename = "status")]
    pub status: models::HealthStatus,
    /// The server's version.
    #[serde(rename = "version")]
    pub version: String,
    /// Each thing that the server depends on.
    #[serde(
        rename = "checks",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub checks: Option<Vec<models::HealthCheck>>,
}

impl Serialize for Health {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Health {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Health {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.status;
        {
            let at = &at.key("status");
            let _ = (value, at);
        }
        let value = &self.version;
        {
            let at = &at.key("version");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.checks {
            let at = &at.key("checks");

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                value.check(at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// The state of one thing that the server depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct HealthCheck {
    /// `name`
    #[serde(rename = "name")]
    pub name: models::HealthCheckName,
    /// `status`
    #[serde(rename = "status")]
    pub status: models::HealthStatus,
    /// What is wrong, for people.
    #[serde(
        rename = "message",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub message: Option<String>,
}

impl Serialize for HealthCheck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for HealthCheck {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for HealthCheck {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.name;
        {
            let at = &at.key("name");
            let _ = (value, at);
        }
        let value = &self.status;
        {
            let at = &at.key("status");
            let _ = (value, at);
        }
        if let Some(value) = &self.message {
            let at = &at.key("message");

            check::min_length(value, 1, at, found);
            check::max_length(value, 512, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// What was checked. `audit` is whether events can be written, and `auditTree` whether they are taken into the log's tree and signed: while they are not, the server goes on, and what happens meanwhile can be removed unnoticed. `redis` is there when the server is configured with one, and `serving` when the server is about to stop: it still answers, and whoever distributes requests should send it no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HealthCheckName {
    /// "database"
    Database,
    /// "changeFeed"
    ChangeFeed,
    /// "signingKeys"
    SigningKeys,
    /// "audit"
    Audit,
    /// "auditTree"
    AuditTree,
    /// "redis"
    Redis,
    /// "serving"
    Serving,
}

impl HealthCheckName {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[
        Self::Database,
        Self::ChangeFeed,
        Self::SigningKeys,
        Self::Audit,
        Self::AuditTree,
        Self::Redis,
        Self::Serving,
    ];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::ChangeFeed => "changeFeed",
            Self::SigningKeys => "signingKeys",
            Self::Audit => "audit",
            Self::AuditTree => "auditTree",
            Self::Redis => "redis",
            Self::Serving => "serving",
        }
    }
}

impl fmt::Display for HealthCheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for HealthCheckName {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for HealthCheckName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HealthCheckName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// Whether something works. `degraded` is what the server can do its work without, if more slowly or with less, and the server while it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HealthStatus {
    /// "ok"
    Ok,
    /// "degraded"
    Degraded,
    /// "unavailable"
    Unavailable,
}

impl HealthStatus {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Ok, Self::Degraded, Self::Unavailable];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for HealthStatus {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for HealthStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HealthStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// That an event is in the log (RFC 6962 section 2.1.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct InclusionProof {
    /// An audit event's id (UUIDv7, so that ids sort by time).
    #[serde(rename = "eventId", deserialize_with = "types::uuids")]
    pub event_id: uuid::Uuid,
    /// How many events a log has, or which of them, from 0.
    #[serde(rename = "leafIndex")]
    pub leaf_index: u64,
    /// A SHA-256 hash in base64.
    #[serde(rename = "leafHash")]
    pub leaf_hash: String,
    /// How many events a log has, or which of them, from 0.
    #[serde(rename = "treeSize")]
    pub tree_size: u64,
    /// A SHA-256 hash in base64.
    #[serde(rename = "rootHash")]
    pub root_hash: String,
    /// The hashes beside the way to the root, from the leaf up.
    #[serde(rename = "hashes")]
    pub hashes: Vec<String>,
    /// A text and the lines that sign it (C2SP `signed-note`).
    #[serde(rename = "checkpoint")]
    pub checkpoint: String,
}

impl Serialize for InclusionProof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for InclusionProof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for InclusionProof {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.event_id;
        {
            let at = &at.key("eventId");
            let _ = (value, at);
        }
        let value = &self.leaf_index;
        {
            let at = &at.key("leafIndex");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 9007199254740991, at, found);
            let _ = (value, at);
        }
        let value = &self.leaf_hash;
        {
            let at = &at.key("leafHash");

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9+/]{43}=$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.tree_size;
        {
            let at = &at.key("treeSize");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 9007199254740991, at, found);
            let _ = (value, at);
        }
        let value = &self.root_hash;
        {
            let at = &at.key("rootHash");

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9+/]{43}=$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.hashes;
        {
            let at = &at.key("hashes");

            check::max_items(value, 64, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                {
                    static PATTERN: LazyLock<Regex> =
                        LazyLock::new(|| check::compiled("^[A-Za-z0-9+/]{43}=$"));
                    check::pattern(value, &PATTERN, at, found);
                }
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.checkpoint;
        {
            let at = &at.key("checkpoint");

            check::min_length(value, 1, at, found);
            check::max_length(value, 4096, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// The form of the introspection endpoint. Unknown parameters are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct IntrospectionRequest {
    /// A signed access token (RFC 9068).
    #[serde(rename = "token")]
    pub token: crate::types::Secret,
    /// What kind of token it is thought to be (RFC 7662 section 2.1). A wrong hint does no harm.
    #[serde(
        rename = "token_type_hint",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub token_type_hint: Option<String>,
    /// The agent's id, when the client authenticates in the form.
    #[serde(
        rename = "client_id",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub client_id: Option<String>,
    /// The client secret, when the client authenticates in the form.
    #[serde(
        rename = "client_secret",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub client_secret: Option<crate::types::Secret>,
}

impl Serialize for IntrospectionRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for IntrospectionRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for IntrospectionRequest {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.token;
        {
            let at = &at.key("token");

            check::min_length(value, 1, at, found);
            check::max_length(value, 65536, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.token_type_hint {
            let at = &at.key("token_type_hint");

            check::max_length(value, 255, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.client_id {
            let at = &at.key("client_id");

            check::max_length(value, 255, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.client_secret {
            let at = &at.key("client_secret");

            check::max_length(value, 1024, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

impl IntrospectionRequest {
    /// The names that the form knows.
    pub const PARAMETERS: &[&str] = &["token", "token_type_hint", "client_id", "client_secret"];
    /// Those of them that may be there more than once.
    pub const REPEATABLE: &[&str] = &[];
    /// Reads the form's parameters; the names that it does not know are passed over.
    ///
    /// # Errors
    /// What is wrong with them, all of it.
    pub fn from_texts(texts: &Texts<'_>) -> Result<Self, Found> {
        let mut found = Found::default();
        let token = texts.one("token", &mut found);
        texts.require("token", token.is_some(), &mut found);
        let token_type_hint = texts.one("token_type_hint", &mut found);
        let client_id = texts.one("client_id", &mut found);
        let client_secret = texts.one("client_secret", &mut found);
        let Some(token) = token else { return Err(found) };
        let form = Self { token, token_type_hint, client_id, client_secret };
        form.check(&Pointer::parameters(texts.place()), &mut found);
        if found.is_empty() { Ok(form) } else { Err(found) }
    }
}

/// What a token says (RFC 7662 section 2.2). When `active` is false there is nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct IntrospectionResponse {
    /// Whether the token can be used now.
    #[serde(rename = "active")]
    pub active: bool,
    /// Capabilities separated by single spaces (RFC 6749 section 3.3).
    #[serde(
        rename = "scope",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub scope: Option<String>,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(
        rename = "client_id",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub client_id: Option<uuid::Uuid>,
    /// `token_type`
    #[serde(
        rename = "token_type",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub token_type: Option<models::TokenType>,
    /// Seconds since 1970-01-01T00:00:00Z (RFC 7519 section 2).
    #[serde(
        rename = "exp",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub exp: Option<u64>,
    /// Seconds since 1970-01-01T00:00:00Z (RFC 7519 section 2).
    #[serde(
        rename = "iat",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub iat: Option<u64>,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(
        rename = "sub",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub sub: Option<uuid::Uuid>,
    /// The APIs that the token is for.
    #[serde(
        rename = "aud",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub aud: Option<Vec<String>>,
    /// The server that issued it.
    #[serde(
        rename = "iss",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub iss: Option<String>,
    /// An access token's id, its `jti` (RFC 7519 section 4.1.7).
    #[serde(
        rename = "jti",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub jti: Option<String>,
    /// What kind of agent it is, as a slug.
    #[serde(
        rename = "agent_type",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub agent_type: Option<String>,
    /// The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
    #[serde(
        rename = "agent_version",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub agent_version: Option<String>,
    /// The developer or team that an agent belongs to.
    #[serde(
        rename = "owner",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub owner: Option<String>,
    /// `deployment_env`
    #[serde(
        rename = "deployment_env",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub deployment_env: Option<models::DeploymentEnv>,
    /// A credential's id.
    #[serde(
        rename = "credential_id",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub credential_id: Option<uuid::Uuid>,
    /// The position in the change feed at which the token was decided. A later change that concerns its subject ends it.
    #[serde(
        rename = "rev",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub rev: Option<u64>,
}

impl Serialize for IntrospectionResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for IntrospectionResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for IntrospectionResponse {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.active;
        {
            let at = &at.key("active");
            let _ = (value, at);
        }
        if let Some(value) = &self.scope {
            let at = &at.key("scope");

            check::max_length(value, 16384, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.client_id {
            let at = &at.key("client_id");
            let _ = (value, at);
        }
        if let Some(value) = &self.token_type {
            let at = &at.key("token_type");
            let _ = (value, at);
        }
        if let Some(value) = &self.exp {
            let at = &at.key("exp");

            check::minimum(*value, 0, at, found);

            check::maximum(*value, i64::MAX.unsigned_abs(), at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.iat {
            let at = &at.key("iat");

            check::minimum(*value, 0, at, found);

            check::maximum(*value, i64::MAX.unsigned_abs(), at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.sub {
            let at = &at.key("sub");
            let _ = (value, at);
        }
        if let Some(value) = &self.aud {
            let at = &at.key("aud");

            check::min_items(value, 1, at, found);
            check::max_items(value, 16, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::max_length(value, 2048, at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.iss {
            let at = &at.key("iss");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.jti {
            let at = &at.key("jti");

            check::min_length(value, 16, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]{16,64}$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.agent_type {
            let at = &at.key("agent_type");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.agent_version {
            let at = &at.key("agent_version");

            check::min_length(value, 5, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
                    check::compiled(
                        "^v?(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)([.](0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?([+][0-9a-zA-Z-]+([.][0-9a-zA-Z-]+)*)?$",
                    )
                });
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.owner {
            let at = &at.key("owner");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.deployment_env {
            let at = &at.key("deployment_env");
            let _ = (value, at);
        }
        if let Some(value) = &self.credential_id {
            let at = &at.key("credential_id");
            let _ = (value, at);
        }
        if let Some(value) = &self.rev {
            let at = &at.key("rev");

            check::minimum(*value, 0, at, found);

            check::maximum(*value, i64::MAX.unsigned_abs(), at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A credential at the one moment when its secret is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct IssuedCredential {
    /// A credential's id.
    #[serde(rename = "id", deserialize_with = "types::uuids")]
    pub id: uuid::Uuid,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(rename = "agentId", deserialize_with = "types::uuids")]
    pub agent_id: uuid::Uuid,
    /// An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
    #[serde(rename = "clientId", deserialize_with = "types::uuids")]
    pub client_id: uuid::Uuid,
    /// A client secret: `sas_`, the credential's id, 256 random bits and a checksum. Shown once, at issue; the server keeps only hashes of it.
    #[serde(rename = "clientSecret")]
    pub client_secret: crate::types::Secret,
    /// What its owner calls a credential.
    #[serde(
        rename = "label",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub label: Option<String>,
    /// `status`
    #[serde(rename = "status")]
    pub status: models::CredentialStatus,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(rename = "createdAt")]
    pub created_at: crate::types::Timestamp,
    /// A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
    #[serde(
        rename = "expiresAt",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub expires_at: Option<crate::types::Timestamp>,
    /// A credential's id.
    #[serde(
        rename = "rotatedFrom",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present_uuids"
    )]
    pub rotated_from: Option<uuid::Uuid>,
}

impl Serialize for IssuedCredential {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for IssuedCredential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for IssuedCredential {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.id;
        {
            let at = &at.key("id");
            let _ = (value, at);
        }
        let value = &self.agent_id;
        {
            let at = &at.key("agentId");
            let _ = (value, at);
        }
        let value = &self.client_id;
        {
            let at = &at.key("clientId");
            let _ = (value, at);
        }
        let value = &self.client_secret;
        {
            let at = &at.key("clientSecret");

            check::min_length(value, 64, at, found);
            check::max_length(value, 128, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.label {
            let at = &at.key("label");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[^\\x00-\\x1f\\x7f]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.status;
        {
            let at = &at.key("status");
            let _ = (value, at);
        }
        let value = &self.created_at;
        {
            let at = &at.key("createdAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.expires_at {
            let at = &at.key("expiresAt");
            let _ = (value, at);
        }
        if let Some(value) = &self.rotated_from {
            let at = &at.key("rotatedFrom");
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A public key (RFC 7517 section 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Jwk {
    /// `kty`
    #[serde(rename = "kty")]
    pub kty: models::KeyType,
    /// The key's id, which a token's header names.
    #[serde(rename = "kid")]
    pub kid: String,
    /// `use`
    #[serde(rename = "use")]
    pub r_use: models::KeyUse,
    /// `alg`
    #[serde(rename = "alg")]
    pub alg: models::SigningAlgorithm,
    /// `crv`
    #[serde(
        rename = "crv",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub crv: Option<models::KeyCurve>,
    /// A number that is part of a public key, as base64url without padding.
    #[serde(
        rename = "x",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub x: Option<String>,
    /// A number that is part of a public key, as base64url without padding.
    #[serde(
        rename = "y",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub y: Option<String>,
    /// A number that is part of a public key, as base64url without padding.
    #[serde(
        rename = "n",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub n: Option<String>,
    /// A number that is part of a public key, as base64url without padding.
    #[serde(
        rename = "e",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub e: Option<String>,
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Jwk {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.kty;
        {
            let at = &at.key("kty");
            let _ = (value, at);
        }
        let value = &self.kid;
        {
            let at = &at.key("kid");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);
            let _ = (value, at);
        }
        let value = &self.r_use;
        {
            let at = &at.key("use");
            let _ = (value, at);
        }
        let value = &self.alg;
        {
            let at = &at.key("alg");
            let _ = (value, at);
        }
        if let Some(value) = &self.crv {
            let at = &at.key("crv");
            let _ = (value, at);
        }
        if let Some(value) = &self.x {
            let at = &at.key("x");

            check::min_length(value, 1, at, found);
            check::max_length(value, 2048, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.y {
            let at = &at.key("y");

            check::min_length(value, 1, at, found);
            check::max_length(value, 2048, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.n {
            let at = &at.key("n");

            check::min_length(value, 1, at, found);
            check::max_length(value, 2048, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.e {
            let at = &at.key("e");

            check::min_length(value, 1, at, found);
            check::max_length(value, 2048, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// Public keys (RFC 7517 section 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct JwkSet {
    /// The keys, never none.
    #[serde(rename = "keys")]
    pub keys: Vec<models::Jwk>,
}

impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for JwkSet {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.keys;
        {
            let at = &at.key("keys");

            check::min_items(value, 1, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                value.check(at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A curve (RFC 7518 section 6.2.1.1, RFC 8037 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCurve {
    /// "P-256"
    P256,
    /// "Ed25519"
    Ed25519,
}

impl KeyCurve {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::P256, Self::Ed25519];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::Ed25519 => "Ed25519",
        }
    }
}

impl fmt::Display for KeyCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for KeyCurve {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for KeyCurve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyCurve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// A key type (RFC 7518 section 6.1, RFC 8037 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyType {
    /// "EC"
    Ec,
    /// "OKP"
    Okp,
    /// "RSA"
    Rsa,
}

impl KeyType {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Ec, Self::Okp, Self::Rsa];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ec => "EC",
            Self::Okp => "OKP",
            Self::Rsa => "RSA",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for KeyType {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for KeyType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// What a key is for (RFC 7517 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyUse {
    /// "sig"
    Sig,
}

impl KeyUse {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Sig];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sig => "sig",
        }
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for KeyUse {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for KeyUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// An agent to register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct NewAgent {
    /// An email address, unique for ever whatever the case of its letters.
    #[serde(rename = "email")]
    pub email: String,
    /// What kind of agent it is, as a slug.
    #[serde(rename = "agentType")]
    pub agent_type: String,
    /// The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
    #[serde(rename = "version")]
    pub version: String,
    /// What the agent may do.
    #[serde(rename = "capabilities")]
    pub capabilities: Vec<String>,
    /// The developer or team that an agent belongs to.
    #[serde(
        rename = "owner",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub owner: Option<String>,
    /// `deploymentEnv`
    #[serde(rename = "deploymentEnv")]
    pub deployment_env: models::DeploymentEnv,
    /// What the owner wants to keep with the agent. At most 16 KiB of JSON, nested at most 8 deep, without U+0000.
    #[serde(
        rename = "metadata",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub metadata: Option<crate::types::JsonObject>,
    /// A time that lies in the future (RFC 3339), with any offset.
    #[serde(
        rename = "validUntil",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub valid_until: Option<crate::types::Timestamp>,
}

impl Serialize for NewAgent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for NewAgent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for NewAgent {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.email;
        {
            let at = &at.key("email");

            check::min_length(value, 3, at, found);
            check::max_length(value, 254, at, found);

            check::email(value, at, found);
            let _ = (value, at);
        }
        let value = &self.agent_type;
        {
            let at = &at.key("agentType");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.version;
        {
            let at = &at.key("version");

            check::min_length(value, 5, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
                    check::compiled(
                        "^v?(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)(-(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)([.](0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*)?([+][0-9a-zA-Z-]+([.][0-9a-zA-Z-]+)*)?$",
                    )
                });
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.capabilities;
        {
            let at = &at.key("capabilities");

            check::max_items(value, 64, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::min_length(value, 3, at, found);
                check::max_length(value, 128, at, found);

                {
                    static PATTERN: LazyLock<Regex> =
                        LazyLock::new(|| check::compiled("^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*$"));
                    check::pattern(value, &PATTERN, at, found);
                }
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.owner {
            let at = &at.key("owner");

            check::min_length(value, 1, at, found);
            check::max_length(value, 128, at, found);

            {
                static PATTERN: LazyLock<Regex> =
                    LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let value = &self.deployment_env;
        {
            let at = &at.key("deploymentEnv");
            let _ = (value, at);
        }
        if let Some(value) = &self.metadata {
            let at = &at.key("metadata");

            check::max_properties(value.0.len(), 64, at, found);
            check::max_depth(value, 8, at, found);
            check::max_bytes(value, 16384, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.valid_until {
            let at = &at.key("validUntil");
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// What a new credential is to be like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct NewCredential {
    /// What its owner calls a credential.
    #[serde(
        rename = "label",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub label: Option<String>,
    /// A time that lies in the future (RFC 3339), with any offset.
    #[serde(
        rename = "expiresAt",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub expires_at: Option<crate::types::Timestamp>,
}

impl Serialize for NewCredential {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for NewCredential {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for NewCredential {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        if let Some(value) = &self.label {
            let at = &at.key("label");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[^\\x00-\\x1f\\x7f]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.expires_at {
            let at = &at.key("expiresAt");
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// Why an OAuth request was not fulfilled (RFC 6749 section 5.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct OAuthError {
    /// `error`
    #[serde(rename = "error")]
    pub error: models::OAuthErrorCode,
    /// The same for people; printable ASCII without double quotes and backslashes.
    #[serde(rename = "error_description")]
    pub error_description: String,
    /// A page about the error.
    #[serde(
        rename = "error_uri",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub error_uri: Option<String>,
}

impl Serialize for OAuthError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for OAuthError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for OAuthError {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.error;
        {
            let at = &at.key("error");
            let _ = (value, at);
        }
        let value = &self.error_description;
        {
            let at = &at.key("error_description");

            check::min_length(value, 1, at, found);
            check::max_length(value, 1024, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.error_uri {
            let at = &at.key("error_uri");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// What went wrong (RFC 6749 section 5.2, RFC 8707 section 2; the last two as in RFC 6749 section 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OAuthErrorCode {
    /// "invalid_request"
    InvalidRequest,
    /// "invalid_client"
    InvalidClient,
    /// "invalid_grant"
    InvalidGrant,
    /// "unauthorized_client"
    UnauthorizedClient,
    /// "unsupported_grant_type"
    UnsupportedGrantType,
    /// "invalid_scope"
    InvalidScope,
    /// "invalid_target"
    InvalidTarget,
    /// "server_error"
    ServerError,
    /// "temporarily_unavailable"
    TemporarilyUnavailable,
}

impl OAuthErrorCode {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::ServerError,
        Self::TemporarilyUnavailable,
    ];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

impl fmt::Display for OAuthErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for OAuthErrorCode {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for OAuthErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for OAuthErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// A response type that is listed because one must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResponseType {
    /// "none"
    None,
}

impl ResponseType {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::None];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
        }
    }
}

impl fmt::Display for ResponseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for ResponseType {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for ResponseType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResponseType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// The form of the revocation endpoint. Unknown parameters are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct RevocationRequest {
    /// A signed access token (RFC 9068).
    #[serde(rename = "token")]
    pub token: crate::types::Secret,
    /// What kind of token it is thought to be (RFC 7662 section 2.1). A wrong hint does no harm.
    #[serde(
        rename = "token_type_hint",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub token_type_hint: Option<String>,
    /// The agent's id, when the client authenticates in the form.
    #[serde(
        rename = "client_id",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub client_id: Option<String>,
    /// The client secret, when the client authenticates in the form.
    #[serde(
        rename = "client_secret",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub client_secret: Option<crate::types::Secret>,
}

impl Serialize for RevocationRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RevocationRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for RevocationRequest {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.token;
        {
            let at = &at.key("token");

            check::min_length(value, 1, at, found);
            check::max_length(value, 65536, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.token_type_hint {
            let at = &at.key("token_type_hint");

            check::max_length(value, 255, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.client_id {
            let at = &at.key("client_id");

            check::max_length(value, 255, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.client_secret {
            let at = &at.key("client_secret");

            check::max_length(value, 1024, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

impl RevocationRequest {
    /// The names that the form knows.
    pub const PARAMETERS: &[&str] = &["token", "token_type_hint", "client_id", "client_secret"];
    /// Those of them that may be there more than once.
    pub const REPEATABLE: &[&str] = &[];
    /// Reads the form's parameters; the names that it does not know are passed over.
    ///
    /// # Errors
    /// What is wrong with them, all of it.
    pub fn from_texts(texts: &Texts<'_>) -> Result<Self, Found> {
        let mut found = Found::default();
        let token = texts.one("token", &mut found);
        texts.require("token", token.is_some(), &mut found);
        let token_type_hint = texts.one("token_type_hint", &mut found);
        let client_id = texts.one("client_id", &mut found);
        let client_secret = texts.one("client_secret", &mut found);
        let Some(token) = token else { return Err(found) };
        let form = Self { token, token_type_hint, client_id, client_secret };
        form.check(&Pointer::parameters(texts.place()), &mut found);
        if found.is_empty() { Ok(form) } else { Err(found) }
    }
}

/// How a credential is replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Rotation {
    /// How long the old secret lives on, in seconds; 0 unless given.
    #[serde(
        rename = "gracePeriodSeconds",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub grace_period_seconds: Option<u32>,
}

impl Serialize for Rotation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Rotation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Rotation {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        if let Some(value) = &self.grace_period_seconds {
            let at = &at.key("gracePeriodSeconds");

            check::minimum(*value, 0, at, found);
            check::maximum(*value, 604800, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// Authorization server metadata (RFC 8414 section 2). There is no authorization endpoint, so `response_types_supported` is `none`; `subject_types_supported` and `id_token_signing_alg_values_supported` are there for OpenID libraries, which demand them, although no ID tokens are issued: the algorithm is the one that signs access tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ServerMetadata {
    /// The issuer, which is also the base of the URL that this document was fetched under.
    #[serde(rename = "issuer")]
    pub issuer: String,
    /// Where tokens are issued.
    #[serde(rename = "token_endpoint")]
    pub token_endpoint: String,
    /// Where tokens are ended.
    #[serde(rename = "revocation_endpoint")]
    pub revocation_endpoint: String,
    /// How clients authenticate there.
    #[serde(rename = "revocation_endpoint_auth_methods_supported")]
    pub revocation_endpoint_auth_methods_supported: Vec<models::AuthenticationMethod>,
    /// Where tokens are introspected.
    #[serde(rename = "introspection_endpoint")]
    pub introspection_endpoint: String,
    /// Where the public keys are. Absent when the server signs with a shared secret.
    #[serde(
        rename = "jwks_uri",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub jwks_uri: Option<String>,
    /// The reserved scopes. Ordinary ones are whatever agents have as capabilities.
    #[serde(rename = "scopes_supported")]
    pub scopes_supported: Vec<String>,
    /// Always `none`, as there is no authorization endpoint: the member is required (RFC 8414 section 2), an empty list is not allowed (section 3.2), and this type gives nothing.
    #[serde(rename = "response_types_supported")]
    pub response_types_supported: Vec<models::ResponseType>,
    /// The grants that the token endpoint accepts.
    #[serde(rename = "grant_types_supported")]
    pub grant_types_supported: Vec<String>,
    /// How clients authenticate at the token endpoint.
    #[serde(rename = "token_endpoint_auth_methods_supported")]
    pub token_endpoint_auth_methods_supported: Vec<models::AuthenticationMethod>,
    /// How callers authenticate at the introspection endpoint.
    #[serde(rename = "introspection_endpoint_auth_methods_supported")]
    pub introspection_endpoint_auth_methods_supported: Vec<models::AuthenticationMethod>,
    /// Where people read about this server.
    #[serde(rename = "service_documentation")]
    pub service_documentation: String,
    /// Every API sees the same subject.
    #[serde(rename = "subject_types_supported")]
    pub subject_types_supported: Vec<models::SubjectType>,
    /// The algorithm that signs access tokens.
    #[serde(rename = "id_token_signing_alg_values_supported")]
    pub id_token_signing_alg_values_supported: Vec<models::SigningAlgorithm>,
}

impl Serialize for ServerMetadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ServerMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for ServerMetadata {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.issuer;
        {
            let at = &at.key("issuer");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        let value = &self.token_endpoint;
        {
            let at = &at.key("token_endpoint");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        let value = &self.revocation_endpoint;
        {
            let at = &at.key("revocation_endpoint");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        let value = &self.revocation_endpoint_auth_methods_supported;
        {
            let at = &at.key("revocation_endpoint_auth_methods_supported");

            check::min_items(value, 1, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.introspection_endpoint;
        {
            let at = &at.key("introspection_endpoint");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.jwks_uri {
            let at = &at.key("jwks_uri");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        let value = &self.scopes_supported;
        {
            let at = &at.key("scopes_supported");

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::min_length(value, 3, at, found);
                check::max_length(value, 128, at, found);

                {
                    static PATTERN: LazyLock<Regex> =
                        LazyLock::new(|| check::compiled("^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*$"));
                    check::pattern(value, &PATTERN, at, found);
                }
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.response_types_supported;
        {
            let at = &at.key("response_types_supported");

            check::min_items(value, 1, at, found);
            check::max_items(value, 1, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.grant_types_supported;
        {
            let at = &at.key("grant_types_supported");

            check::min_items(value, 1, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::min_length(value, 1, at, found);
                check::max_length(value, 255, at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.token_endpoint_auth_methods_supported;
        {
            let at = &at.key("token_endpoint_auth_methods_supported");

            check::min_items(value, 1, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.introspection_endpoint_auth_methods_supported;
        {
            let at = &at.key("introspection_endpoint_auth_methods_supported");

            check::min_items(value, 1, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.service_documentation;
        {
            let at = &at.key("service_documentation");

            check::uri(value, at, found);
            let _ = (value, at);
        }
        let value = &self.subject_types_supported;
        {
            let at = &at.key("subject_types_supported");

            check::min_items(value, 1, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let value = &self.id_token_signing_alg_values_supported;
        {
            let at = &at.key("id_token_signing_alg_values_supported");

            check::min_items(value, 1, at, found);

            check::unique_items(value, at, found);
            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    /// "ES256"
    Es256,
    /// "EdDSA"
    EdDsa,
    /// "RS256"
    Rs256,
    /// "HS256"
    Hs256,
}

impl SigningAlgorithm {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Es256, Self::EdDsa, Self::Rs256, Self::Hs256];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for SigningAlgorithm {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for SigningAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SigningAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// A new status of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct StatusChange {
    /// `status`
    #[serde(rename = "status")]
    pub status: models::AgentStatus,
    /// Why, for the audit log.
    #[serde(rename = "reason")]
    pub reason: String,
}

impl Serialize for StatusChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for StatusChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for StatusChange {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.status;
        {
            let at = &at.key("status");
            let _ = (value, at);
        }
        let value = &self.reason;
        {
            let at = &at.key("reason");

            check::min_length(value, 1, at, found);
            check::max_length(value, 256, at, found);

            {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[^\\x00-\\x1f\\x7f]+$"));
                check::pattern(value, &PATTERN, at, found);
            }
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// How subjects are named to different APIs (OpenID Connect Core 1.0 section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectType {
    /// "public"
    Public,
}

impl SubjectType {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Public];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
        }
    }
}

impl fmt::Display for SubjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for SubjectType {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for SubjectType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SubjectType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// The form of the token endpoint. Unknown parameters are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct TokenRequest {
    /// How the token is asked for. `client_credentials` is the only grant there is; others are `unsupported_grant_type`.
    #[serde(rename = "grant_type")]
    pub grant_type: String,
    /// Capabilities separated by single spaces (RFC 6749 section 3.3).
    #[serde(
        rename = "scope",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub scope: Option<String>,
    /// The APIs that the token is for. This parameter alone may be repeated.
    #[serde(
        rename = "resource",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub resource: Option<Vec<String>>,
    /// The agent's id, when the client authenticates in the form.
    #[serde(
        rename = "client_id",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub client_id: Option<String>,
    /// The client secret, when the client authenticates in the form.
    #[serde(
        rename = "client_secret",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub client_secret: Option<crate::types::Secret>,
}

impl Serialize for TokenRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for TokenRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for TokenRequest {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.grant_type;
        {
            let at = &at.key("grant_type");

            check::min_length(value, 1, at, found);
            check::max_length(value, 255, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.scope {
            let at = &at.key("scope");

            check::max_length(value, 16384, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.resource {
            let at = &at.key("resource");

            check::max_items(value, 16, at, found);

            for (index, value) in value.iter().enumerate() {
                let at = &at.index(index);

                check::max_length(value, 2048, at, found);
                let _ = (value, at);
            }
            let _ = (value, at);
        }
        if let Some(value) = &self.client_id {
            let at = &at.key("client_id");

            check::max_length(value, 255, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.client_secret {
            let at = &at.key("client_secret");

            check::max_length(value, 1024, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

impl TokenRequest {
    /// The names that the form knows.
    pub const PARAMETERS: &[&str] = &["grant_type", "scope", "resource", "client_id", "client_secret"];
    /// Those of them that may be there more than once.
    pub const REPEATABLE: &[&str] = &["resource"];
    /// Reads the form's parameters; the names that it does not know are passed over.
    ///
    /// # Errors
    /// What is wrong with them, all of it.
    pub fn from_texts(texts: &Texts<'_>) -> Result<Self, Found> {
        let mut found = Found::default();
        let grant_type = texts.one("grant_type", &mut found);
        texts.require("grant_type", grant_type.is_some(), &mut found);
        let scope = texts.one("scope", &mut found);
        let resource = texts.many("resource", &mut found);
        let client_id = texts.one("client_id", &mut found);
        let client_secret = texts.one("client_secret", &mut found);
        let Some(grant_type) = grant_type else { return Err(found) };
        let form = Self {
            grant_type,
            scope,
            resource: (!resource.is_empty()).then_some(resource),
            client_id,
            client_secret,
        };
        form.check(&Pointer::parameters(texts.place()), &mut found);
        if found.is_empty() { Ok(form) } else { Err(found) }
    }
}

/// An issued token (RFC 6749 section 5.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct TokenResponse {
    /// A signed access token (RFC 9068).
    #[serde(rename = "access_token")]
    pub access_token: crate::types::Secret,
    /// `token_type`
    #[serde(rename = "token_type")]
    pub token_type: models::TokenType,
    /// The token's lifetime in seconds.
    #[serde(rename = "expires_in")]
    pub expires_in: u32,
    /// Capabilities separated by single spaces (RFC 6749 section 3.3).
    #[serde(
        rename = "scope",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "types::present"
    )]
    pub scope: Option<String>,
}

impl Serialize for TokenResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for TokenResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for TokenResponse {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.access_token;
        {
            let at = &at.key("access_token");

            check::min_length(value, 1, at, found);
            check::max_length(value, 65536, at, found);
            let _ = (value, at);
        }
        let value = &self.token_type;
        {
            let at = &at.key("token_type");
            let _ = (value, at);
        }
        let value = &self.expires_in;
        {
            let at = &at.key("expires_in");

            check::minimum(*value, 1, at, found);
            check::maximum(*value, 86400, at, found);
            let _ = (value, at);
        }
        if let Some(value) = &self.scope {
            let at = &at.key("scope");

            check::max_length(value, 16384, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// How the token is used (RFC 6750).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenType {
    /// "Bearer"
    Bearer,
}

impl TokenType {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Bearer];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
        }
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for TokenType {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for TokenType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TokenType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}

/// One fault of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Violation {
    /// `in`
    #[serde(rename = "in")]
    pub r_in: models::ViolationLocation,
    /// Where in that part. A JSON pointer (RFC 6901) in a body, else the name of the parameter.
    #[serde(rename = "path")]
    pub path: String,
    /// The rule that was broken, by the name it has in this document where it has one.
    #[serde(rename = "rule")]
    pub rule: String,
    /// What to do about it, for people.
    #[serde(rename = "message")]
    pub message: String,
}

impl Serialize for Violation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Violation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(types::Objects(deserializer))
    }
}

impl Check for Violation {
    fn check(&self, at: &Pointer<'_>, found: &mut Found) {
        let value = &self.r_in;
        {
            let at = &at.key("in");
            let _ = (value, at);
        }
        let value = &self.path;
        {
            let at = &at.key("path");

            check::max_length(value, 512, at, found);
            let _ = (value, at);
        }
        let value = &self.rule;
        {
            let at = &at.key("rule");

            check::min_length(value, 1, at, found);
            check::max_length(value, 64, at, found);
            let _ = (value, at);
        }
        let value = &self.message;
        {
            let at = &at.key("message");

            check::min_length(value, 1, at, found);
            check::max_length(value, 512, at, found);
            let _ = (value, at);
        }
        let _ = (at, found);
    }
}

/// Which part of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ViolationLocation {
    /// "body"
    Body,
    /// "query"
    Query,
    /// "path"
    Path,
    /// "header"
    Header,
    /// "form"
    Form,
}

impl ViolationLocation {
    /// Every value, in the order of the specification.
    pub const ALL: &[Self] = &[Self::Body, Self::Query, Self::Path, Self::Header, Self::Form];
    /// The value as it stands in the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
            Self::Form => "form",
        }
    }
}

impl fmt::Display for ViolationLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for ViolationLocation {
    const RULE: &'static str = "enum";
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.as_str() == text)
            .ok_or_else(|| check::one_of(Self::ALL.iter().map(|value| value.as_str())))
    }
}

impl Serialize for ViolationLocation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ViolationLocation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        types::text(deserializer)
    }
}
