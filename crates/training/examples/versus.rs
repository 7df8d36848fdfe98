//! The default recipe against fastai's, asked about the same pictures: each picture is judged by a
//! run of either recipe that had not trained on it, in the same folds.
//!
//! ```sh
//! cargo run --release -p lookalike-training --example versus -- --weights resnet50.safetensors \
//!     --backbone resnet50 --frozen-epochs 20 --epochs 20 --lr 1e-6..1e-5 --out /tmp/versus photos/
//! ```
//!
//! A run of the classic recipe takes long, so what each fold's run says is kept in the folder: the
//! same command goes on with the folds that are missing. `--folds 2` stops after two of the five,
//! and the two recipes are then compared on the pictures of these.
//!
//! `--splits 1,2,3` compares on pictures that are held out instead, a fifth of each class
//! (`--valid 0.2`), assigned anew under each of these seeds. What is printed after each split pools all
//! so far; a picture that was held out in several counts as one witness.

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::fs;
use std::path::PathBuf;

use engine::{Cpu, Engine};
use ground::Stop;
use ground::progress::Silent;
use insight::{Epoch, compare};
use network::Backbone;
use pictures::{Dataset, Folder, Preprocess, Side, dataset};
use training::auto::{Auto, Fitted, fit};
use training::features::{self, Cache};
use training::{Classic, Observer};

struct Asked {
    weights: PathBuf,
    backbone: Backbone,
    out: PathBuf,
    folds: usize,
    splits: Vec<u64>,
    valid: f64,
    folder: PathBuf,
    frozen_epochs: usize,
    epochs: usize,
    rates: Option<training::Rates>,
    seed: u64,
}

/// Says how each epoch went.
struct Told(usize);

impl Observer for Told {
    fn epoch_finished(&mut self, epoch: &Epoch) {
        let Epoch { stage, epoch, train_loss, errors, seconds, .. } = epoch;
        let (wrong, of) = errors.unwrap_or_default();
        println!(
            "fold {}, {stage} epoch {epoch}: loss {train_loss:.3}, {wrong} of {of} wrong, {seconds:.0} s",
            self.0
        );
    }
}

fn main() {
    let asked = asked();
    fs::create_dir_all(&asked.out).unwrap();
    let settings = Auto { seed: asked.seed, ..Auto::new(asked.backbone) };
    let preprocess = Preprocess::square(Backbone::ResNet50.preprocessing(), settings.size);
    let folder = Folder::scan(&asked.folder).unwrap();
    // All pictures without a seed, assigned to folds; or some held out under each seed.
    let deals: Vec<Option<u64>> = match asked.splits[..] {
        [] => vec![None],
        ref seeds => seeds.iter().copied().map(Some).collect(),
    };
    let (mut ours, mut theirs, mut labels, mut groups) = (vec![], vec![], vec![], vec![]);
    for deal in deals {
        let how = dataset::Settings {
            valid_fraction: deal.map_or(0.0, |_| asked.valid),
            seed: deal.unwrap_or(asked.seed),
            margin: true, // classic learns from every place
            ..dataset::Settings::default()
        };
        let mut data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap();
        let fitted = default_recipe(&asked, &settings, &preprocess, &data);
        for fold in 0..deal.map_or(asked.folds, |_| 1) {
            let all = fitted.held_out.iter().zip(&fitted.record.held_out);
            let of_fold: Vec<_> = all.filter(|(_, one)| one.fold == fold).collect();
            let mut sides = vec![Side::Train; data.items.len()];
            of_fold.iter().for_each(|&(&picture, _)| sides[picture] = Side::Valid);
            data.set_sides(&sides);
            let split = deal.map_or_else(String::new, |seed| format!("split-{seed}-"));
            let said = classic_recipe(&asked, &preprocess, &data, fold, &split);
            for ((&ours_is, one), (picture, logits)) in of_fold.into_iter().zip(said) {
                assert_eq!(ours_is, picture, "both in the order of the pictures");
                ours.push(one.logits.clone());
                theirs.push(logits);
                labels.push(data.items[picture].label);
                groups.push(one.group);
            }
            let found = compare("classic", &theirs, "default", &ours, &labels, &groups);
            println!("{}", serde_json::to_string_pretty(&found).unwrap());
        }
    }
}

