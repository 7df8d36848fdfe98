//! What an interrupted run leaves beside the classifier, so that the same command goes on from it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ground::files::{Disk, folder_of, sweep};
use ground::progress::Progress;
use training::{Checkpoints, Kept};

use crate::terminal::Terminal;

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
            format!("lookalike {} {}", env!("CARGO_PKG_VERSION"), kernels::isa::Isa::in_use());
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

    /// Says how a run that was stopped can go on, if it can.
    pub(super) fn left(&self, kept: &Kept, terminal: &Terminal) {
        if let Some(standing) = kept.standing {
            terminal.note(&format!("the same command goes on from {standing}"));
        }
    }

    /// Clears up behind a run that is done and saved, and behind writers of `output` that were
    /// killed.
    pub(super) fn done(&self, kept: &Kept, output: &Path, terminal: &Terminal) {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        sweep(&Disk, folder_of(output), |left| left == name);
        match kept.discard(&Disk) {
            Ok(false) => {}
            Ok(true) => terminal.note(&format!(
                "`{}` still holds an unfinished run: its own command goes on with it; delete it if \
                 it is not wanted",
                self.folder.display()
            )),
            Err(error) => terminal.warn(&format!("{error}: {}", error.source)),
        }
    }
}
