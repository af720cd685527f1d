//! Capabilities and scopes: the ceiling, the two kinds that never mix, and what it means to hold one.
//!
//! Pure functions: no store, no clock, no chance.

use std::collections::BTreeSet;
use std::fmt;

use super::agents::Owner;
use super::callers::Principal;
use super::refusal::{Answered, NotPermitted, Refusal, ScopeFlaw, TargetFlaw};

/// A capability or a scope: `resource:action`, as the specification's `Capability` bounds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Capability(pub String);

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Opens the wall between owners.
pub const IDP_ADMIN: &str = "idp:admin";
/// Asking what a token of one's owner says.
pub const TOKENS_INTROSPECT: &str = "tokens:introspect";

/// The reserved capabilities that an agent can be given: they guard this server's own API.
pub const RESERVED: [&str; 7] = [
    "agents:read",
    "agents:write",
    "audit:read",
    "credentials:write",
    IDP_ADMIN,
    TOKENS_INTROSPECT,
    "tokens:revoke",
];

/// The reserved scopes that every active agent may name and none is given.
pub const SELF_SCOPES: [&str; 2] = ["self:read", "self:rotate"];

/// Whether the capability guards this server (of either set) rather than somebody else's API.
pub fn is_reserved(capability: &str) -> bool {
    RESERVED.contains(&capability) || SELF_SCOPES.contains(&capability)
}

/// Every reserved scope there is, sorted: `scopes_supported` of the server's metadata (RFC 8414 §2).
pub fn reserved_scopes() -> Vec<&'static str> {
    let mut scopes: Vec<_> = RESERVED.iter().chain(&SELF_SCOPES).copied().collect();
    scopes.sort_unstable();
    scopes
}

/// The kind of a scope, which decides who the token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// For this server alone.
    Reserved,
    /// For other people's APIs, never for this server.
    Ordinary,
}

/// A scope that may be granted: never empty, all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedScope {
    /// What is granted, sorted.
    pub scopes: BTreeSet<Capability>,
    /// Of which kind all of it is.
    pub kind: ScopeKind,
}

impl GrantedScope {
    /// The scope as the token carries it: sorted, separated by single spaces (RFC 6749 §3.3).
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.scopes.len() * 24);
        for scope in &self.scopes {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&scope.0);
        }
        text
    }
}

/// Decides the scope of a token (RFC 6749 §3.3): what was asked, within the agent's capabilities, of one kind.
///
/// Nothing asked is every ordinary capability; reserved ones must be named.
pub fn scope_decide(capabilities: &BTreeSet<Capability>, asked: Option<&str>) -> Answered<GrantedScope> {
    let asked = asked.unwrap_or_default();
    if asked.is_empty() {
        let scopes: BTreeSet<_> = capabilities.iter().filter(|held| !is_reserved(&held.0)).cloned().collect();
        if scopes.is_empty() {
            return Err(Refusal::InvalidScope(ScopeFlaw::NothingToGrant));
        }
        return Ok(GrantedScope { scopes, kind: ScopeKind::Ordinary });
    }
    let scopes = scope_parse(asked)?;
    if let Some(beyond) =
        scopes.iter().find(|scope| !capabilities.contains(scope) && !SELF_SCOPES.contains(&scope.0.as_str()))
    {
        return Err(Refusal::InvalidScope(ScopeFlaw::BeyondCapabilities(beyond.clone())));
    }
    let reserved = scopes.iter().filter(|scope| is_reserved(&scope.0)).count();
    let kind = match reserved {
        0 => ScopeKind::Ordinary,
        all if all == scopes.len() => ScopeKind::Reserved,
        _ => return Err(Refusal::InvalidScope(ScopeFlaw::MixedKinds)),
    };
    Ok(GrantedScope { scopes, kind })
}

/// The scope tokens of a list (RFC 6749 §3.3): printable ASCII without double quote and backslash, each separated from
/// the next by one space. One named twice counts once.
fn scope_parse(text: &str) -> Answered<BTreeSet<Capability>> {
    text.split(' ')
        .map(|token| {
            let well_formed = !token.is_empty()
                && token.len() <= 128
                && token.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            if well_formed {
                Ok(Capability(token.to_owned()))
            } else {
                Err(Refusal::InvalidScope(ScopeFlaw::Malformed))
            }
        })
        .collect()
}

/// Decides whom a token is for (RFC 8707 §2, RFC 9068 §3): the issuer alone when its scope is reserved, else the
/// resources asked for, else the default audience. Sorted, each once; never empty.
///
/// Asking for the issuer itself with a reserved scope changes nothing and is allowed; with an ordinary scope it is
/// refused whatever the configuration says, so that no token for others is ever one for this server.
pub fn audience_decide(
    kind: ScopeKind,
    resources: &[String],
    issuer: &str,
    default_audience: &str,
    allowed: &BTreeSet<String>,
) -> Answered<Vec<String>> {
    if resources.iter().any(|resource| !is_resource_indicator(resource)) {
        return Err(Refusal::InvalidTarget(TargetFlaw::Malformed));
    }
    match kind {
        ScopeKind::Reserved if resources.iter().any(|resource| resource != issuer) => {
            Err(Refusal::InvalidTarget(TargetFlaw::ReservedScope))
        }
        ScopeKind::Reserved => Ok(vec![issuer.to_owned()]),
        ScopeKind::Ordinary if resources.is_empty() => Ok(vec![default_audience.to_owned()]),
        ScopeKind::Ordinary => {
            let permitted = |resource: &String| {
                resource != issuer && (resource == default_audience || allowed.contains(resource))
            };
            if !resources.iter().all(permitted) {
                return Err(Refusal::InvalidTarget(TargetFlaw::NotAllowed));
            }
            let audience: BTreeSet<_> = resources.iter().cloned().collect();
            Ok(audience.into_iter().collect())
        }
    }
}

/// Whether the text is an absolute URI without fragment (RFC 3986 §4.3, as RFC 8707 §2 asks): a scheme, a colon, and
/// after it nothing but the characters that a URI is made of.
fn is_resource_indicator(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_ok = scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let rest_ok = !rest.is_empty()
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte));
    scheme_ok && rest_ok
}

/// Decides which owner a new agent gets: the caller's own, or another one if the wall is open to the caller.
pub fn owner_decide(principal: &Principal, asked: Option<Owner>) -> Answered<Owner> {
    match asked {
        None => Ok(principal.owner.clone()),
        Some(owner) if principal.sees(&owner) => Ok(owner),
        Some(_) => Err(Refusal::NotPermitted(NotPermitted::OtherOwner)),
    }
}

/// Decides whether the principal may grant these capabilities: every reserved one among them must be in the scope of
/// its token; ordinary ones are not limited by the grantor.
pub fn grant_decide(principal: &Principal, capabilities: &BTreeSet<Capability>) -> Answered<()> {
    match capabilities.iter().find(|granted| is_reserved(&granted.0) && !principal.holds(&granted.0)) {
        Some(beyond) => Err(Refusal::NotPermitted(NotPermitted::ReservedCapabilityNotHeld(beyond.clone()))),
        None => Ok(()),
    }
}
