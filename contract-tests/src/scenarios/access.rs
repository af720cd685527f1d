//! Who is let in, and with what: scenarios that are made from the specification, for each operation that declares the
//! answer. The requests come from the table of [`operations`](crate::operations).

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, OnceLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Answered, Caller, Scenario, moves};
use crate::actor::{Place, Request, basic, eventually, sooner_or_later};
use crate::deployment::{Deployment, Stop, credentials_of};
use crate::operations::{Subjects, form_if_known, path_of};
use crate::spec::{Operation, Security, Spec};

pub(super) fn table(spec: &Spec) -> Vec<Scenario> {
    let shared = Arc::new(Shared::default());
    let mut table = Vec::new();
    for operation in &spec.operations {
        match &operation.security {
            Security::Public => {}
            Security::Bearer { scopes, .. } => {
                let known = Subjects::nowhere().request_if_known(operation).is_some();
                if known {
                    table.extend(of_a_bearer(operation, scopes, &shared));
                }
            }
            Security::Client => {
                if form_if_known(operation, "").is_some() {
                    table.extend(of_a_client(operation, &shared));
                }
            }
        }
    }
    table
}

/// What the scenarios have in common: made when it is first needed, and used for every operation.
#[derive(Default)]
struct Shared {
    impostors: Made<Vec<(&'static str, String, String)>>,
    ended: Made<Vec<(&'static str, String)>>,
    subject: Made<Subjects>,
}

/// Something that is made once, or that could not be made.
type Made<T> = OnceLock<Option<T>>;

/// What was made, or is made now. What could not be made once is not tried again.
fn made<T>(kept: &Made<T>, make: impl FnOnce() -> T) -> &T {
    if kept.get().is_none() {
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(new) => drop(kept.set(Some(new))),
            Err(stop) => {
                let _ = kept.set(None);
                resume_unwind(stop);
            }
        }
    }
    match kept.get() {
        Some(Some(made)) => made,
        _ => resume_unwind(Box::new(Stop::Broken {
            rule: "what this takes could not be made, as an earlier scenario of this kind shows".to_owned(),
            request_id: None,
        })),
    }
}

impl Shared {
    /// An agent that requests are about. What they should not do to it does no harm.
    fn subject(&self, site: &Deployment) -> &Subjects {
        made(&self.subject, || site.subjects_of(&site.agent(&["resume:read"])))
    }
}

/// The scenarios of an operation.
struct Of<'s> {
    operation: &'s Operation,
    table: Vec<Scenario>,
}

impl Of<'_> {
    /// Adds a scenario, called after the operation, if that declares the status.
    fn add(&mut self, status: u16, name: &str, takes: &[&str], does: Box<dyn Fn(&Deployment)>) {
        let id = &self.operation.id;
        if self.operation.responses.contains_key(&status) {
            self.table.push(Scenario::new(&format!("{id} {name}"), &[(id, status)], takes, does));
        }
    }
}

fn of_a_bearer(operation: &Operation, scopes: &[String], shared: &Arc<Shared>) -> Vec<Scenario> {
    let id = operation.id.clone();
    let scope = scopes.join(" ");
    let takes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let takes_and_writes: Vec<&str> = takes.iter().copied().chain(["agents:write"]).collect();
    let mut of_it = Of { operation, table: Vec::new() };
    let mut add = |status, name: &str, takes: &[&str], does| of_it.add(status, name, takes, does);

    add(401, "refuses whoever shows no token, or none that the server made", &[], {
        let id = id.clone();
        Box::new(move |site| {
            for (what, headers) in not_made_here(site) {
                let request = headers
                    .iter()
                    .fold(nowhere(site, &id), |request, value| request.header("authorization", value));
                let refused = site.anyone().sends(request);
                refused.must(refused.status() == 401, &format!("{what} should be refused with 401"));
                refused.says("/code", "AUTHENTICATION_ERROR");
            }
        })
    });
    add(401, "refuses a token that has ended, or is for another API", &["agents:write"], {
        let (id, shared) = (id.clone(), shared.clone());
        Box::new(move |site| {
            for (what, token) in made(&shared.ended, || ended(site)) {
                let refused =
                    site.bearer(token).sends(shared.subject(site).request(super::operation(site, &id)));
                refused.must(refused.status() == 401, &format!("{what} should be refused with 401"));
            }
        })
    });
    add(403, "refuses a token without its scope", &["agents:write"], {
        let (id, shared) = (id.clone(), shared.clone());
        Box::new(move |site| {
            let caller = site.agent(&[]).holding("self:read self:rotate");
            let refused = caller.sends(shared.subject(site).request(super::operation(site, &id))).is(403);
            let challenge = refused.header("www-authenticate").unwrap_or_default().to_owned();
            refused.says("/code", "AUTHORIZATION_ERROR").shows(
                challenge.contains("insufficient_scope"),
                "WWW-Authenticate should say insufficient_scope",
            );
        })
    });
    if operation.path.contains('{') {
        add(404, "finds nothing where nothing is", &takes, {
            let (id, scope) = (id.clone(), scope.clone());
            Box::new(move |site| {
                site.holding(&scope).sends(nowhere(site, &id)).is(404);
            })
        });
        add(400, "refuses an id that is none", &takes, {
            let (id, scope) = (id.clone(), scope.clone());
            Box::new(move |site| {
                let mine = Subjects {
                    agent: "mine".to_owned(),
                    credential: "mine".to_owned(),
                    event: "mine".to_owned(),
                    tile: "mine".to_owned(),
                    ..Subjects::nowhere()
                };
                let refused = site.holding(&scope).sends(mine.request(super::operation(site, &id))).is(400);
                refused.says("/code", "VALIDATION_ERROR");
            })
        });
    }
    add(412, "refuses to change another version than the one that was seen", &takes_and_writes, {
        let (id, shared, scope) = (id.clone(), shared.clone(), scope.clone());
        Box::new(move |site| {
            let request =
                shared.subject(site).request(super::operation(site, &id)).header("if-match", "\"other\"");
            site.seeing_all(&scope).sends(request).is(412).says("/code", "PRECONDITION_FAILED");
        })
    });
    if let Some(media) = operation.bodies.first().cloned() {
        add(413, "refuses a body that is too large", &takes_and_writes, {
            let (id, shared, scope) = (id.clone(), shared.clone(), scope.clone());
            Box::new(move |site| {
                let request = shared.subject(site).request(super::operation(site, &id));
                let large = too_large(site, request.method(), request.target(), &media);
                site.seeing_all(&scope).sends(large).is(413).says("/code", "PAYLOAD_TOO_LARGE");
            })
        });
        add(415, "refuses a body of another media type", &takes_and_writes, {
            let (id, shared, scope) = (id.clone(), shared.clone(), scope.clone());
            Box::new(move |site| {
                let request = shared.subject(site).request(super::operation(site, &id));
                let other = Request::new(request.method(), request.target()).body("text/plain", "hello");
                site.seeing_all(&scope).sends(other).is(415).says("/code", "UNSUPPORTED_MEDIA_TYPE");
            })
        });
    }
    of_it.table
}

