//! What is wrong with a folder of pictures.

mod alike;
mod page;
mod shortcuts;

use doctor::{Checkup, Kind, Settings, Severity, Survey, SurveyError, kept_folder};
use ground::Stop;
use ground::progress::Progress;

use crate::{Error, Source};

pub use shortcuts::Shortcuts;

/// What was found in a folder of pictures.
#[derive(Debug)]
pub struct Checked {
    /// The findings, and everything known of the files.
    pub checkup: Checkup,
    /// What tells the class of a picture beside what it shows.
    pub shortcuts: Shortcuts,
    source: Source,
}

/// Looks a folder or table of pictures over: copies, wrong files, leaks, classes, shortcuts. No file
/// is changed. `progress` hears warnings and notes.
///
/// # Errors
/// When the source names no pictures, and [`Error::Stopped`] on a stop.
pub fn check(source: &Source, progress: &dyn Progress, stop: &Stop) -> Result<Checked, Error> {
    let folder = source.any_pictures()?;
    folder.read_as.iter().for_each(|line| progress.note(line));
    folder.warnings.iter().for_each(|warning| progress.warn(warning));
    let threads = ground::parallel::threads();
    let settings = Settings { threads, kept: Some(kept_folder()), ..Settings::default() };
    let survey = Survey::of(source.folder(), &folder, &settings, progress, stop);
    let survey = survey.map_err(|SurveyError::Stopped| Error::Stopped)?;
    let suspected = alike::suspected(&survey, progress, stop);
    let mut checkup = Checkup::of(survey, &suspected, stop);
    if stop.asked() {
        return Err(Error::Stopped);
    }
    let shortcuts = Shortcuts::of(&mut checkup, &|line| progress.warn(line))?;
    Ok(Checked { checkup, shortcuts, source: source.clone() })
}

impl Checked {
    /// Whether something is wrong, and not only doubtful or worth knowing.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.checkup.findings.iter().any(|finding| finding.kind.severity() == Severity::Wrong)
    }

    /// Whether there is a finding of one of these kinds.
    #[must_use]
    pub fn has(&self, kinds: &[Kind]) -> bool {
        self.checkup.findings.iter().any(|finding| kinds.contains(&finding.kind))
    }

    /// The findings as one HTML page, with small pictures in it.
    ///
    /// # Errors
    /// [`Error::Stopped`] on a stop.
    pub fn page(&self, progress: &dyn Progress, stop: &Stop) -> Result<String, Error> {
        page::html(self, &self.source, progress, stop)
    }
}
