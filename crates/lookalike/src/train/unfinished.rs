//! What an interrupted run leaves beside the classifier, so that the same request resumes it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ground::files::{Disk, folder_of, sweep};
use training::{Checkpoints, CheckpointsLeft};

use super::event::Event;
use super::listener::Listener;

/// Where the checkpoints of a run lie, and what they depend on.
pub(super) struct Unfinished {
    folder: PathBuf,
    program: String,
    every: Duration,
    fresh: bool,
}

impl Unfinished {
    /// For a run that makes `output`.
    pub(super) fn of(output: &Path, every: Duration, fresh: bool) -> Self {
        let mut folder = output.as_os_str().to_owned();
        folder.push(".unfinished");
        let program =
            format!("lookalike {} {}", env!("CARGO_PKG_VERSION"), engine::instruction_set());
        Self { folder: folder.into(), program, every, fresh }
    }

    pub(super) fn checkpoints(&self) -> Checkpoints<'_> {
        Checkpoints {
            folder: &self.folder,
            every: self.every,
            program: &self.program,
            fresh: self.fresh,
            files: &Disk,
        }
    }

    /// Removes the folder, if nothing is left in it.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_dir(&self.folder);
    }

    /// Reports where a run that was stopped can be resumed, if it can.
    pub(super) fn left(kept: &CheckpointsLeft, listener: &mut Listener<'_>) {
        if let Some(standing) = kept.standing {
            listener.tell(Event::Resumable(standing));
        }
    }

    /// Clears up behind a run that is done and saved, and behind writers of `output` that were
    /// killed.
    pub(super) fn done(&self, kept: &CheckpointsLeft, output: &Path, listener: &mut Listener<'_>) {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        sweep(&Disk, folder_of(output), |left| left == name);
        match kept.discard(&Disk) {
            Ok(false) => {}
            Ok(true) => listener.tell(Event::OtherUnfinished(&self.folder)),
            Err(error) => listener.warn(&format!("{error}: {}", error.source)),
        }
    }
}
