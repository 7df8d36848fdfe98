//! The server from its first connection to its last answer.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lookalike::{Error, Kind, Stop};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::app::{App, Log};
use crate::connection::{Door, Visitors};
use crate::engine::Engine;
use crate::gate::Gate;
use crate::phone::{GOOD_FOR, Phone};
use crate::routes::Session;
use crate::{Bound, Desk, Listen, Settings, routes};

/// How often the request to stop is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Threads beside those that draw, so that a decision does not wait for small pictures.
const BESIDE: usize = 4;

/// Where a server is reached.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Its addresses, with the key where one is needed.
    pub addresses: Vec<String>,
    /// The one to open in a browser, with a key that is good once.
    pub open: String,
    /// For a telephone: an address with a key for ten minutes, and the same as a code to be printed.
    pub phone: Option<(String, String)>,
}

/// Answers requests until `stop` is asked, then finishes those under way. Lines about requests go to
/// `log`; `ready` hears where once the classifier is loaded and its self-test has passed, or at
/// once where a folder of pictures is what the server is for.
///
/// # Errors
/// When the settings make no sense, the classifier is refused, its self-test fails, or the folder cannot
/// be read.
pub fn serve(
    settings: Settings,
    bound: Bound,
    log: Log,
    stop: &Stop,
    ready: impl FnOnce(&Ready),
) -> Result<(), Error> {
    let app = Arc::new(App::new(settings, &bound, log)?);
    let session = Session::open(&app)?;
    let beside = if app.settings.phone { Some(beside(&app)?) } else { None };
    let threads = ground::parallel::threads();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(threads + BESIDE)
        .build()
        .map_err(|error| failed("start", &error))?;
    let done = runtime.block_on(run(&app, &session, bound, beside, stop, ready));
    // A job saves what it has.
    session.close();
    app.close();
    // A connection that outlasted its time is cut off here.
    runtime.shutdown_timeout(Duration::ZERO);
    if let Listen::Path(path) = &app.settings.listen {
        // One that is left behind is replaced by the next server.
        let _ = std::fs::remove_file(path);
    }
    done
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::refused(Kind::Failed, format!("cannot {what}: {error}"))
}

/// The half of the server that a telephone reaches.
fn beside(app: &Arc<App>) -> Result<(Arc<Phone>, Bound), Error> {
    let bound = crate::phone::bound()?;
    let gate = Gate::pairing(bound.port(), GOOD_FOR)?;
    let phone = Phone::new(Arc::new(app.beside(gate)), &bound);
    Ok((Arc::new(phone), bound))
}

/// Loads the classifier on a thread of its own.
fn load(app: &Arc<App>) -> Result<oneshot::Receiver<Result<Engine, Error>>, Error> {
    let (loaded, waiting) = oneshot::channel();
    let app = Arc::clone(app);
    let work = move || {
        // If nobody waits any more, it is dropped.
        let _ = loaded.send(Engine::start(&app.settings, app.known, &app.metrics));
    };
    let started = thread::Builder::new().name("load".into()).spawn(work);
    started.map_err(|error| failed("start a thread", &error))?;
    Ok(waiting)
}

async fn run(
    app: &Arc<App>,
    session: &Session,
    bound: Bound,
    beside: Option<(Arc<Phone>, Bound)>,
    stop: &Stop,
    ready: impl FnOnce(&Ready),
) -> Result<(), Error> {
    let limits = app.settings.limits;
    let mut addresses = bound.addresses();
    let mut open = addresses.first().cloned().unwrap_or_default();
    if let Some((key, once)) = app.gate.keys() {
        let pages = addresses.iter_mut().filter(|address| address.starts_with("http"));
        pages.for_each(|address| *address += &format!("/#k={key}"));
        // Arguments of programs, such as a browser's, are seen by every user of the machine.
        open += &format!("/#k={once}");
    }
    let (end, stopping) = watch::channel(false);
    let [connections, of_one] = limits.connections;
    let door = Door {
        app: Arc::clone(app),
        router: routes::router(app, session, beside.as_ref().map(|(phone, _)| phone)),
        stopping,
        free: Arc::new(Semaphore::new(connections)),
        visitors: Visitors::new(of_one),
    };
    for listener in bound.0 {
        tokio::spawn(door.clone().accept(listener));
    }
    let phone = beside.map(|(phone, bound)| {
        session.pair(&phone);
        let router = routes::phone_router(&phone, session);
        let door = Door { app: Arc::clone(&phone.app), router, ..door.clone() };
        bound.0.into_iter().for_each(|listener| drop(tokio::spawn(door.clone().accept(listener))));
        phone.told()
    });
    drop(door);
    if matches!(app.settings.desk, Desk::Answers) {
        let lost = || Error::refused(Kind::Failed, "the network's thread failed");
        let engine = tokio::select! {
            loaded = load(app)? => loaded.map_err(|_| lost())??,
            () = asked(stop) => return Ok(()),
        };
        app.set_engine(engine);
    }
    ready(&Ready { addresses, open, phone });
    session.begin();
    asked(stop).await;
    app.drain();
    session.part();
    // Connections hold the other ends until they are closed.
    end.send_replace(true);
    if timeout(limits.drain, end.closed()).await.is_err() {
        (app.log)("the time to stop is over; connections still open were cut off");
    }
    Ok(())
}

/// Waits until the end is asked for.
async fn asked(stop: &Stop) {
    while !stop.asked() {
        sleep(LOOK).await;
    }
}
