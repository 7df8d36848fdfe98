//! A head fitted on the features of a million pictures, which are not in memory: how long it takes
//! and how much memory. The features are made up.
//!
//! ```sh
//! cargo run --release -p lookalike-training --example million -- --pictures 1000000 --out /tmp/million
//! rm -r /tmp/million      # 8 GB
//! ```

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::path::PathBuf;
use std::time::Instant;

use ground::Digest;
use ground::files::Disk;
use ground::random::{Draws, Purpose};
use ground::records::SEGMENT;
use pictures::PerceptualHash;
use training::features::{About, Cache, Table};
use training::head::{LinearKind, Samples};

/// As ResNet-50 has them.
const WIDTH: usize = 2048;
const CLASSES: usize = 10;
/// Pictures that the head is asked about.
const ASKED: usize = 10_000;

fn main() {
    let (mut pictures, mut out) = (1_000_000, PathBuf::from("million"));
    let mut typed = std::env::args().skip(1);
    while let Some(word) = typed.next() {
        let mut value = || typed.next().expect("a value behind an option");
        match word.as_str() {
            "--pictures" => pictures = value().parse().unwrap(),
            "--out" => out = value().into(),
            _ => panic!("`--pictures N` and `--out DIR` are understood"),
        }
    }
    let key = Digest::of(b"a million made-up pictures");
    let began = Instant::now();
    let mut cache = Cache::open(&out, &key, WIDTH).unwrap();
    let first = (0..pictures).find(|&n| cache.find(&digest(n)).is_none()).unwrap_or(pictures);
    told(&format!("{first} of {pictures} records found"), began);
    let began = Instant::now();
    fill(&mut cache, first, pictures);
    told("the others made and written", began);

    let began = Instant::now();
    let mut row = vec![0.0; WIDTH];
    let records: Vec<usize> = (0..pictures).map(|n| cache.find(&digest(n)).unwrap()).collect();
    assert!(records.iter().all(|&record| cache.is_sound(record, &mut row)));
    told("each record checked once", began);

    let table = Table::of_cache(cache, records);
    let labels: Vec<usize> = (0..pictures).map(|n| n % CLASSES).collect();
    let (learned, asked): (Vec<usize>, Vec<usize>) = (0..pictures).partition(|&n| n >= ASKED);
    for kind in [LinearKind::Means, LinearKind::Logistic] {
        let began = Instant::now();
        let head = &kind.fit(Samples::new(&table, &learned, &labels, CLASSES), &[1e-2]).unwrap()[0];
        told(&format!("{kind} fitted on {} pictures", learned.len()), began);
        let said = head.logits(&table, &asked).unwrap();
        let right = said
            .iter()
            .zip(&asked)
            .filter(|(row, n)| (0..CLASSES).all(|class| row[class] <= row[labels[**n]]));
        println!("  {} of {} others named right", right.count(), asked.len());
    }
}

fn digest(n: usize) -> Digest {
    Digest::of(&(n as u64).to_le_bytes())
}

/// Corners of the classes, and noise that hides one picture in six.
fn fill(cache: &mut Cache, first: usize, pictures: usize) {
    let corner = |class: usize| {
        let mut draws = Draws::new(1, Purpose::Synthetic, &[class as u64]);
        (0..WIDTH).map(|_| 0.05 * draws.normal() as f32).collect::<Vec<f32>>()
    };
    let corners: Vec<Vec<f32>> = (0..CLASSES).map(corner).collect();
    let about = About { width: 500, height: 375, colour: [128.0; 3] };
    let print = PerceptualHash::from_bytes(&[0; PerceptualHash::BYTES]);
    let mut segment = cache.segment();
    for n in first..pictures {
        let mut draws = Draws::new(2, Purpose::Synthetic, &[n as u64]);
        let noise = |&corner: &f32| corner + 3.46 * (draws.uniform() as f32 - 0.5);
        let row: Vec<f32> = corners[n % CLASSES].iter().map(noise).collect();
        segment.add(&digest(n), about, &print, &row);
        if segment.len() == SEGMENT {
            cache.write(&Disk, &mut segment).unwrap();
        }
    }
    cache.write(&Disk, &mut segment).unwrap();
}

fn told(what: &str, began: Instant) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.map_or("unknown", str::trim);
    println!("{what}: {:.1} s, peak memory {peak}", began.elapsed().as_secs_f64());
}
