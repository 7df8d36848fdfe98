//! A telephone beside: paired by a key of its own, it sends photographs and reaches nothing else.

use serde_json::json;
use serve::{Desk, Listen, Settings};

use crate::client::{Answer, Server, TRAINED, all_of, settings};
use crate::desk::tree;

/// An answer of the telephone's listener, which has an address of its own.
fn ask(phone: &str, first: &str, line: &str, body: &[u8]) -> Answer {
    use std::io::Write;
    let address = phone.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let head = format!(
        "{first} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{line}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
    Answer::of(&all_of(&mut stream))
}

/// A server with a telephone beside; none where this machine is in no network.
fn paired(settings: Settings) -> Option<(Server, String)> {
    let network = if_addrs::get_if_addrs().unwrap_or_default();
    let reached = |one: &if_addrs::Interface| {
        one.ip().is_ipv4() && !one.is_loopback() && !one.is_link_local()
    };
    if !network.iter().any(reached) {
        eprintln!("skipped: this machine is in no network");
        return None;
    }
    let server = Server::start(Settings { phone: true, ..settings });
    let phone = server.phone.clone().unwrap();
    Some((server, phone))
}

fn cookie(phone: &str) -> String {
    let key = phone.split("#k=").nth(1).unwrap();
    let answer = ask(phone, "POST /session", "X: y", json!({ "key": key }).to_string().as_bytes());
    assert_eq!(answer.status, 204, "{answer:?}");
    format!("Cookie: {}", answer.header("set-cookie").unwrap().split(';').next().unwrap())
}

#[test]
fn a_telephone_asks_by_a_key_of_its_own_and_sees_no_training_picture() {
    let Some((server, phone)) = paired(settings()) else { return };
    assert_eq!(ask(&phone, "POST /v1/predict", "X: y", &TRAINED.picture()).status, 401);
    assert_eq!(ask(&phone, "GET /v1/state", "X: y", b"").status, 401);
    let cookie = cookie(&phone);
    let state = ask(&phone, "GET /v1/state", &cookie, b"").json();
    assert_eq!(
        (&state["page"], &state["of"], &state["ready"]),
        (&json!("phone"), &json!("serve"), &json!(true))
    );
    let answer = ask(&phone, "POST /v1/predict?nearest=true", &cookie, &TRAINED.picture()).json();
    assert!(answer["predictions"][0]["verdict"].is_string());
    assert_eq!(answer["predictions"][0]["nearest"], json!([]));
    for other in [
        "/v1/classifier",
        "/v1/known/0.jpg",
        "/report",
        "/metrics",
        "/v1/pictures",
        "/openapi.json",
        "/v1/phone.svg",
    ] {
        assert_eq!(ask(&phone, &format!("GET {other}"), &cookie, b"").status, 404, "{other}");
    }
    assert_eq!(ask(&phone, "GET /v1/state", "Host: evil.test", b"").status, 403, "two hosts");
    // Another key takes the place of the first one; the session stays.
    let svg = server.get("/v1/phone.svg");
    assert_eq!((svg.status, svg.header("content-type")), (200, Some("image/svg+xml")));
    let document = server.get("/openapi.json").json();
    assert!(document["paths"].get("/v1/phone").is_some());
    assert!(document["components"]["schemas"].get("Phone").is_some());
    let renewed = server.ask("POST /v1/phone", &[], b"").json();
    let address = renewed["address"].as_str().unwrap();
    assert!(address != phone && renewed["seconds"].as_u64().unwrap() > 590, "{renewed}");
    let old = phone.split("#k=").nth(1).unwrap();
    let old = json!({ "key": old }).to_string();
    assert_eq!(ask(&phone, "POST /session", "X: y", old.as_bytes()).status, 401);
    assert_eq!(ask(&phone, "GET /v1/state", &cookie, b"").status, 200);
    // A program with the old key is not let in either.
    let bearer = format!("Authorization: Bearer {}", phone.split("#k=").nth(1).unwrap());
    assert_eq!(ask(&phone, "GET /v1/state", &bearer, b"").status, 401);
}

#[test]
fn a_telephone_files_photographs_of_a_project_and_nothing_more() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("birds");
    std::fs::create_dir_all(folder.join("husky")).unwrap();
    let settings = Settings {
        desk: Desk::Project { folder: folder.clone() },
        listen: Listen::Address("127.0.0.1:0".into()),
        token: Some(crate::desk::TOKEN.into()),
        ..Settings::new(place.path().join("birds.lookalike"))
    };
    let Some((server, phone)) = paired(settings) else { return };
    let cookie = cookie(&phone);
    let state = ask(&phone, "GET /v1/state", &cookie, b"").json();
    assert_eq!((&state["of"], &state["classes"][0]["name"]), (&json!("app"), &json!("husky")));
    let path = format!("POST /v1/classes/{}/pictures", state["classes"][0]["id"]);
    assert_eq!(ask(&phone, &path, &cookie, &TRAINED.picture()).status, 201);
    assert_eq!(tree(&folder).len(), 1);
    for first in [
        "GET /v1/pictures",
        "DELETE /v1/classes/0",
        "POST /v1/train",
        "POST /v1/undo",
        "POST /v1/classes",
    ] {
        assert_eq!(ask(&phone, first, &cookie, b"").status, 404, "{first}");
    }
    let bearer = format!("Authorization: Bearer {}", crate::desk::TOKEN);
    let state = server.ask("GET /v1/state", &[&bearer], b"").json();
    assert_eq!((&state["phone"]["address"], &state["pictures"]), (&json!(phone), &json!(1)));
    assert_eq!(ask(&phone, "GET /v1/state", &bearer, b"").status, 401, "the page's key is another");
}
