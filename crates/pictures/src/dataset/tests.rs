use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ground::progress::{Bar, Progress, Silent};
use ground::{Digest, Stop};
use image::{ImageFormat, RgbImage};

use super::{Dataset, Known, Settings};
use crate::{Absent, Folder, PerceptualHash, PicturesError, Preprocess, Side};

/// A picture of one colour that varies with `n`.
fn picture(n: usize) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let colour = image::Rgb([n as u8 * 3, 100, 200 - n as u8]);
    let format = [ImageFormat::Png, ImageFormat::Bmp][n % 2];
    RgbImage::from_pixel(20 + n as u32, 24, colour).write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Two classes of ten pictures.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..20 {
        put(folder.path(), ["newt", "toad"][n / 10], n, &picture(n));
    }
    folder
}

fn put(dir: &Path, class: &str, n: usize, bytes: &[u8]) {
    fs::create_dir_all(dir.join(class)).unwrap();
    fs::write(dir.join(class).join(format!("{n}.img")), bytes).unwrap();
}

fn prepare(dir: &Path, settings: &Settings) -> Result<Dataset, PicturesError> {
    let folder = Folder::scan(dir).unwrap();
    Dataset::prepare(
        &folder,
        &Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8),
        settings,
        &Silent,
        &Stop::new(),
    )
}

fn pixels(dataset: &Dataset) -> Vec<Vec<u8>> {
    let read = |item| {
        let mut out = vec![0; 8 * 8 * 3];
        dataset.read(item, &mut out).unwrap();
        out
    };
    (0..dataset.items.len()).map(read).collect()
}

fn hashes(dataset: &Dataset) -> Vec<PerceptualHash> {
    (0..dataset.items.len()).map(|item| dataset.perceptual_hash(item).unwrap()).collect()
}

fn on_disk(cache: &Path) -> Settings {
    Settings { memory_budget: 100, cache_folder: Some(cache.to_owned()), ..Settings::default() }
}

#[test]
fn threads_and_store_change_nothing() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    put(dir.path(), "toad", 99, b"GIF89a, but no more than that");
    let one = prepare(dir.path(), &Settings { threads: 1, ..Settings::default() }).unwrap();
    assert_eq!((one.items.len(), one.bad.len()), (20, 1));
    assert!(one.bad[0].path.ends_with("toad/99.img") && !one.bad[0].reason.is_empty());
    assert_eq!((one.items[3].width, one.items[3].height), (23, 24));
    assert_eq!(one.indices(Side::Valid).len(), 4);
    assert_eq!(pixels(&one)[3][..3], [9, 100, 197]);
    for settings in [
        Settings { threads: 5, ..Settings::default() },
        Settings { threads: 1, ..on_disk(cache.path()) },
        Settings { threads: 3, ..on_disk(cache.path()) }, // found again
    ] {
        let other = prepare(dir.path(), &settings).unwrap();
        assert_eq!((&other.items, &other.bad), (&one.items, &one.bad));
        assert_eq!(pixels(&other), pixels(&one));
        assert_eq!(hashes(&other), hashes(&one));
    }
}

/// With margin the middle is what it was, wherever the crops lie, and the ends are others.
#[test]
fn margins_add_places_and_change_no_middle() {
    let (dir, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for n in 0..20_u32 {
        // Columns of different greys; wide, square or tall.
        let mut file = Cursor::new(Vec::new());
        let grey = |x: u32, y: u32| image::Luma([(x * 5 + y * 3 + n) as u8]);
        let picture = image::GrayImage::from_fn(24 + n % 3 * 12, 36, grey);
        picture.write_to(&mut file, ImageFormat::Png).unwrap();
        put(dir.path(), ["newt", "toad"][n as usize / 10], n as usize, file.get_ref());
    }
    let plain = prepare(dir.path(), &Settings::default()).unwrap();
    let known = |digest: &Digest| {
        let at = plain.items.iter().position(|item| item.digest == *digest)?;
        let (width, height, hash) =
            (plain.items[at].width, plain.items[at].height, plain.perceptual_hash(at).unwrap());
        (at % 2 == 0).then_some(Known { width, height, hash })
    };
    let all_along = |dataset: &Dataset| -> Vec<Vec<u8>> {
        let read = |(item, along): (usize, f64)| {
            let mut out = vec![0; 8 * 8 * 3];
            dataset.read_along(item, along, &mut out).unwrap();
            out
        };
        let places = [0.0, 0.3, 0.7, 0.999_999];
        (0..20).flat_map(|item| places.map(|along| read((item, along)))).collect()
    };
    let folder = Folder::scan(dir.path()).unwrap();
    let mut seen = vec![];
    for settings in [Settings::default(), on_disk(cache.path()), on_disk(cache.path())] {
        let settings = Settings { margin: true, ..settings };
        let (preprocess, stop) =
            (Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8), Stop::new());
        let dataset =
            Dataset::prepare_new(&folder, &preprocess, &settings, &known, &Silent, &stop).unwrap();
        assert_eq!(pixels(&dataset), pixels(&plain));
        assert_eq!(hashes(&dataset), hashes(&plain));
        seen.push(all_along(&dataset));
    }
    assert!(seen.iter().all(|other| *other == seen[0]));
    for (item, places) in plain.items.iter().zip(seen[0].chunks(4)) {
        assert_eq!(places[0] == places[3], item.width == item.height, "{item:?}");
    }
    assert_ne!(all_along(&plain), seen[0]);
}

