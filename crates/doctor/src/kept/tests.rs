use std::fs;
use std::path::Path;
use std::sync::Mutex;

use ground::progress::{Bar, Progress, Silent};
use ground::{Digest, Stop};
use pictures::{Folder, Limits};

use super::{VERSION, record};
use crate::{Settings, Survey};

/// Pictures of several kinds, whole and not.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for class in ["moths", "owls"] {
        fs::create_dir(folder.path().join(class)).unwrap();
    }
    for number in 0..6u32 {
        let dots = image::RgbImage::from_fn(90, 70, |x, y| {
            image::Rgb(
                [x * y * (number + 3), x * 5 + number, y * 7].map(|level| (level % 251) as u8),
            )
        });
        dots.save(folder.path().join(format!("moths/{number}.png"))).unwrap();
    }
    let whole = fs::read(folder.path().join("moths/0.png")).unwrap();
    fs::write(folder.path().join("owls/cut.png"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("owls/page.jpg"), "<html>not found</html>").unwrap();
    folder
}

fn survey(folder: &Path, kept: Option<&Path>, progress: &dyn Progress) -> Survey {
    let settings = Settings { threads: 2, kept: kept.map(Path::to_owned), ..Settings::default() };
    let scanned = Folder::scan(folder).unwrap();
    Survey::of(folder, &scanned, &settings, progress, &Stop::new()).unwrap()
}

fn records(kept: &Path) -> usize {
    let folders = fs::read_dir(kept).into_iter().flatten().flatten();
    folders.map(|folder| fs::read_dir(folder.path()).unwrap().count()).sum()
}

#[test]
fn a_second_look_sees_the_same_and_looks_at_what_changed() {
    let (folder, kept) = (folder(), tempfile::tempdir().unwrap());
    let plain = survey(folder.path(), None, &Silent);
    let first = survey(folder.path(), Some(kept.path()), &Silent);
    assert_eq!((&first.files, records(kept.path())), (&plain.files, 1));
    let second = survey(folder.path(), Some(kept.path()), &Silent);
    assert_eq!((&second.files, records(kept.path())), (&plain.files, 1), "nothing is new");
    // Another content under the old name, with the old length and the old date.
    let path = folder.path().join("owls/page.jpg");
    let modified = path.metadata().unwrap().modified().unwrap();
    fs::write(&path, b"%PDF-1.7 is what it is").unwrap();
    fs::File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    let third = survey(folder.path(), Some(kept.path()), &Silent);
    let page = third.files.iter().find(|seen| seen.place.name() == path).unwrap();
    assert!(page.sight.as_ref().unwrap_err().starts_with("PDF"), "{page:?}");
    assert_eq!(third.files, survey(folder.path(), None, &Silent).files);
}

/// What is found is read from disk and not looked at again.
#[test]
fn what_is_kept_is_what_is_told() {
    let (folder, kept) = (folder(), tempfile::tempdir().unwrap());
    let settings = Settings { kept: Some(kept.path().to_owned()), ..Settings::default() };
    let mut seen = survey(folder.path(), None, &Silent).files.remove(0);
    seen.sight.as_mut().unwrap().width = 12_345;
    let (_, mut new) = super::Kept::open(&settings, &Silent);
    new.add(&seen, &Silent);
    new.write(&Silent);
    let told = survey(folder.path(), Some(kept.path()), &Silent);
    assert_eq!(told.files[0], seen);
    // Other limits see other things.
    let limits = Limits { max_side: 80, ..Limits::default() };
    let (known, _) = super::Kept::open(&Settings { limits, ..settings }, &Silent);
    assert!(known.find(&seen.digest.unwrap()).is_none());
}

struct Ear(Mutex<Vec<String>>);

impl Progress for Ear {
    fn begin(&self, what: &str, total: Option<u64>) -> Box<dyn Bar> {
        Silent.begin(what, total)
    }
    fn note(&self, _line: &str) {}
    fn warn(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }
}

#[test]
fn where_nothing_can_be_kept_a_warning_says_so_and_the_look_is_the_same() {
    let (folder, place) = (folder(), tempfile::tempdir().unwrap());
    let file = place.path().join("a file");
    fs::write(&file, "").unwrap();
    let ear = Ear(Mutex::default());
    let told = survey(folder.path(), Some(&file), &ear);
    assert_eq!(told.files, survey(folder.path(), None, &Silent).files);
    let warnings = ear.0.into_inner().unwrap();
    assert!(warnings.len() == 1 && warnings[0].contains("is not kept"), "{warnings:?}");
}

/// Where this fails, what is seen has changed: raise [`VERSION`], or what was kept before would be
/// told as if it were seen now; then put the new digest here.
#[test]
fn the_version_stands_for_what_is_seen() {
    let folder = folder();
    let survey = survey(folder.path(), None, &Silent);
    let all: Vec<u8> = survey
        .files
        .iter()
        .flat_map(|seen| postcard::to_allocvec(&record(seen)).unwrap())
        .collect();
    assert_eq!(
        (VERSION, &Digest::of(&all).to_string()[..16]),
        ("lookalike survey 3", "f797c72106881eaa")
    );
}
