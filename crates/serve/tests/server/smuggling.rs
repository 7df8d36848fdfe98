//! Requests that two programs might read differently: refused, or read in the one way, and never as two.

use crate::client::{Answer, Server, settings};

/// What a request hides in its body; answered, it would be a second response.
const HIDDEN: &str = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The statuses of all responses to some bytes.
fn statuses(server: &Server, head: &str, body: &str) -> Vec<u16> {
    let request = format!("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n{head}\r\n{body}");
    let text = server.exchange(request.as_bytes());
    let responses = text.split("HTTP/1.1 ").skip(1);
    responses.map(|response| Answer::of(&format!("HTTP/1.1 {response}")).status).collect()
}

#[test]
fn a_body_of_two_lengths_is_refused() {
    let server = Server::start(settings());
    let chunked = format!("0\r\n\r\n{HIDDEN}");
    for (head, body) in [
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &chunked[..]),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &chunked),
        ("Content-Length: 0\r\nContent-Length: 4\r\n", HIDDEN),
        ("Content-Length: 0, 4\r\n", HIDDEN),
        ("Content-Length: +0\r\n", HIDDEN),
        ("Content-Length: -1\r\n", HIDDEN),
        ("Content-Length: 0x0\r\n", HIDDEN),
        ("Content-Length: 18446744073709551616\r\n", HIDDEN),
        ("Transfer-Encoding: identity\r\n", &chunked),
        ("Transfer-Encoding: chunked, identity\r\n", &chunked),
        ("Transfer-Encoding: xchunked\r\n", &chunked),
        ("Transfer-Encoding : chunked\r\n", &chunked),
    ] {
        let found = statuses(&server, head, body);
        assert!(
            found.len() <= 1 && found.iter().all(|status| *status >= 400),
            "{head:?}: {found:?}"
        );
    }
}

#[test]
fn heads_that_are_not_of_the_standard_are_refused() {
    let server = Server::start(settings());
    for request in [
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c: folded\r\n\r\n".to_owned(),
        "GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n".into(),
        "GET /health HTTP/1.1\nHost: localhost\n X-A: b\n\n".into(),
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX\0A: b\r\n\r\n".into(),
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\rX-C: d\r\n\r\n".into(),
        "GET  /health HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
        "GET /health HTTP/2.0\r\nHost: localhost\r\n\r\n".into(),
        "GET /health\r\n\r\n".into(),
        "GET health HTTP/1.1\r\nHost: localhost\r\n\r\n".into(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        "\x16\x03\x01\x02\x00\x01\x00\x01".into(),
    ] {
        let text = server.exchange(request.as_bytes());
        assert!(!text.contains(" 200 "), "{request:?}: {text}");
    }
}

#[test]
fn chunks_are_read_in_the_one_way_that_there_is() {
    let server = Server::start(settings());
    let chunked = "Transfer-Encoding: chunked\r\n";
    // An extension is no part of the picture, whatever it holds.
    let found = statuses(
        &server,
        &format!("{chunked}Connection: close\r\n"),
        "1;a=\"b\"\r\nx\r\n0\r\n\r\n",
    );
    assert_eq!(found, [415]);
    // A size that is none, that has a line's end of another kind, or that lies.
    for body in [
        "g\r\nx\r\n0\r\n\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "1\nx\n0\n\n",
        "1\r\nxx0\r\n\r\n",
        "fffffffffffffffff\r\nx",
    ] {
        let found = statuses(&server, chunked, &format!("{body}{HIDDEN}"));
        assert!(
            found.len() <= 1 && found.iter().all(|status| *status >= 400),
            "{body:?}: {found:?}"
        );
    }
    let long = format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(1 << 20));
    let found = statuses(&server, chunked, &long);
    assert!(found.iter().all(|status| *status >= 400), "{found:?}");
    // A million chunks of one byte are a picture of so many bytes, and take no more room.
    let many = "1\r\nx\r\n".repeat(1_000_000) + "0\r\n\r\n";
    assert_eq!(statuses(&server, &format!("{chunked}Connection: close\r\n"), &many), [415]);
}

#[test]
fn requests_in_a_row_get_their_answers_in_that_order() {
    let server = Server::start(settings());
    let picture = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx";
    let last = "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let text = server.exchange(format!("{HIDDEN}{picture}{last}").as_bytes());
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect();
    assert_eq!(statuses, ["200", "415", "200"]);
}
