//! What the server measures of itself, for Prometheus: the only home of `prometheus_client`.
//!
//! There is one set of figures for the process, as there is one log. No label has a value that a caller can make up: they are
//! operations, statuses and reasons, of which there are as many as the program has.

use std::fmt::{self, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use chrono::TimeDelta;
use prometheus_client::encoding::text::{encode, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The media type of [`render`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What every name begins with.
const PREFIX: &str = "agentidp";

/// The labels of one figure: names, and values that the program has.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Labels<const N: usize>([(&'static str, &'static str); N]);

impl<const N: usize> EncodeLabelSet for Labels<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> Result<(), fmt::Error> {
        for label in &self.0 {
            let mut encoder = encoder.encode_label();
            let mut name = encoder.encode_label_key()?;
            name.write_str(label.0)?;
            let mut value = name.encode_label_value()?;
            value.write_str(label.1)?;
            value.finish()?;
        }
        Ok(())
    }
}

/// An answer: to which operation, and with which status.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    operation: &'static str,
    status: u16,
}

struct Measures {
    registry: Registry,
    requests: Family<Answered, Counter>,
    request_duration: Family<Labels<1>, Histogram>,
    tokens_issued: Counter,
    tokens_refused: Family<Labels<1>, Counter>,
    authentications_failed: Family<Labels<1>, Counter>,
    audit_commit: Histogram,
    audit_integration_delay: Histogram,
}

static MEASURES: LazyLock<Measures> = LazyLock::new(Measures::new);

/// From half a millisecond to sixteen seconds.
fn of_requests() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 16))
}

