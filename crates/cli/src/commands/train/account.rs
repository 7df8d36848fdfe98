//! What is told of a run before and after it, and what is saved of it.

use std::time::Instant;

use classifier::{Learned, Made, Material, Views};
use engine::Cpu;
use ground::progress::Progress;
use ground::{Digest, Stop};
use insight::{BadPicture, Fact, Insight, RunRecord};
use network::{Architecture, Parameters};
use pictures::{Bad, Dataset, Grouped, Preprocess, Side};
use training::features::Kept;
use training::head::Layers;
use training::{Keep, Reasons, Recipe};

use super::suspects;
use crate::commands::{recipe_facts, report};
use crate::settings::Training;
use crate::start::Start;
use crate::terminal::{Terminal, clock, count, printable, thousands};

/// Pictures whose reasons are looked for; each takes as long as one more to learn from, unmirrored.
const REASONS: usize = 80;

/// Bad pictures named in the terminal; all are in the report.
const NAMED: usize = 10;

/// All that is known of a run but its result.
pub(super) struct Account {
    pub(super) settings: Training,
    pub(super) grouped: Vec<Grouped>,
    pub(super) start: Start,
    pub(super) recipe: Recipe,
    pub(super) preprocess: Preprocess,
    pub(super) data: Dataset,
    pub(super) began: Instant,
    /// What a reader of the report should know.
    pub(super) notes: Vec<String>,
}

/// What a run made.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) architecture: Architecture,
    pub(super) parameters: Parameters,
    pub(super) views: Views,
    pub(super) record: RunRecord,
    /// Of each of the record's held-out pictures, its index in the dataset.
    pub(super) held_out: Vec<usize>,
    pub(super) reference: Option<Learned>,
    /// The heads that judged, by fold; none where the network itself judged.
    pub(super) judges: Vec<Layers>,
    /// Where the reasons of those are kept.
    pub(super) kept: Option<(Digest, Kept)>,
    /// Of the self-test's pictures, where they are known.
    pub(super) features: Option<Vec<Vec<f32>>>,
    /// What a reader should know of it, beside the rest.
    pub(super) facts: Vec<(&'static str, String)>,
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
        let held_out = match (valid, &self.recipe) {
            (0, Recipe::Auto(_)) => String::new(),
            (n, _) => format!(", {} held out", thousands(n as u64)),
        };
        terminal.note(&format!(
            "{}: {} to learn from{held_out}{test}",
            count(self.data.classes.len(), "class"),
            count(train, "picture"),
        ));
        if let Some(copies) = self.copies() {
            terminal.note(&format!("{copies} stay together"));
        }
        let size = self.recipe.size();
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
        if matches!(&self.recipe, Recipe::Classic(classic) if classic.keep == Keep::Best) {
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

    /// Saves the classifier, checks that the file gives it back, and reports.
    pub(super) fn save(
        &self,
        outcome: Outcome,
        engine: &mut Cpu,
        terminal: &Terminal,
        stop: &Stop,
    ) -> anyhow::Result<()> {
        let digest = self.start.digest()?.map(|digest| digest.to_string());
        let mut record = outcome.record;
        record.facts = self.facts(&outcome.facts, digest.as_deref())?;
        record.bad = self.bad();
        record.notes.clone_from(&self.notes);
        let pretrained = self.start.name().zip(digest);
        let material = Material {
            architecture: outcome.architecture,
            preprocess: self.preprocess.clone(),
            views: outcome.views,
            parameters: outcome.parameters,
            recipe: serde_json::to_value(&self.recipe)?,
            made: Made { program: env!("CARGO_PKG_VERSION").into(), pretrained },
            record,
            held_out: &outcome.held_out,
            data: &self.data,
            folder: self.settings.source.folder(),
            reference: outcome.reference,
            features: outcome.features,
        };
        let mut classifier = material.build(engine)?;
        let mut insight = Insight::of(&classifier.record);
        let reasons = Reasons {
            data: &self.data,
            pictures: &outcome.held_out,
            judges: &outcome.judges,
            kept: outcome.kept,
            shown: ::report::EXPLAINED,
            most: REASONS,
        };
        reasons.explain(&mut classifier, &mut insight, engine, terminal, stop)?;
        let output = &self.settings.output;
        let replaced = if output.exists() { " (replaced)" } else { "" };
        classifier.save(output)?;
        // Read back at once: nobody should find out later.
        classifier.check_saved(output)?;
        super::summarise(&insight, terminal);
        terminal.account("");
        terminal.note(&format!("classifier: `{}`{replaced}", output.display()));
        if let Some(page) = &self.settings.report {
            report::write(&classifier, &insight, output, page)?;
            terminal.note(&format!("report: `{}`", page.display()));
            suspects::write(&insight, page, terminal)?;
        }
        Ok(())
    }

    fn side(&self, side: Side) -> usize {
        self.data.indices(side).len()
    }

    /// "14 pictures in 6 groups of copies", if there are any.
    fn copies(&self) -> Option<String> {
        let copies = &self.data.copies;
        let pictures = copies.iter().map(Vec::len).sum();
        let words = format!("{} in {}", count(pictures, "picture"), count(copies.len(), "group"));
        (!copies.is_empty()).then(|| format!("{words} of copies"))
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
    fn facts(
        &self,
        more: &[(&'static str, String)],
        digest: Option<&str>,
    ) -> anyhow::Result<Vec<Fact>> {
        let auto = matches!(self.recipe, Recipe::Auto(_));
        let mut facts = vec![];
        let mut fact = |name: &str, value: String| facts.push(Fact { name: name.into(), value });
        fact("pictures", self.settings.source.path().display().to_string());
        for (side, name) in [
            (Side::Train, "learned from"),
            (Side::Valid, "held out"),
            (Side::Test, if auto { "judged on, as a test" } else { "left for a test" }),
        ] {
            match self.side(side) {
                0 => {}
                n => fact(name, count(n, "picture")),
            }
        }
        if let Some(copies) = self.copies() {
            fact("kept together", copies);
        }
        for Grouped { way, pictures, groups } in &self.grouped {
            let (pictures, groups) = (count(*pictures, "picture"), count(*groups, "group"));
            fact(&format!("grouped by {way}"), format!("{pictures} in {groups}"));
        }
        fact("weights", self.start.name().unwrap_or_else(|| "drawn at random".into()));
        if let Some(digest) = digest {
            fact("SHA-256 of the weights", digest.to_owned());
        }
        for (name, value) in recipe_facts(&serde_json::to_value(&self.recipe)?) {
            fact(&name, value);
        }
        more.iter().for_each(|(name, value)| fact(name, value.clone()));
        fact("time", clock(self.began.elapsed()));
        fact("program", format!("lookalike {}", env!("CARGO_PKG_VERSION")));
        let (threads, isa) = (kernels::threads::count(), kernels::isa::Isa::in_use());
        fact("computed with", format!("{}, {isa}", count(threads, "thread")));
        Ok(facts)
    }
}
