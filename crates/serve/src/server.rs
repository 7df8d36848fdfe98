//! The server from its first connection to its last answer.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lookalike::{Error, Kind, Predictor, Stop};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::app::{App, Log};
use crate::connection::{Door, Visitors};
use crate::loaded::Loaded;
use crate::{Bound, Listen, Settings, routes};

/// How often the request to stop is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Answers requests until `stop` is asked, then finishes those under way. Lines about requests go to
/// `log`; `ready` hears the addresses once the classifier is loaded and its self-test has passed.
///
/// # Errors
/// When the settings make no sense, the classifier is refused, or its self-test fails.
pub fn serve(
    settings: Settings,
    bound: Bound,
    log: Log,
    stop: &Stop,
    ready: impl FnOnce(&[String]),
) -> Result<(), Error> {
    let app = Arc::new(App::new(settings, &bound, log)?);
    let threads = ground::parallel::threads();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(threads)
        .build()
        .map_err(|error| failed("start", &error))?;
    let (loaded, waiting) = oneshot::channel();
    let engine = Arc::clone(&app);
    let engine = thread::Builder::new().name("network".into()).spawn(move || own(&engine, loaded));
    let engine = engine.map_err(|error| failed("start a thread", &error))?;
    let done = runtime.block_on(run(&app, bound, waiting, stop, ready));
    app.work.close();
    // A connection that outlasted its time is cut off here.
    runtime.shutdown_timeout(Duration::ZERO);
    if let Listen::Path(path) = &app.settings.listen {
        // One that is left behind is replaced by the next server.
        let _ = std::fs::remove_file(path);
    }
    let joined =
        engine.join().map_err(|_| Error::refused(Kind::Failed, "the network's thread failed"));
    done.and(joined)
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::refused(Kind::Failed, format!("cannot {what}: {error}"))
}

/// The thread that owns the network: loads it, says so, and answers until the work is closed.
fn own(app: &App, loaded: oneshot::Sender<Result<Loaded, Error>>) {
    match load(app) {
        Ok((about, mut predictor)) => {
            // If nobody waits any more, the work is closed.
            let _ = loaded.send(Ok(about));
            app.work.compute(&mut predictor, app.known);
        }
        Err(error) => drop(loaded.send(Err(error))),
    }
}

/// The classifier, which has passed its self-test, and the engine that answers.
fn load(app: &App) -> Result<(Loaded, Predictor), Error> {
    let Settings { model, precision, .. } = &app.settings;
    let about = Loaded::read(&app.settings, app.known)?;
    let predictor = Predictor::load_in(model, *precision, true)?;
    let preprocess = &predictor.classifier().preprocess;
    app.work.start_decoding(preprocess).map_err(|error| failed("start a thread", &error))?;
    Ok((about, predictor))
}

async fn run(
    app: &Arc<App>,
    bound: Bound,
    loaded: oneshot::Receiver<Result<Loaded, Error>>,
    stop: &Stop,
    ready: impl FnOnce(&[String]),
) -> Result<(), Error> {
    let limits = app.settings.limits;
    let mut addresses = bound.addresses();
    if let Some(key) = app.gate.key() {
        let pages = addresses.iter_mut().filter(|address| address.starts_with("http"));
        pages.for_each(|address| *address += &format!("/#k={key}"));
    }
    let (end, stopping) = watch::channel(false);
    let [connections, of_one] = limits.connections;
    let door = Door {
        app: Arc::clone(app),
        router: routes::router(app),
        stopping,
        free: Arc::new(Semaphore::new(connections)),
        visitors: Visitors::new(of_one),
    };
    for listener in bound.0 {
        tokio::spawn(door.clone().accept(listener));
    }
    drop(door);
    let lost = || Error::refused(Kind::Failed, "the network's thread failed");
    let loaded = tokio::select! {
        loaded = loaded => loaded.map_err(|_| lost())??,
        () = asked(stop) => return Ok(()),
    };
    app.set_loaded(loaded);
    ready(&addresses);
    asked(stop).await;
    app.drain();
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
