//! What all requests share.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::body::Bytes;
use axum::routing::MethodRouter;
use lookalike::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Settings;
use crate::assets::Assets;
use crate::engine::Engine;
use crate::gate::Gate;
use crate::listen::Bound;
use crate::metrics::{Gauges, Metrics};
use crate::problem::{Fault, Problem};

/// Bytes of bodies are counted in pieces of so many, as a semaphore holds few permits.
const PIECE: usize = 1 << 10;

/// One server.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) gate: Gate,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) assets: Assets,
    /// Whether training pictures are shown.
    pub(crate) known: bool,
    pub(crate) connections: AtomicUsize,
    pub(crate) log: Log,
    /// Turns to draw small pictures.
    pub(crate) drawing: Semaphore,
    /// The paths of all routes, and the document that describes them.
    pub(crate) routes: OnceLock<(Vec<&'static str>, Bytes)>,
    /// The file of the page at `/`.
    pub(crate) page: &'static str,
    engine: Arc<RwLock<Option<Arc<Engine>>>>,
    draining: Arc<AtomicBool>,
    memory: Arc<Semaphore>,
}

/// A method, a path as OpenAPI writes it, and who answers.
pub(crate) type Route = (&'static str, &'static str, MethodRouter<Arc<App>>);

/// What a request is called.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Where lines of the log go.
pub(crate) type Log = Arc<dyn Fn(&str) + Send + Sync>;

impl App {
    /// # Errors
    /// When who may ask is not told as it must be.
    pub(crate) fn new(settings: Settings, bound: &Bound, log: Log) -> Result<Self, Error> {
        let local = bound.is_local();
        let token = match (&settings.token, local && !settings.desk.is_personal()) {
            (None, false) => Some(crate::gate::random()?),
            (token, _) => token.clone(),
        };
        let gate = Gate::new(&settings.hosts, &settings.origins, token, bound.port())?;
        Ok(Self {
            gate,
            metrics: Arc::default(),
            assets: Assets::new(),
            known: settings.show_known || local && !bound.has_path(),
            connections: AtomicUsize::new(0),
            log,
            drawing: Semaphore::new(ground::parallel::threads()),
            routes: OnceLock::new(),
            page: settings.desk.page(),
            engine: Arc::default(),
            draining: Arc::default(),
            memory: Arc::new(Semaphore::new(settings.limits.bodies.div_ceil(PIECE))),
            settings,
        })
    }

    /// Another half of this server, for a telephone: with the same classifier, behind a gate of its own,
    /// and without training pictures.
    pub(crate) fn beside(&self, gate: Gate) -> Self {
        Self {
            settings: self.settings.clone(),
            gate,
            metrics: Arc::clone(&self.metrics),
            assets: Assets::new(),
            known: false,
            connections: AtomicUsize::new(0),
            log: Arc::clone(&self.log),
            drawing: Semaphore::new(1),
            routes: OnceLock::new(),
            page: "phone.html",
            engine: Arc::clone(&self.engine),
            draining: Arc::clone(&self.draining),
            memory: Arc::clone(&self.memory),
        }
    }

    /// The classifier, if requests are answered now.
    ///
    /// # Errors
    /// While it is being loaded, or where none is trained yet; and once the server is stopping.
    pub(crate) fn ready(&self) -> Result<Arc<Engine>, Problem> {
        if self.draining.load(Ordering::SeqCst) {
            return Err(Fault::Draining.because("the server is stopping").retry(5));
        }
        let engine = self.engine.read().unwrap_or_else(PoisonError::into_inner).clone();
        engine.ok_or_else(|| match self.settings.desk.is_personal() {
            true => Fault::Conflict
                .because("there is no classifier yet")
                .advise(Some("train one first".into())),
            false => Fault::NotReady.because("the classifier is being loaded").retry(1),
        })
    }

    /// From now on requests are answered by this one; what another was asked it still answers.
    pub(crate) fn set_engine(&self, engine: Engine) {
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(engine));
    }

    /// From now on they are not.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Lets the classifier's threads end.
    pub(crate) fn close(&self) {
        if let Some(engine) = &*self.engine.read().unwrap_or_else(PoisonError::into_inner) {
            engine.work.close();
        }
    }

    /// Room for a body of so many bytes, if there is.
    pub(crate) fn memory(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let pieces = bytes.min(self.settings.limits.bodies).div_ceil(PIECE);
        Arc::clone(&self.memory).try_acquire_many_owned(u32::try_from(pieces).ok()?).ok()
    }

    /// Does what reads or writes files, or waits, on another thread than that of all connections.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Fault::Failed.because(error.to_string()))?
    }

    pub(crate) fn gauges(&self) -> Gauges {
        let engine = self.ready().ok();
        Gauges {
            waiting: engine.as_ref().map_or(0, |engine| engine.work.waiting()),
            connections: self.connections.load(Ordering::SeqCst),
            ready: engine.is_some(),
        }
    }
}
