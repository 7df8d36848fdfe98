//! What a classifier says of each picture, and whether it was trained on it.

use std::collections::HashSet;

use classifier::{Explain, Picture, Predictor};
use ground::progress::Progress;
use ground::{Digest, Stop, parallel};
use insight::Verdict;
use pictures::{Folder, Limits, Side, read_bytes};

use crate::Error;

/// Two pictures whose features are this alike are the same picture: what the file keeps of features
/// is rounded to bfloat16, which costs some 2e-6.
const SAME: f32 = 1.0 - 1e-5;

/// A picture that a classifier was asked about.
pub(super) struct Asked {
    /// What it said, or why the picture cannot be read.
    pub(super) said: Result<Said, String>,
    /// The digest of the file, where it can be read.
    pub(super) digest: Option<Digest>,
    /// Whether the classifier was trained on it.
    pub(super) trained_on: bool,
}

/// What a classifier said of a picture.
pub(super) struct Said {
    pub(super) logits: Vec<f32>,
    pub(super) novelty: Option<f32>,
    /// Whether it is not recognised.
    pub(super) far: bool,
    /// The similarity to the nearest training picture.
    nearest: f32,
}

/// Asks about every picture of a folder, in its order.
pub(super) fn ask(
    predictor: &mut Predictor,
    folder: &Folder,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Vec<Asked>, Error> {
    let pictures = &folder.pictures;
    let limits = Limits::default();
    let digest = |at: usize| read_bytes(&pictures[at].path, &limits).ok().map(|b| Digest::of(&b));
    let digests = parallel::map_until(pictures.len(), 1, &|| stop.asked(), digest);
    let used = predictor.classifier().data.pictures.iter();
    let used: HashSet<Digest> =
        used.filter(|used| used.side == Side::Train).map(|used| used.digest).collect();
    let bar = progress.begin("Predicting", Some(pictures.len() as u64));
    let files = pictures.iter().map(|picture| ((), Picture::File(picture.path.clone())));
    let files: Vec<_> = files.collect();
    let mut said = vec![];
    predictor.predict(files, Explain::Nothing, stop, |(), result| {
        bar.advance(1);
        said.push(result.map_err(|reason| reason.to_string()).map(|prediction| Said {
            far: prediction.answer.verdict == Verdict::Unfamiliar,
            novelty: prediction.novelty,
            nearest: prediction.nearest.first().map_or(0.0, |near| near.similarity),
            logits: prediction.logits,
        }));
    })?;
    if stop.asked() {
        return Err(Error::Stopped);
    }
    let asked = said.into_iter().zip(digests).map(|(said, digest)| {
        let known = digest.is_some_and(|digest| used.contains(&digest));
        let trained_on = known || said.as_ref().is_ok_and(|said| said.nearest >= SAME);
        Asked { said, digest, trained_on }
    });
    Ok(asked.collect())
}
