//! A new classifier: what a run hands over becomes one that knows its pictures.
#![allow(clippy::unwrap_used)] // in helpers of tests too

use std::path::Path;

use classifier::{
    Classifier, Known, Learned, Made, Material, Views, averages, evenly, features, heat_maps,
    self_tested,
};
use engine::{Cpu, Engine};
use ground::Stop;
use ground::progress::Silent;
use insight::{Calibration, Candidate, HeldOut, Part, Protocol, RunRecord};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::{Dataset, Folder, Preprocess, dataset};

const SIZE: u32 = 32;
const FOLDS: usize = 5;

/// Twelve pictures of noise a class, none held out.
fn draw(folder: &Path) {
    for picture in 0..24usize {
        let class = folder.join(["husky", "malamute"][picture / 12]);
        std::fs::create_dir_all(&class).unwrap();
        let noise = |i: usize| ((i * i + 31 * i * picture + 97 * picture) % 251) as u8;
        let pixels: Vec<u8> = (0..(SIZE * SIZE * 3) as usize).map(noise).collect();
        let path = class.join(format!("{:02}.png", picture % 12));
        image::save_buffer(&path, &pixels, SIZE, SIZE, image::ExtendedColorType::Rgb8).unwrap();
    }
}

#[test]
fn what_a_run_hands_over_is_in_the_file_and_is_compared_with() {
    for head in [Head::Fastai { classes: 2 }, Head::Hidden { classes: 2 }] {
        handed_over(head);
    }
}

