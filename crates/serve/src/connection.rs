//! Connections: how many there are, how long they may take, and how they end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::gate::Ends;
use crate::listen::Listener;
use crate::service;

/// After a connection cannot be accepted, as when files have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a client that is still sending when it has its answer may take to notice.
const LINGER: Duration = Duration::from_secs(2);

/// Bytes that such a client may send in that time.
const LINGERING: usize = 4 << 20;

/// What accepting connections needs.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    /// Turns true when the server stops; a connection holds one end until it is closed.
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) free: Arc<Semaphore>,
    pub(crate) visitors: Arc<Visitors>,
}

impl Door {
    /// Accepts connections until the server stops.
    pub(crate) async fn accept(mut self, listener: Listener) {
        let tokio = match listener {
            Listener::Tcp(one) => tokio::net::TcpListener::from_std(one).map(Socket::Tcp),
            #[cfg(unix)]
            Listener::Unix(one, _) => tokio::net::UnixListener::from_std(one).map(Socket::Unix),
        };
        let Ok(socket) = tokio else { return };
        loop {
            let Ok(permit) = Arc::clone(&self.free).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = self.stopping.wait_for(|stopping| *stopping) => return,
            };
            match accepted {
                Ok((stream, ends)) => {
                    let Some(visit) = Visitors::enter(&self.visitors, ends) else { continue };
                    let door = self.clone();
                    tokio::spawn(async move {
                        door.app.connections.fetch_add(1, Ordering::SeqCst);
                        match stream {
                            Stream::Tcp(stream) => door.serve(stream, ends).await,
                            #[cfg(unix)]
                            Stream::Unix(stream) => door.serve(stream, ends).await,
                        }
                        door.app.connections.fetch_sub(1, Ordering::SeqCst);
                        drop((permit, visit));
                    });
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// Answers the requests of a connection until one side closes it.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, ends: Ends) {
        let limits = &self.app.settings.limits;
        let answer = |request: Request<Incoming>| {
            let (app, router) = (Arc::clone(&self.app), self.router.clone());
            let request = request.map(Body::new);
            Box::pin(async move {
                Ok::<_, Infallible>(service::answer(app, router, ends, request).await)
            })
        };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_header_size(limits.head_bytes)
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        let mut stopping = self.stopping.clone();
        let ended = tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => Some(ended),
            _ = stopping.wait_for(|stopping| *stopping) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                Pin::new(&mut connection).graceful_shutdown();
                poll_fn(|context| connection.poll_without_shutdown(context)).await
            }
        };
        let mut stream = connection.into_parts().io.into_inner();
        // Closed at once, a client that is still sending would never read its answer.
        if ended.is_ok() && stream.shutdown().await.is_ok() {
            // Whether it notices in time is its own business.
            let _ = timeout(LINGER, swallow(&mut stream)).await;
        }
    }
}

/// Reads what a client still sends, up to a limit.
async fn swallow<S: AsyncRead + Unpin>(stream: &mut S) {
    let (mut buffer, mut left) = (vec![0; 16 << 10], LINGERING);
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        match left.checked_sub(read) {
            Some(less) => left = less,
            None => return,
        }
    }
}

enum Socket {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

enum Stream {
    Tcp(tokio::net::TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Socket {
    async fn accept(&self) -> std::io::Result<(Stream, Ends)> {
        match self {
            Self::Tcp(socket) => {
                let (stream, remote) = socket.accept().await?;
                // An answer is one small piece, not to be held back for another.
                stream.set_nodelay(true)?;
                let ends = Ends { local: Some(stream.local_addr()?), remote: Some(remote) };
                Ok((Stream::Tcp(stream), ends))
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                Ok((Stream::Unix(stream), Ends::default()))
            }
        }
    }
}

/// How many connections there are from each address beyond this machine.
pub(crate) struct Visitors {
    most: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection that counts; it no longer does when dropped.
pub(crate) struct Visit(Arc<Visitors>, Option<IpAddr>);

impl Visitors {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, counts: Mutex::new(HashMap::new()) })
    }

    /// Counts a connection, unless its address has as many as it may.
    fn enter(visitors: &Arc<Self>, ends: Ends) -> Option<Visit> {
        let from = ends.remote.map(|remote| remote.ip().to_canonical());
        let from = from.filter(|ip| !ip.is_loopback());
        if let Some(ip) = from {
            let mut counts = visitors.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(ip).or_default();
            if *count >= visitors.most {
                return None;
            }
            *count += 1;
        }
        Some(Visit(Arc::clone(visitors), from))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Some(ip) = self.1 else { return };
        let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Visitors;
    use crate::gate::Ends;

    #[test]
    fn one_address_has_so_many_connections_and_this_machine_any_number() {
        let visitors = Visitors::new(2);
        let from = |address: &str| Ends { local: None, remote: Some(address.parse().unwrap()) };
        let far = from("192.0.2.1:1000");
        let first = Visitors::enter(&visitors, far);
        let second = Visitors::enter(&visitors, from("[::ffff:192.0.2.1]:1001"));
        assert!(first.is_some() && second.is_some());
        assert!(Visitors::enter(&visitors, far).is_none());
        assert!(Visitors::enter(&visitors, from("192.0.2.2:1000")).is_some());
        drop(first);
        assert!(Visitors::enter(&visitors, far).is_some());
        let near: Vec<_> =
            (0..9).map(|_| Visitors::enter(&visitors, from("127.0.0.1:1"))).collect();
        assert!(near.iter().all(Option::is_some));
        drop((near, second));
        assert!(visitors.counts.lock().unwrap().is_empty());
    }
}
