//! What is answered is what `predict --json` says, in whatever form it was asked.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookalike::{Form, Output, PredictRequest, Silent, Sink, Stop};
use serde_json::{Value, json};

use crate::client::{MULTIPART, Server, TRAINED, form, settings};

/// What the command says of pictures, with their names as a client gives them.
fn predicted(always: bool) -> Value {
    let mut request = PredictRequest::new(TRAINED.model(), TRAINED.pictures());
    request.style.always = always;
    let mut bytes = vec![];
    let mut output = Output { form: Form::Json, to: Sink::Stream(&mut bytes) };
    lookalike::predict(&request, Cursor::new(""), &mut output, &Silent, &Stop::new()).unwrap();
    drop(output);
    let mut value: Value = serde_json::from_slice(&bytes).unwrap();
    value["model"] = "drawn.lookalike".into();
    for (number, row) in value["predictions"].as_array_mut().unwrap().iter_mut().enumerate() {
        row["picture"] = format!("{number}.bmp").into();
    }
    value
}

/// Without what a server adds, and with numbers of the precision that a document is compared by.
fn comparable(mut value: Value) -> Value {
    for row in value["predictions"].as_array_mut().unwrap() {
        for near in row["nearest"].as_array_mut().unwrap() {
            near.as_object_mut().unwrap().remove("thumbnail");
        }
    }
    value
}

fn files() -> Vec<Vec<u8>> {
    TRAINED.pictures().iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn each_form_of_a_request_gets_what_the_command_says() {
    let server = Server::start(settings());
    let (expected, files) = (predicted(false), files());
    let parts: Vec<_> =
        files.iter().enumerate().map(|(n, file)| (format!("{n}.bmp"), file)).collect();
    let parts: Vec<_> =
        parts.iter().map(|(name, file)| ("picture", &name[..], &file[..])).collect();
    let answer = server.ask("POST /v1/predict", &[MULTIPART], &form(&parts));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(comparable(answer.json()), expected);
    let stages = answer.header("server-timing").unwrap();
    assert!(stages.starts_with("decode;dur=") && stages.contains("compute;dur="), "{stages}");

    let listed = files.iter().enumerate();
    let listed = listed
        .map(|(n, file)| json!({ "name": format!("{n}.bmp"), "data": STANDARD.encode(file) }));
    let body = json!({ "pictures": listed.collect::<Vec<_>>() }).to_string();
    let answer =
        server.ask("POST /v1/predict", &["Content-Type: application/json"], body.as_bytes());
    assert_eq!(comparable(answer.json()), expected);

    for (number, file) in files.iter().enumerate() {
        let first = format!("POST /v1/predict?name={number}.bmp");
        let answer = comparable(server.ask(&first, &["Content-Type: image/bmp"], file).json());
        assert_eq!(answer["predictions"][0], expected["predictions"][number]);
    }
}

#[test]
fn a_request_says_what_it_wants_besides() {
    let server = Server::start(settings());
    let file = TRAINED.picture();
    let ask = |query: &str| server.ask(&format!("POST /v1/predict?{query}"), &[], &file);
    let row = |query: &str| ask(query).json()["predictions"][0].clone();
    assert_eq!(row("always=true")["answer"], predicted(true)["predictions"][0]["answer"]);
    assert_eq!(row("nearest=false")["nearest"], json!([]));
    assert_eq!(row("top=1")["top"].as_array().unwrap().len(), 1);
    let explained = row("heat_map=true");
    let image = explained["heat_map"]["image"].as_str().unwrap();
    let jpeg = STANDARD.decode(image.strip_prefix("data:image/jpeg;base64,").unwrap()).unwrap();
    assert_eq!(image::load_from_memory(&jpeg).unwrap().width(), 448);
    assert_eq!(explained["heat_map"]["class"], explained["top"][0]["class"]);
    assert!(explained["heat_map"].get("file").is_none());
    let other = explained["top"][1]["class"].as_str().unwrap();
    let of_other = row(&format!("heat_map=true&heat_class={}", other.replace(' ', "%20")));
    assert_eq!(of_other["heat_map"]["class"], other);
    assert_ne!(of_other["heat_map"]["image"], explained["heat_map"]["image"]);
    for wrong in
        ["heat_map=true&heat_class=nobody", "heat_map=1", "top=-1", "other=true", "top=1&top=2"]
    {
        assert_eq!(ask(wrong).problem().unwrap(), "bad-request", "{wrong}");
    }
}

#[test]
fn the_nearest_training_pictures_can_be_seen() {
    let server = Server::start(settings());
    let row =
        server.ask("POST /v1/predict", &[], &TRAINED.picture()).json()["predictions"][0].clone();
    let address = row["nearest"][0]["thumbnail"].as_str().unwrap().to_owned();
    let thumbnail = server.get(&format!("/{address}"));
    assert_eq!((thumbnail.status, thumbnail.header("content-type")), (200, Some("image/jpeg")));
    for wrong in
        ["-1", "99999", "99999999999999999999999", "%2e%2e", "0", "a.jpg", "..%2f0.jpg", "0%00.jpg"]
    {
        let wrong = wrong.to_owned() + if wrong.contains('.') { "" } else { ".png" };
        assert_eq!(server.get(&format!("/v1/known/{wrong}")).status, 404, "{wrong}");
    }
}

#[test]
fn the_classifier_is_described_as_the_command_does() {
    let server = Server::start(settings());
    let mut about = server.get("/v1/classifier").json();
    let shown = lookalike::show(&TRAINED.model()).unwrap();
    let served = about.as_object_mut().unwrap().remove("served").unwrap();
    assert_eq!(about.as_object_mut().unwrap().remove("name").unwrap(), "drawn");
    assert_eq!(about, lookalike::json::show(&shown, false));
    assert_eq!((&served["max_pictures"], &served["known"]), (&64.into(), &true.into()));
    let examples = served["examples"].as_array().unwrap();
    let classes: Vec<_> = examples.iter().map(|row| row["class"].as_str().unwrap()).collect();
    assert_eq!(classes, shown.classifier.classes);
    for address in examples[0]["thumbnails"].as_array().unwrap() {
        assert_eq!(server.get(&format!("/{}", address.as_str().unwrap())).status, 200);
    }
}

#[test]
fn the_report_is_the_commands_and_can_do_nothing() {
    let server = Server::start(settings());
    let answer = server.get("/report");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, lookalike::report(&TRAINED.model()).unwrap().html());
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
}

#[test]
fn verdicts_are_counted() {
    let server = Server::start(settings());
    let body = form(&[("picture", "a", &TRAINED.picture()), ("picture", "b", b"no picture")]);
    assert_eq!(server.ask("POST /v1/predict", &[MULTIPART], &body).status, 200);
    let text = server.get("/metrics").body;
    let has = |line: &str| assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    has("lookalike_pictures_total{verdict=\"unread\"} 1");
    has("lookalike_requests_total{route=\"/v1/predict\",status=\"200\"} 1");
    has("lookalike_batches_total{pictures=\"1\"} 1");
    has("lookalike_ready 1");
    has("lookalike_pictures_waiting 0");
    let answered = ["class", "ambiguous", "unfamiliar"];
    assert!(answered.iter().any(|v| text.contains(&format!("verdict=\"{v}\"}} 1"))), "{text}");
}
