//! How many altered copies of real pictures are found where a network's features help, and how many
//! pairs are none: the twin of the example `copies` of the crate `pictures`, on the same copies.
//!
//! ```sh
//! cargo run --release -p lookalike-training --example alike -- \
//!     --weights resnet50.safetensors --backbone resnet50 --half b FOLDER...
//! ```

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

#[path = "../../pictures/examples/copies/alter.rs"]
mod alter;
#[path = "../../pictures/examples/copies/planted.rs"]
mod planted;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use engine::{Cpu, Engine};
use ground::Stop;
use image::RgbImage;
use network::Backbone;
use pictures::{PerceptualHash, Preprocess, Rgb, near};
use planted::{false_pairs, hash_of, originals, plant, table};
use training::auto::Auto;
use training::features::{self, Table};

fn main() {
    let (mut half, mut weights, mut backbone, mut dirs) =
        (0, PathBuf::new(), Backbone::ResNet50, vec![]);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("a value behind an option");
        match word.as_str() {
            "--half" => half = u8::from(next() == "b"),
            "--weights" => weights = next().into(),
            "--backbone" => backbone = next().parse().expect("the name of a backbone"),
            _ => dirs.push(PathBuf::from(word)),
        }
    }
    let originals = originals(&dirs, Some(half));
    let settings = Auto::new(backbone);
    let preprocess = Preprocess::square(settings.backbone.preprocessing(), settings.size);
    let (mut hashes, mut squares) = (vec![], vec![]);
    let mut look = |picture: &RgbImage| {
        let (width, height) = picture.dimensions();
        hashes.push(hash_of(picture));
        squares.push(preprocess.pixels(&Rgb { width, height, data: picture.as_raw().clone() }));
    };
    originals.iter().for_each(|(_, picture)| look(picture));
    let planted = plant(&originals, look);

    let graph = settings.architecture(2).graph();
    let body = weights::load(&weights, &graph, weights::Part::Body { seed: 0 }).unwrap();
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&body).unwrap();
    let squares: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
    let rows = classifier::features(&mut engine, &preprocess, &squares, settings.looks()).unwrap();
    let rows = Table::new(features::width(&graph), rows.concat());

    let (stop, began) = (Stop::new(), Instant::now());
    let suspected = features::alike(&rows, &stop).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    let all: HashSet<(usize, usize)> = suspected.iter().copied().collect();
    let own = (originals.len()..).zip(&planted).filter(|&(at, copy)| all.contains(&(copy.of, at)));
    println!(
        "half {}: {} originals, {} copies; {} pairs suspected in {seconds:.2} s, among them {} \
         copies with their originals",
        ["a", "b"][half as usize],
        originals.len(),
        planted.len(),
        suspected.len(),
        own.count()
    );
    let found = |hashes: &[PerceptualHash], suspected: &[(usize, usize)]| {
        let found = near::pairs_with(hashes, suspected, &stop);
        table(&originals, &planted, hashes, &found);
        false_pairs(&originals, &planted, &found);
    };
    println!("\nby their hashes:");
    found(&hashes, &[]);
    println!("\nwith features:");
    found(&hashes, &suspected);
}
