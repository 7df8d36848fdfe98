//! Files against networks: exact names and shapes, helpful refusals, values worth having.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as tests do")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use network::{Architecture, Backbone, Graph, Head, Parameters};
use weights::safetensors::{File, Limits, TensorRef, Values, write};
use weights::{Part, WeightsError, load, load_from, store, tensors};

fn graph(backbone: Backbone, head: Head) -> Graph {
    Architecture { backbone, head }.graph()
}

fn small(classes: usize) -> Graph {
    graph(Backbone::Small, Head::Linear { classes })
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self) -> PathBuf {
        self.0.path().join("net.safetensors")
    }
    /// Stores a small network's parameters after a change.
    fn with(&self, change: impl FnOnce(&Graph, &mut Parameters)) -> PathBuf {
        let graph = small(5);
        let mut parameters = Parameters::start(&graph, 1);
        change(&graph, &mut parameters);
        write(&self.path(), &BTreeMap::new(), &tensors(&graph, &parameters)).unwrap();
        self.path()
    }
}

fn index(graph: &Graph, name: &str) -> usize {
    graph.parameters().iter().position(|p| p.name == name).unwrap()
}

#[test]
fn body_comes_from_the_file_and_head_from_the_seed() {
    let folder = Folder::new();
    let path = folder.with(|_, _| {});
    let wanted = graph(Backbone::Small, Head::Fastai { classes: 3 });
    let loaded = load(&path, &wanted, Part::Body { seed: 9 }).unwrap();
    let start = Parameters::start(&wanted, 9);
    let file = Parameters::start(&small(5), 1);
    for (at, parameter) in wanted.parameters().iter().enumerate() {
        let from = if parameter.name.starts_with("head.") { &start } else { &file };
        assert_eq!(loaded.tensors()[at], from.tensors()[at], "{}", parameter.name);
    }
    let whole = load(&path, &wanted, Part::Whole).unwrap_err();
    assert!(
        matches!(&whole, WeightsError::Missing { name, count: 10, .. } if name == "head.linear1.weight"),
        "{whole}"
    );
}

#[test]
fn what_published_files_carry_along_is_taken_and_nothing_else() {
    let folder = Folder::new();
    let graph = small(5);
    let parameters = Parameters::start(&graph, 1);
    let with = |name: &'static str| {
        let mut all = tensors(&graph, &parameters);
        all.push(TensorRef { name, shape: &[1], values: Values::F32(&[0.0]) });
        write(&folder.path(), &BTreeMap::new(), &all).unwrap();
        load(&folder.path(), &graph, Part::Whole)
    };
    assert!(with("bn1.num_batches_tracked").is_ok());
    assert!(with("layer4.0.downsample.1.num_batches_tracked").is_ok());
    for name in ["conv1.num_batches_tracked", "fc.scale", "layer9.weight", "num_batches_tracked"] {
        let error = with(name).unwrap_err();
        assert!(
            matches!(&error, WeightsError::Unknown { name: n, count: 1, .. } if n == name),
            "{error}"
        );
    }
    with("selftest").unwrap_err();
    let file = File::open(&folder.path(), &Limits::CLASSIFIER).unwrap();
    load_from(&file, &graph, Part::Whole, |name| name == "selftest").unwrap();
}

#[test]
fn another_networks_file_is_recognised() {
    let folder = Folder::new();
    let path = folder.with(|_, _| {});
    let file = File::open(&path, &Limits::WEIGHTS).unwrap();
    assert_eq!(Backbone::recognise(&file.layout().shapes()), Some(Backbone::Small));
    for other in [Backbone::ResNet18, Backbone::ResNet50] {
        let wanted = graph(other, Head::Fastai { classes: 2 });
        let error = load(&path, &wanted, Part::Body { seed: 0 }).unwrap_err();
        assert!(error.help().unwrap().contains("looks like small"), "{error}");
    }
    // ResNet-34 holds every name of ResNet-18 with the same shape: a file of it must not pass.
    let large = graph(Backbone::ResNet34, Head::Linear { classes: 2 });
    let zeros: Vec<Vec<f32>> = large.parameters().iter().map(|p| vec![0.0; p.len()]).collect();
    let all: Vec<_> = large
        .parameters()
        .iter()
        .zip(&zeros)
        .map(|(p, zeros)| TensorRef { name: &p.name, shape: &p.shape, values: Values::F32(zeros) })
        .collect();
    write(&path, &BTreeMap::new(), &all).unwrap();
    let error = load(&path, &graph(Backbone::ResNet18, Head::Linear { classes: 2 }), Part::Whole)
        .unwrap_err();
    assert!(
        matches!(error, WeightsError::Unknown { fits: Some(Backbone::ResNet34), .. }),
        "{error}"
    );
}

#[test]
fn shapes_and_dtypes_are_compared_before_a_number_is_read() {
    let folder = Folder::new();
    let path = folder.with(|_, _| {});
    let error = load(&path, &small(6), Part::Whole).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`fc.bias` in `{}` has shape [5], but the network's has [6]", path.display())
    );

    let graph = small(5);
    let parameters = Parameters::start(&graph, 1);
    let mut all = tensors(&graph, &parameters);
    let bias = all.iter_mut().find(|tensor| tensor.name == "fc.bias").unwrap();
    bias.values = Values::U8(&[0; 5]);
    write(&path, &BTreeMap::new(), &all).unwrap();
    assert!(matches!(load(&path, &graph, Part::Whole), Err(WeightsError::Dtype { .. })));
}

