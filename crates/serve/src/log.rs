//! A line for each request: what was asked of which route, and what came of it. Never a name of a
//! picture, a query, a token or what a picture shows.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;

/// How requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// A line that people read.
    Text,
    /// A JSON object a line.
    Json,
    /// Not at all.
    Off,
}

impl FromStr for LogForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "off" => Ok(Self::Off),
            _ => Err("there are `text`, `json` and `off`".into()),
        }
    }
}

/// What is logged of a request.
pub(crate) struct Entry<'a> {
    pub(crate) when: SystemTime,
    pub(crate) id: &'a str,
    pub(crate) from: Option<IpAddr>,
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
    /// The problem's name and words, where there is one.
    pub(crate) problem: Option<(&'a str, &'a str)>,
}

impl Entry<'_> {
    /// The line, if there is to be one.
    pub(crate) fn line(&self, form: LogForm) -> Option<String> {
        let Self { when, id, from, method, route, status, took, problem } = self;
        let from = from.map_or("local".into(), |ip| ip.to_string());
        let milliseconds = (took.as_secs_f64() * 1e4).round() / 10.0;
        match form {
            LogForm::Off => None,
            LogForm::Text => {
                let date = lookalike::text::date(*when);
                let problem = problem.map_or(String::new(), |(_, words)| format!(" ({words})"));
                Some(format!(
                    "{date} {from} {method} {route} {status} {milliseconds} ms {id}{problem}"
                ))
            }
            LogForm::Json => {
                let since = when.duration_since(UNIX_EPOCH).unwrap_or_default();
                let line = json!({
                    "time": since.as_secs_f64(), "id": id, "from": from, "method": method,
                    "route": route, "status": status, "milliseconds": milliseconds,
                    "problem": problem.map(|(name, _)| name),
                });
                Some(line.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Entry, LogForm};

    #[test]
    fn a_line_says_what_came_of_a_request() {
        let entry = Entry {
            when: UNIX_EPOCH + Duration::from_secs(90),
            id: "a1",
            from: Some([127, 0, 0, 1].into()),
            method: "POST",
            route: "/v1/predict",
            status: 415,
            took: Duration::from_micros(12_340),
            problem: Some(("not-a-picture", "not a picture")),
        };
        let text = "1970-01-01 00:01 UTC 127.0.0.1 POST /v1/predict 415 12.3 ms a1 (not a picture)";
        assert_eq!(entry.line(LogForm::Text).unwrap(), text);
        let json: serde_json::Value =
            serde_json::from_str(&entry.line(LogForm::Json).unwrap()).unwrap();
        assert_eq!((&json["time"], &json["problem"]), (&90.0.into(), &"not-a-picture".into()));
        assert_eq!(entry.line(LogForm::Off), None);
    }
}