fn handed_over(head: Head) {
    let place = tempfile::tempdir().unwrap();
    draw(place.path());
    let preprocess = Preprocess::square(Backbone::ResNet50.preprocessing(), SIZE as usize);
    let how = dataset::Settings { valid_fraction: 0.0, ..dataset::Settings::default() };
    let folder = Folder::scan(place.path()).unwrap();
    let data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap();
    assert_eq!(data.items.len(), 24);

    let architecture = Architecture { backbone: Backbone::Small, head };
    let graph = architecture.graph();
    let parameters = Parameters::start(&graph, 7);
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&parameters).unwrap();
    let squares: Vec<Vec<u8>> = (0..24)
        .map(|picture| {
            let mut square = vec![0; (SIZE * SIZE * 3) as usize];
            data.read(picture, &mut square).unwrap();
            square
        })
        .collect();
    let views: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
    let seen = features(&mut engine, &preprocess, &views, Views::of(2).unwrap()).unwrap();
    let rows: Vec<f32> = seen.iter().flat_map(|row| averages(head, row).to_vec()).collect();
    let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
    let learned = Learned::new(&evenly(&labels), graph.channels(graph.cut()), &rows);
    let other_fold = |query: usize, picture: usize| query % FOLDS != picture % FOLDS;
    let novelties = learned.novelties(&rows, other_fold);

    let held_out = |(picture, &novelty): (usize, &Option<f32>)| HeldOut {
        actual: labels[picture],
        logits: vec![0.5, picture as f32 / 12.0 - 0.5],
        fold: picture % FOLDS,
        group: 100 + picture,
        novelty,
        ..HeldOut::default()
    };
    let candidate = Candidate {
        name: "class means".into(),
        log_loss: 0.5,
        range: None,
        behind: None,
        errors: (3, 24),
        chosen: true,
    };
    let indices: Vec<usize> = (0..24).collect();
    let material = |features| Material {
        architecture,
        preprocess: preprocess.clone(),
        views: Views::of(2).unwrap(),
        parameters: parameters.clone(),
        recipe: serde_json::json!({ "recipe": "auto" }),
        made: Made { program: "test".into(), pretrained: None },
        data: &data,
        folder: place.path(),
        record: RunRecord {
            classes: data.classes.clone(),
            protocol: Protocol::OutOfFold { folds: FOLDS, repeats: 1 },
            held_out: novelties.iter().enumerate().map(held_out).collect(),
            candidates: vec![candidate.clone()],
            ..RunRecord::default()
        },
        held_out: &indices,
        reference: Some(learned.clone()),
        features,
    };
    let built = material(None).build(&mut engine).unwrap();
    // Where features are known, an engine that holds nothing will do.
    let known = self_tested(&data).into_iter().map(|picture| seen[picture].clone());
    let again = material(Some(known.collect())).build(&mut Cpu::new(graph.clone())).unwrap();
    assert!(again == built);

    let Classifier { record, calibration, reference, self_test, .. } = &built;
    assert!(built.views.mirrored && record.candidates == [candidate]);
    let judged = &record.held_out[13];
    assert_eq!((judged.picture.as_str(), judged.actual), ("malamute/01.png", 1));
    assert_eq!((judged.fold, judged.group, judged.novelty), (13 % FOLDS, 113, novelties[13]));
    assert_eq!(calibration, &Calibration::of(record));
    let limit = calibration.novelty.unwrap();
    assert!(novelties.iter().any(|novelty| f64::from(novelty.unwrap()) == limit));

    let reference = reference.as_ref().unwrap();
    assert_eq!(reference.rows, learned.rows());
    let Known { picture, label, thumbnail } = &reference.pictures[13];
    assert_eq!((picture.as_str(), *label), ("malamute/01.png", 1));
    let shown = record.held_out[13].thumbnail.is_some()
        || record.samples.iter().any(|sample| sample.picture == *picture);
    assert_eq!(thumbnail.is_some(), shown);
    for known in reference.pictures.iter().filter(|known| known.thumbnail.is_some()) {
        let sample = record.samples.iter().find(|sample| sample.picture == known.picture);
        assert!(sample.is_none_or(|sample| Some(sample.thumbnail) == known.thumbnail));
    }

    // The file tells which pictures it keeps features of.
    let remembered = built.remembered().unwrap();
    assert_eq!(remembered.len(), 24);
    for (one, item) in remembered.iter().zip(&data.items) {
        assert_eq!((one.digest, one.known.label), (item.digest, item.label));
        assert_eq!(one.thumbnail.is_some(), one.known.thumbnail.is_some());
    }
    assert_eq!(
        (remembered[13].group, remembered[13].features.len()),
        (Some(113), graph.channels(graph.cut()))
    );
    let (digest, thirteenth) = built.judged().nth(13).unwrap();
    assert_eq!((digest, thirteenth.picture.as_str()), (data.items[13].digest, "malamute/01.png"));
    let mut other = built.clone();
    other.data.pictures.pop();
    assert!(other.remembered().is_none() && other.judged().next().is_none());

    // Where scores come from a part of the pictures, it tells from which.
    let part = Part::of(24, 3).unwrap();
    let mut other = built.clone();
    other.record.held_out = part.places().map(|at| record.held_out[at].clone()).collect();
    assert!(other.judged().next().is_none(), "from which it does not say");
    other.record.part = Some(part);
    let judged: Vec<_> = other.judged().map(|(digest, one)| (digest, &*one.picture)).collect();
    let names = [0, 8, 16].map(|at| (data.items[at].digest, &*record.held_out[at].picture));
    assert_eq!(judged, names);
    other.record.part = Some(Part { kept: 24, of: 24 });
    assert!(other.save(&place.path().join("whole.lookalike")).is_err(), "that is no part");

    // Each picture of the self-test is one of the reference's own.
    assert!(self_test.iter().all(|test| test.novelty.is_some_and(|n| f64::from(n) < limit)));
    assert_eq!(built.verify(&mut engine).unwrap(), 0.0);
    let path = place.path().join("dogs.lookalike");
    built.save(&path).unwrap();
    let loaded = Classifier::load(&path).unwrap();
    assert!(loaded == built);
    assert_eq!(loaded.verify(&mut engine).unwrap(), 0.0, "on the numbers that the file holds");
    let maps = heat_maps(&mut engine, &loaded.preprocess, &views[..2], &[0, 1], true).unwrap();
    assert!(maps.values.iter().all(|x| x.is_finite()) && maps.values.iter().any(|&x| x != 0.0));
}
