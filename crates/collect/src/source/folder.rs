//! Pictures that lie on the disk already.

use std::fs;
use std::path::{Path, PathBuf};

use ground::files::FileError;

use super::{Place, Sources, Wanted};
use crate::{CollectError, class};

/// Every regular file below a folder; the class is the one asked for, else the first folder inside.
/// Links are not followed, and hidden files are left where they are.
pub(super) fn read(
    folder: &Path,
    asked: Option<&str>,
    sources: &mut Sources,
) -> Result<(), CollectError> {
    let (mut loose, mut links) = (0, 0);
    for path in below(folder, &mut links)? {
        let inside = path.strip_prefix(folder).unwrap_or(&path);
        let mut parts = inside.components();
        let first = parts.next().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let class = match (asked, first.filter(|_| parts.next().is_some())) {
            (Some(asked), _) => asked.to_owned(),
            (None, Some(first)) => {
                class::check(&first)?;
                first
            }
            (None, None) => {
                loose += 1;
                continue;
            }
        };
        let name = path.display().to_string();
        sources.wanted.push(Wanted { name, class, place: Place::File(path) });
    }
    if loose > 0
        && !sources
            .wanted
            .iter()
            .any(|w| matches!(&w.place, Place::File(p) if p.starts_with(folder)))
    {
        return Err(CollectError::NoClass(folder.to_owned()));
    }
    let folder = folder.display();
    if loose > 0 {
        sources.notes.push(format!("{loose} files in `{folder}` lie in no class and are left out"));
    }
    if links > 0 {
        sources.notes.push(format!("{links} links in `{folder}` are not followed"));
    }
    Ok(())
}

/// All regular files, in order of their names.
fn below(folder: &Path, links: &mut usize) -> Result<Vec<PathBuf>, FileError> {
    let mut ahead = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(&folder).map_err(FileError::at("read", &folder))? {
            let entry = entry.map_err(FileError::at("read", &folder))?;
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // Of the entry itself, not of what it may link to.
            let kind = entry.file_type().map_err(FileError::at("read", &entry.path()))?;
            if kind.is_dir() {
                ahead.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            } else {
                *links += 1;
            }
        }
    }
    found.sort();
    Ok(found)
}
