//! Requests made up from the OpenAPI document, sound ones and broken ones: every answer is one that the
//! document names, every refusal explains itself, and nothing outside the folder changes.

use ground::random::{Draws, Purpose};
use serde_json::{Map, Value, json};

use crate::client::{Answer, Server, TRAINED, settings};
use crate::desk::{Place, TOKEN, tree};

/// Requests of each operation.
const EACH: usize = 12;

/// Operations that are not asked at random: news that do not end, and jobs that take minutes.
const LEFT_OUT: [&str; 2] = ["/v1/events", "/v1/train"];

/// Texts that something may choke on.
const ODD: [&str; 10] = [
    "",
    "0",
    "-1",
    "99999999999999999999",
    "1e3",
    "true",
    "%00",
    "..%2F..%2Fx",
    "%F0%9F%90%A6",
    "a&b",
];

fn one<'a, T: ?Sized>(draws: &mut Draws, of: &[&'a T]) -> &'a T {
    of[draws.below(of.len())]
}

/// A value of a schema, or now and then of none.
fn value(draws: &mut Draws, schema: &Value, document: &Value, depth: usize) -> Value {
    if draws.chance(0.15) || depth > 4 {
        return [json!(null), json!(-1), json!([]), json!("x\0"), json!({ "other": 1 })]
            [draws.below(5)]
        .clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return value(draws, &document["components"]["schemas"][name], document, depth + 1);
    }
    if let Some(all) = schema["enum"].as_array() {
        return all[draws.below(all.len())].clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[draws.below(kinds.len())].as_str(),
        kind => kind.as_str(),
    };
    match kind {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let some = fields.filter_map(|(name, schema)| {
                let keep = !draws.chance(0.1);
                keep.then(|| (name.clone(), value(draws, schema, document, depth + 1)))
            });
            Value::Object(some.collect::<Map<_, _>>())
        }
        Some("array") => {
            let count = draws.below(3);
            (0..count).map(|_| value(draws, &schema["items"], document, depth + 1)).collect()
        }
        Some("integer") => json!(draws.below(4)),
        Some("number") => json!(draws.uniform()),
        Some("boolean") => json!(draws.chance(0.5)),
        Some("null") => Value::Null,
        _ => json!(one(draws, &["", "a", "../x", "monarch", "x\u{202e}y", "a\0b"])),
    }
}

/// The first line of a request to this path, with parameters.
fn line(
    draws: &mut Draws,
    method: &str,
    path: &str,
    operation: &Value,
    pictures: &[u64],
) -> String {
    let mut filled = String::new();
    for part in path.split('/').skip(1) {
        let part = match part {
            "{file}" => one(draws, &["thumb.jpg", "large.jpg", "other.jpg", ".."]).to_owned(),
            "{picture}" => one(draws, &["0.jpg", "1.png", "-1.jpg"]).to_owned(),
            "{id}" if !pictures.is_empty() && draws.chance(0.7) => {
                pictures[draws.below(pictures.len())].to_string()
            }
            part if part.starts_with('{') => match draws.chance(0.5) {
                true => draws.below(3).to_string(),
                false => (*one(draws, &ODD[1..])).to_owned(),
            },
            part => part.to_owned(),
        };
        filled += &format!("/{part}");
    }
    let mut query = vec![];
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["in"] != "query" || draws.chance(0.4) {
            continue;
        }
        let text = match value(draws, &parameter["schema"], &Value::Null, 0) {
            Value::String(text) if text.is_ascii() && !text.contains(['\0', ' ', '#']) => text,
            Value::Bool(_) | Value::Number(_) if draws.chance(0.8) => {
                match &parameter["schema"]["type"] {
                    kind if kind == "boolean" => draws.chance(0.5).to_string(),
                    _ => draws.below(4).to_string(),
                }
            }
            _ => (*one(draws, &ODD)).to_owned(),
        };
        query.push(format!("{}={text}", parameter["name"].as_str().unwrap()));
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{} {filled}{query}", method.to_uppercase())
}

