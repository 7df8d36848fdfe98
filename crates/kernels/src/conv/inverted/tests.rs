//! A block as one against the same convolutions one after the other.

use proptest::prelude::*;

use super::{InvertedResidual, Pointwise, pays};
use crate::tests::{cases, noise};
use crate::{
    Activation, Added, Bf16, Conv, Convolve, Depthwise, Epilogue, Finish, Pack, Padding, View,
    threads,
};

/// Rows, columns, channels in, wide and out, pictures; kernel and stride.
type Shape = ([usize; 6], usize, usize);

fn conv_of([count, height, width]: [usize; 3], channels: usize, filters: usize) -> Conv {
    let padding = Padding::each(0);
    Conv { count, height, width, channels, filters, kernel: 1, stride: 1, padding }
}

/// The results of a block, as one (with so many threads) and layer by layer.
fn both<E: Convolve>(shape: Shape, key: u64, threads: usize) -> [Vec<E>; 2] {
    let ([height, width, narrow, wide, filters, count], kernel, stride) = shape;
    let widens = !key.is_multiple_of(3);
    let (missing, channels) = (kernel - stride.min(kernel), if widens { narrow } else { wide });
    let padding = Padding([[missing / 2, missing - missing / 2]; 2]);
    let depthwise = Depthwise { count, height, width, channels: wide, kernel, stride, padding };
    let first = conv_of([count, height, width], channels, wide);
    let last = conv_of([count, depthwise.out_height(), depthwise.out_width()], wide, filters);
    let x: Vec<E> = noise(count * height * width * channels, key);
    let of = |len: usize, index: u64| -> Vec<f32> { noise(len, key + index) };
    let packed =
        |conv: &Conv, index| Pack::forward(conv, &of(conv.weight_len(), index), E::PRECISION);
    let (packs, biases) = ([packed(&first, 1), packed(&last, 2)], [of(wide, 3), of(filters, 4)]);
    let (weights, scale, shift) = (of(depthwise.weight_len(), 5), of(wide, 6), of(wide, 7));
    let other: Vec<E> = noise(last.output_len(), key + 8);
    let residual = key.is_multiple_of(2).then_some(&other[..]);
    let relu6 = Activation::Relu6;
    let view = |data| match widens {
        true => View::plain(data),
        false => View { data, affine: Some((&scale[..], &shift[..])), activation: relu6 },
    };

    let pointwise = |index: usize, conv, activation| Pointwise {
        conv,
        weights: &packs[index],
        bias: &biases[index],
        activation,
    };
    let block = InvertedResidual {
        expand: widens.then(|| pointwise(0, first, relu6)),
        depthwise,
        weights: &weights,
        affine: (&scale, &shift),
        activation: relu6,
        project: pointwise(1, last, Activation::Identity),
        residual,
    };
    let mut as_one = vec![E::default(); last.output_len()];
    threads::with(threads, || block.forward(view(&x), &mut as_one));

    let mut expanded = vec![E::default(); first.output_len()];
    let bias = Some(&biases[0][..]);
    let epilogue = Epilogue { bias, activation: relu6, ..Epilogue::default() };
    if widens {
        first.forward(View::plain(&x), &packs[0], &mut expanded, epilogue);
    }
    let mut swept = vec![E::default(); depthwise.output_len()];
    let finish = Finish { affine: Some((&scale, &shift)), activation: relu6, sums: None };
    let input = if widens { View::plain(&expanded[..]) } else { view(&x) };
    depthwise.forward(input, &weights, &mut swept, finish);
    let mut apart = vec![E::default(); last.output_len()];
    let added = residual.map_or(Added::Nothing, Added::Residual);
    let epilogue = Epilogue { bias: Some(&biases[1]), added, ..Epilogue::default() };
    last.forward(View::plain(&swept), &packs[1], &mut apart, epilogue);
    [as_one, apart]
}

fn shapes() -> impl Strategy<Value = Shape> {
    let side = || 5usize..20;
    let channels = || prop_oneof![1usize..20, Just(24usize), Just(32)];
    let wide = prop_oneof![1usize..20, Just(24usize), Just(48), Just(64), Just(72)];
    let dims = (side(), side(), channels(), wide, channels(), 1usize..4);
    let kernel = prop_oneof![Just(3usize), Just(5), Just(4)];
    (dims, kernel, 1usize..4).prop_map(|((h, w, narrow, wide, out, n), kernel, stride)| {
        ([h, w, 2 * narrow, 2 * wide, out, n], kernel, stride)
    })
}

/// Whether the depthwise convolution reads each column, which a block as one asks for.
fn reads_all(([_, width, ..], kernel, stride): Shape) -> bool {
    let missing = kernel - stride.min(kernel);
    let windows = (width + missing - kernel) / stride;
    windows * stride + kernel >= width + missing / 2
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_block_as_one_gives_the_same_bits_as_its_layers(shape in shapes(), key in 0u64..1_000_000) {
        prop_assume!(reads_all(shape));
        let [as_one, apart] = both::<f32>(shape, key, 2);
        prop_assert_eq!(as_one, apart);
    }

    #[test]
    fn and_in_bfloat16_within_the_rounding_between_layers(shape in shapes(), key in 0u64..1_000_000) {
        prop_assume!(reads_all(shape));
        if crate::conv::registers::serve::<Bf16>() {
            return Ok(());
        }
        let [as_one, apart] = both::<Bf16>(shape, key, 2);
        let norm = |values: &[f32]| values.iter().map(|v| f64::from(v * v)).sum::<f64>().sqrt();
        let wide: Vec<f32> = apart.iter().map(|v| v.wide()).collect();
        let away: Vec<f32> = as_one.iter().zip(&wide).map(|(a, b)| a.wide() - b).collect();
        prop_assert!(norm(&away) <= 0.02 * norm(&wide) + 1e-2, "{} of {}", norm(&away), norm(&wide));
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let shape = ([28, 28, 16, 96, 24, 2], 5, 2);
    let [one, _] = both::<f32>(shape, 4, 1);
    for threads in [2, 3, 16] {
        assert!(both::<f32>(shape, 4, threads)[0] == one, "{threads} threads");
    }
}

#[test]
fn only_wide_tensors_that_leave_the_cache_are_worth_it() {
    let of = |side: usize, channels: usize| {
        let padding = Padding::each(1);
        Depthwise { count: 1, height: side, width: side, channels, kernel: 3, stride: 1, padding }
    };
    assert!(pays::<f32>(16, &of(112, 96)));
    assert!(!pays::<f32>(80, &of(14, 480)));
    assert!(!pays::<Bf16>(17, &of(112, 96)), "half a group");
}
