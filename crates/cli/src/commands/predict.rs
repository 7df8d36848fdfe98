//! `lookalike predict`: what pictures show.

mod answers;
mod paths;

use std::path::PathBuf;

use classifier::{Classifier, Prediction, explain, ranked};
use ground::Precision;
use ground::Stop;
use ground::progress::Progress;
use insight::{Answer, Verdict};

use super::named::NamedFolder;
use crate::args::Predict;
use crate::fault::{Exit, Fault};
use crate::terminal::{Terminal, count};
use answers::{Answers, Form};

pub(crate) fn run(typed: &Predict, terminal: &Terminal) -> anyhow::Result<Exit> {
    let paths = paths::of(&typed.paths)?;
    let precision = typed.precision.precision();
    let (classifier, mut engine) = if typed.heat_maps.is_some() && precision != Precision::Fp32 {
        // Heat maps are made in fp32 whatever answers are: what is packed for the one will not do.
        let classifier = Classifier::load(&typed.model)?;
        let mut engine = super::engine_of(&classifier, terminal)?;
        engine.set_precision(Precision::Fp32, precision);
        (classifier, engine)
    } else {
        Classifier::load_to_predict(&typed.model, precision)?
    };
    if terminal.wants_timings() {
        engine.measure();
    }
    let form = match (typed.json, typed.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Text,
    };
    let mut heat_maps = typed.heat_maps.as_deref().map(NamedFolder::new).transpose()?;
    let asked = typed.heat_maps.as_ref().map(|_| named_first(typed.always));
    let asked = |answer: &Answer| asked.as_ref().map(|class| class(answer));
    let mut answers = Answers::new(form, &classifier, typed, terminal);
    answers.begin(&typed.model)?;
    // Ctrl-C ends this command at once, as there is nothing to save; this is for a reader that left.
    let (stop, mut failed) = (Stop::new(), None);
    explain(&mut engine, &classifier, paths, &stop, asked, |prediction| {
        if failed.is_none() {
            let told = write(&mut heat_maps, &prediction)
                .and_then(|heat_map| answers.tell(&prediction, heat_map));
            failed = told.err();
        }
        if failed.is_some() {
            stop.ask();
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    answers.end()?;
    super::timings::say(&engine, terminal);
    let (read, unread) = (answers.read, answers.unread);
    if read + unread == 0 {
        let fault = Fault::new(Exit::Pictures, "there is no picture among what was named");
        return Err(fault.help("name pictures, or folders that hold some").into());
    }
    if unread > 0 {
        terminal
            .warn(&format!("{unread} of {} could not be read", count(read + unread, "picture")));
        return Ok(Exit::Pictures);
    }
    Ok(Exit::Done)
}

/// The class that an answer names first: the one it is of, else the likeliest.
fn named_first(always: bool) -> impl Fn(&Answer) -> usize {
    move |answer| match answer.verdict {
        Verdict::Class(class) if !always => class,
        _ => ranked(&answer.probabilities)[0].0,
    }
}

/// Writes a picture's heat map where that was asked for; returns where it lies.
fn write(
    folder: &mut Option<NamedFolder>,
    prediction: &Prediction<'_>,
) -> anyhow::Result<Option<PathBuf>> {
    let heat = prediction.result.as_ref().ok().and_then(|told| told.heat.as_ref());
    let name = prediction.picture.file_stem().unwrap_or_default().to_string_lossy();
    let both = folder.as_mut().zip(heat);
    both.map(|(folder, heat)| folder.write(&name, "jpg", &heat.overlay())).transpose()
}
