//! Every pass against its plain twin in `f64`, on random shapes.

use proptest::prelude::*;

use super::{Depthwise, Finish};
use crate::tests::{activated, cases, noise, seen};
use crate::{Activation, Bf16, Convolve, Element, Padding, Precision, View, threads};

const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Relu, Activation::Relu6];

/// Calls `f(output index, input index, weight index)` for each product.
fn each_product(conv: &Depthwise, mut f: impl FnMut(usize, usize, usize)) {
    let (oh, ow, k, channels) = (conv.out_height(), conv.out_width(), conv.kernel, conv.channels);
    let [above, left] = conv.padding.before();
    for n in 0..conv.count {
        for (oy, ox) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
            for tap in 0..k * k {
                let y = (oy * conv.stride + tap / k).checked_sub(above);
                let x = (ox * conv.stride + tap % k).checked_sub(left);
                let (Some(y), Some(x)) = (y, x) else { continue };
                if y >= conv.height || x >= conv.width {
                    continue;
                }
                for c in 0..channels {
                    let output = ((n * oh + oy) * ow + ox) * channels + c;
                    let input = ((n * conv.height + y) * conv.width + x) * channels + c;
                    f(output, input, tap * channels + c);
                }
            }
        }
    }
}

/// Within the error of summing `depth` terms in fp32, and of rounding the result.
fn assert_close<T: Element>(got: &[T], wanted: &[f64], depth: usize, what: &str) {
    for (i, (&got, &wanted)) in got.iter().zip(wanted).enumerate() {
        let mut bound = 4.0 * f64::from(f32::EPSILON) * (depth as f64 + 4.0);
        if T::PRECISION == Precision::Bf16 {
            bound += wanted.abs() / 256.0;
        }
        let got = f64::from(got.wide());
        assert!((got - wanted).abs() <= bound, "{what}[{i}]: {got} for {wanted} (bound {bound})");
    }
}

fn check<E: Convolve>(conv: &Depthwise, key: u64) {
    let x: Vec<E> = noise(conv.input_len(), key);
    let w: Vec<f32> = noise(conv.weight_len(), key + 1);
    let [scale, shift, factor, offset] = [2, 3, 4, 5].map(|k| noise(conv.channels, key + k));
    // Seven times as large, so that some values are above 6.
    let scale: Vec<f32> = scale.iter().map(|s| 7.0 * s).collect();
    let affine = (!key.is_multiple_of(3)).then_some((&scale[..], &shift[..]));
    let view = View { data: &x, affine, activation: ACTIVATIONS[key as usize / 3 % 3] };
    let seen_x = seen(view, conv.channels);
    let (g, before): (Vec<E>, Vec<E>) =
        (noise(conv.output_len(), key + 6), noise(conv.input_len(), key + 7));

    let finish = key.is_multiple_of(2).then_some((&factor[..], &offset[..]));
    let activation = ACTIVATIONS[key as usize / 9 % 3];
    let mut wanted = vec![0.0; conv.output_len()];
    each_product(conv, |o, i, k| wanted[o] += seen_x[i] * f64::from(w[k]));
    for (i, y) in wanted.iter_mut().enumerate() {
        if let Some((factor, offset)) = finish {
            let c = i % conv.channels;
            *y = *y * f64::from(factor[c]) + f64::from(offset[c]);
        }
        *y = activated(activation, *y);
    }
    let (mut out, mut sums) = (vec![E::default(); wanted.len()], vec![0.0; 2 * conv.channels]);
    let sums_too = key.is_multiple_of(5);
    let sums_of = sums_too.then_some(&mut sums[..]);
    conv.forward(view, &w, &mut out, Finish { affine: finish, activation, sums: sums_of });
    assert_close(&out, &wanted, 8 * conv.kernel * conv.kernel, "output");
    for c in (0..conv.channels).filter(|_| sums_too) {
        let column = || out.iter().skip(c).step_by(conv.channels).map(|y| f64::from(y.wide()));
        let (sum, squares): (f64, f64) = (column().sum(), column().map(|y| y * y).sum());
        let size = column().map(f64::abs).sum::<f64>() + 1.0;
        assert!((sums[c] - sum).abs() < 1e-5 * size, "sum of {c}: {} instead of {sum}", sums[c]);
        let found = sums[conv.channels + c];
        assert!((found - squares).abs() < 1e-5 * (squares + 1.0), "squares of {c}");
    }

    let accumulate = key.is_multiple_of(7);
    let mut wanted: Vec<f64> =
        before.iter().map(|b| if accumulate { f64::from(b.wide()) } else { 0.0 }).collect();
    each_product(conv, |o, i, k| wanted[i] += f64::from(g[o].wide()) * f64::from(w[k]));
    let mut got = before;
    conv.backward_data(&g, &w, &mut got, accumulate);
    assert_close(&got, &wanted, conv.kernel * conv.kernel, "input gradient");

    let mut wanted = vec![0.0; conv.weight_len()];
    each_product(conv, |o, i, k| wanted[k] += seen_x[i] * f64::from(g[o].wide()));
    let mut got = vec![f32::NAN; wanted.len()];
    conv.backward_weights(view, &g, &mut got);
    let depth = 8 * conv.count * conv.out_height() * conv.out_width();
    assert_close(&got, &wanted, depth, "weight gradient");
}

