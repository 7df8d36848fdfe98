//! What a terminal says of a run of training.

use std::time::Duration;

use insight::{BadPicture, Epoch, Proportion};
use pictures::Grouped;
use training::FineTuning;
use training::auto::HeadKind;

use super::{clock, count, printable, thousands};
use crate::{Event, Planned, Source, Stopped};

/// Unusable files that are listed; all are in the report.
const NAMED: usize = 10;

/// What a terminal says of an event, where that is one line or a few.
#[must_use]
pub fn event(event: &Event<'_>, source: &Source) -> Option<String> {
    Some(match event {
        Event::Fixed { relabelled, left_out } => {
            let relabelled = count(*relabelled, "picture");
            format!("fixes: {relabelled} relabelled, {left_out} skipped")
        }
        Event::Grouped(grouped) => grouped_line(grouped),
        Event::Suspicious(brief) => format!(
            "doubtful pictures: {brief}; `lookalike check {}` lists them",
            source.arguments()
        ),
        Event::Grown(note) => (*note).into(),
        Event::FeaturesFound(pictures) => {
            format!("reused saved features of {}", count(*pictures, "picture"))
        }
        Event::HiddenHeadSkipped { most } => {
            let most = thousands(*most as u64);
            format!("{} was not tried: it is tried on up to {most} pictures", HeadKind::Hidden)
        }
        Event::ComparingNetworks { names, time } => format!(
            "comparing {}, about {}; the best will be trained",
            super::listed(names),
            clock(*time)
        ),
        Event::FineTuning(stands) => fine_tuning(*stands),
        Event::Unusable(bad) => unusable(bad),
        Event::Planned(plan) => planned(plan).join("\n"),
        Event::FineTuned { kept, comparison } => {
            let kept = if *kept { "the fine-tuned network" } else { "the fitted head" };
            format!("\n{} Kept: {kept}", comparison.sentence())
        }
        Event::Compared(compared) => format!("\n{}", compared.sentence()),
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

/// How pictures were grouped.
#[must_use]
pub fn grouped_line(Grouped { way, pictures, groups }: &Grouped) -> String {
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
fn planned(planned: &Planned<'_>) -> Vec<String> {
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
            "\nfine-tuning in {} of {}, to be kept {}: about {} in all. Ctrl-C keeps what is saved",
            attempt.folds,
            count(attempt.of, "fold"),
            if attempt.kept_anyway { "in any case" } else { "only if it is better" },
            clock(attempt.time),
        ),
        FineTuning::Fold { fold, of } => format!("\nfine-tuning, fold {fold} of {of}"),
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
#[must_use]
pub fn epoch_row(epoch: &Epoch) -> String {
    let valid_loss = epoch.valid_loss.map_or("–".into(), |loss| format!("{loss:.4}"));
    let errors = epoch.errors.map_or("–".into(), |(n, of)| Proportion::new(n, of).to_string());
    let time = clock(Duration::from_secs_f64(epoch.seconds));
    format!(
        "{:>5}  {:>10.4}  {valid_loss:>10}  {errors:<26} {time:>8}",
        epoch.epoch, epoch.train_loss
    )
}
