//! `lookalike lr-find`: which learning rate to teach with.

mod chart;
mod plot;

use engine::{Cpu, Engine};
use ground::Stop;
use ground::files;
use ground::progress::{Bar, Progress};
use pictures::{Dataset, Preprocess, Side, dataset};
use serde_json::json;
use training::{
    Classic, Ended, Found, Movement, Observer, OneCycle, Rates, Stage, Sweep, TrainingError, Tried,
};

use crate::args::{LrFind, StageName};
use crate::fault::Exit;
use crate::settings::Training;
use crate::start::Start;
use crate::terminal::{Terminal, count};

pub(crate) fn run(typed: &LrFind, terminal: &Terminal, stop: &Stop) -> anyhow::Result<Exit> {
    let settings = Training::of_lr_find(typed)?;
    let mut folder = settings.source.pictures()?;
    super::train::group(&mut folder, &settings, terminal, stop)?;
    classifier::check_classes(&folder.classes).map_err(TrainingError::ClassNames)?;
    let start = Start::choose(&settings, terminal, stop)?;
    let recipe = settings.classic(start.backbone, start.weights.is_some(), folder.classes.len());
    let graph = recipe.architecture.graph();
    let mut engine =
        super::engine(&graph, &start.parameters(&graph, recipe.seed)?, recipe.precision, terminal)?;
    let preprocess = Preprocess::square(recipe.architecture.backbone.preprocessing(), recipe.size);
    let how = dataset::Settings {
        valid_fraction: typed.valid,
        seed: recipe.seed,
        threads: kernels::threads::count(),
        margins: recipe.augment,
        ..dataset::Settings::default()
    };
    let data = Dataset::prepare(&folder, &preprocess, &how, terminal, stop)?;
    data.warnings.iter().for_each(|warning| terminal.warn(warning));
    let stage = match typed.stage {
        StageName::Frozen => Stage::Frozen,
        StageName::Unfrozen => Stage::Unfrozen,
    };
    let sweep = Sweep { batches: typed.batches, spread: typed.spread, ..Sweep::of(stage) };
    let pictures = data.indices(Side::Train).len();
    terminal.note(&format!(
        "{}, {stage}: rates from {:e} to {} on {} of {}",
        start.backbone,
        sweep.from,
        sweep.to,
        count(sweep.batches, "batch"),
        count(recipe.batch.min(pictures), "picture"),
    ));
    let mut trying = Trying(terminal.begin("trying rates", Some(sweep.batches as u64)));
    let found =
        training::find(&mut engine, &data, &preprocess, &recipe, &sweep, &mut trying, stop)?;
    drop(trying);
    if found.ended == Ended::Stopped {
        terminal.note("stopped: nothing is suggested");
        return Ok(Exit::Interrupted);
    }
    let advice = Advice::of(&found, &recipe, stage, &engine, pictures);
    if typed.json {
        terminal.result(&advice.json(&found, &start, stage))?;
    } else {
        terminal.result(&chart::text(&found))?;
        terminal.result(&advice.words(&found, stage))?;
    }
    if let Some(movement) = advice.movement.filter(Movement::is_negligible) {
        terminal.warn(&movement.to_string());
    }
    if !typed.json || typed.output.is_some() {
        files::write(&settings.output, plot::svg(&found).as_bytes())?;
        terminal.note(&format!("plot: `{}`", settings.output.display()));
    }
    super::timings::say(&engine, terminal);
    Ok(Exit::Done)
}

/// What to do with what was found.
struct Advice {
    /// In two digits, as they are typed.
    rates: Option<Rates>,
    /// How far the stage could move the weights with them.
    movement: Option<Movement>,
}

impl Advice {
    fn of(found: &Found, recipe: &Classic, stage: Stage, engine: &Cpu, pictures: usize) -> Self {
        let rates: Option<Rates> = found.suggested_rates().and_then(|rates| match rates {
            Rates::Single(rate) => format!("{rate:.1e}").parse().ok(),
            Rates::Range(low, high) => format!("{low:.1e}..{high:.1e}").parse().ok(),
        });
        let graph = engine.graph();
        let epochs = match stage {
            Stage::Frozen => recipe.frozen_epochs,
            Stage::Unfrozen => recipe.epochs,
        };
        let movement = rates.map(|rates| {
            let max_rates = rates.of_groups(graph.groups());
            let steps = epochs * (pictures / recipe.batch).max(1);
            let cycle = OneCycle { max_rates, steps };
            Movement::of(graph, &engine.parameters(), recipe.trained(stage), &cycle)
        });
        Self { rates, movement }
    }

    fn words(&self, found: &Found, stage: Stage) -> String {
        let option = match stage {
            Stage::Frozen => "--frozen-lr",
            Stage::Unfrozen => "--lr",
        };
        match (&self.rates, &self.movement) {
            (Some(rates), Some(movement)) => {
                let mut words = format!("suggested: {option} {rates}");
                if !movement.is_negligible() {
                    words += &format!("\n{movement}");
                }
                words
            }
            _ => format!(
                "no rate can be suggested: the loss ran away after {}",
                count(found.rates.len(), "batch")
            ),
        }
    }

    fn json(&self, found: &Found, start: &Start, stage: Stage) -> String {
        let document = json!({
            "backbone": start.backbone.to_string(),
            "stage": stage,
            "suggested": found.suggested,
            "rates_to_type": self.rates,
            "diverged": found.ended == Ended::Diverged,
            "movement": self.movement.as_ref().map(ToString::to_string),
            "movement_is_negligible": self.movement.as_ref().map(Movement::is_negligible),
            "rates": found.rates,
            "losses": found.losses,
        });
        format!("{document:#}")
    }
}

/// Draws a sweep as it goes.
struct Trying(Box<dyn Bar>);

impl Observer for Trying {
    fn rate_tried(&mut self, tried: Tried) {
        self.0.advance(1);
        self.0.say(&format!("rate {:.1e}, loss {:.4}", tried.rate, tried.loss));
    }
}
