//! What people read is worded as STYLE.md asks, and its links lead somewhere.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::Place;
use regex::Regex;

/// Paraphrases of terms that exist, and the form of numbers. STYLE.md has the words to use.
const BANNED: &str = r"\bby heart\b|\bwhat is none\b|\blearn(s|ed|t)? from\b|\blearnt\b|\blooked at\b|\bput down\b|\btaught\b|\bgoes on\b|\bgo on\b|\bdealt\b|\bunlike anything\b|\bthe surest\b|\bnamed rightly\b|\bas it came\b|\d %([^} ]|$| [^0-9])";

/// The glossary names what not to write; code shows what a program prints.
const MAY_SAY_IT: [&str; 1] = ["STYLE.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Files below a folder of the repository whose name ends so, by their path within it.
fn files(below: &str, end: &str) -> BTreeMap<String, String> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root().join(below)]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// Every page of documentation, at the root and in `docs` and `bench`.
fn pages() -> BTreeMap<String, String> {
    let mut pages = files("docs", ".md");
    pages.extend(files("bench", ".md"));
    for entry in fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|end| end == "md") {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            pages.insert(name, fs::read_to_string(&entry).unwrap());
        }
    }
    pages
}

fn banned(texts: &BTreeMap<String, String>) -> Vec<String> {
    let banned = Regex::new(BANNED).unwrap();
    let lines = texts.iter().filter(|(name, _)| !MAY_SAY_IT.contains(&name.as_str()));
    let lines = lines.flat_map(|(name, text)| {
        text.lines().enumerate().map(move |(number, line)| (name, number + 1, line))
    });
    lines
        .filter_map(|(name, number, line)| {
            let found = banned.find(line)?;
            Some(format!("{name}:{number}: `{}` in `{}`", found.as_str(), line.trim()))
        })
        .collect()
}

#[test]
fn pages_reports_and_help_speak_the_fields_language() {
    let mut texts = pages();
    texts.extend(files("crates/report/templates", ".html"));
    texts.extend(files("crates/insight/src/words", ".rs"));
    let place = Place::new();
    let all = place.out("--help");
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1);
    for command in commands.take_while(|line| !line.is_empty()) {
        let command = command.split_whitespace().next().unwrap();
        if command != "help" {
            texts.insert(format!("help {command}"), place.out(&format!("help {command}")));
        }
    }
    texts.insert("--help".into(), all);
    assert!(texts.len() > 50, "{}", texts.len());
    let found = banned(&texts);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_banned_phrase_is_found() {
    let text = |text: &str| BTreeMap::from([("a".to_owned(), text.to_owned())]);
    assert_eq!(banned(&text("what was\nlearned by heart")).len(), 1);
    assert_eq!(banned(&text("it is 5 % and a 5% interval")).len(), 1);
    assert!(banned(&text("trained on 5% of them")).is_empty());
}

/// As GitHub makes an anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let pages = pages();
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut broken = vec![];
    for (name, text) in &pages {
        for target in link.captures_iter(text).map(|found| found.get(1).unwrap().as_str()) {
            if target.contains("://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => root().join(name),
                path => root().join(name).with_file_name("").join(path),
            };
            let Ok(text) = file.canonicalize().map(|file| fs::read(file).unwrap_or_default())
            else {
                broken.push(format!("{name}: {target}"));
                continue;
            };
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut headings = text.lines().filter(|line| line.starts_with('#')).map(anchor);
            if !heading.is_empty() && !headings.any(|found| found == heading) {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