impl Measures {
    fn new() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Family::<Answered, Counter>::default();
        registry.register("http_requests", "Requests that were answered", requests.clone());
        let request_duration =
            Family::<Labels<1>, Histogram>::new_with_constructor(of_requests as fn() -> Histogram);
        let about = "From the headers of a request to its answer";
        registry.register("http_request_duration_seconds", about, request_duration.clone());
        let tokens_issued = Counter::default();
        registry.register("tokens_issued", "Access tokens that were issued", tokens_issued.clone());
        let tokens_refused = Family::<Labels<1>, Counter>::default();
        let about = "Clients that proved themselves and were refused a token";
        registry.register("tokens_refused", about, tokens_refused.clone());
        let authentications_failed = Family::<Labels<1>, Counter>::default();
        let about = "Clients and bearers that did not prove themselves";
        registry.register("authentications_failed", about, authentications_failed.clone());
        let audit_commit = Histogram::new(exponential_buckets(0.0002, 2.0, 16));
        let about = "From an audit event that is handed over until it is durable";
        registry.register("audit_commit_seconds", about, audit_commit.clone());
        let audit_integration_delay = Histogram::new(exponential_buckets(0.05, 2.0, 12));
        let about =
            "From the time of an audit event until it is in the tree, for the oldest event of each step";
        registry.register("audit_integration_delay_seconds", about, audit_integration_delay.clone());
        let build = Info::new(Labels([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("build", "The program", build);
        Self {
            registry,
            requests,
            request_duration,
            tokens_issued,
            tokens_refused,
            authentications_failed,
            audit_commit,
            audit_integration_delay,
        }
    }
}

/// A request was answered.
pub fn request_answered(operation: &'static str, status: u16, took: Duration) {
    MEASURES.requests.get_or_create(&Answered { operation, status }).inc();
    let labels = Labels([("operation", operation)]);
    MEASURES.request_duration.get_or_create(&labels).observe(took.as_secs_f64());
}

/// An access token was issued.
pub fn token_issued() {
    MEASURES.tokens_issued.inc();
}

/// A client that proved itself was refused a token, for this reason code.
pub fn token_refused(reason: &'static str) {
    MEASURES.tokens_refused.get_or_create(&Labels([("reason", reason)])).inc();
}

/// A client or a bearer did not prove itself, for this reason code.
pub fn authentication_failed(reason: &'static str) {
    MEASURES.authentications_failed.get_or_create(&Labels([("reason", reason)])).inc();
}

/// An audit event that was handed over so long ago is durable.
pub fn event_committed(took: Duration) {
    MEASURES.audit_commit.observe(took.as_secs_f64());
}

/// The oldest event of a step of the integration is so old.
pub fn events_integrated(delay: Duration) {
    MEASURES.audit_integration_delay.observe(delay.as_secs_f64());
}

/// What is looked at when somebody asks.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// For each level of memory of client records: its name, and how often it had the record, had not, and was away.
    pub cache: Vec<(&'static str, [u64; 3])>,
    /// Slow hashes that are computed or wait.
    pub hashes_in_work: u64,
    /// Audit events that wait to be written.
    pub events_waiting: u64,
    /// For each pool of connections to the database: its name, how many are in use, idle, and there at the most.
    pub connections: Vec<(&'static str, [u64; 3])>,
    /// For how long the key in force has signed.
    pub signing_key_age: Option<Duration>,
    /// How long ago the last complete reading of the change feed began.
    pub change_feed_age: Option<Duration>,
    /// How far this machine's clock is ahead of the database's.
    pub clock_offset: Option<TimeDelta>,
    /// Requests in work.
    pub requests_in_work: u64,
}

/// A family whose figures are looked at now.
type Now<const N: usize> = Family<Labels<N>, Gauge>;

fn set<const N: usize>(family: &Now<N>, labels: [(&'static str, &'static str); N], value: u64) {
    family.get_or_create(&Labels(labels)).set(i64::try_from(value).unwrap_or(i64::MAX));
}

/// All figures, in the text format of OpenMetrics.
pub fn render(figures: &Figures) -> String {
    let mut now = Registry::with_prefix(PREFIX);
    let lookups = Family::<Labels<2>, Counter>::default();
    for (level, counts) in &figures.cache {
        for (outcome, count) in ["hit", "miss", "away"].into_iter().zip(counts) {
            lookups.get_or_create(&Labels([("level", *level), ("outcome", outcome)])).inc_by(*count);
        }
    }
    now.register("client_cache_lookups", "Client records that were looked for in memory", lookups);
    let connections = Now::<2>::default();
    let most = Now::<1>::default();
    for (pool, [in_use, idle, limit]) in &figures.connections {
        set(&connections, [("pool", *pool), ("state", "in_use")], *in_use);
        set(&connections, [("pool", *pool), ("state", "idle")], *idle);
        set(&most, [("pool", *pool)], *limit);
    }
    now.register("database_connections", "Connections to the database", connections);
    now.register("database_connections_limit", "Connections to the database at the most", most);
    for (name, about, value) in [
        ("hashes_in_work", "Slow hashes that are computed or wait", figures.hashes_in_work),
        ("audit_events_waiting", "Audit events that wait to be written", figures.events_waiting),
        ("http_requests_in_work", "Requests in work", figures.requests_in_work),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        now.register(name, about, gauge);
    }
    let age = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
    for (name, about, seconds) in [
        ("signing_key_age_seconds", "For how long the key in force has signed", age(figures.signing_key_age)),
        (
            "change_feed_age_seconds",
            "How long ago the last complete reading of the change feed began",
            age(figures.change_feed_age),
        ),
        (
            "clock_offset_seconds",
            "How far this machine's clock is ahead of the database's",
            figures.clock_offset.map(|offset| offset.as_seconds_f64()),
        ),
    ] {
        if let Some(seconds) = seconds {
            let gauge = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
            gauge.set(seconds);
            now.register(name, about, gauge);
        }
    }
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = encode_registry(&mut text, &MEASURES.registry).and_then(|()| encode(&mut text, &now));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_name_and_its_labels_and_the_text_ends() {
        request_answered("issueToken", 200, Duration::from_millis(3));
        token_refused("scope_mixed_kinds");
        let figures = Figures {
            cache: vec![("memory", [3, 2, 0])],
            connections: vec![("requests", [1, 2, 10])],
            signing_key_age: Some(Duration::from_millis(1500)),
            clock_offset: Some(TimeDelta::milliseconds(-250)),
            ..Figures::default()
        };
        let text = render(&figures);
        for line in [
            "agentidp_http_requests_total{operation=\"issueToken\",status=\"200\"} ",
            "agentidp_http_request_duration_seconds_bucket{le=\"0.004\",operation=\"issueToken\"} ",
            "agentidp_tokens_refused_total{reason=\"scope_mixed_kinds\"} ",
            "agentidp_client_cache_lookups_total{level=\"memory\",outcome=\"miss\"} 2\n",
            "agentidp_database_connections{pool=\"requests\",state=\"idle\"} 2\n",
            "agentidp_signing_key_age_seconds 1.5\n",
            "agentidp_clock_offset_seconds -0.25\n",
            "agentidp_build_info{version=\"",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("change_feed_age"), "what is not known is not said");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
