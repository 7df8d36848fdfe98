//! The training table, row by row, with a bar for the epoch under way.

use std::time::Duration;

use engine::Trained;
use ground::progress::{Bar, Progress as _};
use insight::{Epoch, Proportion};
use training::{Movement, Observer, Plan, Progress, Standing};

use crate::terminal::{Terminal, clock, count};

/// Draws a run as it goes.
pub(super) struct Table<'a> {
    terminal: &'a Terminal,
    plan: Option<Plan>,
    bar: Option<Box<dyn Bar>>,
    /// Whether to say how far the rates go: they are the user's to change.
    tells_movement: bool,
    /// What a reader of the report should know.
    pub(super) notes: Vec<String>,
}

impl<'a> Table<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self { terminal, plan: None, bar: None, tells_movement: true, notes: vec![] }
    }

    /// Of runs whose rates were found for them.
    pub(super) fn of_found_rates(terminal: &'a Terminal) -> Self {
        Self { tells_movement: false, ..Self::new(terminal) }
    }

    /// The bar of the epoch that begins now, if the stage has it.
    fn begin(&mut self, epoch: usize) {
        self.bar = None; // one ends before the next begins
        if let Some(plan) = self.plan.as_ref().filter(|plan| epoch <= plan.epochs) {
            let what = format!("{} epoch {epoch}/{}", plan.stage, plan.epochs);
            self.bar = Some(self.terminal.begin(&what, Some(plan.batches as u64)));
        }
    }
}

impl Observer for Table<'_> {
    fn stage_started(&mut self, plan: &Plan, movement: &Movement) {
        let learns = match plan.trained {
            Trained::Head => "the head learns",
            Trained::HeadAndNorms => "the head and the body's norms learn",
            Trained::AllButNorms => "everything but the body's norms learns",
            Trained::All => "everything learns",
        };
        let (epochs, steps) = (count(plan.epochs, "epoch"), count(plan.batches, "step"));
        self.terminal.account(&format!("\n{}: {learns}, {epochs} of {steps}", plan.stage));
        let said = movement.to_string();
        match (self.tells_movement, movement.is_negligible()) {
            (false, _) => {}
            (true, true) => {
                self.terminal.warn(&said);
                self.notes.push(format!("In the {} stage, {said}.", plan.stage));
            }
            (true, false) => self.terminal.note(&said),
        }
        self.terminal.account("epoch  train loss  valid loss  error rate (95 % interval)     time");
        self.plan = Some(plan.clone());
        self.begin(1);
    }

    fn resumed(&mut self, standing: Standing) {
        self.terminal.note(&format!("going on from {standing} (`--fresh` begins anew)"));
        self.begin(standing.done + 1);
        if let Some(bar) = &self.bar {
            bar.advance(standing.batch as u64);
        }
    }

    fn warned(&mut self, words: &str) {
        self.terminal.warn(words);
    }

    fn batch_done(&mut self, progress: Progress) {
        if let Some(bar) = &self.bar {
            bar.advance(1);
            let measuring = if progress.batch == progress.batches { ", measuring" } else { "" };
            bar.say(&format!("loss {:.4}{measuring}", progress.loss));
        }
    }

    fn epoch_finished(&mut self, epoch: &Epoch) {
        self.bar = None;
        self.terminal.account(&row(epoch));
        self.begin(epoch.epoch + 1);
    }
}

fn row(epoch: &Epoch) -> String {
    let valid_loss = epoch.valid_loss.map_or("–".into(), |loss| format!("{loss:.4}"));
    let errors = epoch.errors.map_or("–".into(), |(n, of)| Proportion::new(n, of).to_string());
    let time = clock(Duration::from_secs_f64(epoch.seconds));
    format!(
        "{:>5}  {:>10.4}  {valid_loss:>10}  {errors:<26} {time:>8}",
        epoch.epoch, epoch.train_loss
    )
}
