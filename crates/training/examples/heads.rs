//! How well heads on a body's features tell the pictures of a folder apart, for several choices of
//! views and several deals of folds: what the default recipe's choices were made by.
//!
//! ```sh
//! cargo run --release -p lookalike-training --example heads -- \
//!     --weights resnet50.safetensors --backbone resnet50 --seeds 1..10 --out /tmp/heads photos/
//! bench/.venv/bin/python bench/heads.py /tmp/heads     # scikit-learn on the very same numbers
//! ```
//!
//! Into the folder go the features of each view (`VIEW.f32`, a row a picture), `deals.json` with
//! labels and folds, and `ours.json` with what our heads reached. Features that lie there are taken
//! again.

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use classifier::Views;
use engine::{Cpu, Engine};
use ground::progress::Silent;
use ground::{Digest, Stop};
use network::{Backbone, Parameters};
use pictures::{Dataset, Folder, Preprocess, Rgb, dataset, split};
use serde_json::json;
use training::auto::{Auto, fit};
use training::features::{About, DerivedCache, Features, Table, width};

/// A way to look at a picture.
struct View {
    name: &'static str,
    /// What is made of the picture: its shorter side, and the centre that is kept of it.
    picture: (usize, usize),
    /// Whether the middle of that is looked at, seven eighths a side.
    zoomed: bool,
    mirrored: bool,
}

const fn view(name: &'static str, picture: (usize, usize), zoomed: bool, mirrored: bool) -> View {
    View { name, picture, zoomed, mirrored }
}

const VIEWS: [View; 8] = [
    view("square", (224, 224), false, false),
    view("square-mirrored", (224, 224), false, true),
    view("crop", (256, 224), false, false),
    view("crop-mirrored", (256, 224), false, true),
    view("large", (288, 288), false, false),
    view("large-mirrored", (288, 288), false, true),
    view("zoomed", (224, 224), true, false),
    view("zoomed-mirrored", (224, 224), true, true),
];

/// Views whose features are averaged.
const CHOICES: [&[usize]; 10] =
    [&[0], &[2], &[4], &[0, 1], &[2, 3], &[4, 5], &[0, 2], &[0, 6], &[0, 1, 2, 3], &[0, 1, 6, 7]];

struct Asked {
    weights: PathBuf,
    backbone: Backbone,
    seeds: std::ops::RangeInclusive<u64>,
    out: PathBuf,
    folder: PathBuf,
}

fn main() {
    let asked = asked();
    fs::create_dir_all(&asked.out).unwrap();
    let settings = Auto::new(asked.backbone);
    let folder = Folder::scan(&asked.folder).unwrap();
    let graph = settings.architecture(folder.classes.len()).graph();
    let body = weights::load(&asked.weights, &graph, weights::Part::Body { seed: 0 }).unwrap();
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&body).unwrap();
    let wide = width(&graph);
    let rows: Vec<(Vec<f32>, f64)> =
        VIEWS.iter().map(|view| look(&asked, &folder, view, &mut engine, wide)).collect();
    let data =
        prepared(&folder, &Preprocess::square(settings.backbone.preprocessing(), settings.size));
    deal(&asked, &data);
    let mut ours = vec![];
    for choice in CHOICES {
        let names: Vec<&str> = choice.iter().map(|&at| VIEWS[at].name).collect();
        let numbers: Vec<f32> = (0..rows[0].0.len())
            .map(|i| choice.iter().map(|&at| rows[at].0[i]).sum::<f32>() / choice.len() as f32)
            .collect();
        let seconds: f64 = choice.iter().map(|&at| rows[at].1).sum();
        let features = features(Table::new(wide, numbers), &data);
        for seed in asked.seeds.clone() {
            let one = judged(&Auto { seed, ..settings.clone() }, &data, &features, &body);
            println!("{} seed {seed}: {one}", names.join("+"));
            ours.push(json!({"views": names, "seed": seed, "seconds": seconds, "heads": one}));
        }
    }
    let text = serde_json::to_string_pretty(&ours).unwrap();
    ground::files::write(&asked.out.join("ours.json"), text.as_bytes()).unwrap();
}

fn asked() -> Asked {
    let (mut weights, mut backbone, mut seeds, mut out, mut folder) =
        (None, Backbone::ResNet50, 1..=10, PathBuf::from("heads"), None);
    let mut typed = std::env::args().skip(1);
    while let Some(word) = typed.next() {
        let mut value = || typed.next().expect("a value behind an option");
        match word.as_str() {
            "--weights" => weights = Some(PathBuf::from(value())),
            "--backbone" => backbone = value().parse().expect("the name of a backbone"),
            "--out" => out = value().into(),
            "--seeds" => {
                let value = value();
                let (first, last) = value.split_once("..").expect("seeds as FIRST..LAST");
                seeds = first.parse().unwrap()..=last.parse().unwrap();
            }
            _ => folder = Some(PathBuf::from(word)),
        }
    }
    let weights = weights.expect("`--weights FILE` is needed");
    Asked { weights, backbone, seeds, out, folder: folder.expect("a folder is needed") }
}