#[test]
fn values_that_no_network_holds_are_refused() {
    let folder = Folder::new();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let path = folder.with(|graph, parameters| {
            *parameters.tensor_mut(index(graph, "layer2.0.bn1.bias")).data.last_mut().unwrap() =
                bad;
        });
        let error = load(&path, &small(5), Part::Whole).unwrap_err();
        assert!(
            matches!(&error, WeightsError::NotFinite { name, .. } if name == "layer2.0.bn1.bias"),
            "{error}"
        );
    }
    let path =
        folder.with(|graph, p| p.tensor_mut(index(graph, "bn1.running_var")).data[3] = -1e-3);
    let error = load(&path, &small(5), Part::Whole).unwrap_err();
    assert!(
        matches!(&error, WeightsError::NegativeVariance { name, .. } if name == "bn1.running_var"),
        "{error}"
    );

    let path =
        folder.with(|graph, p| p.tensor_mut(index(graph, "bn1.running_var")).data[3] = 5.6e-45);
    let loaded = load(&path, &small(5), Part::Whole).unwrap();
    assert_eq!(loaded.tensors()[index(&small(5), "bn1.running_var")].data[3], 0.0);
}

#[test]
fn what_is_not_finite_is_not_stored() {
    let folder = Folder::new();
    let graph = small(2);
    let mut parameters = Parameters::start(&graph, 1);
    parameters.tensor_mut(index(&graph, "fc.weight")).data[7] = f32::NAN;
    let error = store(&folder.path(), &graph, &parameters, &BTreeMap::new()).unwrap_err();
    assert!(
        error.to_string().starts_with("`fc.weight` holds a value that is not finite"),
        "{error}"
    );
    assert!(!folder.path().exists());
}

/// Real networks, whose names and shapes are those that users fetch.
#[test]
fn published_networks_load_whole_and_as_a_body() {
    let shared = std::env::var_os("LOOKALIKE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    for (backbone, other) in
        [(Backbone::ResNet18, Backbone::ResNet34), (Backbone::ResNet50, Backbone::ResNet101)]
    {
        let path = shared.join(format!("weights/{backbone}.safetensors"));
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            continue;
        }
        let whole =
            load(&path, &graph(backbone, Head::Linear { classes: 1000 }), Part::Whole).unwrap();
        let body =
            load(&path, &graph(backbone, Head::Fastai { classes: 3 }), Part::Body { seed: 1 })
                .unwrap();
        assert_eq!(whole.tensors()[0], body.tensors()[0]);
        let error = load(&path, &graph(other, Head::Fastai { classes: 3 }), Part::Body { seed: 1 })
            .unwrap_err();
        assert!(error.help().unwrap().contains(&format!("looks like {backbone}")), "{error}");
    }
}

/// A file of the package's names, made of our own values.
#[test]
fn foreign_names_are_understood() {
    let folder = Folder::new();
    let backbone = Backbone::EfficientNetLite0;
    let whole = graph(backbone, Head::Linear { classes: 3 });
    let parameters = Parameters::start(&whole, 4);
    for published in backbone.published() {
        let classifier = ["weight", "bias"].map(|part| format!("{}.{part}", published.classifier));
        let names: Vec<_> = (published.body)(&whole).into_iter().chain(classifier).collect();
        let mut all = tensors(&whole, &parameters);
        all.iter_mut().zip(&names).for_each(|(tensor, name)| tensor.name = name);
        let counter = names[1].replace(".weight", ".num_batches_tracked");
        let count = [7.0];
        all.push(TensorRef { name: &counter, shape: &[1], values: Values::F32(&count) });
        write(&folder.path(), &BTreeMap::new(), &all).unwrap();
        let by = published.by;
        assert_eq!(load(&folder.path(), &whole, Part::Whole).unwrap(), parameters, "{by}");
        let wanted = graph(backbone, Head::Fastai { classes: 2 });
        let body = load(&folder.path(), &wanted, Part::Body { seed: 1 }).unwrap();
        let count = wanted.body_parameters().len();
        assert_eq!(body.tensors()[..count], parameters.tensors()[..count], "{by}");
        let other = graph(Backbone::ResNet18, Head::Fastai { classes: 2 });
        let error = load(&folder.path(), &other, Part::Body { seed: 1 }).unwrap_err();
        assert!(error.help().unwrap().contains("looks like efficientnet-lite0"), "{by}: {error}");
        // One of the file's own names is named where one is missing.
        all.retain(|tensor| tensor.name != names[5]);
        write(&folder.path(), &BTreeMap::new(), &all).unwrap();
        let error = load(&folder.path(), &whole, Part::Whole).unwrap_err();
        assert!(matches!(&error, WeightsError::Missing { name, .. } if *name == names[5]), "{by}");
    }
}
