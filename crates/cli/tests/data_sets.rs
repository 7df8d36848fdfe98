//! Data sets of pictures in Parquet, written as Hugging Face's hub has them, with the real binary: the
//! same pictures as a folder of class folders give the same classifier.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

mod common;

use std::fs;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field, Fields, Schema};
use common::{Place, told};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use serde_json::{Value, json};

/// A picture of the set: its class by number, its file's name and bytes.
type Picture = (i64, String, Vec<u8>);

/// The pictures of a practice set in the order of their classes and names, and the classes.
fn pictures(of: &Place, set: &str) -> (Vec<Picture>, Vec<String>) {
    let list = |folder| {
        let mut found: Vec<_> =
            fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
        found.sort();
        found
    };
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut all = vec![];
    let folders = list(of.path(set));
    for (label, folder) in folders.iter().enumerate() {
        let read = |path: std::path::PathBuf| (label as i64, name(&path), fs::read(&path).unwrap());
        all.extend(list(folder.clone()).into_iter().map(read));
    }
    (all, folders.iter().map(|folder| name(folder)).collect())
}

/// A file of a data set, with further columns of labels by their names. Where a picture has no bytes,
/// neither has the row.
fn shard(rows: &[Picture], classes: &[String], pictures: Compression, labels: &[&str]) -> Vec<u8> {
    let parts = Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ]);
    let bytes = rows.iter().map(|row| (!row.2.is_empty()).then_some(&row.2));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_iter(bytes));
    let paths: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.1)));
    let mut fields = vec![Field::new("image", DataType::Struct(parts.clone()), true)];
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(StructArray::new(parts, vec![bytes, paths], None))];
    let mut features = json!({"image": {"_type": "Image"}});
    for label in labels {
        fields.push(Field::new(*label, DataType::Int64, true));
        columns.push(Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))));
        features[label] = json!({"names": classes, "_type": "ClassLabel"});
    }
    let schema = Arc::new(Schema::new(fields));
    let image = ColumnPath::new(vec!["image".into(), "bytes".into()]);
    let note = json!({"info": {"features": features}}).to_string();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_compression(image.clone(), pictures)
        .set_column_dictionary_enabled(image, false)
        .set_max_row_group_row_count(Some(7))
        .set_key_value_metadata(Some(vec![KeyValue::new("huggingface".to_owned(), note)]));
    let mut writer =
        ArrowWriter::try_new(vec![], schema.clone(), Some(properties.build())).unwrap();
    writer.write(&RecordBatch::try_new(schema, columns).unwrap()).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_set_in_parquet_scores_the_same_as_a_folder() {
    let place = Place::new();
    place.out("practice practice --per-class 12 --seed 6");
    let (mut all, classes) = pictures(&place, "practice");
    let scores = |source: &str, output: &str| {
        let command =
            format!("train {source} -o {output}.lookalike --folds 3 --repeats 1 --size 64");
        let trained = place.run(&command);
        assert!(trained.status.success(), "{}", told(&trained));
        let report: Value =
            serde_json::from_str(&place.out(&format!("report {output}.lookalike --json"))).unwrap();
        let predictions = report["predictions"].as_array().unwrap();
        let answer = |one: &Value| (one["label"].clone(), one["probabilities"].clone());
        let answers: Vec<_> = predictions.iter().map(answer).collect();
        let first = predictions[0]["picture"].clone();
        ((report["accuracy"].clone(), answers), told(&trained), first)
    };
    let (folder, ..) = scores("practice", "folder");
    assert_eq!(folder.1.len(), 36);

    // One without a label, as test splits have them.
    all.push((-1, "no.png".into(), all[0].2.clone()));
    let (first, second) = all.split_at(20);
    for (set, compression) in
        [("plain", Compression::UNCOMPRESSED), ("packed", Compression::SNAPPY)]
    {
        for (number, rows) in [first, second].into_iter().enumerate() {
            let file = format!("{set}/data/train-0000{number}-of-00002.parquet");
            place.write(&file, shard(rows, &classes, compression, &["label"]));
        }
        let (scored, words, called) = scores(set, set);
        assert_eq!(called, format!("data/train-00000-of-00002.parquet#0/{}", first[0].1));
        assert_eq!(scored, folder, "{set}");
        assert!(words.contains("read as Parquet: 36 pictures in 2 files"), "{words}");
        assert!(words.contains("1 row without a label"), "{words}");
        assert_eq!(words.contains("unpacked to the cache"), set == "packed", "{words}");
    }
}

#[test]
fn columns_are_named_where_there_are_several_and_other_commands_read_sets_too() {
    let place = Place::new();
    place.out("practice practice --per-class 12 --seed 7");
    let (all, classes) = pictures(&place, "practice");
    let file = shard(&all, &classes, Compression::UNCOMPRESSED, &["fine", "coarse"]);
    place.write("set.parquet", file);
    let refused = place.run("train set.parquet");
    assert!(!refused.status.success());
    let words = told(&refused);
    assert!(words.contains("fine, coarse") && words.contains("--label-column"), "{words}");
    let quick = "--backbone small --size 32 --epochs 1 --precision fp32";
    place.out(&format!("train set.parquet --label-column fine -o set.lookalike {quick}"));
    for command in ["check set.parquet", "look set.parquet", "evaluate set.lookalike set.parquet"] {
        let done = place.run(&format!("{command} --label-column fine"));
        assert!(done.status.success(), "{command}: {}", told(&done));
    }
    // To predict takes no label, and answers row by row.
    let said: Value =
        serde_json::from_str(&place.out("predict set.lookalike set.parquet --json")).unwrap();
    let said = said["predictions"].as_array().unwrap();
    assert_eq!(said.len(), all.len());
    for (row, (said, (_, name, _))) in said.iter().zip(&all).enumerate() {
        assert_eq!(said["picture"], format!("set.parquet#{row}/{name}"));
    }
    // Paths on somebody's disk are no pictures, and the message says so.
    let elsewhere: Vec<Picture> =
        all.iter().map(|(label, name, _)| (*label, format!("/data/{name}"), vec![])).collect();
    let file = shard(&elsewhere, &classes, Compression::UNCOMPRESSED, &["label"]);
    place.write("paths.parquet", file);
    let refused = place.run("train paths.parquet");
    assert_eq!(refused.status.code(), Some(3), "{}", told(&refused));
    assert!(told(&refused).contains("36 rows hold an absolute path"), "{}", told(&refused));
    // What is cut off is refused.
    let mut cut = shard(&all, &classes, Compression::UNCOMPRESSED, &["label"]);
    cut.truncate(cut.len() / 2);
    place.write("cut.parquet", cut);
    let refused = place.run("train cut.parquet");
    assert_eq!(refused.status.code(), Some(3), "{}", told(&refused));
}
