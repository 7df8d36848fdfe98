//! Where files may be moved: within the folder and to the one beside it, and nowhere else.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::PlanError;

/// The folder of pictures, and the one beside it.
pub(super) struct Places {
    /// The folder above both, with no link in its path.
    pub(super) above: PathBuf,
    /// The name of the folder of pictures.
    pub(super) name: OsString,
    /// The name of the folder for what is left out.
    pub(super) left_out: OsString,
}

impl Places {
    pub(super) fn of(folder: &Path) -> Result<Self, PlanError> {
        let no = |why| PlanError::Folder { path: folder.to_owned(), why };
        let real = fs::canonicalize(folder).map_err(|_| no("it does not exist"))?;
        if !real.is_dir() {
            return Err(no("it is a file"));
        }
        let (Some(above), Some(name)) = (real.parent(), real.file_name()) else {
            return Err(no("there can be no folder beside it"));
        };
        let mut left_out = name.to_owned();
        left_out.push("-left-out");
        Ok(Self { above: above.to_owned(), name: name.to_owned(), left_out })
    }

    /// The folder of pictures.
    pub(super) fn folder(&self) -> PathBuf {
        self.above.join(&self.name)
    }

    /// Where a file is that the folder above knows by this path: below one of the two folders, and
    /// behind no link. The file itself need not be there.
    pub(super) fn inside(&self, path: &Path) -> Result<PathBuf, &'static str> {
        if !plain(path) {
            return Err("leads out of the folder");
        }
        let first = path.components().next().map(Component::as_os_str);
        if first != Some(&self.name) && first != Some(&self.left_out) {
            return Err("leads out of the folder");
        }
        let mut place = self.above.clone();
        let parts = path.components().count();
        for (at, part) in path.components().enumerate() {
            place.push(part);
            match fs::symlink_metadata(&place) {
                Ok(found) if at + 1 < parts && found.is_symlink() => {
                    return Err("is behind a link");
                }
                Ok(found) if at + 1 < parts && !found.is_dir() => {
                    return Err("would be inside a file");
                }
                Err(error) if is_of_no_file(&error) => {
                    return Err("is not a valid file name here");
                }
                // What is not there has nothing in it that could be a link.
                _ => {}
            }
        }
        Ok(place)
    }
}

/// Whether a name was refused for itself: with a NUL in it, or too long.
fn is_of_no_file(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename)
}

/// Whether a path goes down only, and is not empty.
pub(super) fn plain(path: &Path) -> bool {
    let mut parts = path.components();
    parts.clone().next().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Whether anything has this name, be it a link to nothing.
pub(super) fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// `name.jpg`, or `name (2).jpg` and so on where that is taken on the disk or claimed already.
/// Names that differ by case only are one name to some systems.
pub(super) fn free(wanted: PathBuf, claimed: &mut HashSet<OsString>) -> PathBuf {
    let free = |path: &Path, claimed: &mut HashSet<OsString>| {
        !is_taken(path) && claimed.insert(path.as_os_str().to_ascii_lowercase())
    };
    if free(&wanted, claimed) {
        return wanted;
    }
    let stem = wanted.file_stem().unwrap_or_default().to_owned();
    let mut number = 2_u64;
    loop {
        let mut name = stem.clone();
        name.push(format!(" ({number})"));
        if let Some(suffix) = wanted.extension() {
            name.push(".");
            name.push(suffix);
        }
        let path = wanted.with_file_name(name);
        if free(&path, claimed) {
            return path;
        }
        number += 1;
    }
}

/// A path with `/` between its parts, as bytes, and never with a sign in front that a spreadsheet
/// would take for a formula.
pub(super) fn to_bytes(path: &Path) -> Vec<u8> {
    let mut bytes = encoded(path);
    if matches!(bytes.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) {
        bytes.splice(0..0, *b"./");
    }
    bytes
}

/// The path that [`to_bytes`] made these of.
pub(super) fn from_bytes(bytes: &[u8]) -> PathBuf {
    decoded(bytes.strip_prefix(b"./").unwrap_or(bytes))
}

#[cfg(unix)]
fn encoded(path: &Path) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_owned()
}

#[cfg(unix)]
fn decoded(bytes: &[u8]) -> PathBuf {
    let text: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(bytes);
    text.into()
}

#[cfg(not(unix))]
fn encoded(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(not(unix))]
fn decoded(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}
