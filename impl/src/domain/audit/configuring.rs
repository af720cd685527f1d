//! What a server is set to, as far as it decides who gets in, what tokens say, and what is kept for how long: recorded when
//! one starts with other settings than the last that are recorded.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::log::LogFault;
use super::{Action, Actor, AuditEvent, AuditFilter};
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::crypto::master::{digest, hex};
use crate::domain::callers::AuthMethod;
use crate::store::audit::{AuditReads, AuditWrites};
use crate::store::{Store, StoreFault, Unit};

/// The most bytes that a value may have in an event, which tells twice of each that has changed.
const VALUE_LIMIT: usize = 512;

/// How many bytes are told of a longer one, beside its digest.
const START: usize = 64;

/// How often, and after how long each time, the log is claimed before the event is recorded without.
const CLAIMS: u32 = 100;
const CLAIM_AGAIN: Duration = Duration::from_millis(50);

/// Settings by their names.
pub type Settings = Map<String, Value>;

/// Records these settings, if they are not the ones that were recorded last; answers whether it did. Of nodes that start
/// together with the same settings one does.
pub async fn configured_record<S: Store>(
    store: &S,
    settings: Settings,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<bool, LogFault> {
    let settings: Settings = settings.into_iter().map(|(name, value)| (name, bounded(value))).collect();
    if last_recorded(store).await?.as_ref() == Some(&settings) {
        return Ok(false);
    }
    let mut unit = claim(store).await?;
    // Others are kept out until the commit, so what they recorded before is seen now.
    let before = last_recorded(store).await?;
    if before.as_ref() == Some(&settings) {
        return Ok(false);
    }
    let mut event = AuditEvent::success(Action::ServerConfigured, Actor::nameless(AuthMethod::System));
    if let Some(before) = before {
        event = event.with("previous", changed(before, &settings));
    }
    let event = event.with("settings", settings).seal(clock, entropy)?;
    unit.audit_append(&[event]).await?;
    fault_point!("configured.written");
    unit.commit().await?;
    fault_point!("configured.committed");
    Ok(true)
}

/// A transaction that keeps others from doing the same, unless the log is worked on for so long that an event too many is
/// better than none.
async fn claim<S: Store>(store: &S) -> Result<S::Unit, StoreFault> {
    for _ in 1..CLAIMS {
        let mut unit = store.begin().await?;
        if unit.audit_claim().await? {
            return Ok(unit);
        }
        drop(unit);
        sleep(CLAIM_AGAIN).await;
    }
    store.begin().await
}

/// The settings that were recorded last, if that event's time is not over.
async fn last_recorded<S: AuditReads>(store: &S) -> Result<Option<Settings>, StoreFault> {
    #[derive(Deserialize)]
    struct Configured {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        settings: Settings,
    }
    let action = Some(Action::ServerConfigured.as_str().to_owned());
    let last = store.audit_list(&AuditFilter { action, ..AuditFilter::default() }, None, 1).await?.pop();
    let told = last.and_then(|row| serde_json::from_slice::<Configured>(&row.content).ok());
    Ok(told.map(|configured| configured.data.settings))
}

/// What was otherwise before: `null` where there was nothing.
fn changed(mut before: Settings, now: &Settings) -> Settings {
    for name in now.keys() {
        before.entry(name.as_str()).or_insert(Value::Null);
    }
    before.retain(|name, value| now.get(name) != Some(value));
    before
}

/// The value itself, or of one that is too long how it starts and what tells it from others.
fn bounded(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= VALUE_LIMIT {
        return value;
    }
    let end = (0..=START).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    json!({ "digest": hex(&digest(&[text.as_bytes()])), "start": &text[..end] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(value: Value) -> Settings {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn what_has_changed_is_told_as_it_was() {
        let before = settings(json!({ "days": 90, "gone": "x", "same": [1] }));
        let now = settings(json!({ "days": 7, "new": true, "same": [1] }));
        assert_eq!(changed(before, &now), settings(json!({ "days": 90, "gone": "x", "new": null })));
    }

    #[test]
    fn a_long_value_is_told_by_its_digest() {
        let long = |last: &str| json!((0..40).map(|_| "https://a.example").chain([last]).collect::<Vec<_>>());
        let (one, other) = (bounded(long("b")), bounded(long("c")));
        assert_ne!(one, other);
        assert_eq!(one["start"], other["start"]);
        for value in [one, bounded("\u{1}".repeat(9_000).into()), bounded("ä".repeat(9_000).into())] {
            assert!(value.to_string().len() <= VALUE_LIMIT, "{value}");
        }
        assert_eq!(bounded(json!(["short"])), json!(["short"]));
    }
}
