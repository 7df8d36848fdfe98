//! What is counted, in the text format of Prometheus (version 0.0.4).
//!
//! Pictures by verdict and by class are the cheapest sign that pictures have changed since the
//! classifier was trained.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::outcome::{Times, Verdict};

/// Counters of one server.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: BTreeMap<(&'static str, u16), u64>,
    verdicts: BTreeMap<&'static str, u64>,
    classes: BTreeMap<String, u64>,
    /// Seconds by stage, and how many pictures went through it.
    stages: BTreeMap<&'static str, (f64, u64)>,
    batches: BTreeMap<usize, u64>,
}

/// What is measured at the moment of asking.
pub(crate) struct Gauges {
    pub(crate) waiting: usize,
    pub(crate) connections: usize,
    pub(crate) ready: bool,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count_request(&self, route: &'static str, status: u16) {
        *self.lock().requests.entry((route, status)).or_default() += 1;
    }

    pub(crate) fn count_unread(&self) {
        *self.lock().verdicts.entry("unread").or_default() += 1;
    }

    pub(crate) fn count_batch(&self, pictures: usize) {
        *self.lock().batches.entry(pictures).or_default() += 1;
    }

    pub(crate) fn count_answer(&self, verdict: Verdict, times: &Times) {
        let mut counters = self.lock();
        *counters.verdicts.entry(verdict.word).or_default() += 1;
        if let Some(class) = verdict.class {
            *counters.classes.entry(class).or_default() += 1;
        }
        let stages = [("decode", times.decode), ("wait", times.wait), ("compute", times.compute)];
        for (stage, time) in stages {
            let (seconds, count) = counters.stages.entry(stage).or_default();
            *seconds += time.as_secs_f64();
            *count += 1;
        }
    }

    /// All of it as text.
    pub(crate) fn text(&self, gauges: &Gauges) -> String {
        let counters = self.lock();
        let mut text = Text::default();
        text.head("lookalike_requests_total", "counter", "Requests by route and status.");
        for ((route, status), n) in &counters.requests {
            text.line(&format!("{{route=\"{route}\",status=\"{status}\"}}"), *n as f64);
        }
        text.head("lookalike_pictures_total", "counter", "Pictures by verdict.");
        for (verdict, n) in &counters.verdicts {
            text.line(&format!("{{verdict=\"{verdict}\"}}"), *n as f64);
        }
        text.head("lookalike_answers_total", "counter", "Pictures answered with one class.");
        for (class, n) in &counters.classes {
            text.line(&format!("{{class=\"{}\"}}", escaped(class)), *n as f64);
        }
        text.head("lookalike_stage_seconds", "summary", "Seconds that pictures took, by stage.");
        for (stage, (seconds, n)) in &counters.stages {
            text.line(&format!("_sum{{stage=\"{stage}\"}}"), *seconds);
            text.line(&format!("_count{{stage=\"{stage}\"}}"), *n as f64);
        }
        text.head("lookalike_batches_total", "counter", "Runs of the network by pictures in them.");
        for (pictures, n) in &counters.batches {
            text.line(&format!("{{pictures=\"{pictures}\"}}"), *n as f64);
        }
        text.head("lookalike_pictures_waiting", "gauge", "Pictures that are not answered yet.");
        text.line("", gauges.waiting as f64);
        text.head("lookalike_connections", "gauge", "Open connections.");
        text.line("", gauges.connections as f64);
        text.head("lookalike_ready", "gauge", "Whether pictures are answered.");
        text.line("", f64::from(u8::from(gauges.ready)));
        if let Some(bytes) = resident() {
            text.head("process_resident_memory_bytes", "gauge", "Memory in use.");
            text.line("", bytes as f64);
        }
        text.text
    }
}

/// Text whose lines begin with the name of the latest head.
#[derive(Default)]
struct Text {
    name: &'static str,
    text: String,
}

impl Text {
    fn head(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        // A string takes whatever is written to it.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, labels: &str, value: f64) {
        let _ = writeln!(self.text, "{}{labels} {value}", self.name);
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Bytes of memory that this process holds, where the system tells.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Gauges, Metrics};
    use crate::outcome::{Times, Verdict};

    #[test]
    fn the_text_is_prometheus_and_class_names_cannot_break_it() {
        let metrics = Metrics::default();
        metrics.count_request("/v1/predict", 200);
        metrics.count_request("/v1/predict", 200);
        let class = Some("a \"b\"\\\nc".to_owned());
        let times = Times { decode: Duration::from_millis(1500), ..Times::default() };
        metrics.count_answer(Verdict { word: "class", class }, &times);
        let gauges = Gauges { waiting: 3, connections: 1, ready: true };
        let text = metrics.text(&gauges);
        for line in [
            "lookalike_requests_total{route=\"/v1/predict\",status=\"200\"} 2",
            "lookalike_pictures_total{verdict=\"class\"} 1",
            "lookalike_answers_total{class=\"a \\\"b\\\"\\\\\\nc\"} 1",
            "lookalike_stage_seconds_sum{stage=\"decode\"} 1.5",
            "lookalike_stage_seconds_count{stage=\"wait\"} 1",
            "lookalike_pictures_waiting 3",
            "# TYPE lookalike_ready gauge",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
