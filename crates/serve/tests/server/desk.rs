//! A review or a project to ask: a copy of the practice set, and a browser that knows the key.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serve::{Desk, Listen, Settings};
use tempfile::TempDir;

use crate::client::{Answer, Server, TRAINED};

pub(crate) const TOKEN: &str = "a-token-of-tests";

/// A folder and the server that is for it.
pub(crate) struct Place {
    pub(crate) place: TempDir,
    server: Option<Server>,
}

impl Place {
    /// A review of the practice set, whose classifier is there already.
    pub(crate) fn review(change: impl FnOnce(&Path)) -> Self {
        let place = tempfile::tempdir().unwrap();
        copy(&TRAINED.photos(), &place.path().join("photos"));
        std::fs::copy(TRAINED.model(), place.path().join("photos.lookalike")).unwrap();
        change(&place.path().join("photos"));
        let mut review = Self { place, server: None };
        review.start();
        review.wait();
        review
    }

    /// A review of the practice set, for which there is no classifier.
    pub(crate) fn untrained() -> Self {
        let place = tempfile::tempdir().unwrap();
        copy(&TRAINED.photos(), &place.path().join("photos"));
        let mut review = Self { place, server: None };
        review.start();
        review
    }

    /// A project in an empty folder.
    pub(crate) fn project() -> Self {
        let mut project = Self { place: tempfile::tempdir().unwrap(), server: None };
        project.start_as(Desk::Project { folder: project.at("birds") }, "birds.lookalike");
        project
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn start_as(&mut self, desk: Desk, model: &str) {
        self.server = None;
        let settings = Settings {
            desk,
            listen: Listen::Address("127.0.0.1:0".into()),
            token: Some(TOKEN.into()),
            ..Settings::new(self.at(model))
        };
        self.server = Some(Server::start(settings));
    }

    /// Starts the review, again if it runs.
    pub(crate) fn start(&mut self) {
        let (folder, plan) = (self.at("photos"), self.at("photos.plan.csv"));
        self.start_as(Desk::Review { folder, plan }, "photos.lookalike");
    }

    pub(crate) fn start_project(&mut self) {
        self.start_as(Desk::Project { folder: self.at("birds") }, "birds.lookalike");
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// A request of a page that knows the key.
    pub(crate) fn send(&self, first: &str, body: &[u8]) -> Answer {
        let bearer = format!("Authorization: Bearer {TOKEN}");
        self.server().ask(first, &[&bearer, "Content-Type: application/octet-stream"], body)
    }

    pub(crate) fn ask(&self, first: &str, body: &Value) -> Answer {
        self.send(first, body.to_string().as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), b"")
    }

    /// What is answered well.
    pub(crate) fn json(&self, first: &str, body: &Value) -> Value {
        let answer = if body.is_null() { self.send(first, b"") } else { self.ask(first, body) };
        assert!(answer.status < 300, "{first}: {answer:?}");
        answer.json()
    }

    pub(crate) fn state(&self) -> Value {
        self.json("GET /v1/state", &Value::Null)
    }

    /// The state once nothing is being done.
    pub(crate) fn wait(&self) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.state();
            if state["job"].is_null() && state["phase"] != "surveying" {
                return state;
            }
            assert!(begun.elapsed() < Duration::from_secs(300), "{state}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The number of a picture by its name.
    pub(crate) fn id(&self, name: &str) -> u64 {
        let pictures = self.json("GET /v1/pictures?limit=1000", &Value::Null);
        let all = pictures["pictures"].as_array().unwrap();
        let found = all.iter().find(|picture| picture["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {pictures}"))["id"].as_u64().unwrap()
    }

    pub(crate) fn decide(&self, picture: u64, action: &str, to: Option<&str>) -> Answer {
        let decision = json!({ "picture": picture, "action": action, "to": to });
        self.ask("POST /v1/decisions", &json!({ "decisions": [decision] }))
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let goal = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &goal);
        } else {
            std::fs::copy(path, goal).unwrap();
        }
    }
}

/// Every file below a folder with its bytes, by name.
pub(crate) fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = vec![];
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            all.push((path, bytes));
        }
    }
    all.sort();
    all
}
