//! Small pictures for pages: what the network is shown of each file.

use std::ops::ControlFlow;

use ground::Stop;
use ground::parallel::{stream, threads};
use ground::progress::Progress;
use pictures::{Limits, Place, Preprocess, read_with_permit};

/// Small JPEGs of these files, in their order; nothing of a file that has gone. `None` on a stop.
pub(crate) fn squares(
    files: &[&Place],
    preprocess: &Preprocess,
    progress: &dyn Progress,
    stop: &Stop,
) -> Option<Vec<Option<Vec<u8>>>> {
    let bar = progress.begin("Drawing small pictures", Some(files.len() as u64));
    let limits = Limits::default();
    let draw = |at: usize| {
        let read = read_with_permit(files[at], &limits, preprocess.detail());
        let (decoded, _, _permit) = read.ok()?;
        Some(classifier::thumbnail(&preprocess.pixels(&decoded.picture), preprocess.size))
    };
    let mut drawn = vec![None; files.len()];
    let whole = stream(files.len(), threads(), &|| stop.asked(), draw, |at, jpeg| {
        drawn[at] = jpeg;
        bar.advance(1);
        ControlFlow::Continue(())
    });
    whole.then_some(drawn)
}
