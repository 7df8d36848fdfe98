//! Checkpoints: what a run saves from time to time, so that it can be resumed after a kill and end
//! with the very bits that it would have reached without one.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ground::files::{FileError, Files};
use ground::{Digest, Digester};
use network::Parameters;
use pictures::{Dataset, Preprocess, Side};
use serde::{Deserialize, Serialize};

use crate::{Classic, Observer, Stage};
pub(crate) use file::{Checkpoint, Expected};
use folder::CheckpointFolder;

mod file;
mod folder;
#[cfg(test)]
mod tests;

/// Where and how often a run saves what it needs to be resumed.
#[derive(Clone, Copy)]
pub struct Checkpoints<'a> {
    /// A folder for this run alone, made when the first is written; the folder that it lies in is
    /// there.
    pub folder: &'a Path,
    /// The time from one to the next, longer where writing them would take more than a twentieth
    /// of it. Zero: one after every batch.
    pub every: Duration,
    /// What computes: the program's version and the instruction set, which both decide on bits.
    pub program: &'a str,
    /// Start over even where there is one to resume from.
    pub fresh: bool,
    /// What writes.
    pub files: &'a dyn Files,
}

impl Checkpoints<'_> {
    /// The usual time between two: a minute.
    pub const EVERY: Duration = Duration::from_secs(60);
}

/// A place in a run: the stage's number from 0, the epoch from 1, and batches done in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) stage: usize,
    pub(crate) epoch: usize,
    pub(crate) batch: usize,
}

/// How far a run is, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The stage.
    pub stage: Stage,
    /// Epochs of it that are done.
    pub done: usize,
    /// Its epochs.
    pub epochs: usize,
    /// Batches done of the next epoch.
    pub batch: usize,
    /// Batches in an epoch.
    pub batches: usize,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, done, epochs, batch, batches } = self;
        match batch {
            _ if done == epochs => write!(f, "the end of the {stage} stage"),
            0 => write!(f, "{stage} epoch {} of {epochs}", done + 1),
            _ => write!(
                f,
                "{stage} epoch {} of {epochs}, after batch {batch} of {batches}",
                done + 1
            ),
        }
    }
}

/// The checkpoints that a run has left behind.
#[derive(Clone, Debug, Default)]
pub struct CheckpointsLeft {
    folder: PathBuf,
    files: Vec<PathBuf>,
    /// Where the newest of them stands, if there is one.
    pub standing: Option<Standing>,
}

impl CheckpointsLeft {
    /// Removes them, once what the run made is saved; those of other runs stay. Says whether there
    /// are any.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn discard(&self, files: &dyn Files) -> Result<bool, FileError> {
        for path in self.files.iter().filter(|path| path.exists()) {
            files.remove(path).map_err(FileError::at("remove", path))?;
        }
        let folder = CheckpointFolder::new(&self.folder, files);
        folder.sweep();
        let others = !folder.numbers()?.is_empty();
        if !others && self.folder.is_dir() {
            // It stays where somebody has put something else into it.
            let _ = files.remove_folder(&self.folder);
        }
        Ok(others)
    }
}

/// What makes two runs the same: anything that bits depend on.
pub(crate) fn identity(
    program: &str,
    settings: &Classic,
    preprocess: &Preprocess,
    data: &Dataset,
    start: &Parameters,
) -> Digest {
    let mut digester = Digester::new();
    let head = serde_json::json!([file::FORMAT, program, settings, preprocess, data.classes]);
    digester.update(head.to_string().as_bytes());
    for item in &data.items {
        digester.update(&item.digest.0);
        let side: u8 = match item.side {
            Side::Train => 0,
            Side::Valid => 1,
            Side::Test => 2,
        };
        digester.update(&(item.label as u64).to_le_bytes());
        digester.update(&[side]);
    }
    let mut bytes = vec![];
    for piece in start.tensors().iter().flat_map(|tensor| tensor.data.chunks(1 << 16)) {
        bytes.clear();
        bytes.extend(piece.iter().flat_map(|x| x.to_le_bytes()));
        digester.update(&bytes);
    }
    digester.finish()
}

/// Looks after a run's checkpoints.
pub(crate) struct CheckpointWriter<'a> {
    how: Checkpoints<'a>,
    identity: Digest,
    folder: CheckpointFolder<'a>,
    /// Files that are this run's, or nobody's because they are damaged.
    ours: Vec<u64>,
    standing: Option<Standing>,
    /// When the last was written, or the run began.
    written: Instant,
    /// How long that took.
    cost: Duration,
    /// Whether the last could not be written.
    failing: bool,
}

