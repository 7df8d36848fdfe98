use std::fs;

use ground::Digest;
use ground::files::{Disk, Failing};

use super::{Entry, Store, Writer, key};
use crate::{Limits, Preprocess, Print};

const STRIDE: usize = 12;

fn index() -> Vec<Entry> {
    vec![Entry::Good(1, 30, 20), Entry::Bad("cut off".into()), Entry::Good(0, 5, 5)]
}

fn print(byte: u8) -> Print {
    Print::from_bytes(&[byte; Print::BYTES])
}

fn write(files: &dyn ground::files::Files, path: &std::path::Path) -> bool {
    let attempt = || {
        let mut writer = Writer::new(files, path)?;
        assert_eq!(writer.add(&[7; STRIDE], &print(3))?, 0);
        assert_eq!(writer.add(&[9; STRIDE], &print(5))?, 1);
        writer.finish(&index())
    };
    attempt().is_ok()
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/x.pixels");
    assert!(Store::open(&path, STRIDE, 3).is_none());
    assert!(write(&Disk, &path));
    let (store, found) = Store::open(&path, STRIDE, 3).unwrap();
    assert_eq!(found, index());
    let mut out = [0; STRIDE];
    for (square, byte) in [(1, 9), (0, 7), (1, 9)] {
        store.read(square, &mut out).unwrap();
        assert_eq!(out, [byte; STRIDE]);
        assert_eq!(store.print(square).unwrap(), print(3 + 2 * square as u8));
    }
    // A file that is cut short while in use is an error, not a crash.
    fs::File::options().write(true).open(&path).unwrap().set_len(5).unwrap();
    let error = store.read(1, &mut out).unwrap_err();
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
        assert!(Store::open(&path, STRIDE, 3).is_none(), "byte {place}");
        fs::write(&path, &whole[..place]).unwrap();
        assert!(Store::open(&path, STRIDE, 3).is_none(), "cut at {place}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(Store::open(&path, STRIDE, 4).is_none(), "of other pictures");
    assert!(Store::open(&path, STRIDE + 1, 3).is_none(), "of another size");
    assert!(Store::open(&path, STRIDE, 3).is_some());
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
        assert_eq!(left.is_empty(), Store::open(&path, STRIDE, 3).is_none());
        let _ = fs::remove_file(&path);
    }
    // create, seven appends, sync, rename, sync folder
    assert_eq!(failures, 11);
}

#[test]
fn keys_tell_pictures_and_settings_apart() {
    let digests = [Digest::of(b"a"), Digest::of(b"b")];
    let (small, large) = (Preprocess::imagenet(32), Preprocess::imagenet(64));
    let strict = Limits { max_side: 10, ..Limits::default() };
    let keys = [
        key(&digests, &small, &Limits::default()),
        key(&digests, &large, &Limits::default()),
        key(&digests, &Preprocess { short_side: 36, ..small.clone() }, &Limits::default()),
        key(&digests, &small, &strict),
        key(&digests[..1], &small, &Limits::default()),
    ];
    for (i, a) in keys.iter().enumerate() {
        assert!(keys[..i].iter().all(|b| a != b), "{i}");
    }
}
