//! Data sets of pictures in Parquet, as Hugging Face's hub has them: a file, or a folder of files.

use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use ground::{Digest, files};
use pictures::{Columns, Entry, Folder, Need, PicturesError, Place, Side, natural, side_of};
use tables::images::{Bytes, Image, label_column, picture_column, read};
use tables::{Limits, Parquet, TablesError};

use super::Places;
use crate::cache_root;
use crate::text::count;

/// How deep below a folder files are looked for: `CONFIG/SPLIT/0000.parquet`.
const DEPTH: usize = 3;

/// The Parquet files that a name stands for; `None` where it stands for something else.
pub(super) fn files_of(path: &Path) -> Option<Vec<PathBuf>> {
    if path.is_file() {
        let mut start = [0; 4];
        fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).ok()?;
        return Parquet::begins(&start).then(|| vec![path.to_owned()]);
    }
    let mut found = vec![];
    match path.is_dir() {
        true => below(path, DEPTH, &mut found),
        false => {
            let pattern = path.to_str().filter(|pattern| pattern.contains(['*', '?', '[']))?;
            let paths = glob::glob(pattern).ok()?.flatten();
            found.extend(paths.filter(|path| is_parquet(path)));
        }
    }
    found.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    (!found.is_empty()).then_some(found)
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "parquet")
}

fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let hidden =
            path.file_name().is_none_or(|name| name.to_string_lossy().starts_with(['.', '_']));
        match (hidden, path.is_dir()) {
            (true, _) => {}
            (false, true) if depth > 1 => below(&path, depth - 1, found),
            (false, true) => {}
            (false, false) => found.extend(is_parquet(&path).then_some(path)),
        }
    }
}

/// What is counted along the way.
#[derive(Default)]
struct Skipped {
    unlabelled: usize,
    missing: usize,
    foreign: usize,
    unpacked: usize,
}

/// The pictures of some files, with their labels.
///
/// # Errors
/// When a file is refused, there is no telling which column is which, or there are too few classes.
pub(super) fn folder(
    path: &Path,
    parquet: &[PathBuf],
    columns: &Columns,
    need: Need,
) -> Result<Folder, PicturesError> {
    let sides: Vec<Option<Side>> = parquet.iter().map(|file| side(file)).collect();
    let several = sides.iter().any(|side| *side != sides[0]);
    let held_out = sides.contains(&Some(Side::Valid));
    let mut skipped = Skipped::default();
    let mut entries = vec![];
    for (file, side) in parquet.iter().zip(&sides) {
        // Of one split alone nothing is said; without a split to validate on, training decides.
        let side = side.filter(|&side| several && (held_out || side != Side::Train));
        let entry = |image: Image, skipped: &mut Skipped| -> Result<Option<Entry>, TablesError> {
            let own = || stem(file);
            let class = match (image.label.clone(), need) {
                (Some(label), _) => label,
                (None, Need::Anything) => own(),
                (None, _) => {
                    skipped.unlabelled += 1;
                    return Ok(None);
                }
            };
            let place = place(path, file, image, skipped)?;
            Ok(place.map(|place| Entry { class, place, side, group: None, fold: None }))
        };
        let mut read = || -> Result<(), TablesError> {
            let opened = Parquet::open(file, Limits::default())?;
            let picture = picture_column(&opened, columns.path.as_deref())?;
            let labels = label_column(&opened, columns.label.as_deref(), card(file).as_deref())?;
            if labels.is_none() && need == Need::Classes {
                let why = "there is no column of labels: name one with `--label-column`".to_owned();
                let (path, column) = (file.clone(), "label".to_owned());
                return Err(TablesError::Column { path, column, why });
            }
            read(&opened, &picture, labels.as_ref(), &mut |image| {
                entries.extend(entry(image, &mut skipped)?);
                Ok(())
            })
        };
        read().map_err(|error| refused(file, &error))?;
    }
    let told = skipped.told();
    if entries.is_empty() && !told.is_empty() {
        let (path, format, why) = (path.to_owned(), "Parquet", told.join("; "));
        return Err(PicturesError::Labels { path, format, why });
    }
    let mut folder = Folder::of_entries(path, entries, told, need)?;
    folder.read_as = Some(read_as(folder.pictures.len(), parquet.len()));
    Ok(folder)
}

