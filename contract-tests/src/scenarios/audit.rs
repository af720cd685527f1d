//! listAuditEvents, getAuditEvent; getAuditCheckpoint, getAuditTile, getAuditEntries, the proofs, exportAuditEvents.

use std::collections::VecDeque;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Answered, Scenario, moves};
use crate::actor::{Place, eventually, sooner_or_later};
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
        Scenario::new(
            "a signed checkpoint, a proof and the bytes of an event belong together",
            &[
                ("getAuditCheckpoint", 200),
                ("getAuditInclusionProof", 200),
                ("getAuditConsistencyProof", 200),
                ("getAuditTile", 200),
                ("getAuditEntries", 200),
            ],
            &["agents:write", "audit:read", "idp:admin"],
            |site| {
                let agent = site.agent(&["resume:read"]);
                let auditor = site.seeing_all("audit:read");
                let list = format!("/audit/events?agentId={}&action=agent.registered", agent.id());
                let event = auditor.gets(&list).is(200).text_at("/items/0/id");
                let path = format!("/audit/proofs/inclusion?eventId={event}");
                // An event is in the log a moment after it happened.
                let proof = eventually(200, || auditor.gets(&path));
                let read = proof.json();
                let number = |member: &str| read[member].as_u64().unwrap_or_default();
                let (index, size) = (number("leafIndex"), number("treeSize"));
                let leaf = hash(&read["leafHash"]);
                let beside = read["hashes"].as_array().into_iter().flatten().map(hash).collect();
                let root = root_by(index, size, leaf.clone(), beside);
                proof.must(root == hash(&read["rootHash"]), "the proof should lead to the root");
                let signed = read["checkpoint"].as_str().unwrap_or_default().to_owned();
                proof.must(
                    signed.lines().nth(2) == read["rootHash"].as_str(),
                    "the checkpoint should have the root",
                );

                let (tile, place) = (index / 256, index % 256);
                let at = format!("{}.p/{}", path_of_tile(tile), place + 1);
                let at = if place == 255 { path_of_tile(tile) } else { at };
                let hashes = auditor.gets(&format!("/audit/tile/0/{at}")).is(200);
                let last = hashes.bytes().chunks(32).nth(place as usize).unwrap_or_default().to_vec();
                hashes.must(last == leaf, "the tile should have the leaf's hash");
                let bundle = auditor.gets(&format!("/audit/tile/entries/{at}")).is(200);
                let content = entry(bundle.bytes(), place).unwrap_or_default();
                bundle.must(
                    sha256(&[&[0], content]) == leaf,
                    "the bundle should have the bytes that are hashed",
                );
                bundle.must(
                    serde_json::from_slice::<Value>(content).is_ok_and(|content| content["id"] == event),
                    "the bytes should be the event",
                );

                let last = auditor.gets("/audit/checkpoint").is(200).text();
                let reached = last.lines().nth(1).and_then(|line| line.parse().ok()).unwrap_or(0);
                let consistent = auditor.gets(&format!("/audit/proofs/consistency?from={size}")).is(200);
                consistent.must(reached >= size, "a log should not become shorter");
                consistent.says("/from", size);
            },
        ),
        Scenario::new(
            "an export has the events that were asked for, each with its proof",
            &[("exportAuditEvents", 200)],
            &["agents:write", "audit:read"],
            |site| {
                let agent = site.agent(&["resume:read"]);
                let path = format!("/audit/export?agentId={}&action=agent.registered", agent.id());
                let auditor = site.seeing_all("audit:read");
                let exported = |answer: &Answered<'_>| answer.text().lines().count() == 2;
                let export = sooner_or_later(|| auditor.gets(&path).is(200), exported);
                let text = export.text();
                let line: Value =
                    text.lines().nth(1).and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
                export.must(
                    line["event"]["subject"]["agentId"] == agent.id(),
                    "the export should have the event",
                );
                export.must(line["proof"].is_array(), "the event should have its proof");
            },
        ),
        Scenario::new(
            "proofs and exports of what is none are refused",
            &[
                ("getAuditCheckpoint", 400),
                ("getAuditInclusionProof", 400),
                ("getAuditInclusionProof", 404),
                ("getAuditConsistencyProof", 400),
                ("exportAuditEvents", 400),
            ],
            &["audit:read"],
            |site| {
                let auditor = site.holding("audit:read");
                for nonsense in [
                    "checkpoint?size=1",
                    "proofs/inclusion",
                    "proofs/inclusion?eventId=mine",
                    "proofs/consistency",
                    "proofs/consistency?from=2&to=1",
                    "proofs/consistency?from=0&to=9007199254740991",
                    "export?action=nothing",
                ] {
                    auditor.gets(&format!("/audit/{nonsense}")).is(400).says("/code", "VALIDATION_ERROR");
                }
                let nowhere = "/audit/proofs/inclusion?eventId=01931e2c-0000-7000-8000-000000000000";
                auditor.gets(nowhere).is(404).says("/code", "AUDIT_EVENT_NOT_FOUND");
            },
        ),
    ]
}

/// A hash that is written in base64; nothing if it is none.
fn hash(text: &Value) -> Vec<u8> {
    STANDARD.decode(text.as_str().unwrap_or_default()).unwrap_or_default()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

/// The root that a proof leads to from a leaf (RFC 9162 section 2.1.3.2); nothing if it does not have as many hashes as it
/// takes.
fn root_by(index: u64, size: u64, leaf: Vec<u8>, mut beside: VecDeque<Vec<u8>>) -> Vec<u8> {
    let (mut node, mut last, mut hash) = (index, size.saturating_sub(1), leaf);
    while last > 0 {
        if node % 2 == 1 || node < last {
            let Some(other) = beside.pop_front() else { return Vec::new() };
            hash = match node % 2 {
                1 => sha256(&[&[1], &other, &hash]),
                _ => sha256(&[&[1], &hash, &other]),
            };
        }
        (node, last) = (node / 2, last / 2);
    }
    if beside.is_empty() { hash } else { Vec::new() }
}

/// The path of a full tile in its level (C2SP tlog-tiles).
fn path_of_tile(index: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    path
}

/// An entry of a bundle, each having its length before it in two bytes.
fn entry(mut bundle: &[u8], place: u64) -> Option<&[u8]> {
    for _ in 0..place {
        bundle = split_entry(bundle)?.1;
    }
    Some(split_entry(bundle)?.0)
}

fn split_entry(bundle: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
