//! How well the default recipe does with one backbone or another on the features of a folder, over
//! several assignments to folds: what its default backbone was chosen by.
//!
//! ```sh
//! cargo run --release -p lookalike-training --example backbones -- --seeds 1..10 --out /tmp/backbones \
//!     photos/ efficientnet-lite0 efficientnet-lite2 resnet50=resnet50.safetensors
//! ```
//!
//! A backbone without a file has the weights that are part of the program. Features that lie in the
//! folder `--out` are taken again, and so are their times.

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use engine::{Cpu, Engine};
use ground::Stop;
use ground::progress::Silent;
use network::{Backbone, Graph, Parameters};
use pictures::{Dataset, Folder, Preprocess, dataset};
use training::auto::{Auto, fit};
use training::features::{About, DerivedCache, Features, Table, width};
use weights::{Embedded, Part};

fn main() {
    let (mut seeds, mut out, mut typed) = (1..=10, PathBuf::from("backbones"), vec![]);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value behind an option");
        match word.as_str() {
            "--out" => out = value().into(),
            "--seeds" => {
                let value = value();
                let (first, last) = value.split_once("..").expect("seeds as FIRST..LAST");
                seeds = first.parse().unwrap()..=last.parse().unwrap();
            }
            _ => typed.push(word),
        }
    }
    let (folder, backbones) = typed.split_first().expect("a folder and backbones");
    fs::create_dir_all(&out).unwrap();
    let folder = Folder::scan(Path::new(folder)).unwrap();
    for typed in backbones {
        let (name, file) = match typed.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (typed.as_str(), None),
        };
        let settings = Auto { repeats: Some(1), ..Auto::new(name.parse().unwrap()) };
        let graph = settings.architecture(folder.classes.len()).graph();
        let body = body(settings.backbone, file, &graph);
        let data = prepared(&folder, &settings);
        let kept = out.join(typed.replace(['/', '='], "-"));
        let (rows, seconds) = extracted(&data, &settings, &graph, &body, &kept);
        let features = features(Table::new(width(&graph), rows), &data);
        let results: Vec<(f64, f64)> = seeds
            .clone()
            .map(|seed| result(&Auto { seed, ..settings.clone() }, &data, &features, &body))
            .collect();
        let mean =
            |of: fn(&(f64, f64)) -> f64| results.iter().map(of).sum::<f64>() / results.len() as f64;
        println!(
            "{typed}: {:.2}% right, log-loss {:.4}, {:.1} ms a picture; right in each: {:?}",
            100.0 * mean(|r| r.0),
            mean(|r| r.1),
            1e3 * seconds,
            results.iter().map(|r| (r.0 * data.items.len() as f64).round()).collect::<Vec<_>>()
        );
    }
}

fn body(backbone: Backbone, file: Option<&str>, graph: &Graph) -> Parameters {
    match file {
        Some(file) => weights::load(Path::new(file), graph, Part::Body { seed: 0 }).unwrap(),
        None => {
            let embedded = Embedded::of(backbone).expect("weights that are part of the program");
            embedded.load(graph, 0).unwrap()
        }
    }
}

fn prepared(folder: &Folder, settings: &Auto) -> Dataset {
    let how = dataset::Settings { valid_fraction: 0.0, ..dataset::Settings::default() };
    let preprocess = Preprocess::square(settings.backbone.preprocessing(), settings.size);
    Dataset::prepare(folder, &preprocess, &how, &Silent, &Stop::new()).unwrap()
}

/// The features of all pictures, and the seconds that one took.
fn extracted(
    data: &Dataset,
    settings: &Auto,
    graph: &Graph,
    body: &Parameters,
    kept: &Path,
) -> (Vec<f32>, f64) {
    let (rows, timed) = (kept.with_extension("f32"), kept.with_extension("seconds"));
    if let (Ok(bytes), Ok(seconds)) = (fs::read(&rows), fs::read_to_string(&timed)) {
        let numbers = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        return (numbers.collect(), seconds.parse().unwrap());
    }
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(body).unwrap();
    let preprocess = Preprocess::square(settings.backbone.preprocessing(), settings.size);
    let square = |picture: usize| {
        let mut square = vec![0; settings.size * settings.size * 3];
        data.read(picture, &mut square).unwrap();
        square
    };
    let (mut numbers, began) = (vec![], Instant::now());
    for pictures in (0..data.items.len()).collect::<Vec<_>>().chunks(32) {
        let squares: Vec<Vec<u8>> = pictures.iter().map(|&picture| square(picture)).collect();
        let squares: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
        let seen = classifier::features(&mut engine, &preprocess, &squares, settings.looks());
        numbers.extend(seen.unwrap().into_iter().flatten());
    }
    let seconds = began.elapsed().as_secs_f64() / data.items.len() as f64;
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    ground::files::write(&rows, &bytes).unwrap();
    ground::files::write(&timed, seconds.to_string().as_bytes()).unwrap();
    (numbers, seconds)
}

fn features(table: Table, data: &Dataset) -> Features {
    let about = About { width: 1, height: 1, colour: [0.0; 3] };
    Features {
        table,
        about: vec![about; data.items.len()],
        computed: 0,
        kept: DerivedCache::default(),
    }
}

/// The share that the selected head names out of fold, and its log-loss.
fn result(settings: &Auto, data: &Dataset, features: &Features, body: &Parameters) -> (f64, f64) {
    let (bytes, stop) = (vec![0; data.items.len()], Stop::new());
    let fitted = fit(settings, data, features, body.clone(), Some(&bytes), &Silent, &stop).unwrap();
    let selected = fitted.record.candidates.iter().find(|candidate| candidate.chosen).unwrap();
    let (wrong, of) = selected.errors;
    (1.0 - wrong as f64 / of as f64, selected.log_loss)
}
