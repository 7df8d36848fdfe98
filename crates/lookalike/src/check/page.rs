//! What a check found as one page.

use std::ops::ControlFlow;

use doctor::Checkup;
use ground::progress::Progress;
use ground::{Stop, parallel};
use pictures::{Detail, Limits, read_with_permit, thumbnail};
use report::About;
use report::check::{self, Thumbnails};

use super::Checked;
use crate::{Error, Source};

/// Pixels of a small picture's longer side: enough to compare two by eye.
const SIDE: u32 = 176;

pub(super) fn html(
    checked: &Checked,
    source: &Source,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<String, Error> {
    let Checked { checkup, shortcuts, .. } = checked;
    let thumbnails = thumbnails(checkup, progress, stop).ok_or(Error::Stopped)?;
    let about = About {
        title: source.name()?,
        file: source.path().display().to_string(),
        program: format!("lookalike {}", env!("CARGO_PKG_VERSION")),
    };
    Ok(check::html(checkup, &shortcuts.guesses, shortcuts.chance.as_ref(), &thumbnails, &about))
}

/// Small pictures of the files that the page shows, but of those that have gone since; nothing when
/// asked to stop.
fn thumbnails(checkup: &Checkup, progress: &dyn Progress, stop: &Stop) -> Option<Thumbnails> {
    let shown: Vec<usize> = check::shown(checkup).into_iter().collect();
    let bar = progress.begin("Drawing small pictures", Some(shown.len() as u64));
    let limits = Limits::default();
    let small = |at: usize| {
        let place = &checkup.survey.files[shown[at]].place;
        let (decoded, _, _permit) =
            read_with_permit(place, &limits, Detail::ShortSide(SIDE)).ok()?;
        thumbnail(&decoded.picture, SIDE)
    };
    let mut thumbnails = Thumbnails::new();
    let threads = ground::parallel::threads();
    let whole = parallel::stream(shown.len(), threads, &|| stop.asked(), small, |at, small| {
        thumbnails.extend(small.map(|small| (shown[at], small)));
        bar.advance(1);
        ControlFlow::Continue(())
    });
    whole.then_some(thumbnails)
}
