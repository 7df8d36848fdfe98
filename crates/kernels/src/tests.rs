//! Every pass but convolution (see `conv::tests`) against its plain twin in `f64`.

use proptest::prelude::*;

use crate::adam::Adam;
use crate::norm::{Backward, Moments, Statistics};
use crate::pool::{self, MaxPool};
use crate::{Activation, Element, View, elementwise, threads};

/// How many random cases a property test tries: `LOOKALIKE_CASES` for a long run.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("LOOKALIKE_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(usual),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Numbers in −1..1 that look random, from a key.
pub(crate) fn noise<E: Element>(len: usize, key: u64) -> Vec<E> {
    let mut state = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    };
    (0..len).map(|_| E::narrow(next())).collect()
}

/// An activation, plainly.
pub(crate) fn activated(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
    }
}

/// Whether an activation lets a gradient through at this value, as PyTorch counts.
fn passes(activation: Activation, x: f64) -> bool {
    match activation {
        Activation::Identity => true,
        Activation::Relu => x > 0.0,
        Activation::Relu6 => x > 0.0 && x < 6.0,
    }
}

fn any_activation() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::Identity), Just(Activation::Relu), Just(Activation::Relu6)]
}

/// A view's values, as they count.
pub(crate) fn seen<E: Element>(view: View<'_, E>, channels: usize) -> Vec<f64> {
    let value = |(i, x): (usize, &E)| {
        let mut x = f64::from(x.wide());
        if let Some((scale, shift)) = view.affine {
            x = x * f64::from(scale[i % channels]) + f64::from(shift[i % channels]);
        }
        activated(view.activation, x)
    };
    view.data.iter().enumerate().map(value).collect()
}

fn close(got: &[f32], wanted: &[f64], bound: f64, what: &str) {
    assert_eq!(got.len(), wanted.len());
    for (i, (&got, &wanted)) in got.iter().zip(wanted).enumerate() {
        let error = (f64::from(got) - wanted).abs();
        assert!(error <= bound * (1.0 + wanted.abs()), "{what}[{i}]: {got} instead of {wanted}");
    }
}

fn check_norm(pixels: usize, channels: usize, activation: Activation, key: u64) {
    let len = pixels * channels;
    let (y, g) = (noise(len, key), noise(len, key + 1));
    let (weight, mut bias) = (noise(channels, key + 2), noise(channels, key + 3));
    // So that a ReLU6 cuts at both ends.
    let up = if activation == Activation::Relu6 { key as f32 % 6.0 } else { 0.0 };
    bias.iter_mut().for_each(|b| *b += up);
    let column = |values: &[f64], c: usize| {
        values.iter().skip(c).step_by(channels).copied().collect::<Vec<_>>()
    };
    let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let n = pixels as f64;

    let moments = Moments::of(&y, channels);
    let (mut mean, mut variance) = (vec![0.5; channels], vec![2.0; channels]);
    let statistics =
        Statistics::of_batch(&moments, 1e-5, &weight, &bias, 0.1, [&mut mean, &mut variance]);
    let view = View { data: &y, affine: Some((&statistics.scale, &statistics.shift)), activation };
    let backward = Backward::new(view, &g, &statistics, &weight, true);
    let mut dy = vec![f32::NAN; len];
    backward.apply_to(view, &g, &mut dy);
    let mut in_place = g.clone();
    backward.apply(view, &mut in_place);
    assert_eq!(dy, in_place);

    for c in 0..channels {
        let (y, g) = (column(&wide(&y), c), column(&wide(&g), c));
        let mu = y.iter().sum::<f64>() / n;
        let var = y.iter().map(|y| (y - mu) * (y - mu)).sum::<f64>() / n;
        let r = 1.0 / (var + 1e-5).sqrt();
        let (gamma, beta) = (f64::from(weight[c]), f64::from(bias[c]));
        let unbiased = var * n / (n - 1.0);
        close(
            &[mean[c], variance[c]],
            &[0.45 + 0.1 * mu, 1.8 + 0.1 * unbiased],
            1e-5,
            "running statistics",
        );
        // A value within rounding of the ReLU's corner may fall on either side of it.
        let z: Vec<f64> = y.iter().map(|y| gamma * r * (y - mu) + beta).collect();
        if activation != Activation::Identity
            && z.iter().any(|z| z.abs().min((z - 6.0).abs()) < 1e-5)
        {
            continue;
        }
        let g: Vec<f64> =
            g.iter().zip(&z).map(|(g, z)| if passes(activation, *z) { *g } else { 0.0 }).collect();
        let x: Vec<f64> = y.iter().map(|y| (y - mu) * r).collect();
        let (d_beta, d_gamma) =
            (g.iter().sum::<f64>(), g.iter().zip(&x).map(|(g, x)| g * x).sum::<f64>());
        let wanted: Vec<f64> =
            g.iter().zip(&x).map(|(g, x)| gamma * r * (g - d_beta / n - x * d_gamma / n)).collect();
        // The variance of a few values may be tiny, which magnifies every error by r.
        let bound = 2e-6 * r.max(1.0) * r.max(1.0) * n.sqrt();
        close(
            &[backward.bias[c], backward.weight[c]],
            &[d_beta, d_gamma],
            bound,
            "norm parameters",
        );
        close(
            &column(&wide(&dy), c).iter().map(|&x| x as f32).collect::<Vec<_>>(),
            &wanted,
            bound,
            "dy",
        );
    }
}

