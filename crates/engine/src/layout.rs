//! The order of a weight's numbers: PyTorch's, with filters outermost, and the kernels', with
//! filters innermost.

use std::sync::{Mutex, PoisonError};

use kernels::threads;
use network::{Parameter, Role, Tensor};

/// Filters that are transposed together, or inputs on the way back: a cache line, so that what is
/// written is written in whole lines.
const LINE: usize = 16;

/// Numbers of a filter that are read at a time: filters lie whole pages apart, and for less the
/// processor would fetch nothing ahead.
const STRETCH: usize = 256;

/// Transposes a weight of shape out, in, height, width to the kernels' order, height, width, in, out,
/// each filter multiplied by its scale: on all threads, or on this one `alone`.
pub(crate) fn transpose(
    shape: &[usize],
    torch: &[f32],
    scale: impl Fn(usize) -> f32 + Sync,
    ours: &mut [f32],
    alone: bool,
) {
    let (out, inner) = (shape[0], shape[1]);
    let taps: usize = shape[2..].iter().product();
    // For each slab of inputs, its rows of every tap.
    let mut slabs: Vec<Vec<&mut [f32]>> = vec![];
    let inputs = (STRETCH / taps.max(1)).max(LINE);
    slabs.resize_with(inner.div_ceil(inputs), Vec::new);
    for tap in ours.chunks_exact_mut((inner * out).max(1)) {
        slabs.iter_mut().zip(tap.chunks_mut(inputs * out)).for_each(|(slab, rows)| slab.push(rows));
    }
    let slabs: Vec<_> = slabs.into_iter().map(Mutex::new).collect();
    let work = |index: usize| {
        let mut slab = slabs[index].lock().unwrap_or_else(PoisonError::into_inner);
        let len = inputs.min(inner - index * inputs) * taps;
        let mut block = vec![[0.0; LINE]; len];
        for first in (0..out).step_by(LINE) {
            let filters = LINE.min(out - first);
            let from = |o: usize| &torch[((first + o) * inner + index * inputs) * taps..][..len];
            let fours = filters / 4 * 4;
            for o in (0..fours).step_by(4) {
                let four = [o, o + 1, o + 2, o + 3];
                transpose_four(four.map(from), four.map(|o| scale(first + o)), o, &mut block);
            }
            for o in fours..filters {
                let scale = scale(first + o);
                block.iter_mut().zip(from(o)).for_each(|(place, weight)| place[o] = weight * scale);
            }
            for (tap, rows) in slab.iter_mut().enumerate() {
                let places = block.iter().skip(tap).step_by(taps);
                for (row, place) in rows.chunks_exact_mut(out).zip(places) {
                    let to = &mut row[first..first + filters];
                    // A length that is known spares a call a line.
                    match <&mut [f32; LINE]>::try_from(&mut *to) {
                        Ok(to) => *to = *place,
                        Err(_) => to.copy_from_slice(&place[..filters]),
                    }
                }
            }
        }
    };
    if alone { (0..slabs.len()).for_each(work) } else { threads::parallel(slabs.len(), work) }
}

/// Transposes the same stretch of four filters, scaled, into columns `o..o + 4`: four by four numbers
/// at a time, which stay in registers.
fn transpose_four(from: [&[f32]; 4], scales: [f32; 4], o: usize, block: &mut [[f32; LINE]]) {
    let [a, b, c, d] = from.map(<[f32]>::as_chunks::<4>);
    let (fours, rest) = block.as_chunks_mut::<4>();
    for ((((to, a), b), c), d) in fours.iter_mut().zip(a.0).zip(b.0).zip(c.0).zip(d.0) {
        // Spelled out, as `map` of a map is not taken into the loop.
        let times = |row: &[f32; 4], s: f32| [row[0] * s, row[1] * s, row[2] * s, row[3] * s];
        let (a, b) = (times(a, scales[0]), times(b, scales[1]));
        let (c, d) = (times(c, scales[2]), times(d, scales[3]));
        for (k, to) in to.iter_mut().enumerate() {
            to[o..o + 4].copy_from_slice(&[a[k], b[k], c[k], d[k]]);
        }
    }
    for (k, to) in rest.iter_mut().enumerate() {
        let rows = [a.1[k], b.1[k], c.1[k], d.1[k]];
        to[o..o + 4].iter_mut().zip(rows).zip(scales).for_each(|((to, x), scale)| *to = x * scale);
    }
}

/// A parameter's numbers in the kernels' order.
pub(crate) fn to_kernels(parameter: &Parameter, torch: &[f32]) -> Vec<f32> {
    if parameter.role != Role::Weight {
        return torch.to_vec();
    }
    let mut values = vec![0.0; torch.len()];
    transpose(&parameter.shape, torch, |_| 1.0, &mut values, false);
    values
}

/// A parameter as PyTorch has it, from numbers in the kernels' order.
pub(crate) fn to_torch(parameter: &Parameter, values: &[f32]) -> Tensor {
    let mut data = values.to_vec();
    if parameter.role == Role::Weight {
        let (out, inner) = (parameter.shape[0], parameter.shape[1]);
        let taps: usize = parameter.shape[2..].iter().product();
        for slab in (0..inner).step_by(LINE) {
            for tap in 0..taps {
                for o in 0..out {
                    for i in slab..(slab + LINE).min(inner) {
                        data[(o * inner + i) * taps + tap] = values[(tap * inner + i) * out + o];
                    }
                }
            }
        }
    }
    Tensor { shape: parameter.shape.clone(), data }
}

#[cfg(test)]
mod tests {
    use super::transpose;

    #[test]
    fn weights_of_any_shape_are_transposed() {
        for (out, inner, side) in
            [(64, 3, 7), (3, 512, 1), (5, 17, 3), (16, 16, 1), (18, 5, 2), (1, 1, 1), (35, 33, 3)]
        {
            let taps = side * side;
            let torch: Vec<f32> = (0..out * inner * taps).map(|i| i as f32).collect();
            for alone in [false, true] {
                let mut ours = vec![-1.0; torch.len()];
                let shape = [out, inner, side, side];
                transpose(&shape, &torch, |filter| 1.0 + filter as f32, &mut ours, alone);
                for (index, &found) in ours.iter().enumerate() {
                    let (tap, i, o) = (index / out / inner, index / out % inner, index % out);
                    let expected = torch[(o * inner + i) * taps + tap] * (1.0 + o as f32);
                    assert_eq!(found, expected, "{shape:?} tap {tap}, input {i}, filter {o}");
                }
            }
        }
    }
}
