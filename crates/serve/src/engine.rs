//! A classifier that answers: what is known of it, its queue, and the thread that owns its network.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use axum::body::Bytes;
use lookalike::{Error, Kind, Predictor};

use crate::Settings;
use crate::assets::compressed;
use crate::loaded::Loaded;
use crate::metrics::Metrics;
use crate::work::Work;

/// One classifier. Its threads end when it is dropped and all that was asked is answered.
pub(crate) struct Engine {
    pub(crate) loaded: Loaded,
    pub(crate) work: Arc<Work>,
    model: PathBuf,
    report: OnceLock<Report>,
}

/// The report's page, as it is and compressed.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) plain: Bytes,
    pub(crate) gzip: Bytes,
}

impl Engine {
    /// Loads the classifier of these settings, runs its self-test, and starts its threads.
    ///
    /// # Errors
    /// When it is refused, or a thread cannot be started.
    pub(crate) fn start(
        settings: &Settings,
        known: bool,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Error> {
        let failed = |error: std::io::Error| {
            Error::refused(Kind::Failed, format!("cannot start a thread: {error}"))
        };
        let loaded = Loaded::read(settings, known)?;
        let mut predictor = Predictor::load_in(&settings.model, settings.precision, true)?;
        let work = Work::new(settings.limits.wait, Arc::clone(metrics));
        work.start_decoding(&predictor.classifier().preprocess).map_err(failed)?;
        let own = Arc::clone(&work);
        let compute = move || own.compute(&mut predictor, known);
        thread::Builder::new().name("network".into()).spawn(compute).map_err(failed)?;
        Ok(Self { loaded, work, model: settings.model.clone(), report: OnceLock::new() })
    }

    /// The classifier's report, drawn when it is first asked for.
    ///
    /// # Errors
    /// When the file is refused by now.
    pub(crate) fn report(&self) -> Result<Report, Error> {
        if let Some(report) = self.report.get() {
            return Ok(report.clone());
        }
        let plain = Bytes::from(lookalike::report(&self.model)?.html());
        let gzip = compressed(&plain).unwrap_or_else(|| plain.clone());
        Ok(self.report.get_or_init(|| Report { plain, gzip }).clone())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.work.close();
    }
}
