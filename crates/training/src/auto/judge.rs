//! Which pictures a head learns from, and which it is then asked about.

use classifier::{Learned, evenly};
use ground::files::FileError;
use ground::{Digest, parallel};
use insight::{HeldOut, Protocol};
use pictures::{Dataset, Side, split};

use super::{Auto, AutoError, Rival, Way};
use crate::features::Table;
use crate::head::{self, BLOCK, Kind, Layers, Samples};

/// Folds in which a head's strength is chosen, among the pictures that it learns from.
const INNER_FOLDS: usize = 5;
/// Judgements of pictures that are enough for a steady score: fewer pictures are judged several
/// times.
const JUDGEMENTS: usize = 600;
/// Rounds at most.
const ROUNDS: usize = 5;
/// So many times as many features as pictures make coordinates in the pictures' span worth having.
const SPAN: usize = 2;
/// Pictures that a strength is chosen on at most: it says how large weights may be, which does not
/// depend on how many pictures there are.
const SAMPLE: usize = 20_000;

/// The pictures, and who is asked about whom.
pub(super) struct Judge<'a> {
    pub(super) table: &'a Table,
    pub(super) labels: Vec<usize>,
    pub(super) classes: usize,
    pub(super) seed: u64,
    digests: Vec<Digest>,
    pub(super) groups: Vec<usize>,
    /// One after the other; those of one round together judge each picture once.
    pub(super) trials: Vec<Trial>,
    protocol: Protocol,
}

