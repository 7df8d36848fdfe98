//! What a file says, read as any reader of protobuf would.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use export::proto::Model;
use export::{ExportRequest, Input, Resize};
use prost::Message;
use serde_json::Value;

use crate::fixture::{Kind, saved};

fn exported(folder: &Path, kind: Kind, change: impl FnOnce(&mut ExportRequest)) -> Vec<u8> {
    let (model, _) = saved(folder, kind);
    let mut request = ExportRequest::new(model);
    let output = folder.join("birds.onnx");
    request.output = Some(output.clone());
    change(&mut request);
    export::export(&request).unwrap();
    fs::read(output).unwrap()
}

fn decoded(bytes: &[u8]) -> Model {
    Model::decode(bytes).unwrap()
}

fn operators(model: &Model) -> Vec<&str> {
    model.graph.as_ref().unwrap().node.iter().map(|node| node.op_type.as_str()).collect()
}

#[test]
fn a_small_network_is_these_operations() {
    let place = tempfile::tempdir().unwrap();
    let model =
        decoded(&exported(place.path(), Kind::PLAIN, |request| request.input = Input::Tensor));
    assert_eq!((model.ir_version, model.opset_import[0].version), (Some(8), 17));
    let stem = ["Slice", "Concat", "Conv", "Relu", "MaxPool"];
    let first = ["Conv", "Relu", "Conv", "Add", "Relu"];
    let other = ["Conv", "Conv", "Relu", "Conv", "Add", "Relu"];
    let head =
        ["GlobalAveragePool", "Flatten", "Reshape", "ReduceSum", "Mul", "Gemm", "Mul", "Softmax"];
    let body = [&stem[..], &first, &other, &other, &other, &head].concat();
    let found = operators(&model);
    assert_eq!(found[..body.len()], body, "a norm is part of the convolution before it");
    let novelty = ["Mul", "ReduceSum", "Sqrt", "Max", "Div", "Gemm", "TopK", "Sub", "Clip"];
    assert_eq!(found[body.len()..][..novelty.len()], novelty);
    assert_eq!(found.iter().filter(|op| **op == "TopK").count(), 2);
}

#[test]
fn every_name_is_made_once_and_before_it_is_read() {
    let place = tempfile::tempdir().unwrap();
    let centre = Kind { short_side: 40, views: 4, ..Kind::PLAIN };
    let ways = [(Input::Picture, Resize::Portable), (Input::Picture, Resize::Operator)];
    let ways = [&ways[..], &[(Input::Tensor, Resize::Portable)]].concat();
    for (kind, (input, resize)) in [Kind::PLAIN, centre]
        .into_iter()
        .flat_map(|kind| ways.iter().map(move |&way| (kind, way)).collect::<Vec<_>>())
    {
        let model = decoded(&exported(place.path(), kind, |request| {
            (request.input, request.resize) = (input, resize);
        }));
        let graph = model.graph.unwrap();
        let mut there: BTreeSet<String> = BTreeSet::from([String::new()]);
        let given = graph.initializer.iter().map(|tensor| &tensor.name);
        for name in given.chain(graph.input.iter().map(|input| &input.name)) {
            assert!(there.insert(name.clone()), "{name} twice");
        }
        let read: BTreeSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
        for tensor in &graph.initializer {
            assert!(read.contains(&tensor.name), "{} is not used", tensor.name);
        }
        for node in &graph.node {
            assert!(node.input.iter().all(|input| there.contains(input)), "{}", node.name);
            for output in &node.output {
                assert!(there.insert(output.clone()), "{output} twice");
            }
        }
        assert!(graph.output.iter().all(|output| there.contains(&output.name)));
    }
}

#[test]
fn two_exports_give_the_same_bytes() {
    let place = tempfile::tempdir().unwrap();
    let all = || {
        let bytes = exported(place.path(), Kind::PLAIN, |_| {});
        let beside = ["birds.labels.txt", "birds.selftest.json"];
        let beside = beside.map(|name| fs::read(place.path().join(name)).unwrap());
        (bytes, beside)
    };
    assert_eq!(all(), all());
}

#[test]
fn labels_thresholds_and_meanings_travel_along() {
    let place = tempfile::tempdir().unwrap();
    let model = decoded(&exported(place.path(), Kind::PLAIN, |_| {}));
    let entry = |key: &str| {
        let mut entries = model.metadata_props.iter();
        entries.find(|entry| entry.key == key).unwrap().value.clone()
    };
    assert_eq!(entry("labels"), "ant\nbee's\ncrow");
    assert_eq!(entry("names"), r"{0: 'ant', 1: 'bee\'s', 2: 'crow'}");
    let all: Value = serde_json::from_str(&entry("lookalike")).unwrap();
    assert_eq!(all["thresholds"], serde_json::json!([0.35, 0.3, 0.4]));
    assert_eq!(all["novelty_limit"], 0.02);
    assert_eq!(all["reference"]["rows"], 12);
    assert_eq!(all["reference"].get("pictures"), None, "names stay at home");
    let outputs = &model.graph.unwrap().output;
    let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["verdict", "named", "probabilities", "novelty", "nearest", "distances"]);
    assert!(outputs.iter().all(|output| !output.doc_string.is_empty()));
    let labels = fs::read_to_string(place.path().join("birds.labels.txt")).unwrap();
    assert_eq!(labels, "ant\nbee's\ncrow\n");
}

#[test]
fn half_the_bytes_and_no_novelty_leave_out_what_they_say() {
    let place = tempfile::tempdir().unwrap();
    let whole = exported(place.path(), Kind::PLAIN, |_| {}).len();
    let half = exported(place.path(), Kind::PLAIN, |request| request.half = true).len();
    assert!(half as f64 <= 0.52 * whole as f64, "{half} of {whole}");
    let model = decoded(&exported(place.path(), Kind::PLAIN, |request| request.novelty = false));
    let graph = model.graph.unwrap();
    assert_eq!(graph.output.len(), 3);
    assert!(graph.initializer.iter().all(|tensor| tensor.name != "reference"));
}

#[test]
fn the_operator_needs_the_next_opset() {
    let place = tempfile::tempdir().unwrap();
    let bytes = exported(place.path(), Kind::PLAIN, |request| request.resize = Resize::Operator);
    let model = decoded(&bytes);
    assert_eq!(model.opset_import[0].version, 18);
    assert_eq!(operators(&model).iter().filter(|op| **op == "Resize").count(), 1);
}
