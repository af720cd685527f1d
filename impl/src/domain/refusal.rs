//! Refusals and faults: why something was not done, as values.
//!
//! A refusal is an answer (the caller may not, or asked for what cannot be); a fault is ours (the database is away, a
//! row is impossible). What the client may read is [`Refusal::message`]; what the log and the audit trail keep is
//! [`Refusal::reason`]. Nothing here knows of status codes: `api/error.rs` has the one table.

use std::fmt;

use super::agents::AgentStatus;
use super::limits::Taken;
use super::policy::Capability;
use crate::crypto::CryptoFault;
use crate::store::StoreFault;

/// What a service answers: the thing itself, or why not.
pub type Answered<T> = Result<T, Refusal>;

/// Seconds after which a caller that was turned away for want of room or knowledge may try again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request was not fulfilled, in the vocabulary of the product and without any transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such agent, or it stands behind another owner's wall.
    AgentNotFound,
    /// There is no such credential of that agent, or the agent stands behind another owner's wall.
    CredentialNotFound,
    /// There is no such event, or it stands behind another owner's wall.
    EventNotFound,
    /// The event is not in the log's tree up to its last checkpoint: a second later it is.
    EventNotInLog,
    /// The log has no such tile or bundle up to its last checkpoint, or the content of its events is gone.
    TileNotFound,
    /// The agent has another revision than the caller has seen (RFC 9110 §13.1.1).
    PreconditionFailed,
    /// The agent stands where this cannot be done to it.
    AgentConflict(AgentConflict),
    /// The credential, or its agent, stands where this cannot be done.
    CredentialConflict(CredentialConflict),
    /// The email belongs to another agent, perhaps an archived one, perhaps of another owner.
    AgentAlreadyExists,
    /// The caller is known and has the scope, yet may not do this.
    NotPermitted(NotPermitted),
    /// The request is well-formed by the specification and still makes no sense; each fault is named.
    Invalid(Vec<Violation>),
    /// The access token presented does not prove anything (RFC 6750 §3.1 `invalid_token`).
    InvalidToken(TokenFlaw),
    /// The access token is good but its scope does not reach (RFC 6750 §3.1 `insufficient_scope`).
    InsufficientScope {
        /// What the scope would have to hold.
        required: Vec<Capability>,
    },
    /// Client authentication failed (RFC 6749 §5.2 `invalid_client`); the flaw is for the audit log alone.
    InvalidClient(ClientFlaw),
    /// A parameter of an OAuth request is missing or malformed (RFC 6749 §5.2 `invalid_request`); the text is for the
    /// client and holds nothing that the client sent.
    InvalidRequest(&'static str),
    /// Only `client_credentials` is served (RFC 6749 §5.2 `unsupported_grant_type`).
    UnsupportedGrantType,
    /// The scope asked for cannot be granted (RFC 6749 §5.2 `invalid_scope`).
    InvalidScope(ScopeFlaw),
    /// A resource asked for is not an absolute URI without fragment, not allowed, or cannot go with the scope
    /// (RFC 8707 §2 `invalid_target`).
    InvalidTarget(TargetFlaw),
    /// The idempotency key cannot be answered.
    IdempotencyConflict(IdempotencyConflict),
    /// The token lives and is not this client's to end (RFC 7009 §2.1).
    TokenNotYours,
    /// The caller, or the network that it is in, has used up what it may ask for at a time.
    RateLimited(Taken),
    /// There is no room in a bounded queue: of slow hashing, or of the audit log.
    Overloaded,
    /// This node has not read the change feed lately enough to know who is still trusted, and so does not say yes.
    Stale,
}

/// Why an agent cannot be changed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentConflict {
    /// It is revoked or archived, and changes no more.
    Ended(AgentStatus),
    /// There is no way from the one status to the other.
    NoWay {
        /// Where it stands.
        from: AgentStatus,
        /// Where it was to go.
        to: AgentStatus,
    },
    /// It is the last active agent with `idp:admin`.
    LastAdmin,
}

/// Why a credential cannot be issued or rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialConflict {
    /// Its agent is revoked or archived.
    AgentEnded(AgentStatus),
    /// It is revoked or has expired.
    Ended,
    /// Another was issued in its place already.
    Replaced,
    /// It is the last live one of the last active agent with `idp:admin`.
    LastOfAdmin,
    /// The agent has as many live credentials as there may be.
    TooMany,
}

