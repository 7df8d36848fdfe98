//! Where each judged picture lies on the map of the features.

use ground::Digester;
use ground::files::FileError;
use insight::layout::{layout, mapped};
use insight::stats::first_of_largest;
use insight::{Body, HeldOut, Map, Place};

use crate::features::Features;

/// Changes with anything in the code that changes a place.
const VERSION: &str = "lookalike map 1";

/// Gives the held-out pictures places; of many, the wrong ones and an even choice of the others
/// ([`mapped`]). Places of the same features are kept beside these, so that they are worked out
/// once.
pub(super) fn of(
    held_out: &mut [HeldOut],
    pictures: &[usize],
    features: &Features,
    seed: u64,
) -> Result<Option<Map>, FileError> {
    let right: Vec<bool> =
        held_out.iter().map(|one| first_of_largest(&one.logits) == one.actual).collect();
    let shown = mapped(&right);
    let pictures: Vec<usize> = shown.iter().map(|&at| pictures[at]).collect();
    let width = features.table.width();
    let mut rows = vec![0.0; pictures.len() * width];
    features.table.read(&pictures, &mut rows)?;
    let mut key = Digester::new();
    key.update(format!("{VERSION} {width} {seed}\n").as_bytes());
    rows.iter().for_each(|x| key.update(&x.to_le_bytes()));
    let made = || layout(&rows, width, seed).map(|found| (found.explained, found.places));
    let found: Option<(f64, Vec<Place>)> = features.kept.get("map", &key.finish(), made);
    let Some((explained, places)) = found.filter(|(_, places)| places.len() == shown.len()) else {
        return Ok(None);
    };
    for (at, place) in shown.into_iter().zip(places) {
        held_out[at].place = Some(place);
    }
    Ok(Some(Map { body: Body::Pretrained, explained }))
}
