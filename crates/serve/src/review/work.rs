//! What takes longer than a request: looking through the folder, training, and moving files.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use classifier::{Classifier, Reference};
use doctor::plan::{self, Applied, Plan};
use ground::Stop;
use ground::files::Disk;
use ground::progress::Progress;
use ground::words::count;
use insight::{Comparison, Insight};
use lookalike::{
    Error, NextRequest, ReportFile, Source, TrainRequest, check, compared, group, next, train,
};
use serde_json::{Value, json};

use super::findings::of_next;
use super::session::Review;
use crate::engine::Engine;
use crate::problem::{Fault, Problem};

/// Pictures that are proposed to be labelled next.
const NEXT: usize = 50;

impl Review {
    /// Looks through the folder.
    pub(crate) fn begin(self: &Arc<Self>) {
        let kind = if self.lock().list.unsorted { "group" } else { "survey" };
        let review = Arc::clone(self);
        // Nothing runs yet.
        let _ = self.jobs.start(kind, true, move |progress, stop| {
            let done = review.look(progress, stop);
            review.lock().surveyed = true;
            review.hub.changed();
            done.map(|()| None)
        });
    }

    /// Waits until the job that runs has stopped.
    pub(crate) fn close(&self) {
        self.jobs.close();
        while self.jobs.running().is_some() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn source(&self) -> Source {
        Source::from(self.lock().list.root.as_path())
    }

    fn look(&self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        if self.lock().list.unsorted {
            return self.sort(progress, stop);
        }
        self.survey(progress, stop)?;
        let model = &self.app.settings.model;
        if !model.exists() {
            return match self.learn(progress, stop) {
                Err(Error::Stopped) => Err(Error::Stopped),
                // Without a classifier there is still much to look at.
                Err(error) => {
                    progress
                        .warn(&format!("no classifier was trained: {}", crate::jobs::told(&error)));
                    Ok(())
                }
                Ok(_) => Ok(()),
            };
        }
        let classifier = Classifier::load(model)?;
        let insight = Insight::of(&classifier.record);
        self.ask(insight, classifier.reference, progress, stop)
    }

    fn survey(&self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        let checked = check(&self.source(), progress, stop)?;
        let mut inner = self.lock();
        inner.checkup = Some(checked.checkup);
        inner.find();
        drop(inner);
        self.hub.changed();
        Ok(())
    }

    /// Puts pictures without classes into groups, unless the plan has some.
    fn sort(&self, progress: &dyn Progress, stop: &Stop) -> Result<(), Error> {
        if self.lock().draft.groups.is_some() {
            return Ok(());
        }
        let groups = group(&self.source(), None, progress, stop)?;
        self.lock().draft.groups = Some(groups);
        self.hub.changed();
        Ok(())
    }

    /// Takes a classifier's doubts up, and has it choose pictures without labels.
    fn ask(
        &self,
        insight: Insight,
        reference: Option<Reference>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), Error> {
        let settings = &self.app.settings;
        self.app.set_engine(Engine::start(settings, self.app.known, &self.app.metrics)?);
        let loose: Vec<PathBuf> = {
            let mut inner = self.lock();
            inner.insight = Some(insight);
            inner.reference = reference;
            inner.find();
            let loose = inner.list.items.iter().filter(|item| item.class.is_none());
            loose.map(|item| inner.list.root.join(&item.below)).collect()
        };
        self.hub.changed();
        if loose.is_empty() {
            return Ok(());
        }
        let request = NextRequest { count: NEXT, ..NextRequest::new(&settings.model, loose) };
        let chosen = next(&request, progress, stop)?;
        let mut inner = self.lock();
        inner.next = of_next(&chosen.pictures, &inner.list);
        inner.find();
        drop(inner);
        self.hub.changed();
        Ok(())
    }

    /// Trains on the folder, and compares with the classifier before. Says how that ended.
    fn learn(&self, progress: &dyn Progress, stop: &Stop) -> Result<Option<String>, Error> {
        let model = &self.app.settings.model;
        let before = if model.exists() { Some(Classifier::load(model)?) } else { None };
        let mut request = TrainRequest::new(self.source());
        request.output = Some(model.clone());
        request.report = ReportFile::Nowhere;
        let trained = train(&request, &mut |_| {}, progress, stop)?;
        let comparison = before.and_then(|before| compared(&before, &trained.classifier));
        let mut inner = self.lock();
        inner.comparison = comparison.as_ref().map(told);
        inner.stale = false;
        drop(inner);
        self.ask(trained.insight, trained.classifier.reference, progress, stop)?;
        Ok(comparison.map(|comparison| comparison.sentence().to_string()))
    }

    /// Starts to train.
    ///
    /// # Errors
    /// While something else is being done, or there are no classes.
    pub(super) fn train(self: &Arc<Self>) -> Result<u64, Problem> {
        if self.lock().list.unsorted {
            let what = "the pictures have no classes yet: name groups and apply the plan first";
            return Err(Fault::NotPossible.because(what));
        }
        let review = Arc::clone(self);
        self.jobs.start("train", true, move |progress, stop| review.learn(progress, stop))
    }

    /// What the plan would do.
    ///
    /// # Errors
    /// When the plan cannot be read or does not fit.
    pub(super) fn tried(&self) -> Result<Applied, Error> {
        let file = self.lock().draft.file.clone();
        if !file.exists() {
            return Ok(Applied::default());
        }
        let plan = Plan::read(&file)?;
        Ok(plan.apply(&file, true, &Disk, &ground::progress::Silent, &Stop::new())?)
    }

    /// Starts to do what the plan says.
    ///
    /// # Errors
    /// While something else is being done.
    pub(super) fn apply(self: &Arc<Self>) -> Result<u64, Problem> {
        let review = Arc::clone(self);
        self.jobs.start("apply", true, move |progress, stop| {
            let file = review.lock().draft.file.clone();
            if !file.exists() {
                return Ok(Some("nothing was moved: nothing is decided yet".into()));
            }
            let done =
                Plan::read(&file).and_then(|plan| plan.apply(&file, false, &Disk, progress, stop));
            // Wherever it ended, some may have moved.
            let mut inner = review.lock();
            inner.settle()?;
            let moved = done?.moved.len();
            inner.stale |= moved > 0 && inner.insight.is_some();
            inner.draft.forget();
            Ok(Some(format!("moved {}", count(moved, "picture"))))
        })
    }

    /// Starts to put everything back.
    ///
    /// # Errors
    /// While something else is being done, or nothing was applied.
    pub(super) fn put_back(self: &Arc<Self>) -> Result<u64, Problem> {
        let file = self.lock().draft.file.clone();
        if !plan::journal_of(&file).exists() {
            return Err(Fault::Conflict.because("nothing of the plan is applied"));
        }
        let review = Arc::clone(self);
        self.jobs.start("undo", true, move |progress, stop| {
            let done = plan::undo(&file, &Disk, progress, stop);
            let mut inner = review.lock();
            inner.open_again(&review.folder)?;
            inner.stale = inner.insight.is_some();
            drop(inner);
            let undone = done?.unwrap_or_default();
            undone.problems.iter().for_each(|problem| progress.warn(problem));
            if !review.lock().list.unsorted {
                review.survey(progress, stop)?;
            }
            Ok(Some(format!("put back {}", count(undone.back, "picture"))))
        })
    }
}

/// A comparison as pages are told of it.
fn told(comparison: &Comparison) -> Value {
    let Comparison { pictures, both_right, only_a, only_b, better, .. } = comparison;
    let share = |hits: usize| json!(insight::stats::Proportion::new(hits, *pictures));
    json!({
        "words": comparison.sentence().to_string(), "pictures": pictures,
        "before": share(both_right + only_a), "after": share(both_right + only_b),
        "difference": comparison.accuracy_difference, "only_before": only_a, "only_after": only_b,
        "better": better,
    })
}
