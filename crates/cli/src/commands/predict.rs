//! `lookalike predict`: what pictures show.

mod answers;

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use ground::Stop;
use ground::progress::Progress;
use lookalike::json::{Answer, Predictions, Style};
use lookalike::{Error, Explain, Kind, NamedFolder, Picture, Prediction, Predictor};

use crate::args::Predict;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};
use answers::{Answers, Form};

pub(crate) fn run(typed: &Predict, terminal: &Terminal) -> Result<Exit, Failure> {
    let paths = lookalike::paths(&typed.paths, BufReader::new(io::stdin()))?;
    let explains = typed.heat_maps.is_some();
    let mut predictor = Predictor::load_in(&typed.model, typed.precision, explains)?;
    if terminal.wants_timings() {
        predictor.engine().measure();
    }
    let form = match (typed.json, typed.csv) {
        (true, _) => Form::Json,
        (_, true) => Form::Csv,
        _ => Form::Text,
    };
    let explain = match (explains, typed.always) {
        (false, _) => Explain::Nothing,
        (true, false) => Explain::Named,
        (true, true) => Explain::Likeliest,
    };
    let mut heat_maps = typed.heat_maps.as_deref().map(NamedFolder::new).transpose()?;
    let classes = predictor.classifier().classes.clone();
    let style = Style { top: typed.top.min(classes.len()), always: typed.always };
    let mut answers = Answers::new(form, style, explains, terminal);
    answers.begin(&Predictions::of(&typed.model, predictor.classifier()))?;
    // Ctrl-C ends this command at once, as there is nothing to save; this is for a reader that left.
    let (stop, mut failed) = (Stop::new(), None);
    let pictures = paths.map(|path| (path.clone(), Picture::File(path)));
    predictor.predict(pictures, explain, &stop, |path, result| {
        if failed.is_some() {
            return;
        }
        let told = write(&mut heat_maps, &path, result.as_ref().ok()).and_then(|heat_map| {
            answers.tell(&Answer::of(&path, &result, &classes, style, heat_map.as_deref()))
        });
        if let Err(error) = told {
            failed = Some(error);
            stop.ask();
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    answers.end()?;
    let timings = predictor.engine().timings();
    if !timings.is_empty() {
        terminal.told(&lookalike::timings_table(&timings));
    }
    let (read, unread) = (answers.read, answers.unread);
    if read + unread == 0 {
        let error = Error::refused(Kind::Pictures, "there are no pictures in what you named");
        return Err(error.advise("name pictures, or folders that hold some").into());
    }
    if unread > 0 {
        terminal
            .warn(&format!("{unread} of {} could not be read", count(read + unread, "picture")));
        return Ok(Exit::Pictures);
    }
    Ok(Exit::Done)
}

/// Writes a picture's heat map where that was asked for; returns where it lies.
fn write(
    folder: &mut Option<NamedFolder>,
    picture: &Path,
    prediction: Option<&Prediction<'_>>,
) -> Result<Option<PathBuf>, Failure> {
    let heat = prediction.and_then(|prediction| prediction.heat.as_ref());
    let Some((folder, heat)) = folder.as_mut().zip(heat) else { return Ok(None) };
    let name = picture.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Some(folder.write(&name, "jpg", &heat.overlay())?))
}
