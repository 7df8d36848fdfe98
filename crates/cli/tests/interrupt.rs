//! Ctrl-C and SIGTERM: the first saves and stops, the second ends at once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Place, environment};

/// A training that would go on for a very long time.
fn endless(place: &Place) -> Child {
    place.out("practice practice --per-class 12 --seed 1");
    Command::new(assert_cmd::cargo::cargo_bin("lookalike"))
        .args(["train", "practice", "--backbone", "small", "--size", "32", "--epochs", "100000"])
        .current_dir(place.path("."))
        .envs(environment(&place.path(".")))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: &Child) {
    signal(child, "-INT");
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Reads the table until an epoch with this number is in it.
fn wait_for_epoch(child: &mut Child, epoch: usize) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = epoch.to_string();
    for line in lines.map_while(Result::ok) {
        if line.split_whitespace().next() == Some(&number) {
            return;
        }
    }
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    panic!("it ended before epoch {epoch}:\n{words}");
}

#[test]
fn the_first_saves_what_was_learned() {
    let place = Place::new();
    let mut child = endless(&place);
    wait_for_epoch(&mut child, 2);
    let asked = Instant::now();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{words}");
    assert!(asked.elapsed() < Duration::from_secs(30), "it took {:?}", asked.elapsed());
    assert!(words.contains("classifier: `practice.lookalike`"), "{words}");
    assert!(words.contains("run the same command again to resume from unfrozen epoch"), "{words}");
    // Loads, passes its self-test, and knows how far it came.
    let shown: serde_json::Value =
        serde_json::from_str(&place.out("show practice.lookalike --json")).unwrap();
    assert_eq!(shown["recipe"]["epochs"], 100_000);
    let report: serde_json::Value =
        serde_json::from_str(&place.out("report practice.lookalike --json")).unwrap();
    assert!(report["history"].as_array().unwrap().len() >= 2);
}

#[test]
fn the_second_ends_at_once_and_leaves_no_torn_file() {
    let place = Place::new();
    let mut child = endless(&place);
    wait_for_epoch(&mut child, 1);
    interrupt(&child);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    if place.path("practice.lookalike").exists() {
        place.out("show practice.lookalike");
    }
}

#[test]
fn a_request_to_terminate_has_a_code_of_its_own() {
    let place = Place::new();
    let mut child = endless(&place);
    wait_for_epoch(&mut child, 1);
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(143));
    place.out("show practice.lookalike");
    assert!(place.path("practice.lookalike.unfinished").exists());
}
