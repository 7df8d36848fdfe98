//! What a trained network finds familiar: a last look at the pictures, so that its classifier can
//! say of others that they are unlike all of them.

use classifier::{ClassifierError, Learned, Views, averages, evenly, features};
use engine::Engine;
use ground::Stop;
use ground::progress::{Bar, Progress};
use insight::layout::{layout, mapped};
use insight::{Body, Map, Place};
use network::Head;
use pictures::{Dataset, Preprocess, Side};

use crate::terminal::{Terminal, count};

/// What new pictures are compared with, and how strange those are that were judged.
pub(super) struct Familiar {
    /// None where the look was cut short.
    pub(super) reference: Option<Learned>,
    /// One for each judged picture.
    pub(super) novelties: Vec<Option<f32>>,
    /// Where judged pictures lie on the map, and what it is.
    pub(super) places: Vec<Option<Place>>,
    pub(super) map: Option<Map>,
}

/// Pictures read at a time.
const BATCH: usize = 16;

impl Familiar {
    /// Looks at the pictures learned from, and at those judged, of which some were named `right`.
    /// A stop that was or is asked for
    /// leaves it undone, as the classifier is wanted soon.
    ///
    /// # Errors
    /// When a picture that was decoded cannot be read back.
    #[allow(clippy::too_many_arguments, reason = "what a look takes, and what is known")]
    pub(super) fn of(
        data: &Dataset,
        preprocess: &Preprocess,
        head: Head,
        judged: &[usize],
        right: &[bool],
        seed: u64,
        engine: &mut dyn Engine,
        terminal: &Terminal,
        stop: &Stop,
    ) -> Result<Self, ClassifierError> {
        let train = data.indices(Side::Train);
        let labels: Vec<usize> = train.iter().map(|&picture| data.items[picture].label).collect();
        let known: Vec<usize> = evenly(&labels).into_iter().map(|place| train[place]).collect();
        let width = engine.graph().channels(engine.graph().cut());
        let total = (known.len() + judged.len()) as u64;
        let bar = terminal.begin("looking at the pictures again", Some(total));
        let mut rows = |pictures: &[usize]| {
            averages_of(data, preprocess, head, pictures, engine, bar.as_ref(), stop)
        };
        let (Some(seen), Some(asked)) = (rows(&known)?, rows(judged)?) else {
            drop(bar);
            terminal.warn(&format!(
                "stopped before {} were compared: the classifier cannot say of a picture that it \
                 is unlike anything seen",
                count(total as usize, "picture"),
            ));
            let (novelties, places) = (vec![None; judged.len()], vec![None; judged.len()]);
            return Ok(Self { reference: None, novelties, places, map: None });
        };
        let learned = Learned::new(&known, width, &seen);
        let novelties = learned.novelties(&asked, |_, _| true);
        let (places, map) = placed(&asked, width, right, seed);
        Ok(Self { reference: Some(learned), novelties, places, map })
    }
}

/// The map of the judged pictures' rows, of many of the wrong ones and a choice of the others.
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
    data: &Dataset,
    preprocess: &Preprocess,
    head: Head,
    pictures: &[usize],
    engine: &mut dyn Engine,
    bar: &dyn Bar,
    stop: &Stop,
) -> Result<Option<Vec<f32>>, ClassifierError> {
    let mut rows = vec![];
    let mut squares = vec![vec![0; data.size() * data.size() * 3]; BATCH];
    for batch in pictures.chunks(BATCH) {
        if stop.asked() {
            return Ok(None);
        }
        for (&picture, square) in batch.iter().zip(&mut squares) {
            data.read(picture, square)?;
        }
        let views: Vec<&[u8]> = squares[..batch.len()].iter().map(Vec::as_slice).collect();
        for row in features(engine, preprocess, &views, Views::default())? {
            rows.extend_from_slice(averages(head, &row));
        }
        bar.advance(batch.len() as u64);
    }
    Ok(Some(rows))
}