/// A body of one of the operation's types: as it should be, cut, or something else.
fn body(draws: &mut Draws, operation: &Value, document: &Value) -> (String, Vec<u8>) {
    let Some(types) = operation["requestBody"]["content"].as_object() else {
        return ("application/octet-stream".into(), vec![]);
    };
    let names: Vec<&String> = types.keys().collect();
    let name = names[draws.below(names.len())];
    let mut bytes = match &name[..] {
        "application/json" => {
            let mut made = value(draws, &types[name]["schema"], document, 0);
            if let Some(data) = made.pointer_mut("/pictures/0/data") {
                *data = json!("aGFsbG8=");
            }
            made.to_string().into_bytes()
        }
        "multipart/form-data" => crate::client::form(&[("picture", "a.jpg", &TRAINED.picture())]),
        _ => TRAINED.picture(),
    };
    if draws.chance(0.3) {
        bytes.truncate(draws.below(bytes.len() + 1));
    }
    if draws.chance(0.2) && !bytes.is_empty() {
        let at = draws.below(bytes.len());
        bytes[at] ^= 1 << draws.below(8);
    }
    let kind = match &name[..] {
        "multipart/form-data" => "multipart/form-data; boundary=edge",
        "image/*" => "image/jpeg",
        other => other,
    };
    let kind = if draws.chance(0.1) { "text/plain" } else { kind };
    (kind.to_owned(), bytes)
}

/// Asks every operation of a server.
fn ask_all(seed: u64, server: &Server, token: bool, pictures: &[u64]) {
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let bearer = if token { &bearer[..] } else { "X: y" };
    let document = server.ask("GET /openapi.json", &[bearer], b"").json();
    let mut draws = Draws::new(seed, Purpose::Synthetic, &[23]);
    let mut good = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if LEFT_OUT.contains(&&path[..]) {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            for _ in 0..EACH {
                let first = line(&mut draws, method, path, operation, pictures);
                let (kind, body) = body(&mut draws, operation, &document);
                let answer = server.ask(&first, &[bearer, &format!("Content-Type: {kind}")], &body);
                explained(&first, &answer, operation);
                good += usize::from(answer.status < 300);
            }
        }
    }
    assert!(good > 20, "{good} were understood");
    assert_eq!(server.get("/health").status, 200);
}

fn explained(first: &str, answer: &Answer, operation: &Value) {
    // A path with `..` in it may be another one, or none.
    let named = operation["responses"].get(answer.status.to_string()).is_some();
    let elsewhere = answer.status == 404 || answer.status == 405 && first.contains("..");
    assert!(named || elsewhere, "{first} answers {}: {}", answer.status, answer.body);
    assert_ne!(answer.status, 500, "{first}: {}", answer.body);
    if answer.status >= 400 {
        assert!(answer.problem().is_some(), "{first}: {answer:?}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty(), "{first}");
    }
}

#[test]
fn whatever_is_asked_for_answers_the_document_has_the_answer() {
    ask_all(1, &Server::start(settings()), false, &[]);
}

#[test]
fn whatever_is_asked_of_a_folder_the_document_has_the_answer() {
    let place = Place::review(|_| {});
    let all = place.json("GET /v1/pictures?limit=5", &Value::Null);
    let ids = all["pictures"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap());
    ask_all(2, place.server(), true, &ids.collect::<Vec<_>>());
    place.wait();
    let before = tree(&TRAINED.photos());
    let count = |name: &str| tree(&place.at(name)).len();
    assert_eq!(count("photos") + count("photos-left-out"), before.len(), "no picture is lost");

    let place = Place::project();
    ask_all(3, place.server(), true, &[]);
    let beside = std::fs::read_dir(place.at("")).unwrap().map(|entry| entry.unwrap().file_name());
    for name in beside {
        assert!(name.to_string_lossy().starts_with("birds"), "{name:?}");
    }
}
