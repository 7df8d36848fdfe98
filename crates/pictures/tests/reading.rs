//! Decoding against Pillow, and everything that must be refused.
//!
//! The pictures in `tests/golden` are drawn by `make.py` there.

#![allow(clippy::unwrap_used)] // a test may panic

use std::fs;
use std::path::{Path, PathBuf};

use pictures::{Format, Limits, Reason, Rgb, decode, read};
use proptest::prelude::*;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn open(name: &str) -> Result<Rgb, Reason> {
    read(&golden().join(name), &Limits::default()).map(|(picture, _)| picture)
}

/// All pictures in `tests/golden` but what is expected of others.
fn samples() -> Vec<PathBuf> {
    let files = fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    let known = |path: &PathBuf| {
        let name = path.to_str().unwrap();
        path.is_file() && !name.ends_with(".py") && !name.contains(".expected.")
    };
    let mut samples: Vec<_> = files.filter(known).collect();
    samples.sort();
    assert!(samples.len() > 50);
    samples
}

/// Mean and largest difference between two pictures of one size.
fn difference(a: &Rgb, b: &Rgb) -> (f64, u8) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let pairs = a.data.iter().zip(&b.data).map(|(&p, &q)| p.abs_diff(q));
    let sum: u64 = pairs.clone().map(u64::from).sum();
    (sum as f64 / a.data.len() as f64, pairs.max().unwrap())
}

/// The picture without its colour.
fn grey(picture: &Rgb) -> Rgb {
    let luma = |p: &[u8]| (299 * p[0] as u32 + 587 * p[1] as u32 + 114 * p[2] as u32) / 1000;
    let data = picture.data.chunks_exact(3).flat_map(|p| [luma(p) as u8; 3]).collect();
    Rgb { data, ..*picture }
}

#[test]
fn every_kind_of_pixels_is_as_pillow_has_it() {
    let mut compared = 0;
    for path in samples() {
        let expected = format!("{}.expected.png", path.display());
        if !Path::new(&expected).exists() {
            continue;
        }
        let picture = read(&path, &Limits::default()).map(|(picture, _)| picture);
        let picture = picture.unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
        let pillow = open(&expected).unwrap();
        // libheif smooths colour that is stored at half the size, which nobody prescribes.
        let (mean, most) = match path.ends_with("photo.heic") {
            true => difference(&grey(&picture), &grey(&pillow)),
            false => difference(&picture, &pillow),
        };
        // Lossy decoders may round differently; the others may not, but for alpha and 16 bits.
        let lossy = ["jpg", "heic", "lossy.webp", "/alpha.webp"];
        let (a, b) = if lossy.iter().any(|end| path.to_str().unwrap().ends_with(end)) {
            (1.0, 12)
        } else if path.ends_with("p3.png") || path.ends_with("adobe.png") {
            (0.5, 2) // another program's rounding between spaces
        } else {
            (0.5, 1)
        };
        assert!(mean <= a && most <= b, "{}: mean {mean}, most {most}", path.display());
        compared += 1;
    }
    assert!(compared >= 33, "{compared}");
}

#[test]
fn what_would_give_wrong_pixels_is_refused() {
    for (name, reason) in [
        ("restart_lost.jpg", "broken: a restart marker is missing or out of turn"),
        ("restart_turned.jpg", "broken: a restart marker is missing or out of turn"),
        ("channel_missing.jpg", "broken: a channel without a scan"),
        ("data_missing.jpg", "broken: "),
        ("alpha.heic", "HEIC with transparency"),
        ("runs_cut.bmp", "cut off: the end of the file is missing"),
    ] {
        let told = open(&format!("refused/{name}")).unwrap_err().to_string();
        assert!(told.starts_with(reason), "{name}: {told}");
    }
}

#[test]
fn every_orientation_comes_out_upright() {
    let upright = open("upright.png").unwrap();
    for tag in 1..=8 {
        for (kind, allowed) in [("png", 0), ("webp", 0), ("jpg", 16)] {
            let picture = open(&format!("orient_{tag}.{kind}")).unwrap();
            let (mean, most) = difference(&picture, &upright);
            assert!(mean <= 1.0 && most <= allowed, "{tag} {kind}: mean {mean}, most {most}");
        }
    }
}

#[test]
fn content_decides_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    for (name, disguise) in [("plain.jpg", "a.png"), ("rgb.png", "b.txt"), ("plain.gif", "c")] {
        let disguised = folder.path().join(disguise);
        fs::copy(golden().join(name), &disguised).unwrap();
        let (picture, digest) = read(&disguised, &Limits::default()).unwrap();
        assert_eq!(picture, open(name).unwrap());
        assert_eq!(digest, ground::Digest::of(&fs::read(&disguised).unwrap()));
    }
}

