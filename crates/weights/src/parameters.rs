//! Between a file and a network: names and shapes are compared before any number is read.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use ground::{Digest, Hash, in_order};
use network::{Architecture, Backbone, Graph, Head, Parameter, Parameters, Role, Tensor};

use crate::WeightsError;
use crate::safetensors::{
    self, Dtype, File, Layout, Limits, Source, TensorRef, Values, content_digest,
};

/// How much of a network comes from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every parameter.
    Whole,
    /// The body; the head starts as [`Parameters::start`] draws it from this seed.
    Body {
        /// Of the head's first values.
        seed: u64,
    },
}

impl Part {
    fn takes(self, parameter: &Parameter) -> bool {
        self == Self::Whole
            || !(parameter.name.starts_with("head.") || parameter.name.starts_with("fc."))
    }
}

/// Reads a network's parameters from a file of plain weights.
///
/// # Errors
/// When the file is not one, does not fit the network, or holds NaN, infinity or a negative
/// variance.
pub fn load(path: &Path, graph: &Graph, part: Part) -> Result<Parameters, WeightsError> {
    load_from(&File::open(path, &Limits::WEIGHTS)?, graph, part, |_| false)
}

/// As [`load`], from a file that is open already; `known` names further tensors that it may hold.
///
/// # Errors
/// As [`load`].
pub fn load_from<S: Source>(
    file: &File<S>,
    graph: &Graph,
    part: Part,
    known: impl Fn(&str) -> bool,
) -> Result<Parameters, WeightsError> {
    check(file.path(), file.layout(), graph, part, known)?;
    let tensors = each(graph.parameters().len(), |index| {
        let parameter = &graph.parameters()[index];
        Ok(match part {
            Part::Body { seed } if !part.takes(parameter) => Tensor::start(graph, index, seed),
            _ => tensor(file.tensor_f32(&parameter.name)?, parameter, file.path())?,
        })
    })?;
    Ok(Parameters::new(graph, tensors).expect("every shape has been checked"))
}

/// As [`load_from`] for a whole network, with the [`content_digest`] of all that the file
/// holds, by this function.
///
/// # Errors
/// As [`load`].
pub fn load_with_digest<S: Source>(
    file: &File<S>,
    graph: &Graph,
    hash: Hash,
    known: impl Fn(&str) -> bool,
) -> Result<(Parameters, Digest), WeightsError> {
    check(file.path(), file.layout(), graph, Part::Whole, known)?;
    let place = |name: &str| graph.parameters().iter().position(|p| p.name == name);
    let entries: Vec<_> =
        file.layout().entries().iter().map(|(name, entry)| (name, entry, place(name))).collect();
    let read = each(entries.len(), |index| {
        let (name, _, place) = entries[index];
        let Some(place) = place else { return Ok((file.digest(name, hash)?, None)) };
        let (data, digest) = file.tensor_and_digest(name, hash)?;
        let tensor = tensor(data, &graph.parameters()[place], file.path())?;
        Ok((digest, Some((place, tensor))))
    })?;
    let (digests, tensors): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let parts = entries.iter().zip(digests);
    let digest =
        content_digest(hash, parts.map(|((name, entry, _), of)| (name.as_str(), entry.dtype, of)));
    let mut tensors: Vec<_> = tensors.into_iter().flatten().collect();
    tensors.sort_unstable_by_key(|&(place, _)| place);
    let tensors = tensors.into_iter().map(|(_, tensor)| tensor).collect();
    Ok((Parameters::new(graph, tensors).expect("every name and shape has been checked"), digest))
}

/// Does `work` for 0..count on all processors: reading from memory that the system keeps is mostly
/// copying and comparing. The first error in order wins, whichever comes first.
fn each<T: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<T, WeightsError> + Sync,
) -> Result<Vec<T>, WeightsError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    in_order(count, threads, 1, &|| false, work).into_iter().collect()
}

/// A parameter's tensor, once its numbers have been looked at.
fn tensor(data: Vec<f32>, parameter: &Parameter, path: &Path) -> Result<Tensor, WeightsError> {
    let data = checked(data, parameter, path)?;
    Ok(Tensor { shape: parameter.shape.clone(), data })
}

