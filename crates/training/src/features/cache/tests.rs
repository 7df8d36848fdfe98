//! The cache of features: what is kept is found again, and damage never passes for features.

use std::fs;
use std::path::Path;

use ground::Digest;
use ground::files::{Disk, Failing};

use pictures::PerceptualHash;

use super::{About, Cache};

fn digest(n: usize) -> Digest {
    Digest::of(&n.to_le_bytes())
}

fn about(n: usize) -> About {
    About { width: n as u32, height: 7, colour: [n as f32, 2.0, 3.0] }
}

fn print(n: usize) -> PerceptualHash {
    PerceptualHash::from_bytes(&[n as u8; PerceptualHash::BYTES])
}

fn row(n: usize) -> [f32; 3] {
    [n as f32, 0.5, -1.0]
}

fn add(cache: &mut Cache, pictures: std::ops::Range<usize>) {
    let mut segment = cache.segment();
    pictures.for_each(|n| segment.add(&digest(n), about(n), &print(n), &row(n)));
    cache.write(&Disk, &mut segment).unwrap();
    assert!(segment.is_empty());
}

fn open(parent: &Path) -> Cache {
    Cache::open(parent, &digest(1000), 3).unwrap()
}

fn holds(cache: &Cache, n: usize) -> bool {
    let Some(record) = cache.find(&digest(n)) else { return false };
    let mut found = [0.0; 3];
    let read = cache.is_sound(record, &mut found);
    let mut trusted = [0.0; 3];
    assert!(!read || (cache.read(record, &mut trusted).is_ok() && trusted == found));
    assert!(!read || found == row(n), "picture {n}");
    assert!(!read || cache.about(record).unwrap() == (about(n), print(n)), "picture {n}");
    read
}

/// The only segment.
fn segment(parent: &Path) -> std::path::PathBuf {
    let folder = fs::read_dir(parent).unwrap().next().unwrap().unwrap().path();
    fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}

#[test]
fn what_was_written_is_found_again_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let mut cache = open(parent.path());
    assert!(!holds(&cache, 0));
    add(&mut cache, 0..10);
    add(&mut cache, 10..12);
    for cache in [cache, open(parent.path())] {
        assert!((0..12).all(|n| holds(&cache, n)) && !holds(&cache, 12));
    }
    // Another key, another width: another cache.
    assert!(!holds(&Cache::open(parent.path(), &digest(1001), 3).unwrap(), 0));
    assert!(Cache::open(parent.path(), &digest(1000), 4).unwrap().find(&digest(0)).is_none());
}

/// Whatever is cut off or flipped, nothing false is ever found.
#[test]
fn damage_is_noticed() {
    let parent = tempfile::tempdir().unwrap();
    add(&mut open(parent.path()), 0..3);
    let path = segment(parent.path());
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&path, &bytes).unwrap();
        let cache = open(parent.path());
        assert!(!(0..3).all(|n| holds(&cache, n)), "byte {place}");
        fs::write(&path, &whole[..place]).unwrap();
        assert!((0..3).all(|n| !holds(&open(parent.path()), n)), "cut at {place}");
    }
    fs::write(&path, &whole).unwrap();
    assert!((0..3).all(|n| holds(&open(parent.path()), n)));
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let parent = tempfile::tempdir().unwrap();
    let mut cache = open(parent.path());
    add(&mut cache, 0..3);
    for n in 0.. {
        let mut segment = cache.segment();
        segment.add(&digest(5), about(5), &print(5), &row(5));
        let written = cache.write(&Failing::at(n), &mut segment);
        assert!(holds(&cache, 5) && segment.is_empty(), "in memory, where not on disk");
        assert!((0..3).all(|n| holds(&open(parent.path()), n)));
        if written.is_ok() {
            assert!(n >= 5, "every step can fail");
            break;
        }
    }
    assert!(holds(&open(parent.path()), 5));
}

#[test]
fn many_small_segments_become_few() {
    let parent = tempfile::tempdir().unwrap();
    let mut cache = open(parent.path());
    for n in 0..40 {
        add(&mut cache, n..n + 1);
    }
    let tidied = cache.tidy();
    let folder = segment(parent.path()).parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    for cache in [tidied, open(parent.path())] {
        assert!((0..40).all(|n| holds(&cache, n)));
    }
}

#[test]
fn what_has_no_folder_is_held_in_memory() {
    let mut cache = Cache::nowhere(3);
    add(&mut cache, 0..3);
    add(&mut cache, 3..5);
    assert!((0..5).all(|n| holds(&cache, n)) && !holds(&cache, 5));
    let cache = cache.tidy();
    assert!((0..5).all(|n| holds(&cache, n)));
}

/// Rounded features serve one run: neither it nor a later one takes them for exact ones.
#[test]
fn what_is_lent_is_kept_nowhere_and_replaces_nothing() {
    let parent = tempfile::tempdir().unwrap();
    let mut cache = open(parent.path());
    add(&mut cache, 0..3);
    let rounded = [0.25; 3];
    cache.lend((0..5).map(|n| (digest(n), rounded.as_slice())));
    assert!((0..3).all(|n| holds(&cache, n)));
    let mut found = [0.0; 3];
    for n in 3..5 {
        let record = cache.find(&digest(n)).unwrap();
        assert!(cache.is_sound(record, &mut found) && found == rounded);
    }
    let again = open(parent.path());
    assert!(holds(&again, 2) && again.find(&digest(3)).is_none());
}

#[test]
fn of_several_caches_the_one_that_knows_most_is_looked_into_and_none_is_touched() {
    let parent = tempfile::tempdir().unwrap();
    let wanted: Vec<Digest> = (0..10).map(digest).collect();
    assert!(Cache::that_knows(parent.path(), &wanted).is_none());
    assert!(Cache::that_knows(&parent.path().join("nothing"), &wanted).is_none());
    for (key, pictures) in [(1, 0..4), (2, 3..9), (3, 20..90)] {
        add(&mut Cache::open(parent.path(), &digest(key), 3).unwrap(), pictures);
    }
    // A damaged segment is passed over, and stays.
    let folder = parent.path().join(&digest(2).to_string()[..16]);
    let damaged = folder.join("0.records");
    fs::write(&damaged, b"lookalike recs 2\xff\xff\xff\xff\xff\xff\xff\xffand more").unwrap();
    let cache = Cache::that_knows(parent.path(), &wanted).unwrap();
    assert_eq!((0..10).filter(|&n| holds(&cache, n)).count(), 6);
    assert!(damaged.exists());
    assert!(Cache::that_knows(parent.path(), &[digest(500)]).is_none());
}
