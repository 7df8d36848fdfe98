//! Which files are meant: paths, folders with all below them, a list of paths.

use std::ffi::OsString;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use ground::files::FileError;
use pictures::{Folder, begins_like_a_picture};

use crate::{Error, Kind};

/// Paths as they are wanted.
type Listed = Box<dyn Iterator<Item = PathBuf> + Send>;

/// All files that are named, in the order named, with the pictures below each folder in natural
/// order. Links to folders are followed, each real folder once.
/// Folders are listed now; the `list` that `-` stands for is read line by line as its paths are
/// wanted, so that it may come from a program that goes on.
///
/// # Errors
/// When a folder cannot be read, or the list is a picture.
pub fn paths<L: BufRead + Send + 'static>(
    named: impl IntoIterator<Item = impl AsRef<Path>>,
    list: L,
) -> Result<Listed, Error> {
    let mut list = Some(list);
    let mut all: Vec<Listed> = vec![];
    for path in named {
        let path = path.as_ref();
        if path.as_os_str() == "-" {
            // Where it is named twice, nothing of it is left.
            all.extend(list.take().map(listed).transpose()?);
        } else if path.is_dir() {
            let (below, _) = Folder::pictures_below(path)?;
            all.push(Box::new(below.into_iter()));
        } else {
            all.push(Box::new(std::iter::once(found(path.to_owned()))));
        }
    }
    Ok(Box::new(all.into_iter().flatten()))
}

/// One path a line, or parted by NULs as `find -print0` writes them; empty ones say nothing.
fn listed(mut list: impl BufRead + Send + 'static) -> Result<Listed, Error> {
    let start = list.fill_buf().map_err(FileError::at("read", Path::new("-")))?;
    if begins_like_a_picture(start) {
        let what = "standard input is a picture, and `-` stands for a list of paths";
        return Err(Error::refused(Kind::Pictures, what).advise("name the picture's file instead"));
    }
    let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let end = if start.contains(&0) { 0 } else { b'\n' };
    list.consume(mark);
    Ok(Box::new(list.split(end).map_while(Result::ok).filter_map(move |mut line| {
        if end == b'\n' && line.last() == Some(&b'\r') {
            line.pop();
        }
        (!line.is_empty()).then(|| found(PathBuf::from(os(line))))
    })))
}

/// The path as it is written, or with `/` for each `\` where only that is found: lists come from
/// Windows too.
fn found(path: PathBuf) -> PathBuf {
    let turned =
        path.to_str().filter(|text| text.contains('\\')).map(|text| text.replace('\\', "/"));
    match turned.map(PathBuf::from) {
        Some(turned) if path.symlink_metadata().is_err() && turned.exists() => turned,
        _ => path,
    }
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

    use super::listed;

    #[test]
    fn lists_may_have_any_line_ends() {
        for list in [
            "a.jpg\nb c.jpg\r\n\nd.jpg",
            "\u{feff}a.jpg\nb c.jpg\nd.jpg\n",
            "a.jpg\0b c.jpg\0d.jpg\0",
        ] {
            let paths: Vec<_> = listed(list.as_bytes()).unwrap().collect();
            assert_eq!(paths, ["a.jpg", "b c.jpg", "d.jpg"].map(Path::new), "{list:?}");
        }
    }

    #[test]
    fn a_list_from_windows_is_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("day 1")).unwrap();
        let picture = dir.path().join("day 1").join("a.jpg");
        std::fs::write(&picture, "").unwrap();
        let written = |name: &str| format!("{}{name}", dir.path().display());
        let list = format!("{}\r\n{}\r\n", written("\\day 1\\a.jpg"), written("\\none.jpg"));
        let paths: Vec<_> = listed(std::io::Cursor::new(list)).unwrap().collect();
        assert_eq!(paths[0], picture);
        assert_eq!(paths[1].to_string_lossy(), written("\\none.jpg"), "as it is written");
    }

    #[test]
    fn a_picture_is_no_list() {
        let error = listed(&b"\xff\xd8\xff\xe0\0\x10JFIF"[..]).err().unwrap().to_string();
        assert!(error.contains("is a picture"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn linked_folders_are_followed_in_natural_order() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        std::fs::create_dir(&real).unwrap();
        for name in ["2.jpg", "10.jpg", "1.jpg", "1.jpg.json"] {
            std::fs::write(real.join(name), "{}").unwrap();
        }
        let named = dir.path().join("named");
        std::fs::create_dir(&named).unwrap();
        std::os::unix::fs::symlink(&real, named.join("ants")).unwrap();
        std::os::unix::fs::symlink(&named, named.join("again")).unwrap();
        let found: Vec<_> = super::paths([&named], std::io::empty()).unwrap().collect();
        let wanted = ["1.jpg", "2.jpg", "10.jpg"].map(|name| named.join("ants").join(name));
        assert_eq!(found, wanted);
    }
}