/// Why a request with an idempotency key gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdempotencyConflict {
    /// The key was used for another request.
    OtherRequest,
    /// The same request is in work at the same time.
    Twin,
    /// The answer carried a secret and is kept no more.
    SecretGone,
}

/// What a caller with the right scope still may not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPermitted {
    /// Acting for another owner takes `idp:admin`.
    OtherOwner,
    /// Nobody grants a reserved capability that the token presented does not hold.
    ReservedCapabilityNotHeld(Capability),
}

/// One fault of a request, as the specification's `Violation` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The part of the request: `body`, `query`, `path`, `header` or `form`.
    pub location: &'static str,
    /// Where in that part: a JSON pointer in a body, else the parameter's name.
    pub path: String,
    /// The rule that was broken.
    pub rule: &'static str,
    /// What to do about it.
    pub message: String,
}

/// What is wrong with an access token. The client is told no more than RFC 6750 needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenFlaw {
    /// There is none (RFC 6750 §3.1: the challenge then carries no error code).
    Missing,
    /// Not three parts of base64url with JSON inside, or without a claim that each of ours has.
    Malformed,
    /// The header's `typ` is not `at+jwt` (RFC 9068 §4).
    WrongType,
    /// The header names no key of ours, or an algorithm that is not that key's (RFC 8725 §3.1).
    UnknownKey,
    /// The signature does not fit.
    BadSignature,
    /// Another server's token.
    WrongIssuer,
    /// A token for somebody else's API.
    WrongAudience,
    /// Its time is over.
    Expired,
    /// It was ended before its time.
    Ended,
}

impl TokenFlaw {
    /// The code for logs and the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "token_missing",
            Self::Malformed => "token_malformed",
            Self::WrongType => "token_wrong_type",
            Self::UnknownKey => "token_unknown_key",
            Self::BadSignature => "token_bad_signature",
            Self::WrongIssuer => "token_wrong_issuer",
            Self::WrongAudience => "token_wrong_audience",
            Self::Expired => "token_expired",
            Self::Ended => "token_ended",
        }
    }
}

/// Why a client did not authenticate. Only the audit log ever knows: the answer is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientFlaw {
    /// Nothing was presented.
    Missing,
    /// The secret does not have a secret's form or its checksum is wrong.
    MalformedSecret,
    /// There is no such credential.
    UnknownCredential,
    /// The credential is another agent's.
    ForeignCredential,
    /// The random part is not the one that was issued.
    WrongSecret,
    /// The credential was revoked.
    CredentialRevoked,
    /// The credential's time is over.
    CredentialExpired,
    /// The agent is suspended, revoked or archived.
    AgentNotActive,
    /// The agent's `validUntil` has passed.
    AgentExpired,
}

impl ClientFlaw {
    /// The code for logs and the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "client_authentication_missing",
            Self::MalformedSecret => "malformed_secret",
            Self::UnknownCredential => "unknown_credential",
            Self::ForeignCredential => "foreign_credential",
            Self::WrongSecret => "wrong_secret",
            Self::CredentialRevoked => "credential_revoked",
            Self::CredentialExpired => "credential_expired",
            Self::AgentNotActive => "agent_not_active",
            Self::AgentExpired => "agent_expired",
        }
    }
}

/// Why a scope cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScopeFlaw {
    /// Not a list of scope tokens separated by single spaces (RFC 6749 §3.3).
    Malformed,
    /// The agent does not have this capability.
    BeyondCapabilities(Capability),
    /// The agent was given this reserved capability after the credential was issued, so that whoever issued it need not
    /// have held it.
    BeyondCredential(Capability),
    /// Reserved and ordinary scopes do not go together in one token.
    MixedKinds,
    /// Nothing was asked for, and the agent has no ordinary capability to give instead.
    NothingToGrant,
}

/// Why a resource cannot be a token's audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFlaw {
    /// Not an absolute URI, or one with a fragment (RFC 8707 §2).
    Malformed,
    /// Not among the resources that this server issues tokens for.
    NotAllowed,
    /// Reserved scopes are for this server alone.
    ReservedScope,
}

