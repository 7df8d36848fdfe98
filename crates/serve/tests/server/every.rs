//! Every address of a review and of a project: closed without the key, and as the document says.

use crate::desk::Place;

const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];

/// A path of the document with numbers in it.
fn real(path: &str) -> String {
    let path = path.replace("{picture}", "0.jpg").replace("{name}", "failed");
    path.replace("{id}", "5").replace("{group}", "0").replace("{file}", "thumb.jpg")
}

fn paths(place: &Place) -> serde_json::Value {
    place.get("/openapi.json").json()["paths"].clone()
}

fn places() -> [Place; 2] {
    [Place::review(|_| {}), Place::project()]
}

#[test]
fn without_the_key_nothing_of_a_folder_is_answered_by_any_method() {
    for place in places() {
        let server = place.server();
        let port = server.address().port();
        let cookies = [
            "Cookie: session=y".to_owned(),
            // Of another port, and of this one with another session.
            format!("Cookie: lookalike-{}=0123456789abcdef", port ^ 1),
            format!("Cookie: lookalike-{port}=0123456789abcdef"),
        ];
        for path in paths(&place).as_object().unwrap().keys().filter(|path| path.starts_with("/v1"))
        {
            for (at, method) in METHODS.iter().enumerate() {
                let first = format!("{method} {}", real(path));
                let answer = server.ask(&first, &[&cookies[at % cookies.len()]], b"");
                assert_eq!(answer.status, 401, "{first}: {answer:?}");
            }
        }
        // A page of another port of this machine has the cookie, and may not ask all the same.
        let session = server.ask(
            "POST /session",
            &["Content-Type: application/json"],
            format!("{{\"key\":\"{}\"}}", crate::desk::TOKEN).as_bytes(),
        );
        let cookie = session.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let cookie = format!("Cookie: {cookie}");
        assert_eq!(server.ask("GET /v1/state", &[&cookie], b"").status, 200);
        for foreign in [
            "Sec-Fetch-Site: same-site",
            "Sec-Fetch-Site: cross-site",
            "Origin: null",
            "Origin: http://127.0.0.1:1",
            "Origin: file://",
        ] {
            for first in ["GET /v1/state", "POST /v1/undo", "DELETE /v1/job", "PUT /v1/groups/0"] {
                let answer = server.ask(first, &[&cookie, foreign], b"");
                assert_eq!(answer.problem().unwrap(), "foreign-origin", "{first} {foreign}");
            }
        }
        let answer = server.ask("POST /v1/undo", &[&cookie, "Host: evil.test"], b"");
        assert_eq!(answer.problem().unwrap(), "foreign-host");
    }
}

#[test]
fn the_document_and_the_pages_servers_have_the_same_addresses() {
    for place in places() {
        let paths = paths(&place);
        let own = if place.at("photos").exists() { "/v1/decisions" } else { "/v1/classes" };
        assert!(paths.get(own).is_some());
        for (path, methods) in paths.as_object().unwrap() {
            for method in ["get", "post", "put", "patch", "delete"] {
                if (&path[..], method) == ("/v1/events", "get") {
                    continue;
                }
                let answer = place.send(&format!("{} {}", method.to_uppercase(), real(path)), b"");
                let there = methods.get(method).is_some();
                assert_eq!(answer.status != 405, there, "{method} {path}: {answer:?}");
                let stated = methods[method]["responses"].get(answer.status.to_string());
                assert!(!there || stated.is_some(), "{method} {path} answers {}", answer.status);
            }
        }
        assert_eq!(place.get("/openapi.json").json()["openapi"], "3.1.0");
    }
    let answers = crate::client::Server::start(crate::client::settings());
    let document = answers.get("/openapi.json").json();
    assert!(document["paths"].get("/v1/state").is_none());
    assert_eq!(answers.get("/v1/state").status, 404);
}
