//! Whose reasons a saved classifier shows, and of which pictures.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::path::Path;

use classifier::{Classifier, Made, Material, Views, heat_maps};
use engine::{Cpu, Engine};
use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use ground::{Digest, Stop};
use insight::{HeldOut, Insight, Protocol, RunRecord, Whose};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::{Dataset, Item, Preprocess, Side};
use training::Reasons;
use training::features::DerivedCache;
use training::head::{Layers, Linear};

const SIZE: usize = 128;
const COUNT: usize = 20;
const SHOWN: [usize; 3] = [2, 9, 9];

fn architecture() -> Architecture {
    Architecture { backbone: Backbone::Small, head: Head::Linear { classes: 2 } }
}

/// Pictures of noise in two classes.
fn data() -> Dataset {
    let item = |picture: usize| Item {
        place: format!("{picture}.png").as_str().into(),
        label: picture % 2,
        digest: Digest::of(&picture.to_le_bytes()),
        side: Side::Train,
        width: SIZE as u32,
        height: SIZE as u32,
    };
    let square = |picture: usize| {
        let mut draws = Draws::new(3, Purpose::Synthetic, &[picture as u64]);
        (0..SIZE * SIZE * 3).map(|_| draws.below(256) as u8).collect()
    };
    let names = vec!["ant".into(), "bee".into()];
    let items = (0..COUNT).map(item).collect();
    Dataset::of_squares(names, items, SIZE, (0..COUNT).map(square).collect())
}

/// A classifier by which each fourth picture is called by the other's name, and the surer the
/// later; and its engine.
fn built(data: &Dataset, protocol: Protocol) -> (Classifier, Cpu) {
    let architecture = architecture();
    let parameters = Parameters::start(&architecture.graph(), 7);
    let mut engine = Cpu::new(architecture.graph());
    engine.set_parameters(&parameters).unwrap();
    let folds = if matches!(protocol, Protocol::OutOfFold { .. }) { 2 } else { 1 };
    let say = |picture: usize| {
        let wrong = picture % 4 == 3;
        let called = if wrong { 1 - picture % 2 } else { picture % 2 };
        let mut logits = vec![0.0; 2];
        logits[called] = 1.0 + picture as f32 / 10.0;
        let fold = picture / 4 % folds;
        HeldOut { actual: picture % 2, logits, fold, group: picture, ..HeldOut::default() }
    };
    let pictures: Vec<usize> = (0..COUNT).collect();
    let material = Material {
        architecture,
        preprocess: Preprocess::square(Backbone::ResNet50.preprocessing(), SIZE),
        views: Views::default(),
        parameters,
        recipe: serde_json::json!({}),
        made: Made { program: "test".into(), pretrained: None },
        data,
        folder: Path::new(""),
        record: RunRecord {
            classes: data.classes.clone(),
            protocol,
            held_out: (0..COUNT).map(say).collect(),
            ..RunRecord::default()
        },
        held_out: &pictures,
        reference: None,
        features: None,
    };
    (material.build(&mut engine).unwrap(), engine)
}

/// One that was trained to say something of its own.
fn head(seed: u64) -> Layers {
    let graph = architecture().graph();
    let width = graph.channels(graph.cut());
    let mut draws = Draws::new(seed, Purpose::Synthetic, &[]);
    let weights = (0..2 * width).map(|_| draws.normal() as f32).collect();
    Linear { classes: 2, weights, bias: vec![0.0; 2] }.into()
}

fn explain(
    classifier: &mut Classifier,
    engine: &mut Cpu,
    data: &Dataset,
    judges: &[Layers],
    kept: DerivedCache,
    most: usize,
) {
    let pictures: Vec<usize> = (0..COUNT).collect();
    let kept = Some((Digest::of(b"the body"), kept));
    let reasons =
        Reasons { data, pictures: &pictures, fold_heads: judges, kept, shown: SHOWN, most };
    let mut insight = Insight::of(&classifier.record);
    reasons.explain(classifier, &mut insight, engine, &Silent, &Stop::new()).unwrap();
    assert!(insight == Insight::of(&classifier.record), "what follows has the maps too");
}

