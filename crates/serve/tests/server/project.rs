//! A classifier made by hand: classes, pictures, training, trying.

use serde_json::{Value, json};

use crate::client::TRAINED;
use crate::desk::{Place, tree};

fn class(place: &Place, name: &str) -> u64 {
    let made = place.json("POST /v1/classes", &json!({ "name": name }));
    made["class"]["id"].as_u64().unwrap()
}

/// The practice pictures of a class, by its place.
fn pictures(at: usize) -> Vec<Vec<u8>> {
    let mut classes: Vec<_> =
        std::fs::read_dir(TRAINED.photos()).unwrap().map(|entry| entry.unwrap().path()).collect();
    classes.sort();
    tree(&classes[at]).into_iter().map(|(_, bytes)| bytes).collect()
}

fn add(place: &Place, class: u64, query: &str, bytes: &[u8]) -> Value {
    let answer = place.send(&format!("POST /v1/classes/{class}/pictures?{query}"), bytes);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

#[test]
fn classes_and_pictures_are_folders_and_files() {
    let place = Place::project();
    assert_eq!(place.state()["phase"], "empty");
    let (husky, wolf) = (class(&place, "husky"), class(&place, " wolf "));
    assert!(place.at("birds/husky").is_dir() && place.at("birds/wolf").is_dir());
    let state = place.state();
    assert_eq!(
        (&state["missing"][0]["code"], &state["missing"][0]["need"]),
        (&json!("pictures"), &json!(5))
    );
    let shots = pictures(0);
    let one = add(&place, husky, "name=my%20dog.PNG", &shots[0]);
    let id = one["added"][0]["id"].as_u64().unwrap();
    let suffix = place.json(&format!("GET /v1/pictures/{id}"), &Value::Null)["name"].clone();
    assert!(suffix.as_str().unwrap().starts_with("husky/my dog."), "{suffix}");
    // The same picture is one; another of the same name gets a name of its own.
    assert_eq!(add(&place, husky, "name=again.png", &shots[0])["already"], json!(["again.png"]));
    add(&place, husky, "name=my%20dog.PNG", &shots[1]);
    assert_eq!(tree(&place.at("birds/husky")).len(), 2);
    // A recording is a folder of its own, whatever its key is called.
    for shot in &shots[2..5] {
        add(&place, husky, "burst=a1-B", shot);
    }
    add(&place, husky, "burst=other", &shots[5]);
    assert_eq!(tree(&place.at("birds/husky/burst 1")).len(), 3);
    assert_eq!(tree(&place.at("birds/husky/burst 2")).len(), 1);
    let state = place.state();
    assert_eq!(
        (&state["classes"][0]["pictures"], &state["classes"][0]["bursts"]),
        (&json!(6), &json!(2))
    );
    // Moved, removed, and both taken back.
    let before = tree(&place.at("birds"));
    let moved = place.json("POST /v1/pictures/move", &json!({ "pictures": [id], "to": wolf }));
    assert_eq!((moved["moved"].as_u64(), tree(&place.at("birds/wolf")).len()), (Some(1), 1));
    let burst = place.json("GET /v1/pictures", &Value::Null)["pictures"]
        .as_array()
        .unwrap()
        .iter()
        .find(|picture| picture["burst"] == "burst 2")
        .unwrap()["id"]
        .clone();
    place.json("POST /v1/pictures/move", &json!({ "pictures": [burst], "to": null }));
    assert_eq!(tree(&place.at("birds-left-out")).len(), 1);
    assert!(!place.at("birds/husky/burst 2").exists() && place.state()["undo"].is_string());
    place.json("POST /v1/undo", &Value::Null);
    place.json("POST /v1/undo", &Value::Null);
    assert_eq!(tree(&place.at("birds")), before);
    assert!(!place.at("birds-left-out").exists());
    assert_eq!(place.send("POST /v1/undo", b"").problem().unwrap(), "conflict");
    // Only a class without pictures goes.
    assert_eq!(
        place.send(&format!("DELETE /v1/classes/{husky}"), b"").problem().unwrap(),
        "conflict"
    );
    assert_eq!(place.send(&format!("DELETE /v1/classes/{wolf}"), b"").status, 204);
    assert!(!place.at("birds/wolf").exists());
    // What another program does to the folder is seen.
    std::fs::create_dir(place.at("birds/fox")).unwrap();
    assert_eq!(place.state()["classes"][0]["name"], "fox");
}

#[test]
fn a_project_is_taught_tried_renamed_and_knows_when_it_is_stale() {
    let mut place = Place::project();
    let ids = [class(&place, "ants"), class(&place, "bees")];
    assert_eq!(place.send("POST /v1/train", b"").problem().unwrap(), "not-possible");
    assert_eq!(place.send("POST /v1/predict", b"x").problem().unwrap(), "conflict");
    assert_eq!(place.get("/v1/answers.csv").problem().unwrap(), "conflict");
    for (at, id) in ids.iter().enumerate() {
        for shot in pictures(at).iter().take(8) {
            add(&place, *id, "", shot);
        }
    }
    assert_eq!(place.state()["phase"], "ready");
    place.json("POST /v1/train", &Value::Null);
    assert_eq!(
        place.ask("PATCH /v1/classes/0", &json!({ "name": "x" })).problem().unwrap(),
        "busy"
    );
    let state = place.wait();
    assert_eq!(
        (&state["phase"], &state["ended"]["how"]),
        (&json!("taught"), &json!("done")),
        "{state}"
    );
    assert!(state["classifier"]["accuracy"]["low"].is_number());
    let answer = place.send("POST /v1/predict", &pictures(0)[9]).json();
    assert!(answer["predictions"][0]["verdict"].is_string());
    assert!(place.at("birds.lookalike").exists());
    // Another name changes the classifier's too, and nothing is stale.
    let renamed =
        place.ask(&format!("PATCH /v1/classes/{}", ids[0]), &json!({ "name": "wood ants" }));
    assert_eq!(renamed.status, 200, "{renamed:?}");
    assert_eq!(renamed.json()["class"]["id"], ids[0]);
    let answer = place.send("POST /v1/predict", &pictures(0)[9]).json();
    assert_eq!(answer["classes"], json!(["wood ants", "bees"]));
    assert_eq!(place.state()["phase"], "taught");
    let table = place.get("/v1/answers.csv");
    assert!(
        table.body.contains("wood ants/") && table.body.lines().count() == 17,
        "{}",
        table.body
    );
    assert!(table.header("content-disposition").unwrap().contains("birds.answers.csv"));
    assert_eq!(place.get("/v1/classifier.lookalike").status, 200);
    // A wrong answer is filed where it belongs.
    add(&place, ids[1], "name=wrong.png", &pictures(1)[9]);
    let state = place.state();
    assert_eq!(state["phase"], "stale");
    assert_eq!(state["classifier"]["stale_words"], "1 picture added since it was trained");
    // Nothing is lost with the page.
    place.start_project();
    let state = place.wait();
    assert_eq!((&state["phase"], &state["pictures"]), (&json!("stale"), &json!(17)), "{state}");
}

#[test]
fn names_numbers_and_files_that_make_no_sense_are_refused() {
    let place = Place::project();
    let id = class(&place, "husky");
    for name in ["", "../up", "a/b", ".x", "husky", "Test", "a\u{0}b", "con:"] {
        let answer = place.ask("POST /v1/classes", &json!({ "name": name }));
        assert!(matches!(answer.status, 409 | 422), "{name:?}: {answer:?}");
    }
    for odd in ["-1", "99", "%2e%2e", "%00", "husky"] {
        let path = format!("POST /v1/classes/{odd}/pictures");
        assert_eq!(place.send(&path, &TRAINED.picture()).status, 404, "{odd}");
        assert!(
            matches!(place.send(&format!("DELETE /v1/classes/{odd}"), b"").status, 404),
            "{odd}"
        );
    }
    for key in ["", "..", "a%2fb", &"x".repeat(41)] {
        let path = format!("POST /v1/classes/{id}/pictures?burst={key}");
        assert_eq!(place.send(&path, &TRAINED.picture()).status, 400, "{key}");
    }
    let path = format!("POST /v1/classes/{id}/pictures?name=..%2f..%2fa.jpg");
    assert_eq!(place.send(&path, b"not a picture").problem().unwrap(), "not-a-picture");
    let half = TRAINED.picture();
    assert_eq!(place.send(&path, &half[..half.len() / 2]).problem().unwrap(), "unreadable-picture");
    assert_eq!(tree(&place.at("birds")), [], "nothing was filed");
    assert_eq!(place.send(&path, &half).status, 201);
    assert!(tree(&place.at("birds"))[0].0.starts_with(place.at("birds/husky")));
    // In a form each picture is answered for.
    let body = crate::client::form(&[("picture", "a.jpg", b"x"), ("picture", "b.png", &half)]);
    let bearer = format!("Authorization: Bearer {}", crate::desk::TOKEN);
    let first = format!("POST /v1/classes/{id}/pictures");
    let answer = place.server().ask(&first, &[&bearer, crate::client::MULTIPART], &body).json();
    assert_eq!(
        (&answer["refused"][0]["name"], &answer["already"][0]),
        (&json!("a.jpg"), &json!("b.png"))
    );
    for body in [json!({ "pictures": [1], "to": id }), json!({ "pictures": [-1], "to": id })] {
        assert!(place.ask("POST /v1/pictures/move", &body).status >= 400);
    }
}
