//! Lists of addresses: lines, tables, JSON lines.

use std::path::Path;

use serde::Deserialize;

use super::{Sources, Wanted, class_of};
use crate::{CollectError, class};

fn wrong(path: &Path, line: u64, why: impl Into<String>) -> CollectError {
    CollectError::List { path: path.to_owned(), line, why: why.into() }
}

/// The class of one line: what was asked for, else what the line says, else the file's name.
fn class_in(
    path: &Path,
    line: u64,
    asked: Option<&str>,
    said: Option<&str>,
) -> Result<String, CollectError> {
    match (asked, said.map(str::trim).filter(|said| !said.is_empty())) {
        (Some(asked), _) => Ok(asked.to_owned()),
        (None, Some(said)) => match class::refused(said) {
            Some(why) => Err(wrong(path, line, format!("`{said}` cannot be a class: {why}"))),
            None => Ok(said.to_owned()),
        },
        (None, None) => class_of(path),
    }
}

/// A line is an address, or a class, a tab and an address; `#` begins a line that is not read.
pub(super) fn lines(
    path: &Path,
    text: &str,
    asked: Option<&str>,
    sources: &mut Sources,
) -> Result<(), CollectError> {
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (said, address) = match line.split_once('\t') {
            Some((said, address)) => (Some(said), address.trim()),
            None => (None, line),
        };
        // A list has one scheme or another in each line; a poem has none.
        if !address.contains(':') {
            return Err(wrong(path, number, format!("`{}` is no address", start(address))));
        }
        let class = class_in(path, number, asked, said)?;
        sources.wanted.push(Wanted::at(address, &class));
    }
    Ok(())
}

fn start(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

/// A table with the columns `url` and `class` or `label`.
pub(super) fn table(
    path: &Path,
    text: &str,
    asked: Option<&str>,
    sources: &mut Sources,
) -> Result<(), CollectError> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|why| wrong(path, 1, why.to_string()))?;
    let column = |names: &[&str]| {
        headers.iter().position(|header| names.contains(&header.to_lowercase().as_str()))
    };
    let url = column(&["url", "address", "link"]);
    let url = url.ok_or_else(|| wrong(path, 1, "there is no column `url`"))?;
    let label = column(&["class", "label"]);
    for record in reader.records() {
        let record = record.map_err(|why| {
            let line = why.position().map_or(1, csv::Position::line);
            wrong(path, line, why.to_string())
        })?;
        let line = record.position().map_or(1, csv::Position::line);
        let Some(address) = record.get(url).filter(|address| !address.is_empty()) else {
            return Err(wrong(path, line, "there is no address"));
        };
        let class = class_in(path, line, asked, label.and_then(|at| record.get(at)))?;
        sources.wanted.push(Wanted::at(address, &class));
    }
    Ok(())
}

/// One line of JSON; what else it holds is nobody's business here.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "address")]
    url: String,
    #[serde(alias = "label")]
    class: Option<String>,
}

/// Lines that are objects with the keys `url` and `class` or `label`.
pub(super) fn json(
    path: &Path,
    text: &str,
    asked: Option<&str>,
    sources: &mut Sources,
) -> Result<(), CollectError> {
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(line).map_err(|why| wrong(path, number, why.to_string()))?;
        let class = class_in(path, number, asked, line.class.as_deref())?;
        sources.wanted.push(Wanted::at(line.url.trim(), &class));
    }
    Ok(())
}
