use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Layout, Records, SEGMENTS, sweep};
use crate::Digest;
use crate::files::{Disk, Failing};

const NOTED: Layout = Layout { note: 2, body: None };
const FIXED: Layout = Layout { note: 1, body: Some(4) };

fn name(number: usize) -> Digest {
    Digest::of(&number.to_le_bytes())
}

fn note(number: usize) -> [u8; 2] {
    [number as u8, 7]
}

fn body(number: usize) -> Vec<u8> {
    vec![number as u8; 3 + number % 50]
}

fn open(parent: &Path) -> Records {
    Records::open(parent, &name(0), NOTED).unwrap()
}

fn write(records: &mut Records, numbers: Range<usize>) {
    let mut segment = records.segment();
    numbers.for_each(|number| segment.add(&name(number), &note(number), &body(number)));
    records.write(&Disk, &mut segment).unwrap();
    assert!(segment.is_empty());
}

/// Whether a record is found; what is found is right.
fn holds(records: &Records, number: usize) -> bool {
    let Some(record) = records.find(&name(number)) else { return false };
    let mut found = [0; 2];
    records.note(record, &mut found).unwrap();
    assert_eq!(found, note(number), "the note of {number}");
    let Some(checked) = records.get(&name(number)) else { return false };
    let mut trusted = vec![0; checked.len()];
    records.read(record, &mut trusted).unwrap();
    assert_eq!((&checked, &trusted), (&body(number), &body(number)), "record {number}");
    true
}

fn segments(parent: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(parent).unwrap().next().unwrap().unwrap().path();
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_was_written_is_found_under_its_key_only() {
    let place = tempfile::tempdir().unwrap();
    let mut records = open(place.path());
    write(&mut records, 0..300);
    write(&mut records, 300..500);
    for records in [records, open(place.path())] {
        assert_eq!(records.len(), 500);
        assert!((0..500).all(|number| holds(&records, number)) && !holds(&records, 500));
    }
    assert!(Records::open(place.path(), &name(1), NOTED).unwrap().is_empty());
}

#[test]
fn a_segment_written_without_its_store_is_found_when_that_is_opened_again() {
    let place = tempfile::tempdir().unwrap();
    let records = open(place.path());
    let mut segment = records.segment();
    segment.write(&Disk).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing was added");
    segment.add(&name(1), &note(1), &body(1));
    segment.write(&Disk).unwrap();
    assert!(segment.is_empty() && !holds(&records, 1) && holds(&open(place.path()), 1));
}

#[test]
fn segments_of_another_layout_are_never_read() {
    let place = tempfile::tempdir().unwrap();
    let fixed = |layout| Records::open(place.path(), &name(0), layout).unwrap();
    let mut records = fixed(FIXED);
    let mut segment = records.segment();
    segment.add(&name(1), &[1], &[1, 2, 3, 4]);
    records.write(&Disk, &mut segment).unwrap();
    assert_eq!(fixed(FIXED).get(&name(1)).unwrap(), [1, 2, 3, 4]);
    for body in [None, Some(3), Some(5)] {
        let path = segments(place.path()).remove(0);
        let whole = fs::read(&path).unwrap();
        assert!(fixed(Layout { body, ..FIXED }).is_empty());
        fs::write(path, whole).unwrap();
    }
    // A header that lies is found out by the index.
    let path = segments(place.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] = 3;
    fs::write(path, bytes).unwrap();
    assert!(fixed(Layout { note: 1, body: Some(3) }).is_empty());
}

#[test]
fn damage_costs_a_record_or_a_segment_and_never_lies() {
    let place = tempfile::tempdir().unwrap();
    write(&mut open(place.path()), 0..6);
    let path = segments(place.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x41;
        fs::write(&path, damaged).unwrap();
        let records = open(place.path());
        assert!(!(0..6).all(|number| holds(&records, number)), "byte {at} matters");
        assert!(!path.exists(), "the next run does not meet it again");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(open(place.path()).is_empty(), "cut at {at}");
        assert!(!path.exists());
    }
    fs::write(&path, &whole).unwrap();
    assert!((0..6).all(|number| holds(&open(place.path()), number)));
}

#[test]
fn many_small_segments_become_few() {
    let place = tempfile::tempdir().unwrap();
    (0..SEGMENTS + 5).for_each(|number| write(&mut open(place.path()), number..number + 1));
    let tidied = open(place.path()).tidy();
    assert_eq!(segments(place.path()).len(), 1);
    for records in [tidied, open(place.path())] {
        assert!((0..SEGMENTS + 5).all(|number| holds(&records, number)));
    }
}

#[test]
fn a_write_that_fails_leaves_what_was_there_and_is_held_in_memory() {
    let place = tempfile::tempdir().unwrap();
    write(&mut open(place.path()), 99..100);
    for step in 0.. {
        let mut records = open(place.path());
        let mut segment = records.segment();
        segment.add(&name(5), &note(5), &body(5));
        let written = records.write(&Failing::at(step), &mut segment);
        assert!(holds(&records, 5) && holds(&records, 99) && segment.is_empty());
        assert!(holds(&open(place.path()), 99), "step {step}");
        if written.is_ok() {
            assert!(step >= 7, "every step can fail");
            break;
        }
        for path in segments(place.path()) {
            assert!(path.extension().is_some_and(|name| name == "records"), "no litter");
        }
    }
    assert!(holds(&open(place.path()), 5));
}

#[test]
fn a_store_without_a_folder_is_held_in_memory() {
    let mut records = Records::in_memory(NOTED);
    write(&mut records, 0..3);
    write(&mut records, 3..5);
    let records = records.tidy();
    assert!((0..5).all(|number| holds(&records, number)) && !holds(&records, 5));
}

#[test]
fn looking_into_a_folder_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    write(&mut open(place.path()), 0..3);
    let path = segments(place.path()).remove(0);
    let folder = path.parent().unwrap();
    let damaged = folder.join("0.records");
    fs::write(&damaged, b"lookalike recs 2\x02\0\0\0\xff\xff\xff\xffand more").unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    let records = Records::look(folder, 2).unwrap();
    assert!((0..3).all(|number| holds(&records, number)) && records.layout() == NOTED);
    assert!(damaged.exists() && path.metadata().unwrap().modified().unwrap() == old);
    let mut bytes = fs::read(&path).unwrap();
    bytes[24] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(records.get(&name(0)).is_none() && path.exists(), "not even what is damaged goes");
    assert!(Records::look(folder, 3).is_none());
    assert!(Records::look(&place.path().join("nothing"), 2).is_none());
}

#[test]
fn only_what_nobody_used_for_long_is_swept_up() {
    let place = tempfile::tempdir().unwrap();
    let open = |key| Records::open(place.path(), &name(key), NOTED).unwrap();
    [0, 1].into_iter().for_each(|key| write(&mut open(key), 7..8));
    let old = SystemTime::now() - Duration::from_secs(91 * 24 * 60 * 60);
    let path = segments(place.path()).remove(0);
    fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    sweep(place.path());
    assert!(!path.exists());
    assert_eq!([0, 1].map(|key| open(key).len()).iter().sum::<usize>(), 1);
}
