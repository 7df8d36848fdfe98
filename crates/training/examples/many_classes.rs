//! How long the default recipe's heads take, fitted, selected and judged, with many pictures of many
//! classes that are hard to tell apart. The features are made up.
//!
//! ```sh
//! cargo run --release -p lookalike-training --example many_classes -- --pictures 20000 --width 512 --classes 120
//! ```

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::time::Instant;

use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use ground::{Digest, Stop};
use network::{Backbone, Parameters};
use pictures::{Dataset, Item, Side};
use training::auto::{Auto, fit};
use training::features::{About, DerivedCache, Features, Table};

fn main() {
    let (mut pictures, mut width, mut classes) = (20_000, 512, 120);
    let mut typed = std::env::args().skip(1);
    while let Some(word) = typed.next() {
        let value = typed.next().expect("a value behind an option").parse().unwrap();
        match word.as_str() {
            "--pictures" => pictures = value,
            "--width" => width = value,
            "--classes" => classes = value,
            _ => panic!("`--pictures N`, `--width N` and `--classes N` are understood"),
        }
    }
    let items = (0..pictures).map(|n| Item {
        place: n.to_string().as_str().into(),
        label: n % classes,
        side: Side::Train,
        digest: Digest::of(&(n as u64).to_le_bytes()),
        width: 1,
        height: 1,
    });
    let names = (0..classes).map(|class| class.to_string()).collect();
    let squares = vec![vec![0; 3].into_boxed_slice(); pictures];
    let data = Dataset::of_squares(names, items.collect(), 1, squares);
    let features = Features {
        table: Table::new(width, rows(pictures, width, classes)),
        about: vec![About { width: 1, height: 1, colour: [0.0; 3] }; pictures],
        computed: 0,
        kept: DerivedCache::default(),
    };
    let settings = Auto::new(Backbone::Small);
    let body = Parameters::start(&settings.architecture(classes).graph(), 0);
    let began = Instant::now();
    let (sizes, stop) = (vec![0; pictures], Stop::new());
    let fitted = fit(&settings, &data, &features, body, Some(&sizes), &Silent, &stop).unwrap();
    println!("{:.1} s; {}", began.elapsed().as_secs_f64(), fitted.chosen);
    for candidate in &fitted.record.candidates {
        let (wrong, of) = candidate.errors;
        let (name, told) = (&candidate.name, candidate.told());
        println!("{name}: log-loss {told}, {wrong} of {of} wrong");
    }
    for point in &fitted.record.curve {
        println!("learned from {}: right {:?}", point.pictures, point.runs);
    }
}

/// Corners of the classes, of which each has a near neighbour, and noise that hides many pictures.
fn rows(pictures: usize, width: usize, classes: usize) -> Vec<f32> {
    let corner = |class: usize| -> Vec<f32> {
        let mut common = Draws::new(1, Purpose::Synthetic, &[class as u64 / 2]);
        let mut own = Draws::new(2, Purpose::Synthetic, &[class as u64]);
        (0..width).map(|_| (0.2 * common.normal() + 0.1 * own.normal()) as f32).collect()
    };
    let corners: Vec<Vec<f32>> = (0..classes).map(corner).collect();
    let row = |n: usize| {
        let mut draws = Draws::new(3, Purpose::Synthetic, &[n as u64]);
        corners[n % classes].iter().map(|&corner| corner + draws.normal() as f32).collect()
    };
    (0..pictures).flat_map(|n| -> Vec<f32> { row(n) }).collect()
}