impl<'a> CheckpointWriter<'a> {
    /// Opens the folder, and reads the newest checkpoint of this run that is whole.
    pub(crate) fn open(
        how: Checkpoints<'a>,
        identity: Digest,
        expected: &Expected<'_>,
        observer: &mut dyn Observer,
    ) -> (Self, Option<Checkpoint>) {
        let mut writer = Self {
            how,
            identity,
            folder: CheckpointFolder::new(how.folder, how.files),
            ours: vec![],
            standing: None,
            written: Instant::now(),
            cost: Duration::ZERO,
            failing: false,
        };
        let found = writer.newest(expected, observer);
        (writer, found)
    }

    fn newest(
        &mut self,
        expected: &Expected<'_>,
        observer: &mut dyn Observer,
    ) -> Option<Checkpoint> {
        let numbers = match self.folder.numbers() {
            Ok(numbers) => numbers,
            Err(error) => {
                observer.warned(&format!("no checkpoint can be read: {}", Chain(&error)));
                return None;
            }
        };
        let mut other = None;
        let mut newest = None;
        for number in numbers {
            let path = self.folder.path(number);
            let read = file::peek(&path).and_then(|(identity, standing)| {
                if identity != self.identity.to_string() {
                    file::check(&path)?; // or damage would pass for another run
                    other.get_or_insert(standing);
                    return Ok(None);
                }
                self.ours.push(number);
                let wanted = newest.is_none() && !self.how.fresh;
                let read = wanted.then(|| file::read(&path, expected)).transpose()?;
                Ok(read.map(|checkpoint| (checkpoint, standing)))
            });
            match read {
                Ok(None) => {}
                Ok(Some((checkpoint, standing))) => {
                    self.folder.trust(number);
                    self.standing = Some(standing);
                    newest = Some(checkpoint);
                }
                Err(error) => {
                    if !self.ours.contains(&number) {
                        self.ours.push(number);
                    }
                    observer.warned(&format!(
                        "the checkpoint `{}` is damaged and is passed over: {}",
                        path.display(),
                        Chain(&error)
                    ));
                }
            }
        }
        if let (None, false, Some(standing)) = (&newest, self.how.fresh, other) {
            observer.warned(&format!(
                "`{}` holds an unfinished run of other settings, pictures or weights ({standing}); \
                 this one begins anew and replaces it at its first checkpoint. To keep it, stop now \
                 and name another output",
                self.how.folder.display()
            ));
        }
        newest
    }

    /// Whether it is time for the next, after a piece of work that took so long.
    pub(crate) fn is_due(&self, work: Duration) -> bool {
        /// How many times as long as writing one the time between two is at least.
        const RARELY: u32 = 19;
        let every = self.how.every;
        let since = self.written.elapsed();
        every.is_zero() || since.max(work) >= every && since >= self.cost * RARELY
    }

    /// Writes one. Where that fails the user hears of it, and the run goes on.
    pub(crate) fn write(
        &mut self,
        expected: &Expected<'_>,
        checkpoint: &Checkpoint,
        observer: &mut dyn Observer,
    ) {
        // What has left the range of numbers is nothing to resume from; the next loss will tell.
        let mut tensors = checkpoint.state.tensors.values();
        if !tensors.all(|tensor| tensor.data.iter().all(|x| x.is_finite())) {
            return;
        }
        let begun = Instant::now();
        let standing = expected.standing(checkpoint.place);
        let identity = self.identity;
        let written = self.folder.put(|files, path| {
            file::write(files, path, expected.graph, identity, standing, checkpoint)
        });
        match written {
            Ok(()) => (self.standing, self.failing) = (Some(standing), false),
            Err(error) => {
                if !self.failing {
                    let values: usize =
                        checkpoint.state.tensors.values().map(|t| t.data.len()).sum();
                    let megabytes = (values * size_of::<f32>()).div_ceil(1 << 20);
                    observer.warned(&format!(
                        "no checkpoint could be written ({megabytes} MiB or more are wanted): {}; \
                         training goes on without one",
                        Chain(&error)
                    ));
                }
                self.failing = true;
            }
        }
        self.written = Instant::now();
        self.cost = begun.elapsed();
    }

    /// What stays behind when the run ends.
    pub(crate) fn kept(&self) -> CheckpointsLeft {
        let mut files = self.folder.good();
        let others = self.ours.iter().map(|&number| self.folder.path(number));
        files.extend(others.filter(|path| path.exists() && !self.folder.good().contains(path)));
        CheckpointsLeft { folder: self.how.folder.to_owned(), files, standing: self.standing }
    }
}

impl Expected<'_> {
    pub(crate) fn standing(&self, place: Place) -> Standing {
        let (stage, epochs) = self.stages[place.stage];
        let (done, batch) = (place.epoch - 1, place.batch);
        Standing { stage, done, epochs, batch, batches: self.batches }
    }
}

/// An error and its causes in one line.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        write!(f, "{said}")?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            // A transparent error repeats its cause's words.
            if !said.contains(&error.to_string()) {
                write!(f, ": {error}")?;
            }
            said = error.to_string();
            cause = error.source();
        }
        Ok(())
    }
}
