//! What is typed after `review` and `app`: the commands that are pages.

use std::path::{Path, PathBuf};

use clap::Args;
use lookalike::{Error, Source};
use serve::Listen;

/// What is typed after `review`.
#[derive(Args, Debug)]
#[command(after_help = REVIEW)]
pub(crate) struct Review {
    /// A folder with one sub-folder per class; or of pictures that nobody has sorted
    pub(crate) dir: PathBuf,
    /// The classifier that finds possible label errors; trained if there is none [default: beside the
    /// folder, as in `photos.lookalike`]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// The plan that keeps every decision [default: beside the folder, as in `photos.plan.csv`]
    #[arg(long, value_name = "CSV")]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) page: Page,
}

/// What is typed after `app`.
#[derive(Args, Debug)]
#[command(after_help = APP)]
pub(crate) struct App {
    /// The folder of the project, with one sub-folder per class; made if there is none
    pub(crate) dir: PathBuf,
    /// The classifier [default: beside the folder, as in `birds.lookalike`]
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Let a telephone in the same Wi-Fi send photographs: shows a code to scan, good for 10 minutes
    #[arg(long)]
    pub(crate) phone: bool,
    #[command(flatten)]
    pub(crate) page: Page,
}

/// Where a page is, and who opens it.
#[derive(Args, Debug)]
pub(crate) struct Page {
    /// The port on this machine; 0 takes any that is free
    #[arg(long, value_name = "N", default_value = "0")]
    port: u16,
    /// Print the address without opening it in the browser
    #[arg(long)]
    pub(crate) no_open: bool,
    /// The key of the address, in this file (also: LOOKALIKE_TOKEN) [default: a new one]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Page {
    pub(crate) fn listen(&self) -> Listen {
        Listen::Address(format!("127.0.0.1:{}", self.port))
    }
}

/// A file beside a folder, called as it is, with this ending.
///
/// # Errors
/// When the folder has no name.
pub(crate) fn beside(folder: &Path, ending: &str) -> Result<PathBuf, Error> {
    let name = Source::from(folder).name()? + ending;
    let above = match folder.file_name() {
        Some(_) => folder.parent().unwrap_or(Path::new("")).to_owned(),
        // `.` and `..` lie somewhere.
        None => folder.join(".."),
    };
    Ok(above.join(name))
}

const REVIEW: &str = "\
Nothing leaves this machine, and no picture is deleted. Every decision is in the plan at once,
which `lookalike apply` reads too.

Example:
  lookalike review photos/";

const APP: &str = "\
Nothing leaves this machine. What counts is the folder: `lookalike train` and the page work on the same one.

Example:
  lookalike app birds/";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::beside;

    #[test]
    fn a_file_lies_beside_the_folder_and_is_called_as_it_is() {
        let of = |folder: &str| beside(Path::new(folder), ".lookalike").unwrap();
        assert_eq!(of("photos/"), Path::new("photos.lookalike"));
        assert_eq!(of("a/photos"), Path::new("a/photos.lookalike"));
        assert!(of(".").starts_with("./.."));
    }
}
