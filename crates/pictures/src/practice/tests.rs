use std::collections::HashSet;
use std::fs;

use ground::progress::Silent;

use super::{Settings, draw};
use crate::{Dataset, Folder, Limits, PicturesError, Preprocess, dataset, read};

#[test]
fn the_set_is_complete_repeatable_and_readable() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { per_class: 6, ..Settings::default() };
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    let paths = draw(&a, &settings, &Silent).unwrap();
    draw(&b, &settings, &Silent).unwrap();
    draw(&c, &Settings { seed: 43, ..settings.clone() }, &Silent).unwrap();
    assert_eq!(paths.len(), 18);
    let mut sizes = HashSet::new();
    for path in &paths {
        let (picture, digest) = read(path, &Limits::default()).unwrap();
        assert!((90..=131).contains(&picture.width) && (90..=131).contains(&picture.height));
        sizes.insert((picture.width, picture.height));
        let twin = b.join(path.strip_prefix(&a).unwrap());
        assert_eq!(read(&twin, &Limits::default()).unwrap().1, digest);
    }
    assert!(sizes.len() > 15, "{sizes:?}");
    let suffixes: HashSet<_> = paths.iter().map(|path| path.extension().unwrap()).collect();
    assert_eq!(suffixes.len(), 2, "JPEG and PNG");
    let found = Folder::scan(&a).unwrap();
    assert_eq!(found.classes, ["monarch", "queen", "viceroy"]);
    let stop = ground::Stop::new();
    let of = |dir: &std::path::Path| {
        let (preprocess, settings) = (
            Preprocess::square(network::Backbone::ResNet50.preprocessing(), 16),
            dataset::Settings::default(),
        );
        let folder = Folder::scan(dir).unwrap();
        Dataset::prepare(&folder, &preprocess, &settings, &Silent, &stop).unwrap()
    };
    let digests = |dir| of(dir).items.into_iter().map(|item| item.digest).collect::<HashSet<_>>();
    assert_eq!(digests(&a).len(), 18, "no two alike");
    assert!(digests(&a).is_disjoint(&digests(&c)));
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.txt"), "mine").unwrap();
    let result = draw(folder.path(), &Settings::default(), &Silent);
    assert!(matches!(result, Err(PicturesError::NotEmpty(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
