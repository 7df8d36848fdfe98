//! Who may ask: every row of what browsers were seen to do, and what attackers make of it.

use crate::client::{Answer, Server, TRAINED, settings};
use serve::Settings;

const TOKEN: &str = "a-token-of-tests";

fn with_token() -> Server {
    Server::start(Settings { token: Some(TOKEN.into()), ..settings() })
}

#[test]
fn a_server_answers_to_its_own_names_alone() {
    let named = Settings { hosts: vec!["Birds.example".into()], ..settings() };
    let server = Server::start(named);
    let port = server.address().port();
    let ask = |hosts: &[&str]| {
        let mut request = "GET /health HTTP/1.1\r\nConnection: close\r\n".to_owned();
        hosts.iter().for_each(|host| request += &format!("Host: {host}\r\n"));
        Answer::of(&server.exchange((request + "\r\n").as_bytes()))
    };
    let own = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")];
    let own = own.iter().map(String::as_str);
    // A tunnel or a container may lead another port here.
    for host in own.chain(["LOCALHOST", "127.0.0.1", "127.0.0.1:1", "birds.EXAMPLE:443"]) {
        assert_eq!(ask(&[host]).status, 200, "{host}");
    }
    for host in [
        "",
        "localhost.",
        "evil.test",
        "0.0.0.0",
        "127.0.0.2",
        "127.1",
        "[::]",
        "127.0.0.1.evil.test",
        "127.0.0.1:99999",
        "127.0.0.1:",
        "127.0.0.1:+80",
        "[::1",
        "[::1]x",
        "user@127.0.0.1",
        "localhost, localhost",
        "xbirds.example",
        "birds.example.",
        "localhost:80:80",
    ] {
        assert_eq!(ask(&[host]).problem().unwrap(), "foreign-host", "{host}");
    }
    assert_eq!(ask(&[]).problem().unwrap(), "foreign-host");
    assert_eq!(ask(&["localhost", "localhost"]).problem().unwrap(), "foreign-host");
    assert_eq!(ask(&["localhost", "evil.test"]).problem().unwrap(), "foreign-host");
    let absolute = |target: &str| {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Answer::of(&server.exchange(request.as_bytes()))
    };
    assert_eq!(absolute("http://localhost/health").status, 200);
    assert_eq!(absolute("http://evil.test/health").problem().unwrap(), "foreign-host");
    let old = Answer::of(&server.exchange(b"GET /health HTTP/1.0\r\n\r\n"));
    assert_eq!(old.problem().unwrap(), "foreign-host");
}

#[test]
fn a_browser_asks_for_the_servers_own_page_alone() {
    let allowed = Settings { origins: vec!["https://birds.example".into()], ..settings() };
    let server = Server::start(allowed);
    let own = format!("http://{}", server.address());
    let status = |first: &str, lines: &[&str]| server.ask(first, lines, b"").status;
    let origin = |value: &str| format!("Origin: {value}");
    let from = |value: &str, site: &str| {
        let lines = [origin(value), format!("Sec-Fetch-Site: {site}")];
        let used = if site.is_empty() { 1 } else { 2 };
        let lines: Vec<&str> = lines[..used].iter().map(String::as_str).collect();
        status("GET /v1/classifier", &lines)
    };
    // The page itself, a typed address, and programs that are no browsers.
    assert_eq!(status("GET /v1/classifier", &["Sec-Fetch-Site: same-origin"]), 200);
    assert_eq!(status("GET /v1/classifier", &["Sec-Fetch-Site: none"]), 200);
    assert_eq!(status("GET /v1/classifier", &[]), 200);
    assert_eq!(from(&own, "same-origin"), 200);
    assert_eq!(from(&own, ""), 200);
    // Another port of this machine, another site, an old browser on another site.
    assert_eq!(status("GET /v1/classifier", &["Sec-Fetch-Site: same-site"]), 403);
    assert_eq!(status("GET /v1/classifier", &["Sec-Fetch-Site: cross-site"]), 403);
    assert_eq!(from(&own, "same-site"), 403);
    for other in [
        "null",
        "file://",
        "",
        "https://evil.test",
        "http://127.0.0.1:1",
        "https://birds.example.evil.test",
        "https://xbirds.example",
        "http://birds.example",
        "https://birds.example:444",
        "https://birds.example/",
    ] {
        assert_eq!(from(other, ""), 403, "{other}");
        assert_eq!(from(other, "cross-site"), 403, "{other}");
    }
    assert_eq!(from(&format!("{own}.evil.test"), ""), 403);
    assert_eq!(status("GET /v1/classifier", &[&origin(&own), &origin("https://evil.test")]), 403);
    // A link from elsewhere may lead to the page, and nothing is sent by one.
    assert_eq!(status("GET /", &["Sec-Fetch-Site: cross-site"]), 200);
    assert_eq!(status("POST /session", &["Sec-Fetch-Site: cross-site"]), 403);
    // A page that is allowed.
    assert_eq!(from("https://birds.example", "cross-site"), 200);
    let answer = server.ask("GET /v1/classifier", &[&origin("https://birds.example")], b"");
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://birds.example"));
    let before = server.ask(
        "OPTIONS /v1/predict",
        &["Origin: https://birds.example", "Access-Control-Request-Method: POST"],
        b"",
    );
    assert_eq!(
        (before.status, before.header("access-control-allow-methods")),
        (204, Some("GET, POST"))
    );
    let before = ["Origin: https://evil.test", "Access-Control-Request-Method: POST"];
    assert_eq!(status("OPTIONS /v1/predict", &before), 403);
}

