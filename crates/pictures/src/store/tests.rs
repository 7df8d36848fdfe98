use std::fs;

use ground::Digest;
use ground::files::{Disk, Failing};

use super::{Entry, Store, Writer, key};
use crate::{Limits, PerceptualHash, Preprocess};

/// Lengths of two crops, and the numbers that they get.
const LENGTHS: [usize; 2] = [12, 17];
const NUMBERS: [u64; 2] = [0, (PerceptualHash::BYTES + LENGTHS[0]) as u64];

fn index() -> Vec<Entry> {
    let [first, second] = NUMBERS;
    vec![Entry::Good(second, 30, 20), Entry::Bad("cut off".into()), Entry::Good(first, 5, 5)]
}

/// Of the index's two good pictures.
fn bytes(width: u32, _: u32) -> usize {
    LENGTHS[usize::from(width == 30)]
}

fn hash(byte: u8) -> PerceptualHash {
    PerceptualHash::from_bytes(&[byte; PerceptualHash::BYTES])
}

fn write(files: &dyn ground::files::Files, path: &std::path::Path) -> bool {
    let attempt = || {
        let mut writer = Writer::new(files, path)?;
        assert_eq!(writer.add(&[7; LENGTHS[0]], &hash(3))?, NUMBERS[0]);
        assert_eq!(writer.add(&[9; LENGTHS[1]], &hash(5))?, NUMBERS[1]);
        writer.finish(&index())
    };
    attempt().is_ok()
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/x.pixels");
    assert!(Store::open(&path, 3, bytes).is_none());
    assert!(write(&Disk, &path));
    let (store, found) = Store::open(&path, 3, bytes).unwrap();
    assert_eq!(found, index());
    for (crop, byte) in [(1, 9), (0, 7), (1, 9)] {
        let mut seen = vec![];
        store.read(NUMBERS[crop], LENGTHS[crop], |bytes| seen.extend_from_slice(bytes)).unwrap();
        assert_eq!(seen, vec![byte; LENGTHS[crop]]);
        assert_eq!(store.hash(NUMBERS[crop]).unwrap(), hash(3 + 2 * crop as u8));
    }
    // A file that is cut short while in use is an error, not a crash.
    fs::File::options().write(true).open(&path).unwrap().set_len(5).unwrap();
    let error = store.read(NUMBERS[1], LENGTHS[1], |_| panic!("there is none")).unwrap_err();
    assert!(error.to_string().starts_with("cannot read"), "{error}");
}

#[test]
fn a_damaged_file_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pixels");
    assert!(write(&Disk, &path));
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        fs::write(&path, &damaged).unwrap();
        assert!(Store::open(&path, 3, bytes).is_none(), "byte {place}");
        fs::write(&path, &whole[..place]).unwrap();
        assert!(Store::open(&path, 3, bytes).is_none(), "cut at {place}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(Store::open(&path, 4, bytes).is_none(), "of other pictures");
    let longer = |width, height| bytes(width, height) + 1;
    assert!(Store::open(&path, 3, longer).is_none(), "of another size");
    let turned = |width, height| LENGTHS[0] + LENGTHS[1] - bytes(width, height);
    assert!(Store::open(&path, 3, turned).is_none(), "of as many bytes, otherwise shared out");
    assert!(Store::open(&path, 3, bytes).is_some());
}

#[test]
fn a_failing_disk_leaves_no_file_and_no_litter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pixels");
    let mut failures = 0;
    for n in 0.. {
        if write(&Failing::at(n), &path) {
            break;
        }
        failures += 1;
        // Failing to sync the folder leaves the file, which is whole.
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty() || left == [path.clone()], "after step {n}: {left:?}");
        assert_eq!(left.is_empty(), Store::open(&path, 3, bytes).is_none());
        let _ = fs::remove_file(&path);
    }
    // create, seven appends, sync, rename, sync folder
    assert_eq!(failures, 11);
}

#[test]
fn keys_tell_pictures_and_settings_apart() {
    let digests = [Digest::of(b"a"), Digest::of(b"b")];
    let (small, large) = (
        Preprocess::square(network::Backbone::ResNet50.preprocessing(), 32),
        Preprocess::square(network::Backbone::ResNet50.preprocessing(), 64),
    );
    let strict = Limits { max_side: 10, ..Limits::default() };
    let keys = [
        key(&digests, &small, false, &Limits::default()),
        key(&digests, &small, true, &Limits::default()),
        key(&digests, &large, false, &Limits::default()),
        key(&digests, &Preprocess { short_side: 36, ..small.clone() }, false, &Limits::default()),
        key(&digests, &small, false, &strict),
        key(&digests[..1], &small, false, &Limits::default()),
    ];
    for (i, a) in keys.iter().enumerate() {
        assert!(keys[..i].iter().all(|b| a != b), "{i}");
    }
}
