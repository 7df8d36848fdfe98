//! Cross-validation: which pictures a head is trained on, and which it predicts.

use classifier::{Learned, evenly};
use ground::files::FileError;
use ground::{Digest, parallel};
use insight::{HeldOut, Part, Protocol};
use pictures::{Dataset, Side, split};

use super::{Auto, AutoError, HeadKind, HeadSpec};
use crate::features::Table;
use crate::head::{self, BLOCK, Layers, LinearKind, Samples};

/// Folds in which a head's regularisation is chosen, among its training pictures.
const INNER_FOLDS: usize = 5;
/// Predictions that are enough for a steady score: with fewer pictures there are several rounds.
const PREDICTIONS: usize = 600;
/// Rounds at most.
const ROUNDS: usize = 5;
/// So many times as many features as pictures make coordinates in the pictures' span worth having.
const SPAN: usize = 2;
/// Pictures that regularisation is chosen on at most: it says how large weights may be, which does
/// not depend on how many pictures there are.
const SAMPLE: usize = 20_000;

/// The pictures, and the folds in which they are held out.
pub(super) struct CrossValidation<'a> {
    pub(super) table: &'a Table,
    pub(super) labels: Vec<usize>,
    pub(super) classes: usize,
    pub(super) seed: u64,
    digests: Vec<Digest>,
    pub(super) groups: Vec<usize>,
    /// All folds of all rounds; the folds of one round hold out each picture once.
    pub(super) folds: Vec<Fold>,
    /// The fold of the first round that each picture is held out in; `None` where it is in none.
    pub(super) fold_of: Vec<Option<usize>>,
    /// The part of the pictures that are predicted, where not all are.
    pub(super) part: Option<Part>,
    protocol: Protocol,
}

/// One fold of one round: a head is trained on some pictures and predicts the others.
pub(super) struct Fold {
    pub(super) round: usize,
    /// The fold within its round.
    pub(super) index: usize,
    pub(super) train: Vec<usize>,
    /// What it predicts of the others.
    pub(super) held_out: Vec<usize>,
}