/// What the network with this head says for itself, strongest cell 255.
fn expected(
    classifier: &Classifier,
    head: &Layers,
    data: &Dataset,
    picture: usize,
) -> Vec<Vec<u8>> {
    let mut tensors = classifier.parameters.tensors().to_vec();
    let count = tensors.len();
    tensors[count - 2..].clone_from_slice(head.parameters.tensors());
    let graph = architecture().graph();
    let parameters = Parameters::new(&graph, tensors).unwrap();
    let mut engine = Cpu::new(graph);
    engine.set_parameters(&parameters).unwrap();
    let mut square = vec![0; SIZE * SIZE * 3];
    data.read(picture, &mut square).unwrap();
    let classes = [1 - picture % 2, picture % 2];
    let maps = heat_maps(&mut engine, &classifier.preprocess, &[&square], &classes, false).unwrap();
    let largest = maps.values.iter().copied().fold(0.0, f32::max);
    let byte = |x: &f32| (255.0 * x / largest).clamp(0.0, 255.0).round() as u8;
    maps.each().map(|map| map.iter().map(byte).collect()).collect()
}

#[test]
fn each_picture_is_explained_by_the_one_that_judged_it() {
    let data = data();
    let (mut classifier, mut engine) = built(&data, Protocol::OutOfFold { folds: 2, repeats: 1 });
    let before = classifier.record.clone();
    let judges = [head(1), head(2)];
    explain(&mut classifier, &mut engine, &data, &judges, DerivedCache::default(), 99);
    let reasons = classifier.record.reasons.unwrap();
    assert_eq!((reasons.whose, reasons.side), (Whose::Judge, 4));
    for (picture, prediction) in classifier.record.held_out.iter().enumerate() {
        if picture % 4 == 3 {
            // Called by the other's name, which comes first.
            let classes: Vec<usize> = prediction.heat.iter().map(|heat| heat.class).collect();
            assert_eq!(classes, [1 - picture % 2, picture % 2]);
            let own = expected(&classifier, &judges[prediction.fold], &data, picture);
            let other = expected(&classifier, &judges[1 - prediction.fold], &data, picture);
            for (heat, (own, other)) in prediction.heat.iter().zip(own.iter().zip(other)) {
                // Another batch may round otherwise.
                let near = |a: &[u8]| a.iter().zip(&heat.cells).all(|(a, b)| a.abs_diff(*b) < 2);
                assert!(near(own) && !near(&other), "{picture}: {own:?} {other:?} {heat:?}");
            }
        }
    }
    let heated = classifier.record.held_out.iter().filter(|p| !p.heat.is_empty()).count();
    assert_eq!(heated, 5, "the wrong ones; the largest losses are among them");
    assert!(engine.parameters() == classifier.parameters, "put back");
    // A file carries it.
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.lookalike");
    classifier.save(&path).unwrap();
    assert!(Classifier::load(&path).unwrap().record == classifier.record);
    assert!(before.reasons.is_none());
}

#[test]
fn without_judges_the_classifier_itself_is_asked_and_says_so() {
    let data = data();
    let (mut classifier, mut engine) = built(&data, Protocol::Test);
    explain(&mut classifier, &mut engine, &data, &[], DerivedCache::default(), 3);
    assert_eq!(classifier.record.reasons.unwrap().whose, Whose::Saved);
    let heated = classifier.record.held_out.iter().filter(|p| !p.heat.is_empty()).count();
    assert_eq!(heated, 3, "no more than is asked for");
}

#[test]
fn what_is_kept_is_found_again_and_only_by_the_same_judges() {
    let data = data();
    let place = tempfile::tempdir().unwrap();
    let kept = || DerivedCache::within(place.path());
    let (plain, mut engine) = built(&data, Protocol::OutOfFold { folds: 2, repeats: 1 });
    let judges = [head(1), head(2)];
    let mut first = plain.clone();
    explain(&mut first, &mut engine, &data, &judges, kept(), 99);
    // An engine of another network would fail were it asked.
    let mut other =
        Cpu::new(Architecture { head: Head::Linear { classes: 3 }, ..architecture() }.graph());
    let mut again = plain.clone();
    explain(&mut again, &mut other, &data, &judges, kept(), 99);
    assert!(again.record == first.record);
    let mut turned = plain;
    explain(&mut turned, &mut engine, &data, &[head(2), head(1)], kept(), 99);
    assert!(turned.record != first.record);
}
