//! Every file of a folder, looked at once.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use ground::progress::Progress;
use ground::{Digest, Digester, Stop, parallel};
use pictures::{
    Decoded, Detail, Folder, Header, Limits, PerceptualHash, Place, Reason, Side, inspect,
};

use crate::Light;
use crate::kept::Kept;

/// Every file of a folder, in the folder's order.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Where the files lie.
    pub folder: PathBuf,
    /// Names in natural order.
    pub classes: Vec<String>,
    /// What each file is.
    pub files: Vec<Seen>,
    /// What the scan of the folder told, a line each.
    pub warnings: Vec<String>,
}

/// How files are looked at.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a picture may be.
    pub limits: Limits,
    /// Threads that look.
    pub threads: usize,
    /// Where what was seen is kept, so that no file is looked at twice; nowhere if none.
    pub kept: Option<PathBuf>,
}

impl Default for Settings {
    /// One thread, and nothing is kept.
    fn default() -> Self {
        Self { limits: Limits::default(), threads: 1, kept: None }
    }
}

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Where it is.
    pub place: Place,
    /// An index into [`Survey::classes`].
    pub label: usize,
    /// Which side its folder puts it on, if any.
    pub side: Option<Side>,
    /// Its length; 0 where it could not be read.
    pub bytes: u64,
    /// The digest that names it ([`Place::digest`]), where it could be read.
    pub digest: Option<Digest>,
    /// What it is by its content, where it is of a format that is read.
    pub header: Option<Header>,
    /// What it shows, or why that cannot be seen.
    pub sight: Result<Sight, String>,
}

/// What a picture looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// Upright, in pixels.
    pub width: u32,
    /// Upright, in pixels.
    pub height: u32,
    /// The SHA-256 of its size and its upright pixels: two files may hold the same picture.
    pub pixels: Digest,
    /// Its perceptual hash, by which near duplicates are found.
    pub hash: PerceptualHash,
    /// How it is lit, and how sharp it is.
    pub light: Light,
}

/// Why a survey was not made.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// Asked to stop.
    #[error("stopped")]
    Stopped,
}

impl Survey {
    /// Looks at every file of the folder at `root`. The same for any number of threads, and
    /// whether something was kept of a file or not.
    ///
    /// # Errors
    /// On request only: what is wrong with a file is said of the file, and where nothing can be
    /// kept a warning says so.
    pub fn of(
        root: &Path,
        folder: &Folder,
        settings: &Settings,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Self, SurveyError> {
        let bar = progress.begin("Looking at pictures", Some(folder.pictures.len() as u64));
        let (known, mut fresh) = Kept::open(settings, progress);
        let mut files: Vec<Option<Seen>> = vec![None; folder.pictures.len()];
        let work = |at: usize| {
            let picture = &folder.pictures[at];
            let seen = Seen {
                place: picture.place.clone(),
                label: picture.label,
                side: picture.side,
                bytes: 0,
                digest: None,
                header: None,
                sight: Err(String::new()),
            };
            look(seen, &settings.limits, &known)
        };
        let stopped = || stop.asked();
        let whole =
            parallel::stream(files.len(), settings.threads, &stopped, work, |at, (seen, new)| {
                if new {
                    fresh.add(&seen, progress);
                }
                files[at] = Some(seen);
                bar.advance(1);
                ControlFlow::Continue(())
            });
        fresh.write(progress);
        if !whole {
            return Err(SurveyError::Stopped);
        }
        Ok(Self {
            folder: root.to_owned(),
            classes: folder.classes.clone(),
            files: files.into_iter().flatten().collect(),
            warnings: folder.warnings.clone(),
        })
    }

    /// A file as it is told: from the folder on.
    #[must_use]
    pub fn name(&self, file: usize) -> String {
        let path = self.files[file].place.name();
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }
}

/// Whether anything is new that might be kept.
fn look(mut seen: Seen, limits: &Limits, known: &Kept) -> (Seen, bool) {
    let (bytes, _permit) = match seen.place.read_with_permit(limits, DETAIL) {
        Ok(read) => read,
        Err(reason) => {
            seen.sight = Err(reason.to_string());
            return (seen, false);
        }
    };
    let digest = seen.place.digest(&bytes);
    seen.bytes = bytes.len() as u64;
    seen.digest = Some(digest);
    if let Some((header, sight)) = known.find(&digest) {
        (seen.header, seen.sight) = (header, sight);
        return (seen, false);
    }
    let inspection = inspect(&bytes, limits, seen.place.detail(DETAIL));
    seen.header = inspection.header;
    seen.sight = inspection.picture.map(|picture| sight(&picture)).map_err(|reason| {
        match (&reason, inspection.present) {
            (Reason::CutOff, Some(share)) => {
                format!("{reason}; about {:.0}% of the picture is there", 100.0 * share)
            }
            _ => reason.to_string(),
        }
    });
    (seen, true)
}

/// Twice what light and hashes are measured at: a large JPEG is decoded at a part of its size.
const DETAIL: Detail = Detail::ShortSide(512);

fn sight(Decoded { picture, size: [width, height] }: &Decoded) -> Sight {
    let (width, height) = (*width, *height);
    let mut pixels = Digester::new();
    pixels.update(&width.to_le_bytes());
    pixels.update(&height.to_le_bytes());
    pixels.update(&picture.data);
    let (pixels, hash, light) = (pixels.finish(), PerceptualHash::of(picture), Light::of(picture));
    Sight { width, height, pixels, hash, light }
}
