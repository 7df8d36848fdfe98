//! What is known of a run but its result: it says what will be trained on what, and saves what came
//! of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use classifier::{Classifier, Learned, Made, Material, Views};
use engine::Cpu;
use ground::{Digest, files};
use insight::{BadPicture, Fact, Fixes, Insight, Part, Paths, RunRecord};
use network::{Architecture, Parameters};
use pictures::{Bad, Dataset, Fixed, Grouped, Preprocess, Side};
use training::features::DerivedCache;
use training::head::Layers;
use training::{Keep, Reasons, Recipe};

use super::event::{Event, Planned};
use super::growth::Growth;
use super::listener::Listener;
use super::request::TrainRequest;
use super::start::Start;
use super::{Trained, suspects};
use crate::facts::{about, recipe_facts};
use crate::text::{clock, count, date, thousands};
use crate::{Error, Source};

/// Pictures whose reasons are looked for; each takes as long as one more to train on, unmirrored.
const REASONS: usize = 80;

/// A run under way.
pub(super) struct Run {
    pub(super) request: TrainRequest,
    pub(super) output: PathBuf,
    pub(super) growth: Option<Growth>,
    pub(super) grouped: Vec<Grouped>,
    /// What a table of fixes did to the labels.
    pub(super) fixes: Option<Fixed>,
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
    /// The heads of the folds; none where the network itself predicted the held-out pictures.
    pub(super) fold_heads: Vec<Layers>,
    /// Where the reasons of those are kept.
    pub(super) kept: Option<(Digest, DerivedCache)>,
    /// Of the self-test's pictures, where they are known.
    pub(super) features: Option<Vec<Vec<f32>>>,
}

/// What is told of a classifier that is saved.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// How well it does.
    pub(super) scores: bool,
    /// What to do next.
    pub(super) next: bool,
}

impl Told {
    pub(super) const ALL: Self = Self { scores: true, next: true };
}

impl Run {
    /// Reports what will be trained on what.
    pub(super) fn introduce(&mut self, listener: &mut Listener<'_>) {
        let bad = self.bad();
        if !bad.is_empty() {
            listener.tell(Event::Unusable(&bad));
        }
        let held_out = self.side(Side::Valid);
        let cross_validated = held_out == 0 && matches!(self.recipe, Recipe::Auto(_));
        let weights = self.start.name();
        listener.tell(Event::Planned(Planned {
            classes: self.data.classes.len(),
            train: self.side(Side::Train),
            held_out: (!cross_validated).then_some(held_out),
            test: self.side(Side::Test),
            copies: self.copies(),
            backbone: self.start.backbone,
            weights: weights.as_deref(),
            size: self.recipe.size(),
            output: &self.output,
        }));
        // There are no other notes yet.
        self.notes.iter().for_each(|note| listener.tell(Event::Grown(note)));
        if let Some(few) = self.few() {
            listener.warn(&few);
            self.notes.push(few);
        }
        if let Some(Part { kept, of }) = self.part() {
            let (kept, of) = (thousands(kept as u64), count(of, "picture"));
            let note = format!(
                "Scores and possible label errors come from {kept} of the {of}, spread evenly: the \
                 classifier's file has no room for what is said of each. What is trained on is the same."
            );
            listener.warn(&note);
            self.notes.push(note);
        }
        if !self.start.is_pretrained() {
            self.notes.push(FROM_NOTHING.into());
        }
        if matches!(&self.recipe, Recipe::Classic(classic) if classic.keep == Keep::Best) {
            self.notes.push(KEPT_BEST.into());
        }
        if self.data.folds.is_some() && cross_validated {
            self.notes.push("Cross-validation used the folds of the table.".into());
        }
        self.notes.extend(self.data.warnings.iter().cloned());
    }

    /// Saves the classifier, checks that the file gives it back, and reports what is to be `told` of
    /// it.
    pub(super) fn save(
        &self,
        outcome: Outcome,
        engine: &mut Cpu,
        told: Told,
        listener: &mut Listener<'_>,
    ) -> Result<Trained, Error> {
        let (fold_heads, kept) = (outcome.fold_heads.clone(), outcome.kept.clone());
        let indices = outcome.held_out.clone();
        let mut classifier = self.material(outcome, &indices)?.build(engine)?;
        if let Some(growth) = &self.growth {
            let held_out = &classifier.record.held_out;
            let compared = growth.compare(&self.data, &indices, held_out, listener.stop)?;
            if let Some(compared) = &compared {
                listener.tell(Event::Compared(compared));
            }
            classifier.record.comparisons.extend(compared);
        }
        let mut insight = Insight::of(&classifier.record);
        let reasons = Reasons {
            data: &self.data,
            pictures: &indices,
            fold_heads: &fold_heads,
            kept,
            shown: report::EXPLAINED,
            most: REASONS,
        };
        let (progress, stop) = (listener.progress, listener.stop);
        reasons.explain(&mut classifier, &mut insight, engine, progress, stop)?;
        let path = &self.output;
        let replaced = path.exists();
        // Before it is saved, so that a full disk does not cost the scores too.
        if told.scores {
            listener.tell(Event::Scored(&insight));
        }
        classifier.save(path)?;
        // Read back at once: nobody should find out later.
        classifier.check_saved(path)?;
        listener.tell(Event::Saved { path, replaced });
        let (report, suspects) = self.write_report(&classifier, &insight, listener)?;
        if told.next {
            self.suggest(&classifier, &insight, suspects.as_deref(), listener);
        }
        let path = path.clone();
        Ok(Trained { classifier, insight, path, report, suspects, interrupted: false })
    }

