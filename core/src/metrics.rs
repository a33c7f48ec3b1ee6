//! What a deployment counts, and the Prometheus text it is told in (text format 0.0.4, as in
//! prometheus.io/docs/instrumenting/exposition_formats).

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The counters, by name, with the sentence that explains each. A name may be followed by one
/// label, written as Prometheus writes it: `answers{source="hit"}`.
pub const COUNTERS: [(&str, &str); 14] = [
    ("clip_hits_cache", "GET /clips answered from the Cache API"),
    ("clip_hits_store", "GET /clips answered from R2"),
    ("clip_misses", "GET /clips of a clip that does not exist"),
    ("clip_fills", "Clips put into the Cache API"),
    ("private_clip_hits", "GET /private answered"),
    ("actor_calls", "Calls of Durable Objects, those between them included"),
    ("answers", "Answers to POST /jobs, by where the content comes from"),
    ("fallbacks", "Fallbacks given with an answer, by where they come from"),
    ("refusals", "Requests refused, by code"),
    ("submissions", "Submissions sent to providers, repeated ones included"),
    ("provider_errors", "Calls of providers that failed, by kind"),
    ("clips_stored", "Clips generated, checked and stored"),
    ("speculation_stored", "Of them, those that nobody had asked for when they were stored"),
    ("speculation_used", "Speculative flights that somebody then asked for"),
];

/// Sums of counters.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Totals(pub BTreeMap<String, u64>);

impl Totals {
    /// Adds what another counted.
    pub fn add(&mut self, more: &Self) {
        for (name, count) in &more.0 {
            let sum = self.0.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// What was counted since `before` was read from the same counters.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let delta = |(name, count): (&String, &u64)| {
            let more = count.saturating_sub(before.0.get(name).copied().unwrap_or(0));
            (more > 0).then(|| (name.clone(), more))
        };
        Self(self.0.iter().filter_map(delta).collect())
    }

    /// All counters in Prometheus's text form. One that nothing was counted for is told as 0, so
    /// that it can be graphed before it happens.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for (name, about) in COUNTERS {
            family(&mut text, &format!("{name}_total"), "counter", about);
            let own = self.0.iter().filter(|(key, _)| key.split('{').next() == Some(name));
            let mut lines: Vec<(&str, u64)> = own.map(|(key, count)| (key.as_str(), *count)).collect();
            if lines.is_empty() {
                lines.push((name, 0));
            }
            for (key, count) in lines {
                let labels = key.strip_prefix(name).unwrap_or_default();
                let _ = writeln!(text, "cuelight_{name}_total{labels} {count}");
            }
        }
        text
    }
}

/// A gauge with its lines: labels, as Prometheus writes them, and values.
pub fn gauge(text: &mut String, name: &str, about: &str, lines: &[(String, u64)]) {
    family(text, name, "gauge", about);
    for (labels, value) in lines {
        let _ = writeln!(text, "cuelight_{name}{labels} {value}");
    }
}

fn family(text: &mut String, name: &str, kind: &str, about: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP cuelight_{name} {about}.\n# TYPE cuelight_{name} {kind}");
}

/// A label as Prometheus writes it. Names are ours; a value is escaped.
#[must_use]
pub fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{value}\"}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_differences_lose_nothing() {
        let isolate = |hits, misses| {
            Totals(BTreeMap::from([("clip_hits_cache".into(), hits), ("clip_misses".into(), misses)]))
        };
        let mut all = Totals::default();
        all.add(&isolate(3, 0).since(&Totals::default()));
        all.add(&isolate(5, 1).since(&isolate(3, 0)));
        all.add(&isolate(1, 1));
        assert_eq!(all, isolate(6, 2));
    }

    #[test]
    fn prometheus_reads_every_counter_with_its_label() {
        let key = format!("answers{}", label("source", "h\"it"));
        let text = Totals(BTreeMap::from([(key, 2)])).to_prometheus();
        assert!(text.contains("cuelight_answers_total{source=\"h\\\"it\"} 2\n"), "{text}");
        assert!(text.contains("cuelight_clip_misses_total 0\n"));
        assert_eq!(text.matches("# TYPE").count(), COUNTERS.len());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.rsplit_once(' ').unwrap().1.parse::<u64>().is_ok(), "{line}");
        }
    }
}
