//! Groups by folder, name and moment, planted in real files, are never parted.

#![allow(clippy::unwrap_used)] // in helpers of tests too

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ground::Stop;
use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use image::codecs::jpeg::JpegEncoder;
use pictures::{
    Columns, Dataset, Folder, GroupBy, Grouped, PicturesError, Preprocess, Side, dataset, split,
};

/// A JPEG of noise that no other is like; with an EXIF block where a camera and time are given.
fn write(path: &Path, exif: Option<(&str, &str, &str)>) {
    let key = path.to_string_lossy().bytes().map(u64::from).collect::<Vec<_>>();
    let mut draws = Draws::new(1, Purpose::Synthetic, &key);
    let pixels: Vec<u8> = (0..40 * 40 * 3).map(|_| draws.below(256) as u8).collect();
    let mut jpeg = vec![];
    JpegEncoder::new(&mut jpeg).encode(&pixels, 40, 40, image::ExtendedColorType::Rgb8).unwrap();
    if let Some((camera, taken, fraction)) = exif {
        let mut block = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
        let entry = |tag: u16, kind: u16, count: usize, value: [u8; 4]| {
            let head = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
            [&head[..], &(count as u32).to_le_bytes(), &value].concat()
        };
        // The directory ends at 8 + 2 + 2 × 12 + 4 = 38, the inner one, there, at 68.
        let place = |at: usize| (at as u32).to_le_bytes();
        block.extend(2u16.to_le_bytes());
        block.extend(entry(0x0110, 2, camera.len() + 1, place(68)));
        block.extend(entry(0x8769, 4, 1, place(38)));
        block.extend([0; 4]);
        block.extend(2u16.to_le_bytes());
        block.extend(entry(0x9003, 2, 20, place(68 + camera.len() + 1)));
        let mut short = [0; 4];
        short[..fraction.len()].copy_from_slice(fraction.as_bytes());
        block.extend(entry(0x9291, 2, fraction.len() + 1, short));
        block.extend([0; 4]);
        block.extend(format!("{camera}\0{taken}\0").bytes());
        let length = (block.len() as u16 + 2).to_be_bytes();
        jpeg.splice(2..2, [&[0xff, 0xe1][..], &length, &block].concat());
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, jpeg).unwrap();
}

/// Groups a folder, and asserts that no group is parted: neither held out nor by folds, whatever
/// the seed. Returns what was grouped, and the names of the files of each group of several.
fn grouped(root: &Path, ways: &[&str]) -> (Vec<Grouped>, Vec<Vec<String>>) {
    let mut folder = Folder::scan(root).unwrap();
    let ways: Vec<GroupBy> = ways.iter().map(|way| way.parse().unwrap()).collect();
    let found = folder.group(&ways, root, 2, &Silent, &Stop::new()).unwrap();
    let mut groups: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for seed in 0..6 {
        let how = dataset::Settings { valid_fraction: 0.4, seed, ..dataset::Settings::default() };
        let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 32);
        let data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap();
        let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
        let digests: Vec<_> = data.items.iter().map(|item| item.digest).collect();
        let folds = split::folds(&labels, &digests, &data.groups, 3, seed, 0);
        let mut side_of: BTreeMap<usize, (Side, usize)> = BTreeMap::new();
        groups.clear();
        for ((item, &group), &fold) in data.items.iter().zip(&data.groups).zip(&folds) {
            let sides = side_of.entry(group).or_insert((item.side, fold));
            assert_eq!(*sides, (item.side, fold), "seed {seed}: {}", item.place.name().display());
            let name = item.place.name().strip_prefix(root).unwrap().to_str().unwrap();
            groups.entry(group).or_default().push(name.to_owned());
        }
        assert!(data.items.iter().any(|item| item.side == Side::Valid));
    }
    groups.retain(|_, files| files.len() > 1);
    (found, groups.into_values().collect())
}

fn told(way: &str, pictures: usize, groups: usize) -> Grouped {
    Grouped { way: way.into(), pictures, groups }
}

#[test]
fn pictures_of_one_folder_stay_together_and_those_of_the_class_itself_do_not() {
    let place = tempfile::tempdir().unwrap();
    for class in ["wren", "robin"] {
        for i in 0..9 {
            write(&place.path().join(format!("{class}/{i}.jpg")), None);
            write(&place.path().join(format!("{class}/nest {}/{i}.jpg", i % 3)), None);
        }
    }
    let (found, groups) = grouped(place.path(), &["folder"]);
    assert_eq!(found, [told("folder", 18, 6)]);
    assert_eq!(groups.len(), 6);
    assert_eq!(groups[0], ["robin/nest 0/0.jpg", "robin/nest 0/3.jpg", "robin/nest 0/6.jpg"]);
}

#[test]
fn pictures_of_one_name_stay_together_across_classes() {
    let place = tempfile::tempdir().unwrap();
    for i in 0..12 {
        write(&place.path().join(format!("wren/cam{}_{i}.jpg", i % 4)), None);
        write(&place.path().join(format!("robin/cam{}_{i}.jpg", i % 4)), None);
        write(&place.path().join(format!("robin/other {i}.jpg")), None);
    }
    let (found, groups) = grouped(place.path(), &["name=^(cam[0-9])_"]);
    assert_eq!(found, [told("name=^(cam[0-9])_", 24, 4)]);
    assert_eq!(groups.len(), 4);
    let camera = |file: &String| file.split('/').nth(1).unwrap()[..4].to_owned();
    for group in &groups {
        assert_eq!(group.len(), 6);
        assert!(group.iter().all(|file| camera(file) == camera(&group[0])));
    }
    // Two ways together: what is joined by way of others is one group.
    for i in [0, 1] {
        write(&place.path().join(format!("wren/pond/cam{i}_p.jpg")), None);
    }
    let (found, groups) = grouped(place.path(), &["name=^(cam[0-9])_", "folder"]);
    assert_eq!(found, [told("name=^(cam[0-9])_", 26, 4), told("folder", 2, 1)]);
    assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [14, 6, 6]);
}

