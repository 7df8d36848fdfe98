//! Networks in as few bytes as hold them to the last bit: filters that are 8-bit integers times a
//! scale, as those of embedded weights are, are written as such.

use network::{Graph, Parameters};

use crate::safetensors::{SCALE, TensorRef, Values};

/// The largest integer of a filter.
const LARGEST: f32 = 127.0;
/// How many numbers next to a quotient may be the scale that it comes from: the product and the
/// quotient are each rounded by half a unit of their own, which is up to a whole one of the scale.
const NEIGHBOURS: i32 = 2;

/// A network's parameters as they are written: its filters as 8-bit integers where that loses
/// nothing, everything else as it is.
#[derive(Debug)]
pub struct Compact<'a> {
    tensors: Vec<Stored<'a>>,
}

#[derive(Debug)]
struct Stored<'a> {
    name: &'a str,
    shape: &'a [usize],
    values: &'a [f32],
    integers: Option<Integers>,
}

/// A tensor's filters as integers, with one scale each.
#[derive(Debug)]
struct Integers {
    values: Vec<i8>,
    scales: Vec<f32>,
    /// The name and shape of the tensor of scales.
    name: String,
    shape: [usize; 1],
}

impl<'a> Compact<'a> {
    /// Looks at each filter.
    #[must_use]
    pub fn of(graph: &'a Graph, parameters: &'a Parameters) -> Self {
        let pairs = graph.parameters().iter().zip(parameters.tensors());
        let stored = pairs.map(|(parameter, tensor)| {
            let (name, shape, values) = (&parameter.name, &parameter.shape, &tensor.data);
            let is_filter = shape.len() == 4;
            let integers = is_filter.then(|| Integers::of(name, shape[0], values)).flatten();
            Stored { name, shape, values, integers }
        });
        Self { tensors: stored.collect() }
    }

    /// The tensors to be written.
    #[must_use]
    pub fn tensors(&self) -> Vec<TensorRef<'_>> {
        let mut tensors = Vec::with_capacity(2 * self.tensors.len());
        for Stored { name, shape, values, integers } in &self.tensors {
            let Some(integers) = integers else {
                tensors.push(TensorRef { name, shape, values: Values::F32(values) });
                continue;
            };
            tensors.push(TensorRef { name, shape, values: Values::I8(&integers.values) });
            let Integers { scales, name, shape, .. } = integers;
            tensors.push(TensorRef { name, shape, values: Values::F32(scales) });
        }
        tensors
    }
}

impl Integers {
    fn of(name: &str, filters: usize, values: &[f32]) -> Option<Self> {
        let (mut integers, mut scales) = (Vec::with_capacity(values.len()), vec![]);
        for filter in values.chunks_exact(values.len() / filters) {
            scales.push(append(filter, &mut integers)?);
        }
        let (name, shape) = (format!("{name}{SCALE}"), [filters]);
        Some(Self { values: integers, scales, name, shape })
    }
}

/// Appends a filter as integers and returns the scale that gives its very numbers back, if there
/// is one.
fn append(filter: &[f32], integers: &mut Vec<i8>) -> Option<f32> {
    let largest = filter.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    if !largest.is_finite() {
        return None;
    }
    let (start, quotient) = (integers.len(), largest / LARGEST);
    for step in (0..=NEIGHBOURS).flat_map(|step| [step, -step]) {
        let scale = f32::from_bits(quotient.to_bits().saturating_add_signed(step));
        let rounded = |x: f32| if scale == 0.0 { 0.0 } else { (x / scale).round() };
        // -0 is another number than 0, to the bit.
        let exact = |&x: &f32| (rounded(x) as i8 as f32 * scale).to_bits() == x.to_bits();
        if filter.iter().all(exact) {
            integers.extend(filter.iter().map(|&x| rounded(x) as i8));
            return Some(scale);
        }
        integers.truncate(start);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Integers, append};

    #[test]
    fn filters_made_of_integers_are_found_whatever_their_scale() {
        // Mantissas over a whole octave, and scales from tiny to large.
        for exponent in [-30, -9, 0, 5] {
            for step in 0..4096 {
                let scale = (1.0 + step as f32 / 4096.0 + 1.7e-7) * 2.0f32.powi(exponent);
                let filter = [127, -3, 0, 64, -127, 1].map(|x: i8| f32::from(x) * scale);
                let mut integers = vec![9];
                let found = append(&filter, &mut integers).expect("it is made of integers");
                assert_eq!(integers, [9, 127, -3, 0, 64, -127, 1]);
                assert_eq!(filter, [127, -3, 0, 64, -127, 1].map(|x: i8| f32::from(x) * found));
            }
        }
    }

    #[test]
    fn a_filter_of_zeros_has_a_scale_of_zero_and_others_are_left_alone() {
        let mut integers = vec![];
        assert_eq!(append(&[0.0; 3], &mut integers), Some(0.0));
        assert_eq!(integers, [0; 3]);
        for other in [[-0.0, 1.0], [1.0, 0.3], [f32::INFINITY, 1.0], [f32::NAN, 1.0]] {
            assert_eq!(append(&other, &mut integers), None, "{other:?}");
            assert_eq!(integers, [0; 3]);
        }
        // One filter that is no integers is enough.
        assert!(Integers::of("a", 2, &[127.0, 1.0, 1.0, 0.3]).is_none());
        assert!(Integers::of("a", 2, &[127.0, 1.0, 1.0, 1.0]).is_some());
    }
}
