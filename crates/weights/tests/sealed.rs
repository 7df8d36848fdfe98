//! A sealed file is noticed to have changed wherever it did.
#![allow(clippy::unwrap_used)] // a test may panic

use std::collections::BTreeMap;

use ground::files::Disk;
use weights::safetensors::{File, Limits, TensorRef, Values, write_sealed};

fn write(path: &std::path::Path) {
    let numbers: Vec<f32> = (0..24).map(|i| i as f32 / 7.0).collect();
    let tensor = |name, shape, values| TensorRef { name, shape, values };
    let tensors = [
        tensor("a", &[2, 3, 4][..], Values::F32(&numbers)),
        tensor("b", &[24][..], Values::F32(&numbers)),
        tensor("note", &[3][..], Values::U8(b"yes")),
    ];
    let metadata = BTreeMap::from([("story".into(), "a heron at dawn".into())]);
    write_sealed(&Disk, path, &metadata, &tensors, &Limits::CHECKPOINT).unwrap();
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealed");
    write(&path);
    let file = File::open_sealed(&path, &Limits::CHECKPOINT).unwrap();
    assert_eq!(file.tensor_f32("a").unwrap()[7], 1.0);
    assert_eq!(file.layout().metadata()["story"], "a heron at dawn");
    let whole = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        File::open_sealed(&path, &Limits::CHECKPOINT).is_err()
    };
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(refused(&bytes), "bit {bit} of {}", whole.len() * 8);
    }
    for length in 0..whole.len() {
        assert!(refused(&whole[..length]), "cut to {length}");
    }
    assert!(refused(&[&whole[..], &[0]].concat()));
    assert!(!refused(&whole));
}

#[test]
fn a_file_without_a_seal_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    let tensor = TensorRef { name: "a", shape: &[1], values: Values::F32(&[1.0]) };
    weights::safetensors::write(&path, &BTreeMap::new(), &[tensor]).unwrap();
    let error = File::open_sealed(&path, &Limits::CHECKPOINT).unwrap_err().to_string();
    assert!(error.contains("not what was written"), "{error}");
}
