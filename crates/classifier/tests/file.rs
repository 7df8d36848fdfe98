//! The saved file: what is written is read back, and nothing else is believed.
#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use std::fs;
use std::path::Path;

use classifier::{Classifier, ClassifierError};
use common::{Raw, sample};
use ground::Precision;
use ground::files::Failing;
use network::Backbone;
use serde_json::{Value, json};
use weights::Embedded;

fn saved() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dogs.lookalike");
    sample().save(&path).unwrap();
    fs::read(path).unwrap()
}

fn load(bytes: &[u8]) -> Result<Classifier, ClassifierError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dogs.lookalike");
    fs::write(&path, bytes).unwrap();
    let loaded = Classifier::load(&path);
    // Whichever way a file is read, the same is believed and the same refused.
    let said = match (&loaded, Classifier::load_to_predict(&path, Precision::Fp32)) {
        (Ok(whole), Ok((mut classifier, _))) => {
            classifier.parameters = whole.parameters.clone();
            assert!(*whole == classifier);
            return loaded;
        }
        (Err(error), Err(packed)) => [words(error), words(&packed)],
        (Ok(_), Err(packed)) => [String::new(), words(&packed)],
        (Err(error), Ok(_)) => [words(error), String::new()],
    };
    assert_eq!(said[0], said[1]);
    loaded
}

/// The error and its causes in one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

#[test]
fn what_is_saved_is_loaded_bit_by_bit() {
    let bytes = saved();
    let loaded = load(&bytes).unwrap();
    assert_eq!(loaded, sample());
    let bits = |c: &Classifier| -> Vec<u32> {
        c.parameters.tensors().iter().flat_map(|t| &t.data).map(|x| x.to_bits()).collect()
    };
    assert_eq!(bits(&loaded), bits(&sample()));
    assert_eq!(saved(), bytes, "the same classifier gives the same file");
    assert_eq!(Raw::of(&bytes).bytes().len(), bytes.len(), "the tests take files apart rightly");
    assert!(load(&Raw::of(&bytes).bytes()).is_ok());
}

#[test]
fn weights_of_sixteen_bits_are_read() {
    let mut raw = Raw::of(&saved());
    for (name, dtype, _, bytes) in &mut raw.tensors {
        if name.ends_with(".weight") {
            *dtype = "BF16".into();
            // The upper half of each float, truncated.
            *bytes = bytes.chunks_exact(4).flat_map(|b| [b[2], b[3]]).collect();
        }
    }
    raw.seal();
    let loaded = load(&raw.bytes()).unwrap();
    let pairs = loaded.parameters.tensors().iter().zip(sample().parameters.tensors().to_vec());
    for (narrow, wide) in pairs {
        for (a, b) in narrow.data.iter().zip(&wide.data) {
            assert!((a - b).abs() <= b.abs() / 128.0, "{a} {b}");
        }
    }
}

/// One way to spoil a file, and what the refusal must say.
type Case = (&'static str, &'static str, fn(&mut Raw));

