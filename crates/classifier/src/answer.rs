//! The one way from pixels to answers: predictions, the self-test and a new classifier's own
//! self-test all go it.

use engine::{Cpu, Engine, EngineError, Images};
use ground::Digest;
use network::{Architecture, Parameters};

use crate::features::{averages, features};
use crate::{Classifier, ClassifierError, NEAREST, Near, Neighbours, Prediction, TrainedOn};

/// What turns pixels into answers of one classifier, but for the engine that runs the backbone.
pub(crate) struct Answerer {
    /// The head alone, as it answers on averages over views.
    head: Cpu,
    trained_on: TrainedOn,
}

impl Answerer {
    pub(crate) fn of(classifier: &Classifier) -> Result<Self, ClassifierError> {
        let trained_on = TrainedOn::of(&classifier.data);
        Ok(Self { head: head(classifier.architecture, &classifier.parameters)?, trained_on })
    }

    /// Answers on squares (RGB8), in their order, cut from files of these digests, where these are
    /// known; `engine` holds the backbone.
    pub(crate) fn answers<'a>(
        &mut self,
        classifier: &'a Classifier,
        engine: &mut dyn Engine,
        squares: &[&[u8]],
        files: &[Option<Digest>],
    ) -> Result<Vec<Prediction<'a>>, ClassifierError> {
        let rows = features(engine, &classifier.preprocess, squares, classifier.views)?;
        self.of_features(classifier, &rows, files)
    }

    /// Answers on pictures whose features are known, averaged over the classifier's views.
    pub(crate) fn of_features<'a>(
        &mut self,
        classifier: &'a Classifier,
        rows: &[Vec<f32>],
        files: &[Option<Digest>],
    ) -> Result<Vec<Prediction<'a>>, ClassifierError> {
        let Classifier { architecture, calibration, reference, .. } = classifier;
        let images = Images { pixels: &rows.concat(), count: rows.len(), height: 1, width: 1 };
        let outputs = self.head.predict(images)?;
        let neighbours = match reference {
            Some(reference) => {
                let of = |row| averages(architecture.head, row).iter().copied();
                let averages: Vec<f32> = rows.iter().flat_map(|row| of(row)).collect();
                reference.neighbours(&averages, calibration.neighbours)
            }
            None => vec![Neighbours::default(); rows.len()],
        };
        let files = files.iter().copied().chain(std::iter::repeat(None));
        let answer = |((logits, neighbours), file): ((&[f32], Neighbours), Option<Digest>)| {
            let novelty = neighbours.novelty();
            // A picture that was trained on is not unlike those, however lonely it lies.
            let known = self.trained_on.has(file.as_ref(), &neighbours);
            let mut answer = calibration.answer(logits, novelty.filter(|_| !known));
            if known {
                answer.reason = insight::Reason::Known;
            }
            let nearest = nearest(classifier, &neighbours);
            Prediction { logits: logits.to_vec(), answer, novelty, nearest, file, heat: None }
        };
        let predictions: Vec<_> = outputs.rows().zip(neighbours).zip(files).map(answer).collect();
        // Sound weights can still overflow on a picture; that must not pass for an answer.
        let finite = |p: &Prediction<'_>| {
            let odds = &p.answer.probabilities;
            p.logits.iter().chain(odds).chain(&p.novelty).all(|x| x.is_finite())
        };
        match predictions.iter().all(finite) {
            true => Ok(predictions),
            false => Err(ClassifierError::NotANumber),
        }
    }
}

/// The known pictures that are named with an answer.
fn nearest<'a>(classifier: &'a Classifier, neighbours: &Neighbours) -> Vec<Near<'a>> {
    let Some(reference) = &classifier.reference else { return vec![] };
    let near = |&(index, distance): &(usize, f32)| Near {
        known: &reference.pictures[index],
        similarity: 1.0 - distance,
    };
    neighbours.nearest.iter().take(NEAREST).map(near).collect()
}

/// An engine that runs the head alone, with the last of the whole network's parameters.
fn head(architecture: Architecture, parameters: &Parameters) -> Result<Cpu, ClassifierError> {
    let graph = architecture.head_graph();
    let first = parameters.tensors().len().saturating_sub(graph.parameters().len());
    let last = parameters.tensors()[first..].to_vec();
    let last = Parameters::new(&graph, last).map_err(EngineError::Parameters)?;
    Ok(Cpu::with(graph, &last)?)
}