fn check_max_pool(pool: &MaxPool, key: u64) {
    let x = noise(pool.input_len(), key);
    let (scale, shift) = (noise(pool.channels, key + 1), noise(pool.channels, key + 2));
    let activation = [Activation::Relu, Activation::Identity][key as usize % 2];
    let view = View { data: &x, affine: Some((&scale, &shift)), activation };
    let values = seen(view, pool.channels);
    let (oh, ow) = (pool.out_height(), pool.out_width());
    let mut out = vec![0.0; pool.output_len()];
    let mut cells = vec![0; pool.output_len()];
    pool.forward(view, &mut out, Some(&mut cells));
    let mut alone = vec![0.0; out.len()];
    pool.forward(view, &mut alone, None);
    assert_eq!(alone, out, "whether or not cells are asked for");
    let g = noise(pool.output_len(), key + 3);
    let mut dx = vec![f32::NAN; pool.input_len()];
    pool.backward(&g, &cells, &mut dx, false);
    let mut wanted = vec![0.0; pool.input_len()];
    for at in 0..pool.output_len() {
        let (c, place) = (at % pool.channels, at / pool.channels);
        let (n, row, column) = (place / (oh * ow), place / ow % oh, place % ow);
        let mut best: Option<(f64, usize)> = None;
        let mut taken = None;
        for cell in 0..pool.kernel * pool.kernel {
            let (y, x) =
                (row * pool.stride + cell / pool.kernel, column * pool.stride + cell % pool.kernel);
            let (Some(y), Some(x)) = (y.checked_sub(pool.padding), x.checked_sub(pool.padding))
            else {
                continue;
            };
            if y < pool.height && x < pool.width {
                let from = ((n * pool.height + y) * pool.width + x) * pool.channels + c;
                if best.is_none_or(|(value, _)| values[from] > value) {
                    best = Some((values[from], from));
                }
                if cell == usize::from(cells[at]) {
                    taken = Some(from);
                }
            }
        }
        let (value, from) = best.expect("a window touches the picture");
        let taken = taken.expect("a cell within the picture");
        close(&out[at..=at], &[value], 1e-6, "max");
        // Two values that differ by less than f32 can tell may win either way; of equals the first.
        if taken != from {
            assert!(values[taken] < value, "cell {} is equal and not the first", cells[at]);
            close(&[values[taken] as f32], &[value], 1e-6, "taken");
        }
        wanted[taken] += f64::from(g[at]);
    }
    close(&dx, &wanted, 1e-6, "max pool gradient");
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn norms_equal_their_plain_twin(pixels in 2usize..700, channels in 1usize..70, activation in any_activation(), key in 0u64..1_000_000) {
        check_norm(pixels, channels, activation, key);
    }

    #[test]
    fn max_pools_equal_their_plain_twin(
        (count, height, width, channels) in (1usize..4, 1usize..12, 1usize..12, 1usize..40),
        (kernel, stride, padding) in prop_oneof![Just((3usize, 2usize, 1usize)), Just((2, 2, 0)), Just((3, 1, 1)), Just((1, 1, 0))],
        key in 0u64..1_000_000,
    ) {
        let pool = MaxPool { count, height, width, channels, kernel, stride, padding };
        if height + 2 * padding >= kernel && width + 2 * padding >= kernel {
            check_max_pool(&pool, key);
        }
    }

    #[test]
    fn passes_equal_their_plain_twins(pixels in 1usize..900, channels in 1usize..70, activation in any_activation(), key in 0u64..1_000_000) {
        let len = pixels * channels;
        // Nine times as large as noise, so that a ReLU6 cuts at both ends.
        let [x, y] = [key, key + 1].map(|key| noise::<f32>(len, key).iter().map(|x| 9.0 * x).collect::<Vec<_>>());
        let (scale, shift) = (noise(channels, key + 2), noise(channels, key + 3));
        let a = View { data: &x, affine: Some((&scale, &shift)), activation };
        let b = View { data: &y, affine: None, activation: Activation::Relu6 };
        let (seen_a, seen_b) = (seen(a, channels), seen(b, channels));
        let mut out = vec![f32::NAN; len];
        elementwise::materialise(a, channels, &mut out);
        close(&out, &seen_a, 1e-6, "materialised");
        elementwise::add(a, b, activation, channels, &mut out);
        let sum: Vec<f64> = seen_a.iter().zip(&seen_b).map(|(a, b)| activated(activation, a + b)).collect();
        close(&out, &sum, 1e-6, "sum");
        let mut masked = x.clone();
        elementwise::activation_backward(activation, View::plain(&y), channels, &mut masked);
        let wanted: Vec<f64> = x.iter().zip(&y).map(|(&x, &y)| if passes(activation, f64::from(y)) { f64::from(x) } else { 0.0 }).collect();
        close(&masked, &wanted, 0.0, "masked");
        let mut passed = y.clone();
        elementwise::pass_on(&x, &mut passed, true);
        let wanted: Vec<f64> = x.iter().zip(&y).map(|(&x, &y)| f64::from(x) + f64::from(y)).collect();
        close(&passed, &wanted, 1e-6, "passed on");
        let mut bias = vec![0.0; channels];
        elementwise::bias_backward(&x, &mut bias);
        let wanted: Vec<f64> = (0..channels).map(|c| x.iter().skip(c).step_by(channels).map(|&x| f64::from(x)).sum()).collect();
        close(&bias, &wanted, 1e-5 * (pixels as f64).sqrt(), "bias");
    }

    #[test]
    fn pools_over_pictures_equal_their_plain_twins(count in 1usize..4, pixels in 1usize..60, channels in 1usize..40, key in 0u64..1_000_000) {
        let x: Vec<f32> = noise(count * pixels * channels, key);
        let value = |n: usize, p: usize, c: usize| f64::from(x[(n * pixels + p) * channels + c]);
        let places = || (0..count).flat_map(|n| (0..channels).map(move |c| (n, c)));
        let mean: Vec<f64> = places().map(|(n, c)| (0..pixels).map(|p| value(n, p, c)).sum::<f64>() / pixels as f64).collect();
        let mut out = vec![0.0; count * channels];
        pool::average(&x, channels, &mut out);
        close(&out, &mean, 1e-5, "average");
        let mut both = vec![0.0; 2 * count * channels];
        let mut largest = vec![0; count * channels];
        pool::concat(&x, channels, &mut both, &mut largest);
        let g = noise(both.len(), key + 1);
        let mut dx = vec![f32::NAN; x.len()];
        pool::concat_backward(&g, &largest, channels, &mut dx);
        let mut wanted = vec![0.0; x.len()];
        for (index, (n, c)) in places().enumerate() {
            let best = (0..pixels).map(|p| value(n, p, c)).fold(f64::NEG_INFINITY, f64::max);
            close(&[both[n * 2 * channels + c], both[(2 * n + 1) * channels + c]], &[best, mean[index]], 1e-5, "concat");
            let winner = (0..pixels).find(|&p| value(n, p, c) == best).expect("one is largest");
            for p in 0..pixels {
                wanted[(n * pixels + p) * channels + c] = f64::from(g[(2 * n + 1) * channels + c]) / pixels as f64;
            }
            wanted[(n * pixels + winner) * channels + c] += f64::from(g[2 * n * channels + c]);
        }
        close(&dx, &wanted, 1e-5, "concat gradient");
    }

    #[test]
    fn adam_equals_its_plain_twin(len in 1usize..100, key in 0u64..1_000_000) {
        let (mut p, mut m, mut v) = (noise(len, key), vec![0.0; len], vec![0.0; len]);
        let mut twin: Vec<[f64; 3]> = p.iter().map(|&p| [f64::from(p), 0.0, 0.0]).collect();
        for step in 1..4 {
            let g = noise(len, key + step as u64);
            let momentum = 0.9 - 0.01 * step as f32;
            let adam = Adam { rate: 1e-2, momentum, square_momentum: 0.99, eps: 1e-5, weight_decay: 0.01, step };
            adam.update(&mut p, &g, &mut m, &mut v);
            for (state, &g) in twin.iter_mut().zip(&g) {
                let (g, b1, b2) = (f64::from(g), f64::from(momentum), f64::from(0.99f32));
                state[0] *= 1.0 - 1e-2 * 1e-2;
                state[1] = b1 * state[1] + (1.0 - b1) * g;
                state[2] = b2 * state[2] + (1.0 - b2) * g * g;
                state[0] -= 1e-2 / (1.0 - b1.powi(step)) * state[1] / ((state[2] / (1.0 - b2.powi(step))).sqrt() + 1e-5);
            }
        }
        close(&p, &twin.iter().map(|state| state[0]).collect::<Vec<_>>(), 2e-6, "parameter");
    }
}

#[test]
fn threads_do_not_change_the_bits_of_norms() {
    let (pixels, channels) = (5000, 24);
    let (y, g) = (noise::<f32>(pixels * channels, 1), noise(pixels * channels, 2));
    let weight = noise(channels, 3);
    let all = |count| {
        threads::with(count, || {
            let moments = Moments::of(&y, channels);
            let (mut mean, mut variance) = (vec![0.0; channels], vec![1.0; channels]);
            let s = Statistics::of_batch(
                &moments,
                1e-5,
                &weight,
                &weight,
                0.1,
                [&mut mean, &mut variance],
            );
            let view =
                View { data: &y, affine: Some((&s.scale, &s.shift)), activation: Activation::Relu };
            (Backward::new(view, &g, &s, &weight, true), mean, variance)
        })
    };
    assert!(all(1) == all(2) && all(1) == all(7));
}
