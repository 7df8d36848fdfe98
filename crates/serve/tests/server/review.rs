//! A folder looked through: decisions, the plan, findings, groups.

use std::io::{Read, Write};
use std::path::Path;

use doctor::plan::{Action, Plan};
use lookalike::{Silent, practice};
use serde_json::{Value, json};

use crate::desk::{Place, TOKEN, tree};

/// The names of the first two pictures of the first class, and the class of the second.
fn names(place: &Place) -> (String, String, String) {
    let classes = &place.state()["classes"];
    let class = |at: usize| classes[at]["name"].as_str().unwrap().to_owned();
    let rows = place.json("GET /v1/pictures?class=0", &Value::Null);
    let name = |at: usize| rows["pictures"][at]["name"].as_str().unwrap().to_owned();
    (name(0), name(1), class(1))
}

fn written(place: &Place) -> Vec<(Action, String)> {
    let plan = Plan::read(&place.at("photos.plan.csv")).unwrap();
    let line = |step: doctor::plan::Step| (step.action, step.path.display().to_string());
    plan.steps.into_iter().map(line).collect()
}

#[test]
fn a_decision_is_in_the_plan_when_it_is_answered_and_outlives_a_restart() {
    let mut place = Place::review(|_| {});
    let (first, second, other) = names(&place);
    let id = place.id(&first);
    let answer = place.decide(id, "relabel", Some(&other));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["plan"]["changes"], 1);
    assert_eq!(written(&place), [(Action::Relabel, first.clone())]);
    assert_eq!(place.decide(place.id(&second), "leave out", None).status, 200);
    // Undone and done again, on the disk too.
    let undone = place.json("POST /v1/undo", &Value::Null);
    assert_eq!((&undone["decisions"][0]["action"], written(&place).len()), (&json!("open"), 1));
    assert_eq!(place.json("POST /v1/redo", &Value::Null)["plan"]["changes"], 2);
    assert_eq!(place.send("POST /v1/redo", b"").problem().unwrap(), "conflict");
    // Decided anew, and taken back altogether.
    assert_eq!(place.decide(id, "keep", None).json()["plan"]["kept"], 1);
    assert_eq!(place.decide(id, "open", None).json()["plan"]["kept"], 0);
    assert_eq!(place.decide(id, "relabel", Some(&other)).status, 200);
    place.start();
    assert_eq!(place.id(&first), id, "numbers are the same");
    let decisions = place.json("GET /v1/decisions", &Value::Null);
    assert_eq!(decisions["decisions"].as_array().unwrap().len(), 2);
    assert_eq!(place.send("POST /v1/undo", b"").status, 409);
}

#[test]
fn a_plan_is_tried_in_words_applied_and_undone() {
    let place = Place::review(|_| {});
    let before = tree(&place.at("photos"));
    let (first, second, other) = names(&place);
    let ids = [place.id(&first), place.id(&second)];
    place.decide(ids[0], "relabel", Some(&other));
    place.decide(ids[1], "leave out", None);
    let dry = place.json("POST /v1/plan/check", &Value::Null);
    assert_eq!((&dry["total"], dry["words"].as_array().unwrap().len()), (&json!(2), 3), "{dry}");
    assert_eq!(dry["moves"][0]["picture"], ids[0]);
    assert_eq!(tree(&place.at("photos")), before, "nothing was moved");
    place.json("POST /v1/plan/apply", &Value::Null);
    let state = place.wait();
    assert_eq!(
        (&state["phase"], &state["plan"]["applied"]),
        (&json!("applied"), &json!(2)),
        "{state}"
    );
    assert_eq!(
        (&state["plan"]["changes"], &state["classifier"]["stale"]),
        (&json!(0), &json!(true))
    );
    // What moved is shown where it is, and not decided anew.
    let moved = place.json(&format!("GET /v1/pictures/{}", ids[0]), &Value::Null);
    assert_eq!((&moved["moved"], &moved["class"]), (&json!(true), &json!(1)), "{moved}");
    assert_eq!(place.get(&format!("/v1/pictures/{}/thumb.jpg", ids[0])).status, 200);
    assert_eq!(place.decide(ids[0], "keep", None).problem().unwrap(), "conflict");
    place.json("POST /v1/plan/undo", &Value::Null);
    let state = place.wait();
    assert_eq!(
        (&state["phase"], &state["plan"]["changes"]),
        (&json!("deciding"), &json!(2)),
        "{state}"
    );
    assert_eq!(tree(&place.at("photos")), before);
    assert_eq!(place.send("POST /v1/plan/undo", b"").problem().unwrap(), "conflict");
}