fn asked() -> Asked {
    let mut asked = Asked {
        weights: PathBuf::new(),
        backbone: Backbone::ResNet50,
        out: PathBuf::from("versus"),
        folds: Auto::FOLDS,
        splits: vec![],
        valid: 0.2,
        folder: PathBuf::new(),
        frozen_epochs: 20,
        epochs: 0,
        rates: None,
        seed: 42,
    };
    let mut typed = std::env::args().skip(1);
    while let Some(word) = typed.next() {
        let mut value = || typed.next().expect("a value behind an option");
        match word.as_str() {
            "--weights" => asked.weights = value().into(),
            "--backbone" => asked.backbone = value().parse().expect("the name of a backbone"),
            "--out" => asked.out = value().into(),
            "--folds" => asked.folds = value().parse().unwrap(),
            "--splits" => {
                asked.splits = value().split(',').map(|seed| seed.parse().unwrap()).collect();
            }
            "--valid" => asked.valid = value().parse().unwrap(),
            "--frozen-epochs" => asked.frozen_epochs = value().parse().unwrap(),
            "--epochs" => asked.epochs = value().parse().unwrap(),
            "--lr" => asked.rates = Some(value().parse().expect("rates as A..B")),
            "--seed" => asked.seed = value().parse().unwrap(),
            _ => asked.folder = PathBuf::from(word),
        }
    }
    asked
}

fn default_recipe(
    asked: &Asked,
    settings: &Auto,
    preprocess: &Preprocess,
    data: &Dataset,
) -> Fitted {
    let graph = settings.architecture(data.classes.len()).graph();
    let body = weights::load(&asked.weights, &graph, weights::Part::Body { seed: 0 }).unwrap();
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&body).unwrap();
    let key = features::key(&graph, &body, preprocess, settings.looks());
    let cache = Cache::open(&asked.out, &key, features::width(&graph)).unwrap();
    let stop = Stop::new();
    let features =
        features::extract(&mut engine, data, preprocess, settings.looks(), cache, &Silent, &stop)
            .unwrap();
    let bytes = vec![0; data.items.len()];
    fit(settings, data, &features, body, Some(&bytes), &Silent, &stop).unwrap()
}

/// What the classic recipe says of the held-out pictures, having trained on the others.
fn classic_recipe(
    asked: &Asked,
    preprocess: &Preprocess,
    data: &Dataset,
    fold: usize,
    split: &str,
) -> Vec<(usize, Vec<f32>)> {
    let settings = Classic {
        frozen_epochs: asked.frozen_epochs,
        epochs: asked.epochs,
        seed: asked.seed,
        ..Classic::pretrained(asked.backbone, data.classes.len())
    };
    let settings = Classic { rates: asked.rates.unwrap_or(settings.rates), ..settings };
    let recipe = serde_json::to_string(&settings).unwrap();
    let name = ground::Digest::of(recipe.as_bytes()).to_string();
    let path = asked.out.join(format!("{}-{split}fold-{fold}.json", &name[..8]));
    if let Ok(text) = fs::read_to_string(&path) {
        return serde_json::from_str(&text).unwrap();
    }
    let graph = settings.architecture.graph();
    let part = weights::Part::Body { seed: asked.seed };
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&weights::load(&asked.weights, &graph, part).unwrap()).unwrap();
    let stop = Stop::new();
    let run = training::run(&mut engine, data, preprocess, &settings, None, &mut Told(fold), &stop)
        .unwrap();
    let said: Vec<(usize, Vec<f32>)> =
        run.held_out.into_iter().map(|held| (held.picture, held.logits)).collect();
    ground::files::write(&path, serde_json::to_string(&said).unwrap().as_bytes()).unwrap();
    said
}
