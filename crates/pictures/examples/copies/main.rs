//! How many altered copies of real pictures are found, and how many pairs are none.
//!
//! `cargo run --release -p lookalike-pictures --example copies -- [--half a|b] [--on LEVEL --wide PERCENT [--oval]] [--most N] [--many N] [--sheets OUT] DIR...`
//!
//! The pictures below each DIR are split in two halves by the last bit of their digest. Altered copies
//! of the chosen half are planted among it; then [`pictures::near`] looks for pairs. Thresholds
//! are chosen on half a; half b says what they are worth. With `--on`, each picture is put on a plain
//! ground of this grey level and takes so much of its width, cut out as an oval at a random place with
//! `--oval`; then altered copies are made of that. With `--many`, so many hashes are made
//! of parts of the pictures, blended in twos, and the search through them is timed. With `--sheets`,
//! each pair of different originals is drawn side by side.

mod alter;
mod ground;
mod planted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ::ground::Stop;
use ::ground::random::{Draws, Purpose};
use alter::Kind;
use image::RgbImage;
use image::imageops::{self, FilterType};
use pictures::{PerceptualHash, Rgb, near};
use planted::{SEED, false_pairs, hash_of, originals, plant, table};

fn main() {
    let (mut half, mut many, mut sheets, mut dirs) = (None, 0, None, vec![]);
    let (mut level, mut wide, mut oval, mut most) = (None, 42.0, false, usize::MAX);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().unwrap_or_default();
        match word.as_str() {
            "--half" => half = Some(u8::from(next() == "b")),
            "--on" => level = next().parse().ok(),
            "--wide" => wide = next().parse().unwrap_or(wide),
            "--oval" => oval = true,
            "--most" => most = next().parse().unwrap_or(most),
            "--many" => many = next().parse().unwrap_or(100_000),
            "--sheets" => sheets = Some(PathBuf::from(next())),
            _ => dirs.push(PathBuf::from(word)),
        }
    }
    let mut originals = originals(&dirs, half);
    originals.truncate(most);
    if let Some(level) = level {
        ground::put(&mut originals, level, wide / 100.0, oval);
    }
    if originals.is_empty() {
        println!("no picture there");
        return;
    }
    if many > 0 {
        return time_many(&originals, many);
    }
    let mut hashes: Vec<PerceptualHash> =
        originals.iter().map(|(_, picture)| hash_of(picture)).collect();
    let planted = plant(&originals, |altered| hashes.push(hash_of(altered)));
    let (wall, cpu) = (Instant::now(), seconds());
    let found = near::find(&hashes, &[], &Stop::new());
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), seconds() - cpu);
    println!("{} originals, {} copies", originals.len(), planted.len());
    println!("{} candidates, {wall:.2} s wall, {cpu:.2} s CPU on one thread", found.candidates);
    cost_of_a_print(&originals[0].1);
    table(&originals, &planted, &hashes, &found.pairs);
    let strange = false_pairs(&originals, &planted, &found.pairs);
    let alone = near::find(&hashes[..originals.len()], &[], &Stop::new()).pairs;
    let trusted = near::trusted(&alone, &vec![0; originals.len()]);
    let sets = near::sets(originals.len(), &trusted.pairs);
    let largest = sets.iter().map(Vec::len).max().unwrap_or(0);
    println!(
        "without copies: {} pairs, {} of them trusted; the largest group has {largest} pictures; {} \
         groups are not trusted",
        alone.len(),
        trusted.pairs.len(),
        trusted.alike.len()
    );
    if let Some(out) = sheets {
        draw_sheets(&originals, &strange, &out);
    }
}

fn draw_sheets(originals: &[(PathBuf, RgbImage)], pairs: &BTreeSet<(usize, usize)>, out: &Path) {
    for (a, b) in pairs {
        let mut sheet = RgbImage::new(600, 300);
        for (place, at) in [*a, *b].into_iter().enumerate() {
            let small = imageops::resize(&originals[at].1, 290, 290, FilterType::Triangle);
            imageops::replace(&mut sheet, &small, place as i64 * 300, 0);
        }
        let path = out.join(format!("{a}-{b}.png"));
        if let Err(error) = sheet.save(&path) {
            println!("{}: {error}", path.display());
        }
    }
}

/// Prints of two parts each, blended: as different as pictures, with the same skew of frequencies.
fn time_many(originals: &[(PathBuf, RgbImage)], count: usize) {
    let small: Vec<RgbImage> = originals
        .iter()
        .map(|(_, picture)| imageops::resize(picture, 96, 96, FilterType::Triangle))
        .collect();
    let mut hashes: Vec<PerceptualHash> = vec![];
    let copies = count / 100;
    for number in 0..count - copies {
        let mut draws = Draws::new(SEED, Purpose::Synthetic, &[1, number as u64]);
        let mut part = || {
            let from = &small[draws.below(small.len())];
            let (left, top) = (draws.below(49) as u32, draws.below(49) as u32);
            let part = imageops::crop_imm(from, left, top, 48, 48).to_image();
            if draws.chance(0.5) { imageops::flip_horizontal(&part) } else { part }
        };
        let (mut blend, other) = (part(), part());
        for (a, b) in blend.iter_mut().zip(other.iter()) {
            *a = ((3 * u16::from(*a) + 2 * u16::from(*b)) / 5) as u8;
        }
        if number < copies {
            let kind = Kind::ALL[number % Kind::ALL.len()];
            hashes.push(hash_of(&kind.of(&blend, &mut draws)));
        }
        hashes.push(hash_of(&blend));
    }
    let threads = ::ground::parallel::threads();
    let (wall, cpu) = (Instant::now(), seconds());
    let found = near::find(&hashes, &[], &Stop::new());
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), seconds() - cpu);
    let planted = found
        .pairs
        .iter()
        .filter(|p| p.second < 2 * copies && p.first + 1 == p.second && p.first % 2 == 0);
    let hits = planted.count();
    println!(
        "{count} hashes, {threads} threads: {wall:.2} s wall, {cpu:.2} s CPU, {} candidates, {hits} of {copies} copies, {} other pairs",
        found.candidates,
        found.pairs.len() - hits,
    );
}

fn cost_of_a_print(picture: &RgbImage) {
    let picture = imageops::resize(picture, 500, 375, FilterType::Triangle);
    let picture = Rgb { width: 500, height: 375, data: picture.into_raw() };
    let cpu = seconds();
    for _ in 0..500 {
        std::hint::black_box(PerceptualHash::of(std::hint::black_box(&picture)));
    }
    println!("a hash of 500 x 375 pixels: {:.2} ms of CPU", (seconds() - cpu) * 2.0);
}

/// CPU time of this process so far, where the system says it in Linux's way; else 0.
fn seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    ticks.filter_map(|word| word.parse::<f64>().ok()).sum::<f64>() / 100.0
}