#[test]
fn a_new_class_is_made_where_it_is_said_and_a_loose_picture_gets_one() {
    let place = Place::review(|photos| {
        // A picture of its own, as copies of known ones are not asked about.
        let settings =
            practice::Settings { per_class: 1, seed: 99, ..practice::Settings::default() };
        let drawn = practice::draw(&photos.with_file_name("drawn"), &settings, &Silent).unwrap();
        std::fs::copy(&drawn[0], photos.join("loose.png")).unwrap();
    });
    let (first, _, other) = names(&place);
    let id = place.id(&first);
    assert_eq!(place.decide(id, "relabel", Some("wasps")).problem().unwrap(), "not-possible");
    let wish =
        |to: &str| json!({ "picture": id, "action": "relabel", "to": to, "new_class": true });
    let decide = |to: &str| place.ask("POST /v1/decisions", &json!({ "decisions": [wish(to)] }));
    for bad in ["../up", "a/b", "", ".hidden", "train", "a\u{0}b"] {
        assert_eq!(decide(bad).problem().unwrap(), "not-possible", "{bad:?}");
    }
    assert_eq!(decide("wasps").status, 200);
    let loose = place.id("loose.png");
    let next = place.json("GET /v1/findings?kind=next", &Value::Null);
    assert_eq!(next["findings"][0]["pictures"][0]["id"], loose, "{next}");
    assert_eq!(next["findings"][0]["guesses"].as_array().unwrap().len(), 3);
    assert_eq!(place.decide(loose, "relabel", Some(&other)).status, 200);
    assert_eq!(place.state()["unlabelled"], 1);
    place.json("POST /v1/plan/apply", &Value::Null);
    place.wait();
    assert!(place.at("photos/wasps").is_dir());
    assert!(place.at("photos").join(other).join("loose.png").exists());
}

