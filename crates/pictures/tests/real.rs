//! Real pictures raise no false alarm; skipped where the shared data are absent.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pictures::{Folder, Limits, read};

/// The folder of pictures that is shared among checkouts and never committed.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let data = std::env::var_os("LOOKALIKE_SHARED").map_or_else(beside, PathBuf::from).join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no shared data at {}", data.display());
    None
}

#[test]
fn real_pictures_are_read() {
    let Some(data) = shared() else { return };
    let mut slowest = Duration::ZERO;
    for (set, count) in [("dogs3_sled", 520), ("ants_bees", 398)] {
        let folder = Folder::scan(&data.join(set)).unwrap();
        assert_eq!(folder.warnings, Vec::<String>::new());
        assert_eq!(folder.pictures.len(), count);
        for picture in &folder.pictures {
            let start = Instant::now();
            let read = read(picture.place.file(), &Limits::default());
            slowest = slowest.max(start.elapsed());
            read.unwrap_or_else(|reason| panic!("{}: {reason}", picture.place.name().display()));
        }
    }
    println!("slowest: {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
