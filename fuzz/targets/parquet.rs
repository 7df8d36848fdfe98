//! Parquet files: whatever a footer or a page claims, rows or an error that names the file.
#![no_main]

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use tables::{Limits, Parquet, features};
use tempfile::TempDir;

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    let path: PathBuf = FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("a folder"));
        folder.path().join("fuzzed.parquet")
    });
    fs::write(&path, bytes).expect("a file");
    // Memory is limited to a gigabyte: pages that claim half of that are refused.
    let limits = Limits { page: 64 << 20, column: 256 << 20, rows: 1 << 20, ..Limits::default() };
    let read = Parquet::open(&path, limits).and_then(|file| {
        let dim = features::settings(&file)?.dim;
        features::read(&file, &mut |row| {
            assert!(row.features.is_none_or(|row| row.len() == dim));
            Ok(())
        })
    });
    if let Err(error) = read {
        assert!(error.to_string().contains("fuzzed.parquet"), "{error}");
    }
});
