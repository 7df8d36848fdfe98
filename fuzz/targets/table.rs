//! Tables of labels: any text is a folder's description, or there is an error with its line.
#![no_main]

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use pictures::{Columns, Folder};
use tempfile::TempDir;

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    let path: PathBuf = FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder"));
        folder.path().join("table.csv")
    });
    fs::write(&path, bytes).expect("a file");
    let mut folder = match Folder::from_csv(&path, &Columns::default()) {
        Ok(folder) => folder,
        Err(_) => Folder { classes: vec!["a".into(), "b".into()], ..Folder::default() },
    };
    assert!(folder.pictures.iter().all(|picture| picture.label < folder.classes.len()));
    let _ = folder.fix(path.parent().expect("a folder"), &path);
});
