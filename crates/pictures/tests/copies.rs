//! Copies that were altered never straddle a split or a fold.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ground::progress::Silent;
use ground::{Digest, Stop};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage, imageops};
use pictures::dataset::Settings;
use pictures::{Columns, Dataset, Folder, Limits, Preprocess, Side, practice, read, split};
use proptest::prelude::*;

const PER_CLASS: usize = 12;
const KINDS: [&str; 3] = ["monarch", "queen", "viceroy"];

/// Drawn pictures of three classes, decoded.
fn drawn() -> &'static [(PathBuf, RgbImage)] {
    static DRAWN: OnceLock<Vec<(PathBuf, RgbImage)>> = OnceLock::new();
    DRAWN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let settings = practice::Settings { per_class: PER_CLASS, size: 160, seed: 5 };
        let paths = practice::draw(folder.path(), &settings, &Silent).unwrap();
        let decode = |path: PathBuf| {
            let rgb = read(&path, &Limits::default()).unwrap().0;
            let name = path.strip_prefix(folder.path()).unwrap().to_owned();
            (name, RgbImage::from_raw(rgb.width, rgb.height, rgb.data).unwrap())
        };
        paths.into_iter().map(decode).collect()
    })
}

/// One of five ways in which a copy differs from what it was made of.
fn altered(picture: &RgbImage, way: usize) -> RgbImage {
    let (width, height) = picture.dimensions();
    match way {
        0 => imageops::flip_horizontal(picture),
        1 => {
            let (x, y) = (width / 20, height / 20);
            imageops::crop_imm(picture, x, y, width - 2 * x, height - 2 * y).to_image()
        }
        2 => picture.clone(),
        3 => {
            let mut bright = picture.clone();
            bright.pixels_mut().flat_map(|p| &mut p.0).for_each(|x| *x = x.saturating_add(25));
            bright
        }
        _ => imageops::resize(picture, width / 2, height / 2, imageops::FilterType::Triangle),
    }
}

/// Writes the drawn pictures and copies of some, each altered in its way, and says which those are.
fn plant(dir: &Path, copies: &[(usize, usize)]) -> Vec<(PathBuf, PathBuf)> {
    for kind in KINDS {
        fs::create_dir(dir.join(kind)).unwrap();
    }
    let put = |path: &Path, picture: &RgbImage, quality: u8| {
        let mut bytes = vec![];
        let (width, height) = picture.dimensions();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .write_image(picture, width, height, ExtendedColorType::Rgb8)
            .unwrap();
        fs::write(path, bytes).unwrap();
    };
    for (path, picture) in drawn() {
        put(&dir.join(path), picture, 92);
    }
    let mut planted = vec![];
    for (number, &(picture, way)) in copies.iter().enumerate() {
        let (path, picture) = &drawn()[picture];
        let copy = dir.join(path.with_file_name(format!("copy{number}.jpg")));
        put(&copy, &altered(picture, way), 60);
        planted.push((dir.join(path), copy));
    }
    planted
}

fn prepare(dir: &Path, settings: &Settings) -> Dataset {
    let folder = Folder::scan(dir).unwrap();
    Dataset::prepare(
        &folder,
        &Preprocess::square(network::Backbone::ResNet50.preprocessing(), 32),
        settings,
        &Silent,
        &Stop::new(),
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn planted_copies_never_straddle(
        copies in prop::collection::vec((0..3 * PER_CLASS, 0..5usize), 1..20),
        valid_fraction in 0.1..0.5f64,
        folds in 2..7usize,
        seed: u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let planted = plant(dir.path(), &copies);
        let data = prepare(dir.path(), &Settings { valid_fraction, seed, ..Settings::default() });
        let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
        let digests: Vec<Digest> = data.items.iter().map(|item| item.digest).collect();
        let dealt = split::folds(&labels, &digests, &data.groups, folds, seed, 0);
        let find = |path: &Path| data.items.iter().position(|item| item.place.name() == path).unwrap();
        for ((original, copy), way) in planted.iter().zip(&copies) {
            let (a, b) = (find(original), find(copy));
            prop_assert_eq!(data.items[a].side, data.items[b].side, "{:?} {:?}", copy, way);
            prop_assert_eq!(dealt[a], dealt[b], "{:?} {:?}", copy, way);
            prop_assert!(data.copies.iter().any(|set| set.contains(&a) && set.contains(&b)));
        }
        // What is not a copy is on its own, so that every class has both sides.
        prop_assert!(data.groups.iter().max().unwrap() + 1 >= 3 * PER_CLASS - 2);
        let held = data.indices(Side::Valid);
        prop_assert!((0..3).all(|class| held.iter().any(|&item| labels[item] == class)));
    }
}

#[test]
fn copies_across_given_sides_and_across_classes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let planted = plant(dir.path(), &[(0, 0), (1, 1), (PER_CLASS, 3)]);
    // Sides by a table; the copies are held out, and one of them is filed elsewhere.
    let mut table = "path,label,split\n".to_owned();
    for (path, _) in drawn() {
        let class = path.parent().unwrap().display();
        table += &format!("{},{class},train\n", path.display());
    }
    for ((_, copy), class) in planted.iter().zip(["monarch", "monarch", "viceroy"]) {
        table += &format!("{},{class},valid\n", copy.display());
    }
    let csv = dir.path().join("pictures.csv");
    fs::write(&csv, table).unwrap();
    let folder = Folder::from_csv(&csv, &Columns::default()).unwrap();
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 32);
    let data = Dataset::prepare(&folder, &preprocess, &Settings::default(), &Silent, &Stop::new())
        .unwrap();
    let told = data.warnings.join("\n");
    assert!(told.contains("3 held-out pictures are also trained on (near duplicates)"), "{told}");
    assert!(told.contains("appears, nearly identical, in two classes"), "{told}");
    assert!(told.contains("copy2.jpg"), "{told}");
}
