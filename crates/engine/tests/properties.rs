//! What must hold of any engine, whatever PyTorch says: gradients are slopes, results depend on
//! neither threads nor history, dropout drops what it should, and odd batches work.

#![allow(clippy::unwrap_used)] // a test may panic

mod common;

use common::{Batch, engine_with, filled, norm, small_graph, small_graphs, step};
use engine::{Adam, Engine, EngineError, GroupRates, Images, Step, Trained};
use kernels::threads;
use network::{Architecture, Backbone, Graph, Head, Op, Parameters};

fn adam(graph: &Graph) -> Adam {
    let groups = vec![GroupRates { rate: 1e-2, momentum: 0.9 }; graph.groups()];
    Adam { groups, square_momentum: 0.99, eps: 1e-5, weight_decay: 0.01 }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// Along its own gradient, each tensor's slope is the gradient's norm. Steps are small beside the
/// tensor, and shrink until float32's own noise in the loss would show.
#[test]
fn gradients_are_slopes() {
    for (name, graph, shape) in small_graphs() {
        let parameters = filled(&graph, None);
        let batch = Batch::new(0, shape, &graph);
        let mut engine = engine_with(&graph, &parameters, Trained::All);
        engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
        let gradient = engine.gradient();
        for (i, parameter) in graph.parameters().iter().enumerate() {
            let slope = norm(&gradient.tensors()[i].data);
            if slope < 1e-2 {
                continue; // the loss would move by less than its rounding
            }
            let mut best = f64::INFINITY;
            for h in [3e-2, 1e-2, 3e-3, 1e-3] {
                let mut loss_at = |sign: f64| {
                    let mut moved = parameters.clone();
                    let direction = &gradient.tensors()[i].data;
                    for (x, g) in moved.tensor_mut(i).data.iter_mut().zip(direction) {
                        *x += (sign * h / slope * f64::from(*g)) as f32;
                    }
                    engine.set_parameters(&moved).unwrap();
                    let loss = engine.gradients(batch.images(), &batch.labels, step(0));
                    f64::from(loss.unwrap())
                };
                let measured = (loss_at(1.0) - loss_at(-1.0)) / (2.0 * h);
                best = best.min((measured / slope - 1.0).abs());
            }
            assert!(best < 1e-2, "{name}, {}: off by {best:.3} of {slope:.3}", parameter.name);
        }
    }
}

/// Two training steps and a prediction of one network, as bits.
fn trained_bits(graph: &Graph, shape: [usize; 3]) -> Vec<u32> {
    let mut engine = engine_with(graph, &Parameters::start(graph, 7), Trained::All);
    let mut all = vec![];
    for index in 0..2 {
        let batch = Batch::new(index, shape, graph);
        let loss = engine.gradients(batch.images(), &batch.labels, step(index as u64)).unwrap();
        all.push(loss.to_bits());
        engine.update(&adam(graph));
    }
    let batch = Batch::new(0, shape, graph);
    all.extend(bits(&engine.predict(batch.images()).unwrap().logits));
    for tensor in engine.parameters().tensors() {
        all.extend(bits(&tensor.data));
    }
    all
}

#[test]
fn threads_and_repetition_change_no_bit() {
    let mut cases = small_graphs();
    let small =
        Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: 5 } }.graph();
    cases.push(("small".into(), small, [6, 40, 33]));
    let resnet = Architecture { backbone: Backbone::ResNet18, head: Head::Fastai { classes: 3 } };
    cases.push(("resnet18".into(), resnet.graph(), [3, 64, 64]));
    for (name, graph, shape) in cases {
        let one = threads::with(1, || trained_bits(&graph, shape));
        for count in [1, 2, 3] {
            let again = threads::with(count, || trained_bits(&graph, shape));
            assert!(one == again, "{name} with {count} threads");
        }
    }
}

