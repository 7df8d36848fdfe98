use std::path::PathBuf;

use ground::files::FileError;

/// How many mismatched lines an error lists.
const LISTED: usize = 8;

/// Why a plan cannot be read, applied or undone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A file or folder could not be read, written or moved.
    #[error(transparent)]
    File(#[from] FileError),
    /// A table that cannot be read as a plan, or as what was applied.
    #[error("`{}`, line {line}: {why}", .path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// The folder that the plan is for is not there, or cannot have a folder beside it.
    #[error("`{}` is not a folder of pictures: {why}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Lines that do not fit what is there; nothing was moved.
    #[error("nothing was moved: {}", lines(.0))]
    DoesNotFit(Vec<(u64, String)>),
    /// What was applied before was applied to another folder.
    #[error("`{}` records moves in another folder, `{}`", .journal.display(), .folder.display())]
    OtherFolder {
        /// Where that is written down.
        journal: PathBuf,
        /// The folder that it tells of.
        folder: PathBuf,
    },
    /// Something took a picture's new place while it was being moved.
    #[error("cannot move `{}`: there is now another file at `{}`", .from.display(), .to.display())]
    Taken {
        /// What was to be moved.
        from: PathBuf,
        /// Its new place.
        to: PathBuf,
    },
    /// The end was asked for.
    #[error("stopped on request")]
    Stopped,
}

impl PlanError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::File(error) if error.source.kind() == std::io::ErrorKind::CrossesDevices => {
                "the folder and the one beside it are on different disks, and files are moved within one \
                 disk only; move the pictures to the disk of the folder above"
            }
            Self::File(_) => return None,
            Self::Table { .. } => {
                "the first line is `action,path,to,reason`; an action is `move`, `relabel`, \
                 `leave out` or `keep`, and the action `folder` names the folder that paths are relative to. \
                 A group is named by a line `name,group 1,ants`, and `group,7.jpg,group 1` is one of its \
                 pictures"
            }
            Self::Folder { .. } => "name the folder of pictures with `--folder`",
            Self::DoesNotFit(_) => {
                "remove or correct these lines, or make a new plan with `lookalike check --fix`"
            }
            Self::OtherFolder { .. } => {
                "undo that first with `lookalike apply --undo`, or give the plan another name"
            }
            Self::Taken { .. } | Self::Stopped => {
                "run the same command again to resume; `--undo` puts everything back"
            }
        };
        Some(help.into())
    }
}

fn lines(lines: &[(u64, String)]) -> String {
    let head = match lines.len() {
        1 => "one line of the plan does not match the folder".to_owned(),
        n => format!("{n} lines of the plan do not match the folder"),
    };
    let listed = lines.iter().take(LISTED).map(|(line, why)| format!("\n  line {line}: {why}"));
    let more = lines.len().saturating_sub(LISTED);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    head + &listed.collect::<String>() + &more
}
