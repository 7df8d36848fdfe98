//! Pictures by number: a client names no file, and no file is read through a link.
//!
//! A picture's number is drawn from its name in the folder, so it is the same after a restart. Where it
//! really lies is found out when the folder is listed, and opened part by part, following nothing: what
//! was swapped for a link, a pipe or a folder since is refused, and what was opened is looked at again.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ground::Digest;
use pictures::{Limits, Reason};

use crate::problem::{Fault, Problem};

/// A number that JavaScript holds exactly.
const BITS: u32 = 48;

/// The number of a picture that the folder knows by this path.
pub(crate) fn id_of(below: &Path) -> u64 {
    let Digest(bytes) = Digest::of(below.as_os_str().as_encoded_bytes());
    let first: [u8; 8] = [bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], 0, 0];
    u64::from_le_bytes(first) & ((1 << BITS) - 1)
}

/// What changes with a file's content in all likelihood: for its addresses, which browsers keep.
pub(crate) fn mark_of(path: &Path) -> (u64, u32) {
    let Ok(about) = fs::symlink_metadata(path) else { return (0, 0) };
    let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let text = format!("{} {}", about.len(), since.unwrap_or_default().as_nanos());
    let Digest(bytes) = Digest::of(text.as_bytes());
    (about.len(), u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// The bytes of the file that really lies here.
///
/// # Errors
/// When it has gone, is no plain file, or is larger than a picture may be.
pub(crate) fn read(real: &Path) -> Result<Vec<u8>, Problem> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Fault::UnreadablePicture.because(format!("the picture cannot be read: {error}"))
    };
    let file = match open(real) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Fault::NotFound.because("the picture is no longer there"));
        }
        Err(error) => return Err(unreadable(&error)),
    };
    let about = file.metadata().map_err(|error| unreadable(&error))?;
    let most = Limits::default().max_bytes;
    if !about.is_file() {
        return Err(unreadable(&"it is no longer a file"));
    }
    let mut bytes = vec![];
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    match bytes.len() as u64 > most {
        true => Err(unreadable(&"it is too large")),
        false => Ok(bytes),
    }
}

/// The problem with a picture of the folder that cannot be decoded.
pub(crate) fn damaged(reason: &Reason) -> Problem {
    Fault::UnreadablePicture.because(reason.to_string())
}

/// Opens a file by its real path, each part of it as what it is: a folder, and at last a file.
#[cfg(unix)]
fn open(real: &Path) -> io::Result<File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use std::path::Component;
    let no = || io::Error::new(io::ErrorKind::InvalidInput, "it is not named by its real path");
    let below = real.strip_prefix("/").map_err(|_| no())?;
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // To pass through a folder takes no right to list it.
    #[cfg(target_os = "linux")]
    let folder = folder | OFlags::PATH;
    // A pipe is not waited for.
    let last = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut at = openat(CWD, "/", folder, Mode::empty())?;
    let mut parts = below.components().peekable();
    while let Some(Component::Normal(part)) = parts.next() {
        let flags = if parts.peek().is_some() { folder } else { last };
        at = openat(&at, part, flags, Mode::empty())?;
    }
    Ok(File::from(at))
}

/// Where folders cannot be opened one by one, looking first is the best there is.
#[cfg(not(unix))]
fn open(real: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(real)?.is_file() {
        return Err(io::Error::other("it is no longer a file"));
    }
    File::open(real)
}

/// Where a listed file really lies; a link to nothing stays what it is.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{id_of, mark_of, read, real};
    use crate::problem::Fault;

    #[test]
    fn a_file_is_read_through_no_link_and_nothing_else_is_read() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("ants")).unwrap();
        fs::write(root.join("ants/1.jpg"), "picture").unwrap();
        fs::write(root.join("secret"), "secret").unwrap();
        let listed = real(&root.join("ants/1.jpg"));
        assert_eq!(read(&listed).unwrap(), b"picture");
        let fault = |path: &std::path::Path| read(path).unwrap_err().fault;
        // The file is swapped for a link, a folder, a pipe, nothing.
        fs::remove_file(&listed).unwrap();
        assert_eq!(fault(&listed), Fault::NotFound);
        symlink(root.join("secret"), &listed).unwrap();
        assert_eq!(fault(&listed), Fault::UnreadablePicture);
        fs::remove_file(&listed).unwrap();
        fs::create_dir(&listed).unwrap();
        assert_eq!(fault(&listed), Fault::UnreadablePicture);
        fs::remove_dir(&listed).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(&listed).status().unwrap();
        assert!(pipe.success());
        assert_eq!(fault(&listed), Fault::UnreadablePicture);
        // Its folder is.
        fs::create_dir(root.join("other")).unwrap();
        fs::write(root.join("other/1.jpg"), "other").unwrap();
        fs::remove_file(&listed).unwrap();
        fs::remove_dir(root.join("ants")).unwrap();
        symlink(root.join("other"), root.join("ants")).unwrap();
        assert_eq!(fault(&listed), Fault::UnreadablePicture);
        // What was a link when it was listed is read where it leads.
        assert_eq!(read(&real(&root.join("ants/1.jpg"))).unwrap(), b"other");
    }

    #[test]
    fn numbers_are_those_of_names_and_marks_those_of_content() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        fs::write(&path, "1").unwrap();
        let mark = mark_of(&path);
        fs::write(&path, "22").unwrap();
        assert!(mark != mark_of(&path) && mark.0 == 1);
        assert_eq!(id_of("a/b".as_ref()), id_of("a/b".as_ref()));
        assert!(id_of("a/b".as_ref()) != id_of("a/c".as_ref()));
        assert!(id_of("a/b".as_ref()) < 1 << 48);
    }
}