#[test]
fn copies_and_doubted_labels_are_asked_about() {
    let place = Place::review(|photos| {
        let any = tree(photos).swap_remove(0);
        std::fs::write(any.0.with_file_name("zz copy.png"), &any.1).unwrap();
        std::fs::write(any.0.with_file_name("broken.jpg"), b"\xff\xd8\xffnothing").unwrap();
    });
    let state = place.state();
    let kinds: Vec<&str> =
        state["tabs"].as_array().unwrap().iter().map(|tab| tab["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"copies") && kinds.contains(&"unreadable"), "{state}");
    let copies = place.json("GET /v1/findings?kind=copies", &Value::Null);
    let all = copies["findings"].as_array().unwrap();
    let copy = |finding: &&Value| {
        let pictures = finding["pictures"].as_array().unwrap();
        pictures.iter().any(|one| one["name"].as_str().unwrap().ends_with("zz copy.png"))
    };
    let finding = all.iter().find(copy).unwrap();
    let kept = finding["keep"][0].as_u64().unwrap();
    assert!(finding["keep_why"].as_str().unwrap().contains("does not say that it is a copy"));
    // The proposal is taken as it is, and the question is answered.
    let answer = place.ask("POST /v1/decisions", &json!({ "decisions": finding["proposal"] }));
    assert_eq!(answer.status, 200, "{answer:?}");
    let steps = written(&place);
    assert!(
        steps.iter().any(|(action, name)| *action == Action::LeaveOut && name.contains("zz copy"))
    );
    assert!(!steps.iter().any(|(action, _)| *action == Action::Relabel));
    let again = place.json("GET /v1/findings?kind=copies", &Value::Null);
    let same = again["findings"].as_array().unwrap().iter().find(copy).unwrap();
    assert_eq!((&same["open"], &same["keep"][0]), (&json!(false), &json!(kept)));
    let broken = place.json("GET /v1/findings?kind=unreadable", &Value::Null);
    let picture = &broken["findings"][0]["pictures"][0];
    assert!(picture["error"].is_string(), "{broken}");
    let thumb = format!("/v1/pictures/{}/thumb.jpg", picture["id"]);
    assert_eq!(place.get(&thumb).problem().unwrap(), "unreadable-picture");
    // By what the classifier said of them, and not by their names.
    let doubted = place.json("GET /v1/pictures?order=doubt", &Value::Null);
    assert_eq!(doubted["total"], state["pictures"]);
}

#[test]
fn a_picture_is_shown_by_its_number_made_anew_and_never_as_it_lies() {
    let place = Place::review(|_| {});
    let (first, second, _) = names(&place);
    let id = place.id(&first);
    let path = place.at("photos").join(&first);
    for (file, most) in [("thumb.jpg", 320), ("large.jpg", 1600)] {
        let answer = place.get(&format!("/v1/pictures/{id}/{file}?v=1"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/jpeg")));
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
        assert!(most > 0 && answer.body.len() > 100);
    }
    for odd in [
        "-1",
        "1",
        "99999999999999999999",
        "0x1",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "1.5",
        " ",
        "%F0%9F%90%A6",
    ] {
        for rest in ["", "/thumb.jpg", "/answer"] {
            let answer = place.get(&format!("/v1/pictures/{odd}{rest}"));
            assert!(matches!(answer.status, 404 | 400), "{odd}{rest}: {answer:?}");
        }
    }
    assert_eq!(place.get(&format!("/v1/pictures/{id}/../thumb.jpg")).status, 404);
    assert_eq!(place.get(&format!("/v1/pictures/{id}/other.jpg")).status, 404);
    // Swapped between listing and reading.
    let thumb = format!("/v1/pictures/{id}/thumb.jpg");
    let fault = || place.get(&thumb).problem().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(fault(), "not-found");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(place.at("photos").join(&second), &path).unwrap();
        assert_eq!(fault(), "unreadable-picture");
        std::fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(fault(), "unreadable-picture");
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::create_dir(&path).unwrap();
    assert_eq!(fault(), "unreadable-picture");
}

#[test]
fn what_a_classifier_says_of_a_picture_is_the_document_of_predict() {
    let place = Place::review(|_| {});
    let (first, ..) = names(&place);
    let path = format!("/v1/pictures/{}/answer?heat_map=true", place.id(&first));
    let answer = place.get(&path).json();
    assert_eq!(answer["predictions"][0]["picture"], first);
    assert!(answer["predictions"][0]["heat_map"]["image"].as_str().unwrap().starts_with("data:"));
    assert_eq!(place.get("/report").status, 200);
}

#[test]
fn requests_that_make_no_sense_change_nothing() {
    let place = Place::review(|_| {});
    let (first, ..) = names(&place);
    let id = place.id(&first);
    let keep = json!({ "picture": id, "action": "keep" });
    let many = vec![keep.clone(); 10_001];
    for (body, status) in [
        (json!({ "decisions": [] }), 400),
        (json!({ "decisions": many }), 400),
        (json!({ "decisions": [{ "picture": id, "action": "burn" }] }), 400),
        (json!({ "decisions": [{ "picture": -1, "action": "keep" }] }), 400),
        (json!({ "decisions": [{ "picture": 1.5, "action": "keep" }] }), 400),
        (json!({ "decisions": [keep, { "picture": 1, "action": "keep" }] }), 404),
        (json!({ "decisions": [{ "picture": id, "action": "relabel" }] }), 422),
        (json!({ "path": "../x" }), 400),
        (json!([]), 400),
    ] {
        assert_eq!(place.ask("POST /v1/decisions", &body).status, status, "{body:.100}");
    }
    for (path, status) in [
        ("/v1/findings", 400),
        ("/v1/findings?kind=a&other=1", 400),
        ("/v1/pictures?after=-1", 400),
        ("/v1/pictures?order=size", 400),
        ("/v1/pictures?group=0", 404),
        ("/v1/findings?kind=../..", 200),
    ] {
        assert_eq!(place.get(path).status, status, "{path}");
    }
    assert_eq!(place.send("DELETE /v1/job", b"").problem().unwrap(), "not-found");
    assert!(!place.at("photos.plan.csv").exists());
}

/// A stream of news, read line by line.
struct News(std::io::BufReader<std::net::TcpStream>);

impl News {
    fn of(place: &Place) -> Self {
        let mut stream = place.server().connect();
        let address = place.server().address();
        let head = format!(
            "GET /v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self(std::io::BufReader::new(stream))
    }

    /// The data of the next event of this name.
    fn next(&mut self, event: &str) -> Value {
        use std::io::BufRead;
        let (mut line, mut name) = (String::new(), String::new());
        loop {
            line.clear();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the news end");
            if let Some(found) = line.strip_prefix("event: ") {
                found.trim().clone_into(&mut name);
            }
            if let (Some(data), true) = (line.strip_prefix("data: "), name == event) {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[test]
fn two_browsers_are_told_of_each_others_decisions_and_the_last_one_wins() {
    let place = Place::review(|_| {});
    let (first, _, other) = names(&place);
    let id = place.id(&first);
    let (mut one, mut two) = (News::of(&place), News::of(&place));
    assert_eq!(one.next("state")["page"], "review");
    two.next("state");
    place.decide(id, "keep", None);
    place.decide(id, "relabel", Some(&other));
    for news in [&mut one, &mut two] {
        assert_eq!(news.next("decided")["decisions"][0]["action"], "keep");
        let last = news.next("decided");
        assert_eq!(
            (&last["decisions"][0]["to"], &last["version"]),
            (&json!(other), &place.state()["version"])
        );
        assert!(last["by"].is_string());
    }
    assert_eq!(written(&place), [(Action::Relabel, first)]);
    // The stream ends with the server, which does not wait for it.
    place.server().stop();
    let mut rest = String::new();
    let begun = std::time::Instant::now();
    let _ = one.0.read_to_string(&mut rest);
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
}

#[test]
fn a_page_that_does_not_read_its_news_holds_up_no_decision() {
    let place = Place::review(|_| {});
    let (first, _, other) = names(&place);
    let id = place.id(&first);
    let deaf: Vec<_> = (0..3).map(|_| News::of(&place)).collect();
    for _ in 0..150 {
        assert_eq!(place.decide(id, "keep", None).status, 200);
        assert_eq!(place.decide(id, "relabel", Some(&other)).status, 200);
    }
    let mut late = News::of(&place);
    assert_eq!(late.next("state")["plan"]["changes"], 1);
    drop(deaf);
    assert_eq!(written(&place), [(Action::Relabel, first)]);
}

#[test]
fn pictures_that_nobody_has_sorted_are_groups_to_be_named() {
    let mut place = Place::review(|photos| {
        let all = tree(photos);
        std::fs::remove_dir_all(photos).unwrap();
        std::fs::create_dir(photos).unwrap();
        for (at, (path, bytes)) in all.into_iter().enumerate() {
            let suffix = path.extension().unwrap().to_str().unwrap();
            std::fs::write(photos.join(format!("{at}.{suffix}")), bytes).unwrap();
        }
    });
    let state = place.wait();
    let before = tree(&place.at("photos"));
    assert_eq!(state["layout"], "unsorted", "{state}");
    let groups = place.json("GET /v1/groups", &Value::Null);
    let groups = groups["groups"].as_array().unwrap();
    assert!(groups.len() > 1 && groups[0]["first"][0]["thumb"].is_string(), "{groups:?}");
    assert_eq!(place.ask("PUT /v1/groups/0", &json!({ "name": "../x" })).status, 422);
    assert_eq!(place.ask("PUT /v1/groups/99", &json!({ "name": "moths" })).status, 404);
    let named = place.json("PUT /v1/groups/0", &json!({ "name": " moths " }));
    assert_eq!(named["group"]["name"], "moths");
    let rows = place.json("GET /v1/pictures?group=0", &Value::Null);
    let out = rows["pictures"][0]["id"].as_u64().unwrap();
    assert_eq!(place.decide(out, "leave out", None).status, 200);
    let other = rows["pictures"][1]["id"].as_u64().unwrap();
    assert_eq!(place.decide(other, "relabel", Some("flies")).status, 200);
    // It is all there after a restart.
    place.start();
    place.wait();
    let again = place.json("GET /v1/groups", &Value::Null);
    assert_eq!(
        (&again["groups"][0]["name"], again["groups"][0]["pictures"].as_u64()),
        (&json!("moths"), rows["total"].as_u64())
    );
    place.json("POST /v1/plan/apply", &Value::Null);
    place.wait();
    let sorted = tree(&place.at("photos/moths")).len() as u64;
    assert_eq!(sorted, rows["total"].as_u64().unwrap() - 2);
    assert_eq!(tree(&place.at("photos/flies")).len(), 1);
    assert_eq!(tree(&place.at("photos-left-out")).len(), 1);
    place.json("POST /v1/plan/undo", &Value::Null);
    place.wait();
    assert_eq!(tree(&place.at("photos")), before);
}

#[test]
fn where_there_is_no_classifier_one_is_trained_while_decisions_are_made() {
    let place = Place::untrained();
    let (first, ..) = names(&place);
    let id = place.id(&first);
    assert_eq!(place.get(&format!("/v1/pictures/{id}/answer")).problem().unwrap(), "conflict");
    assert_eq!(place.send("POST /v1/train", b"").problem().unwrap(), "busy");
    assert_eq!(place.decide(id, "keep", None).status, 200);
    let state = place.wait();
    assert_eq!(
        (&state["ended"]["kind"], &state["ended"]["how"]),
        (&json!("survey"), &json!("done"))
    );
    assert_eq!(state["classifier"]["pictures"], state["pictures"], "{state}");
    assert!(place.at("photos.lookalike").exists() && state["plan"]["kept"] == 1);
    assert_eq!(place.get(&format!("/v1/pictures/{id}/answer")).status, 200);
}

#[test]
fn training_again_is_a_job_that_can_be_stopped_and_compares() {
    let place = Place::review(|_| {});
    let job = place.ask("POST /v1/train", &json!({}));
    assert_eq!(job.status, 202, "{job:?}");
    let second = place.send("POST /v1/train", b"");
    assert_eq!(second.problem().unwrap(), "busy");
    let state = place.wait();
    assert_eq!(
        (&state["ended"]["kind"], &state["ended"]["how"]),
        (&json!("train"), &json!("done")),
        "{state}"
    );
    // The first one judged other pictures; from now on both judge all.
    place.json("POST /v1/train", &Value::Null);
    let state = place.wait();
    assert_eq!(state["comparison"]["pictures"], state["classifier"]["pictures"], "{state}");
    let before = std::fs::read(place.at("photos.lookalike")).unwrap();
    place.json("POST /v1/train", &Value::Null);
    let stopped = place.send("DELETE /v1/job", b"").status;
    let state = place.wait();
    assert!(stopped == 202 || state["ended"]["how"] == "done", "{state}");
    assert!(!before.is_empty() && place.at("photos.lookalike").exists());
}

#[test]
fn a_folder_without_pictures_and_a_plan_of_another_folder_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let refused = |folder: &Path, plan: &Path| {
        let (folder, plan) = (folder.to_owned(), plan.to_owned());
        let settings = serve::Settings {
            desk: serve::Desk::Review { folder, plan },
            listen: serve::Listen::Address("127.0.0.1:0".into()),
            ..serve::Settings::new(place.path().join("a.lookalike"))
        };
        let bound = serve::Bound::to(&settings.listen).unwrap();
        let log = std::sync::Arc::new(|_: &str| {});
        serve::serve(settings, bound, log, &lookalike::Stop::new(), |_| {}).unwrap_err().to_string()
    };
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let plan = place.path().join("plan.csv");
    assert!(refused(&empty, &plan).contains("there is no picture"));
    assert!(refused(&place.path().join("nowhere"), &plan).contains("nowhere"));
}
