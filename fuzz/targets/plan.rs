//! Plans, and what tells that one was applied: any text is one of them, or there is an error with
//! its line; and no plan moves anything that lies outside of its folder.
#![no_main]

use std::cell::OnceCell;
use std::fs;

use doctor::plan::{Plan, journal_of, undo};
use ground::Stop;
use ground::files::Disk;
use ground::progress::Silent;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const PHOTOS: [(&str, &str); 3] =
    [("foxes/1.jpg", "one"), ("foxes/2.jpg", "two"), ("owls/1.jpg", "owl")];

thread_local! {
    static PLACE: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    PLACE.with(|place| {
        let place = place.get_or_init(|| tempfile::tempdir().expect("a folder")).path();
        let photos = place.join("work/photos");
        let _ = fs::remove_dir_all(place.join("work"));
        for (path, text) in PHOTOS {
            fs::create_dir_all(photos.join(path).parent().expect("a class")).expect("a folder");
            fs::write(photos.join(path), text).expect("a file");
        }
        fs::write(place.join("outside.txt"), "mine").expect("a file");
        let path = place.join("work/plan.csv");
        fs::write(&path, bytes).expect("a file");
        if let Ok(plan) = Plan::read(&path) {
            // Written and read again it is the same, but for the lines it stood in.
            let again = place.join("work/again.csv");
            plan.write(&again).expect("a table");
            let again = Plan::read(&again).expect("what was written is read");
            let steps = |plan: &Plan| {
                let steps = plan.steps.iter();
                steps.map(|step| doctor::plan::Step { line: 0, ..step.clone() }).collect::<Vec<_>>()
            };
            assert_eq!(steps(&plan), steps(&again));
            // A folder that is not ours is left as it is.
            let dry = plan.folder.canonicalize().ok() != photos.canonicalize().ok();
            let _ = plan.apply(&path, dry, &Disk, &Silent, &Stop::new());
            // However far that went, everything can be put back.
            undo(&path, &Disk, &Silent, &Stop::new()).expect("undone");
            for (path, text) in PHOTOS {
                assert_eq!(fs::read_to_string(photos.join(path)).expect("back"), text);
            }
        }
        // As if it told what was applied.
        let _ = fs::remove_file(journal_of(&path));
        fs::write(journal_of(&path), bytes).expect("a file");
        let _ = undo(&path, &Disk, &Silent, &Stop::new());
        assert_eq!(fs::read_to_string(place.join("outside.txt")).expect("untouched"), "mine");
        assert_eq!(fs::read_dir(place).expect("a folder").count(), 2, "nothing beside it");
    });
});
