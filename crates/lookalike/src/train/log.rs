//! The log of a run for other programs: `history.csv`, and events for TensorBoard.

mod events;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::files::{self, FileError};
use ground::progress::Progress;
use insight::{Candidate, Epoch, Estimate, Insight};

use super::Trained;
use super::event::Event;
use crate::Error;
use events::EventFile;

/// The log of a run that is under way.
pub(super) struct Log {
    folder: PathBuf,
    /// Rows of `history.csv`.
    rows: Vec<Row>,
    /// Training steps of the stages before this one, and in an epoch of this one.
    before: usize,
    per_epoch: usize,
    epochs: usize,
    /// Epochs told before the first step: those of an earlier run that is resumed.
    told_again: Vec<Row>,
    /// Whether events of that run are in the folder already.
    resumed: bool,
    /// The step up to which that run's epochs are in them.
    known: usize,
    events: Option<EventFile>,
    /// What could not be written; the run goes on without.
    failed: bool,
}

/// An epoch, or a head that competed.
#[derive(Clone)]
struct Row {
    /// `frozen` or `unfrozen`; for a head, what it is called.
    stage: String,
    epoch: Option<usize>,
    step: usize,
    train_loss: Option<f64>,
    valid_loss: Option<f64>,
    errors: Option<(usize, usize)>,
    seconds: Option<f64>,
}

const HISTORY: &str = "history.csv";

const COLUMNS: [&str; 8] =
    ["stage", "epoch", "step", "train_loss", "valid_loss", "wrong", "of", "seconds"];

impl Log {
    /// Begins a log in a folder, which is made if it is not there.
    pub(super) fn create(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        let log = Self {
            folder: folder.to_owned(),
            rows: vec![],
            before: 0,
            per_epoch: 0,
            epochs: 0,
            told_again: vec![],
            resumed: false,
            known: last_step(&folder.join(HISTORY)),
            events: None,
            failed: false,
        };
        log.write_history()?;
        Ok(log)
    }

    /// Writes what an event says. A failure is told once: training is worth more than its log.
    pub(super) fn hear(&mut self, event: &Event<'_>, progress: &dyn Progress) {
        if self.failed {
            return;
        }
        if let Err(error) = self.take(event) {
            let folder = self.folder.display();
            progress.warn(&format!("the log in `{folder}` ends here: {error}: {}", error.source));
            self.failed = true;
        }
    }

    /// Adds what the run came to, as `train --json` prints it.
    pub(super) fn close(&self, trained: &Trained, progress: &dyn Progress) -> Result<(), Error> {
        let document = serde_json::to_vec_pretty(&crate::json::train(trained)?)?;
        let path = self.folder.join("run.json");
        if let Err(error) = files::write(&path, &document) {
            progress.warn(&format!("{error}: {}", error.source));
        }
        Ok(())
    }

