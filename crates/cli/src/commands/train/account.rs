//! What is told of a run before and after it, and what is saved of it.

use std::time::Instant;

use classifier::{Judged, Made, Material};
use engine::Cpu;
use ground::Stop;
use ground::progress::Progress;
use insight::{BadPicture, Fact, Insight, Protocol};
use pictures::{Bad, Dataset, Preprocess, Side};
use training::{Classic, HeldOut, Keep, Run};

use super::familiar::Familiar;
use crate::commands::{recipe_facts, report};
use crate::settings::Training;
use crate::start::Start;
use crate::terminal::{Terminal, clock, count, printable, thousands};

/// Bad pictures named in the terminal; all are in the report.
const NAMED: usize = 10;

/// All that is known of a run but its result.
pub(super) struct Account {
    pub(super) settings: Training,
    pub(super) start: Start,
    pub(super) recipe: Classic,
    pub(super) preprocess: Preprocess,
    pub(super) data: Dataset,
    /// How the held-out pictures were chosen.
    pub(super) judged: Protocol,
    pub(super) began: Instant,
    /// What a reader of the report should know.
    pub(super) notes: Vec<String>,
}

impl Account {
    /// Says what will be trained on what.
    pub(super) fn introduce(&mut self, terminal: &Terminal) {
        self.warn_of_bad(terminal);
        let (train, valid) = (self.side(Side::Train), self.side(Side::Valid));
        let test = match self.side(Side::Test) {
            0 => String::new(),
            n => format!(", {} left for a test", thousands(n as u64)),
        };
        terminal.note(&format!(
            "{}: {} to learn from, {} held out{test}",
            count(self.data.classes.len(), "class"),
            count(train, "picture"),
            thousands(valid as u64),
        ));
        let size = self.recipe.size;
        let from = match self.start.name() {
            Some(name) => format!("from the weights of {name}"),
            None => "from nothing".into(),
        };
        let output = self.settings.output.display();
        terminal.note(&format!(
            "{} {from}, on {size}×{size} pixels, to `{output}`",
            self.start.backbone
        ));
        if self.start.weights.is_none() {
            self.notes.push(
                "The network was taught from nothing, without ImageNet weights. On real pictures a \
                 pretrained one does much better."
                    .into(),
            );
        }
        if self.recipe.keep == Keep::Best {
            self.notes.push(
                "The weights kept are those of the epoch that did best on the held-out pictures, so \
                 the scores here flatter a little."
                    .into(),
            );
        }
        self.notes.extend(self.data.warnings.iter().cloned());
    }

    fn warn_of_bad(&self, terminal: &Terminal) {
        let bad = self.bad();
        if bad.is_empty() {
            return;
        }
        let mut lines = format!("{} cannot be used and left out:", count(bad.len(), "picture"));
        for BadPicture { picture, reason } in bad.iter().take(NAMED) {
            lines += &format!("\n  `{}`: {}", printable(picture), printable(reason));
        }
        if bad.len() > NAMED {
            lines += &format!("\n  and {} more, all named in the report", bad.len() - NAMED);
        }
        terminal.warn(&lines);
    }

    /// Saves the classifier, checks that what was saved answers as the network does, and reports.
    pub(super) fn save(
        self,
        run: Run,
        engine: &mut Cpu,
        terminal: &Terminal,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let facts = self.facts(&run)?;
        let mut notes = self.notes.clone();
        let judged: Vec<usize> = run.held_out.iter().map(|held_out| held_out.picture).collect();
        let head = self.recipe.architecture.head;
        let familiar =
            Familiar::of(&self.data, &self.preprocess, head, &judged, engine, terminal, stop)?;
        let Familiar { reference, novelties } = familiar;
        if run.stopped {
            notes
                .push(format!("Training was stopped after {}.", count(run.history.len(), "epoch")));
        }
        let pretrained = match (self.start.name(), self.start.digest()?) {
            (Some(name), Some(digest)) => Some((name, digest.to_string())),
            _ => None,
        };
        let judge = |(held_out, novelty): (HeldOut, Option<f32>)| Judged {
            picture: held_out.picture,
            logits: held_out.logits,
            fold: 0,
            group: self.data.groups[held_out.picture],
            novelty,
        };
        let predictions = run.held_out.into_iter().zip(novelties).map(judge).collect();
        let material = Material {
            architecture: self.recipe.architecture,
            preprocess: self.preprocess.clone(),
            mirrored: false,
            parameters: run.parameters,
            recipe: serde_json::to_value(&self.recipe)?,
            made: Made { program: env!("CARGO_PKG_VERSION").into(), pretrained },
            judged: self.judged,
            predictions,
            reference,
            candidates: vec![],
            comparisons: vec![],
            curve: vec![],
            shortcuts: vec![],
            finder: None,
            history: run.history,
            bad: self.bad(),
            notes,
            facts,
            data: &self.data,
            folder: self.settings.source.folder(),
        };
        let classifier = material.build(engine)?;
        let output = &self.settings.output;
        let replaced = if output.exists() { " (replaced)" } else { "" };
        classifier.save(output)?;
        let insight = Insight::of(&classifier.evidence);
        super::summarise(&insight, terminal);
        terminal.account("");
        terminal.note(&format!("classifier: `{}`{replaced}", output.display()));
        if let Some(page) = &self.settings.report {
            report::write(&classifier, output, page)?;
            terminal.note(&format!("report: `{}`", page.display()));
        }
        Ok(())
    }

    fn side(&self, side: Side) -> usize {
        self.data.indices(side).len()
    }

    /// Pictures that were left out, named as in the folder.
    fn bad(&self) -> Vec<BadPicture> {
        let base = self.settings.source.folder();
        let named = |Bad { path, reason }: &Bad| BadPicture {
            picture: path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned(),
            reason: reason.clone(),
        };
        self.data.bad.iter().map(named).collect()
    }

    /// What was done, for the report.
    fn facts(&self, run: &Run) -> anyhow::Result<Vec<Fact>> {
        let mut facts = vec![];
        let mut fact = |name: &str, value: String| facts.push(Fact { name: name.into(), value });
        fact("pictures", self.settings.source.path().display().to_string());
        for (side, name) in [
            (Side::Train, "learned from"),
            (Side::Valid, "held out"),
            (Side::Test, "left for a test"),
        ] {
            match self.side(side) {
                0 => {}
                n => fact(name, count(n, "picture")),
            }
        }
        fact("weights", self.start.name().unwrap_or_else(|| "drawn at random".into()));
        if let Some(digest) = self.start.digest()? {
            fact("SHA-256 of the weights", digest.to_string());
        }
        for (name, value) in recipe_facts(&serde_json::to_value(&self.recipe)?) {
            fact(&name, value);
        }
        fact("steps", thousands(run.steps));
        fact("time", clock(self.began.elapsed()));
        fact("program", format!("lookalike {}", env!("CARGO_PKG_VERSION")));
        let (threads, isa) = (kernels::threads::count(), kernels::isa::Isa::in_use());
        fact("computed with", format!("{}, {isa}", count(threads, "thread")));
        Ok(facts)
    }
}
