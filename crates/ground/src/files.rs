//! The one way anything is written: whole or not at all.
//!
//! [`write()`] puts the bytes into a temporary sibling, syncs it, renames it over the target and
//! syncs the folder, so that at every moment, a power cut included, the name holds either the old
//! content or the new. [`Whole`] does the same for content that comes piece by piece. The steps go
//! through the small trait [`Files`], so that tests can make any one of them fail ([`Failing`]) and
//! see what a power cut after any of them would leave (`SimFs`).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// An operation on a file that failed: which one, on which path, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct FileError {
    /// What was tried, as a verb: "read", "create", "rename" …
    pub action: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// The system's own reason.
    pub source: io::Error,
}

impl FileError {
    /// For `map_err`: names the action and the path of an I/O error.
    pub fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source }
    }
}

mod failing;
#[cfg(unix)]
mod sim;

pub use failing::Failing;
#[cfg(unix)]
pub use sim::{Fate, SimFs};

/// The operations that writing needs, real ([`Disk`]) or with faults ([`Failing`], `SimFs`).
pub trait Files {
    /// Makes a new file that must not exist yet.
    fn create(&self, path: &Path) -> io::Result<File>;
    /// Appends all of `bytes`.
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()>;
    /// Returns once the content is on the medium.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Renames, replacing the target in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name, which must not exist yet: with the first one removed it has moved
    /// and cannot have replaced anything.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Returns once the names in this folder are on the medium.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a new folder.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// The real file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn create(&self, path: &Path) -> io::Result<File> {
        File::options().write(true).create_new(true).open(path)
    }
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Windows has no way to open a folder for syncing; NTFS journals the rename itself.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }
}

/// The program's folder for what can be made again: `LOOKALIKE_CACHE`, else `lookalike` in the
/// platform's cache folder. `variable` gives the environment's variables; empty ones count as unset.
pub fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // Who has no home folder is not to find a cache in the folder of their pictures.
    let home = || set("HOME").or_else(std::env::home_dir).unwrap_or_else(std::env::temp_dir);
    set("LOOKALIKE_CACHE").unwrap_or_else(|| {
        let platform = if cfg!(windows) {
            set("LOCALAPPDATA").unwrap_or_else(std::env::temp_dir)
        } else if cfg!(target_os = "macos") {
            home().join("Library/Caches")
        } else {
            set("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache"))
        };
        platform.join("lookalike")
    })
}

/// The folder that a path lies in, `.` for a bare name.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A name beside `path` that nobody else uses: hidden, and unique to this process and call.
#[must_use]
pub fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    folder_of(path).join(format!(".{name}.{}-{count}.tmp", std::process::id()))
}

/// Writes `bytes` to `path`, whole or not at all.
///
/// # Errors
/// When any step fails; the target is then as it was, and no temporary file stays.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_pieces(&Disk, path, &[bytes])
}

/// Like [`write()`], with several pieces and on any [`Files`].
///
/// # Errors
/// As [`write()`].
pub fn write_pieces(files: &dyn Files, path: &Path, pieces: &[&[u8]]) -> Result<(), FileError> {
    let mut file = Whole::begin(files, path)?;
    pieces.iter().try_for_each(|piece| file.append(piece))?;
    file.finish()
}

/// A file that is being written. It takes its name, and replaces the file of that name, when it is
/// finished. Until then the old file stays as it was.
pub struct Whole<'a> {
    files: &'a dyn Files,
    path: PathBuf,
    temporary: PathBuf,
    /// Until it is finished.
    file: Option<File>,
    /// Whether it has taken its name.
    named: bool,
}

impl<'a> Whole<'a> {
    /// Begins beside `path`.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn begin(files: &'a dyn Files, path: &Path) -> Result<Self, FileError> {
        let temporary = temporary_beside(path);
        // The reader of an error knows the file by the name that it will have.
        let file = files.create(&temporary).map_err(FileError::at("create", path))?;
        let path = path.to_owned();
        Ok(Self { files, path, temporary, file: Some(file), named: false })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        match &mut self.file {
            Some(file) => self.files.append(file, bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()), // only `finish` takes it, and `self`
        }
        .map_err(FileError::at("write", &self.path))
    }

    /// Where it lies until it is finished, so that it can be read back before it replaces anything.
    #[must_use]
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// The name that it will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finishes it under another name in the same folder, as one that its content decides.
    ///
    /// # Errors
    /// As [`Whole::finish`].
    pub fn finish_as(mut self, path: &Path) -> Result<(), FileError> {
        path.clone_into(&mut self.path);
        self.finish()
    }

    /// Puts it on the medium, then in its place.
    ///
    /// # Errors
    /// When a step fails. If it is the last, the new content is in place but may not outlive a
    /// power cut.
    pub fn finish(mut self) -> Result<(), FileError> {
        if let Some(file) = &self.file {
            self.files.sync(file).map_err(FileError::at("sync", &self.temporary))?;
        }
        self.file = None; // closed before it is renamed, as some systems want it
        let renamed = self.files.rename(&self.temporary, &self.path);
        renamed.map_err(FileError::at("replace", &self.path))?;
        self.named = true;
        let folder = folder_of(&self.path);
        self.files.sync_folder(folder).map_err(FileError::at("sync", folder))
    }
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        self.file = None;
        if !self.named {
            // The first error is the one worth telling; a leftover is hidden and harmless.
            let _ = self.files.remove(&self.temporary);
        }
    }
}

