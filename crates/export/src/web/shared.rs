use classifier::{Classifier, Explain, Known, Predictor, SelfTest, Square};
use insight::{HeldOut, RunRecord};
use pictures::practice;

use crate::ExportError;

/// Pictures of the self-test.
const DRAWN: usize = 4;

/// What of a level they keep: with few levels they pack seven times as small, and are pictures still.
const LEVELS: u8 = 0xe0;

/// The classifier as it answers, without pictures and their names: what its held-out logits say of it is
/// kept, and the self-test is of drawn pictures. `predictor` is the same classifier.
pub(super) fn without_pictures(
    mut classifier: Classifier,
    predictor: &mut Predictor,
) -> Result<Classifier, ExportError> {
    classifier.thumbnails.clear();
    if let Some(reference) = &mut classifier.reference {
        for (number, known) in reference.pictures.iter_mut().enumerate() {
            *known = Known { picture: number.to_string(), label: known.label, thumbnail: None };
        }
    }
    let held_out = classifier.record.held_out.iter().enumerate().map(|(number, one)| HeldOut {
        picture: number.to_string(),
        actual: one.actual,
        logits: one.logits.clone(),
        fold: one.fold,
        group: one.group,
        novelty: one.novelty,
        ..HeldOut::default()
    });
    classifier.record = RunRecord {
        held_out: held_out.collect(),
        classes: classifier.record.classes.clone(),
        protocol: classifier.record.protocol,
        ..RunRecord::default()
    };
    classifier.recipe = serde_json::Value::Null;
    classifier.self_test = self_test(&classifier, predictor)?;
    Ok(classifier)
}

/// The answers on drawn pictures.
fn self_test(
    classifier: &Classifier,
    predictor: &mut Predictor,
) -> Result<Vec<SelfTest>, ExportError> {
    let size = classifier.preprocess.size as u32;
    let drawn = |number| {
        let pixels = classifier.preprocess.pixels(&practice::example(size, number));
        let coarse = pixels.iter().map(|level| level & LEVELS).collect();
        Square { pixels: coarse, file: None }
    };
    let squares: Vec<Square> = (0..DRAWN).map(drawn).collect();
    let asked: Vec<&Square> = squares.iter().collect();
    let answers = predictor.answers(&asked, Explain::Nothing)?;
    let known = answers.into_iter().map(|said| (said.answer.probabilities, said.novelty));
    let known: Vec<_> = known.collect();
    let tests = squares.into_iter().zip(known);
    Ok(tests
        .map(|(Square { pixels, .. }, (probabilities, novelty))| SelfTest {
            pixels,
            probabilities,
            novelty,
        })
        .collect())
}
