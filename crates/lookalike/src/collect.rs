use std::path::{Path, PathBuf};

use collect::{Collected, Settings, Status};
use ground::Stop;
use ground::progress::Progress;

use crate::{Error, Kind};

/// Collects pictures from lists of addresses, saved pages, archives and folders into `output`, a
/// folder a class. Pictures that cannot be had are no failure; each has a row that says why. The
/// environment's `LOOKALIKE_OFFLINE` forbids the network too.
///
/// # Errors
/// When a source cannot be read, the network is needed and forbidden, or writing fails.
pub fn collect(
    sources: &[PathBuf],
    output: &Path,
    settings: Settings,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Collected, Error> {
    let forbidden = std::env::var("LOOKALIKE_OFFLINE").ok();
    let forbidden = forbidden.is_some_and(|value| !["", "0", "false"].contains(&value.as_str()));
    let offline = settings.offline || forbidden;
    let settings = Settings { offline, threads: ground::parallel::threads(), ..settings };
    Ok(::collect::collect(sources, output, &settings, progress, stop)?)
}

/// Refuses what came to no picture at all, with what to blame: the network or the pictures.
///
/// # Errors
/// When no picture was kept, now or before.
pub fn some_collected(done: &Collected) -> Result<(), Error> {
    if done.count(Status::Kept) + done.count(Status::Removed) > 0 {
        return Ok(());
    }
    let network = done.count(Status::Later) + done.count(Status::Failed);
    Err(if network * 2 > done.rows.len() {
        Error::refused(Kind::Network, "no picture could be fetched")
            .advise("check the network connection, then run the same command again")
    } else {
        let advice = format!("`{}` says why for each", done.table.display());
        Error::refused(Kind::Pictures, "no picture could be kept").advise(advice)
    })
}
