//! Which files are meant: paths, folders with all below them, a list of paths.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use ground::files::FileError;

/// All files that are named, in the order named, with those below each folder but hidden ones.
/// Folders are listed now; the `list` that `-` stands for is read line by line as its paths are
/// wanted, so that it may come from a program that goes on.
///
/// # Errors
/// When a folder cannot be read.
pub fn paths<L: BufRead + Send + 'static>(
    named: impl IntoIterator<Item = impl AsRef<Path>>,
    list: L,
) -> Result<Box<dyn Iterator<Item = PathBuf> + Send>, FileError> {
    let mut list = Some(list);
    let mut all: Vec<Box<dyn Iterator<Item = PathBuf> + Send>> = vec![];
    for path in named {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            // Where it is named twice, nothing of it is left.
            all.extend(list.take().map(|list| Box::new(listed(list)) as Box<_>));
        } else if path.is_dir() {
            let mut below = vec![];
            walk(path, &mut below)?;
            all.push(Box::new(below.into_iter()));
        } else {
            all.push(Box::new(std::iter::once(path.to_owned())));
        }
    }
    Ok(Box::new(all.into_iter().flatten()))
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
