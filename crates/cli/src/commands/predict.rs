//! `lookalike predict`: what pictures show.

use std::io::{self, BufReader};
use std::path::PathBuf;

use ground::Stop;
use ground::files::{Disk, Whole};
use ground::progress::Progress;
use lookalike::json::Style;
use lookalike::{
    Columns, Form, Output, Page, ParquetFile, PredictRequest, Sink, Sorting, predict, prove_page,
    prove_writable,
};

use crate::args::Predict;
use crate::fault::{Exit, Failure};
use crate::terminal::{Results, Terminal, count};

pub(crate) fn run(typed: &Predict, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let file = typed.output.as_ref().or(typed.parquet.as_ref());
    let files = file.into_iter().chain(&typed.detections);
    prove_writable(files.map(PathBuf::as_path))?;
    prove_page(typed.report.as_deref(), Page::Answers)?;
    let mut results = Results(terminal);
    let form = form(typed);
    let to = match file {
        Some(file) if form == Form::Parquet => Sink::Parquet(ParquetFile::new(&Disk, file).into()),
        Some(file) => Sink::File(Whole::begin(&Disk, file)?),
        None => Sink::Stream(&mut results),
    };
    let mut output = Output { form, to };
    let done = predict(
        &request(typed, terminal),
        BufReader::new(io::stdin()),
        &mut output,
        terminal,
        stop,
    )?;
    output.finish()?;
    for file in file.into_iter().chain(&typed.report).chain(&typed.detections) {
        terminal.note(&format!("written: `{}`", file.display()));
    }
    if let Some(folder) = &typed.sort_into {
        terminal.note(&format!(
            "sorted into `{}`; look through its folders before you train on them",
            folder.display()
        ));
    }
    if !done.timings.is_empty() {
        terminal.told(&lookalike::timings_table(&done.timings));
    }
    terminal.note(&done.tally.line());
    done.tally.known_line().iter().for_each(|line| terminal.note(line));
    if done.tally.unread > 0 {
        let all = count(done.tally.read() + done.tally.unread, "picture");
        terminal.warn(&format!("{} of {all} could not be read", done.tally.unread));
        return Ok(Exit::Pictures);
    }
    Ok(Exit::Done)
}

/// What is typed, or what a file's name says.
fn form(typed: &Predict) -> Form {
    let file = typed.output.as_ref().and_then(|file| file.extension()?.to_str());
    let suffix = file.unwrap_or_default().to_lowercase();
    if typed.parquet.is_some() || !typed.json && !typed.csv && suffix == "parquet" {
        return Form::Parquet;
    }
    match (typed.json, typed.csv, suffix.as_str()) {
        (true, ..) | (_, false, "json") => Form::Json,
        (_, true, _) | (_, _, "csv") => Form::Csv { mark: typed.output.is_some() },
        _ => Form::Text,
    }
}

fn request(typed: &Predict, terminal: &Terminal) -> PredictRequest {
    let sorting = |into: &std::path::PathBuf| Sorting { into: into.clone(), link: typed.link };
    PredictRequest {
        precision: typed.precision,
        style: Style { top: typed.top, always: typed.always },
        heat_maps: typed.heat_maps.clone(),
        min_probability: typed.min_probability.map(|share| share as f32),
        coverage: typed.coverage,
        false_alarms: typed.false_alarms,
        sort: typed.sort_into.as_ref().map(sorting),
        report: typed.report.clone(),
        timings: terminal.wants_timings(),
        how: typed.foreign.how(Columns::default()),
        detections: typed.detections.clone(),
        ..PredictRequest::new(&typed.model, typed.paths.clone())
    }
}