/// The pictures of some files in the order of their rows, whatever their labels, and what was read.
///
/// # Errors
/// When a file is refused, or there is no telling which column has pictures.
pub(super) fn places(
    path: &Path,
    parquet: &[PathBuf],
    columns: &Columns,
) -> Result<Places, PicturesError> {
    let (mut skipped, mut places) = (Skipped::default(), vec![]);
    for file in parquet {
        let mut add = || -> Result<(), TablesError> {
            let opened = Parquet::open(file, Limits::default())?;
            let picture = picture_column(&opened, columns.path.as_deref())?;
            read(&opened, &picture, None, &mut |image| {
                places.extend(place(path, file, image, &mut skipped)?);
                Ok(())
            })
        };
        add().map_err(|error| refused(file, &error))?;
    }
    let mut told = vec![read_as(places.len(), parquet.len())];
    told.extend(skipped.told());
    Ok((places, told.join("; ")))
}

fn read_as(pictures: usize, files: usize) -> String {
    format!("read as Parquet: {} in {}", count(pictures, "picture"), count(files, "file"))
}

fn refused(path: &Path, error: &TablesError) -> PicturesError {
    let why = match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    };
    PicturesError::Labels { path: path.to_owned(), format: "Parquet", why }
}

impl Skipped {
    fn told(&self) -> Vec<String> {
        let rows = |number: usize, what: &str| {
            (number > 0).then(|| format!("{} {what}", count(number, "row")))
        };
        let foreign = "hold an absolute path and no picture, and were skipped: `push_to_hub` embeds \
                       pictures, `to_parquet` alone does not";
        let all = [
            rows(self.unlabelled, "without a label were skipped"),
            rows(self.missing, "without a picture were skipped"),
            rows(self.foreign, foreign),
            rows(self.unpacked, "hold a packed picture, which was unpacked to the cache"),
        ];
        all.into_iter().flatten().collect()
    }
}

/// Where a picture is, if it is anywhere.
fn place(
    root: &Path,
    file: &Path,
    image: Image,
    skipped: &mut Skipped,
) -> Result<Option<Place>, TablesError> {
    let Image { row, name, bytes, .. } = image;
    let base = name.as_deref().and_then(|name| name.rsplit(['/', '\\']).next());
    let called = match base {
        Some(base) => format!("{row}/{base}"),
        None => row.to_string(),
    };
    Ok(match bytes {
        Bytes::At { offset, length } => Some(Place::member(file, &called, offset, length)),
        Bytes::Packed(bytes) => {
            skipped.unpacked += 1;
            Some(Place::unpacked(file, &called, unpacked(file, row, &bytes)?))
        }
        Bytes::Elsewhere(name) => {
            let inside = Path::new(&name);
            let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
            let root = if root.is_dir() { root } else { files::folder_of(file) };
            skipped.foreign += usize::from(!plain);
            plain.then(|| root.join(inside).into())
        }
        Bytes::Missing => {
            skipped.missing += 1;
            None
        }
    })
}

/// The file of a picture that is packed in a data set: in the cache, written once.
fn unpacked(file: &Path, row: u64, bytes: &[u8]) -> Result<PathBuf, files::FileError> {
    let about = fs::metadata(file).map_err(files::FileError::at("read", file))?;
    let whole = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let key = format!("{} {} {:?}", whole.display(), about.len(), about.modified().ok());
    let key = Digest::of(key.as_bytes()).to_string();
    let folder = cache_root().join("unpacked").join(&key[..16]);
    let path = folder.join(format!("{row}"));
    if fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64) {
        return Ok(path);
    }
    fs::create_dir_all(&folder).map_err(files::FileError::at("create", &folder))?;
    files::write(&path, bytes).map(|()| path)
}

/// The split that a file is of: `data/train-00000-of-00005.parquet`, `CONFIG/test/0000.parquet`.
fn side(file: &Path) -> Option<Side> {
    let stem = stem(file);
    let first = stem.split(['-', '.']).next().and_then(side_of);
    let folder = || side_of(&file.parent()?.file_name()?.to_string_lossy());
    first.or_else(folder)
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The card of the data set that a file belongs to: `README.md` beside it or up to two folders above.
fn card(file: &Path) -> Option<String> {
    let folders = file.ancestors().skip(1).take(3);
    let found = folders.map(|folder| folder.join("README.md")).find(|card| card.is_file())?;
    let bytes = files::read_capped(&found, 1 << 20).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
