//! Which learning rate to train with: rates from far too low to far too high are tried on a few
//! batches.

mod chart;
mod plot;

use engine::{Cpu, Engine, Timing};
use ground::Stop;
use ground::progress::{Bar, Progress};
use network::Backbone;
use pictures::{Dataset, GroupBy, Grouped, Preprocess, Side, dataset};
use serde_json::json;
use training::{
    Classic, Ended, Found, Movement, Observer, OneCycle, Rates, Stage, Sweep, TrainingError, Tried,
};

use crate::text::count;
use crate::train::{Initial, Listener, RecipeOptions, Start, only_by_default};
use crate::{Error, Source};

/// A request to look for a learning rate. [`LrFindRequest::new`] has every default.
#[derive(Clone, Debug)]
pub struct LrFindRequest {
    /// The labelled pictures.
    pub source: Source,
    /// Ways in which pictures belong together, beside copies and the table's groups. Default: none.
    pub group_by: Vec<GroupBy>,
    /// What the network starts from.
    pub initial: Initial,
    /// The recipe's settings, of which those count that a sweep depends on: epochs (to say how far
    /// a rate can move the weights), size, batch, augmentation, norms, precision, seed.
    pub options: RecipeOptions,
    /// Which stage the rate is for. Default: the unfrozen one.
    pub stage: Stage,
    /// The lowest layers' rate over the head's. Default: 1.
    pub spread: f32,
    /// Batches, each with a rate of its own. Default: 100.
    pub batches: usize,
    /// The share of each class that is held out, and not tried on. Default: 0.2.
    pub valid: f64,
    /// Whether to measure where the network's time goes. Default: false.
    pub timings: bool,
}

impl LrFindRequest {
    /// To try rates on a folder or table with every default.
    #[must_use]
    pub fn new(source: impl Into<Source>) -> Self {
        Self {
            source: source.into(),
            group_by: vec![],
            initial: Initial::default(),
            options: RecipeOptions::default(),
            stage: Stage::default(),
            spread: 1.0,
            batches: 100,
            valid: 0.2,
            timings: false,
        }
    }
}

/// What a sweep over learning rates found.
#[derive(Clone, Debug)]
pub struct RateFound {
    /// The network.
    pub backbone: Backbone,
    /// The stage that the rate is for.
    pub stage: Stage,
    /// The rates that were tried, and the loss at each.
    pub sweep: Found,
    /// The rates to train with, in two digits; `None` where the loss ran away too early.
    pub rates: Option<Rates>,
    /// How far the stage could move the weights with them.
    pub movement: Option<Movement>,
    /// What grouping came to.
    pub grouped: Vec<Grouped>,
    /// Where the network's time went, if the request asks for it.
    pub timings: Vec<Timing>,
}

/// Tries learning rates on a few batches.
///
/// # Errors
/// When pictures or weights cannot be used, and on request.
pub fn lr_find(
    request: &LrFindRequest,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<RateFound, Error> {
    if !request.initial.others.is_empty() {
        return Err(only_by_default());
    }
    let mut folder = request.source.pictures()?;
    let (threads, base) = (ground::parallel::threads(), request.source.folder());
    let grouped = folder.group(&request.group_by, base, threads, progress, stop)?;
    classifier::check_classes(&folder.classes).map_err(TrainingError::ClassNames)?;
    let start = Start::choose(&request.initial, progress, stop)?;
    let classes = folder.classes.len();
    let recipe = request.options.classic(start.backbone, start.is_pretrained(), classes);
    let graph = recipe.architecture.graph();
    let parameters = start.parameters(&graph, recipe.seed)?;
    let listener = Listener { events: &mut |_| (), progress, stop, timings: request.timings };
    let mut engine = listener.engine(&graph, &parameters, recipe.precision)?;
    let preprocess = Preprocess::square(recipe.architecture.backbone.preprocessing(), recipe.size);
    let how = dataset::Settings {
        valid_fraction: request.valid,
        seed: recipe.seed,
        threads,
        margin: recipe.augment,
        ..dataset::Settings::default()
    };
    let data = Dataset::prepare(&folder, &preprocess, &how, progress, stop)?;
    data.warnings.iter().for_each(|warning| progress.warn(warning));
    let (stage, pictures) = (request.stage, data.indices(Side::Train).len());
    let sweep = Sweep { batches: request.batches, spread: request.spread, ..Sweep::of(stage) };
    progress.note(&format!(
        "{}, {stage}: rates from {:e} to {} on {} of {}",
        start.backbone,
        sweep.from,
        sweep.to,
        count(sweep.batches, "batch"),
        count(recipe.batch.min(pictures), "picture"),
    ));
    let mut trying = Trying(progress.begin("trying rates", Some(sweep.batches as u64)));
    let found =
        training::find(&mut engine, &data, &preprocess, &recipe, &sweep, &mut trying, stop)?;
    drop(trying);
    if found.ended == Ended::Stopped {
        return Err(Error::Stopped);
    }
    let rates = in_two_digits(&found);
    let movement = rates.map(|rates| movement(rates, &recipe, stage, &engine, pictures));
    let (backbone, timings) = (start.backbone, engine.timings());
    Ok(RateFound { backbone, stage, sweep: found, rates, movement, grouped, timings })
}

/// The suggested rates, as they are typed.
fn in_two_digits(found: &Found) -> Option<Rates> {
    let text = match found.suggested_rates()? {
        Rates::Single(rate) => format!("{rate:.1e}"),
        Rates::Range(low, high) => format!("{low:.1e}..{high:.1e}"),
    };
    text.parse().ok()
}

/// How far the stage could move the weights with these rates.
fn movement(
    rates: Rates,
    recipe: &Classic,
    stage: Stage,
    engine: &Cpu,
    pictures: usize,
) -> Movement {
    let graph = engine.graph();
    let epochs = match stage {
        Stage::Frozen => recipe.frozen_epochs,
        Stage::Unfrozen => recipe.epochs,
    };
    let max_rates = rates.of_groups(graph.groups());
    let steps = epochs * (pictures / recipe.batch).max(1);
    let cycle = OneCycle { max_rates, steps };
    Movement::of(graph, &engine.parameters(), recipe.trained(stage), &cycle)
}

impl RateFound {
    /// Whether training with the rates could change anything to speak of.
    fn moves(&self) -> bool {
        self.movement.as_ref().is_some_and(|movement| !movement.is_negligible())
    }

    /// The losses over the rates as a chart of characters.
    #[must_use]
    pub fn chart(&self) -> String {
        chart::text(&self.sweep)
    }

    /// The same as an SVG file of its own, for light and dark pages.
    #[must_use]
    pub fn plot(&self) -> String {
        plot::svg(&self.sweep)
    }

    /// Everything as one JSON document, indented.
    #[must_use]
    pub fn json(&self) -> String {
        let document = json!({
            "backbone": self.backbone.to_string(),
            "stage": self.stage,
            "suggested": self.sweep.suggested,
            "rates_to_type": self.rates.filter(|_| self.moves()),
            "diverged": self.sweep.ended == Ended::Diverged,
            "movement": self.movement.as_ref().map(ToString::to_string),
            "movement_is_negligible": self.movement.as_ref().map(Movement::is_negligible),
            "rates": self.sweep.rates,
            "losses": self.sweep.losses,
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
