//! Lists of addresses, as lines, table, JSON or saved page, and the table of what was collected:
//! any text is one of them, or there is an error; no class leads out of the folder.
#![no_main]

use std::cell::OnceCell;
use std::fs;

use collect::{Settings, collect, rows};
use ground::Stop;
use ground::progress::Silent;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

thread_local! {
    static PLACE: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    PLACE.with(|place| {
        let place = place.get_or_init(|| tempfile::tempdir().expect("a folder")).path();
        let settings = Settings { offline: true, ..Settings::default() };
        // The first byte says as what the rest is read.
        let Some((&first, bytes)) = bytes.split_first() else { return };
        let name = ["foxes.txt", "foxes.csv", "foxes.html"][first as usize % 3];
        let (path, into) = (place.join(name), place.join("photos"));
        fs::write(&path, bytes).expect("a file");
        let _ = collect(std::slice::from_ref(&path), &into, &settings, &Silent, &Stop::new());
        fs::remove_file(&path).expect("the list is as it was");
        let _ = fs::remove_dir_all(into);
        let before = place.join("before");
        fs::create_dir_all(&before).expect("a folder");
        fs::write(before.join("collected.csv"), bytes).expect("a file");
        let _ = rows(&before);
    });
});
