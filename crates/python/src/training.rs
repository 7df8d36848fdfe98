//! Training and other work on files, for functions of `lookalike` to wrap.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use ground::progress::{Progress as _, Silent};
use lookalike::{
    Columns, Event, ExportRequest, How, Initial, NamedNetwork, RecipeOptions, ReportFile, Source,
    TrainRequest, json, practice as drawn, text,
};
use pyo3::prelude::*;

use crate::embedder::named;
use crate::errors::{raised, refused};
use crate::work;

/// What `lookalike.train` was asked for: a key for each of its settings.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    folder: Option<PathBuf>,
    table: Option<PathBuf>,
    features: Vec<PathBuf>,
    path_column: Option<String>,
    label_column: Option<String>,
    fold_column: Option<String>,
    box_columns: Option<String>,
    root: Option<PathBuf>,
    min_confidence: Option<f64>,
    detected: Option<String>,
    output: Option<PathBuf>,
    report: Option<PathBuf>,
    no_report: bool,
    fixes: Option<PathBuf>,
    group_by: Vec<String>,
    like: Option<PathBuf>,
    add_to: Option<PathBuf>,
    /// The network, and others that it is compared with.
    backbones: Vec<String>,
    weights: Option<PathBuf>,
    offline: bool,
    recipe: Option<String>,
    size: Option<usize>,
    valid: Option<f64>,
    precision: Option<String>,
    seed: u64,
    fine_tune: String,
    minutes: Option<f64>,
    views: usize,
    folds: usize,
    repeats: Option<usize>,
    frozen_epochs: Option<usize>,
    epochs: Option<usize>,
    lr: Option<String>,
    frozen_lr: Option<String>,
    batch: Option<usize>,
    augment: bool,
    keep: Option<String>,
    fresh: bool,
    log: Option<PathBuf>,
    command: String,
}

impl Settings {
    fn request(self, py: Python<'_>) -> PyResult<TrainRequest> {
        let columns = Columns {
            path: self.path_column,
            label: self.label_column,
            fold: self.fold_column,
            boxes: self.box_columns,
        };
        let how = How {
            columns,
            root: self.root,
            min_confidence: self.min_confidence,
            detected: self.detected,
        };
        let source = match (self.folder, self.table) {
            (_, table) if !self.features.is_empty() => {
                let files =
                    lookalike::feature_files(&self.features).map_err(|error| raised(py, &error))?;
                Source::Features(files, table.map(|table| (table, how.columns)))
            }
            (Some(folder), _) => Source::Folder(folder),
            (None, Some(table)) => Source::Table(table, how),
            (None, None) => return Err(refused("a folder or a table is needed")),
        };
        let defaults = RecipeOptions::default();
        let options = RecipeOptions {
            recipe: self.recipe.map(|name| parsed("recipe", &name)).transpose()?,
            size: self.size,
            precision: self
                .precision
                .map_or(Ok(defaults.precision), |name| parsed("precision", &name))?,
            seed: self.seed,
            frozen_epochs: self.frozen_epochs,
            epochs: self.epochs,
            rates: self.lr.map(|rates| parsed("lr", &rates)).transpose()?,
            frozen_rates: self.frozen_lr.map(|rates| parsed("frozen_lr", &rates)).transpose()?,
            batch: self.batch,
            augment: self.augment,
            keep: self.keep.map(|name| parsed("keep", &name)).transpose()?,
            views: self.views,
            folds: self.folds,
            repeats: self.repeats,
            fine_tune: parsed("fine_tune", &self.fine_tune)?,
            minutes: self.minutes,
            ..defaults
        };
        let networks: Vec<NamedNetwork> =
            self.backbones.iter().map(|name| named(name)).collect::<PyResult<_>>()?;
        let ways = self.group_by.iter().map(|way| parsed("group_by", way));
        Ok(TrainRequest {
            output: self.output,
            report: match (self.no_report, self.report) {
                (true, _) => ReportFile::Nowhere,
                (false, Some(page)) => ReportFile::At(page),
                (false, None) => ReportFile::Beside,
            },
            fixes: self.fixes,
            group_by: ways.collect::<PyResult<_>>()?,
            like: self.like,
            add_to: self.add_to,
            initial: Initial {
                network: networks.first().copied(),
                others: networks.iter().skip(1).copied().collect(),
                weights: self.weights,
                offline: self.offline,
            },
            valid: self.valid,
            options,
            fresh: self.fresh,
            log: self.log,
            command: Some(self.command),
            ..TrainRequest::new(source)
        })
    }
}

/// A setting by what it is called.
fn parsed<T: FromStr<Err: Display>>(setting: &str, text: &str) -> PyResult<T> {
    text.parse().map_err(|error| refused(&format!("`{setting}={text:?}`: {error}")))
}

/// Trains a classifier; returns what `train --json` prints.
#[pyfunction]
pub(crate) fn train(
    py: Python<'_>,
    settings: Settings,
    hear: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let request = settings.request(py)?;
    let done = work::done(py, hear, |reporter, stop| {
        let mut tell = |event: Event<'_>| {
            if let (Event::Unusable(_), Some(line)) = (&event, text::event(&event, &request.source))
            {
                reporter.warn(&line);
            }
            if let Some(event) = json::event(&event) {
                reporter.event(event.to_string());
            }
        };
        let trained = lookalike::train(&request, &mut tell, reporter, stop)?;
        json::train(&trained)
    })?;
    done.map(|value| value.to_string()).map_err(|error| raised(py, &error))
}

/// Exports a classifier; returns what `export --json` prints.
#[pyfunction]
pub(crate) fn export(
    py: Python<'_>,
    model: PathBuf,
    output: PathBuf,
    target: Option<&str>,
    half: bool,
    novelty: bool,
) -> PyResult<String> {
    let target = target.map(|target| parsed("to", target)).transpose()?;
    let request =
        ExportRequest { output: Some(output), target, half, novelty, ..ExportRequest::new(model) };
    let done = work::done(py, None, |_, _| lookalike::export(&request))?;
    done.map(|exported| json::export(&exported).to_string()).map_err(|error| raised(py, &error))
}

/// Draws a practice set of look-alikes.
#[pyfunction]
pub(crate) fn practice(
    py: Python<'_>,
    folder: PathBuf,
    per_class: usize,
    seed: u64,
) -> PyResult<()> {
    let settings = drawn::Settings { per_class, seed, ..drawn::Settings::default() };
    let done = work::done(py, None, |_, _| drawn::draw(&folder, &settings, &Silent))?;
    done.map(|_| ()).map_err(|error| raised(py, &error.into()))
}