    /// Hands over all that a classifier is made of; the record is complete with it.
    fn material<'a>(
        &'a self,
        outcome: Outcome,
        held_out: &'a [usize],
    ) -> Result<Material<'a>, Error> {
        let digest = self.start.digest()?.map(|digest| digest.to_string());
        let recipe = serde_json::to_value(&self.recipe)?;
        let mut record = outcome.record;
        record.facts = self.facts(&recipe, record.facts, digest.as_deref());
        record.bad = self.bad();
        record.to_train = self.to_train();
        self.record_fixes(&mut record, held_out);
        record.notes.clone_from(&self.notes);
        let gone = (0..self.data.items.len()).filter(|&item| self.data.absent(item).is_some());
        let name = |item: usize| self.request.source.name_of(self.data.items[item].place.name());
        record.absent = gone.map(name).collect();
        let pretrained = self.start.name().zip(digest);
        Ok(Material {
            architecture: outcome.architecture,
            preprocess: self.preprocess.clone(),
            views: outcome.views,
            parameters: outcome.parameters,
            recipe,
            made: Made { program: env!("CARGO_PKG_VERSION").into(), pretrained },
            record,
            held_out,
            data: &self.data,
            folder: self.request.source.folder(),
            reference: outcome.reference,
            features: outcome.features,
        })
    }

    /// Puts down what a table of fixes changed, and the labels as they were.
    fn record_fixes(&self, record: &mut RunRecord, held_out: &[usize]) {
        let (Some(fixed), Some(table)) = (&self.fixes, &self.request.fixes) else { return };
        let was: HashMap<&Path, usize> = fixed
            .relabelled
            .iter()
            .filter_map(|(path, was)| Some((path.as_path(), (*was)?)))
            .collect();
        for (predicted, &item) in record.held_out.iter_mut().zip(held_out) {
            predicted.was = was.get(self.data.items[item].place.name()).copied();
        }
        record.fixes = Some(Fixes {
            table: table.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            relabelled: fixed.relabelled.len(),
            left_out: fixed.left_out,
            of: self.data.items.len() + self.data.bad.len() + fixed.left_out,
            proposed: fixed.proposed,
        });
    }

    /// The report and the table of possible label errors, where they are wanted.
    fn write_report(
        &self,
        classifier: &Classifier,
        insight: &Insight,
        listener: &mut Listener<'_>,
    ) -> Result<(Option<PathBuf>, Option<PathBuf>), Error> {
        let Some(page) = self.request.page(&self.output) else { return Ok((None, None)) };
        let Classifier { record, thumbnails, .. } = classifier;
        let about = about(classifier, &self.output);
        let html = report::html(record, insight, thumbnails, &about);
        files::write(&page, html.as_bytes())?;
        listener.tell(Event::Reported(&page));
        let suspects = suspects::write(insight, &page)?;
        if let Some(path) = &suspects {
            let count = insight.suspects.pictures.len();
            listener.tell(Event::SuspectsWritten { path, count });
        }
        Ok((Some(page), suspects))
    }

    /// Reports what to do next.
    fn suggest(
        &self,
        classifier: &Classifier,
        insight: &Insight,
        suspects: Option<&Path>,
        listener: &mut Listener<'_>,
    ) {
        let text = |path: &Path| path.display().to_string();
        let (pictures, saved) = (self.request.source.arguments(), text(&self.output));
        let suspects = suspects.map(text);
        let paths =
            Paths { pictures: &pictures, classifier: &saved, suspects: suspects.as_deref() };
        let steps = insight.next_steps(&classifier.record);
        listener.tell(Event::NextSteps { steps: &steps, insight, paths });
    }

    /// The part of the held-out pictures that the classifier's file has room for, where not all are.
    pub(super) fn part(&self) -> Option<Part> {
        let (test, valid) = (self.side(Side::Test), self.side(Side::Valid));
        let of = match self.recipe {
            Recipe::Auto(_) if test > 0 => test,
            Recipe::Auto(_) if valid == 0 => self.data.items.len(),
            Recipe::Auto(_) | Recipe::Classic(_) => valid,
        };
        Part::of(of, classifier::room(self.data.classes.len(), self.data.names()))
    }

    /// Which classes have too few pictures, and of which to add how many.
    fn few(&self) -> Option<String> {
        insight::few_pictures(&self.data.classes, &self.to_train())
    }

    /// How many pictures of each class there are to train on: all but those that the folder or table
    /// sets aside to evaluate. The classic recipe may have drawn its own, which count.
    fn to_train(&self) -> Vec<usize> {
        let draws = matches!(self.recipe, Recipe::Classic(_));
        let mut pictures = vec![0; self.data.classes.len()];
        for item in &self.data.items {
            let counts = match item.side {
                Side::Train => true,
                Side::Valid => draws,
                Side::Test => false,
            };
            pictures[item.label] += usize::from(counts);
        }
        pictures
    }

    /// Whether features stand for the pictures.
    pub(super) fn is_of_features(&self) -> bool {
        matches!(self.request.source, Source::Features(..))
    }

    fn side(&self, side: Side) -> usize {
        self.data.indices(side).len()
    }

    /// So many pictures in so many groups of copies, if there are any.
    fn copies(&self) -> Option<(usize, usize)> {
        let copies = &self.data.copies;
        (!copies.is_empty()).then(|| (copies.iter().map(Vec::len).sum(), copies.len()))
    }

    /// Pictures that were left out, named as in the folder.
    fn bad(&self) -> Vec<BadPicture> {
        let base = self.request.source.folder();
        let named = |Bad { path, reason }: &Bad| BadPicture {
            picture: path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned(),
            reason: reason.clone(),
        };
        self.data.bad.iter().map(named).collect()
    }

    /// What was done, for the report; `own` are those that the recipe found.
    fn facts(&self, recipe: &serde_json::Value, own: Vec<Fact>, digest: Option<&str>) -> Vec<Fact> {
        let mut facts = vec![];
        let mut fact = |name: &str, value: String| facts.push(Fact { name: name.into(), value });
        let what = if self.is_of_features() { "features" } else { "pictures" };
        fact(what, self.request.source.path().display().to_string());
        self.request.source.facts().into_iter().for_each(|own| fact(&own.name, own.value));
        let auto = matches!(self.recipe, Recipe::Auto(_));
        for (side, name) in [
            (Side::Train, "trained on"),
            (Side::Valid, "held out"),
            (Side::Test, if auto { "evaluated on, as a test" } else { "left for a test" }),
        ] {
            match self.side(side) {
                0 => {}
                n => fact(name, count(n, "picture")),
            }
        }
        let within = |pictures, groups| {
            format!("{} in {}", count(pictures, "picture"), count(groups, "group"))
        };
        if let Some(fixed) = &self.fixes {
            let (changed, left_out) =
                (count(fixed.relabelled.len(), "label"), count(fixed.left_out, "picture"));
            let by = if fixed.proposed { ", as an earlier classifier proposed" } else { "" };
            fact("fixes", format!("{changed} changed, {left_out} left out{by}"));
        }
        if let Some((pictures, groups)) = self.copies() {
            fact("kept together", within(pictures, groups) + " of copies");
        }
        for Grouped { way, pictures, groups } in &self.grouped {
            fact(&format!("grouped by {way}"), within(*pictures, *groups));
        }
        fact("weights", self.start.name().unwrap_or_else(|| "drawn at random".into()));
        if let Some(digest) = digest {
            fact("SHA-256 of the weights", digest.to_owned());
        }
        recipe_facts(recipe).into_iter().for_each(|(name, value)| fact(&name, value));
        own.into_iter().for_each(|own| fact(&own.name, own.value));
        if let Some(command) = &self.request.command {
            fact("command", command.clone());
        }
        fact("date", date(SystemTime::now()));
        fact("time", clock(self.began.elapsed()));
        fact("program", format!("lookalike {}", env!("CARGO_PKG_VERSION")));
        let (threads, isa) = (ground::parallel::threads(), engine::instruction_set());
        fact("computed with", format!("{}, {isa}", count(threads, "thread")));
        facts
    }
}

const FROM_NOTHING: &str = "The network was trained from scratch, without ImageNet weights. On real \
                            pictures a pretrained one is much better.";
const KEPT_BEST: &str = "The weights are those of the epoch that was best on the held-out pictures, \
                         so the scores are slightly too high.";
