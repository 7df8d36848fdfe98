//! Pictures of another data set are called unfamiliar, and known kinds are not: with ImageNet's
//! weights, on real pictures. With `LOOKALIKE_SLOW=1` on all of them.
#![allow(clippy::unwrap_used)] // in helpers of tests too

use std::path::{Path, PathBuf};

use classifier::{Learned, Views, averages, evenly, features};
use engine::{Cpu, Engine};
use insight::{Calibration, FALSE_ALARMS, HeldOut, Protocol, RunRecord};
use network::{Architecture, Backbone, Head};
use pictures::{Limits, Preprocess};

const FOLDS: usize = 5;

/// The folder with data and weights, where there is one.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LOOKALIKE_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join("weights").is_dir() && folder.join("data").is_dir();
    if !found {
        eprintln!("skipped: no data and weights in {}; set LOOKALIKE_SHARED", folder.display());
    }
    found.then_some(folder)
}

/// Every so-manieth picture of a data set, by class.
fn pictures_of(set: &Path, every: usize) -> (Vec<PathBuf>, Vec<usize>) {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let mut all: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    };
    let classes = entries(set).into_iter().filter(|path| path.is_dir()).enumerate();
    classes
        .flat_map(|(label, class)| {
            entries(&class).into_iter().step_by(every).map(move |path| (path, label))
        })
        .unzip()
}

/// What ResNet-50's body sees in pictures, averaged over each and its mirror image.
fn seen(shared: &Path, files: &[PathBuf]) -> Vec<f32> {
    let head = Head::Fastai { classes: 2 };
    let graph = Architecture { backbone: Backbone::ResNet50, head }.graph();
    let file = shared.join("weights/resnet50.safetensors");
    let parameters = weights::load(&file, &graph, weights::Part::Body { seed: 0 }).unwrap();
    let mut engine = Cpu::new(graph);
    engine.set_parameters(&parameters).unwrap();
    let preprocess = Preprocess::square(Backbone::ResNet50.preprocessing(), 224);
    let mut rows = vec![];
    for files in files.chunks(16) {
        let square = |file: &PathBuf| {
            preprocess.pixels(&pictures::read(file, &Limits::default()).unwrap().0)
        };
        let squares: Vec<Vec<u8>> = files.iter().map(square).collect();
        let views: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
        let seen = features(&mut engine, &preprocess, &views, Views::of(2).unwrap()).unwrap();
        seen.iter().for_each(|row| rows.extend_from_slice(averages(head, row)));
    }
    rows
}

/// The limit beyond which a picture is unfamiliar, of pictures judged against other folds.
fn limit(novelties: &[Option<f32>], folds: &[usize]) -> f32 {
    let prediction = |(group, (&novelty, &fold)): (usize, (&Option<f32>, &usize))| HeldOut {
        logits: vec![0.0; 2],
        group,
        fold,
        novelty,
        ..HeldOut::default()
    };
    let record = RunRecord {
        classes: vec!["one".into(), "other".into()],
        protocol: Protocol::OutOfFold { folds: FOLDS, repeats: 1 },
        held_out: novelties.iter().zip(folds).enumerate().map(prediction).collect(),
        ..RunRecord::default()
    };
    Calibration::of(&record).novelty.unwrap() as f32
}

#[test]
fn most_intruders_are_unfamiliar_and_few_known_pictures_are() {
    let Some(shared) = shared() else { return };
    let every = if std::env::var_os("LOOKALIKE_SLOW").is_some() { 1 } else { 8 };
    let sets = ["ants_bees", "dogs3_sled"].map(|set| {
        let (files, labels) = pictures_of(&shared.join("data").join(set), every);
        (seen(&shared, &files), labels)
    });
    for (known, strange) in [(0, 1), (1, 0)] {
        let (rows, labels) = &sets[known];
        let width = rows.len() / labels.len();
        let row = |picture: usize| &rows[picture * width..][..width];
        let of =
            |pictures: &[usize]| pictures.iter().flat_map(|&p| row(p)).copied().collect::<Vec<_>>();
        // A quarter is kept apart: pictures of known kinds that nothing was fitted on.
        let (fresh, known): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|picture| picture % 4 == 3);
        let labels: Vec<usize> = known.iter().map(|&picture| labels[picture]).collect();
        let known: Vec<usize> = evenly(&labels).into_iter().map(|place| known[place]).collect();
        let folds: Vec<usize> = (0..known.len()).map(|place| place % FOLDS).collect();

        let places: Vec<usize> = (0..known.len()).collect();
        let learned = Learned::new(&places, width, &of(&known));
        let novelties = learned.novelties(&of(&known), |query, place| folds[query] != folds[place]);
        let limit = limit(&novelties, &folds);
        let flagged = |rows: &[f32]| {
            let novelties = learned.novelties(rows, |_, _| true);
            let flagged = novelties.iter().filter(|novelty| novelty.unwrap() > limit).count();
            flagged as f64 / novelties.len() as f64
        };
        let (intruders, alarms) = (flagged(&sets[strange].0), flagged(&of(&fresh)));
        println!(
            "{} known, limit {limit:.3}: flagged {:.1} % of {} intruders, {:.1} % of {} fresh ones",
            known.len(),
            100.0 * intruders,
            sets[strange].1.len(),
            100.0 * alarms,
            fresh.len()
        );
        assert!(intruders >= 0.8, "{intruders} of the intruders");
        // Four standard errors above what is promised.
        let error = (FALSE_ALARMS * (1.0 - FALSE_ALARMS) / fresh.len() as f64).sqrt();
        assert!(alarms <= FALSE_ALARMS + 4.0 * error, "{alarms} of the known kinds");
    }
}