fn shapes() -> impl Strategy<Value = Depthwise> {
    let padding = [[0usize..4, 0..4], [0..4, 0..4]];
    let channels = prop_oneof![1usize..40, Just(64usize), Just(96)];
    let kernel = prop_oneof![Just(1usize), Just(3), Just(3), Just(5), Just(5), Just(7), 2usize..9];
    (1usize..4, 1usize..24, 1usize..24, channels, kernel, padding, 1usize..4).prop_filter_map(
        "the window fits",
        |(count, height, width, channels, kernel, padding, stride)| {
            let fits = |size: usize, [before, after]: [usize; 2]| size + before + after >= kernel;
            let padding = Padding(padding);
            let conv = Depthwise { count, height, width, channels, kernel, stride, padding };
            let fits = fits(height, padding.0[0]) && fits(width, padding.0[1]);
            (fits && conv.input_len() < 60_000).then_some(conv)
        },
    )
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

/// EfficientNet's own, with TensorFlow's padding where the stride is 2.
fn large(size: usize, channels: usize, kernel: usize, stride: usize) -> Depthwise {
    let missing = kernel - if size.is_multiple_of(stride) { stride } else { 1 };
    let padding = Padding([[missing / 2, missing - missing / 2]; 2]);
    Depthwise { count: 2, height: size, width: size, channels, kernel, stride, padding }
}

#[test]
fn efficientnets_own_shapes() {
    for (size, channels, kernel, stride) in
        [(56, 32, 3, 1), (56, 96, 3, 2), (28, 144, 5, 2), (14, 480, 5, 1), (7, 1152, 3, 1)]
    {
        let conv = large(size, channels, kernel, stride);
        assert_eq!(conv.out_height(), size / stride);
        (0..3).for_each(|key| check::<f32>(&conv, key));
        (0..3).for_each(|key| check::<Bf16>(&conv, key));
    }
}

/// All passes of one shape, with so many threads.
fn all_passes<E: Convolve>(threads: usize) -> (Vec<E>, Vec<f64>, Vec<E>, Vec<f32>) {
    let conv = large(56, 40, 3, 2);
    let (x, g) = (noise::<E>(conv.input_len(), 1), noise::<E>(conv.output_len(), 3));
    let w: Vec<f32> = noise(conv.weight_len(), 2);
    threads::with(threads, || {
        let (mut out, mut sums) = (vec![E::default(); g.len()], vec![0.0; 2 * conv.channels]);
        let finish = Finish { sums: Some(&mut sums), ..Finish::default() };
        conv.forward(View::plain(&x), &w, &mut out, finish);
        let (mut dx, mut dw) = (vec![E::default(); x.len()], vec![0.0; w.len()]);
        conv.backward_data(&g, &w, &mut dx, false);
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