#[test]
fn a_burst_of_one_camera_stays_together() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str, exif: Option<(&str, &str, &str)>| write(&place.path().join(name), exif);
    let day = |time: &str| format!("2024:05:11 {time}");
    // Each within three seconds of the one before; the last is not.
    for (i, time) in ["10:00:00", "10:00:02", "10:00:04", "10:00:08"].iter().enumerate() {
        at(&format!("wren/a{i}.jpg"), Some(("Acorn 3", &day(time), "5")));
        // At the same time with another camera, in another class; a fraction too far.
        let fraction = if i == 2 { "9" } else { "" };
        let time = ["10:00:00", "10:00:01", "10:00:04", "10:01:00"][i];
        at(&format!("robin/b{i}.jpg"), Some(("Nut 1", &day(time), fraction)));
        at(&format!("robin/plain {i}.jpg"), None);
        at(&format!("wren/no time {i}.jpg"), Some(("Acorn 3", "0000:00:00 00:00:00", "")));
    }
    let (found, groups) = grouped(place.path(), &["burst"]);
    assert_eq!(found, [told("burst", 5, 2)]);
    assert_eq!(
        groups,
        [vec!["robin/b0.jpg", "robin/b1.jpg"], vec!["wren/a0.jpg", "wren/a1.jpg", "wren/a2.jpg"]]
    );
}

#[test]
fn what_keeps_nothing_together_is_refused_and_a_class_of_one_group_is_told() {
    let place = tempfile::tempdir().unwrap();
    for i in 0..4 {
        write(&place.path().join(format!("wren/{i}.jpg")), None);
        write(&place.path().join(format!("robin/pond/{i}.jpg")), None);
    }
    for way in ["burst", "name=(nest)"] {
        let mut folder = Folder::scan(place.path()).unwrap();
        let ways = [way.parse::<GroupBy>().unwrap()];
        let error = folder.group(&ways, place.path(), 1, &Silent, &Stop::new()).unwrap_err();
        assert!(matches!(&error, PicturesError::NothingGrouped { way: told } if told == way));
        assert!(error.help().is_some());
    }
    let mut folder = Folder::scan(place.path()).unwrap();
    folder.group(&[GroupBy::Folder], place.path(), 1, &Silent, &Stop::new()).unwrap();
    let how = dataset::Settings::default();
    let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 32);
    let data = Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new());
    let warnings = data.unwrap().warnings;
    assert!(
        warnings.iter().any(|w| w.contains("all 4 pictures of `robin` are one group")),
        "{warnings:?}"
    );
    let stop = Stop::new();
    stop.ask();
    let mut folder = Folder::scan(place.path()).unwrap();
    let stopped = folder.group(&[GroupBy::Burst], place.path(), 1, &Silent, &stop);
    assert!(matches!(stopped, Err(PicturesError::Stopped)));
}

#[test]
fn folds_of_a_table_stand_and_what_they_tear_apart_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = "path,label,fold,group\n".to_owned();
    for at in 0..12 {
        let name = format!("{at}.jpg");
        write(&dir.path().join(&name), None);
        let class = if at % 2 == 0 { "ant" } else { "bee" };
        // Fold by threes; pictures 0 and 11 are of one nest, and 4 and 5 of another.
        let group = match at {
            0 | 11 => "nest 1",
            4 | 5 => "nest 2",
            _ => "",
        };
        rows += &format!("{name},{class},{},{group}\n", [10, 9, 2, 1][at / 3]);
    }
    let table = dir.path().join("labels.csv");
    let prepared = |rows: &str| {
        fs::write(&table, rows).unwrap();
        let folder = Folder::from_csv(&table, &Columns::default()).unwrap();
        let preprocess = Preprocess::square(network::Backbone::ResNet50.preprocessing(), 32);
        let how = dataset::Settings { valid_fraction: 0.0, ..dataset::Settings::default() };
        Dataset::prepare(&folder, &preprocess, &how, &Silent, &Stop::new()).unwrap()
    };
    let data = prepared(&rows);
    // Numbered in natural order: 1, 2, 9, 10.
    assert_eq!(data.folds.as_deref(), Some(&[3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0, 0][..]));
    let [warning] = &data.warnings[..] else { panic!("{:?}", data.warnings) };
    assert!(
        warning
            .starts_with("2 pictures have a copy or one of their group in another fold (the same"),
        "{warning}"
    );
    let data = prepared(&rows.replace("nest 1", ""));
    assert_eq!(data.warnings, Vec::<String>::new());
    // A class in one fold cannot be evaluated.
    let lone = rows.replace("nest 1", "").replace("1.jpg,bee,1,", "1.jpg,fly,1,");
    let data = prepared(&lone.replace("9.jpg,bee", "9.jpg,fly"));
    assert!(
        data.warnings.iter().any(|w| w.contains("pictures of `fly` are in one fold")),
        "{:?}",
        data.warnings
    );
}
