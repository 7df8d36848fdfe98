//! The one way from pixels to answers: predictions, the self-test and a new classifier's own
//! self-test all go it.

use engine::{Cpu, Engine, EngineError, Images};
use insight::Answer;
use network::{Architecture, Parameters};

use crate::features::{averages, features};
use crate::{Classifier, ClassifierError, Neighbours};

/// What turns pixels into answers, but for the engine that runs the body.
pub(crate) struct Answerer<'a> {
    classifier: &'a Classifier,
    /// The head alone, as it answers on averages over views.
    head: Cpu,
}

/// The answer on one picture.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) novelty: Option<f32>,
    pub(crate) neighbours: Neighbours,
}

impl<'a> Answerer<'a> {
    pub(crate) fn of(classifier: &'a Classifier) -> Result<Self, ClassifierError> {
        let head = head(classifier.architecture, &classifier.parameters)?;
        Ok(Self { classifier, head })
    }

    /// Answers on squares (RGB8), in their order; `engine` holds the body.
    pub(crate) fn answers(
        &mut self,
        engine: &mut dyn Engine,
        squares: &[&[u8]],
    ) -> Result<Vec<Answered>, ClassifierError> {
        let Classifier { preprocess, .. } = self.classifier;
        self.of_features(&features(engine, preprocess, squares, self.classifier.views)?)
    }

    /// Answers on pictures whose features are known, averaged over the classifier's views.
    pub(crate) fn of_features(
        &mut self,
        rows: &[Vec<f32>],
    ) -> Result<Vec<Answered>, ClassifierError> {
        let Classifier { architecture, calibration, reference, .. } = self.classifier;
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
        let answered = outputs.rows().zip(neighbours).map(|(logits, neighbours)| {
            let novelty = neighbours.novelty();
            Answered { answer: calibration.answer(logits, novelty), novelty, neighbours }
        });
        Ok(answered.collect())
    }
}

/// An engine that runs the head alone, with the last of the whole network's parameters.
fn head(architecture: Architecture, parameters: &Parameters) -> Result<Cpu, ClassifierError> {
    let graph = architecture.head_graph();
    let first = parameters.tensors().len().saturating_sub(graph.parameters().len());
    let last = parameters.tensors()[first..].to_vec();
    let last = Parameters::new(&graph, last).map_err(EngineError::Parameters)?;
    Ok(Cpu::with(graph, &last)?)
}
