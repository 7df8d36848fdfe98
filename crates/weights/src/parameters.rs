//! Between a file and a network: names and shapes are compared before any number is read.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use ground::{Digest, Hash, parallel};
use network::{Backbone, Graph, Names, Parameter, Parameters, Role, Tensor};

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
    /// The graph's parameters that it takes, which are the first of all.
    fn of(self, graph: &Graph) -> &[Parameter] {
        match self {
            Self::Whole => graph.parameters(),
            Self::Body { .. } => graph.body_parameters(),
        }
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
    let names = check(file.path(), file.layout(), graph, part, known)?.parameters;
    let taken = part.of(graph).len();
    let tensors = each(graph.parameters().len(), |index| match part {
        Part::Body { seed } if index >= taken => Ok(Tensor::start(graph, index, seed)),
        _ => tensor(file.tensor_f32(&names[index])?, &graph.parameters()[index], file.path()),
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
    let places: Vec<OnceLock<Tensor>> =
        graph.parameters().iter().map(|_| OnceLock::new()).collect();
    let digest = hand_over(file, graph, hash, known, |place, tensor| {
        places[place].set(tensor).expect("each tensor comes once");
    })?;
    let tensors = places.into_iter().map(|place| place.into_inner().expect("every tensor came"));
    let tensors = tensors.collect();
    Ok((Parameters::new(graph, tensors).expect("every name and shape has been checked"), digest))
}

/// Reads a whole network's parameters and hands each over as it comes, on all processors, so that
/// they need never be in memory all at once: by its place in the graph, first all that are no
/// weights (a weight may be wanted multiplied by some of them), then the weights. Returns the
/// [`content_digest`] of all that the file holds; before that is compared, nothing handed over may
/// be believed.
///
/// # Errors
/// As [`load`].
pub fn hand_over<S: Source>(
    file: &File<S>,
    graph: &Graph,
    hash: Hash,
    known: impl Fn(&str) -> bool,
    take: impl Fn(usize, Tensor) + Sync,
) -> Result<Digest, WeightsError> {
    let names = check(file.path(), file.layout(), graph, Part::Whole, known)?.parameters;
    let place = |name: &str| names.iter().position(|known| known == name);
    let entries = file.layout().entries().iter().map(|(name, entry)| (name, entry, place(name)));
    let is_weight = |place: &Option<usize>| {
        place.is_some_and(|place| graph.parameters()[place].role == Role::Weight)
    };
    let (mut weights, others): (Vec<_>, Vec<_>) = entries.partition(|(.., p)| is_weight(p));
    // The largest first, so that no processor is left with one at the end.
    weights.sort_by_key(|(_, entry, _)| Reverse(entry.bytes));
    let mut parts = vec![];
    for entries in [others, weights] {
        let digests = each(entries.len(), |index| {
            let (name, _, place) = entries[index];
            let Some(place) = place else { return file.digest(name, hash) };
            let (data, digest) = file.tensor_and_digest(name, hash)?;
            take(place, tensor(data, &graph.parameters()[place], file.path())?);
            Ok(digest)
        })?;
        let named = entries.iter().map(|&(name, entry, _)| (name.as_str(), entry.dtype));
        parts.extend(named.zip(digests).map(|((name, dtype), digest)| (name, dtype, digest)));
    }
    Ok(content_digest(hash, parts))
}

/// Does `work` for 0..count on all processors: reading from memory that the system keeps is mostly
/// copying and comparing. The first error in order wins, whichever comes first.
fn each<T: Send>(
    count: usize,
    work: impl Fn(usize) -> Result<T, WeightsError> + Sync,
) -> Result<Vec<T>, WeightsError> {
    parallel::map(count, work).into_iter().collect()
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
    // Nearly all tensors hold nothing but zeros and normal numbers. To know that takes no branch and
    // no comparison, for which old processors lack instructions: the highest bit is set by what is
    // below the smallest normal number or above the largest.
    let odd = |x: &f32| {
        let size = x.to_bits() & !(1 << 31);
        let small =
            size.wrapping_sub(f32::MIN_POSITIVE.to_bits()) & u32::from(size == 0).wrapping_sub(1);
        small | f32::MAX.to_bits().wrapping_sub(size)
    };
    if !variance && data.iter().fold(0, |all, x| all | odd(x)) >> 31 == 0 {
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
/// none may be there that is neither the network's, nor `known`, nor one that published networks
/// carry along ([`Names::carries`]). Returns the names that the file uses.
///
/// # Errors
/// Names the first that does not fit, and the network that would.
pub fn check(
    path: &Path,
    layout: &Layout,
    graph: &Graph,
    part: Part,
    known: impl Fn(&str) -> bool,
) -> Result<Names, WeightsError> {
    let path = || path.to_owned();
    let fits = || Backbone::recognise(&layout.shapes()).filter(|&b| graph.backbone() != Some(b));
    let names = Names::used(graph, |name| layout.entries().contains_key(name));
    let wanted: BTreeMap<&str, &Parameter> =
        names.parameters.iter().map(String::as_str).zip(part.of(graph)).collect();
    let missing = || wanted.keys().filter(|name| !layout.entries().contains_key(**name));
    if let Some(name) = missing().next() {
        let (name, count, of) = ((*name).to_owned(), missing().count(), wanted.len());
        return Err(WeightsError::Missing { path: path(), name, count, of, fits: fits() });
    }
    for (&name, parameter) in &wanted {
        let entry = &layout.entries()[name];
        let name = name.to_owned();
        if entry.shape != parameter.shape {
            let (found, expected) = (entry.shape.clone(), parameter.shape.clone());
            return Err(WeightsError::Shape { path: path(), name, found, expected, fits: fits() });
        }
        if matches!(entry.dtype, Dtype::I64 | Dtype::U8) {
            let expected = "F32, F16, BF16 or I8";
            return Err(WeightsError::Dtype { path: path(), name, found: entry.dtype, expected });
        }
    }
    let strange = || {
        layout.entries().keys().filter(|name| {
            let wanted = wanted.contains_key(name.as_str()) || layout.is_scale(name);
            !wanted && !names.carries(name) && !known(name)
        })
    };
    if let Some(name) = strange().next() {
        let (name, count) = (name.clone(), strange().count());
        return Err(WeightsError::Unknown { path: path(), name, count, fits: fits() });
    }
    Ok(names)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use network::{Architecture, Backbone, Head};

    use super::{Role, checked};

    #[test]
    fn each_odd_number_is_noticed_wherever_it_stands() {
        let graph =
            Architecture { backbone: Backbone::Small, head: Head::Linear { classes: 2 } }.graph();
        let weight = graph.parameters().iter().find(|p| p.role == Role::Weight).unwrap();
        let plain = [0.0, -0.0, 1.0, -2.5, f32::MAX, f32::MIN, f32::MIN_POSITIVE, -1.5e-38];
        let smallest = f32::from_bits(1);
        let largest_subnormal = f32::from_bits(f32::MIN_POSITIVE.to_bits() - 1);
        let nan = f32::from_bits(0xffc0_0001);
        for place in 0..plain.len() {
            let with = |odd: f32| {
                let mut data = plain.to_vec();
                data[place] = odd;
                checked(data, weight, Path::new("a"))
            };
            assert_eq!(with(plain[place]).unwrap(), plain);
            for odd in [f32::NAN, nan, f32::INFINITY, f32::NEG_INFINITY] {
                assert!(with(odd).is_err(), "{odd} at {place}");
            }
            for odd in [smallest, -smallest, largest_subnormal, -largest_subnormal] {
                assert_eq!(with(odd).unwrap()[place], 0.0, "{odd} at {place}");
            }
        }
    }
}