    fn take(&mut self, event: &Event<'_>) -> Result<(), FileError> {
        match event {
            Event::StageStarted { plan, .. } => {
                self.before += self.epochs * self.per_epoch;
                (self.epochs, self.per_epoch) = (plan.epochs, plan.batches);
            }
            Event::Resumed(_) => self.resumed = EventFile::any_in(&self.folder),
            Event::BatchDone(done) => {
                let step = self.before + (done.epoch - 1) * self.per_epoch + done.batch;
                let stage = done.stage;
                self.scalars(step, &[(format!("{stage}/loss of steps"), done.loss)])?;
            }
            Event::EpochFinished(epoch) => {
                let row = self.row(epoch);
                match &self.events {
                    None => self.told_again.push(row.clone()),
                    Some(_) => self.scalars(row.step, &row.scalars())?,
                }
                self.rows.push(row);
                self.write_history()?;
            }
            Event::Scored(insight) => {
                let step = self.before + self.epochs * self.per_epoch;
                // The last epoch of a run that had ended is at this step too, and stays.
                self.begin(step + usize::from(self.resumed))?;
                self.scalars(step, &scores(insight))?;
                self.rows.extend(candidates(insight));
                self.write_history()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn row(&self, epoch: &Epoch) -> Row {
        Row {
            stage: epoch.stage.clone(),
            epoch: Some(epoch.epoch),
            step: self.before + epoch.epoch * self.per_epoch,
            train_loss: Some(epoch.train_loss),
            valid_loss: epoch.valid_loss,
            errors: epoch.errors,
            seconds: Some(epoch.seconds),
        }
    }

    /// Adds numbers to the events.
    fn scalars(&mut self, step: usize, scalars: &[(String, f64)]) -> Result<(), FileError> {
        self.begin(step)?;
        let file = self.events.as_mut().map_or(Ok(()), |file| file.scalars(step, scalars));
        file.map_err(FileError::at("write events in", &self.folder))
    }

    /// Begins the events with the first of them, at which it is known whether a run is resumed: what
    /// was told again is in an earlier file then, and else is written now.
    fn begin(&mut self, step: usize) -> Result<(), FileError> {
        if self.events.is_some() {
            return Ok(());
        }
        let mut told_again = std::mem::take(&mut self.told_again);
        if self.resumed {
            // A run that is interrupted may know of an epoch that it had no time to tell.
            told_again.retain(|row| row.step > self.known);
        }
        let first = told_again.first().map_or(step, |row| row.step);
        let mut file = EventFile::create(&self.folder, first)?;
        let written = told_again.iter().try_for_each(|row| file.scalars(row.step, &row.scalars()));
        self.events = Some(file);
        written.map_err(FileError::at("write events in", &self.folder))
    }

    /// Writes the table anew: it is small, and never half written.
    fn write_history(&self) -> Result<(), FileError> {
        let path = self.folder.join(HISTORY);
        let table = self.table().map_err(FileError::at("write", &path))?;
        files::write(&path, &table)
    }

    fn table(&self) -> io::Result<Vec<u8>> {
        let mut table = csv::Writer::from_writer(vec![]);
        table.write_record(COLUMNS)?;
        for row in &self.rows {
            table.write_record(row.cells())?;
        }
        table.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}

impl Row {
    fn cells(&self) -> [String; 8] {
        let whole = |number: Option<usize>| number.map_or_else(String::new, |n| n.to_string());
        let number = |number: Option<f64>| number.map_or_else(String::new, |n| format!("{n:.6}"));
        [
            self.stage.clone(),
            whole(self.epoch),
            self.step.to_string(),
            number(self.train_loss),
            number(self.valid_loss),
            whole(self.errors.map(|errors| errors.0)),
            whole(self.errors.map(|errors| errors.1)),
            number(self.seconds),
        ]
    }

    fn scalars(&self) -> Vec<(String, f64)> {
        let share = self.errors.map(|(wrong, of)| wrong as f64 / of.max(1) as f64);
        let named = [
            ("training loss", self.train_loss),
            ("held-out loss", self.valid_loss),
            ("held-out error rate", share),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        named.map(|(name, value)| (format!("{}/{name}", self.stage), value)).collect()
    }
}

/// The last step of the epochs in a table of an earlier run; 0 where there is none.
fn last_step(history: &Path) -> usize {
    let Ok(mut table) = csv::Reader::from_path(history) else { return 0 };
    let epochs = table.records().flatten().filter(|row| row.get(1) != Some(""));
    epochs.filter_map(|row| row.get(2)?.parse().ok()).max().unwrap_or(0)
}

/// What a run came to, with the ends of the intervals.
fn scores(insight: &Insight) -> Vec<(String, f64)> {
    let scores = [
        ("accuracy", insight.accuracy.estimate()),
        ("log_loss", insight.log_loss),
        ("macro_f1", insight.macro_f1),
        ("auroc", insight.auroc),
    ];
    let known = scores.into_iter().filter_map(|(name, score)| Some((name, score?)));
    let named = |(name, Estimate { value, interval }): (&str, Estimate)| {
        let parts = [("", value), ("_low", interval.low), ("_high", interval.high)];
        parts.map(|(end, value)| (format!("scores/{name}{end}"), value))
    };
    known.flat_map(named).collect()
}

/// The heads that competed, each with the log-loss and errors on pictures of other folds.
fn candidates(insight: &Insight) -> Vec<Row> {
    let row = |candidate: &Candidate| Row {
        stage: format!("head: {}", candidate.name),
        epoch: None,
        step: 0,
        train_loss: None,
        valid_loss: Some(candidate.log_loss),
        errors: Some(candidate.errors),
        seconds: None,
    };
    insight.candidates.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use insight::Epoch;

    use super::{Event, Log};

    /// How often the events of each file have the loss of an epoch.
    fn losses(folder: &Path) -> Vec<usize> {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> =
            files.filter(|path| path.extension().is_none_or(|end| end != "csv")).collect();
        files.sort();
        let tag = b"frozen/training loss";
        let count = |path: &std::path::PathBuf| {
            fs::read(path).unwrap().windows(tag.len()).filter(|part| part == tag).count()
        };
        files.iter().map(count).collect()
    }

    /// A run is interrupted after an epoch is kept and before it is told.
    #[test]
    fn an_epoch_that_the_earlier_run_did_not_tell_is_told_by_the_next() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let begin = |resumed, epochs| {
            let mut log = Log { per_epoch: 3, resumed, ..Log::create(folder).unwrap() };
            for epoch in 1..=epochs {
                let stage = "frozen".to_owned();
                let (train_loss, seconds) = (0.5, 1.0);
                let epoch =
                    Epoch { stage, epoch, train_loss, valid_loss: None, errors: None, seconds };
                log.take(&Event::EpochFinished(&epoch)).unwrap();
            }
            log.scalars(3 * epochs + 1, &[]).unwrap();
        };
        begin(false, 1);
        assert_eq!(losses(folder), [1]);
        begin(true, 2);
        assert_eq!(losses(folder), [1, 1], "the second epoch");
        begin(true, 2);
        assert_eq!(losses(folder), [1, 1, 0], "all are told");
        begin(false, 2);
        assert_eq!(losses(folder), [1, 1, 0, 2], "a run from the start tells all");
    }
}
