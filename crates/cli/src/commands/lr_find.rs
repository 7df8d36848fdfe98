//! `lookalike lr-find`: which learning rate to train with.

use ::training::Stage;
use ground::Stop;
use ground::files;
use ground::progress::Progress;
use lookalike::{Error, LrFindRequest, RateFound, RecipeOptions, Source};

use crate::args::LrFind;
use crate::fault::{Exit, Failure};
use crate::terminal::{Terminal, count};

pub(crate) fn run(typed: &LrFind, terminal: &Terminal, stop: &Stop) -> Result<Exit, Failure> {
    let source = typed.pictures.source();
    let plot = match &typed.output {
        Some(output) => output.clone(),
        None => (source.name()? + ".lr.svg").into(),
    };
    let request = request(typed, source, terminal.wants_timings());
    let found = match lookalike::lr_find(&request, terminal, stop) {
        Err(Error::Stopped) => {
            terminal.note("stopped: nothing is suggested");
            return Ok(Exit::Interrupted);
        }
        other => other?,
    };
    found.grouped.iter().for_each(|grouped| terminal.note(&lookalike::text::grouped_line(grouped)));
    if typed.json {
        terminal.result(&found.json())?;
    } else {
        terminal.result(&found.chart())?;
        terminal.result(&words(&found))?;
    }
    if !typed.json || typed.output.is_some() {
        files::write(&plot, found.plot().as_bytes())?;
        terminal.note(&format!("plot: `{}`", plot.display()));
    }
    if !found.timings.is_empty() {
        terminal.told(&lookalike::timings_table(&found.timings));
    }
    Ok(Exit::Done)
}

/// What was typed as a request.
fn request(typed: &LrFind, source: Source, timings: bool) -> LrFindRequest {
    LrFindRequest {
        group_by: typed.groups.group_by.clone(),
        initial: typed.network.initial(),
        options: RecipeOptions {
            frozen_epochs: typed.epochs,
            epochs: typed.epochs,
            batch: typed.batch,
            size: typed.size,
            augment: !typed.no_augment,
            freeze_norms: typed.freeze_norms,
            seed: typed.seed,
            ..RecipeOptions::default()
        },
        stage: typed.stage,
        spread: typed.spread,
        batches: typed.batches,
        valid: typed.valid,
        timings,
        ..LrFindRequest::new(source)
    }
}

fn words(found: &RateFound) -> String {
    let option = match found.stage {
        Stage::Frozen => "--frozen-lr",
        Stage::Unfrozen => "--lr",
    };
    match (&found.rates, &found.movement) {
        (Some(rates), Some(movement)) if movement.is_negligible() => {
            format!("no rate is suggested: the losses favour `{option} {rates}`, but {movement}")
        }
        (Some(rates), Some(movement)) => format!("suggested: {option} {rates}\n{movement}"),
        _ => format!(
            "no rate can be suggested: the loss ran away after {}",
            count(found.sweep.rates.len(), "batch")
        ),
    }
}
