//! The features that a network trained by the classic recipe has of the pictures: with them its
//! classifier can say of a new picture that it is unlike all of them, and the report has its map.

use classifier::{ClassifierError, Learned, Views, averages, evenly, features};
use engine::Engine;
use ground::progress::Bar;
use insight::layout::{layout, mapped};
use insight::{Body, Map, Place};
use pictures::Side;
use training::HeldOutLogits;

use super::listener::Listener;
use super::run::Run;
use crate::text::count;

/// Pictures read at a time.
const BATCH: usize = 16;

/// What new pictures are compared with, and how strange those are that were held out.
pub(super) struct TrainedFeatures {
    /// `None` where extracting them was cut short.
    pub(super) reference: Option<Learned>,
    /// One for each held-out picture.
    pub(super) novelties: Vec<Option<f32>>,
    /// Where held-out pictures lie on the map, and what it is.
    pub(super) places: Vec<Option<Place>>,
    pub(super) map: Option<Map>,
}

impl TrainedFeatures {
    /// Extracts the features of the training pictures and of those held out. A stop that was or is
    /// asked for leaves it undone, as the classifier is wanted soon.
    ///
    /// # Errors
    /// When a picture that was decoded cannot be read back.
    pub(super) fn of(
        run: &Run,
        held_out: &[HeldOutLogits],
        engine: &mut dyn Engine,
        listener: &Listener<'_>,
    ) -> Result<Self, ClassifierError> {
        let items = &run.data.items;
        let train = run.data.indices(Side::Train);
        let labels: Vec<usize> = train.iter().map(|&picture| items[picture].label).collect();
        let known: Vec<usize> = evenly(&labels).into_iter().map(|place| train[place]).collect();
        let asked: Vec<usize> = held_out.iter().map(|one| one.picture).collect();
        let width = engine.graph().channels(engine.graph().cut());
        let total = known.len() + asked.len();
        let bar = listener.progress.begin("looking at the pictures again", Some(total as u64));
        let mut rows =
            |pictures: &[usize]| averages_of(run, pictures, engine, bar.as_ref(), listener);
        let (Some(seen), Some(rows)) = (rows(&known)?, rows(&asked)?) else {
            drop(bar);
            listener.warn(&format!(
                "stopped before {} were compared: the classifier cannot say of a picture that it \
                 is unlike anything seen",
                count(total, "picture"),
            ));
            let (novelties, places) = (vec![None; asked.len()], vec![None; asked.len()]);
            return Ok(Self { reference: None, novelties, places, map: None });
        };
        let learned = Learned::new(&known, width, &seen);
        let novelties = learned.novelties(&rows, |_, _| true);
        let called = |one: &HeldOutLogits| insight::stats::first_of_largest(&one.logits);
        let right: Vec<bool> =
            held_out.iter().map(|one| called(one) == items[one.picture].label).collect();
        let (places, map) = placed(&rows, width, &right, run.recipe.seed());
        Ok(Self { reference: Some(learned), novelties, places, map })
    }
}

/// The map of the held-out pictures' rows: of many, the wrong ones and a choice of the others.
fn placed(
    rows: &[f32],
    width: usize,
    right: &[bool],
    seed: u64,
) -> (Vec<Option<Place>>, Option<Map>) {
    let mut places = vec![None; right.len()];
    let shown = mapped(right);
    let chosen: Vec<f32> =
        shown.iter().flat_map(|&at| &rows[at * width..][..width]).copied().collect();
    let Some(found) = layout(&chosen, width, seed) else { return (places, None) };
    for (at, place) in shown.into_iter().zip(found.places) {
        places[at] = Some(place);
    }
    (places, Some(Map { body: Body::Taught, explained: found.explained }))
}

/// The averages among each picture's features, one behind the other; `None` on request.
fn averages_of(
    run: &Run,
    pictures: &[usize],
    engine: &mut dyn Engine,
    bar: &dyn Bar,
    listener: &Listener<'_>,
) -> Result<Option<Vec<f32>>, ClassifierError> {
    let data = &run.data;
    let head = run.recipe.architecture(data.classes.len()).head;
    let mut rows = vec![];
    let mut squares = vec![vec![0; data.size() * data.size() * 3]; BATCH];
    for batch in pictures.chunks(BATCH) {
        if listener.stop.asked() {
            return Ok(None);
        }
        for (&picture, square) in batch.iter().zip(&mut squares) {
            data.read(picture, square)?;
        }
        let views: Vec<&[u8]> = squares[..batch.len()].iter().map(Vec::as_slice).collect();
        for row in features(engine, &run.preprocess, &views, Views::default())? {
            rows.extend_from_slice(averages(head, &row));
        }
        bar.advance(batch.len() as u64);
    }
    Ok(Some(rows))
}
