use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use ground::Stop;
use testserver::{Answer, Request, Server};

use super::{Client, Response, Settings, backoff};
use crate::{FetchError, Guard};

fn impatient(guard: Guard) -> Client {
    let settings = Settings {
        guard,
        connect: Duration::from_secs(2),
        silence: Duration::from_millis(500),
        window: Duration::from_millis(300),
        slowest: 2000,
        ..Settings::default()
    };
    Client::new(settings, Stop::new())
}

fn trusting() -> Client {
    impatient(Guard { private: true, ..Guard::default() })
}

fn get(client: &Client, url: &str) -> Result<Response, FetchError> {
    client.send(&url.parse().unwrap(), &[("x-extra", "yes")], None)
}

/// What becomes of at most 1000 bytes of body.
fn bytes(
    answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static,
) -> Result<Vec<u8>, FetchError> {
    let server = Server::start(answer);
    let client = trusting();
    client.bytes(get(&client, &server.url)?, 1000, None)
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encoded(as_what: &'static str, body: Vec<u8>) -> Result<Vec<u8>, FetchError> {
    bytes(move |_, answer| {
        let length = ("Content-Length", body.len().to_string());
        answer.head(200, &[length, ("Content-Encoding", as_what.into())]).body(&body);
    })
}

#[test]
fn a_request_says_who_asks_and_what_for() {
    let server = Server::start(|_, answer| answer.ok(b"hello"));
    let client = trusting();
    let response = get(&client, &server.url).unwrap();
    assert_eq!(client.bytes(response, 5, None).unwrap(), b"hello");
    let request = server.requests().remove(0);
    assert!(request.headers["user-agent"].starts_with("lookalike/"));
    assert_eq!(request.headers["x-extra"], "yes");
    assert_eq!(request.headers["accept-encoding"], "identity");
}

#[test]
fn private_addresses_are_refused_unless_the_user_named_the_host() {
    let server = Server::start(|_, answer| answer.ok(b"secret"));
    let error = get(&impatient(Guard::default()), &server.url).unwrap_err();
    assert!(matches!(error, FetchError::Private(_)) && !error.is_temporary(), "{error}");
    assert_eq!(server.requests().len(), 0);
    let named = |host: &str| Guard { hosts: vec![host.into()], ..Guard::default() };
    assert!(get(&impatient(named("127.0.0.1")), &server.url).is_ok());
    assert!(get(&impatient(named("127.0.0.2")), &server.url).is_err());
    let also = Guard { also: vec![server.address], ..Guard::default() };
    assert!(get(&impatient(also), &server.url).is_ok());
}

#[test]
fn a_body_has_its_limit_before_and_after_decompression() {
    assert_eq!(bytes(|_, answer| answer.ok(&[7; 1000])).unwrap().len(), 1000);
    let stated = bytes(|_, answer| answer.ok(&[7; 1001]));
    let unstated = bytes(|_, answer| {
        answer.head(200, &[]);
        while answer.body(&[7; 1 << 14]) {}
    });
    let bomb = encoded("gzip", packed(&[0; 100_000]));
    for error in [stated, unstated, bomb].map(Result::unwrap_err) {
        assert!(matches!(error, FetchError::TooLarge(1000)) && !error.is_temporary(), "{error}");
    }
}

#[test]
fn compressed_bodies_are_decompressed_or_refused() {
    assert_eq!(encoded("gzip", packed(b"hello")).unwrap(), b"hello");
    assert_eq!(encoded("X-GZip", packed(b"hello")).unwrap(), b"hello");
    for (encoding, body) in [("br", vec![1, 2]), ("gzip", vec![1, 2]), ("deflate", vec![9; 9])] {
        let error = encoded(encoding, body).unwrap_err();
        assert!(matches!(error, FetchError::Encoding(_)) && !error.is_temporary(), "{error}");
    }
}

#[test]
fn slow_silent_and_broken_servers_are_left_for_another_try() {
    let drip = bytes(|_, answer| {
        answer.head(200, &[]);
        while answer.body(b"x") {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let silent = bytes(|_, _| std::thread::sleep(Duration::from_secs(3)));
    let short = bytes(|_, answer| {
        answer.head(200, &[("Content-Length", "100".into())]).body(b"short");
    });
    for error in [drip, silent, short].map(Result::unwrap_err) {
        assert!(matches!(error, FetchError::Broken(_)) && error.is_temporary(), "{error}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = get(&trusting(), &format!("http://{closed}")).unwrap_err();
    assert!(matches!(error, FetchError::Unreachable(_)) && error.is_temporary(), "{error}");
}

#[test]
fn a_time_is_kept_for_all_together() {
    let server = Server::start(|_, answer| {
        answer.head(200, &[]);
        while answer.body(&[7; 1000]) {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let (client, url) = (trusting(), server.url.parse().unwrap());
    let since = Instant::now();
    let until = Some(since + Duration::from_millis(400));
    let response = client.send(&url, &[], until).unwrap();
    let error = client.bytes(response, 1 << 30, until).unwrap_err();
    assert!(error.is_temporary() && since.elapsed() < Duration::from_secs(2), "{error}");
    assert!(client.send(&url, &[], until).unwrap_err().is_temporary(), "the time is up");
}

#[test]
fn a_status_says_whether_and_when_to_come_again() {
    let asked = |status, after: &'static str| {
        let server = Server::start(move |_, answer| {
            answer.head(status, &[("Retry-After", after.into()), ("Content-Length", "0".into())]);
        });
        FetchError::of_status(&get(&trusting(), &server.url).unwrap())
    };
    for status in [408, 425, 429, 500, 502, 503] {
        assert!(asked(status, "1").is_temporary(), "{status}");
    }
    for status in [304, 400, 401, 403, 404, 410] {
        assert!(!asked(status, "1").is_temporary(), "{status}");
    }
    assert_eq!(asked(503, "120").after(), Some(Duration::from_secs(120)));
    assert_eq!(asked(503, "Sun, 06 Nov 1994 08:50:37 GMT").after(), Some(Duration::ZERO));
    assert_eq!(asked(503, "soon").after(), None);
}

#[test]
fn a_stop_ends_requests_bodies_and_pauses() {
    let server = Server::start(|_, answer| {
        answer.head(200, &[]);
        while answer.body(&[7; 1 << 14]) {}
    });
    let stop = Stop::new();
    let guard = Guard { private: true, ..Guard::default() };
    let client = Client::new(Settings { guard, ..Settings::default() }, stop.clone());
    let response = get(&client, &server.url).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            stop.ask();
        });
        let error = client.bytes(response, u64::MAX - 1, None).unwrap_err();
        assert!(matches!(error, FetchError::Stopped), "{error}");
    });
    assert!(matches!(get(&client, &server.url), Err(FetchError::Stopped)));
    let since = Instant::now();
    assert!(client.wait(Duration::from_secs(60)).is_err());
    assert!(since.elapsed() < Duration::from_secs(1));
}

#[test]
fn pauses_double_up_to_the_longest() {
    let second = Duration::from_secs(1);
    let of = |tries| backoff(second, tries, 60 * second).as_secs();
    assert_eq!([1, 2, 3, 7, 99].map(of), [1, 2, 4, 60, 60]);
}
