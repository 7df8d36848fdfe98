//! Every pass against its plain twin in `f64`, on random shapes.

use proptest::prelude::*;

use super::winograd::Shape;
use super::{Added, Conv, Convolve, Epilogue, Pack};
use crate::tests::{activated, cases, noise, seen};
use crate::{Activation, Bf16, Element, Padding, Precision, View, threads};

/// Calls `f(output index, input index, weight index)` for each product of a convolution.
fn each_product(conv: &Conv, mut f: impl FnMut(usize, usize, usize)) {
    let (oh, ow, k) = (conv.out_height(), conv.out_width(), conv.kernel);
    for n in 0..conv.count {
        for (oy, ox) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
            for (ky, kx) in (0..k).flat_map(|y| (0..k).map(move |x| (y, x))) {
                let (y, x) = (oy * conv.stride + ky, ox * conv.stride + kx);
                let [above, left] = conv.padding.before();
                if y < above || x < left {
                    continue;
                }
                let (y, x) = (y - above, x - left);
                if y >= conv.height || x >= conv.width {
                    continue;
                }
                for c in 0..conv.channels {
                    for o in 0..conv.filters {
                        f(
                            ((n * oh + oy) * ow + ox) * conv.filters + o,
                            ((n * conv.height + y) * conv.width + x) * conv.channels + c,
                            ((ky * k + kx) * conv.channels + c) * conv.filters + o,
                        );
                    }
                }
            }
        }
    }
}

/// What a result should be, and the sum of the sizes of its terms.
#[derive(Clone, Copy, Default)]
struct Wanted {
    value: f64,
    size: f64,
}

impl Wanted {
    fn add(&mut self, term: f64) {
        self.value += term;
        self.size += term.abs();
    }
}

/// Within the error of summing `depth` products of numbers below 2 in fp32; where operands are
/// rounded to bfloat16 once more after norm and ReLU, of that too; and of rounding the result.
fn assert_close<E: Element, T: Element>(
    conv: &Conv,
    got: &[T],
    wanted: &[Wanted],
    depth: usize,
    what: &str,
) {
    let mut sums = 4.0 * f64::from(f32::EPSILON) * (depth as f64 + 4.0);
    // The transforms add and take away numbers up to eight times as large as what is left.
    sums *= if Shape::forward(conv, E::PRECISION).is_some() { 8.0 } else { 1.0 };
    for (i, (&got, &Wanted { value, size })) in got.iter().zip(wanted).enumerate() {
        let mut bound = sums;
        if E::PRECISION == Precision::Bf16 {
            bound += size / 256.0;
        }
        if T::PRECISION == Precision::Bf16 {
            bound += value.abs() / 256.0;
        }
        let got = f64::from(got.wide());
        assert!((got - value).abs() <= bound, "{what}[{i}]: {got} for {value} (bound {bound})");
    }
}

fn shapes() -> impl Strategy<Value = Conv> {
    let channels = prop_oneof![1usize..40, Just(64usize), Just(256)];
    let filters = prop_oneof![1usize..70, Just(64usize)];
    let window = prop_oneof![
        Just((1usize, 0usize)),
        Just((3, 1)),
        Just((2, 0)),
        Just((3, 0)),
        Just((5, 2)),
        Just((7, 3))
    ];
    // Zeros below and to the right, beside those on every side: mostly none.
    let more = prop_oneof![Just((0usize, 0usize)), Just((0, 0)), (0usize..2, 0usize..2)];
    (1usize..4, 1usize..20, 1usize..34, channels, filters, window, 1usize..4, more).prop_filter_map(
        "the window fits",
        |(count, height, width, channels, filters, (kernel, padding), stride, (below, right))| {
            let fits = height + 2 * padding >= kernel && width + 2 * padding >= kernel;
            let mut padding = Padding::each(padding);
            padding.0[0][1] += below;
            padding.0[1][1] += right;
            let conv = Conv { count, height, width, channels, filters, kernel, stride, padding };
            let small = conv.weight_len() < 60_000 && conv.input_len() < 60_000;
            (fits && small && conv.multiply_adds() < 4_000_000).then_some(conv)
        },
    )
}

