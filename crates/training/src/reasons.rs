//! Where the judges of pictures found their reasons, for the report.

use classifier::{Classifier, ClassifierError, heat_maps};
use engine::Engine;
use ground::progress::Progress;
use ground::{Digest, Digester, Stop};
use insight::{Heat, Insight, Whose};
use network::Tensor;
use pictures::Dataset;
use serde::{Deserialize, Serialize};

use crate::auto::with_head;
use crate::features::DerivedCache;
use crate::head::Layers;

/// Changes with anything in the code that changes a map.
const VERSION: &str = "lookalike reasons 1";
/// Pictures that are explained together.
const BATCH: usize = 16;

/// The search for the reasons behind answers on judged pictures.
pub struct Reasons<'a> {
    /// The pictures.
    pub data: &'a Dataset,
    /// The index in the dataset of each of the record's held-out pictures.
    pub pictures: &'a [usize],
    /// The heads of the folds, on the classifier's body; none where the classifier itself is to be
    /// asked.
    pub fold_heads: &'a [Layers],
    /// The digest of the body and of how it sees pictures, and where maps are kept; `None` where
    /// none are.
    pub kept: Option<(Digest, DerivedCache)>,
    /// How many pictures of each kind the report shows ([`Insight::worth_explaining`]).
    pub shown: [usize; 3],
    /// How many pictures are explained at most.
    pub most: usize,
}

/// The maps of all pictures in question.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Found {
    side: usize,
    /// For each picture the maps of each class, in the order of the questions.
    cells: Vec<Vec<Vec<u8>>>,
}

/// A picture and the classes whose maps are wanted.
struct Question {
    /// Its index among the held-out pictures.
    at: usize,
    fold: usize,
    /// What it was called and, where it is another, what it is.
    classes: Vec<usize>,
}

impl Found {
    /// Whether there is a whole map for each question.
    fn answers(&self, questions: &[Question]) -> bool {
        let whole = |(question, maps): (&Question, &Vec<Vec<u8>>)| {
            maps.len() == question.classes.len()
                && maps.iter().all(|cells| cells.len() == self.side * self.side)
        };
        let all = self.cells.len() == questions.len() && !questions.is_empty();
        all && self.side > 0 && questions.iter().zip(&self.cells).all(whole)
    }
}

