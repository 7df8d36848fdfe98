//! One run at a time into one file or folder.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;

use ground::Digest;
use ground::files::folder_of;

use crate::{Error, Kind, cache_root};

/// Held while something is written to a file or folder. The system releases it however the process ends.
pub(crate) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock of an output. It lies in the cache, so that nothing is left beside the
    /// classifier; where none can be made there, training does without.
    ///
    /// # Errors
    /// When another process trains into the same file.
    pub(crate) fn take(output: &Path) -> Result<Self, Error> {
        Self::take_in(&cache_root().join("locks"), output)
    }

    fn take_in(locks: &Path, output: &Path) -> Result<Self, Error> {
        let folder = folder_of(output).canonicalize().unwrap_or_default();
        let whole = folder.join(output.file_name().unwrap_or_default());
        let path = locks.join(Digest::of(whole.as_os_str().as_encoded_bytes()).to_string());
        let open = || {
            fs::create_dir_all(locks)?;
            File::options().create(true).truncate(false).read(true).write(true).open(&path)
        };
        let Ok(mut file) = open() else { return Ok(Self { _file: None }) };
        match file.try_lock() {
            Ok(()) => {
                // For the message that another process prints; no lock is worth failing for.
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Self { _file: Some(file) })
            }
            Err(TryLockError::Error(_)) => Ok(Self { _file: None }),
            Err(TryLockError::WouldBlock) => {
                let process = fs::read_to_string(&path).unwrap_or_default();
                let output = output.display();
                let what =
                    format!("another training into `{output}` is running (process {process})");
                let help = "wait until it has ended, or name another file with `-o`";
                Err(Error::refused(Kind::Failed, what).advise(help))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn a_second_training_into_the_same_file_is_refused_while_the_first_runs() {
        let place = tempfile::tempdir().unwrap();
        let (locks, output) = (place.path().join("locks"), place.path().join("a.lookalike"));
        let first = Lock::take_in(&locks, &output).unwrap();
        let error = Lock::take_in(&locks, &output).err().unwrap().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert!(Lock::take_in(&locks, &place.path().join("b.lookalike")).is_ok());
        drop(first);
        assert!(Lock::take_in(&locks, &output).is_ok());
    }
}