fn prepared(folder: &Folder, preprocess: &Preprocess) -> Dataset {
    let how = dataset::Settings { valid_fraction: 0.0, ..dataset::Settings::default() };
    Dataset::prepare(folder, preprocess, &how, &Silent, &Stop::new()).unwrap()
}

/// The features of one view, and the seconds that a picture took.
fn look(
    asked: &Asked,
    folder: &Folder,
    view: &View,
    engine: &mut Cpu,
    wide: usize,
) -> (Vec<f32>, f64) {
    let path = asked.out.join(format!("{}.f32", view.name));
    let timed = path.with_extension("seconds");
    if let (Ok(bytes), Ok(seconds)) = (fs::read(&path), fs::read_to_string(&timed)) {
        let numbers = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        return (numbers.collect(), seconds.parse().unwrap());
    }
    let (short_side, size) = view.picture;
    let preprocess =
        Preprocess { short_side, ..Preprocess::square(asked.backbone.preprocessing(), size) };
    let zoom = Preprocess {
        short_side: size * 8 / 7,
        ..Preprocess::square(asked.backbone.preprocessing(), size)
    };
    let data = prepared(folder, &preprocess);
    let began = Instant::now();
    let mut rows = Vec::with_capacity(data.items.len() * wide);
    for pictures in (0..data.items.len()).collect::<Vec<_>>().chunks(32) {
        let squares: Vec<Vec<u8>> = pictures
            .iter()
            .map(|&picture| {
                let mut square = vec![0; size * size * 3];
                data.read(picture, &mut square).unwrap();
                if view.zoomed {
                    let side = size as u32;
                    square = zoom.pixels(&Rgb { width: side, height: side, data: square });
                }
                if view.mirrored { mirror(&square, size) } else { square }
            })
            .collect();
        let views: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
        let seen = classifier::features(engine, &preprocess, &views, Views::default()).unwrap();
        rows.extend(seen.into_iter().flatten());
    }
    let seconds = began.elapsed().as_secs_f64() / data.items.len() as f64;
    println!("{}: {:.1} ms a picture", view.name, 1e3 * seconds);
    let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
    ground::files::write(&path, &bytes).unwrap();
    ground::files::write(&timed, seconds.to_string().as_bytes()).unwrap();
    (rows, seconds)
}

fn mirror(square: &[u8], size: usize) -> Vec<u8> {
    let line = |line: &[u8]| line.as_chunks::<3>().0.iter().rev().copied().collect::<Vec<_>>();
    square.chunks_exact(3 * size).flat_map(line).flatten().collect()
}

/// Writes down who is in which fold.
fn deal(asked: &Asked, data: &Dataset) {
    let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
    let digests: Vec<Digest> = data.items.iter().map(|item| item.digest).collect();
    let deals: serde_json::Map<_, _> = asked
        .seeds
        .clone()
        .map(|seed| {
            let folds = split::folds(&labels, &digests, &data.groups, Auto::FOLDS, seed, 0);
            (seed.to_string(), json!(folds))
        })
        .collect();
    let text = json!({"labels": labels, "folds": deals, "choices": choices()}).to_string();
    ground::files::write(Path::new(&asked.out.join("deals.json")), text.as_bytes()).unwrap();
}

fn choices() -> Vec<Vec<&'static str>> {
    CHOICES.iter().map(|choice| choice.iter().map(|&at| VIEWS[at].name).collect()).collect()
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

/// What each kind of head reaches out of fold, and which is chosen.
fn judged(
    settings: &Auto,
    data: &Dataset,
    features: &Features,
    body: &Parameters,
) -> serde_json::Value {
    let bytes = vec![0; data.items.len()];
    let fitted =
        fit(settings, data, features, body.clone(), Some(&bytes), &Silent, &Stop::new()).unwrap();
    let heads = fitted.record.candidates.iter().map(|candidate| {
        let (wrong, of) = candidate.errors;
        json!({
            "head": candidate.name,
            "accuracy": 1.0 - wrong as f64 / of as f64,
            "log_loss": candidate.log_loss,
            "chosen": candidate.chosen,
        })
    });
    json!(heads.collect::<Vec<_>>())
}
