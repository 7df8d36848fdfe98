//! Who hears of a run, and what can end it.

use engine::{Cpu, EngineError};
use ground::Precision;
use ground::Stop;
use ground::progress::Progress;
use insight::Epoch;
use network::{Graph, Parameters};
use training::FineTuning;
use training::{Movement, Observer, Plan, Standing};

use super::event::Event;

/// Passed down through a run.
pub(crate) struct Listener<'a> {
    pub(crate) events: &'a mut dyn FnMut(Event<'_>),
    pub(crate) progress: &'a dyn Progress,
    pub(crate) stop: &'a Stop,
    /// Whether the engine's time is measured.
    pub(crate) timings: bool,
}

impl Listener<'_> {
    pub(crate) fn tell(&mut self, event: Event<'_>) {
        (self.events)(event);
    }

    pub(crate) fn warn(&self, words: &str) {
        self.progress.warn(words);
    }

    /// An engine that holds these parameters and trains in these numbers.
    pub(crate) fn engine(
        &self,
        graph: &Graph,
        parameters: &Parameters,
        steps: Precision,
    ) -> Result<Cpu, EngineError> {
        let mut engine = Cpu::with(graph.clone(), parameters)?;
        engine.set_precision(steps, Precision::Fp32);
        if self.timings {
            engine.measure();
        }
        Ok(engine)
    }

    pub(crate) fn tell_timings(&mut self, engine: &Cpu) {
        let timings = engine.timings();
        if !timings.is_empty() {
            self.tell(Event::Timings(&timings));
        }
    }
}

/// Passes on what stages of epochs report.
pub(super) struct Stages<'a, 'b> {
    pub(super) listener: &'a mut Listener<'b>,
    /// Whether the rates were found, and so are nobody's to change.
    pub(super) rates_found: bool,
    /// What a reader of the report should know.
    pub(super) notes: Vec<String>,
}

impl Observer for Stages<'_, '_> {
    fn stage_started(&mut self, plan: &Plan, movement: &Movement) {
        let rates_found = self.rates_found;
        if !rates_found && movement.is_negligible() {
            self.notes.push(format!("In the {} stage, {movement}.", plan.stage));
        }
        self.listener.tell(Event::StageStarted { plan, movement, rates_found });
    }

    fn resumed(&mut self, standing: Standing) {
        self.listener.tell(Event::Resumed(standing));
    }

    fn warned(&mut self, words: &str) {
        self.listener.warn(words);
    }

    fn fine_tuning(&mut self, stands: FineTuning) {
        self.listener.tell(Event::FineTuning(stands));
    }

    fn batch_done(&mut self, progress: training::Progress) {
        self.listener.tell(Event::BatchDone(progress));
    }

    fn epoch_finished(&mut self, epoch: &Epoch) {
        self.listener.tell(Event::EpochFinished(epoch));
    }
}
