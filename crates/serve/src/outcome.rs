//! What is counted of a picture: how long it took, and what was answered.

use std::time::Duration;

use lookalike::json::Answer;

/// How long a picture took where.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) decode: Duration,
    pub(crate) wait: Duration,
    pub(crate) compute: Duration,
}

impl Times {
    /// Adds those of another picture; the network's time is that of the batch, however many are in it.
    pub(crate) fn add(&mut self, other: &Self) {
        self.decode += other.decode;
        self.wait = self.wait.max(other.wait);
        self.compute = self.compute.max(other.compute);
    }

    /// As browsers show it beside a request: `decode;dur=1.4, wait;dur=0.2, compute;dur=37.0`.
    pub(crate) fn header(&self) -> String {
        let stages = [("decode", self.decode), ("wait", self.wait), ("compute", self.compute)];
        let stages = stages.map(|(name, t)| format!("{name};dur={:.1}", t.as_secs_f64() * 1e3));
        stages.join(", ")
    }
}

/// What is counted of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) word: &'static str,
    /// The class, where the answer is one.
    pub(crate) class: Option<String>,
}

impl Verdict {
    pub(crate) fn of(answer: &Answer<'_>) -> Self {
        match answer {
            Answer::Read(read) => {
                let class = match &read.answer[..] {
                    [one] => Some(one.class.to_owned()),
                    _ => None,
                };
                Self { word: read.verdict, class }
            }
            Answer::Unread(_) => Self { word: "unread", class: None },
        }
    }
}
