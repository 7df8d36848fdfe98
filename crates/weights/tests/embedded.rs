//! Weights that are part of the program, and networks written in 8-bit integers.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::collections::BTreeMap;
use std::path::Path;

use network::{Architecture, Backbone, Graph, Head, Parameters};
use weights::safetensors::{File, Limits, TensorRef, Values, write};
use weights::{Compact, Embedded, Part, WeightsError, load};

fn graph(backbone: Backbone) -> Graph {
    Architecture { backbone, head: Head::Linear { classes: 3 } }.graph()
}

#[test]
fn each_body_comes_from_the_program_and_its_head_from_the_seed() {
    let mut found = 0;
    for backbone in Backbone::ALL {
        let Some(embedded) = Embedded::of(backbone) else { continue };
        found += 1;
        let graph = graph(backbone);
        let parameters = embedded.load(&graph, 5).unwrap();
        let start = Parameters::start(&graph, 5);
        let body = graph.body_parameters().len();
        assert_eq!(parameters.tensors()[body..], start.tensors()[body..]);
        // Trained filters are small numbers of both signs, 255 different ones at most in each.
        for (parameter, tensor) in graph.body_parameters().iter().zip(parameters.tensors()) {
            if parameter.shape.len() == 4 {
                let name = &parameter.name;
                assert!(tensor.data.iter().any(|&x| x < 0.0), "{backbone} {name}");
                assert!(tensor.data.iter().any(|&x| x > 0.0), "{backbone} {name}");
                let filter = &tensor.data[..tensor.data.len() / parameter.shape[0]];
                let values: std::collections::BTreeSet<u32> =
                    filter.iter().map(|x| x.to_bits()).collect();
                assert!(values.len() <= 255, "{backbone} {name}: {}", values.len());
            }
        }
        let others = Backbone::ALL.into_iter().filter(|&other| other != backbone);
        for other in others {
            assert!(embedded.load(&self::graph(other), 5).is_err(), "{backbone} as {other}");
        }
    }
    assert_eq!(found, bundled::ALL.len());
}

#[test]
fn untouched_embedded_weights_take_a_byte_each_and_come_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let backbone = Backbone::EfficientNetLite0;
    let graph = graph(backbone);
    let parameters = Embedded::of(backbone).unwrap().load(&graph, 5).unwrap();
    let size_of = |parameters: &Parameters| {
        write(&path, &BTreeMap::new(), &Compact::of(&graph, parameters).tensors()).unwrap();
        assert_eq!(load(&path, &graph, Part::Whole).unwrap(), *parameters);
        std::fs::metadata(&path).unwrap().len()
    };
    let untouched = size_of(&parameters);
    let bundled = bundled::named(backbone.name()).unwrap().bytes.len() as u64;
    assert!(untouched < bundled + (64 << 10), "{untouched} bytes, {bundled} in the program");

    // One filter that was trained further: its whole tensor is written as it is.
    let mut trained = parameters.clone();
    trained.tensor_mut(0).data[7] += 1e-3;
    let grown = size_of(&trained) - untouched;
    let first = graph.parameters()[0].len() as u64;
    assert!((3 * first - 256..=3 * first).contains(&grown), "{grown} for {first} numbers");
}

/// A file with one tensor of two filters, and its scales as given.
fn of_integers(path: &Path, scales: &[TensorRef<'_>]) -> Result<Vec<f32>, WeightsError> {
    let integers =
        TensorRef { name: "a", shape: &[2, 3], values: Values::I8(&[1, 2, -3, 127, 0, -127]) };
    write(path, &BTreeMap::new(), &[&[integers], scales].concat()).unwrap();
    File::open(path, &Limits::WEIGHTS)?.tensor_f32("a")
}

#[test]
fn integers_without_the_right_scales_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let scales = |name, shape, values| TensorRef { name, shape, values };
    let two = Values::F32(&[0.5, 2.0]);
    let numbers = of_integers(&path, &[scales("a.scale", &[2], two)]).unwrap();
    assert_eq!(numbers, [0.5, 1.0, -1.5, 254.0, 0.0, -254.0]);
    let error = of_integers(&path, &[]).unwrap_err();
    assert!(matches!(&error, WeightsError::NoTensor { name, .. } if name == "a.scale"), "{error}");
    let error = of_integers(&path, &[scales("a.scale", &[1, 2], two)]).unwrap_err();
    assert!(matches!(&error, WeightsError::Shape { name, .. } if name == "a.scale"), "{error}");
    let rounded = Values::BF16(&[0.5, 2.0]);
    let error = of_integers(&path, &[scales("a.scale", &[2], rounded)]).unwrap_err();
    assert!(matches!(&error, WeightsError::Dtype { name, .. } if name == "a.scale"), "{error}");
}