#[test]
fn what_is_not_read_is_named_with_advice() {
    let tar = [vec![b'x'; 257], b"ustar\x0000".to_vec(), vec![0; 248]].concat();
    let told: &[(&[u8], &str)] = &[
        (b"", "empty file"),
        (b"no picture at all", "not a picture"),
        (&[0; 4096], "not a picture"),
        (b"BMW is a car, not a bitmap, whatever its letters", "not a picture"),
        (
            b"\0\0\0\x1cftypavif\0\0\0\0",
            "AVIF is not supported; save it as JPEG or PNG: on a Mac with Preview (File, Export), \
             on Windows with Photos or Paint (Save as)",
        ),
        (
            b"\0\0\0\x20ftypisom\0\0\x02\0",
            "an MP4 film is not supported; save single frames of it as JPEG or PNG",
        ),
        (
            b"FUJIFILMCCD-RAW 0201",
            "a raw photograph is not supported; it has no preview of at least 1,000 pixels; export \
             it as JPEG from the camera's program or any raw converter",
        ),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "SVG is not supported; save it as JPEG or PNG",
        ),
        (
            b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>",
            "SVG is not supported; save it as JPEG or PNG",
        ),
        (
            b"\n<!DOCTYPE html><title>404</title>",
            "a web page is not supported; look for the picture itself",
        ),
        (b"%PDF-1.7\n", "PDF is not supported; save its pictures as JPEG or PNG"),
        (b"PK\x03\x04\x14\0", "a ZIP archive is not supported; unpack it first"),
        (&tar, "a tar archive is not supported; unpack it first"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00",
            "a Git LFS pointer is not supported; fetch the file with `git lfs pull`",
        ),
    ];
    for (bytes, words) in told {
        assert_eq!(decode(bytes, &Limits::default()).unwrap_err().to_string(), *words);
    }
}

#[test]
fn what_cannot_be_opened_is_a_reason_too() {
    let folder = tempfile::tempdir().unwrap();
    let reason = |path: &Path| read(path, &Limits::default()).unwrap_err();
    assert!(matches!(reason(folder.path()), Reason::Unreadable(_)));
    assert!(matches!(reason(&folder.path().join("missing.jpg")), Reason::Missing));
}

#[test]
fn each_limit_is_named() {
    let bytes = fs::read(golden().join("rgb.png")).unwrap(); // 61 × 43
    let told = |limits| decode(&bytes, &limits).unwrap_err().to_string();
    let limits = Limits::default();
    assert_eq!(
        told(Limits { max_side: 60, ..limits }),
        "too large: 61 × 43 pixels, at most 60 a side"
    );
    assert_eq!(
        told(Limits { max_pixels: 2000, ..limits }),
        "too large: 61 × 43 pixels, at most 2000 in all"
    );
    assert_eq!(told(Limits { max_bytes: 100, ..limits }), "too large: more than 100 bytes");
    let file = read(&golden().join("rgb.png"), &Limits { max_bytes: 100, ..limits }).unwrap_err();
    assert_eq!(file.to_string(), "too large: more than 100 bytes");
    let exact = Limits { max_side: 61, max_pixels: 61 * 43, max_bytes: bytes.len() as u64 };
    assert!(decode(&bytes, &exact).is_ok());
}

#[test]
fn a_cut_off_picture_is_never_used_silently() {
    let (mut cuts, mut silent) = (0, 0);
    let mut told_so = 0;
    for path in samples() {
        let bytes = fs::read(&path).unwrap();
        let whole = decode(&bytes, &Limits::default()).unwrap();
        // The mark that closes a file: without it all pixels are there.
        let mark = match Format::of(&bytes).unwrap() {
            Format::Png => 12,
            Format::Gif => 1,
            // These hold smaller pictures or other pages behind the one that is read.
            _ if path.ends_with("icon.ico") || path.ends_with("pages.tiff") => bytes.len(),
            _ => 0,
        };
        // All along the file, and each of the last bytes, where closing marks stand.
        let along = (1..100).map(|hundredth| bytes.len() * hundredth / 100);
        for length in along.chain(bytes.len() - 12..bytes.len()) {
            let cut = &bytes[..length];
            match decode(cut, &Limits::default()) {
                Err(Reason::CutOff) => told_so += 1,
                Err(_) => {}
                Ok(picture) => {
                    // What is left must be the whole picture.
                    assert_eq!(picture, whole, "{} at {length}", path.display());
                    silent += usize::from(length + mark < bytes.len());
                }
            }
            cuts += 1;
        }
    }
    println!("{cuts} cuts, {told_so} told as such, {silent} silent");
    assert!(cuts > 5000 && silent * 200 <= cuts, "{silent} of {cuts}");
    assert!(told_so * 10 >= cuts * 9, "{told_so} of {cuts} are called what they are");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a picture, the answer is a picture or a reason.
    #[test]
    fn mutations_do_not_escape(
        which: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        doubled in prop::option::of((any::<prop::sample::Index>(), 1..64usize)),
        keep in 1..=100usize,
    ) {
        let samples = samples();
        let mut bytes = fs::read(&samples[which.index(samples.len())]).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some((at, length)) = doubled {
            let at = at.index(bytes.len());
            let again = bytes[at..(at + length).min(bytes.len())].to_vec();
            bytes.splice(at..at, again);
        }
        bytes.truncate(bytes.len() * keep.max(60) / 100);
        let limits = Limits { max_pixels: 1_000_000, ..Limits::default() };
        if let Ok(picture) = decode(&bytes, &limits) {
            let pixels = u64::from(picture.width) * u64::from(picture.height);
            prop_assert!(pixels <= limits.max_pixels);
            prop_assert_eq!(picture.data.len() as u64, pixels * 3);
        }
    }
}
