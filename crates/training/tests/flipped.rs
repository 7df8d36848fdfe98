//! Labels that were changed by hand are found again: with ImageNet's weights, on real pictures,
//! through the default recipe. With `LOOKALIKE_SLOW=1` by ResNet-50 and more often.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::path::{Path, PathBuf};

use engine::{Cpu, Engine};
use ground::Stop;
use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use insight::Insight;
use network::Backbone;
use pictures::{Dataset, Folder, Preprocess, dataset};
use training::auto::{Auto, fit};
use training::features::{self, Cache};

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

#[test]
fn most_changed_labels_are_among_the_first_suspects() {
    let Some(shared) = shared() else { return };
    let slow = std::env::var_os("LOOKALIKE_SLOW").is_some();
    // What is promised is promised of ResNet-50.
    let (backbone, weights, seeds, least) = match slow {
        true => (Backbone::ResNet50, "resnet50", 5, 0.8),
        false => (Backbone::ResNet18, "resnet18", 1, 0.7),
    };
    let settings = Auto::new(backbone);
    let graph = settings.architecture(2).graph();
    let file = shared.join(format!("weights/{weights}.safetensors"));
    let body = weights::load(&file, &graph, weights::Part::Body { seed: 0 }).unwrap();
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&body).unwrap();
    let preprocess = Preprocess::square(Backbone::ResNet50.preprocessing(), settings.size);
    let folder = Folder::scan(&shared.join("data/ants_bees")).unwrap();
    let how = dataset::Settings { valid_fraction: 0.0, ..dataset::Settings::default() };
    let mut data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let key = features::key(&graph, &body, &preprocess, settings.looks());
    let cache = Cache::open(cache.path(), &key, features::width(&graph)).unwrap();
    let stop = Stop::new();
    let features =
        features::extract(&mut engine, &data, &preprocess, settings.looks(), cache, &Silent, &stop)
            .unwrap();
    let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
    let bytes = vec![0; labels.len()];
    for share in [20, 10] {
        let (mut found, mut flipped_in_all) = (0, 0);
        for seed in 0..seeds {
            let mut order: Vec<usize> = (0..labels.len()).collect();
            Draws::new(seed, Purpose::Synthetic, &[share as u64]).shuffle(&mut order);
            let flipped = &order[..labels.len() / share];
            for (item, &label) in data.items.iter_mut().zip(&labels) {
                item.label = label;
            }
            flipped.iter().for_each(|&picture| data.items[picture].label = 1 - labels[picture]);
            let settings = Auto { seed, ..settings.clone() };
            let fitted =
                fit(&settings, &data, &features, body.clone(), Some(&bytes), &Silent, &stop)
                    .unwrap();
            let insight = Insight::of(&fitted.record);
            let suspects = insight.suspects.pictures.iter().take(flipped.len() * 3 / 2);
            let hits =
                suspects.filter(|suspect| flipped.contains(&fitted.held_out[suspect.picture]));
            let hits = hits.count();
            println!("{} flipped, seed {seed}: {hits} found", flipped.len());
            found += hits;
            flipped_in_all += flipped.len();
        }
        println!(
            "one in {share} flipped: {found} of {flipped_in_all} among the first 1.5 × as many"
        );
        assert!(found as f64 >= least * flipped_in_all as f64, "{found} of {flipped_in_all}");
    }
}