/// A head learns from some pictures and is asked about others.
pub(super) struct Trial {
    pub(super) round: usize,
    pub(super) fold: usize,
    pub(super) learned: Vec<usize>,
    pub(super) asked: Vec<usize>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        settings: &Auto,
        data: &Dataset,
        table: &'a Table,
    ) -> Result<Self, AutoError> {
        let labels: Vec<usize> = data.items.iter().map(|item| item.label).collect();
        let digests: Vec<Digest> = data.items.iter().map(|item| item.digest).collect();
        let (groups, seed) = (data.groups.clone(), settings.seed);
        let asked_side = [Side::Test, Side::Valid]
            .into_iter()
            .find(|&side| data.items.iter().any(|item| item.side == side));
        let (trials, protocol) = match asked_side {
            Some(side) => {
                let (asked, learned): (Vec<usize>, Vec<usize>) =
                    (0..labels.len()).partition(|&i| data.items[i].side == side);
                let protocol = match side {
                    Side::Test => Protocol::Test,
                    _ => Protocol::HeldOut { share: None },
                };
                (vec![Trial { round: 0, fold: 0, learned, asked }], protocol)
            }
            None => {
                let repeats =
                    settings.repeats.unwrap_or((JUDGEMENTS / labels.len().max(1)).clamp(1, ROUNDS));
                let folds = settings.folds.clamp(2, labels.len().max(2));
                let mut trials = vec![];
                for round in 0..repeats {
                    let fold_of =
                        split::folds(&labels, &digests, &groups, folds, seed, round as u64);
                    for fold in 0..folds {
                        let (asked, learned) = (0..labels.len()).partition(|&i| fold_of[i] == fold);
                        trials.push(Trial { round, fold, learned, asked });
                    }
                }
                (trials, Protocol::OutOfFold { folds, repeats })
            }
        };
        let classes = data.classes.len();
        let judge = Self { table, labels, classes, seed, digests, groups, trials, protocol };
        let learned = judge.learned();
        let with = (0..classes).filter(|&c| learned.iter().any(|&i| judge.labels[i] == c)).count();
        if with < 2 { Err(AutoError::Classes(with)) } else { Ok(judge) }
    }

    pub(super) fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// These pictures with their labels.
    pub(super) fn samples<'b>(&'b self, pictures: &'b [usize]) -> Samples<'b> {
        Samples::new(self.table, pictures, &self.labels, self.classes)
    }

    /// All that the final head may learn from.
    pub(super) fn learned(&self) -> Vec<usize> {
        match self.protocol {
            Protocol::OutOfFold { .. } => (0..self.labels.len()).collect(),
            _ => self.trials[0].learned.clone(),
        }
    }

    /// How a rival's head is made of pictures, which are `learned` in the dataset.
    pub(super) fn way(
        &self,
        rival: Rival,
        space: &Space,
        learned: &[usize],
    ) -> Result<Way, FileError> {
        Ok(match rival {
            Rival::Linear(kind) => Way::Linear(kind, self.strength(kind, space, learned)?),
            Rival::Hidden => Way::Hidden,
        })
    }

    /// Those of the pictures learned from that new ones will be compared with.
    pub(super) fn reference(&self, learned: &[usize]) -> Result<Learned, FileError> {
        let labels: Vec<usize> = learned.iter().map(|&i| self.labels[i]).collect();
        let pictures: Vec<usize> = evenly(&labels).into_iter().map(|at| learned[at]).collect();
        let mut rows = vec![0.0; pictures.len() * self.table.width()];
        self.table.read(&pictures, &mut rows)?;
        Ok(Learned::new(&pictures, self.table.width(), &rows))
    }

    /// Measures the novelty of each held-out picture against those that its judges learned from.
    pub(super) fn compare(
        &self,
        held_out: &mut [HeldOut],
        pictures: &[usize],
        reference: &Learned,
    ) -> Result<(), FileError> {
        let folds = matches!(self.protocol, Protocol::OutOfFold { .. });
        let mut fold_of = vec![usize::MAX; self.labels.len()];
        if folds {
            held_out.iter().zip(pictures).for_each(|(one, &picture)| fold_of[picture] = one.fold);
        }
        for (block, pictures) in held_out.chunks_mut(BLOCK).zip(pictures.chunks(BLOCK)) {
            let mut rows = vec![0.0; pictures.len() * self.table.width()];
            self.table.read(pictures, &mut rows)?;
            // Of another fold, or of no fold at all.
            let may = |row: usize, other: usize| {
                fold_of[other] == usize::MAX || fold_of[other] != fold_of[pictures[row]]
            };
            for (one, novelty) in block.iter_mut().zip(reference.novelties(&rows, may)) {
                one.novelty = novelty;
            }
        }
        Ok(())
    }

    /// The pictures of a trial in numbers that are quick to fit on.
    pub(super) fn space(&self, learned: &[usize], asked: &[usize]) -> Result<Space, FileError> {
        if SPAN * learned.len() > self.table.width() {
            return Ok(self.plain(learned, asked));
        }
        let n = learned.len();
        Ok(Space {
            table: head::span(self.table, learned, asked)?,
            scaled: true,
            learned: (0..n).collect(),
            asked: (n..n + asked.len()).collect(),
            labels: learned.iter().chain(asked).map(|&i| self.labels[i]).collect(),
        })
    }

    /// The pictures of a trial by their features.
    pub(super) fn plain(&self, learned: &[usize], asked: &[usize]) -> Space {
        Space {
            table: self.table.clone(),
            scaled: false,
            learned: learned.to_vec(),
            asked: asked.to_vec(),
            labels: self.labels.clone(),
        }
    }

    /// The strength with the lowest log-loss in folds of the pictures to learn from, which are
    /// `learned` in the dataset. Of many pictures every second, third … is taken.
    fn strength(&self, kind: Kind, space: &Space, learned: &[usize]) -> Result<f64, FileError> {
        let step = learned.len().div_ceil(SAMPLE).max(1);
        let rows: Vec<usize> = space.learned.iter().copied().step_by(step).collect();
        let learned: Vec<usize> = learned.iter().copied().step_by(step).collect();
        let of = |values: &[usize]| learned.iter().map(|&i| values[i]).collect::<Vec<_>>();
        let digests: Vec<Digest> = learned.iter().map(|&i| self.digests[i]).collect();
        let folds = INNER_FOLDS.min(learned.len()).max(2);
        // A round that the outer folds do not use.
        let (labels, groups) = (of(&self.labels), of(&self.groups));
        let fold_of = split::folds(&labels, &digests, &groups, folds, self.seed, u64::MAX);
        let (table, scaled) = (&space.table, space.scaled);
        kind.strength(Samples::new(table, &rows, &space.labels, self.classes), scaled, &fold_of)
    }
}

/// Pictures in numbers that are quick to fit on: their features, or coordinates in the span of
/// those that are learned from, where these are few.
pub(super) struct Space {
    pub(super) table: Table,
    /// Whether the numbers are on one scale already.
    pub(super) scaled: bool,
    /// The rows of the pictures to learn from, in their order.
    pub(super) learned: Vec<usize>,
    /// The rows of those to be asked about.
    pub(super) asked: Vec<usize>,
    /// By row.
    pub(super) labels: Vec<usize>,
}

impl Space {
    /// A head on some of the rows.
    pub(super) fn fit(
        &self,
        way: Way,
        rows: &[usize],
        classes: usize,
    ) -> Result<Layers, FileError> {
        let samples = Samples::new(&self.table, rows, &self.labels, classes);
        match way {
            Way::Linear(kind, strength) if self.scaled => {
                Ok(kind.fit_plain(samples, &[strength])?.swap_remove(0).into())
            }
            way => way.fit(samples),
        }
    }
}

/// Works on all, in parallel; results in order.
pub(super) fn each<T: Sync, R: Send, E: Send>(
    all: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    parallel::map(all.len(), |at| work(&all[at])).into_iter().collect()
}

pub(crate) fn first_of_largest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, c| if row[c] > row[best] { c } else { best })
}