impl<'a> CrossValidation<'a> {
    /// Folds of a dataset, of whose pictures at most `room` are predicted, spread evenly.
    pub(super) fn new(
        settings: &Auto,
        data: &Dataset,
        table: &'a Table,
        room: usize,
    ) -> Result<Self, AutoError> {
        let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
        let digests: Vec<Digest> = data.items.iter().map(|item| item.digest).collect();
        let (groups, seed) = (data.groups.clone(), settings.seed);
        let asked_side = [Side::Test, Side::Valid]
            .into_iter()
            .find(|&side| data.items.iter().any(|item| item.side == side));
        let (mut folds, protocol) = match asked_side {
            Some(side) => {
                let (held_out, train): (Vec<usize>, Vec<usize>) =
                    (0..labels.len()).partition(|&i| data.items[i].side == side);
                let protocol = match side {
                    Side::Test => Protocol::Test,
                    _ => Protocol::HeldOut { share: None },
                };
                (vec![Fold { round: 0, index: 0, train, held_out }], protocol)
            }
            None => {
                let given = data.folds.as_ref();
                let repeats = settings
                    .repeats
                    .unwrap_or((PREDICTIONS / labels.len().max(1)).clamp(1, ROUNDS));
                let repeats = if given.is_some() { 1 } else { repeats };
                let last = given.and_then(|folds| folds.iter().max());
                let drawn = settings.folds.clamp(2, labels.len().max(2));
                let count = last.map_or(drawn, |last| last + 1);
                let mut folds = vec![];
                for round in 0..repeats {
                    let fold_of = given.cloned().unwrap_or_else(|| {
                        split::folds(&labels, &digests, &groups, count, seed, round as u64)
                    });
                    for index in 0..count {
                        let (held_out, train) =
                            (0..labels.len()).partition(|&i| fold_of[i] == index);
                        folds.push(Fold { round, index, train, held_out });
                    }
                }
                (folds, Protocol::OutOfFold { folds: count, repeats })
            }
        };
        let mut fold_of = vec![None; labels.len()];
        for fold in folds.iter().filter(|fold| fold.round == 0) {
            fold.held_out.iter().for_each(|&picture| fold_of[picture] = Some(fold.index));
        }
        let held_out: Vec<usize> = (0..labels.len()).filter(|&i| fold_of[i].is_some()).collect();
        let part = Part::of(held_out.len(), room);
        if let Some(part) = part {
            let mut kept = vec![false; labels.len()];
            part.places().for_each(|at| kept[held_out[at]] = true);
            folds.iter_mut().for_each(|fold| fold.held_out.retain(|&picture| kept[picture]));
        }
        let classes = data.classes.len();
        let cross =
            Self { table, labels, classes, seed, digests, groups, folds, fold_of, part, protocol };
        let train = cross.train();
        let with = (0..classes).filter(|&c| train.iter().any(|&i| cross.labels[i] == c)).count();
        if with < 2 {
            Err(AutoError::Classes(with))
        } else if cross.folds.iter().any(|fold| fold.train.is_empty()) {
            Err(AutoError::Related)
        } else {
            Ok(cross)
        }
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// These pictures with their labels.
    pub(super) fn samples<'b>(&'b self, pictures: &'b [usize]) -> Samples<'b> {
        Samples::new(self.table, pictures, &self.labels, self.classes)
    }

    /// All pictures that the final head may be trained on.
    pub(super) fn train(&self) -> Vec<usize> {
        match self.protocol {
            Protocol::OutOfFold { .. } => (0..self.labels.len()).collect(),
            _ => self.folds[0].train.clone(),
        }
    }

    /// What a head of this kind is fitted with on pictures, which are `train` in the dataset.
    pub(super) fn spec(
        &self,
        kind: HeadKind,
        space: &Space,
        train: &[usize],
    ) -> Result<HeadSpec, FileError> {
        Ok(match kind {
            HeadKind::Linear(kind) => HeadSpec::Linear(kind, self.choose_c(kind, space, train)?),
            HeadKind::Hidden => HeadSpec::Hidden,
        })
    }

    /// The training pictures that new ones will be compared with.
    pub(super) fn reference(&self, train: &[usize]) -> Result<Learned, FileError> {
        let labels: Vec<usize> = train.iter().map(|&i| self.labels[i]).collect();
        let pictures: Vec<usize> = evenly(&labels).into_iter().map(|at| train[at]).collect();
        let mut rows = vec![0.0; pictures.len() * self.table.width()];
        self.table.read(&pictures, &mut rows)?;
        Ok(Learned::new(&pictures, self.table.width(), &rows))
    }

    /// Measures the novelty of each held-out picture against the training pictures of its fold.
    pub(super) fn compare(
        &self,
        held_out: &mut [HeldOut],
        pictures: &[usize],
        reference: &Learned,
    ) -> Result<(), FileError> {
        for (block, pictures) in held_out.chunks_mut(BLOCK).zip(pictures.chunks(BLOCK)) {
            let mut rows = vec![0.0; pictures.len() * self.table.width()];
            self.table.read(pictures, &mut rows)?;
            // Of another fold, or of none.
            let may = |row: usize, other: usize| self.fold_of[other] != self.fold_of[pictures[row]];
            for (one, novelty) in block.iter_mut().zip(reference.novelties(&rows, may)) {
                one.novelty = novelty;
            }
        }
        Ok(())
    }

    /// The pictures of a fold in numbers that are quick to fit on.
    pub(super) fn space(&self, train: &[usize], held_out: &[usize]) -> Result<Space, FileError> {
        if SPAN * train.len() > self.table.width() {
            return Ok(self.plain(train, held_out));
        }
        let n = train.len();
        Ok(Space {
            table: head::span(self.table, train, held_out)?,
            scaled: true,
            train: (0..n).collect(),
            held_out: (n..n + held_out.len()).collect(),
            labels: train.iter().chain(held_out).map(|&i| self.labels[i]).collect(),
        })
    }

    /// The pictures of a fold by their features.
    pub(super) fn plain(&self, train: &[usize], held_out: &[usize]) -> Space {
        Space {
            table: self.table.clone(),
            scaled: false,
            train: train.to_vec(),
            held_out: held_out.to_vec(),
            labels: self.labels.clone(),
        }
    }

    /// The regularisation with the lowest log-loss in inner folds of the training pictures, which
    /// are `train` in the dataset. Of many pictures every second, third … is taken.
    fn choose_c(&self, kind: LinearKind, space: &Space, train: &[usize]) -> Result<f64, FileError> {
        let step = train.len().div_ceil(SAMPLE).max(1);
        let rows: Vec<usize> = space.train.iter().copied().step_by(step).collect();
        let train: Vec<usize> = train.iter().copied().step_by(step).collect();
        let of = |values: &[usize]| train.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let digests: Vec<Digest> = train.iter().map(|&i| self.digests[i]).collect();
        let inner = INNER_FOLDS.min(train.len()).max(2);
        // A round that the outer folds do not use.
        let (labels, groups) = (of(&self.labels), of(&self.groups));
        let fold_of = split::folds(&labels, &digests, &groups, inner, self.seed, u64::MAX);
        let (table, scaled) = (&space.table, space.scaled);
        kind.choose_c(Samples::new(table, &rows, &space.labels, self.classes), scaled, &fold_of)
    }
}

/// Pictures in numbers that are quick to fit on: their features, or coordinates in the span of the
/// training pictures, where these are few.
pub(super) struct Space {
    pub(super) table: Table,
    /// Whether the numbers are on one scale already.
    pub(super) scaled: bool,
    /// The rows of the training pictures, in their order.
    pub(super) train: Vec<usize>,
    /// The rows of the held-out ones.
    pub(super) held_out: Vec<usize>,
    /// The class of each row.
    pub(super) labels: Vec<usize>,
}

impl Space {
    /// A head on some of the rows.
    pub(super) fn fit(
        &self,
        spec: HeadSpec,
        rows: &[usize],
        classes: usize,
    ) -> Result<Layers, FileError> {
        let samples = Samples::new(&self.table, rows, &self.labels, classes);
        match spec {
            HeadSpec::Linear(kind, c) if self.scaled => {
                Ok(kind.fit_plain(samples, &[c])?.swap_remove(0).into())
            }
            spec => spec.fit(samples),
        }
    }
}

/// Works on all in parallel, and returns the results in order.
pub(super) fn each<T: Sync, R: Send, E: Send>(
    all: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    parallel::map(all.len(), |at| work(&all[at])).into_iter().collect()
}
