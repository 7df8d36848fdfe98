use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::files::{FileError, Files, folder_of, sweep};

/// How many files are kept: the newest may turn out to be damaged.
const KEPT: usize = 2;

/// A folder of numbered files, of which the newest good ones are kept.
pub(crate) struct CheckpointFolder<'a> {
    folder: &'a Path,
    files: &'a dyn Files,
    /// Whether the folder is known to outlive a power cut.
    safe: bool,
    /// Numbers of files that are known to be good, ascending.
    good: Vec<u64>,
}

impl<'a> CheckpointFolder<'a> {
    pub(crate) fn new(folder: &'a Path, files: &'a dyn Files) -> Self {
        Self { folder, files, safe: false, good: vec![] }
    }

    /// The numbers of all files there, the newest first; none where there is no folder.
    pub(crate) fn numbers(&self) -> Result<Vec<u64>, FileError> {
        let read = || {
            let mut numbers = vec![];
            for entry in fs::read_dir(self.folder)? {
                numbers.extend(number(&entry?.path()));
            }
            numbers.sort_unstable_by(|a, b| b.cmp(a));
            Ok(numbers)
        };
        match read() {
            Err(error) if io::Error::kind(&error) == io::ErrorKind::NotFound => Ok(vec![]),
            numbers => numbers.map_err(FileError::at("read", self.folder)),
        }
    }

    pub(crate) fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("checkpoint-{number:06}.safetensors"))
    }

    /// Says that a file is good.
    pub(crate) fn trust(&mut self, number: u64) {
        self.good.push(number);
        self.good.sort_unstable();
    }

    /// The paths of the good ones.
    pub(crate) fn good(&self) -> Vec<PathBuf> {
        self.good.iter().map(|&number| self.path(number)).collect()
    }

    /// Has a new file written, the newest; then removes all but the last good ones. Until `write`
    /// has succeeded nothing is removed.
    pub(crate) fn put<E: From<FileError>>(
        &mut self,
        write: impl FnOnce(&dyn Files, &Path) -> Result<(), E>,
    ) -> Result<(), E> {
        self.make_folder()?;
        let numbers = self.numbers()?;
        let number = numbers.first().map_or(1, |newest| newest + 1);
        write(self.files, &self.path(number))?;
        self.trust(number);
        self.good.drain(..self.good.len().saturating_sub(KEPT));
        for old in numbers {
            if !self.good.contains(&old) {
                // One too many does no harm; it is tried again the next time.
                let _ = self.files.remove(&self.path(old));
            }
        }
        self.sweep();
        Ok(())
    }

    /// Removes what those killed in the middle of writing left.
    pub(crate) fn sweep(&self) {
        sweep(self.files, self.folder, |name| number(Path::new(name)).is_some());
    }

    fn make_folder(&mut self) -> Result<(), FileError> {
        if !self.folder.is_dir() {
            let made = self.files.create_folder(self.folder);
            made.map_err(FileError::at("create", self.folder))?;
        }
        if !self.safe {
            // Or a power cut could take the folder with all that is in it.
            let parent = folder_of(self.folder);
            self.files.sync_folder(parent).map_err(FileError::at("sync", parent))?;
            self.safe = true;
        }
        Ok(())
    }
}

/// The number of a file of a checkpoint.
fn number(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let digits = name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}