fn of_a_client(operation: &Operation, shared: &Arc<Shared>) -> Vec<Scenario> {
    let id = operation.id.clone();
    let mut of_it = Of { operation, table: Vec::new() };
    let mut add = |status, name: &str, takes: &[&str], does| of_it.add(status, name, takes, does);
    add(401, "refuses whoever is not a client, and tells nobody why", &["agents:write"], {
        let (id, shared) = (id.clone(), shared.clone());
        Box::new(move |site| {
            let refused = |by: Caller<'_>, what: &str, more: &[(&str, &str)], expected: Option<&str>| {
                let operation = super::operation(site, &id);
                let form = form_if_known(operation, "nothing").unwrap_or_default();
                let mut pairs: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                pairs.extend_from_slice(more);
                let refused = by.sends(Request::new(&operation.method, &operation.path).form(&pairs));
                refused.must(refused.status() == 401, &format!("{what} should be refused with 401"));
                refused.must(
                    refused.json()["error"] == "invalid_client",
                    &format!("{what} should be invalid_client"),
                );
                let told = refused.text();
                let alike = expected.is_none_or(|expected| told == expected);
                refused.must(
                    alike,
                    &format!("{what} should be told the same as nobody, and learn nothing of why"),
                );
                told
            };
            let told = refused(site.anyone(), "no client", &[], None);
            let told = Some(told.as_str());
            for (what, client_id, secret) in made(&shared.impostors, || impostors(site)) {
                refused(site.somebody(client_id, secret), what, &[], told);
                let in_the_form = [("client_id", client_id.as_str()), ("client_secret", secret.as_str())];
                refused(site.anyone(), &format!("{what}, in the form,"), &in_the_form, told);
            }
            refused(site.holding("self:read"), "the bearer of a token", &[], told);
        })
    });
    if let Some(media) = operation.bodies.first().cloned() {
        add(413, "refuses a form that is too large", &[], {
            let id = id.clone();
            Box::new(move |site| {
                let operation = super::operation(site, &id);
                let large = too_large(site, &operation.method, &operation.path, &media);
                site.operator().sends(large).is(413);
            })
        });
        add(415, "refuses what is not a form", &[], {
            let id = id.clone();
            Box::new(move |site| {
                let operation = super::operation(site, &id);
                let other = Request::new(&operation.method, &operation.path);
                site.operator().sends(other.json(&json!({ "token": "nothing" }))).is(415);
            })
        });
    }
    of_it.table
}

/// A request about what is nowhere.
fn nowhere(site: &Deployment, id: &str) -> Request {
    Subjects::nowhere().request(super::operation(site, id))
}

/// A request with a body that is too large. A server that has not read it whole may close the connection behind its answer,
/// so that no other request is sent there.
fn too_large(site: &Deployment, method: &str, target: &str, media: &str) -> Request {
    let body = " ".repeat(site.spec.max_body_bytes.unwrap_or(64 * 1024) + 1);
    Request::new(method, target).header("connection", "close").body(media, body)
}