impl Reasons<'_> {
    /// Puts heat maps into the classifier's record, and into the insight drawn from it: of the
    /// pictures that its report shows first. The picture is looked at as it is: its mirror image,
    /// which the default recipe looks at too, would take as long again. `engine` holds the
    /// classifier's parameters, and does so again afterwards.
    ///
    /// A stop that is asked for leaves the classifier as it was.
    ///
    /// # Errors
    /// When a picture cannot be read, or the engine's network is another.
    pub fn explain(
        &self,
        classifier: &mut Classifier,
        insight: &mut Insight,
        engine: &mut dyn Engine,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), ClassifierError> {
        let questions = self.questions(insight);
        let mut failed = None;
        let mut make = || match self.find(classifier, &questions, engine, progress, stop) {
            Ok(found) => found,
            Err(error) => {
                failed = Some(error);
                None
            }
        };
        let found = match &self.kept {
            Some((body, kept)) => {
                kept.get("reasons", &self.key(*body, classifier, &questions), make)
            }
            None => make(),
        };
        if let Some(error) = failed {
            return Err(error);
        }
        let Some(found) = found.filter(|found| found.answers(&questions)) else { return Ok(()) };
        for (question, cells) in questions.iter().zip(found.cells) {
            let heat = question.classes.iter().zip(cells);
            classifier.record.held_out[question.at].heat =
                heat.map(|(&class, cells)| Heat { class, cells }).collect();
        }
        let whose = if self.fold_heads.is_empty() { Whose::Saved } else { Whose::Judge };
        classifier.record.reasons = Some(insight::Reasons { whose, side: found.side });
        insight.take_heat(&classifier.record);
        Ok(())
    }

    fn questions(&self, insight: &Insight) -> Vec<Question> {
        let ask = |at: usize| {
            let judged = &insight.judged[at];
            let mut classes = vec![judged.predicted, judged.actual];
            classes.dedup();
            Question { at, fold: judged.fold, classes }
        };
        let seen = |at: &usize| self.data.present().contains(&self.pictures[*at]);
        let worth = insight.worth_explaining(self.shown, self.most).into_iter();
        let mut questions: Vec<Question> = worth.filter(seen).map(ask).collect();
        // Each fold's head explains all its pictures at once.
        questions.sort_by_key(|question| (question.fold, question.at));
        questions
    }

    /// A digest of everything that the maps depend on.
    fn key(&self, body: Digest, classifier: &Classifier, questions: &[Question]) -> Digest {
        let mut key = Digester::new();
        key.update(format!("{VERSION} {body}\n").as_bytes());
        let mut update =
            |tensor: &Tensor| tensor.data.iter().for_each(|x| key.update(&x.to_le_bytes()));
        for head in self.fold_heads {
            head.parameters.tensors().iter().for_each(|tensor| update(tensor));
        }
        if self.fold_heads.is_empty() {
            let own = classifier.architecture.head_graph().parameters().len();
            let all = classifier.parameters.tensors();
            all[all.len() - own..].iter().for_each(|tensor| update(tensor));
        }
        for Question { at, fold, classes } in questions {
            let digest = self.data.items[self.pictures[*at]].digest;
            key.update(format!("{digest} {fold} {classes:?}\n").as_bytes());
        }
        key.finish()
    }

    fn find(
        &self,
        classifier: &Classifier,
        questions: &[Question],
        engine: &mut dyn Engine,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Option<Found>, ClassifierError> {
        let bar = progress.begin("Finding reasons", Some(questions.len() as u64));
        let mut found = Found { side: 0, cells: vec![] };
        for of_fold in questions.chunk_by(|a, b| self.fold_heads.is_empty() || a.fold == b.fold) {
            let body = &classifier.parameters;
            match self.fold_heads.get(of_fold[0].fold) {
                Some(head) => {
                    engine.set_parameters(&with_head(
                        classifier.architecture.backbone,
                        body,
                        head,
                    ))?;
                }
                None => engine.set_parameters(body)?,
            }
            for batch in of_fold.chunks(BATCH) {
                if stop.asked() {
                    break;
                }
                self.explain_batch(classifier, batch, engine, &mut found)?;
                bar.advance(batch.len() as u64);
            }
        }
        engine.set_parameters(&classifier.parameters)?;
        Ok((found.cells.len() == questions.len()).then_some(found))
    }

    fn explain_batch(
        &self,
        classifier: &Classifier,
        batch: &[Question],
        engine: &mut dyn Engine,
        found: &mut Found,
    ) -> Result<(), ClassifierError> {
        let size = self.data.size();
        let mut squares = vec![vec![0; size * size * 3]; batch.len()];
        for (question, square) in batch.iter().zip(&mut squares) {
            self.data.read(self.pictures[question.at], square)?;
        }
        let squares: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
        // As many for each picture, so that it passes through the body once.
        let classes: Vec<usize> = batch
            .iter()
            .flat_map(|question| {
                [question.classes[0], question.classes[question.classes.len() - 1]]
            })
            .collect();
        let maps = heat_maps(engine, &classifier.preprocess, &squares, &classes, false)?;
        if maps.height != maps.width {
            return Ok(());
        }
        found.side = maps.width;
        let maps: Vec<&[f32]> = maps.each().collect();
        for (question, maps) in batch.iter().zip(maps.chunks_exact(2)) {
            found.cells.push(bytes(&maps[..question.classes.len()]));
        }
        Ok(())
    }
}

/// The maps of a picture on one scale, whose end is the largest number of all.
fn bytes(maps: &[&[f32]]) -> Vec<Vec<u8>> {
    let numbers = maps.iter().flat_map(|map| map.iter().copied());
    let largest = numbers.filter(|x| x.is_finite()).fold(0.0, f32::max);
    let byte = |x: &f32| {
        if largest > 0.0 { (255.0 * x / largest).clamp(0.0, 255.0).round() as u8 } else { 0 }
    };
    maps.iter().map(|map| map.iter().map(byte).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn maps_of_one_picture_share_a_scale() {
        assert_eq!(bytes(&[&[0.5, -1.0], &[2.0, 1.0]]), [[64, 0], [255, 128]]);
        assert_eq!(bytes(&[&[-0.5, -1.0]]), [[0, 0]]);
        assert_eq!(bytes(&[&[f32::NAN, f32::INFINITY, 3.0]]), [[0, 255, 255]]);
    }
}
