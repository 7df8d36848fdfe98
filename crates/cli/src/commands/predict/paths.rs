//! Which pictures are meant: paths, folders with all below them, lists on standard input.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use ground::files::FileError;

/// Everything named, in the order named. Folders are listed now; a list on standard input (`-`) is
/// read line by line as the pictures are answered, so that it may come from a program that goes on.
///
/// # Errors
/// When a folder cannot be read.
pub(super) fn of(
    named: &[PathBuf],
) -> Result<impl Iterator<Item = PathBuf> + Send + use<>, FileError> {
    let mut all: Vec<Box<dyn Iterator<Item = PathBuf> + Send>> = vec![];
    for path in named {
        if path.as_os_str() == "-" {
            all.push(Box::new(listed(BufReader::new(io::stdin()))));
        } else if path.is_dir() {
            let mut below = vec![];
            walk(path, &mut below)?;
            all.push(Box::new(below.into_iter()));
        } else {
            all.push(Box::new(std::iter::once(path.clone())));
        }
    }
    Ok(all.into_iter().flatten())
}

/// All files below a folder by name, but hidden ones. Links to folders are not followed, so that
/// there is an end.
fn walk(folder: &Path, below: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let at = || FileError::at("read", folder);
    let entries = fs::read_dir(folder).map_err(at())?;
    let mut entries = entries.collect::<io::Result<Vec<_>>>().map_err(at())?;
    entries.retain(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type().map_err(at())?.is_dir() {
            walk(&entry.path(), below)?;
        } else if !entry.path().is_dir() {
            below.push(entry.path());
        }
    }
    Ok(())
}

/// One path a line; empty lines say nothing.
fn listed(lines: impl BufRead) -> impl Iterator<Item = PathBuf> {
    lines.split(b'\n').map_while(Result::ok).filter_map(|mut line| {
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        (!line.is_empty()).then(|| PathBuf::from(os(line)))
    })
}

#[cfg(unix)]
fn os(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn lists_may_have_any_line_ends() {
        let list = "a.jpg\nb c.jpg\r\n\nd.jpg";
        let paths: Vec<_> = super::listed(list.as_bytes()).collect();
        assert_eq!(paths, ["a.jpg", "b c.jpg", "d.jpg"].map(Path::new));
    }
}