impl Refusal {
    /// What the client may read: printable ASCII without double quotes and backslashes, so that it fits RFC 6749 §5.2's
    /// `error_description` and a quoted string of a header as it is.
    pub fn message(&self) -> String {
        match self {
            Self::AgentNotFound => "There is no agent with this id.".into(),
            Self::CredentialNotFound => "There is no credential with this id.".into(),
            Self::EventNotFound => "There is no event with this id.".into(),
            Self::EventNotInLog => "The event is not in the log yet; ask again in a second.".into(),
            Self::TileNotFound => {
                "The log has no such tile up to its last checkpoint, or no longer the content of its events.".into()
            }
            Self::PreconditionFailed => "The agent was changed meanwhile; read it again and decide anew.".into(),
            Self::AgentConflict(AgentConflict::Ended(status)) => {
                format!("The agent is {} and changes no more.", status.as_str())
            }
            Self::AgentConflict(AgentConflict::NoWay { from, to }) => {
                format!("An agent that is {} cannot become {}.", from.as_str(), to.as_str())
            }
            Self::AgentConflict(AgentConflict::LastAdmin) => {
                "This is the last active agent with idp:admin; give that to another one first.".into()
            }
            Self::CredentialConflict(CredentialConflict::AgentEnded(status)) => {
                format!("The agent is {} and gets no more credentials.", status.as_str())
            }
            Self::CredentialConflict(CredentialConflict::Ended) => {
                "The credential has ended; issue a new one instead.".into()
            }
            Self::CredentialConflict(CredentialConflict::Replaced) => {
                "The credential was rotated already; rotate the one that replaced it.".into()
            }
            Self::CredentialConflict(CredentialConflict::LastOfAdmin) => {
                "This is the last credential of the last active agent with idp:admin; rotate it, or issue another first."
                    .into()
            }
            Self::CredentialConflict(CredentialConflict::TooMany) => {
                "The agent has as many live credentials as it may have; revoke one first.".into()
            }
            Self::IdempotencyConflict(IdempotencyConflict::OtherRequest) => {
                "This idempotency key was used for another request; take a new one.".into()
            }
            Self::IdempotencyConflict(IdempotencyConflict::Twin) => {
                "The same request is in work; ask again in a moment.".into()
            }
            Self::IdempotencyConflict(IdempotencyConflict::SecretGone) => {
                "This was done, and its secret was shown then; rotate the credential for a new one.".into()
            }
            Self::TokenNotYours => "The token is not this client's to revoke.".into(),
            Self::AgentAlreadyExists => {
                "An agent with this email address exists already; addresses are never used again.".into()
            }
            Self::NotPermitted(NotPermitted::OtherOwner) => {
                "Only a token with the scope idp:admin acts for another owner.".into()
            }
            Self::NotPermitted(NotPermitted::ReservedCapabilityNotHeld(capability)) => {
                format!("Granting {capability}, or changing an agent that has it, takes a token with it in its scope.")
            }
            Self::Invalid(_) => "The request is not valid; details.violations names each fault.".into(),
            Self::InvalidToken(TokenFlaw::Missing) => {
                "This takes an access token: Authorization: Bearer, and a token of this server.".into()
            }
            Self::InvalidToken(TokenFlaw::Expired) => "The access token has expired; ask for a new one.".into(),
            Self::InvalidToken(_) => "The access token is not valid here; ask for a new one.".into(),
            Self::InsufficientScope { required } => {
                format!("This takes a token with the scope {}; name it when asking for one.", join(required))
            }
            Self::InvalidClient(_) => "Client authentication failed.".into(),
            Self::InvalidRequest(problem) => (*problem).into(),
            Self::UnsupportedGrantType => "The only grant_type here is client_credentials.".into(),
            Self::InvalidScope(ScopeFlaw::Malformed) => {
                "The scope must be a list of capabilities separated by single spaces.".into()
            }
            Self::InvalidScope(ScopeFlaw::BeyondCapabilities(capability)) if capability.is_written_as_one() => {
                format!("The agent does not have the capability {capability}.")
            }
            Self::InvalidScope(ScopeFlaw::BeyondCapabilities(_)) => {
                "The scope names something that is no capability; those are written resource:action.".into()
            }
            Self::InvalidScope(ScopeFlaw::BeyondCredential(capability)) => {
                format!("The agent was given {capability} after this credential was issued; use a newer credential.")
            }
            Self::InvalidScope(ScopeFlaw::MixedKinds) => {
                "Reserved scopes, which are for this server, and ordinary ones do not go in one token; ask twice.".into()
            }
            Self::InvalidScope(ScopeFlaw::NothingToGrant) => {
                "The agent has no ordinary capabilities to grant by default; name a scope.".into()
            }
            Self::InvalidTarget(TargetFlaw::Malformed) => {
                "A resource must be an absolute URI without a fragment.".into()
            }
            Self::InvalidTarget(TargetFlaw::NotAllowed) => "No tokens are issued for this resource.".into(),
            Self::InvalidTarget(TargetFlaw::ReservedScope) => {
                "A token with reserved scopes is for this server alone; leave resource out.".into()
            }
            Self::RateLimited(_) => {
                "These were too many requests; try again after as many seconds as Retry-After says.".into()
            }
            Self::Overloaded => "The server has no room for this request just now; try again.".into(),
            Self::Stale => "The server cannot make sure who is still trusted just now; try again.".into(),
        }
    }

