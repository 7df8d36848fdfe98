//! What copies do to a score, and that grouping undoes it: on drawn pictures with altered copies.

#![allow(clippy::unwrap_used, reason = "a test may fail wherever it stands")]

use std::path::Path;

use ground::Stop;
use ground::progress::Silent;
use image::imageops;
use network::{Backbone, Parameters};
use pictures::{Dataset, Folder, Preprocess, dataset, practice};
use training::auto::{Auto, fit};
use training::features::{About, DerivedCache, Features, Table};

const SIZE: usize = 24;

/// Three kinds of butterflies, each picture with a copy that is mirrored, cropped, brightened or
/// recompressed.
fn plant(dir: &Path) {
    let settings = practice::Settings { per_class: 20, size: 96, seed: 3 };
    for (number, path) in practice::draw(dir, &settings, &Silent).unwrap().iter().enumerate() {
        let picture = image::open(path).unwrap().into_rgb8();
        let (width, height) = picture.dimensions();
        let copy = match number % 4 {
            0 => imageops::flip_horizontal(&picture),
            1 => imageops::crop_imm(&picture, 4, 4, width - 8, height - 8).to_image(),
            2 => imageops::brighten(&picture, 15),
            _ => picture,
        };
        copy.save(path.with_file_name(format!("copy{number}.jpg"))).unwrap();
    }
}

/// Each second pixel of each second row, averaged with the mirror image.
fn features(data: &Dataset) -> Features {
    let mut numbers = vec![];
    let mut square = vec![0; SIZE * SIZE * 3];
    for item in 0..data.items.len() {
        data.read(item, &mut square).unwrap();
        let at = |x: usize, y: usize, c: usize| f32::from(square[(y * SIZE + x) * 3 + c]);
        for y in (0..SIZE).step_by(2) {
            for x in (0..SIZE / 2).step_by(2) {
                numbers.extend((0..3).map(|c| (at(x, y, c) + at(SIZE - 1 - x, y, c)) / 510.0));
            }
        }
    }
    let about = vec![About { width: 10, height: 10, colour: [0.0; 3] }; data.items.len()];
    Features {
        table: Table::new(SIZE * SIZE * 3 / 8, numbers),
        about,
        computed: 0,
        kept: DerivedCache::default(),
    }
}

fn accuracy(data: &Dataset) -> f64 {
    let settings = Auto { repeats: Some(1), ..Auto::new(Backbone::Small) };
    let body = Parameters::start(&settings.architecture(3).graph(), 1);
    let bytes = vec![100; data.items.len()];
    let fitted =
        fit(&settings, data, &features(data), body, Some(&bytes), &Silent, &Stop::new()).unwrap();
    let held_out = &fitted.record.held_out;
    let right = held_out.iter().filter(|one| {
        let answer = (0..3).max_by(|&a, &b| one.logits[a].total_cmp(&one.logits[b]));
        answer == Some(one.actual)
    });
    right.count() as f64 / held_out.len() as f64
}

#[test]
fn a_score_with_copies_in_other_folds_is_too_high() {
    let dir = tempfile::tempdir().unwrap();
    plant(dir.path());
    let folder = Folder::scan(dir.path()).unwrap();
    // Every picture is judged out of fold.
    let how = dataset::Settings { valid_fraction: 0.0, ..dataset::Settings::default() };
    let preprocess = Preprocess::square(Backbone::ResNet50.preprocessing(), SIZE);
    let mut data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap();
    assert_eq!(data.items.len(), 120);
    // In natural order: the twenty of a class, then their copies.
    for item in (0..120).filter(|item| item % 40 < 20) {
        assert_eq!(
            data.groups[item],
            data.groups[item + 20],
            "{}",
            data.items[item].place.name().display()
        );
    }
    let together = accuracy(&data);
    data.groups = (0..data.items.len()).collect();
    let parted = accuracy(&data);
    println!("kept together: {together:.3}, parted: {parted:.3}");
    assert!(parted > together + 0.1, "parted {parted:.3}, kept together {together:.3}");
}