#[test]
fn what_is_not_as_written_is_refused() {
    let description = |raw: &mut Raw, change: fn(&mut Value)| raw.edit("classifier", change);
    let cases: &[Case] = &[
        ("a newer version", "version 8; this program reads lookalike version 7", |raw| {
            raw.edit("format", |f| *f = json!({ "name": "lookalike", "version": 8, "new": true }));
        }),
        ("an older version", "lookalike file of version 6;", |raw| {
            raw.edit("format", |f| f["version"] = json!(6));
        }),
        ("another program's file", "is a other file of version 7", |raw| {
            raw.edit("format", |f| f["name"] = json!("other"));
        }),
        ("plain weights", "no `format` in its metadata", |raw| raw.metadata.clear()),
        ("a key too many in the metadata", "has a key `more`", |raw| {
            raw.metadata.insert("more".into(), "x".into());
        }),
        ("an unknown field", "unknown field `code`", |raw| {
            raw.edit("classifier", |d| d["code"] = json!("import os"));
        }),
        ("an unknown network", "no backbone is named `resnet9000`", |raw| {
            raw.edit("classifier", |d| d["architecture"]["backbone"] = json!("resnet9000"));
        }),
        ("two classes of one name", "two classes are named `husky`", |raw| {
            raw.edit("classifier", |d| d["classes"][1] = json!("husky"));
        }),
        ("an empty class name", "0 characters", |raw| {
            raw.edit("classifier", |d| d["classes"][1] = json!(""));
        }),
        ("a class name that moves the cursor", "control characters", |raw| {
            raw.edit("classifier", |d| d["classes"][1] = json!("\u{1b}[2J"));
        }),
        ("an endless class name", "257 characters", |raw| {
            raw.edit("classifier", |d| d["classes"][1] = json!("ä".repeat(257)));
        }),
        ("more names than logits", "names 4 classes for a network of 3", |raw| {
            raw.edit("classifier", |d| d["classes"].as_array_mut().unwrap().push(json!("wolf")));
        }),
        ("more logits than weights", "has shape [3, 512]", |raw| {
            raw.edit("classifier", |d| {
                d["classes"].as_array_mut().unwrap().push(json!("wolf"));
                d["architecture"]["head"]["classes"] = json!(4);
            });
        }),
        ("one class", "there are 1 classes", |raw| {
            raw.edit("classifier", |d| d["classes"] = json!(["husky"]));
        }),
        ("a vast number of logits", "names 3 classes for a network of 100000000000", |raw| {
            raw.edit("classifier", |d| {
                d["architecture"]["head"]["classes"] = json!(100_000_000_000u64);
            });
        }),
        ("a vast input", "takes pictures of 1000000 pixels", |raw| {
            raw.edit("classifier", |d| d["preprocess"]["size"] = json!(1_000_000));
        }),
        ("a crop larger than its side", "crops 32 pixels from a side of 1", |raw| {
            raw.edit("classifier", |d| d["preprocess"]["short_side"] = json!(1));
        }),
        ("a deviation of nothing", "scales colours", |raw| {
            raw.edit("classifier", |d| d["preprocess"]["std"][1] = json!(0.0));
        }),
        ("NaN in a weight", "`conv1.weight` holds a value that is not finite", |raw| {
            raw.tensor("conv1.weight").3[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        }),
        ("a negative variance", "variance cannot be negative", |raw| {
            raw.tensor("bn1.running_var").3[..4].copy_from_slice(&(-1f32).to_le_bytes());
        }),
        ("a weight too few", "lacks 1 of the network's", |raw| {
            raw.tensors.retain(|tensor| tensor.0 != "bn1.bias");
        }),
        ("a tensor too many", "`fc.weight` that belongs to nothing", |raw| {
            raw.tensors.push(("fc.weight".into(), "U8".into(), vec![1], vec![0]));
        }),
        ("no record", "no tensor `record`", |raw| raw.tensors.retain(|t| t.0 != "record")),
        ("an unknown field in the record", "unknown field `more`", |raw| {
            raw.edit_record(|r| r["more"] = json!(1));
        }),
        ("a picture of no class", "a picture is of class 3 of 3", |raw| {
            raw.edit_record(|r| r["pictures"][0][1] = json!(3));
        }),
        ("a digest that is none", "is not a digest", |raw| {
            raw.edit_record(|r| r["pictures"][0][0] = json!("abc"));
        }),
        ("a prediction of no class", "class 3 is named where there are 3", |raw| {
            raw.edit_record(|r| r["record"]["held_out"][0]["actual"] = json!(3));
        }),
        ("a thumbnail that is not there", "thumbnail 9 is named where there are 2", |raw| {
            raw.edit_record(|r| r["record"]["samples"][0]["thumbnail"] = json!(9));
        }),
        ("a logit too many", "has 4 logits for 3 classes", |raw| {
            raw.edit_record(|r| {
                let logits = &mut r["record"]["held_out"][0]["logits"];
                logits.as_array_mut().unwrap().push(json!(2.0));
            });
        }),
        ("a fold of a single split", "fold 1 is named where there are 1", |raw| {
            raw.edit_record(|r| r["record"]["held_out"][0]["fold"] = json!(1));
        }),
        ("a heat map with a cell too few", "a heat map has impossible numbers", |raw| {
            raw.edit_record(|r| {
                let cells = &mut r["record"]["held_out"][0]["heat"][0]["cells"];
                cells.as_array_mut().unwrap().pop();
            });
        }),
        ("heat for no class", "class 3 is named where there are 3", |raw| {
            raw.edit_record(|r| r["record"]["held_out"][0]["heat"][0]["class"] = json!(3));
        }),
        ("heat of nobody's", "a heat map has impossible numbers", |raw| {
            raw.edit_record(|r| r["record"]["reasons"] = json!(null));
        }),
        ("a vast heat map", "heat maps of 4000000 × 4000000 cells", |raw| {
            raw.edit_record(|r| r["record"]["reasons"]["side"] = json!(4_000_000));
        }),
        ("more heat maps than is read", "it has 1001 heat maps", |raw| {
            raw.edit_record(|r| {
                let heat = &mut r["record"]["held_out"][0]["heat"];
                *heat = json!(vec![heat[0].clone(); 1001]);
            });
        }),
        ("a place off the map", "a place on the map has impossible numbers", |raw| {
            raw.edit_record(|r| {
                r["record"]["held_out"][0]["place"]["near"] = json!([0, 1001]);
            });
        }),
        ("a place on no map", "a place on the map has impossible numbers", |raw| {
            raw.edit_record(|r| r["record"]["map"] = json!(null));
        }),
        ("a map that shows more than all", "a map has impossible numbers", |raw| {
            raw.edit_record(|r| r["record"]["map"]["explained"] = json!(1.5));
        }),
        ("other classes in the record", "its record names other classes", |raw| {
            raw.edit_record(|r| r["record"]["classes"][0] = json!("cat"));
        }),
        ("thumbnails longer than their bytes", "longer than their bytes", |raw| {
            raw.edit_record(|r| r["thumbnails"][0] = json!(1u64 << 60));
        }),
        ("fewer thumbnails than bytes", "bytes follow its thumbnails", |raw| {
            raw.edit_record(|r| drop(r["thumbnails"].as_array_mut().unwrap().pop()));
        }),
        ("a script as thumbnail", "thumbnail 0 is no JPEG", |raw| {
            raw.tensor("thumbnails").3[..8].copy_from_slice(b"<script>");
        }),
        ("self-test without its pixels", "bytes of pixels", |raw| {
            raw.edit_record(|r| drop(r["self_test"].as_array_mut().unwrap().pop()));
            let test = json!([[1.0, 0.0, 0.0], 0.5]);
            raw.edit_record(|r| r["self_test"] = json!([test, test]));
        }),
        ("self-test of other classes", "picture 0 of its self-test", |raw| {
            raw.edit_record(|r| r["self_test"] = json!([[[0.5, 0.5], 0.5]]));
        }),
        ("a self-test that compares with nothing", "picture 0 of its self-test", |raw| {
            raw.edit_record(|r| r["self_test"][0][1] = json!(null));
        }),
        ("a novelty that no angle has", "picture 0 of its self-test", |raw| {
            raw.edit_record(|r| r["self_test"][0][1] = json!(2.5));
        }),
        ("a calibration of other classes", "the calibration has impossible numbers", |raw| {
            raw.edit_record(|r| drop(r["calibration"]["thresholds"].as_array_mut().unwrap().pop()));
        }),
        ("a temperature of nothing", "the calibration has impossible numbers", |raw| {
            raw.edit_record(|r| r["calibration"]["scaling"]["temperature"] = json!(0.0));
        }),
        ("a reference without its rows", "its reference is not 2 rows", |raw| {
            raw.tensors.retain(|tensor| tensor.0 != "reference");
        }),
        ("rows without their reference", "its reference is not 0 rows", |raw| {
            raw.edit_record(|r| r["reference"] = json!([]));
        }),
        ("more rows than pictures of the reference", "its reference is not 1 rows", |raw| {
            raw.edit_record(|r| drop(r["reference"].as_array_mut().unwrap().pop()));
        }),
        ("a reference of another width", "of 256 BF16", |raw| {
            raw.tensor("reference").2 = vec![4, 128];
        }),
        ("a reference of F16", "rows (at most 4096) of 256 BF16", |raw| {
            raw.tensor("reference").1 = "F16".into();
        }),
        ("an endless reference", "its reference is not 5000 rows", |raw| {
            raw.edit_record(|r| r["reference"] = json!(vec![json!(["a.jpg", 0, null]); 5000]));
            let rows = raw.tensor("reference");
            rows.2 = vec![5000, 256];
            rows.3.resize(5000 * 256 * 2, 0);
        }),
        ("NaN in the reference", "no finite bfloat16", |raw| {
            raw.tensor("reference").3[..2].copy_from_slice(&0x7fc0u16.to_le_bytes());
        }),
        ("a reference of no class", "picture 1 of its reference has a class", |raw| {
            raw.edit_record(|r| r["reference"][1][1] = json!(3));
        }),
        ("a reference's thumbnail that is not there", "picture 0 of its reference", |raw| {
            raw.edit_record(|r| r["reference"][0][2] = json!(2));
        }),
    ];
    let whole = Raw::of(&saved());
    for (name, expected, spoil) in cases {
        let mut raw = whole.clone();
        spoil(&mut raw);
        // So that the checks behind the digests are reached.
        if raw.metadata.contains_key("format") && *name != "a newer version" {
            raw.seal();
        }
        let error = load(&raw.bytes()).map(|_| ()).expect_err(name);
        assert!(words(&error).contains(expected), "{name}: {}", words(&error));
    }
    let mut altered = whole.clone();
    description(&mut altered, |d| d["classes"][0] = json!("cat"));
    let error = words(&load(&altered.bytes()).unwrap_err());
    assert!(error.contains("the description of") && error.contains("has changed"), "{error}");

    // Two tensors of one shape that have changed places, and bytes read as another type.
    let mut swapped = whole.clone();
    let names =
        ["layer1.0.bn1.weight", "layer1.0.bn1.bias"].map(|name| swapped.tensor(name).3.clone());
    swapped.tensor("layer1.0.bn1.weight").3 = names[1].clone();
    swapped.tensor("layer1.0.bn1.bias").3 = names[0].clone();
    let mut retyped = whole;
    retyped.tensor("reference").1 = "F16".into();
    for spoilt in [swapped, retyped] {
        let error = words(&load(&spoilt.bytes()).unwrap_err());
        assert!(error.contains("the content of") && error.contains("has changed"), "{error}");
    }
}

#[test]
fn no_cut_and_no_flipped_bit_passes() {
    let bytes = saved();
    for part in 0..100 {
        assert!(load(&bytes[..bytes.len() * part / 100]).is_err(), "cut at {part} %");
    }
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let places = (0..header).step_by(97).chain((header..bytes.len()).step_by(bytes.len() / 60));
    for place in places {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1;
        let loaded = load(&flipped);
        assert!(loaded.is_err(), "bit flipped at {place}");
    }
}

#[test]
fn what_cannot_be_loaded_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dogs.lookalike");
    let refused = |spoil: fn(&mut Classifier)| {
        let mut classifier = sample();
        spoil(&mut classifier);
        words(&classifier.save(&path).unwrap_err())
    };
    let error = refused(|c| c.parameters.tensor_mut(0).data[5] = f32::INFINITY);
    assert!(error.contains("`conv1.weight` holds a value that is not finite"), "{error}");
    let error = refused(|c| c.classes[0] = "malamute".into());
    assert!(error.contains("two classes are named `malamute`"), "{error}");
    let error = refused(|c| c.record.samples[0].thumbnail = 2);
    assert!(error.contains("thumbnail 2 is named where there are 2"), "{error}");
    let error = refused(|c| c.reference.as_mut().unwrap().rows[3] = 1.001);
    assert!(error.contains("no finite bfloat16"), "{error}");
    let error = refused(|c| c.parameters.tensor_mut(4).data[0] = -1.0);
    assert!(error.contains("a variance cannot be negative"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_file_is_compared_with_what_was_saved_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dogs.lookalike");
    sample().save(&path).unwrap();
    sample().check_saved(&path).unwrap();
    for spoil in [
        |c: &mut Classifier| c.parameters.tensor_mut(7).data[3] += 1e-6,
        |c: &mut Classifier| c.self_test[0].pixels[5] ^= 1,
        |c: &mut Classifier| c.record.notes.push("later".into()),
    ] {
        let mut other = sample();
        spoil(&mut other);
        let error = words(&other.check_saved(&path).unwrap_err());
        assert!(error.contains("dogs.lookalike` does not hold what was written"), "{error}");
    }
}

#[test]
fn a_failed_save_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dogs.lookalike");
    sample().save(&path).unwrap();
    let old = fs::read(&path).unwrap();
    let mut newer = sample();
    newer.recipe = json!("newer");
    let mut failures = 0;
    while newer.save_on(&Failing::at(failures), &path).is_err() {
        let loaded = Classifier::load(&path).unwrap();
        assert!(loaded == sample() || loaded == newer, "after step {failures}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "litter after {failures}");
        fs::write(&path, &old).unwrap();
        failures += 1;
    }
    assert!(failures >= 5, "{failures}");
    assert_eq!(Classifier::load(&path).unwrap().recipe, json!("newer"));
}

#[test]
fn what_is_no_file_is_said_so() {
    let error = Classifier::load(Path::new("/nowhere/dogs.lookalike")).unwrap_err();
    assert!(words(&error).contains("cannot open `/nowhere/dogs.lookalike`"), "{}", words(&error));
    assert!(load(b"").is_err() && load(b"PK\x03\x04 a zip archive").is_err());
}

#[test]
fn embedded_weights_stay_small_and_what_was_trained_further_stays_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dogs.lookalike");
    let mut classifier = sample();
    let backbone = Backbone::EfficientNetLite0;
    classifier.architecture.backbone = backbone;
    let graph = classifier.graph();
    classifier.parameters = Embedded::of(backbone).unwrap().load(&graph, 1).unwrap();
    classifier.reference = None;
    classifier.self_test = vec![];
    let body = graph.body_parameters();
    let scaled: usize =
        body.iter().filter(|p| p.shape.len() == 4).map(network::Parameter::len).sum();
    let size_of = |classifier: &Classifier| {
        classifier.save(&path).unwrap();
        classifier.check_saved(&path).unwrap();
        assert!(load(&fs::read(&path).unwrap()).unwrap() == *classifier);
        fs::metadata(&path).unwrap().len() as usize
    };
    let untouched = size_of(&classifier);
    for at in 0..body.len() {
        let tensor = classifier.parameters.tensor_mut(at);
        tensor.data.iter_mut().for_each(|x| *x *= 1.0 + x.abs() * 1e-3);
    }
    let trained = size_of(&classifier);
    assert!(trained > untouched + 3 * scaled - (128 << 10), "{untouched}, then {trained}");
}