    /// The code that logs and the audit trail keep: `[a-z][a-z0-9_]*`, at most 64 long.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::AgentNotFound => "agent_not_found",
            Self::CredentialNotFound => "credential_not_found",
            Self::EventNotFound => "event_not_found",
            Self::EventNotInLog => "event_not_in_log",
            Self::TileNotFound => "tile_not_found",
            Self::PreconditionFailed => "precondition_failed",
            Self::AgentConflict(AgentConflict::Ended(_)) => "agent_ended",
            Self::AgentConflict(AgentConflict::NoWay { .. }) => "agent_status_has_no_way",
            Self::AgentConflict(AgentConflict::LastAdmin) => "agent_last_admin",
            Self::CredentialConflict(CredentialConflict::AgentEnded(_)) => "agent_ended",
            Self::CredentialConflict(CredentialConflict::Ended) => "credential_ended",
            Self::CredentialConflict(CredentialConflict::Replaced) => "credential_replaced",
            Self::CredentialConflict(CredentialConflict::LastOfAdmin) => "credential_last_of_admin",
            Self::CredentialConflict(CredentialConflict::TooMany) => "credential_too_many",
            Self::IdempotencyConflict(IdempotencyConflict::OtherRequest) => "idempotency_other_request",
            Self::IdempotencyConflict(IdempotencyConflict::Twin) => "idempotency_twin",
            Self::IdempotencyConflict(IdempotencyConflict::SecretGone) => "idempotency_secret_gone",
            Self::TokenNotYours => "token_not_yours",
            Self::AgentAlreadyExists => "agent_already_exists",
            Self::NotPermitted(NotPermitted::OtherOwner) => "other_owner",
            Self::NotPermitted(NotPermitted::ReservedCapabilityNotHeld(_)) => "reserved_capability_not_held",
            Self::Invalid(_) => "invalid_request",
            Self::InvalidToken(flaw) => flaw.as_str(),
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InvalidClient(flaw) => flaw.as_str(),
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope(ScopeFlaw::Malformed) => "scope_malformed",
            Self::InvalidScope(ScopeFlaw::BeyondCapabilities(_)) => "scope_beyond_capabilities",
            Self::InvalidScope(ScopeFlaw::BeyondCredential(_)) => "scope_beyond_credential",
            Self::InvalidScope(ScopeFlaw::MixedKinds) => "scope_mixed_kinds",
            Self::InvalidScope(ScopeFlaw::NothingToGrant) => "scope_nothing_to_grant",
            Self::InvalidTarget(TargetFlaw::Malformed) => "resource_malformed",
            Self::InvalidTarget(TargetFlaw::NotAllowed) => "resource_not_allowed",
            Self::InvalidTarget(TargetFlaw::ReservedScope) => "resource_with_reserved_scope",
            Self::RateLimited(_) => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Stale => "stale",
        }
    }

    /// Seconds after which trying again makes sense; set for what answers 429 or 503.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::RateLimited(taken) => Some(taken.reset_seconds),
            Self::Overloaded | Self::Stale => Some(RETRY_AFTER_SECONDS),
            _ => None,
        }
    }
}

fn join(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|capability| capability.0.as_str()).collect::<Vec<_>>().join(" ")
}

/// Something of ours failed; nothing about it is the caller's doing, and the caller learns nothing of it.
#[derive(Debug)]
pub enum Fault {
    /// The memory failed.
    Store(StoreFault),
    /// The crypto back end failed.
    Crypto(CryptoFault),
    /// What cannot be did happen; the text says what.
    Impossible(String),
}

impl Fault {
    /// Whether trying again later may help (503 rather than 500).
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(StoreFault::Unavailable(_)))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(fault) => fault.fmt(f),
            Self::Crypto(fault) => fault.fmt(f),
            Self::Impossible(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}

impl From<StoreFault> for Fault {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<CryptoFault> for Fault {
    fn from(fault: CryptoFault) -> Self {
        Self::Crypto(fault)
    }
}