/// Ways of showing nothing that the server ever made: what each is called, and the headers.
fn not_made_here(site: &Deployment) -> Vec<(&'static str, Vec<String>)> {
    let good = site.holding("self:read").token().to_owned();
    let mut parts = good.split('.');
    let [header, claims, signature] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let written = |name: &str, value: &str| {
        let decoded = URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
        let mut header: Value = serde_json::from_slice(&decoded).unwrap_or_default();
        header[name] = json!(value);
        URL_SAFE_NO_PAD.encode(header.to_string())
    };
    let bearer = |token: String| vec![format!("Bearer {token}")];
    vec![
        ("no token", vec![]),
        ("a client's credentials", vec![basic(site.operator().credentials())]),
        ("an empty token", vec!["Bearer".to_owned()]),
        ("a malformed token", bearer("nothing".to_owned())),
        ("a token of three malformed parts", bearer("a.b.c".to_owned())),
        ("two tokens", vec![format!("Bearer {good}"), format!("Bearer {good}")]),
        ("a token without its signature", bearer(format!("{header}.{claims}."))),
        ("a token that another key signed", bearer(signed_elsewhere(header, claims))),
        ("a token that says it is not signed", bearer(format!("{}.{claims}.", written("alg", "none")))),
        ("a token of another type", bearer(format!("{}.{claims}.{signature}", written("typ", "JWT")))),
        ("a token of an unknown key", bearer(format!("{}.{claims}.{signature}", written("kid", "other")))),
    ]
}

/// The header and the claims of a token, signed by a key that is nobody's.
#[expect(clippy::disallowed_methods, reason = "a key that is nobody's need not be the same twice")]
fn signed_elsewhere(header: &str, claims: &str) -> String {
    let text = format!("{header}.{claims}");
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key can be made");
    let signature = key.sign(&SystemRandom::new(), text.as_bytes()).expect("the key signs");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// Tokens that the server made and that are good for nothing here: what each is called, and the token.
fn ended(site: &Deployment) -> Vec<(&'static str, String)> {
    let short = site.agent_like(&[], &json!({ "validUntil": site.in_seconds(5) }));
    let expired = short.holding("self:read");

    let ordinary = site.agent(&["resume:read"]).holding("resume:read");

    let agent = site.agent(&[]);
    let revoked = agent.holding("self:read");
    agent.revokes(revoked.token()).is(200);

    let suspended = site.agent(&[]);
    let of_suspended = suspended.holding("self:read");
    moves(&site.seeing_all("agents:write"), &suspended, "suspended").is(200);

    for (agent, token) in [(&agent, &revoked), (&suspended, &of_suspended), (&short, &expired)] {
        eventually(401, || token.gets(&path_of(agent)));
    }
    [
        ("an expired token", expired),
        ("a token for another API", ordinary),
        ("a revoked token", revoked),
        ("a token of a suspended agent", of_suspended),
    ]
    .map(|(what, bearer)| (what, bearer.token().to_owned()))
    .into()
}

/// Those who are no clients: what each is called, the client id and the client secret.
fn impostors(site: &Deployment) -> Vec<(&'static str, String, String)> {
    let secret = |client: &Caller<'_>| client.credentials().client_secret.clone();
    let (agent, other) = (site.agent(&["resume:read"]), site.agent(&["resume:read"]));
    let mut mistyped = secret(&agent);
    let last = if mistyped.ends_with('0') { "1" } else { "0" };
    mistyped.replace_range(mistyped.len() - 1.., last);
    let writer = site.seeing_all("agents:write");
    let [suspended, ended, archived] = [(); 3].map(|()| site.agent(&["resume:read"]));
    moves(&writer, &suspended, "suspended").is(200);
    moves(&writer, &ended, "revoked").is(200);
    writer.deletes(&path_of(&archived)).is(204);
    let mut impostors = vec![
        ("a wrong secret", agent.id().to_owned(), "wrong".to_owned()),
        ("a mistyped secret", agent.id().to_owned(), mistyped),
        ("an unknown client", "01931e2c-0000-7000-8000-000000000000".to_owned(), secret(&agent)),
        ("a client that is none", "screener".to_owned(), secret(&agent)),
        ("another client's secret", agent.id().to_owned(), secret(&other)),
    ];
    for (what, client) in
        [("a suspended agent", &suspended), ("a revoked agent", &ended), ("an archived agent", &archived)]
    {
        eventually(401, || client.asks_for_a_token(&[]));
        impostors.push((what, client.id().to_owned(), secret(client)));
    }
    if site.may("credentials:write") {
        let itself = agent.holding("self:read");
        let issued = site.seeing_all("credentials:write").posts(&credentials_of(&agent), &json!({})).is(201);
        let path = format!("{}/{}", credentials_of(&agent), issued.text_at("/id"));
        site.seeing_all("credentials:write").deletes(&path).is(204);
        sooner_or_later(|| itself.gets(&path), |answer: &Answered<'_>| answer.json()["status"] == "revoked");
        let holder = issued.holder();
        eventually(401, || holder.asks_for_a_token(&[]));
        impostors.push(("a revoked credential", holder.id().to_owned(), secret(&holder)));
    }
    impostors
}