/// Those of known content are decoded when somebody asks, and then as ever.
#[test]
fn known_pictures_are_decoded_later() {
    let dir = folder();
    let all = prepare(dir.path(), &Settings::default()).unwrap();
    let known = |digest: &Digest| {
        let item = all.items.iter().find(|item| item.digest == *digest)?;
        let at = all.items.iter().position(|other| other == item)?;
        let (width, height, hash) = (item.width, item.height, all.perceptual_hash(at).unwrap());
        (item.label == 0).then_some(Known { width, height, hash })
    };
    let folder = Folder::scan(dir.path()).unwrap();
    let (preprocess, settings) =
        (Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8), Settings::default());
    let some = Dataset::prepare_new(&folder, &preprocess, &settings, &known, &Silent, &Stop::new());
    let some = some.unwrap();
    assert_eq!((&some.items, &some.bad, pixels(&some)), (&all.items, &all.bad, pixels(&all)));
    assert_eq!(hashes(&some), hashes(&all));
    // One that changes in between is not taken for what it was.
    let later = all.items.iter().position(|item| item.label == 0).unwrap();
    let other = all.items.iter().position(|item| item.label == 1).unwrap();
    fs::copy(all.items[other].place.file(), all.items[later].place.file()).unwrap();
    let error = some.read(later, &mut [0; 8 * 8 * 3]).unwrap_err();
    assert!(error.to_string().contains("read again"), "{error}");
}

#[test]
fn the_cache_is_found_again_and_mended() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let settings = on_disk(cache.path());
    let told = Told::default();
    let prepare = || {
        let folder = Folder::scan(dir.path()).unwrap();
        told.0.lock().unwrap().clear();
        let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8);
        let dataset =
            Dataset::prepare(&folder, &preprocess, &settings, &told, &Stop::new()).unwrap();
        (pixels(&dataset), told.0.lock().unwrap().contains(&"Reading pictures".to_owned()))
    };
    let (first, decoded) = prepare();
    assert!(decoded);
    assert_eq!(prepare(), (first.clone(), false));
    // Another name or class is no other picture.
    fs::rename(dir.path().join("newt/9.img"), dir.path().join("toad/9.img")).unwrap();
    assert!(!prepare().1);
    fs::rename(dir.path().join("toad/9.img"), dir.path().join("newt/9.img")).unwrap();
    let file = fs::read_dir(cache.path()).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&file).unwrap();
    bytes[40] ^= 255;
    fs::write(&file, bytes).unwrap();
    assert_eq!(prepare(), (first.clone(), true));
    assert_eq!(prepare(), (first, false));
    put(dir.path(), "newt", 77, &picture(77));
    assert!(prepare().1);
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2);
}

#[test]
fn too_many_bad_pictures_are_an_error() {
    let dir = folder();
    for n in 30..50 {
        put(dir.path(), "newt", n, b"no picture");
    }
    assert_eq!(prepare(dir.path(), &Settings::default()).unwrap().bad.len(), 20);
    put(dir.path(), "newt", 50, b"no picture");
    let error = prepare(dir.path(), &Settings::default()).unwrap_err();
    assert!(error.to_string().starts_with("21 of 41 pictures cannot be used"), "{error}");
    assert!(error.help().is_some());
}

#[test]
fn a_class_without_good_pictures_is_named() {
    let dir = folder();
    put(dir.path(), "frog", 1, &picture(1)[..50]);
    let error = prepare(dir.path(), &Settings::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the class `frog` has no picture left to train on: 1 of its 1 cannot be used"
    );
}

