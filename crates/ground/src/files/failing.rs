use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Disk, Files};

/// A disk of which one operation fails; for tests.
#[derive(Debug)]
pub struct Failing {
    n: u64,
    kind: io::ErrorKind,
    count: AtomicU64,
}

impl Failing {
    /// The `n`-th operation (from 0) will fail as on a full disk.
    #[must_use]
    pub fn at(n: u64) -> Self {
        Self::with(n, io::ErrorKind::StorageFull)
    }

    /// The `n`-th operation (from 0) will fail in this way.
    #[must_use]
    pub fn with(n: u64, kind: io::ErrorKind) -> Self {
        Self { n, kind, count: AtomicU64::new(0) }
    }

    /// Whether there have been so many operations that one has failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.count.load(Ordering::Relaxed) > self.n
    }

    fn step(&self) -> io::Result<()> {
        if self.count.fetch_add(1, Ordering::Relaxed) == self.n {
            return Err(io::Error::new(self.kind, format!("{} (injected)", self.kind)));
        }
        Ok(())
    }
}

impl Files for Failing {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.step().and_then(|()| Disk.create(path))
    }
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        match self.step() {
            Ok(()) => Disk.append(file, bytes),
            // A disk fills up in the middle of a write.
            Err(error) => Disk.append(file, &bytes[..bytes.len() / 2]).and(Err(error)),
        }
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        self.step().and_then(|()| Disk.sync(file))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.rename(from, to))
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.link(from, to))
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.sync_folder(folder))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.remove(path))
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.create_folder(path))
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| Disk.remove_folder(path))
    }
}