/// An engine that has seen larger, smaller and no batches says the same as a fresh one.
#[test]
fn history_changes_no_prediction() {
    for (name, graph, [count, height, width]) in small_graphs() {
        let parameters = filled(&graph, None);
        let predict =
            |engine: &mut engine::Cpu, batch: &Batch| engine.predict(batch.images()).unwrap();
        let batch = Batch::new(0, [count, height, width], &graph);
        let expected = predict(&mut engine_with(&graph, &parameters, Trained::All), &batch);
        let mut engine = engine_with(&graph, &parameters, Trained::HeadAndNorms);
        let taller = if height > 1 { 2 } else { 0 }; // vectors stay vectors
        for [n, taller] in [[count + 3, taller], [0, 0], [1, 0]] {
            predict(&mut engine, &Batch::new(1, [n, height + taller, width], &graph));
        }
        assert_eq!(predict(&mut engine, &batch), expected, "{name}");
        engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
        engine.set_parameters(&parameters).unwrap();
        assert_eq!(predict(&mut engine, &batch), expected, "{name} after training");
    }
}

/// In eval mode each picture is judged by itself, whatever stands beside it.
#[test]
fn a_picture_is_judged_alone() {
    let graph =
        Architecture { backbone: Backbone::ResNet18, head: Head::Fastai { classes: 3 } }.graph();
    let mut engine = engine_with(&graph, &Parameters::start(&graph, 3), Trained::All);
    let batch = Batch::new(0, [4, 64, 48], &graph);
    let together = engine.predict(batch.images()).unwrap();
    for (pixels, expected) in batch.pixels.chunks(64 * 48 * 3).zip(together.rows()) {
        let alone = engine.predict(Images { pixels, count: 1, height: 64, width: 48 }).unwrap();
        assert!(common::distance(&alone.logits, expected) < 1e-5 * norm(expected).max(1.0));
    }
}

/// Features are what the linear layer of torchvision's head is given.
/// At this size its first blocks are planned as one step, and nine pictures go through in parts.
#[test]
fn efficientnet_judges_a_picture_alone_on_any_number_of_threads() {
    let architecture =
        Architecture { backbone: Backbone::EfficientNetLite0, head: Head::Linear { classes: 3 } };
    let graph = architecture.graph();
    let batch = Batch::new(0, [9, 88, 96], &graph);
    let mut engine = engine_with(&graph, &Parameters::start(&graph, 7), Trained::All);
    let all = engine.predict(batch.images()).unwrap();
    let [three, one] = [3, 1].map(|count| threads::with(count, || engine.predict(batch.images())));
    assert_eq!(bits(&all.logits), bits(&three.unwrap().logits), "three threads");
    assert_eq!(bits(&all.features), bits(&one.unwrap().features), "one thread");
    let pictures = batch.images().pixels.chunks_exact(88 * 96 * 3);
    for (index, (pixels, row)) in pictures.zip(all.rows()).enumerate() {
        let alone = Images { pixels, count: 1, height: 88, width: 96 };
        assert_eq!(bits(&engine.predict(alone).unwrap().logits), bits(row), "picture {index}");
    }
}

#[test]
fn the_features_are_what_the_head_sees() {
    let graph =
        Architecture { backbone: Backbone::Small, head: Head::Linear { classes: 5 } }.graph();
    let parameters = Parameters::start(&graph, 3);
    let mut engine = engine_with(&graph, &parameters, Trained::All);
    let batch = Batch::new(0, [3, 64, 48], &graph);
    let outputs = engine.predict(batch.images()).unwrap();
    let [.., weight, bias] = parameters.tensors() else { panic!("a linear layer is last") };
    assert_eq!(outputs.feature_rows().len(), 3);
    for (features, logits) in outputs.feature_rows().zip(outputs.rows()) {
        for ((row, bias), &logit) in weight.data.chunks(features.len()).zip(&bias.data).zip(logits)
        {
            let sum: f32 = row.iter().zip(features).map(|(w, x)| w * x).sum();
            assert!((sum + bias - logit).abs() < 1e-4, "{sum} + {bias} is not {logit}");
        }
    }
    // In fastai's head the largest come first, then the averages: the same ones.
    let fastai = Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: 5 } };
    let graph = fastai.graph();
    let mut engine = engine_with(&graph, &Parameters::start(&graph, 3), Trained::All);
    let both = engine.predict(batch.images()).unwrap();
    for (both, average) in both.feature_rows().zip(outputs.feature_rows()) {
        assert_eq!(&both[average.len()..], average);
    }
}

