//! What `--json` writes is what docs/json.md says: no field that is not documented, none that is
//! missing, each of its type.
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::collections::BTreeMap;

use common::{Place, TRAINED};
use serde_json::Value;

/// The documented fields of each document, by the command that writes it: path to type.
fn documented() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut documents = BTreeMap::<String, BTreeMap<String, String>>::new();
    let mut command = String::new();
    for line in include_str!("../../../docs/json.md").lines() {
        if let Some(heading) = line.strip_prefix("## `") {
            command = heading.split(' ').next().unwrap().to_owned();
        } else if let Some(other) = line.strip_prefix("The fields of `") {
            let other = other.split(' ').next().unwrap();
            let fields = documents[other].clone();
            documents.insert(command.clone(), fields);
        } else if let Some(row) = line.strip_prefix("| `")
            && !command.is_empty()
        {
            let (field, rest) = row.split_once("` | ").unwrap();
            let kind = rest.split(" | ").next().unwrap();
            let known = documents.entry(command.clone()).or_default();
            assert!(known.insert(field.into(), kind.into()).is_none(), "{command}: {field} twice");
        }
    }
    documents
}

fn has_fields(value: &Value, fields: &[&str]) -> bool {
    value.as_object().is_some_and(|object| {
        object.len() == fields.len() && fields.iter().all(|&field| object.contains_key(field))
    })
}

/// Whether a value is of one of the types that are named.
fn is_a(value: &Value, kinds: &str) -> bool {
    kinds.trim_end_matches(", optional").split(" or ").any(|kind| match kind {
        "null" => value.is_null(),
        "text" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "proportion" => has_fields(value, &["value", "low", "high", "hits", "n"]),
        "estimate" => has_fields(value, &["value", "low", "high"]),
        "interval" => has_fields(value, &["low", "high"]),
        other => panic!("a type `{other}`"),
    })
}

/// Holds a value against the documented fields at and below its path.
fn hold(path: &str, value: &Value, fields: &BTreeMap<String, String>) {
    if let Some(kinds) = fields.get(path) {
        assert!(is_a(value, kinds), "{path} is not {kinds}: {value}");
        return;
    }
    match value {
        Value::Array(items) => {
            items.iter().for_each(|item| hold(&format!("{path}[]"), item, fields));
        }
        Value::Object(object) => {
            let below = if path.is_empty() { String::new() } else { format!("{path}.") };
            for (name, value) in object {
                hold(&format!("{below}{name}"), value, fields);
            }
            for name in fields.keys().filter_map(|field| field.strip_prefix(&below)) {
                let name = &name[..name.find(['.', '[']).unwrap_or(name.len())];
                let optional = fields.iter().any(|(field, kinds)| {
                    let of = field.strip_prefix(&below).and_then(|rest| rest.strip_prefix(name));
                    of.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
                        && kinds.ends_with("optional")
                });
                let there = object.contains_key(name) || object.contains_key("error");
                assert!(there || optional || name.is_empty(), "{below}{name} is missing");
            }
        }
        Value::Null => {
            // A part that is not known at all: its fields are optional.
            let below = |field: &str| {
                field.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            let mut known = fields.iter().filter(|(field, _)| below(field));
            let optional = known.clone().count() > 0 && known.all(|(_, k)| k.ends_with("optional"));
            assert!(optional, "{path} is null, and not documented");
        }
        _ => panic!("{path} is not documented"),
    }
}

#[test]
fn every_document_is_as_documented() {
    let documented = documented();
    let place = &*TRAINED;
    place.write("odd/a/not a picture.jpg", "no");
    place.write("odd/a/1.bmp", std::fs::read(first_picture(place)).unwrap());
    place.write("odd/b/2.bmp", std::fs::read(first_picture(place)).unwrap());
    place.write("broken.jpg", "no");
    place.out("practice fresh --per-class 8 --seed 2");
    place.write("fresh/moth/1.bmp", std::fs::read(first_picture(place)).unwrap());
    for arguments in [
        "predict practice.lookalike practice --json --heat-maps maps",
        "predict practice.lookalike broken.jpg --json",
        "show practice.lookalike --json --layers",
        "show practice.lookalike --json",
        "report practice.lookalike --json",
        "export practice.lookalike --json -o practice.onnx",
        "features fresh -o feats --json",
        "features practice.lookalike fresh -o feats.npy --json",
        "evaluate practice.lookalike fresh --json",
        "next practice.lookalike fresh -n 5 --json",
        "train fresh --backbone small --size 32 --epochs 1 --batch 16 --json -o fresh.lookalike",
        "check practice --json",
        "check odd --json",
        "cache --json",
        "collect practice --json -o collected",
    ] {
        let out = place.run(arguments).stdout;
        let value: Value = serde_json::from_slice(&out).unwrap();
        let command = arguments.split(' ').next().unwrap();
        hold("", &value, &documented[command]);
    }
    assert_eq!(documented.len(), 11, "{:?}", documented.keys());
}

fn first_picture(place: &Place) -> std::path::PathBuf {
    let class = std::fs::read_dir(place.path("practice")).unwrap().next().unwrap().unwrap();
    std::fs::read_dir(class.path()).unwrap().next().unwrap().unwrap().path()
}
