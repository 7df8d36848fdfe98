//! Pictures made to harm: thousands of broken and malicious files, bombs, cuts and mutations.
//!
//! A small part of each always runs. With `LOOKALIKE_SLOW=1` all of it does, with the files of
//! `hostile.tar.zst` where the shared data are. Run it in a release build too: overflow of
//! integers is looked for in the other one only.

#![allow(clippy::unwrap_used)] // a test may panic

mod bombs;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ground::random::{Draws, Purpose};
use image::{DynamicImage, ImageFormat, RgbImage};
use pictures::{Limits, Reason, Rgb, decode};

use bombs::{End, bombs};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn slow() -> bool {
    std::env::var_os("LOOKALIKE_SLOW").is_some()
}

/// The folder of pictures that is shared among checkouts and never committed.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let data = std::env::var_os("LOOKALIKE_SHARED").map_or_else(beside, PathBuf::from).join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no shared data at {}", data.display());
    None
}

/// Every picture that the repository holds.
fn samples() -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    let pictures = files.filter(|path| path.is_file() && path.extension().unwrap() != "py");
    let mut samples: Vec<_> = pictures
        .map(|path| (path.file_name().unwrap().to_string_lossy().into(), fs::read(&path).unwrap()))
        .collect();
    samples.sort();
    assert!(samples.len() > 50);
    samples
}

/// The files of the hostile collection by name; none where it is absent or not asked for.
fn collection() -> Vec<(String, Vec<u8>)> {
    let Some(data) = slow().then(shared).flatten() else { return vec![] };
    let packed = fs::File::open(data.join("hostile.tar.zst")).unwrap();
    let unpacked = ruzstd::decoding::StreamingDecoder::new(packed).unwrap();
    let mut files = vec![];
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut bytes = vec![];
            entry.read_to_end(&mut bytes).unwrap();
            files.push((entry.path().unwrap().to_string_lossy().into_owned(), bytes));
        }
    }
    assert!(files.len() > 9000, "{}", files.len());
    files
}

/// What came of many files.
#[derive(Default)]
struct Account {
    files: usize,
    decoded: usize,
    /// How many had each reason; the first word of it.
    refused: BTreeMap<String, usize>,
    panicked: Vec<String>,
    slowest: (Duration, String),
}

impl Account {
    /// Decodes a file; whatever it is, the answer is a picture or one line.
    fn add(&mut self, name: &str, bytes: &[u8]) {
        let start = Instant::now();
        let answer = decode(bytes, &Limits::default());
        let time = start.elapsed();
        self.files += 1;
        match answer {
            Ok(Rgb { width, height, data }) => {
                assert_eq!(data.len(), width as usize * height as usize * 3, "{name}");
                self.decoded += 1;
            }
            Err(reason) => {
                let told = reason.to_string();
                assert!(!told.is_empty() && told.len() < 500, "{name}: {told}");
                assert!(!told.contains(|c: char| c.is_control()), "{name}: {told:?}");
                let kind = told.split([':', ';']).next().unwrap().to_owned();
                *self.refused.entry(kind).or_default() += 1;
                if matches!(reason, Reason::Panicked(_)) {
                    self.panicked.push(format!("{name}: {told}"));
                }
            }
        }
        if time > self.slowest.0 {
            self.slowest = (time, name.to_owned());
        }
    }

    fn tell(&self, what: &str) {
        let refused: usize = self.refused.values().sum();
        println!(
            "{what}: {} files, {} pictures, {refused} refused; a decoder's panic caught in {}; \
             slowest {:?} ({}); peak memory {} MiB",
            self.files,
            self.decoded,
            self.panicked.len(),
            self.slowest.0,
            self.slowest.1,
            peak_memory() >> 20,
        );
        self.refused.iter().for_each(|(reason, count)| println!("  {count:6} {reason}"));
        self.panicked.iter().take(20).for_each(|panic| println!("  {panic}"));
        assert_eq!(self.files, self.decoded + refused);
    }
}

/// The most memory that this process has had, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.map_or(0, |kib| kib << 10)
}

/// One test, because the peak of memory belongs to the whole process.
#[test]
fn no_file_crashes_or_exhausts_the_program() {
    let collection = collection();
    let held: usize = collection.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut account = Account::default();
    samples().iter().chain(&collection).for_each(|(name, bytes)| account.add(name, bytes));
    account.tell("as they are");
    let mut account = Account::default();
    let sources: Vec<_> = samples().into_iter().chain(collection).collect();
    for number in 0..if slow() { 20_000 } else { 1_000 } {
        let mut draws = Draws::new(7, Purpose::Shuffle, &[number]);
        let (name, bytes) = &sources[draws.below(sources.len())];
        account.add(&format!("{name}, mutation {number}"), &mutated(bytes, &mut draws));
    }
    account.tell("mutated");
    assert!(peak_memory() < (512 << 20) + held as u64, "{} MiB", peak_memory() >> 20);
}