#[test]
fn one_picture_in_two_classes_is_told_and_kept_on_one_side() {
    let dir = folder();
    for n in 0..5 {
        put(dir.path(), "toad", 90 + n, &picture(n));
    }
    for seed in 0..8 {
        let dataset = prepare(dir.path(), &Settings { seed, ..Settings::default() }).unwrap();
        assert_eq!(dataset.warnings.len(), 5, "{:?}", dataset.warnings);
        assert!(dataset.warnings[0].ends_with("are the same picture in two classes"));
        for a in &dataset.items {
            let twins = dataset.items.iter().filter(|b| a.digest == b.digest);
            assert!(twins.map(|b| b.side).all(|side| side == a.side));
        }
    }
}

#[test]
fn it_stops_when_asked() {
    let (dir, cache) = (folder(), tempfile::tempdir().unwrap());
    let folder = Folder::scan(dir.path()).unwrap();
    for settings in [Settings::default(), on_disk(cache.path())] {
        // At once, and after some pictures.
        for after in [0, 5, 25] {
            let stopping = Stopping { stop: Stop::new(), left: AtomicU64::new(after) };
            if after == 0 {
                stopping.stop.ask();
            }
            let stop = stopping.stop.clone();
            let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8);
            let settings = Settings { threads: 2, ..settings.clone() };
            let result = Dataset::prepare(&folder, &preprocess, &settings, &stopping, &stop);
            if after < 20 || settings.memory_budget == 100 {
                assert!(matches!(result, Err(PicturesError::Stopped)), "after {after}");
            }
        }
    }
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0, "no half-made cache stays");
}

/// Remembers what was begun.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn begin(&self, what: &str, _total: Option<u64>) -> Box<dyn Bar> {
        self.0.lock().unwrap().push(what.to_owned());
        Box::new(Silent)
    }
    fn note(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}

/// Asks for the end after some pictures.
struct Stopping {
    stop: Stop,
    left: AtomicU64,
}

impl Progress for Stopping {
    fn begin(&self, _what: &str, _total: Option<u64>) -> Box<dyn Bar> {
        let left = AtomicU64::new(self.left.load(Ordering::SeqCst));
        // The second piece of work goes on where the first ended.
        self.left.store(left.load(Ordering::SeqCst).saturating_sub(20), Ordering::SeqCst);
        Box::new(Self { stop: self.stop.clone(), left })
    }
    fn note(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}

impl Bar for Stopping {
    fn advance(&self, units: u64) {
        if self.left.fetch_sub(units, Ordering::SeqCst) == units {
            self.stop.ask();
        }
    }
    fn say(&self, _message: &str) {}
}

/// Pictures without files belong to classes, groups and sides as others do, and have no pixels.
#[test]
fn pictures_whose_files_are_gone_come_last() {
    let dir = folder();
    let mut folder = Folder::scan(dir.path()).unwrap();
    let there = Digest::of(&picture(3));
    let absent = |n: usize, label, digest, group: Option<&str>| Absent {
        path: format!("gone/{n}.jpg").into(),
        label,
        digest,
        group: group.map(str::to_owned),
        thumbnail: None,
    };
    let gone = |n: usize, group| absent(n, 1, Digest::of(&[n as u8]), group);
    let newt_again = absent(3, 0, there, None);
    folder.add_absent(
        &["newt".into(), "frog".into()],
        [gone(1, Some("pond")), gone(2, Some("pond")), newt_again, gone(4, None)],
    );
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 8);
    let how = Settings { valid_fraction: 0.0, ..Settings::default() };
    let mut data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap();
    assert_eq!(data.classes, ["frog", "newt", "toad"]);
    // The one that is there too is no other.
    assert_eq!((data.items.len(), data.present()), (23, 0..20));
    assert_eq!(data.items[20].place.name(), Path::new("gone/1.jpg"));
    assert!(data.items[20..].iter().all(|item| (item.label, item.side) == (0, Side::Train)));
    assert_eq!(data.groups[20], data.groups[21]);
    assert_ne!(data.groups[20], data.groups[22]);
    assert!(data.absent(19).is_none() && data.absent(22).is_some());
    let error = data.read(22, &mut [0; 8 * 8 * 3]).unwrap_err();
    assert!(error.to_string().contains("`gone/4.jpg` is gone"), "{error}");

    let (groups, sets) = (data.groups.clone(), data.copies.len());
    data.keep_together(&[(5, 22)]);
    assert_eq!(data.groups[5], data.groups[22]);
    assert_eq!(data.groups[20], data.groups[21]);
    assert_eq!(data.copies.len(), sets + 1);
    let apart = |groups: &[usize]| groups.iter().max().copied();
    assert_eq!(apart(&data.groups).map(|last| last + 1), apart(&groups));
}
