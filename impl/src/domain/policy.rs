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

impl Capability {
    /// Whether it is written as one. Whatever else somebody names in a scope may be a secret that strayed there.
    pub fn is_written_as_one(&self) -> bool {
        let part = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_lowercase())
                && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        };
        self.0.split_once(':').is_some_and(|(resource, action)| part(resource) && part(action))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Opens the wall between owners.
pub const IDP_ADMIN: &str = "idp:admin";
/// Asking what a token of one's owner says.
pub const TOKENS_INTROSPECT: &str = "tokens:introspect";
/// Ends tokens of agents of the same owner.
pub const TOKENS_REVOKE: &str = "tokens:revoke";
/// Issues, rotates and revokes credentials of agents of the same owner.
pub const CREDENTIALS_WRITE: &str = "credentials:write";
/// Lets an agent replace its own credentials.
pub const SELF_ROTATE: &str = "self:rotate";

/// The reserved capabilities that an agent can be given: they guard this server's own API.
pub const RESERVED: [&str; 7] = [
    "agents:read",
    "agents:write",
    "audit:read",
    CREDENTIALS_WRITE,
    IDP_ADMIN,
    TOKENS_INTROSPECT,
    TOKENS_REVOKE,
];

/// The reserved scopes that every active agent may name and none is given.
pub const SELF_SCOPES: [&str; 2] = ["self:read", SELF_ROTATE];

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