fn check<E: Convolve>(conv: &Conv, key: u64) {
    // Tensors that begin anywhere, not on a cache line.
    let skip = (key % 3) as usize;
    let x: Vec<E> = noise(conv.input_len() + skip, key);
    let x = &x[skip..];
    // Weights come as fp32 whatever the numbers; those of bfloat16 here, since packing rounds them.
    let w: Vec<f32> = noise::<E>(conv.weight_len(), key + 1).iter().map(|w| w.wide()).collect();
    let (scale, shift) = (noise(conv.channels, key + 2), noise(conv.channels, key + 3));
    let activation = [Activation::Relu, Activation::Relu6][(key >> 6) as usize % 2];
    let view = match key % 4 {
        0 => View::plain(x),
        1 => View { data: x, affine: None, activation: Activation::Relu },
        2 => View { data: x, affine: Some((&scale[..], &shift[..])), activation },
        _ => View { data: x, affine: Some((&scale, &shift)), activation: Activation::Identity },
    };
    let seen_x = seen(view, conv.channels);
    let depth = conv.kernel * conv.kernel * conv.channels;

    // Forward, with every part of the epilogue.
    let before: Vec<E> = noise(conv.output_len() + skip, key + 4);
    let mut out = before.clone();
    let (before, out) = (&before[skip..], &mut out[skip..]);
    let residual: Vec<E> = noise(conv.output_len(), key + 5);
    let bias: Vec<f32> = noise(conv.filters, key + 6);
    let added =
        [Added::Nothing, Added::Output, Added::Residual(&residual)][(key >> 8) as usize % 3];
    let activation = if key & 16 != 0 { activation } else { Activation::Identity };
    let sums_too = key & 32 != 0;
    let mut wanted = vec![Wanted::default(); conv.output_len()];
    each_product(conv, |o, i, k| wanted[o].add(seen_x[i] * f64::from(w[k])));
    for (i, y) in wanted.iter_mut().enumerate() {
        y.value += f64::from(bias[i % conv.filters]);
        y.value += match added {
            Added::Nothing => 0.0,
            Added::Output => f64::from(before[i].wide()),
            Added::Residual(residual) => f64::from(residual[i].wide()),
        };
        y.value = activated(activation, y.value);
    }
    let mut sums = vec![0.0; 2 * conv.filters];
    let epilogue =
        Epilogue { bias: Some(&bias), added, activation, sums: sums_too.then_some(&mut sums[..]) };
    conv.forward(view, &Pack::forward(conv, &w, E::PRECISION), out, epilogue);
    assert_close::<E, E>(conv, out, &wanted, depth, "output");
    for c in (0..conv.filters).filter(|_| sums_too) {
        let column = || out.iter().skip(c).step_by(conv.filters).map(|y| f64::from(y.wide()));
        let (sum, squares): (f64, f64) = (column().sum(), column().map(|y| y * y).sum());
        let size: f64 = column().map(f64::abs).sum::<f64>() + 1.0;
        assert!((sums[c] - sum).abs() < 1e-5 * size, "sum of {c}: {} instead of {sum}", sums[c]);
        assert!(
            (sums[conv.filters + c] - squares).abs() < 1e-5 * (squares + 1.0),
            "squares of {c}"
        );
    }

    // Gradient of the input.
    let g: Vec<E> = noise(conv.output_len() + skip, key + 7);
    let g = &g[skip..];
    let before: Vec<E> = noise(conv.input_len(), key + 8);
    let accumulate = key & 8 != 0;
    let mut wanted = vec![Wanted::default(); conv.input_len()];
    each_product(conv, |o, i, k| wanted[i].add(f64::from(g[o].wide()) * f64::from(w[k])));
    for (wanted, before) in wanted.iter_mut().zip(&before).filter(|_| accumulate) {
        wanted.value += f64::from(before.wide());
    }
    let mut got = before;
    conv.backward_data(g, &Pack::backward_data(conv, &w, E::PRECISION), &mut got, accumulate);
    let depth = conv.kernel * conv.kernel * conv.filters;
    assert_close::<E, E>(conv, &got, &wanted, depth, "input gradient");

    // Gradient of the weights.
    let mut wanted = vec![Wanted::default(); conv.weight_len()];
    each_product(conv, |o, i, k| wanted[k].add(seen_x[i] * f64::from(g[o].wide())));
    let mut got = vec![f32::NAN; conv.weight_len()];
    conv.backward_weights(view, g, &mut got);
    let depth = conv.count * conv.out_height() * conv.out_width();
    assert_close::<E, f32>(conv, &got, &wanted, depth, "weight gradient");
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn all_passes_equal_their_plain_twins(conv in shapes(), key in 0u64..1_000_000) {
        check::<f32>(&conv, key);
    }

    #[test]
    fn all_passes_of_bfloat16_equal_their_plain_twins(conv in shapes(), key in 0u64..1_000_000) {
        check::<Bf16>(&conv, key);
    }
}

#[test]
fn resnets_own_shapes() {
    for (size, channels, filters, kernel, stride) in [
        (17, 3, 64, 7, 2),
        (14, 64, 64, 3, 1),
        (14, 64, 256, 1, 1),
        (14, 128, 128, 3, 2),
        (7, 512, 128, 3, 1), // weights that are asked for ahead
        (7, 1024, 64, 1, 1),
        (14, 256, 64, 1, 2),
        (9, 64, 64, 3, 1),
        (28, 64, 32, 3, 1),
    ] {
        let conv = Conv {
            count: 3,
            height: size,
            width: size,
            channels,
            filters,
            kernel,
            stride,
            padding: Padding::each(kernel / 2),
        };
        (0..4).for_each(|key| check::<f32>(&conv, key));
        (0..4).for_each(|key| check::<Bf16>(&conv, key));
    }
}

/// All passes of one shape, with so many threads.
fn all_passes<E: Convolve>(threads: usize) -> (Vec<E>, Vec<f64>, Vec<E>, Vec<f32>) {
    let conv = Conv {
        count: 5,
        height: 13,
        width: 11,
        channels: 24,
        filters: 40,
        kernel: 3,
        stride: 1,
        padding: Padding::each(1),
    };
    let (x, g) = (noise::<E>(conv.input_len(), 1), noise::<E>(conv.output_len(), 3));
    let w: Vec<f32> = noise(conv.weight_len(), 2);
    threads::with(threads, || {
        let mut out = vec![E::default(); conv.output_len()];
        let mut sums = vec![0.0; 2 * conv.filters];
        let epilogue = Epilogue { sums: Some(&mut sums), ..Epilogue::default() };
        let pack = Pack::forward(&conv, &w, E::PRECISION);
        conv.forward(View::plain(&x), &pack, &mut out, epilogue);
        let (mut dx, mut dw) = (vec![E::default(); x.len()], vec![0.0; w.len()]);
        conv.backward_data(&g, &Pack::backward_data(&conv, &w, E::PRECISION), &mut dx, false);
        conv.backward_weights(View::plain(&x), &g, &mut dw);
        (out, sums, dx, dw)
    })
}

#[test]
fn threads_do_not_change_a_bit() {
    for threads in [2, 3, 16] {
        assert!(all_passes::<f32>(1) == all_passes(threads), "{threads} threads");
        assert!(all_passes::<Bf16>(1) == all_passes(threads), "{threads} threads, bf16");
    }
}
