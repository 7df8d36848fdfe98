//! News for every page that is open: `text/event-stream`.
//!
//! Each page hears the whole state when it connects and whenever that has changed, so nothing need be
//! played again after a break. What happens in between, such as a decision, is told as it happens.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::sleep;

/// The least time between two states.
const PAUSE: Duration = Duration::from_millis(100);
/// After so long without news a page hears that the server lives.
const SILENCE: Duration = Duration::from_secs(15);
/// Events that a page may be behind; the state that follows makes up for what it misses.
const BEHIND: usize = 64;

/// Where news goes.
pub(crate) struct Hub {
    changes: watch::Sender<u64>,
    told: broadcast::Sender<Bytes>,
    open: watch::Sender<bool>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            changes: watch::Sender::new(0),
            told: broadcast::Sender::new(BEHIND),
            open: watch::Sender::new(true),
        }
    }

    /// The state has changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Something happened, which the state tells too.
    pub(crate) fn tell(&self, event: &str, data: &Value) {
        // Where no page is open nobody hears it.
        let _ = self.told.send(frame(event, None, &data.to_string()));
        self.changed();
    }

    /// Every stream ends.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    /// The news from now on, which begin with the present state.
    pub(crate) fn stream(&self, state: impl Fn() -> Value + Send + Sync + 'static) -> Response {
        // A page that reads slowly is told less often, and never makes anything pile up.
        let (sender, receiver) = mpsc::channel(1);
        let (changes, told) = (self.changes.subscribe(), self.told.subscribe());
        tokio::spawn(follow(changes, told, self.open.subscribe(), Arc::new(state), sender));
        let body = Body::new(News(receiver));
        ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
    }
}

async fn follow(
    mut changes: watch::Receiver<u64>,
    mut told: broadcast::Receiver<Bytes>,
    mut open: watch::Receiver<bool>,
    state: Arc<dyn Fn() -> Value + Send + Sync>,
    page: mpsc::Sender<Bytes>,
) {
    changes.mark_changed();
    loop {
        let next = tokio::select! {
            biased;
            () = async { drop(open.wait_for(|open| !open).await) } => return,
            () = page.closed() => return,
            event = told.recv() => match event {
                Ok(event) => Next::Told(event),
                Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => return,
            },
            changed = changes.changed() => match changed {
                Ok(()) => Next::Changed,
                Err(_) => return,
            },
            () = sleep(SILENCE) => Next::Told(Bytes::from_static(b":\n\n")),
        };
        let (news, pause) = match next {
            Next::Told(news) => (news, Duration::ZERO),
            Next::Changed => {
                let count = *changes.borrow_and_update();
                let state = Arc::clone(&state);
                // It may wait for a decision that is being written.
                let Ok(state) = tokio::task::spawn_blocking(move || state()).await else { return };
                (frame("state", Some(count), &state.to_string()), PAUSE)
            }
        };
        if page.send(news).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
}

/// What a page is to hear next.
enum Next {
    Told(Bytes),
    Changed,
}

fn frame(event: &str, id: Option<u64>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    // JSON has no line ends but those that it escapes.
    format!("event: {event}\n{id}data: {data}\n\n").into()
}

/// A body that is never at its end.
struct News(mpsc::Receiver<Bytes>);

impl HttpBody for News {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|news| news.map(|news| Ok(Frame::data(news))))
    }
}
