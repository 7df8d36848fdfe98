//! A classifier as one ONNX graph: a picture in, the verdict out.

mod answer;
mod builder;
mod metadata;
mod resample;
mod walk;

use classifier::Classifier;
use network::Graph;

use crate::proto::{self, Kind, OperatorSet};
use crate::{ExportError, Input, Options, Resize};
pub(crate) use builder::Initialiser;
use builder::{Builder, Dim, value};

pub use answer::{AMBIGUOUS, NOT_RECOGNISED};

/// A file that is ready to be written: all but the given tensors, and these.
pub(crate) struct Onnx<'a> {
    /// The file without given tensors.
    pub(crate) skeleton: proto::Model,
    /// Those, in the order in which they are written.
    pub(crate) initialisers: Vec<Initialiser<'a>>,
}

impl Onnx<'_> {
    /// The inputs and outputs.
    pub(crate) fn ports(&self) -> (Vec<Port>, Vec<Port>) {
        let ports = |values: &[proto::ValueInfo]| values.iter().map(Port::of).collect();
        let graph = self.skeleton.graph.as_ref();
        graph.map(|graph| (ports(&graph.input), ports(&graph.output))).unwrap_or_default()
    }

    /// The version of the operators.
    pub(crate) fn opset(&self) -> i64 {
        self.skeleton.opset_import.first().map_or(0, |set| set.version)
    }
}

/// An input or output, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// What its numbers are, as NumPy names them.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its shape: numbers, and names of what is known later.
    pub shape: Vec<String>,
    /// What it means.
    pub meaning: String,
}

impl Port {
    fn of(value: &proto::ValueInfo) -> Self {
        let tensor = value.kind.as_ref().and_then(|kind| kind.tensor.clone()).unwrap_or_default();
        let kinds = [Kind::Float, Kind::Uint8, Kind::Int64, Kind::Bool, Kind::Half];
        let kind = kinds.into_iter().find(|&kind| kind as i32 == tensor.elem_type);
        let dim = |dim: &proto::Dimension| match (&dim.name, dim.value) {
            (Some(name), _) => name.clone(),
            (None, value) => value.unwrap_or_default().to_string(),
        };
        Self {
            name: value.name.clone(),
            kind: kind.map_or("", Kind::name).to_owned(),
            shape: tensor.shape.unwrap_or_default().dim.iter().map(dim).collect(),
            meaning: value.doc_string.clone(),
        }
    }
}

/// Writes a classifier down. `graph` is its network.
pub(crate) fn onnx<'a>(
    classifier: &'a Classifier,
    graph: &'a Graph,
    options: &Options,
) -> Result<Onnx<'a>, ExportError> {
    let mut builder = Builder::new(options.half);
    let Classifier { preprocess, views, calibration, .. } = classifier;
    let input = match options.input {
        Input::Picture => {
            let levels = resample::levels(&mut builder, preprocess, options.resize);
            resample::views_of_levels(&mut builder, preprocess, *views, &levels)
        }
        Input::Tensor => resample::views_of_tensor(&mut builder, preprocess, *views),
    };
    let (size, count) = (preprocess.size, views.count());
    let walked = walk::walk(&mut builder, graph, &classifier.parameters, size, &input, count)?;
    let probabilities = answer::probabilities(&mut builder, calibration, &walked.logits);
    let reference = classifier.reference.as_ref().filter(|_| options.novelty);
    let novelty = reference.map(|reference| {
        let columns = graph.features().map_or(0, |features| graph.channels(features));
        let (features, k) = (walked.features.as_str(), calibration.neighbours);
        answer::novelty(&mut builder, reference, features, columns, k, options.half)
    });
    answer::verdict(&mut builder, calibration, &probabilities, novelty.as_ref());
    let said = metadata::Said { classifier, options, neighbours: novelty.map(|n| n.neighbours) };
    let graph = builder.graph(input_port(options, size), outputs(&said));
    let opset = match (options.input, options.resize) {
        (Input::Picture, Resize::Operator) => 18,
        _ => 17,
    };
    let skeleton = proto::Model {
        ir_version: Some(proto::IR_VERSION),
        producer_name: "lookalike".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: said.doc(),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: opset }],
        metadata_props: said.entries()?,
    };
    let initialisers = builder.initialisers;
    Ok(Onnx { skeleton, initialisers })
}

const BATCH: Dim = Dim::Named("batch");

fn input_port(options: &Options, size: usize) -> proto::ValueInfo {
    match options.input {
        Input::Picture => {
            let dims = [BATCH, Dim::Named("height"), Dim::Named("width"), Dim::Of(3)];
            let doc = "Pictures of one size, any size: upright, red, green, blue, 0 to 255. Turn a \
                       photograph as its EXIF says before.";
            value(resample::IMAGES, Kind::Uint8, &dims, doc)
        }
        Input::Tensor => {
            let dims = [BATCH, Dim::Of(3), Dim::Of(size), Dim::Of(size)];
            let doc = "Squares, channels first: red, green, blue, each (level / 255 - mean) / std \
                       with the mean and std in the metadata.";
            value(resample::TENSOR, Kind::Float, &dims, doc)
        }
    }
}

fn outputs(said: &metadata::Said<'_>) -> Vec<proto::ValueInfo> {
    let classes = said.classifier.classes.len();
    let mut outputs = vec![
        value("verdict", Kind::Int64, &[BATCH], &said.verdict()),
        value("named", Kind::Bool, &[BATCH, Dim::Of(classes)], metadata::NAMED),
        value("probabilities", Kind::Float, &[BATCH, Dim::Of(classes)], metadata::PROBABILITIES),
    ];
    if let Some(k) = said.neighbours {
        outputs.push(value("novelty", Kind::Float, &[BATCH], &said.novelty()));
        outputs.push(value("nearest", Kind::Int64, &[BATCH, Dim::Of(k)], metadata::NEAREST));
        outputs.push(value("distances", Kind::Float, &[BATCH, Dim::Of(k)], metadata::DISTANCES));
    }
    outputs
}

/// A file of one product, for tests of writing.
#[cfg(test)]
pub(crate) fn example() -> Onnx<'static> {
    let mut builder = Builder::new(true);
    let weights = builder.weights("weights", &[2, 2], || vec![1.0, 2.0, -3.0, 0.5]);
    let shift = builder.floats("shift", &[2], vec![0.25, 1.0]);
    let product = builder.op("MatMul", &["x", &weights], "product");
    builder.op("Add", &[&product, &shift], "y");
    let port = |name| value(name, Kind::Float, &[BATCH, Dim::Of(2)], "Two numbers.");
    let graph = builder.graph(port("x"), vec![port("y")]);
    let skeleton = proto::Model {
        ir_version: Some(proto::IR_VERSION),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: 17 }],
        ..proto::Model::default()
    };
    Onnx { skeleton, initialisers: builder.initialisers }
}