/// What is answered without a token.
const OPEN: [&str; 7] =
    ["/", "/health", "/ready", "/openapi.json", "/problems/queue-full", "/session", "/index.html"];

#[test]
fn without_the_token_nothing_is_answered_by_any_method() {
    let server = with_token();
    let document: serde_json::Value = server.get("/openapi.json").json();
    let paths: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let other =
        ["/v1/other", "/v1", "/v1/../report", "/v1/known/", "//v1/classifier", "/V1/classifier"];
    let paths = paths.iter().map(String::as_str).chain(other);
    for path in paths {
        let path = path.replace("{picture}", "0.jpg").replace("{name}", "queue-full");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
        {
            let first = format!("{method} {path}");
            let stranger = server.ask(&first, &["Cookie: lookalike-1=x; session=y"], b"");
            let sure = stranger.status == 401 || stranger.status == 404 || stranger.status == 405;
            assert!(sure || OPEN.contains(&&path[..]), "{first}: {stranger:?}");
            assert_ne!(stranger.status, 500, "{first}");
        }
    }
    for path in ["/v1/classifier", "/v1/known/0.jpg", "/report", "/metrics"] {
        let answer = server.get(path);
        assert_eq!(answer.problem().unwrap(), "token-needed", "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        let bearer = format!("Authorization: bearer {TOKEN}");
        assert_ne!(server.ask(&format!("GET {path}"), &[&bearer], b"").status, 401, "{path}");
        for wrong in [
            "Bearer",
            "Bearer ",
            "Basic a-token-of-tests",
            "Bearer a-token-of-test",
            "a-token-of-tests",
        ] {
            let line = format!("Authorization: {wrong}");
            assert_eq!(server.ask(&format!("GET {path}"), &[&line], b"").status, 401, "{wrong}");
        }
    }
    let refused = server.ask("POST /v1/predict", &[], &TRAINED.picture());
    assert_eq!(refused.problem().unwrap(), "token-needed");
}

#[test]
fn the_key_of_the_printed_address_becomes_a_cookie() {
    let server = with_token();
    assert!(server.addresses[0].ends_with(&format!("/#k={TOKEN}")), "{:?}", server.addresses);
    let body = format!("{{\"key\":\"{TOKEN}\"}}");
    let session = server.ask("POST /session", &[], body.as_bytes());
    let cookie = session.header("set-cookie").unwrap();
    assert_eq!(session.status, 204);
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    assert_eq!(name, format!("lookalike-{}", server.address().port()));
    assert_ne!(value, TOKEN);
    let status = |cookie: &str| server.ask("GET /v1/classifier", &[cookie], b"").status;
    assert_eq!(status(&format!("Cookie: other=1; {name}={value}")), 200);
    assert_eq!(status(&format!("Cookie: {name}={TOKEN}")), 401);
    assert_eq!(status(&format!("Cookie: lookalike-1={value}")), 401);
    // Cookies are shared by all ports of an address: what another port's page sends has one.
    let other = format!("Cookie: {name}={value}\r\nSec-Fetch-Site: same-site");
    assert_eq!(status(&other), 403);
    for (body, problem) in
        [("{\"key\":\"wrong\"}", "token-needed"), ("", "bad-request"), ("{}", "bad-request")]
    {
        assert_eq!(server.ask("POST /session", &[], body.as_bytes()).problem().unwrap(), problem);
    }
}

#[test]
fn settings_that_would_open_the_gate_are_refused() {
    let fails = |settings: Settings| {
        let bound = serve::Bound::to(&settings.listen).unwrap();
        let stop = lookalike::Stop::new();
        stop.ask();
        let log = std::sync::Arc::new(|_: &str| {});
        serve::serve(settings, bound, log, &stop, |_| {}).unwrap_err().to_string()
    };
    for origin in ["*", "null", "https://a.example/path", "a.example", "https://"] {
        let told = fails(Settings { origins: vec![origin.into()], ..settings() });
        assert!(told.contains("is not the origin of a page"), "{told}");
    }
    for host in ["*", "", "a.example:80", "http://a.example", "a b"] {
        let told = fails(Settings { hosts: vec![host.into()], ..settings() });
        assert!(told.contains("is not the name of a host"), "{told}");
    }
    for token in ["", "short", "sixteen letters ", "0123456789abcde\n"] {
        let told = fails(Settings { token: Some(token.into()), ..settings() });
        assert!(told.contains("at least 16"), "{told}");
    }
}

#[test]
fn beyond_this_machine_a_token_is_needed_and_training_pictures_are_not_shown() {
    let listen = serve::Listen::Address("0.0.0.0:0".into());
    let server = Server::start(Settings { listen: listen.clone(), ..settings() });
    let key = server.addresses[0].rsplit_once("#k=").unwrap().1.to_owned();
    assert_eq!(key.len(), 32);
    assert_eq!(server.get("/v1/classifier").problem().unwrap(), "token-needed");
    let bearer = format!("Authorization: Bearer {key}");
    let ask = |first: &str, body: &[u8]| server.ask(first, &[&bearer], body);
    let served = ask("GET /v1/classifier", b"").json()["served"].clone();
    assert_eq!((&served["known"], &served["report"]), (&false.into(), &false.into()));
    assert_eq!(served["examples"], serde_json::json!([]));
    let row = ask("POST /v1/predict", &TRAINED.picture()).json()["predictions"][0].clone();
    assert_eq!(row["nearest"], serde_json::json!([]));
    assert_eq!(ask("GET /report", b"").status, 404);
    for number in 0..40 {
        assert_eq!(ask(&format!("GET /v1/known/{number}.jpg"), b"").status, 404);
    }
    let shown = Server::start(Settings { listen, show_known: true, ..settings() });
    let key = shown.addresses[0].rsplit_once("#k=").unwrap().1.to_owned();
    let bearer = format!("Authorization: Bearer {key}");
    assert_eq!(shown.ask("GET /report", &[&bearer], b"").status, 200);
}

#[test]
fn every_response_says_that_it_is_nobody_elses() {
    let server = Server::start(settings());
    for path in ["/", "/health", "/v1/classifier", "/report", "/nothing", "/problems/failed"] {
        let answer = server.get(path);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'")
        );
    }
    assert!(
        server.get("/").header("content-security-policy").unwrap().contains("trusted-types 'none'")
    );
}

#[test]
fn a_request_has_one_name_everywhere_and_the_log_keeps_secrets() {
    let server = with_token();
    let path = "/v1/predict?name=secret-bird.jpg";
    let lines = ["X-Request-Id: my.id-1", "Authorization: Bearer a-token-of-tests"];
    let answer = server.ask(&format!("POST {path}"), &lines, b"not a picture");
    assert_eq!(answer.header("x-request-id"), Some("my.id-1"));
    assert_eq!(answer.problem().unwrap(), "not-a-picture");
    let made = server.ask("GET /secret-path", &["X-Request-Id: <script>"], b"");
    assert_eq!(made.header("x-request-id").unwrap().len(), 32);
    let log = server.log().join("\n");
    assert!(log.contains("POST /v1/predict 415"), "{log}");
    assert!(log.contains("my.id-1") && log.contains("GET other 404"), "{log}");
    for secret in ["secret", TOKEN, "script"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