/// Some bytes changed, some doubled, some dropped.
fn mutated(bytes: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut place = |length: usize| draws.below(length.max(1));
    if bytes.is_empty() {
        return vec![0];
    }
    for _ in 0..1 + place(12) {
        // Headers decide most, and they stand in front; without its first bytes it is nothing.
        let (from, to) = match place(16) {
            0 => (0, 12),
            1..8 => (12, 600),
            _ => (12, bytes.len()),
        };
        let from = from.min(bytes.len() - 1);
        let at = from + place(to.min(bytes.len()).saturating_sub(from));
        let bit = place(16);
        bytes[at] = if bit < 8 { bytes[at] ^ (1 << bit) } else { place(256) as u8 };
    }
    if place(3) == 0 {
        let at = place(bytes.len());
        let again = bytes[at..(at + 1 + place(64)).min(bytes.len())].to_vec();
        bytes.splice(at..at, again);
    }
    if place(4) == 0 {
        let at = place(bytes.len());
        bytes.drain(at..(at + 1 + place(64)).min(bytes.len()));
    }
    bytes
}

#[test]
fn bombs_are_refused_from_their_headers_or_do_no_harm() {
    let bombs = bombs();
    assert!(bombs.len() >= 22);
    for bomb in &bombs {
        let start = Instant::now();
        let answer = decode(&bomb.bytes, &Limits::default());
        println!("{:?} {}: {:?}", start.elapsed(), bomb.what, answer.as_ref().map(|_| "a picture"));
        match (bomb.end, answer) {
            (End::Size, Err(Reason::TooLarge(told))) => {
                assert!(told.contains(" × "), "{}: {told}", bomb.what);
            }
            (End::Refused, Err(reason)) => {
                assert!(!matches!(reason, Reason::Panicked(_)), "{}: {reason}", bomb.what);
            }
            (End::Harmless, Ok(_)) => {}
            (end, other) => panic!("{}: {end:?}, but {other:?}", bomb.what),
        }
    }
}

/// Pictures in five formats: real ones where they are, else those of the repository.
fn in_five_formats() -> Vec<(String, Vec<u8>)> {
    let sources: Vec<Vec<u8>> = match slow().then(shared).flatten() {
        Some(data) => {
            let mut paths: Vec<_> = ["ants", "bees"]
                .iter()
                .flat_map(|class| fs::read_dir(data.join("ants_bees").join(class)).unwrap())
                .map(|entry| entry.unwrap().path())
                .collect();
            paths.sort();
            let few = paths.iter().step_by(paths.len() / 60).take(60);
            few.map(|path| fs::read(path).unwrap()).collect()
        }
        None => vec![fs::read(golden().join("upright.png")).unwrap()],
    };
    let formats = [
        (ImageFormat::Jpeg, "JPEG"),
        (ImageFormat::Png, "PNG"),
        (ImageFormat::WebP, "WebP"),
        (ImageFormat::Gif, "GIF"),
        (ImageFormat::Bmp, "BMP"),
    ];
    let mut pictures = vec![];
    for (number, bytes) in sources.iter().enumerate() {
        let Rgb { width, height, data } = decode(bytes, &Limits::default()).unwrap();
        let whole = DynamicImage::ImageRgb8(RgbImage::from_raw(width, height, data).unwrap());
        let small = whole.thumbnail(160, 160).into_rgb8();
        for (format, name) in formats {
            let mut file = Cursor::new(vec![]);
            small.write_to(&mut file, format).unwrap();
            pictures.push((format!("{name} {number}"), file.into_inner()));
        }
    }
    pictures
}

#[test]
fn a_picture_cut_anywhere_is_never_used_silently() {
    // Cuts and silent ones by format.
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (name, bytes) in in_five_formats() {
        let whole = decode(&bytes, &Limits::default()).unwrap();
        let format = name.split(' ').next().unwrap();
        for hundredth in 1..100 {
            let answer = decode(&bytes[..bytes.len() * hundredth / 100], &Limits::default());
            let count = counts.entry(format.into()).or_default();
            count[0] += 1;
            if let Ok(picture) = answer {
                // What is left must be the whole picture.
                assert_eq!(picture, whole, "{name} at {hundredth} %");
                count[1] += 1;
            }
        }
    }
    for (format, [cuts, silent]) in &counts {
        println!("{format}: {cuts} cuts, {silent} of them used, with all their pixels");
        let most = if format == "JPEG" { 0 } else { cuts / 200 };
        assert!(*silent <= most, "{format}: {silent} of {cuts}");
    }
    assert_eq!(counts.len(), 5);
}
