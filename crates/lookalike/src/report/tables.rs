//! The numbers behind a report's charts, as tables.

use std::io;

use insight::{Epoch, Insight};

use crate::Error;
use crate::predict::unwritten;
use crate::rows::guarded;

/// A row an epoch.
pub(super) fn history(epochs: &[Epoch]) -> Result<Vec<u8>, Error> {
    let head = ["stage", "epoch", "train_loss", "valid_loss", "errors", "of", "seconds"];
    let number = |value: f64| value.to_string();
    let row = |epoch: &Epoch| {
        let (errors, of) = match epoch.errors {
            Some((errors, of)) => (errors.to_string(), of.to_string()),
            None => (String::new(), String::new()),
        };
        vec![
            epoch.stage.clone(),
            epoch.epoch.to_string(),
            number(epoch.train_loss),
            epoch.valid_loss.map_or_else(String::new, number),
            errors,
            of,
            number(epoch.seconds),
        ]
    };
    table(head.map(String::from).to_vec(), epochs.iter().map(row))
}

/// A row a picture: its label, the class predicted, and its loss.
pub(super) fn predictions(insight: &Insight) -> Result<Vec<u8>, Error> {
    let head = ["picture", "label", "predicted", "probability", "probability_of_label", "loss"];
    let rows = insight.judged.iter().map(|judged| {
        vec![
            judged.picture.clone(),
            insight.classes[judged.actual].clone(),
            insight.classes[judged.predicted].clone(),
            judged.probability.to_string(),
            judged.probability_of_actual.to_string(),
            judged.loss.to_string(),
        ]
    });
    table(head.map(String::from).to_vec(), rows)
}

fn table(head: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(vec![]);
    let failed = |error: csv::Error| unwritten(io::Error::from(error));
    for row in std::iter::once(head).chain(rows) {
        writer.write_record(row.into_iter().map(guarded)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| unwritten(error.into_error()))
}