/// Removes the temporary files that killed writers left in a folder, for those names that are
/// `ours`. Nobody may be writing them meanwhile.
pub fn sweep(files: &dyn Files, folder: &Path, ours: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let numbers = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let name = (|| {
            let middle = found.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
            middle.rsplit_once('.').filter(|(_, end)| numbers(end)).map(|(name, _)| name)
        })();
        if name.is_some_and(&ours) {
            // Hidden and harmless where it cannot be removed.
            let _ = files.remove(&entry.path());
        }
    }
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be read or is larger; nothing beyond the limit is read even if the file grows
/// meanwhile.
pub fn read_capped(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let read = || {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut bytes = Vec::with_capacity(size.min(limit) as usize);
        io::Read::read_to_end(&mut io::Read::take(file, limit + 1), &mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("larger than the limit of {limit} bytes"),
            ));
        }
        Ok(bytes)
    };
    read().map_err(FileError::at("read", path))
}

/// Fills `out` from this place in the file, which need not be where the file stands.
///
/// # Errors
/// When the file ends before, or cannot be read.
#[cfg(unix)]
pub fn read_at(file: &File, out: &mut [u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, place)
}

/// Fills `out` from this place in the file. The file's own position moves.
///
/// # Errors
/// When the file ends before, or cannot be read.
#[cfg(windows)]
pub fn read_at(file: &File, mut out: &mut [u8], mut place: u64) -> io::Result<()> {
    while !out.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, out, place)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                out = &mut out[count..];
                place += count as u64;
            }
        }
    }
    Ok(())
}

/// Fills `out` from this place in the file, where there are files.
///
/// # Errors
/// Always: this system has none.
#[cfg(not(any(unix, windows)))]
pub fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::{
        Disk, Failing, cache_folder, read_capped, sweep, temporary_beside, write, write_pieces,
    };
    use std::fs;

    #[test]
    fn the_cache_is_never_where_somebody_works() {
        let of = |name: &'static str, value: &'static str| {
            cache_folder(|asked| (asked == name).then(|| value.into()))
        };
        assert_eq!(of("LOOKALIKE_CACHE", "/big/cache"), std::path::Path::new("/big/cache"));
        assert!(of("LOOKALIKE_CACHE", "").is_absolute());
        let nothing = cache_folder(|_| None);
        assert!(nothing.is_absolute() && nothing.ends_with("lookalike"), "{nothing:?}");
    }

    #[test]
    fn every_failing_step_leaves_old_or_new_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        write(&path, b"old").unwrap();
        let mut failures = 0;
        for n in 0.. {
            let result = write_pieces(&Failing::at(n), &path, &[b"ne", b"w"]);
            let content = fs::read(&path).unwrap();
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "litter after step {n}");
            if result.is_ok() {
                assert_eq!(content, b"new");
                break;
            }
            failures += 1;
            assert!(content == b"old" || content == b"new");
            fs::write(&path, b"old").unwrap();
        }
        // create, append, append, sync, rename, sync folder: each was made to fail.
        assert_eq!(failures, 6);
    }

    #[test]
    fn only_our_own_leftovers_are_swept_up() {
        let folder = tempfile::tempdir().unwrap();
        let left = temporary_beside(&folder.path().join("a.model"));
        let others = [".b.model.7-0.tmp", ".a.model.tmp", ".a.model.x-0.tmp", "a.model.7-0.tmp"];
        for path in others.iter().map(|name| folder.path().join(name)).chain([left.clone()]) {
            fs::write(path, b"").unwrap();
        }
        sweep(&Disk, folder.path(), |name| name == "a.model");
        assert!(!left.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), others.len());
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read_capped(&path, 100).unwrap().len(), 100);
        let error = read_capped(&path, 99).unwrap_err();
        assert!(error.to_string().contains("cannot read"), "{error}");
    }
}
