//! `review` and `app` killed at random moments: what was answered is on the disk. With `LOOKALIKE_SLOW`
//! set 200 times.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Place, TRAINED, environment};
use doctor::plan::Plan;
use ground::random::{Draws, Purpose};
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-tests";

/// How often a program is killed.
fn kills() -> u64 {
    if std::env::var_os("LOOKALIKE_SLOW").is_some() { 200 } else { 10 }
}

/// A program that serves a page, killed at the latest when the test ends.
struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(place: &Place, arguments: &str) -> Self {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin("lookalike"));
        command.current_dir(place.path("")).args(arguments.split_whitespace()).arg("--no-open");
        command.envs(environment(&place.path(""))).env("LOOKALIKE_TOKEN", TOKEN);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        assert!(address.ends_with(&format!("/#k={TOKEN}")), "{line}");
        let address = address.split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// The status and body of an answer; none from a program that was killed.
    fn ask(&self, first: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let head = format!(
            "{first} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
        let mut answer = vec![];
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let status = std::str::from_utf8(&answer[..end]).ok()?.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer[end + 4..].to_vec()))
    }

    fn json(&self, first: &str, body: &Value) -> Option<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, body) = self.ask(first, body.as_bytes())?;
        assert!(status < 300, "{first}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).ok()
    }

    /// Asks over and over until the program is killed, after so many milliseconds.
    fn until_killed(mut self, milliseconds: u64, mut ask: impl FnMut(&Self) -> bool) -> usize {
        let end = Instant::now() + Duration::from_millis(milliseconds);
        let pid = self.child.id();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap()
        });
        let mut answered = 0;
        while ask(&self) {
            answered += 1;
        }
        killer.join().unwrap();
        self.child.wait().unwrap();
        answered
    }
}

#[test]
fn a_review_killed_at_any_moment_has_lost_no_decision() {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    std::fs::copy(TRAINED.path("practice.lookalike"), place.path("practice.lookalike")).unwrap();
    let mut known: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut draws = Draws::new(7, Purpose::Synthetic, &[1]);
    let mut all = 0;
    for round in 0..kills() {
        let review = Running::start(&place, "review practice");
        let rows = review.json("GET /v1/pictures?limit=1000", &Value::Null).unwrap();
        let pictures = rows["pictures"].as_array().unwrap().clone();
        let decisions = review.json("GET /v1/decisions", &Value::Null).unwrap();
        assert_eq!(decisions["decisions"].as_array().unwrap().len(), known.len(), "round {round}");
        let wait = 30 + draws.below(400) as u64;
        all += review.until_killed(wait, |review| {
            let picture = &pictures[draws.below(pictures.len())];
            let action = ["keep", "leave out"][draws.below(2)];
            let wish = json!({ "picture": picture["id"], "action": action });
            let answer = review.json("POST /v1/decisions", &json!({ "decisions": [wish] }));
            let name = PathBuf::from(picture["name"].as_str().unwrap());
            // What was not answered may be in the plan or not.
            if answer.is_some() {
                known.insert(name, action);
                return true;
            }
            known.remove(&name);
            false
        });
        let plan = Plan::read(&place.path("practice.plan.csv")).unwrap();
        let written: BTreeMap<PathBuf, &str> =
            plan.steps.iter().map(|step| (step.path.clone(), step.action.words())).collect();
        for (name, action) in &known {
            assert_eq!(written.get(name), Some(action), "round {round}: {}", name.display());
        }
        known = written;
    }
    assert!(all > 0, "nothing was decided before a kill");
    println!("{} kills, {all} decisions answered, none lost", kills());
}

#[test]
fn an_app_killed_at_any_moment_has_lost_no_picture() {
    let place = Place::new();
    place.out("practice practice --per-class 20 --seed 1");
    let mut shots = vec![];
    for class in std::fs::read_dir(place.path("practice")).unwrap() {
        for shot in std::fs::read_dir(class.unwrap().path()).unwrap() {
            shots.push(std::fs::read(shot.unwrap().path()).unwrap());
        }
    }
    let mut draws = Draws::new(8, Purpose::Synthetic, &[1]);
    let (mut kept, mut next) = (vec![], 0);
    for round in 0..kills() {
        let app = Running::start(&place, "app birds");
        let name = format!("class {round}");
        let made = app.json("POST /v1/classes", &json!({ "name": name })).unwrap();
        let path = format!("POST /v1/classes/{}/pictures?burst=r{round}", made["class"]["id"]);
        let wait = 20 + draws.below(300) as u64;
        app.until_killed(wait, |app| {
            let shot = next % shots.len();
            next += 1;
            let Some((status, body)) = app.ask(&path, &shots[shot]) else { return false };
            let told: Value = serde_json::from_slice(&body).unwrap_or_default();
            if let Some(name) = told["added"][0]["name"].as_str() {
                kept.push((PathBuf::from("birds").join(name), shot));
            }
            status == 201
        });
        for (path, shot) in &kept {
            let found = std::fs::read(place.path(path.to_str().unwrap()));
            assert_eq!(found.unwrap(), shots[*shot], "round {round}: {}", path.display());
        }
    }
    assert!(!kept.is_empty(), "nothing was filed before a kill");
    println!("{} kills, {} pictures answered, none lost", kills(), kept.len());
}
