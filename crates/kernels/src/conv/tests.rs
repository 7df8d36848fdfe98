//! Every pass against its plain twin in `f64`, on random shapes.

use proptest::prelude::*;

use super::{Conv, Epilogue, Pack};
use crate::tests::{cases, noise, seen};
use crate::{View, threads};

/// Calls `f(output index, input index, weight index)` for each product of a convolution.
fn each_product(conv: &Conv, mut f: impl FnMut(usize, usize, usize)) {
    let (oh, ow, k) = (conv.out_height(), conv.out_width(), conv.kernel);
    for n in 0..conv.count {
        for (oy, ox) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
            for (ky, kx) in (0..k).flat_map(|y| (0..k).map(move |x| (y, x))) {
                let (y, x) = (oy * conv.stride + ky, ox * conv.stride + kx);
                if y < conv.padding || x < conv.padding {
                    continue;
                }
                let (y, x) = (y - conv.padding, x - conv.padding);
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

/// Within the error of summing `depth` products of numbers below 2 in fp32.
fn assert_close(got: &[f32], wanted: &[f64], depth: usize, what: &str) {
    let bound = 4.0 * f64::from(f32::EPSILON) * (depth as f64 + 4.0);
    for (i, (&got, &wanted)) in got.iter().zip(wanted).enumerate() {
        assert!(
            (f64::from(got) - wanted).abs() <= bound,
            "{what}[{i}]: {got} instead of {wanted} (bound {bound})"
        );
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
    (1usize..4, 1usize..20, 1usize..34, channels, filters, window, 1usize..4).prop_filter_map(
        "the window fits",
        |(count, height, width, channels, filters, (kernel, padding), stride)| {
            let conv = Conv { count, height, width, channels, filters, kernel, stride, padding };
            let fits = height + 2 * padding >= kernel && width + 2 * padding >= kernel;
            let small = conv.weight_len() < 60_000 && conv.input_len() < 60_000;
            (fits && small && conv.multiply_adds() < 4_000_000).then_some(conv)
        },
    )
}

fn check(conv: &Conv, key: u64) {
    let x = noise(conv.input_len(), key);
    let w = noise(conv.weight_len(), key + 1);
    let (scale, shift) = (noise(conv.channels, key + 2), noise(conv.channels, key + 3));
    let view = match key % 4 {
        0 => View::plain(&x),
        1 => View { data: &x, affine: None, relu: true },
        2 => View { data: &x, affine: Some((&scale, &shift)), relu: true },
        _ => View { data: &x, affine: Some((&scale, &shift)), relu: false },
    };
    let seen_x = seen(view, conv.channels);
    let depth = conv.kernel * conv.kernel * conv.channels;

    // Forward, with every part of the epilogue.
    let before = noise(conv.output_len(), key + 4);
    let residual = noise(conv.output_len(), key + 5);
    let bias = noise(conv.filters, key + 6);
    let (accumulate, relu) = (key & 8 != 0, key & 16 != 0);
    let mut wanted: Vec<f64> = vec![0.0; conv.output_len()];
    each_product(conv, |o, i, k| wanted[o] += seen_x[i] * f64::from(w[k]));
    for (i, y) in wanted.iter_mut().enumerate() {
        *y += f64::from(bias[i % conv.filters]) + f64::from(residual[i]);
        *y += if accumulate { f64::from(before[i]) } else { 0.0 };
        *y = if relu { y.max(0.0) } else { *y };
    }
    let mut out = before.clone();
    let mut sums = vec![0.0; 2 * conv.filters];
    let epilogue = Epilogue {
        accumulate,
        bias: Some(&bias),
        residual: Some(&residual),
        relu,
        sums: Some(&mut sums),
    };
    conv.forward(view, &Pack::forward(conv, &w), &mut out, epilogue);
    assert_close(&out, &wanted, depth, "output");
    for c in 0..conv.filters {
        let column = || out.iter().skip(c).step_by(conv.filters).map(|&y| f64::from(y));
        let (sum, squares): (f64, f64) = (column().sum(), column().map(|y| y * y).sum());
        let size: f64 = column().map(f64::abs).sum::<f64>() + 1.0;
        assert!((sums[c] - sum).abs() < 1e-5 * size, "sum of {c}: {} instead of {sum}", sums[c]);
        assert!(
            (sums[conv.filters + c] - squares).abs() < 1e-5 * (squares + 1.0),
            "squares of {c}"
        );
    }

    // Gradient of the input.
    let g = noise(conv.output_len(), key + 7);
    let before = noise(conv.input_len(), key + 8);
    let mut wanted: Vec<f64> =
        before.iter().map(|&x| if accumulate { f64::from(x) } else { 0.0 }).collect();
    each_product(conv, |o, i, k| wanted[i] += f64::from(g[o]) * f64::from(w[k]));
    let mut got = before;
    conv.backward_data(&g, &Pack::backward_data(conv, &w), &mut got, accumulate);
    assert_close(&got, &wanted, conv.kernel * conv.kernel * conv.filters, "input gradient");

    // Gradient of the weights.
    let mut wanted = vec![0.0; conv.weight_len()];
    each_product(conv, |o, i, k| wanted[k] += seen_x[i] * f64::from(g[o]));
    let mut got = vec![f32::NAN; conv.weight_len()];
    conv.backward_weights(view, &g, &mut got);
    assert_close(
        &got,
        &wanted,
        conv.count * conv.out_height() * conv.out_width(),
        "weight gradient",
    );
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn all_passes_equal_their_plain_twins(conv in shapes(), key in 0u64..1_000_000) {
        check(&conv, key);
    }
}

#[test]
fn resnets_own_shapes() {
    for (size, channels, filters, kernel, stride) in [
        (17, 3, 64, 7, 2),
        (14, 64, 64, 3, 1),
        (14, 64, 256, 1, 1),
        (14, 128, 128, 3, 2),
        (7, 512, 32, 3, 1),
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
            padding: kernel / 2,
        };
        (0..4).for_each(|key| check(&conv, key));
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let conv = Conv {
        count: 5,
        height: 13,
        width: 11,
        channels: 24,
        filters: 40,
        kernel: 3,
        stride: 1,
        padding: 1,
    };
    let (x, w, g) =
        (noise(conv.input_len(), 1), noise(conv.weight_len(), 2), noise(conv.output_len(), 3));
    let all = |threads| {
        threads::with(threads, || {
            let mut out = vec![0.0; conv.output_len()];
            let mut sums = vec![0.0; 2 * conv.filters];
            let epilogue = Epilogue { sums: Some(&mut sums), ..Epilogue::default() };
            conv.forward(View::plain(&x), &Pack::forward(&conv, &w), &mut out, epilogue);
            let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
            conv.backward_data(&g, &Pack::backward_data(&conv, &w), &mut dx, false);
            conv.backward_weights(View::plain(&x), &g, &mut dw);
            (out, sums, dx, dw)
        })
    };
    let one = all(1);
    for threads in [2, 3, 16] {
        assert!(one == all(threads), "{threads} threads");
    }
}
