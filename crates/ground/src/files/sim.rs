//! A disk for tests that can say what a power cut leaves.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Disk, Files, folder_of};
use crate::random::Draws;

/// A disk that remembers every operation in order, and can say what a power cut after any of them
/// might leave; for tests.
///
/// The model is as hard as POSIX allows (Pillai and others: *All file systems are not created
/// equal*, OSDI 2014): a file's content is safe once the file was synced, a name (made, renamed,
/// removed) once its folder was synced, and syncing one says nothing of the other. What is not
/// safe may be there or not, each name by itself, and content may be there in part. A rename is
/// one step. The operations are done on the real disk as well.
#[derive(Debug, Default)]
pub struct SimFs(Mutex<Past>);

#[derive(Debug, Default)]
struct Past {
    events: Vec<Event>,
    /// Which file a descriptor stands for, the latest that had it.
    open: HashMap<i32, usize>,
    /// Which file a name stands for now.
    names: BTreeMap<PathBuf, usize>,
    /// Files and folders made so far.
    files: usize,
    /// Which of them are folders.
    folders: Vec<(PathBuf, usize)>,
}

impl Past {
    /// Another file or folder of this name.
    fn make(&mut self, path: &Path) -> usize {
        let file = self.files;
        self.files += 1;
        self.names.insert(path.to_owned(), file);
        let (folder, made) = (folder_of(path).to_owned(), Some((path.to_owned(), file)));
        self.events.push(Event::Names { folder, made, gone: None });
        file
    }

    fn unmake(&mut self, path: &Path) {
        self.names.remove(path);
        let (folder, gone) = (folder_of(path).to_owned(), Some(path.to_owned()));
        self.events.push(Event::Names { folder, made: None, gone });
    }
}

#[derive(Debug)]
enum Event {
    /// A name stands for a file from now on; another name stands for nothing.
    Names {
        folder: PathBuf,
        made: Option<(PathBuf, usize)>,
        gone: Option<PathBuf>,
    },
    Append {
        file: usize,
        bytes: Vec<u8>,
    },
    Sync {
        file: usize,
    },
    SyncFolder {
        folder: PathBuf,
    },
}

/// What becomes of that which was not synced when the power was cut.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Nothing of it is there.
    Drop,
    /// All of it is there.
    Keep,
    /// Any part of it is there: of content a beginning, perhaps with zeros at its end; of names
    /// some.
    Tear(Draws),
}

impl Fate {
    /// Whether one thing is there.
    fn keeps(&mut self) -> bool {
        match self {
            Self::Drop => false,
            Self::Keep => true,
            Self::Tear(draws) => draws.chance(0.5),
        }
    }

    /// Cuts content, of which the first `safe` bytes are safe.
    fn cut(&mut self, content: &mut Vec<u8>, safe: usize) {
        match self {
            Self::Drop => content.truncate(safe),
            Self::Keep => {}
            Self::Tear(draws) => {
                content.truncate(safe + draws.below(content.len() - safe + 1));
                let zeros = draws.below(content.len() - safe + 1);
                let end = content.len();
                content[end - zeros..].fill(0);
            }
        }
    }
}

impl SimFs {
    /// One on which nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.past().events.len()
    }

    /// The files, with their content, after a power cut behind the first `operations`: `content`
    /// and `names` say what becomes of either where it was not synced.
    #[must_use]
    pub fn after_power_cut(
        &self,
        operations: usize,
        mut content: Fate,
        mut names: Fate,
    ) -> BTreeMap<PathBuf, Vec<u8>> {
        let past = self.past();
        let events = &past.events[..operations];
        // Each file's bytes, and how many of them are safe.
        let mut files: Vec<(Vec<u8>, usize)> = vec![(vec![], 0); past.files];
        let mut standing: BTreeMap<&Path, usize> = BTreeMap::new();
        for (index, event) in events.iter().enumerate() {
            match event {
                Event::Append { file, bytes } => files[*file].0.extend_from_slice(bytes),
                Event::Sync { file } => files[*file].1 = files[*file].0.len(),
                Event::SyncFolder { .. } => {}
                Event::Names { folder, made, gone } => {
                    let synced = events[index..].iter().any(
                        |later| matches!(later, Event::SyncFolder { folder: f } if f == folder),
                    );
                    if synced || names.keeps() {
                        gone.as_ref().map(|path| standing.remove(path.as_path()));
                        made.as_ref().map(|(path, file)| standing.insert(path, *file));
                    }
                }
            }
        }
        let is_folder = |file: usize| past.folders.iter().any(|(_, folder)| *folder == file);
        // What lies in a folder that is gone is gone.
        let reached = |path: &Path| {
            let above = past.folders.iter().filter(|(folder, _)| path.starts_with(folder));
            above.map(|(folder, _)| folder).all(|folder| standing.contains_key(folder.as_path()))
        };
        let mut left = BTreeMap::new();
        for (&path, &file) in
            standing.iter().filter(|(path, file)| !is_folder(**file) && reached(path))
        {
            let (mut bytes, safe) = files[file].clone();
            content.cut(&mut bytes, safe);
            left.insert(path.to_owned(), bytes);
        }
        left
    }
}

