//! A small classifier, and files taken apart and put together again to be made hostile.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // shared by several test programs

use std::collections::BTreeMap;

use classifier::{Classifier, Data, Known, Made, Reference, SelfTest, Used, Views, thumbnail};
use ground::{Digest, Hash};
use insight::{
    Body, Calibration, Epoch, Heat, HeldOut, Map as FeatureMap, Place, Reasons, RunRecord, Sample,
    Whose,
};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::{Preprocess, Side};
use serde_json::{Map, Value, json};
use weights::safetensors::{Dtype, content_digest};

/// Side of the network's input.
pub const SIZE: usize = 32;

pub fn sample() -> Classifier {
    let classes: Vec<String> = ["husky", "malamute", "eskimo dog"].map(String::from).to_vec();
    let architecture =
        Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: 3 } };
    let pixels: Vec<u8> = (0..SIZE * SIZE * 3).map(|i| (i * 7 % 251) as u8).collect();
    let odds = vec![0.25, 0.625, 0.125];
    let channels = architecture.graph().channels(architecture.graph().cut());
    let known =
        |picture: &str, label, thumbnail| Known { picture: picture.into(), label, thumbnail };
    let used = |n: u8, label, side| Used { digest: Digest::of(&[n]), label, side };
    Classifier {
        architecture,
        preprocess: Preprocess::square(Backbone::ResNet50.preprocessing(), SIZE),
        views: Views { mirrored: true, zoomed: true },
        parameters: Parameters::start(&architecture.graph(), 7),
        recipe: json!({ "recipe": "classic", "lr": "1e-6..1e-5" }),
        made: Made { program: "0.1.0".into(), pretrained: Some(("resnet50".into(), "ab".into())) },
        data: Data { pictures: vec![used(1, 0, Side::Train), used(2, 2, Side::Valid)] },
        record: RunRecord {
            classes: classes.clone(),
            held_out: vec![HeldOut {
                picture: "yard/2.jpg".into(),
                actual: 2,
                logits: vec![0.5, 1.25, -0.25],
                thumbnail: Some(1),
                heat: vec![Heat { class: 1, cells: vec![0, 255, 7, 128] }],
                place: Some(Place { linear: [20, 980], near: [0, 1000] }),
                ..HeldOut::default()
            }],
            history: vec![Epoch {
                stage: "frozen".into(),
                epoch: 1,
                train_loss: 1.25,
                valid_loss: Some(0.5),
                errors: Some((1, 1)),
                seconds: 2.5,
            }],
            reasons: Some(Reasons { whose: Whose::Judge, side: 2 }),
            map: Some(FeatureMap { body: Body::Pretrained, explained: 0.25 }),
            samples: vec![Sample { class: 0, picture: "1.jpg".into(), thumbnail: 0 }],
            ..RunRecord::default()
        },
        calibration: Calibration {
            thresholds: vec![0.3, 0.25, 0.5],
            own_threshold: vec![false; 3],
            novelty: Some(0.125),
            ..Calibration::of(&RunRecord::default())
        },
        reference: Some(Reference {
            pictures: vec![known("1.jpg", 0, Some(0)), known("3.jpg", 1, None)],
            width: channels,
            rows: (0..2 * channels).map(|i| (i % 100) as f32 / 64.0).collect(),
        }),
        thumbnails: vec![thumbnail(&pixels, SIZE); 2],
        self_test: vec![SelfTest { pixels, probabilities: odds, novelty: Some(0.25) }],
        classes,
    }
}

/// A safetensors file in parts.
#[derive(Clone)]
pub struct Raw {
    pub metadata: BTreeMap<String, String>,
    /// Name, dtype, shape and bytes of each tensor, in file order.
    pub tensors: Vec<(String, String, Vec<usize>, Vec<u8>)>,
}

impl Raw {
    pub fn of(bytes: &[u8]) -> Self {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Map<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let data = &bytes[8 + length..];
        let metadata = serde_json::from_value(header["__metadata__"].clone()).unwrap();
        let mut tensors: Vec<_> = header
            .iter()
            .filter(|(name, _)| *name != "__metadata__")
            .map(|(name, entry)| {
                let number = |i: usize| entry["data_offsets"][i].as_u64().unwrap() as usize;
                let shape = serde_json::from_value(entry["shape"].clone()).unwrap();
                let dtype = entry["dtype"].as_str().unwrap().to_owned();
                (number(0), (name.clone(), dtype, shape, data[number(0)..number(1)].to_vec()))
            })
            .collect();
        tensors.sort_by_key(|(start, _)| *start);
        Self { metadata, tensors: tensors.into_iter().map(|(_, tensor)| tensor).collect() }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (mut header, mut data) = (Map::new(), Vec::new());
        header.insert("__metadata__".into(), json!(self.metadata));
        for (name, dtype, shape, bytes) in &self.tensors {
            let offsets = [data.len(), data.len() + bytes.len()];
            let entry = json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
            header.insert(name.clone(), entry);
            data.extend_from_slice(bytes);
        }
        let mut header = serde_json::to_vec(&header).unwrap();
        header.resize(header.len().next_multiple_of(8), b' ');
        [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
    }

    /// Gives the file the digests that its content has now.
    pub fn seal(&mut self) {
        let dtypes = Dtype::ALL;
        let payload = content_digest(
            Hash::Blake3,
            self.tensors.iter().map(|(name, dtype, _, bytes)| {
                let dtype = dtypes.into_iter().find(|known| known.name() == dtype.as_str());
                (name.as_str(), dtype.unwrap(), Digest::by(Hash::Blake3, bytes))
            }),
        );
        let description = Digest::by(Hash::Blake3, self.metadata["classifier"].as_bytes());
        self.edit("format", |format| {
            format["classifier"] = json!(description.to_string());
            format["payload"] = json!(payload.to_string());
        });
    }

    /// Changes a text of the metadata as JSON.
    pub fn edit(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_str(&self.metadata[key]).unwrap();
        change(&mut value);
        self.metadata.insert(key.into(), value.to_string());
    }

    /// Changes the record as JSON.
    pub fn edit_record(&mut self, change: impl FnOnce(&mut Value)) {
        let tensor = self.tensor("record");
        let mut value: Value = serde_json::from_slice(&tensor.3).unwrap();
        change(&mut value);
        tensor.3 = value.to_string().into_bytes();
        tensor.3.resize(tensor.3.len().next_multiple_of(4096), b' ');
        tensor.2 = vec![tensor.3.len() / 4096, 4096];
    }

    pub fn tensor(&mut self, name: &str) -> &mut (String, String, Vec<usize>, Vec<u8>) {
        self.tensors.iter_mut().find(|tensor| tensor.0 == name).unwrap()
    }
}
