//! What a classifier says of each picture, and whether it was trained on it.

use classifier::{Explain, Picture, Predictor};
use ground::progress::Progress;
use ground::{Digest, Stop};
use insight::Verdict;
use pictures::Folder;

use crate::Error;

/// A picture that a classifier was asked about.
pub(super) struct Asked {
    /// What it said, or why the picture cannot be read.
    pub(super) said: Result<Said, String>,
    /// The digest of the file, where it can be read.
    pub(super) digest: Option<Digest>,
    /// Whether the classifier was trained on it ([`classifier::TrainedOn`]).
    pub(super) trained_on: bool,
}

/// What a classifier said of a picture.
pub(super) struct Said {
    pub(super) logits: Vec<f32>,
    pub(super) novelty: Option<f32>,
    /// Whether it is not recognised.
    pub(super) far: bool,
}

/// Asks about every picture of a folder, in its order.
pub(super) fn ask(
    predictor: &mut Predictor,
    folder: &Folder,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Vec<Asked>, Error> {
    let pictures = &folder.pictures;
    let bar = progress.begin("Predicting", Some(pictures.len() as u64));
    let files = pictures.iter().map(|picture| ((), Picture::At(picture.place.clone())));
    let files: Vec<_> = files.collect();
    let mut asked = vec![];
    predictor.predict(files, Explain::Nothing, stop, |(), result| {
        bar.advance(1);
        let (digest, trained_on) =
            result.as_ref().map_or((None, false), |said| (said.file, said.is_known()));
        let said = result.map_err(|reason| reason.to_string()).map(|prediction| Said {
            far: prediction.answer.verdict == Verdict::Unfamiliar,
            novelty: prediction.novelty,
            logits: prediction.logits,
        });
        asked.push(Asked { said, digest, trained_on });
    })?;
    if stop.asked() { Err(Error::Stopped) } else { Ok(asked) }
}
