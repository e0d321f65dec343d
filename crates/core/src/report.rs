//! Metrics as JSON and in the Prometheus text format.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::caches::RateLimitCounts;
use crate::clock::UnixMillis;
use crate::json::to_json;
use crate::store::{BreakerState, Class, FallbackStore, Outcome, UpstashStore};
use crate::upstash::{Latency, RequestMetrics};

/// The metrics of a service at one moment. They contain no key and no value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    state: &'static str,
    since: UnixMillis,
    last_error: Option<ErrorReport>,
    calls: CallCounts,
    pending_writes: usize,
    replayed: u64,
    dropped_as_expired: u64,
    conflicts: u64,
    uncertain: u64,
    stale_copies: StaleCopiesReport,
    corrupt_entries_removed: u64,
    overtaken_runs: u64,
    unlisted_sessions: u64,
    rate_limits: BTreeMap<String, RateLimitCounts>,
    queued_commands: usize,
    requests_in_flight: usize,
    retries: u64,
    latency: LatencyReport,
}

#[derive(Serialize)]
struct ErrorReport {
    code: &'static str,
    message: String,
    at: UnixMillis,
}

#[derive(Serialize)]
struct StaleCopiesReport {
    entries: usize,
    bytes: u64,
}

/// In milliseconds.
#[derive(Default, Serialize)]
struct LatencyReport {
    count: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl From<Latency> for LatencyReport {
    fn from(latency: Latency) -> Self {
        let millis = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
        Self {
            count: latency.count,
            p50: millis(latency.p50),
            p90: millis(latency.p90),
            p99: millis(latency.p99),
            max: millis(latency.max),
        }
    }
}

/// The number of calls by class and outcome.
struct CallCounts(Vec<(Class, Vec<(Outcome, u64)>)>);

impl Serialize for CallCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (class, outcomes) in &self.0 {
            map.serialize_entry(class.name(), &OutcomeCounts(outcomes))?;
        }
        map.end()
    }
}

struct OutcomeCounts<'a>(&'a [(Outcome, u64)]);

impl Serialize for OutcomeCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(outcome, count)| (outcome.name(), count)))
    }
}

impl Report {
    pub(crate) fn of(
        store: &FallbackStore<UpstashStore>,
        rate_limits: BTreeMap<String, RateLimitCounts>,
    ) -> Self {
        let (state, since) = store.breaker().state();
        let requests = store.remote().map(UpstashStore::request_metrics);
        let (entries, bytes) = store.stale_copies();
        let replays = store.metrics().replays();
        let counts = |class| {
            Outcome::ALL.iter().map(|outcome| (*outcome, store.metrics().calls(class, *outcome))).collect()
        };
        Self {
            state: if store.is_local() { "not-configured" } else { state.name() },
            since,
            last_error: store.breaker().last_error().map(|last| ErrorReport {
                code: last.error.outage_code(),
                message: last.error.to_string(),
                at: last.at,
            }),
            calls: CallCounts(Class::ALL.iter().map(|class| (*class, counts(*class))).collect()),
            pending_writes: store.pending(),
            replayed: replays.replayed(),
            dropped_as_expired: replays.dropped_as_expired(),
            conflicts: replays.conflicts(),
            uncertain: replays.uncertain(),
            stale_copies: StaleCopiesReport { entries, bytes },
            corrupt_entries_removed: store.metrics().corrupt(),
            overtaken_runs: store.metrics().overtaken(),
            unlisted_sessions: store.metrics().unlisted(),
            rate_limits,
            queued_commands: requests.map_or(0, RequestMetrics::queued_commands),
            requests_in_flight: requests.map_or(0, RequestMetrics::requests_in_flight),
            retries: requests.map_or(0, RequestMetrics::retries),
            latency: requests.map(|requests| requests.latency().into()).unwrap_or_default(),
        }
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_json(self)
    }

    /// The report in the Prometheus text format. Names and labels are stable.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = Exposition::default();
        text.family("redlatch_up", "gauge", "1 while Redis is available.");
        text.sample("", u8::from(self.state == BreakerState::Available.name()));
        text.family("redlatch_state_since_seconds", "gauge", "Start of the current state in Unix seconds.");
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        text.sample("", self.since as f64 / 1000.0);
        text.family("redlatch_calls_total", "counter", "Calls by class and outcome.");
        for (class, outcomes) in &self.calls.0 {
            for (outcome, count) in outcomes {
                let (class, outcome) = (class.name(), outcome.name());
                text.sample(&format!("{{class=\"{class}\",outcome=\"{outcome}\"}}"), count);
            }
        }
        text.single(
            "redlatch_pending_writes",
            "gauge",
            "Writes made during an outage that are not replayed yet.",
            self.pending_writes,
        );
        text.family(
            "redlatch_replayed_writes_total",
            "counter",
            "Writes made during outages by result of the replay.",
        );
        for (result, count) in [
            ("replayed", self.replayed),
            ("expired", self.dropped_as_expired),
            ("conflict", self.conflicts),
            ("uncertain", self.uncertain),
        ] {
            text.sample(&format!("{{result=\"{result}\"}}"), count);
        }
        text.single(
            "redlatch_stale_copies",
            "gauge",
            "Stale copies kept for an outage.",
            self.stale_copies.entries,
        );
        text.single(
            "redlatch_stale_copies_bytes",
            "gauge",
            "Size of the stale copies.",
            self.stale_copies.bytes,
        );
        let corrupt = self.corrupt_entries_removed;
        text.single("redlatch_corrupt_entries_total", "counter", "Corrupt entries removed.", corrupt);
        let overtaken = self.overtaken_runs;
        text.single(
            "redlatch_overtaken_runs_total",
            "counter",
            "Runs that ended after another one.",
            overtaken,
        );
        text.single(
            "redlatch_unlisted_sessions_total",
            "counter",
            "Sessions that are not in the list of their user.",
            self.unlisted_sessions,
        );
        text.family("redlatch_rate_limits_total", "counter", "Limited requests by limiter and result.");
        for (name, counts) in &self.rate_limits {
            // A string of JSON is one of this format, too, because names are printable ASCII.
            let name = to_json(name);
            for (result, count) in [
                ("allowed", counts.allowed),
                ("denied", counts.denied),
                ("deniedByCache", counts.denied_by_cache),
                ("fellBack", counts.fallen_back),
            ] {
                text.sample(&format!("{{limiter={name},result=\"{result}\"}}"), count);
            }
        }
        let queued = self.queued_commands;
        text.single("redlatch_queued_commands", "gauge", "Commands that wait for their request.", queued);
        let in_flight = self.requests_in_flight;
        text.single("redlatch_requests_in_flight", "gauge", "Requests in flight.", in_flight);
        text.single("redlatch_retries_total", "counter", "Retried requests.", self.retries);
        text.family(
            "redlatch_request_duration_seconds",
            "summary",
            "Duration of requests that got a response.",
        );
        for (quantile, millis) in
            [("0.5", self.latency.p50), ("0.9", self.latency.p90), ("0.99", self.latency.p99)]
        {
            text.sample(&format!("{{quantile=\"{quantile}\"}}"), millis / 1000.0);
        }
        text.sample("_count", self.latency.count);
        text.text
    }
}

/// Builds text in the Prometheus format.
#[derive(Default)]
struct Exposition {
    text: String,
    name: &'static str,
}

impl Exposition {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, suffix: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.text, "{}{suffix} {value}", self.name);
    }

    fn single(&mut self, name: &'static str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.sample("", value);
    }
}