/// Narrows a list to what the principal sees: the owner to ask for, if to any. `None` where it asked for what lies behind
/// a wall, and so gets nothing.
pub fn owner_narrow(principal: &Principal, asked: Option<Owner>) -> Option<Option<Owner>> {
    match asked {
        asked if principal.sees_every_owner() => Some(asked),
        Some(owner) if owner != principal.owner => None,
        _ => Some(Some(principal.owner.clone())),
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::agents::AgentId;
    use crate::domain::changes::Rev;

    #[test]
    fn a_refusal_repeats_what_is_written_as_a_capability_and_nothing_else() {
        let said = |asked: &str| scope_decide(&set(["a:b"]), Some(asked)).expect_err("refused").message();
        assert_eq!(said("a:c"), "The agent does not have the capability a:c.");
        for asked in
            ["sas_0123_secret_abc", "eyJhbGciOiJFUzI1NiJ9.eyJ.abc", "a:B", "A:b", "a:", ":b", "a:b:c"]
        {
            assert!(!said(asked).contains(asked), "{asked}");
        }
    }

    const ISSUER: &str = "https://idp.example.com";
    const DEFAULT: &str = "https://idp.example.com/resources/default";

    fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<Capability> {
        names.into_iter().map(|name| Capability(name.to_owned())).collect()
    }

    fn principal(owner: &str, scope: BTreeSet<Capability>) -> Principal {
        Principal {
            agent_id: AgentId(Uuid::nil()),
            owner: Owner(owner.to_owned()),
            scope,
            token_id: Uuid::nil(),
            credential_id: None,
            rev: Rev(0),
            expires_at: DateTime::<Utc>::MAX_UTC,
        }
    }

    fn names() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(reserved_scopes()).prop_map(str::to_owned),
            "[a-c]:[a-c]",
            prop::sample::select(vec!["agents:delete", "idp:user", "self:write"]).prop_map(str::to_owned),
        ]
    }

    fn sets() -> impl Strategy<Value = BTreeSet<Capability>> {
        prop::collection::btree_set(names().prop_map(Capability), 0..8)
    }

    proptest! {
        #[test]
        fn no_scope_goes_beyond_the_capabilities_and_no_two_kinds_mix(
            capabilities in sets(),
            asked in prop::option::of(prop::collection::vec(names(), 0..6)),
        ) {
            let text = asked.as_ref().map(|names| names.join(" "));
            let Ok(granted) = scope_decide(&capabilities, text.as_deref()) else { return Ok(()) };
            prop_assert!(!granted.scopes.is_empty());
            for scope in &granted.scopes {
                prop_assert!(capabilities.contains(scope) || SELF_SCOPES.contains(&scope.0.as_str()));
                prop_assert_eq!(is_reserved(&scope.0), granted.kind == ScopeKind::Reserved);
            }
            match asked.filter(|names| !names.is_empty()) {
                Some(names) => prop_assert_eq!(granted.scopes, set(names.iter().map(String::as_str))),
                None => prop_assert_eq!(granted.kind, ScopeKind::Ordinary, "reserved scopes must be named"),
            }
        }

        #[test]
        fn only_what_the_rules_name_is_refused(capabilities in sets(), asked in prop::collection::vec(names(), 1..6)) {
            let beyond = asked
                .iter()
                .any(|name| !capabilities.contains(&Capability(name.clone())) && !SELF_SCOPES.contains(&name.as_str()));
            let mixed = asked.iter().any(|name| is_reserved(name)) && !asked.iter().all(|name| is_reserved(name));
            let refused = scope_decide(&capabilities, Some(&asked.join(" "))).is_err();
            prop_assert_eq!(refused, beyond || mixed);
        }

        #[test]
        fn whatever_is_asked_for_is_decided_without_a_panic(text in "\\PC{0,60}") {
            let _ = scope_decide(&set(["a:b"]), Some(&text));
            let _ = audience_decide(ScopeKind::Ordinary, &[text], ISSUER, DEFAULT, &BTreeSet::new());
        }

        #[test]
        fn nobody_grants_a_reserved_capability_that_the_token_lacks(held in sets(), granted in sets()) {
            let lacking = granted.iter().any(|name| is_reserved(&name.0) && !held.contains(name));
            let decided = grant_decide(&principal("mine", held), &granted);
            prop_assert_eq!(decided.is_err(), lacking);
        }

        #[test]
        fn an_ordinary_token_is_never_for_this_server(
            resources in prop::collection::vec(
                prop::sample::select(vec![ISSUER, DEFAULT, "https://a.example", "https://b.example"]), 0..4),
        ) {
            let resources: Vec<_> = resources.into_iter().map(str::to_owned).collect();
            let allowed = [ISSUER, "https://a.example"].map(str::to_owned).into();
            if let Ok(audience) = audience_decide(ScopeKind::Ordinary, &resources, ISSUER, DEFAULT, &allowed) {
                prop_assert!(!audience.is_empty() && !audience.iter().any(|one| one == ISSUER));
                prop_assert!(audience.is_sorted());
            }
            if let Ok(audience) = audience_decide(ScopeKind::Reserved, &resources, ISSUER, DEFAULT, &allowed) {
                prop_assert_eq!(audience, vec![ISSUER.to_owned()]);
            }
        }
    }

    #[test]
    fn asking_for_nothing_gives_the_ordinary_capabilities() {
        let granted = scope_decide(&set(["resume:read", "agents:read", "resume:score"]), None).unwrap();
        assert_eq!(granted.to_text(), "resume:read resume:score");
        let refused = scope_decide(&set(["agents:read"]), None);
        assert_eq!(refused, Err(Refusal::InvalidScope(ScopeFlaw::NothingToGrant)));
    }

    #[test]
    fn every_agent_may_name_the_scopes_about_itself_and_is_not_given_them() {
        let granted = scope_decide(&set([]), Some("self:rotate self:read")).unwrap();
        assert_eq!(
            (granted.to_text().as_str(), granted.kind),
            ("self:read self:rotate", ScopeKind::Reserved)
        );
        let mixed = scope_decide(&set(["resume:read"]), Some("self:read resume:read"));
        assert_eq!(mixed, Err(Refusal::InvalidScope(ScopeFlaw::MixedKinds)));
    }

    #[test]
    fn a_scope_that_is_no_list_of_scope_tokens_is_refused() {
        for text in [" ", "a:b ", " a:b", "a:b  a:b", "a:b\ta:c", "a:\"b", "a:\\b", "a:é"] {
            let refused = scope_decide(&set(["a:b"]), Some(text));
            assert_eq!(refused, Err(Refusal::InvalidScope(ScopeFlaw::Malformed)), "{text:?}");
        }
    }

    #[test]
    fn a_resource_must_be_an_absolute_uri_without_fragment_that_is_allowed() {
        let allowed = ["https://api.example.com/v1?x=1".to_owned()].into();
        let decide = |resource: &str| {
            audience_decide(ScopeKind::Ordinary, &[resource.to_owned()], ISSUER, DEFAULT, &allowed)
        };
        for malformed in
            ["", "/relative", "api.example.com", "https:", "1https://x", "https://x/#f", "https://x y"]
        {
            assert_eq!(
                decide(malformed),
                Err(Refusal::InvalidTarget(TargetFlaw::Malformed)),
                "{malformed:?}"
            );
        }
        assert_eq!(decide("https://other.example"), Err(Refusal::InvalidTarget(TargetFlaw::NotAllowed)));
        assert_eq!(decide(ISSUER), Err(Refusal::InvalidTarget(TargetFlaw::NotAllowed)));
        assert!(decide("https://api.example.com/v1?x=1").is_ok() && decide(DEFAULT).is_ok());
    }

    #[test]
    fn another_owner_takes_idp_admin() {
        let other = || Some(Owner("other".to_owned()));
        let refused = owner_decide(&principal("mine", set(["agents:write"])), other());
        assert_eq!(refused, Err(Refusal::NotPermitted(NotPermitted::OtherOwner)));
        assert_eq!(owner_decide(&principal("mine", set([IDP_ADMIN])), other()).ok(), other());
        assert_eq!(owner_decide(&principal("mine", set([])), None).ok(), Some(Owner("mine".to_owned())));
    }

    #[test]
    fn every_message_fits_an_error_description() {
        let scope = || Capability("resume:read".to_owned());
        for refusal in [
            Refusal::AgentNotFound,
            Refusal::AgentAlreadyExists,
            Refusal::NotPermitted(NotPermitted::ReservedCapabilityNotHeld(scope())),
            Refusal::InsufficientScope { required: vec![scope(), scope()] },
            Refusal::InvalidScope(ScopeFlaw::BeyondCapabilities(scope())),
            Refusal::InvalidScope(ScopeFlaw::NothingToGrant),
            Refusal::InvalidTarget(TargetFlaw::Malformed),
            Refusal::Stale,
        ] {
            // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
            let text = refusal.message();
            assert!(
                text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
                "{text}"
            );
        }
    }
}
