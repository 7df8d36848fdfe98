//! Slow clients, many clients, and more work than can be done.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serve::Limits;

use crate::client::{Answer, MULTIPART, Server, TRAINED, all_of, form, limited, settings};

const SHORT: Duration = Duration::from_millis(150);

#[test]
fn a_head_that_does_not_come_ends_its_connection() {
    let server = Server::start(limited(Limits { head: SHORT, ..Limits::default() }));
    for beginning in ["", "GET /hea", "GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: "] {
        let begun = Instant::now();
        let mut stream = server.connect();
        stream.write_all(beginning.as_bytes()).unwrap();
        let text = all_of(&mut stream);
        assert!(!text.contains(" 200 "), "{text}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{beginning:?}");
    }
    // A line now and then does not keep it open.
    let mut stream = server.connect();
    stream.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(15) && stream.write_all(b"X-A: b\r\n").is_ok() {
        std::thread::sleep(SHORT / 5);
    }
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_body_that_does_not_come_is_a_problem() {
    let server = Server::start(limited(Limits { body: SHORT, ..Limits::default() }));
    for (kind, beginning) in [
        ("image/png", "x"),
        ("application/json", "{\"pictures\":["),
        ("multipart/form-data; boundary=edge", "--edge\r\n"),
    ] {
        let mut stream = server.connect();
        let head = format!(
            "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
        );
        stream.write_all((head + beginning).as_bytes()).unwrap();
        let answer = Answer::of(&all_of(&mut stream));
        assert_eq!(answer.problem().unwrap(), "too-slow", "{kind}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let server = Server::start(settings());
    let long = format!("X-A: {}", "a".repeat(20_000));
    assert_eq!(server.ask("GET /health", &[&long], b"").status, 431);
    let many = vec!["X-A: b"; 200];
    assert_eq!(server.ask("GET /health", &many, b"").status, 431);
    assert_eq!(server.get(&format!("/{}", "a".repeat(70_000))).status / 100, 4);
}

#[test]
fn connections_beyond_their_number_wait_for_a_place() {
    let server = Server::start(limited(Limits { connections: [8, 8], ..Limits::default() }));
    let mut idle: Vec<_> = (0..8).map(|_| server.connect()).collect();
    idle.iter_mut().for_each(|stream| {
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
    });
    let mut late = server.connect();
    late.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    late.set_read_timeout(Some(SHORT)).unwrap();
    assert!(late.read(&mut [0; 16]).is_err(), "it waits");
    drop(idle.pop());
    late.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(Answer::of(&all_of(&mut late)).status, 200);
}

#[test]
fn a_crowd_is_answered_to_the_last() {
    let server = Arc::new(Server::start(settings()));
    let idle: Vec<_> = (0..200).map(|_| server.connect()).collect();
    let picture = Arc::new(TRAINED.picture());
    let clients: Vec<_> = (0..24)
        .map(|_| {
            let (server, picture) = (Arc::clone(&server), Arc::clone(&picture));
            std::thread::spawn(move || server.ask("POST /v1/predict", &[], &picture))
        })
        .collect();
    let answers: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let first = answers[0].json();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.json() == first));
    drop(idle);
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn work_that_would_wait_too_long_is_refused_before_it_is_sent() {
    let server = Server::start(limited(Limits { wait: Duration::ZERO, ..Limits::default() }));
    let picture = TRAINED.picture();
    // How long a picture takes is not known before the first.
    assert_eq!(server.ask("POST /v1/predict", &[], &picture).status, 200);
    let head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\
                Expect: 100-continue\r\n\r\n";
    let answer = Answer::of(&server.exchange(head.as_bytes()));
    assert_eq!(answer.problem().unwrap(), "queue-full");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("connection"), Some("close"));
    // The client that has sent all of it reads the refusal too.
    let large = vec![b'x'; 3 << 20];
    assert_eq!(server.ask("POST /v1/predict", &[], &large).problem().unwrap(), "queue-full");
    assert_eq!(server.get("/ready").status, 200);
    assert!(server.get("/metrics").body.contains("lookalike_pictures_waiting 0"));
}

#[test]
fn bodies_share_their_memory() {
    let few = Limits { bodies: 1 << 20, ..Limits::default() };
    let server = Server::start(limited(few));
    let mut first = server.connect();
    let head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 800000\r\n\r\n";
    first.write_all(head.as_bytes()).unwrap();
    let full =
        |server: &Server| server.ask("POST /v1/predict", &[], &vec![b'x'; 400_000]).problem();
    let begun = Instant::now();
    while full(&server).unwrap() != "queue-full" {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    drop(first);
    while full(&server).unwrap() != "not-a-picture" {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn what_a_client_that_left_had_sent_is_not_computed() {
    let server = Server::start(settings());
    let parts: Vec<_> = (0..60).map(|_| ("picture", "a", TRAINED.picture())).collect();
    let parts: Vec<_> =
        parts.iter().map(|(field, name, file)| (*field, *name, &file[..])).collect();
    let body = form(&parts);
    for _ in 0..4 {
        let head = format!(
            "POST /v1/predict?heat_map=true HTTP/1.1\r\nHost: localhost\r\n{MULTIPART}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        server.connect().write_all(&[head.as_bytes(), &body].concat()).unwrap();
    }
    let begun = Instant::now();
    let waiting = |server: &Server| {
        let text = server.get("/metrics").body;
        let line = text.lines().find_map(|line| line.strip_prefix("lookalike_pictures_waiting "));
        line.unwrap().parse::<f64>().unwrap()
    };
    while waiting(&server) > 0.0 {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(5));
    }
    let text = server.get("/metrics").body;
    let runs = text.lines().filter_map(|line| line.strip_prefix("lookalike_batches_total{"));
    let runs: f64 = runs.map(|line| line.split(' ').nth(1).unwrap().parse::<f64>().unwrap()).sum();
    assert!(runs < 240.0, "{text}");
}

#[test]
fn a_client_that_reads_nothing_holds_up_nobody() {
    let server =
        Server::start(limited(Limits { drain: Duration::from_millis(300), ..Limits::default() }));
    let report = server.get("/report").body.len();
    // More than a connection's buffers take.
    let many = format!("GET /report HTTP/1.1\r\nHost: {}\r\n\r\n", server.address());
    let many = many.repeat(20_000_000 / report.max(1) + 1);
    let deaf: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = server.connect();
            stream.set_nonblocking(true).unwrap();
            // As much as the server takes from somebody who does not listen.
            let _ = stream.write(many.as_bytes());
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(server.ask("POST /v1/predict", &[], &TRAINED.picture()).status, 200);
    }
    let begun = Instant::now();
    server.ended().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "it does not wait for them for ever");
    drop(deaf);
}
