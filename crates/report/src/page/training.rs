//! The training table and its curves.

use insight::{Epoch, Proportion};

use crate::names::{cut, duration, plural};
use crate::svg::{Chart, Line, chart};

/// Up to this many epochs the table is open.
const OPEN: usize = 12;

/// By which factor the last validation loss must exceed the lowest to be called overfitting.
const ROSE: f64 = 1.05;

pub(super) struct Training {
    pub(super) words: Vec<String>,
    pub(super) loss: Chart,
    /// `None` if no epoch was evaluated on held-out pictures.
    pub(super) errors: Option<Chart>,
    pub(super) measured: bool,
    pub(super) stages: Vec<Stage>,
    pub(super) open: bool,
    pub(super) epochs: usize,
}

/// Epochs of one stage in a row.
pub(super) struct Stage {
    pub(super) name: String,
    /// Its beginning and width, in per cent of a chart.
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) rows: Vec<Row>,
}

/// A line of the table.
pub(super) struct Row {
    pub(super) epoch: usize,
    pub(super) train_loss: String,
    pub(super) valid_loss: String,
    pub(super) error_rate: String,
    pub(super) range: String,
    pub(super) time: String,
}

impl Training {
    pub(super) fn of(history: &[Epoch]) -> Option<Self> {
        let finite = |value: f64| value.is_finite().then_some(value);
        let train: Vec<_> = history.iter().map(|e| finite(e.train_loss)).collect();
        let valid: Vec<_> = history.iter().map(|e| e.valid_loss.and_then(finite)).collect();
        let errors: Vec<_> = history
            .iter()
            .map(|e| e.errors.map(|(wrong, of)| Proportion::new(wrong, of)))
            .collect();
        let rates: Vec<_> = errors.iter().map(|e| e.and_then(|p| p.estimate())).collect();
        let starts: Vec<usize> = (0..history.len())
            .filter(|&i| i == 0 || history[i].stage != history[i - 1].stage)
            .collect();
        let percents = |value: f64| format!("{:.0}%", 100.0 * value);
        let values: Vec<_> = rates.iter().map(|rate| rate.map(|rate| rate.value)).collect();
        let bands: Vec<_> = rates.iter().map(|rate| rate.map(|rate| rate.interval)).collect();
        let lines =
            [Line { class: "train", values: &train }, Line { class: "valid", values: &valid }];
        let stages = stages(history, &starts);
        (!history.is_empty()).then(|| Self {
            words: remarks(&stages, &errors, &valid, &train, history),
            loss: chart(&lines, &[], &starts, |value| trim(&format!("{value:.2}"))),
            errors: rates.iter().any(Option::is_some).then(|| {
                chart(&[Line { class: "wrong", values: &values }], &bands, &starts, percents)
            }),
            measured: valid.iter().any(Option::is_some),
            open: history.len() <= OPEN,
            epochs: history.len(),
            stages,
        })
    }
}

fn stages(history: &[Epoch], starts: &[usize]) -> Vec<Stage> {
    let ends = starts.iter().skip(1).copied().chain([history.len()]);
    let part = |count: usize| 100.0 * count as f64 / history.len() as f64;
    let stage = |(&start, end): (&usize, usize)| Stage {
        name: cut(&history[start].stage, 40),
        left: part(start),
        width: part(end - start),
        rows: history[start..end].iter().map(row).collect(),
    };
    starts.iter().zip(ends).map(stage).collect()
}

fn row(epoch: &Epoch) -> Row {
    let number = |value: f64| format!("{value:.4}");
    let rate = epoch.errors.and_then(|(wrong, of)| Proportion::new(wrong, of).estimate());
    Row {
        epoch: epoch.epoch,
        train_loss: number(epoch.train_loss),
        valid_loss: epoch.valid_loss.map_or_else(|| "–".to_owned(), number),
        error_rate: rate.map_or_else(|| "–".to_owned(), |rate| rate.percent()),
        range: rate.map_or_else(String::new, |rate| rate.range()),
        time: duration(epoch.seconds),
    }
}

/// What the table shows, in words.
fn remarks(
    stages: &[Stage],
    errors: &[Option<Proportion>],
    valid: &[Option<f64>],
    train: &[Option<f64>],
    history: &[Epoch],
) -> Vec<String> {
    let each = |stage: &Stage| format!("{} {}", plural(stage.rows.len(), "epoch"), stage.name);
    let list = stages.iter().map(each).collect::<Vec<_>>().join(", then ");
    let time = duration(history.iter().map(|epoch| epoch.seconds).sum());
    let mut words = vec![format!("It was trained for {list}, in {time} altogether.")];
    let mut known = errors.iter().flatten();
    if let (Some(first), Some(last)) = (known.next(), known.next_back()) {
        words.push(format!(
            "The error rate was {first} after the first epoch and {last} after the last."
        ));
    }
    let measured: Vec<(usize, f64)> =
        valid.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))).collect();
    let lowest = measured.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
    if let (Some((best, low)), Some(&(last, end))) = (lowest, measured.last())
        && end > low * ROSE
        && train[last].zip(train[best]).is_some_and(|(at_end, at_best)| at_end < at_best)
    {
        words.push(format!(
            "The validation loss was lowest after epoch {} and rose afterwards, while the training loss \
             still fell: from there on the network overfitted.",
            best + 1
        ));
    }
    if train.iter().any(Option::is_none) {
        words.push("Training diverged: the loss is no longer a finite number.".to_owned());
    }
    words
}

/// A number without trailing zeros.
fn trim(number: &str) -> String {
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}