#[test]
fn odd_batches_work() {
    for classes in [2, 1000] {
        for count in [1, 2, 3] {
            let graph =
                Architecture { backbone: Backbone::Small, head: Head::Fastai { classes } }.graph();
            let mut engine = engine_with(&graph, &Parameters::start(&graph, 3), Trained::All);
            for trained in
                [Trained::Head, Trained::HeadAndNorms, Trained::AllButNorms, Trained::All]
            {
                engine.set_trained(trained);
                let batch = Batch::new(0, [count, 32, 32], &graph);
                let loss = engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
                assert!(loss.is_finite() && loss >= 0.0, "{loss} for {count} of {classes}");
                engine.update(&adam(&graph));
                assert_eq!(engine.parameters().first_not_finite(&graph), None);
            }
            let none = Images { pixels: &[], count: 0, height: 32, width: 32 };
            let outputs = engine.predict(none).unwrap();
            assert_eq!((outputs.logits.len(), outputs.classes), (0, classes));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (graph, [count, height, width]) = small_graph("bare");
    let mut engine = engine_with(&graph, &filled(&graph, None), Trained::All);
    let batch = Batch::new(0, [count, height, width], &graph);
    let short = Images { pixels: &batch.pixels[1..], ..batch.images() };
    assert!(matches!(engine.predict(short), Err(EngineError::Pixels { .. })));
    for labels in [vec![0; count + 1], vec![], vec![graph.classes(); count]] {
        let refused = engine.gradients(batch.images(), &labels, step(0));
        assert!(matches!(refused, Err(EngineError::Labels { .. })), "{labels:?}");
    }
    let huge = Images { pixels: &batch.pixels, count: usize::MAX, height: usize::MAX, width: 2 };
    assert!(engine.predict(huge).is_err());
    let flat = Images { pixels: &[], count: 1, height: 0, width: 5 };
    assert!(matches!(engine.predict(flat), Err(EngineError::Graph(_))));
}

/// A loss that is not finite is returned, not hidden.
#[test]
fn nan_reaches_the_loss() {
    for bad in [f32::NAN, f32::INFINITY] {
        let (graph, shape) = small_graph("basic");
        let mut engine = engine_with(&graph, &filled(&graph, None), Trained::All);
        let mut batch = Batch::new(0, shape, &graph);
        batch.pixels[5] = bad;
        let loss = engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
        assert!(!loss.is_finite(), "{loss}");
    }
}

/// Vectors through dropout into a linear layer: its gradient shows which values were dropped.
#[test]
fn dropout_drops_its_share_and_scales_the_rest() {
    const CHANNELS: usize = 4096;
    for rate in [0.25_f32, 0.5] {
        let mut graph = Graph::new(CHANNELS);
        let drop = graph.add("drop", Op::Dropout { rate }, &[graph.input()]);
        graph.linear("fc", drop, 0, 2, false);
        let mut engine = engine_with(&graph, &Parameters::start(&graph, 3), Trained::All);
        let pixels: Vec<f32> =
            common::uniform("dropout", CHANNELS).map(|u| u as f32 + 0.5).collect();
        let images = Images { pixels: &pixels, count: 1, height: 1, width: 1 };
        let mut kept = |step| {
            let loss = engine.gradients(images, &[0], step).unwrap();
            // the gradient of logit 0 is p − 1, and p = exp(−loss)
            let slope = (-f64::from(loss)).exp() - 1.0;
            let gradient = engine.gradient().tensors()[0].data[..CHANNELS].to_vec();
            let kept: Vec<bool> = gradient.iter().map(|&g| g != 0.0).collect();
            for ((g, x), _) in gradient.iter().zip(&pixels).zip(&kept).filter(|(_, kept)| **kept) {
                let expected = slope * f64::from(*x) / f64::from(1.0 - rate);
                assert!(
                    (f64::from(*g) - expected).abs() < 1e-4 * expected.abs() + 1e-6,
                    "{g} {expected}"
                );
            }
            kept
        };
        let first = kept(Step { seed: 1, index: 0 });
        assert_eq!(first, kept(Step { seed: 1, index: 0 }), "the same step");
        let share = first.iter().filter(|kept| !**kept).count() as f64 / CHANNELS as f64;
        let deviation = f64::from(rate * (1.0 - rate) / CHANNELS as f32).sqrt();
        assert!((share - f64::from(rate)).abs() < 5.0 * deviation, "{share} dropped of {rate}");
        for other in [Step { seed: 1, index: 1 }, Step { seed: 2, index: 0 }] {
            let same = first.iter().zip(kept(other)).filter(|(a, b)| **a == *b).count();
            assert!(same < CHANNELS * 7 / 10, "{same} values dropped or kept alike");
        }
        let before = engine.predict(images).unwrap();
        assert_eq!(before, engine.predict(images).unwrap(), "nothing is dropped in prediction");
    }
}

/// So that a head can be fitted, and asked, on features alone.
#[test]
fn the_head_alone_says_of_the_features_what_the_whole_network_says() {
    for head in [Head::Fastai { classes: 5 }, Head::Linear { classes: 5 }] {
        let architecture = Architecture { backbone: Backbone::Small, head };
        let (whole, alone) = (architecture.graph(), architecture.head_graph());
        let parameters = filled(&whole, None);
        let skipped = whole.parameters().len() - alone.parameters().len();
        let last = parameters.tensors()[skipped..].to_vec();
        let batch = Batch::new(0, [7, 40, 33], &whole);
        let outputs =
            engine_with(&whole, &parameters, Trained::All).predict(batch.images()).unwrap();
        let parameters = Parameters::new(&alone, last).unwrap();
        let mut engine = engine_with(&alone, &parameters, Trained::All);
        let images = Images { pixels: &outputs.features, count: 7, height: 1, width: 1 };
        let of_features = engine.predict(images).unwrap();
        assert_eq!(bits(&of_features.logits), bits(&outputs.logits), "{head:?}");
        assert!(of_features.features.is_empty());
    }
}

/// With norms that stay as they are, a step sees what a prediction sees, moves no running statistics,
/// and its gradients are the slopes of that.
#[test]
fn norms_that_stay_are_those_of_prediction() {
    let graph = common::without_dropout(
        &Architecture { backbone: Backbone::Small, head: Head::Linear { classes: 3 } }.graph(),
    );
    let mut values = filled(&graph, None);
    let mut engine = engine_with(&graph, &values, Trained::AllButNorms);
    let batch = Batch::new(0, [4, 24, 24], &graph);
    let loss = |engine: &mut engine::Cpu| {
        let said = engine.predict(batch.images()).unwrap();
        let losses = said.rows().zip(&batch.labels).map(|(row, &label)| {
            let sum: f64 = row.iter().map(|&x| f64::from(x - row[label]).exp()).sum();
            sum.ln()
        });
        losses.sum::<f64>() / batch.labels.len() as f64
    };
    let predicted = loss(&mut engine);
    let trained = engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
    assert!((predicted - f64::from(trained)).abs() < 1e-4, "{trained} is not {predicted}");
    assert_eq!(engine.parameters(), values, "nothing has moved");
    let gradient = engine.gradient();
    for (at, parameter) in graph.parameters().iter().enumerate() {
        let own = &gradient.tensors()[at].data;
        if parameter.role.is_norm() || !parameter.role.is_trained() {
            assert!(own.iter().all(|&x| x == 0.0), "{} stays", parameter.name);
            continue;
        }
        // Along the gradient itself, which is steepest.
        let length = own.iter().map(|x| x * x).sum::<f32>().sqrt();
        let by = 1e-4 * values.tensors()[at].data.iter().map(|x| x * x).sum::<f32>().sqrt();
        let along = |values: &mut Parameters, by: f32| {
            let data = values.tensor_mut(at).data.iter_mut();
            data.zip(own).for_each(|(x, slope)| *x += by * slope / length);
        };
        let mut there = |by: f32| {
            let before = values.clone();
            along(&mut values, by);
            engine.set_parameters(&values).unwrap();
            values = before;
            loss(&mut engine)
        };
        let slope = (there(by) - there(-by)) / (2.0 * f64::from(by));
        let ratio = slope / f64::from(length);
        assert!((ratio - 1.0).abs() < 0.05, "{}: {slope} is not {length}", parameter.name);
    }
    engine.set_parameters(&values).unwrap();
    engine.gradients(batch.images(), &batch.labels, step(0)).unwrap();
    engine.update(&adam(&graph));
    let after = engine.parameters();
    for (parameter, (a, b)) in
        graph.parameters().iter().zip(values.tensors().iter().zip(after.tensors()))
    {
        let moves = parameter.role.is_trained() && !parameter.role.is_norm();
        assert_eq!(a != b, moves, "{}", parameter.name);
    }
}
