//! Real weights on real pictures: the top-1 accuracy that PyTorch reaches with the same files.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use std::path::{Path, PathBuf};

use engine::{Cpu, Engine, Images};
use ground::Precision;
use network::{Architecture, Backbone, Head, Parameters, Tensor};
use pictures::{Limits, Preprocess};
use weights::safetensors::{self, File};

/// The folder with data and weights, where there is one.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LOOKALIKE_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join("weights").is_dir() && folder.join("data").is_dir();
    if !found {
        eprintln!("skipped: no data and weights in {}; set LOOKALIKE_SHARED", folder.display());
    }
    found.then_some(folder)
}

/// A network that ends in ImageNet's classes, from a file.
fn whole(shared: &Path, backbone: Backbone) -> Parameters {
    let graph = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
    let file = shared.join(format!("weights/{backbone}.safetensors"));
    weights::load(&file, &graph, weights::Part::Whole).unwrap()
}

/// The weights that are part of the program, and the layer that was cut off.
fn embedded(backbone: Backbone) -> Parameters {
    let graph = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
    let body = weights::Embedded::of(backbone).unwrap().load(&graph, 0).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bundled/tests");
    let file = folder.join(format!("{backbone}-classifier.safetensors"));
    let file = File::open(&file, &safetensors::Limits::WEIGHTS).unwrap();
    let layer = |name: &str| file.tensor_f32(name).unwrap();
    let mut tensors: Vec<Tensor> = body.tensors().iter().map(|tensor| (**tensor).clone()).collect();
    let own = tensors.len() - 2;
    tensors[own].data = layer("_fc.weight");
    tensors[own + 1].data = layer("_fc.bias");
    Parameters::new(&graph, tensors).unwrap()
}

/// How many of the 100 pictures a network names.
fn top1(shared: &Path, backbone: Backbone, parameters: &Parameters, precision: Precision) -> usize {
    let weights = shared.join("weights");
    let table = std::fs::read_to_string(weights.join("imagenet_classes.txt")).unwrap();
    let synsets: Vec<&str> = table.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    let graph = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
    let mut engine = Cpu::new(graph);
    engine.set_parameters(parameters).unwrap();
    engine.set_precision(Precision::Fp32, precision);

    let preprocess = Preprocess::published(backbone.preprocessing());
    let size = preprocess.size;
    let folder = std::fs::read_dir(shared.join("data/imagenet_sample100")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 100);
    let mut right = 0;
    for files in files.chunks(10) {
        let mut pixels = vec![];
        for file in files {
            let (picture, _) = pictures::read(file, &Limits::default()).unwrap();
            let start = pixels.len();
            pixels.resize(start + size * size * 3, 0.0);
            preprocess.normalise(&preprocess.pixels(&picture), &mut pixels[start..]);
        }
        let images = Images { pixels: &pixels, count: files.len(), height: size, width: size };
        let outputs = engine.predict(images).unwrap();
        for (file, logits) in files.iter().zip(outputs.rows()) {
            let best = (0..1000).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            right += usize::from(name.starts_with(synsets[best]));
        }
    }
    right
}

#[test]
fn pretrained_networks_name_as_many_pictures_as_in_pytorch() {
    let Some(shared) = shared() else { return };
    for (backbone, right) in [(Backbone::ResNet50, 85), (Backbone::ResNet18, 79)] {
        let parameters = whole(&shared, backbone);
        assert_eq!(top1(&shared, backbone, &parameters, Precision::Fp32), right, "{backbone}");
    }
}

#[test]
fn embedded_networks_name_as_many_pictures_as_in_pytorch_or_one_more() {
    let Some(shared) = shared() else { return };
    // In PyTorch, with Pillow's bilinear resampling, 89 and 87: Lite2's crop lies a little otherwise.
    for (backbone, right) in [(Backbone::EfficientNetLite0, 89), (Backbone::EfficientNetLite2, 88)]
    {
        let parameters = embedded(backbone);
        assert_eq!(top1(&shared, backbone, &parameters, Precision::Fp32), right, "{backbone}");
        let rounded = top1(&shared, backbone, &parameters, Precision::Bf16);
        assert!(usize::abs_diff(rounded, right) <= 3, "{backbone}: {rounded} beside {right}");
    }
}

#[test]
fn bfloat16_names_about_as_many() {
    let Some(shared) = shared() else { return };
    for (backbone, exact) in [(Backbone::ResNet50, 85), (Backbone::ResNet18, 79)] {
        let right = top1(&shared, backbone, &whole(&shared, backbone), Precision::Bf16);
        assert!(usize::abs_diff(right, exact) <= 2, "{backbone}: {right} beside {exact}");
    }
}
