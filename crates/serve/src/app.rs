//! What all requests share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use lookalike::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Settings;
use crate::assets::Assets;
use crate::gate::Gate;
use crate::listen::Bound;
use crate::loaded::Loaded;
use crate::metrics::{Gauges, Metrics};
use crate::problem::{Fault, Problem};
use crate::work::Work;

/// Bytes of bodies are counted in pieces of so many, as a semaphore holds few permits.
const PIECE: usize = 1 << 10;

/// One server.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) gate: Gate,
    pub(crate) work: Arc<Work>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) assets: Assets,
    pub(crate) report: OnceLock<Report>,
    /// Whether training pictures are shown.
    pub(crate) known: bool,
    pub(crate) connections: AtomicUsize,
    pub(crate) log: Log,
    loaded: OnceLock<Loaded>,
    draining: AtomicBool,
    memory: Arc<Semaphore>,
}

/// Where lines of the log go.
pub(crate) type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// The report's page, as it is and compressed.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) plain: Bytes,
    pub(crate) gzip: Bytes,
}

impl App {
    /// # Errors
    /// When who may ask is not told as it must be.
    pub(crate) fn new(settings: Settings, bound: &Bound, log: Log) -> Result<Self, Error> {
        let local = bound.is_local();
        let token = match (&settings.token, local) {
            (None, false) => Some(crate::gate::random()?),
            (token, _) => token.clone(),
        };
        let gate = Gate::new(&settings.hosts, &settings.origins, token, bound.port())?;
        let metrics = Arc::new(Metrics::default());
        Ok(Self {
            gate,
            work: Work::new(settings.limits.wait, Arc::clone(&metrics)),
            metrics,
            assets: Assets::new(),
            report: OnceLock::new(),
            known: settings.show_known || local && !bound.has_path(),
            connections: AtomicUsize::new(0),
            log,
            loaded: OnceLock::new(),
            draining: AtomicBool::new(false),
            memory: Arc::new(Semaphore::new(settings.limits.bodies.div_ceil(PIECE))),
            settings,
        })
    }

    /// The classifier, if requests are answered now.
    ///
    /// # Errors
    /// While it is being loaded, and once the server is stopping.
    pub(crate) fn ready(&self) -> Result<&Loaded, Problem> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(Fault::Draining.because("the server is stopping").retry(5));
        }
        let loading = || Fault::NotReady.because("the classifier is being loaded").retry(1);
        self.loaded.get().ok_or_else(loading)
    }

    /// From now on requests are answered.
    pub(crate) fn set_loaded(&self, loaded: Loaded) {
        // It is loaded once.
        let _ = self.loaded.set(loaded);
    }

    /// From now on they are not.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Room for a body of so many bytes, if there is.
    pub(crate) fn memory(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = bytes.min(self.settings.limits.bodies).div_ceil(PIECE);
        Arc::clone(&self.memory).try_acquire_many_owned(u32::try_from(pieces).ok()?).ok()
    }

    pub(crate) fn gauges(&self) -> Gauges {
        Gauges {
            waiting: self.work.waiting(),
            connections: self.connections.load(Ordering::SeqCst),
            ready: self.ready().is_ok(),
        }
    }
}