impl Files for SimFs {
    fn create(&self, path: &Path) -> io::Result<File> {
        let handle = Disk.create(path)?;
        let mut past = self.past();
        let file = past.make(path);
        past.open.insert(handle.as_raw_fd(), file);
        Ok(handle)
    }

    fn append(&self, handle: &mut File, bytes: &[u8]) -> io::Result<()> {
        Disk.append(handle, bytes)?;
        let mut past = self.past();
        let file = past.open[&handle.as_raw_fd()];
        past.events.push(Event::Append { file, bytes: bytes.to_owned() });
        Ok(())
    }

    fn sync(&self, handle: &File) -> io::Result<()> {
        // The real disk need not be bothered: nobody cuts its power.
        let mut past = self.past();
        let file = past.open[&handle.as_raw_fd()];
        past.events.push(Event::Sync { file });
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)?;
        let mut past = self.past();
        let made = past.names.remove(from).map(|file| (to.to_owned(), file));
        past.names.extend(made.clone());
        let (folder, gone) = (folder_of(to).to_owned(), Some(from.to_owned()));
        past.events.push(Event::Names { folder, made, gone });
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.link(from, to)?;
        let mut past = self.past();
        if let Some(&file) = past.names.get(from) {
            past.names.insert(to.to_owned(), file);
            let (folder, made) = (folder_of(to).to_owned(), Some((to.to_owned(), file)));
            past.events.push(Event::Names { folder, made, gone: None });
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.past().events.push(Event::SyncFolder { folder: folder.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)?;
        self.past().unmake(path);
        Ok(())
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        Disk.create_folder(path)?;
        let mut past = self.past();
        let folder = past.make(path);
        past.folders.push((path.to_owned(), folder));
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)?;
        self.past().unmake(path);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, SimFs};
    use crate::files::{Files, write_pieces};
    use crate::random::{Draws, Purpose};
    use std::fs::File;
    use std::io;
    use std::path::{Path, PathBuf};

    /// Forgets one kind of syncing, or none.
    struct Forgetful<'a>(&'a SimFs, &'static str);

    impl Files for Forgetful<'_> {
        fn create(&self, path: &Path) -> io::Result<File> {
            self.0.create(path)
        }
        fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
            self.0.append(file, bytes)
        }
        fn sync(&self, file: &File) -> io::Result<()> {
            if self.1 == "file" { Ok(()) } else { self.0.sync(file) }
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.0.rename(from, to)
        }
        fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.0.link(from, to)
        }
        fn sync_folder(&self, folder: &Path) -> io::Result<()> {
            if self.1 == "folder" { Ok(()) } else { self.0.sync_folder(folder) }
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            self.0.remove(path)
        }
        fn create_folder(&self, path: &Path) -> io::Result<()> {
            self.0.create_folder(path)
        }
        fn remove_folder(&self, path: &Path) -> io::Result<()> {
            self.0.remove_folder(path)
        }
    }

    /// Replaces a file again and again; the number of power cuts after which neither the content
    /// before nor the one after was there, or one that was reported as written was gone.
    fn losses(forgets: &'static str) -> (usize, usize) {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("model");
        let sim = SimFs::new();
        let files = Forgetful(&sim, forgets);
        let content = |round: u8| [round; 100];
        // The operations done when each round was reported as written.
        let mut reported = vec![];
        for round in 1..=10 {
            write_pieces(&files, &path, &[&content(round)[..40], &content(round)[40..]]).unwrap();
            reported.push(sim.operations());
        }
        let (mut states, mut lost) = (0, 0);
        for operations in 0..=sim.operations() {
            let written = reported.iter().filter(|&&at| at <= operations).count() as u8;
            let fates = |seed| {
                let tear = Fate::Tear(Draws::new(seed, Purpose::Synthetic, &[operations as u64]));
                [Fate::Drop, Fate::Keep, tear]
            };
            for seed in 0..10 {
                for data in fates(seed) {
                    for names in fates(seed + 100) {
                        let left = sim.after_power_cut(operations, data.clone(), names);
                        let good =
                            |round: u8| left.get(&path).is_some_and(|c| *c == content(round));
                        let none = written == 0 && !left.contains_key(&path);
                        states += 1;
                        lost += usize::from(!good(written) && !good(written + 1) && !none);
                    }
                }
            }
        }
        (states, lost)
    }

    #[test]
    fn a_power_cut_leaves_the_old_content_or_the_new() {
        let (states, lost) = losses("nothing");
        assert!(states > 5000 && lost == 0, "{lost} of {states} lost");
    }

    #[test]
    fn a_sync_left_out_is_noticed() {
        for forgets in ["file", "folder"] {
            let (states, lost) = losses(forgets);
            assert!(lost > 0, "without a sync of the {forgets} none of {states} was lost");
        }
    }
}
