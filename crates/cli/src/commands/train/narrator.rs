//! A run of training in words: notes, warnings, and the training table with a bar for the current
//! epoch.

use ::training::{Movement, Plan};
use engine::Trained;
use ground::progress::{Bar, Progress as _};
use insight::{Insight, Paths, Step};
use lookalike::{Event, Source, text};

use crate::terminal::{Terminal, WIDTH, count};

/// Prints a run as it goes.
pub(super) struct Narrator<'a> {
    terminal: &'a Terminal,
    source: &'a Source,
    plan: Option<Plan>,
    bar: Option<Box<dyn Bar>>,
}

impl<'a> Narrator<'a> {
    pub(super) fn new(terminal: &'a Terminal, source: &'a Source) -> Self {
        Self { terminal, source, plan: None, bar: None }
    }

    pub(super) fn tell(&mut self, event: Event<'_>) {
        match event {
            Event::StageStarted { plan, movement, rates_found } => {
                self.stage(plan, movement, rates_found);
            }
            Event::Resumed(standing) => {
                self.note(&format!("resuming from {standing} (`--fresh` starts over)"));
                self.begin(standing.done + 1);
                if let Some(bar) = &self.bar {
                    bar.advance(standing.batch as u64);
                }
            }
            Event::BatchDone(done) => {
                if let Some(bar) = &self.bar {
                    bar.advance(1);
                    let measuring = if done.batch == done.batches { ", measuring" } else { "" };
                    bar.say(&format!("loss {:.4}{measuring}", done.loss));
                }
            }
            Event::EpochFinished(epoch) => {
                self.bar = None;
                self.terminal.account(&text::epoch_row(epoch));
                self.begin(epoch.epoch + 1);
            }
            Event::Scored(insight) => self.summarise(insight),
            Event::NextSteps { steps, insight, paths } => self.suggest(steps, insight, &paths),
            Event::Timings(timings) => self.terminal.told(&lookalike::timings_table(timings)),
            other => {
                if let Some(line) = text::event(&other, self.source) {
                    self.bar = None;
                    match other {
                        Event::Unusable(_) => self.terminal.warn(&line),
                        _ => self.note(&line),
                    }
                }
            }
        }
    }

    fn note(&self, line: &str) {
        self.terminal.note(line);
    }

    /// A stage of epochs, and the head of its table.
    fn stage(&mut self, plan: &Plan, movement: &Movement, rates_found: bool) {
        let learns = match plan.trained {
            Trained::Head => "training the head",
            Trained::HeadAndNorms => "training the head and the backbone's batch norms",
            Trained::AllButNorms => "training everything but the backbone's batch norms",
            Trained::All => "training everything",
        };
        let (epochs, steps) = (count(plan.epochs, "epoch"), count(plan.batches, "step"));
        self.terminal.account(&format!("\nstage {}: {learns} for {epochs} of {steps}", plan.stage));
        // Found rates are nobody's to change.
        match (rates_found, movement.is_negligible()) {
            (true, _) => {}
            (false, true) => self.terminal.warn(&movement.to_string()),
            (false, false) => self.note(&movement.to_string()),
        }
        self.terminal.account("epoch  train loss  valid loss  error rate (95% interval)      time");
        self.plan = Some(plan.clone());
        self.begin(1);
    }

    /// The bar of the epoch that begins now, if the stage has it.
    fn begin(&mut self, epoch: usize) {
        self.bar = None; // one ends before the next begins
        if let Some(plan) = self.plan.as_ref().filter(|plan| epoch <= plan.epochs) {
            let what = format!("{} epoch {epoch}/{}", plan.stage, plan.epochs);
            self.bar = Some(self.terminal.begin(&what, Some(plan.batches as u64)));
        }
    }

    /// The short form of a report, where somebody reads along.
    fn summarise(&mut self, insight: &Insight) {
        self.bar = None;
        let short = insight::text::short(insight, WIDTH, self.terminal.colours_results());
        self.terminal.summary(&format!("\n{}\n", short.trim_end()));
        insight.honest_lines().iter().for_each(|line| self.terminal.summary(line));
        self.terminal.summary("");
    }

    /// What to do next, a line each.
    fn suggest(&self, steps: &[Step], insight: &Insight, paths: &Paths<'_>) {
        if !steps.is_empty() {
            self.note("\nWhat to do next:");
        }
        steps.iter().for_each(|step| self.note(&format!("- {}", step.line(insight, paths))));
    }
}
