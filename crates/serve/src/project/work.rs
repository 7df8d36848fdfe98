//! Training on the folder by the default recipe, as `lookalike train` does.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use classifier::Classifier;
use ground::Stop;
use ground::progress::Progress;
use lookalike::{Error, ReportFile, TrainRequest, train};
use pictures::GroupBy;

use super::session::{Project, Trained};
use super::state;
use crate::engine::Engine;
use crate::problem::{Fault, Problem};

impl Project {
    /// Loads the classifier that there is, if any.
    pub(crate) fn begin(self: &Arc<Self>) {
        let model = self.app.settings.model.clone();
        if !model.exists() {
            return;
        }
        let project = Arc::clone(self);
        // Nothing runs yet.
        let _ = self.jobs.start("load", false, move |_, _| {
            project.take_up(&Classifier::load(&model)?)?;
            Ok(None)
        });
    }

    /// Waits until the job that runs has stopped.
    pub(crate) fn close(&self) {
        self.jobs.close();
        while self.jobs.running().is_some() {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn take_up(&self, classifier: &Classifier) -> Result<(), Error> {
        let app = &self.app;
        app.set_engine(Engine::start(&app.settings, app.known, &app.metrics)?);
        self.lock().trained = Some(Trained::of(classifier));
        Ok(())
    }

    /// Starts to train.
    ///
    /// # Errors
    /// While that is being done, or something is missing.
    pub(super) fn train(self: &Arc<Self>) -> Result<u64, Problem> {
        self.look().map_err(|error| super::session::problem(&error))?;
        let inner = self.lock();
        let missing = state::missing(&inner.listing);
        if !missing.is_empty() {
            let words = missing.iter().filter_map(|one| one["words"].as_str());
            let words = words.collect::<Vec<_>>().join("; ");
            let help =
                format!("each class needs {} pictures, and there are two or more", state::LEAST);
            return Err(Fault::NotPossible.because(words).advise(Some(help)));
        }
        let mut request = TrainRequest::new(self.folder.as_path());
        request.output = Some(self.app.settings.model.clone());
        request.report = ReportFile::Nowhere;
        if state::keeps_together(&inner.listing) {
            request.group_by = vec![GroupBy::Folder];
        }
        let pictures = inner.listing.items.len();
        drop(inner);
        let project = Arc::clone(self);
        self.jobs.start("train", true, move |progress, stop| {
            project.learn(&request, pictures, progress, stop)
        })
    }

    fn learn(
        &self,
        request: &TrainRequest,
        pictures: usize,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Option<String>, Error> {
        let began = Instant::now();
        let trained = train(request, &mut |_| {}, progress, stop)?;
        self.take_up(&trained.classifier)?;
        self.lock().took = Some((began.elapsed().as_secs_f64(), pictures));
        Ok(None)
    }

    /// What the classifier said of each picture that it was not trained on, as a table.
    ///
    /// # Errors
    /// When there is no classifier.
    pub(super) fn answers(&self) -> Result<Vec<u8>, Problem> {
        let inner = self.lock();
        let none = || Fault::Conflict.because("there is no classifier yet");
        let insight = &inner.trained.as_ref().ok_or_else(none)?.insight;
        let mut table = vec!["path,label,answer,verdict,probability".to_owned()];
        for judged in &insight.judged {
            let verdict = match &judged.verdict {
                insight::Verdict::Class(_) => "class",
                insight::Verdict::Ambiguous(_) => "ambiguous",
                insight::Verdict::Unfamiliar => "unfamiliar",
            };
            let [label, answer] = [judged.actual, judged.predicted].map(|c| &insight.classes[c]);
            let probability = format!("{:.4}", judged.probability);
            let fields = [&judged.picture, label, answer].map(|text| quoted(text));
            table.push(format!("{},{verdict},{probability}", fields.join(",")));
        }
        Ok((table.join("\r\n") + "\r\n").into_bytes())
    }
}

/// A field of a table; no spreadsheet takes it for a formula.
fn quoted(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if risky { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r', ';']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}
