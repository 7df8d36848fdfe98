//! Classes and pictures from a tree of folders.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use ground::files::FileError;
use ground::words::count;

use super::natural::natural;
use super::{Entry, Folder, Side, build};
use crate::PicturesError;

/// What one folder holds that is not hidden, in natural order.
struct Listing {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

pub(super) fn scan(dir: &Path) -> Result<Folder, PicturesError> {
    let top = list(dir)?;
    let mut warnings = Vec::new();
    let mut entries = Vec::new();
    let mut empty = Vec::new();
    let mut loose = top.files.len();
    let Some(sides) = sides(&top)? else {
        classes(&top, None, &mut entries, &mut empty)?;
        warn_loose(loose, dir, &mut warnings);
        return build(dir, entries, &empty, warnings);
    };
    let drawn = !sides.iter().any(|side| side.1 == Side::Valid);
    if drawn {
        warnings.push(
            "no `valid` folder beside `train`: pictures of `train` are held out instead".into(),
        );
    }
    warn_twins(&sides, &mut warnings);
    for folder in &top.folders {
        let Some(&(_, side)) = sides.iter().find(|side| side.0 == *folder) else {
            warnings.push(format!(
                "`{}` is neither `train`, `valid` nor `test`: its pictures are ignored",
                folder.display()
            ));
            continue;
        };
        let listing = list(folder)?;
        loose += listing.files.len();
        // Without a folder to validate on, the split decides.
        let given = (!drawn || side != Side::Train).then_some(side);
        let mut without = Vec::new();
        classes(&listing, given, &mut entries, &mut without)?;
        // A class may be missing from other sides, which `build` tells of.
        if side == Side::Train {
            empty.extend(without);
        }
    }
    warn_loose(loose, dir, &mut warnings);
    build(dir, entries, &empty, warnings)
}

/// Two names for one side are mostly two copies of it, or one that was forgotten.
fn warn_twins(sides: &[(PathBuf, Side)], warnings: &mut Vec<String>) {
    for (at, (folder, side)) in sides.iter().enumerate() {
        if let Some((twin, _)) = sides[at + 1..].iter().find(|(_, other)| other == side) {
            let (one, other) = (folder.display(), twin.display());
            warnings.push(format!("`{one}` and `{other}` mean the same: both are used"));
        }
    }
}

fn warn_loose(loose: usize, dir: &Path, warnings: &mut Vec<String>) {
    if loose > 0 {
        warnings.push(format!(
            "ignored {} in no class folder of `{}`: put pictures into one folder per class",
            count(loose, "file"),
            dir.display()
        ));
    }
}

/// The folders of a `train`, `valid`, `test` layout, or none if the sub-folders are classes.
fn sides(top: &Listing) -> Result<Option<Vec<(PathBuf, Side)>>, PicturesError> {
    let mut sides = Vec::new();
    for folder in &top.folders {
        let side = match name(folder).to_lowercase().as_str() {
            "train" => Side::Train,
            "valid" | "val" | "validation" => Side::Valid,
            "test" => Side::Test,
            _ => continue,
        };
        // A class called `train` holds pictures of trains; a side holds classes.
        if !list(folder)?.folders.is_empty() {
            sides.push((folder.clone(), side));
        }
    }
    let train = sides.iter().any(|side| side.1 == Side::Train);
    Ok((train && (sides.len() > 1 || top.folders.len() == 1)).then_some(sides))
}

/// Each folder of a listing is a class; adds its pictures, at any depth, and names the empty ones.
fn classes(
    listing: &Listing,
    side: Option<Side>,
    entries: &mut Vec<Entry>,
    empty: &mut Vec<String>,
) -> Result<(), PicturesError> {
    for folder in &listing.folders {
        let class = name(folder);
        let pictures = below(folder)?;
        if pictures.is_empty() {
            empty.push(class.clone());
        }
        let entry = |path| Entry { class: class.clone(), path, side, group: None };
        entries.extend(pictures.into_iter().map(entry));
    }
    Ok(())
}

/// All files below a folder. Links are followed, each real folder once, so that a link to a
/// folder above ends there.
fn below(folder: &Path) -> Result<Vec<PathBuf>, PicturesError> {
    let mut seen = HashSet::new();
    let mut ahead = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = ahead.pop() {
        let real = fs::canonicalize(&folder).map_err(FileError::at("read", &folder))?;
        if seen.insert(real) {
            let listing = list(&folder)?;
            files.extend(listing.files);
            ahead.extend(listing.folders.into_iter().rev());
        }
    }
    Ok(files)
}

fn list(dir: &Path) -> Result<Listing, PicturesError> {
    let mut listing = Listing { folders: Vec::new(), files: Vec::new() };
    for entry in fs::read_dir(dir).map_err(FileError::at("read", dir))? {
        let path = entry.map_err(FileError::at("read", dir))?.path();
        if path.file_name().is_none_or(hidden) {
            continue;
        }
        // A link to nothing is listed too: reading it tells what is wrong with it.
        let folder = fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        if folder { &mut listing.folders } else { &mut listing.files }.push(path);
    }
    let order = |a: &PathBuf, b: &PathBuf| natural(&name(a), &name(b)).then_with(|| a.cmp(b));
    listing.folders.sort_by(order);
    listing.files.sort_by(order);
    Ok(listing)
}

/// Whether systems, not people, put such files there; or `collect` its table.
fn hidden(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.')
        || ["thumbs.db", "desktop.ini", "__macosx", "collected.csv"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other))
}

/// The last part of a path as text; what is not Unicode is replaced.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