/// Refuses what no trained network holds. Subnormal numbers, which slow a processor down many
/// times and which dead channels of real networks do hold, become zero.
fn checked(
    mut data: Vec<f32>,
    parameter: &Parameter,
    path: &Path,
) -> Result<Vec<f32>, WeightsError> {
    let (path, name) = (|| path.to_owned(), || parameter.name.clone());
    let variance = parameter.role == Role::RunningVariance;
    // Nearly all tensors hold nothing else, and to know that takes no branch a number.
    let plain = |x: &f32| x.is_normal() | (*x == 0.0);
    if !variance && data.iter().fold(true, |all, x| all & plain(x)) {
        return Ok(data);
    }
    for value in &mut data {
        if !value.is_finite() {
            return Err(WeightsError::NotFinite { path: path(), name: name() });
        }
        if variance && *value < 0.0 {
            return Err(WeightsError::NegativeVariance {
                path: path(),
                name: name(),
                value: *value,
            });
        }
        if value.is_subnormal() {
            *value = 0.0;
        }
    }
    Ok(data)
}

/// Compares a file's names, shapes and dtypes with a network's, exactly: none may be missing, and
/// none may be there that is neither the network's, nor `known`, nor one of those that published
/// ResNets carry along (the classes' `fc`, the norms' `num_batches_tracked`).
///
/// # Errors
/// Names the first that does not fit, and the network that would.
pub fn check(
    path: &Path,
    layout: &Layout,
    graph: &Graph,
    part: Part,
    known: impl Fn(&str) -> bool,
) -> Result<(), WeightsError> {
    let path = || path.to_owned();
    let wanted: BTreeMap<&str, &Parameter> =
        graph.parameters().iter().filter(|p| part.takes(p)).map(|p| (p.name.as_str(), p)).collect();
    let missing = || wanted.keys().filter(|name| !layout.entries().contains_key(**name));
    if let Some(name) = missing().next() {
        let (name, count, of) = ((*name).to_owned(), missing().count(), wanted.len());
        return Err(WeightsError::Missing {
            path: path(),
            name,
            count,
            of,
            fits: recognise(layout),
        });
    }
    for (&name, parameter) in &wanted {
        let entry = &layout.entries()[name];
        let name = name.to_owned();
        if entry.shape != parameter.shape {
            let (found, expected) = (entry.shape.clone(), parameter.shape.clone());
            return Err(WeightsError::Shape {
                path: path(),
                name,
                found,
                expected,
                fits: recognise(layout),
            });
        }
        if matches!(entry.dtype, Dtype::I64 | Dtype::U8) {
            let expected = "F32, F16 or BF16";
            return Err(WeightsError::Dtype { path: path(), name, found: entry.dtype, expected });
        }
    }
    let carried = |name: &str| match name.strip_suffix(".num_batches_tracked") {
        Some(norm) => wanted.contains_key(format!("{norm}.running_mean").as_str()),
        None => name == "fc.weight" || name == "fc.bias",
    };
    let strange = || {
        layout
            .entries()
            .keys()
            .filter(|name| !wanted.contains_key(name.as_str()) && !carried(name) && !known(name))
    };
    if let Some(name) = strange().next() {
        let (name, count) = (name.clone(), strange().count());
        return Err(WeightsError::Unknown { path: path(), name, count, fits: recognise(layout) });
    }
    Ok(())
}

/// The backbone whose body a file holds, neither more nor less.
#[must_use]
pub fn recognise(layout: &Layout) -> Option<Backbone> {
    let in_body = |name: &&String| {
        ["conv1.", "bn1.", "layer"].iter().any(|stem| name.starts_with(stem))
            && !name.ends_with(".num_batches_tracked")
    };
    let found = layout.entries().keys().filter(in_body).count();
    Backbone::ALL.into_iter().find(|&backbone| {
        let graph = Architecture { backbone, head: Head::Linear { classes: 2 } }.graph();
        let mut body = graph.parameters().iter().filter(|p| Part::Body { seed: 0 }.takes(p));
        body.clone().count() == found
            && body.all(|p| layout.entries().get(&p.name).is_some_and(|e| e.shape == p.shape))
    })
}

/// A network's parameters as tensors to be written, beside whatever else a file is to hold.
#[must_use]
pub fn tensors<'a>(graph: &'a Graph, parameters: &'a Parameters) -> Vec<TensorRef<'a>> {
    let pairs = graph.parameters().iter().zip(parameters.tensors());
    pairs
        .map(|(parameter, tensor)| TensorRef {
            name: &parameter.name,
            shape: &parameter.shape,
            values: Values::F32(&tensor.data),
        })
        .collect()
}

/// Writes a network's parameters to a file, whole or not at all.
///
/// # Errors
/// When one is NaN or infinite, or writing fails.
pub fn store(
    path: &Path,
    graph: &Graph,
    parameters: &Parameters,
    metadata: &BTreeMap<String, String>,
) -> Result<(), WeightsError> {
    if let Some(name) = parameters.first_not_finite(graph) {
        return Err(WeightsError::NotFinite { path: path.to_owned(), name: name.to_owned() });
    }
    safetensors::write(path, metadata, &tensors(graph, parameters))
}
