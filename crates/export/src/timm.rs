//! A classifier as timm writes one: `config.json` and `model.safetensors`.
//!
//! Our bodies have timm's names already. Calibration is folded into the layer that ends in classes, so
//! that the softmax of timm's logits gives calibrated probabilities.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use classifier::Classifier;
use ground::Hash;
use ground::files::Disk;
use insight::Scaling;
use network::{Backbone, Graph, Head, Published};
use serde_json::{Value, json};
use weights::safetensors::{self, File, Limits, TensorRef, Values};

use crate::ExportError;

/// A classifier whose one layer holds its calibration too.
#[derive(Debug)]
pub(crate) struct Timm<'a> {
    classifier: &'a Classifier,
    architecture: &'static str,
    published: &'static Published,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl<'a> Timm<'a> {
    /// Takes a classifier that timm can hold.
    pub(crate) fn of(classifier: &'a Classifier) -> Result<Self, ExportError> {
        let head = match classifier.architecture.head {
            Head::Linear { .. } => None,
            Head::Hidden { .. } => Some("hidden"),
            Head::Fastai { .. } => Some("fastai"),
        };
        if let Some(head) = head {
            return Err(ExportError::Head { head });
        }
        let backbone = classifier.architecture.backbone;
        let published = backbone.published().iter().find(|who| who.by.contains("timm"));
        let (Some(architecture), Some(published)) = (architecture(backbone), published) else {
            return Err(ExportError::Backbone { backbone: backbone.name() });
        };
        let (weight, bias) = folded(classifier);
        Ok(Self { classifier, architecture, published, weight, bias })
    }

    /// What timm calls the network.
    pub(crate) fn architecture(&self) -> &'static str {
        self.architecture
    }

    /// The configuration, as timm's `save_config_for_hf` writes it.
    pub(crate) fn config(&self) -> Value {
        let Classifier { classes, preprocess, .. } = self.classifier;
        let graph = self.classifier.graph();
        let size = preprocess.size;
        json!({
            "architecture": self.architecture,
            "num_classes": classes.len(),
            "num_features": graph.channels(graph.cut()),
            "global_pool": "avg",
            "label_names": classes,
            "pretrained_cfg": {
                "tag": "lookalike",
                "custom_load": false,
                "input_size": [3, size, size],
                "fixed_input_size": false,
                "interpolation": "bilinear",
                "crop_pct": size as f64 / preprocess.short_side as f64,
                "crop_mode": "center",
                "mean": preprocess.mean,
                "std": preprocess.std,
                "num_classes": classes.len(),
                "first_conv": self.first_convolution(&graph),
                "classifier": self.published.classifier,
            },
        })
    }

    fn first_convolution(&self, graph: &Graph) -> String {
        let names = (self.published.body)(graph);
        names.first().map_or("", |name| name.trim_end_matches(".weight")).to_owned()
    }

    /// Writes the tensors and reads them back.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ExportError> {
        let graph = self.classifier.graph();
        let names = (self.published.body)(&graph);
        let body = graph.body_parameters().iter().zip(self.classifier.parameters.tensors());
        let [weight, bias] =
            ["weight", "bias"].map(|end| format!("{}.{end}", self.published.classifier));
        let [classes, width] = [self.bias.len(), self.weight.len() / self.bias.len().max(1)];
        let layer = [
            (weight.as_str(), Cow::Owned(vec![classes, width]), self.weight.as_slice()),
            (bias.as_str(), Cow::Owned(vec![classes]), self.bias.as_slice()),
        ];
        let body = names.iter().zip(body).map(|(name, (parameter, tensor))| {
            (name.as_str(), Cow::Borrowed(&parameter.shape[..]), tensor.data.as_slice())
        });
        let all: Vec<_> = body.chain(layer).collect();
        let tensors: Vec<TensorRef<'_>> = all
            .iter()
            .map(|(name, shape, data)| TensorRef { name, shape, values: Values::F32(data) })
            .collect();
        // Transformers asks which framework a file is for.
        let metadata = BTreeMap::from([("format".into(), "pt".into())]);
        safetensors::write_on(&Disk, path, &metadata, &tensors)?;
        let file = File::open(path, &Limits::CLASSIFIER)?;
        for tensor in &tensors {
            if file.digest(tensor.name, Hash::Blake3)? != tensor.digest(Hash::Blake3) {
                let what = format!("the tensor `{}` differs", tensor.name);
                return Err(ExportError::NotAsMeant { path: path.to_owned(), what });
            }
        }
        Ok(())
    }

    /// The probabilities of a row of features.
    pub(crate) fn probabilities(&self, features: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(features.len().max(1)).zip(&self.bias);
        let logit = |(row, &bias): (&[f32], &f32)| {
            let products = row.iter().zip(features).map(|(&w, &x)| f64::from(w) * f64::from(x));
            (products.sum::<f64>() + f64::from(bias)) as f32
        };
        classifier::softmax(&rows.map(logit).collect::<Vec<_>>())
    }
}

/// The last layer's weights and biases with the calibration in them, computed in 64 bits.
fn folded(classifier: &Classifier) -> (Vec<f32>, Vec<f32>) {
    let tensors = classifier.parameters.tensors();
    let [weight, bias] = [2, 1].map(|from_end| &tensors[tensors.len() - from_end].data);
    let classes = bias.len();
    let (factors, shifts) = match &classifier.calibration.scaling {
        Scaling::Temperature(t) => (vec![1.0 / t; classes], vec![0.0; classes]),
        Scaling::Vector { factors, shifts } => (factors.clone(), shifts.clone()),
    };
    let rows = weight.chunks_exact(weight.len() / classes.max(1)).zip(&factors);
    let weight =
        rows.flat_map(|(row, factor)| row.iter().map(move |&x| (f64::from(x) * factor) as f32));
    let biases = bias.iter().zip(&factors).zip(&shifts);
    let bias = biases.map(|((&x, factor), shift)| (f64::from(x) * factor + shift) as f32);
    (weight.collect(), bias.collect())
}

/// What timm calls a backbone.
fn architecture(backbone: Backbone) -> Option<&'static str> {
    match backbone {
        Backbone::Small => None,
        Backbone::ResNet18 => Some("resnet18"),
        Backbone::ResNet34 => Some("resnet34"),
        Backbone::ResNet50 => Some("resnet50"),
        Backbone::ResNet101 => Some("resnet101"),
        Backbone::ResNet152 => Some("resnet152"),
        Backbone::EfficientNetLite0 => Some("tf_efficientnet_lite0"),
        Backbone::EfficientNetLite2 => Some("tf_efficientnet_lite2"),
    }
}

/// The hub's name of the weights that a classifier started from.
pub(crate) fn base_model(classifier: &Classifier) -> Option<String> {
    let (name, _) = classifier.made.pretrained.as_ref()?;
    let known = weights::PRETRAINED.iter().find(|row| row.name == name);
    let embedded = || {
        let backbone = classifier.architecture.backbone;
        let ours = weights::Embedded::of(backbone).is_some_and(|embedded| embedded.name() == *name);
        Some(format!("timm/{}.in1k", architecture(backbone).filter(|_| ours)?))
    };
    known.map(|row| row.repository.to_owned()).or_else(embedded)
}
