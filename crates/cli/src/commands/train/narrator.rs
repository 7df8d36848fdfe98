//! A run of training in words: notes, warnings, and the training table with a bar for the current
//! epoch.

use std::time::Duration;

use ::training::FineTuning;
use ::training::auto::HeadKind;
use ::training::{Movement, Plan};
use engine::Trained;
use ground::progress::{Bar, Progress as _};
use insight::{BadPicture, Epoch, Insight, Paths, Proportion, Step, text};
use lookalike::{Event, Planned, Source, Stopped};
use pictures::Grouped;

use crate::terminal::{Terminal, clock, count, printable, thousands};

/// Unusable files that are listed; all are in the report.
const NAMED: usize = 10;
/// Columns of the summary.
const WIDTH: usize = 80;

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
                self.terminal.account(&row(epoch));
                self.begin(epoch.epoch + 1);
            }
            Event::Scored(insight) => self.summarise(insight),
            Event::NextSteps { steps, insight, paths } => self.suggest(steps, insight, &paths),
            Event::Timings(timings) => self.terminal.told(&lookalike::timings_table(timings)),
            Event::Unusable(bad) => self.terminal.warn(&unusable(bad)),
            Event::Planned(planned) => lines(&planned).iter().for_each(|line| self.note(line)),
            other => {
                if let Some(line) = self.line(&other) {
                    self.bar = None;
                    self.note(&line);
                }
            }
        }
    }

    fn note(&self, line: &str) {
        self.terminal.note(line);
    }

    /// What is said in one line.
    fn line(&self, event: &Event<'_>) -> Option<String> {
        Some(match event {
            Event::Fixed { relabelled, left_out } => {
                let relabelled = count(*relabelled, "picture");
                format!("fixes: {relabelled} relabelled, {left_out} skipped")
            }
            Event::Grouped(grouped) => grouped_line(grouped),
            Event::Suspicious(brief) => format!(
                "doubtful pictures: {brief}; `lookalike check {}{}` lists them",
                if matches!(self.source, Source::Table(_)) { "--labels " } else { "" },
                self.source.path().display()
            ),
            Event::FeaturesFound(pictures) => {
                format!("reused saved features of {}", count(*pictures, "picture"))
            }
            Event::HiddenHeadSkipped { most } => {
                let most = thousands(*most as u64);
                format!("{} was not tried: it is tried on up to {most} pictures", HeadKind::Hidden)
            }
            Event::FineTuning(stands) => fine_tuning(*stands),
            Event::FineTuned { kept: true } => "\nfine-tuning is kept".into(),
            Event::FineTuned { kept: false } => {
                "\nfine-tuning is not better beyond chance, so the fitted head is kept".into()
            }
            Event::Saved { path, replaced } => {
                let replaced = if *replaced { " (replaced)" } else { "" };
                format!("classifier: `{}`{replaced}", path.display())
            }
            Event::Reported(page) => format!("report: `{}`", page.display()),
            Event::SuspectsWritten { path, count: lines } => {
                format!("possible label errors: `{}` ({})", path.display(), count(*lines, "row"),)
            }
            Event::NothingToSave => "no epoch was completed, so no classifier was saved".into(),
            Event::Stopped(stopped) => when_stopped(*stopped).into(),
            Event::Resumable(standing) => {
                format!("run the same command again to resume from {standing}")
            }
            Event::OtherUnfinished(folder) => format!(
                "`{}` holds another unfinished run; its own command resumes it. Delete the folder if \
                 you do not need it",
                folder.display()
            ),
            _ => return None,
        })
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
        let short = text::short(insight, WIDTH, self.terminal.colours_results());
        self.terminal.account(&format!("\n{}\n", short.trim_end()));
        insight.honest_lines().iter().for_each(|line| self.terminal.account(line));
        self.terminal.account("");
    }

    /// What to do next, a line each.
    fn suggest(&self, steps: &[Step], insight: &Insight, paths: &Paths<'_>) {
        if !steps.is_empty() {
            self.note("\nWhat to do next:");
        }
        steps.iter().for_each(|step| self.note(&format!("- {}", step.line(insight, paths))));
    }
}

pub(crate) fn grouped_line(Grouped { way, pictures, groups }: &Grouped) -> String {
    let (pictures, groups) = (count(*pictures, "picture"), count(*groups, "group"));
    format!("grouped by {way}: {pictures} in {groups}, which stay together")
}

fn unusable(bad: &[BadPicture]) -> String {
    let mut lines = format!("skipped {} that cannot be used:", count(bad.len(), "file"));
    for BadPicture { picture, reason } in bad.iter().take(NAMED) {
        lines += &format!("\n  `{}`: {}", printable(picture), printable(reason));
    }
    if bad.len() > NAMED {
        lines += &format!("\n  and {} more, all listed in the report", bad.len() - NAMED);
    }
    lines
}

/// What will be trained on what.
fn lines(planned: &Planned<'_>) -> Vec<String> {
    let held_out = planned
        .held_out
        .map_or_else(String::new, |pictures| format!(", {} held out", thousands(pictures as u64)));
    let test = match planned.test {
        0 => String::new(),
        n => format!(", {} for a test", thousands(n as u64)),
    };
    let mut lines = vec![format!(
        "{}: {} to train on{held_out}{test}",
        count(planned.classes, "class"),
        count(planned.train, "picture"),
    )];
    if let Some((pictures, groups)) = planned.copies {
        let (pictures, groups) = (count(pictures, "picture"), count(groups, "group"));
        lines.push(format!("{pictures} in {groups} of copies or near duplicates stay together"));
    }
    let from = planned.weights.map_or_else(
        || "trained from scratch".into(),
        |name| format!("with the weights of {name}"),
    );
    let Planned { backbone, size, output, .. } = planned;
    let output = output.display();
    lines.push(format!("{backbone}, {from}, {size}×{size} pixels; will be saved as `{output}`"));
    lines
}

fn fine_tuning(stands: FineTuning) -> String {
    match stands {
        FineTuning::Skipped { time } => {
            format!("fine-tuning was not tried: one fold takes about {}", clock(time))
        }
        FineTuning::Begun(attempt) => format!(
            "\nfine-tuning in {} of {}, to be kept only if it is better: about {} in all. Ctrl-C keeps \
             what is saved",
            attempt.folds,
            count(attempt.of, "fold"),
            clock(attempt.time),
        ),
        FineTuning::Fold { fold, of, rates } => {
            format!("\nfine-tuning, fold {fold} of {of}, learning rates {rates}")
        }
        FineTuning::OnAll { pictures } => {
            format!("\nfine-tuning on all {}", count(pictures, "picture"))
        }
    }
}

fn when_stopped(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::WhileFitting => {
            "Stopped. No classifier was saved; the same command continues where you left off."
        }
        Stopped::InFirstEpoch => "Stopped during the first epoch. No classifier was saved.",
        Stopped::WhileFineTuning => {
            "Stopped. The classifier with the fitted head is kept; the same command resumes fine-tuning."
        }
    }
}

/// A row of the training table.
fn row(epoch: &Epoch) -> String {
    let valid_loss = epoch.valid_loss.map_or("–".into(), |loss| format!("{loss:.4}"));
    let errors = epoch.errors.map_or("–".into(), |(n, of)| Proportion::new(n, of).to_string());
    let time = clock(Duration::from_secs_f64(epoch.seconds));
    format!(
        "{:>5}  {:>10.4}  {valid_loss:>10}  {errors:<26} {time:>8}",
        epoch.epoch, epoch.train_loss
    )
}
