//! From the first connection to the last: loading, stopping, other sockets, and the document of it all.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use lookalike::Kind;
use serve::{Bound, Limits, Listen, Settings, serve};

use crate::client::{Answer, Server, TRAINED, all_of, limited, settings};

fn post(stream: &mut impl Write, body: &[u8]) {
    let head = format!(
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
}

#[test]
fn requests_under_way_are_answered_before_the_end() {
    let server = Server::start(settings());
    let picture = TRAINED.picture();
    let mut half: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    let mut idle = server.connect();
    idle.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(idle.read(&mut [0; 4096]).unwrap() > 0);
    // Half a picture is there when the end is asked for, so that the request is under way.
    let (first, rest) = picture.split_at(picture.len() / 2);
    for stream in &mut half {
        let head = format!(
            "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            picture.len()
        );
        stream.write_all(&[head.as_bytes(), first].concat()).unwrap();
    }
    let begun = Instant::now();
    let under_way =
        |server: &Server| server.get("/metrics").body.contains("lookalike_pictures_waiting 8");
    while !under_way(&server) {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    server.stop();
    let mut nothing = String::new();
    assert_eq!(idle.read_to_string(&mut nothing).unwrap_or(0), 0, "an idle connection is closed");
    for stream in &mut half {
        stream.write_all(rest).unwrap();
        assert_eq!(Answer::of(&all_of(stream)).status, 200);
    }
    let address = server.address();
    server.ended().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn what_takes_too_long_to_end_is_cut_off() {
    let server =
        Server::start(limited(Limits { drain: Duration::from_millis(100), ..Limits::default() }));
    let mut stream = server.connect();
    stream
        .write_all(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx")
        .unwrap();
    let begun = Instant::now();
    while !server.get("/metrics").body.contains("lookalike_pictures_waiting 1") {
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    let begun = Instant::now();
    server.ended().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(all_of(&mut stream), "");
}

#[test]
fn a_file_that_is_no_classifier_ends_the_server_before_it_is_ready() {
    let place = tempfile::tempdir().unwrap();
    let model = place.path().join("cut.lookalike");
    let whole = std::fs::read(TRAINED.model()).unwrap();
    std::fs::write(&model, &whole[..whole.len() / 2]).unwrap();
    let settings = Settings { model, ..settings() };
    let bound = Bound::to(&settings.listen).unwrap();
    let log = std::sync::Arc::new(|_: &str| {});
    let ready = |_: &serve::Ready| panic!("it is not ready");
    let error = serve(settings, bound, log, &lookalike::Stop::new(), ready).unwrap_err();
    assert_eq!(error.kind(), Kind::Model);
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let server = Server::start(settings());
    let mut stream = server.connect();
    let picture = TRAINED.picture();
    for _ in 0..3 {
        post(&mut stream, &picture);
        let mut text = String::new();
        let mut buffer = [0; 4096];
        while !text.contains("\r\n\r\n") || !text.ends_with("]}") {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "{text}");
            text += std::str::from_utf8(&buffer[..read]).unwrap();
        }
        assert_eq!(Answer::of(&text).status, 200);
    }
}

#[cfg(unix)]
#[test]
fn a_socket_at_a_path_answers_like_any_other() {
    use std::os::unix::net::UnixStream;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("socket");
    let server = Server::start(Settings { listen: Listen::Path(path.clone()), ..settings() });
    assert_eq!(server.addresses, [format!("unix:{}", path.display())]);
    let ask = |host: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        let head =
            format!("GET /v1/classifier HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        Answer::of(&all_of(&mut stream))
    };
    let about = ask("localhost");
    assert_eq!((about.status, &about.json()["served"]["known"]), (200, &false.into()));
    assert_eq!(ask("evil.test").problem().unwrap(), "foreign-host");
    server.ended().unwrap();
    assert!(!path.exists(), "the socket is removed");
}

#[test]
fn the_document_and_the_server_have_the_same_addresses() {
    let server = Server::start(settings());
    let document = server.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (path, methods) in document["paths"].as_object().unwrap() {
        let real = path.replace("{picture}", "0.jpg").replace("{name}", "failed");
        for method in ["get", "post", "put", "patch", "delete"] {
            let answer = server.ask(&format!("{} {real}", method.to_uppercase()), &[], b"");
            let there = methods.get(method).is_some();
            assert_eq!(answer.status != 405, there, "{method} {real}: {answer:?}");
            if !there {
                let allowed = answer.header("allow").unwrap_or("GET,HEAD").to_lowercase();
                assert!(methods.as_object().unwrap().keys().any(|known| allowed.contains(known)));
            }
            let stated = methods[method]["responses"].get(answer.status.to_string());
            assert!(!there || stated.is_some(), "{method} {path} answers {}", answer.status);
        }
    }
    // Every problem that the document names is one that the server explains.
    let named = document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
        .as_array()
        .unwrap();
    let named: BTreeSet<&str> = named.iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(named.len(), 19);
    for name in named {
        assert_eq!(server.get(name).status, 200, "{name}");
    }
    assert_eq!(server.get("/problems/other").problem().unwrap(), "not-found");
}

#[test]
fn answers_are_as_the_document_says() {
    let server = Server::start(settings());
    let document = server.get("/openapi.json").json();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let body = crate::client::form(&[("picture", "a", &TRAINED.picture()), ("picture", "b", b"x")]);
    let first = "POST /v1/predict?heat_map=true";
    let answer = server.ask(first, &[crate::client::MULTIPART], &body).json();
    fits(&answer, &schema("Predictions"), &document, "predictions");
    fits(&server.get("/v1/classifier").json(), &schema("Classifier"), &document, "classifier");
    fits(&server.get("/nothing").json(), &schema("Problem"), &document, "problem");
}

/// Holds a value against a schema, as far as the document's schemas go.
fn fits(
    value: &serde_json::Value,
    schema: &serde_json::Value,
    document: &serde_json::Value,
    at: &str,
) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return fits(value, &document["components"]["schemas"][name], document, at);
    }
    if let Some(one_of) = schema["oneOf"].as_array() {
        let has = |schema: &&serde_json::Value| {
            let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let required = document["components"]["schemas"][name]["required"].as_array().unwrap();
            required.iter().all(|field| value.get(field.as_str().unwrap()).is_some())
        };
        let fitting: Vec<_> = one_of.iter().filter(has).collect();
        assert_eq!(fitting.len(), 1, "{at}: {value}");
        return fits(value, fitting[0], document, at);
    }
    let kinds = match &schema["type"] {
        serde_json::Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let is = |kind: &serde_json::Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: a type `{other}`"),
    };
    assert!(kinds.iter().any(is), "{at} is not {kinds:?}: {value}");
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{at}: {value}");
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(field.as_str().unwrap()).is_some(), "{at}.{field} is missing");
    }
    for (field, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(field) {
            Some(schema) => fits(inner, schema, document, &format!("{at}.{field}")),
            None => {
                assert_eq!(schema["additionalProperties"], true, "{at}.{field} is not documented");
            }
        }
    }
    for inner in value.as_array().into_iter().flatten() {
        fits(inner, &schema["items"], document, &format!("{at}[]"));
    }
}
