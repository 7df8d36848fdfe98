//! An HTTP server on localhost that does to a client whatever a test asks for.
//!
//! It answers one request a connection and remembers what was asked of it: every [`Request`], how
//! many bytes of body were sent, and the most connections that each host had at once. Only tests and
//! examples depend on it.
//!
//! ```
//! use std::io::{Read, Write};
//! let server = testserver::Server::start(|_, answer| answer.ok(b"a picture"));
//! let mut client = std::net::TcpStream::connect(server.address)?;
//! client.write_all(b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n")?;
//! let mut text = String::new();
//! client.read_to_string(&mut text)?;
//! assert!(text.ends_with("a picture"));
//! assert_eq!(server.requests()[0].path, "/a");
//! # Ok::<(), std::io::Error>(())
//! ```

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a client asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path, with the query.
    pub path: String,
    /// The headers by their names in lower case.
    pub headers: HashMap<String, String>,
    /// How many requests came before this one.
    pub number: usize,
    /// How many requests came before for the same path of the same host.
    pub before: usize,
}

impl Request {
    /// The host that the client names, with the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.headers.get("host").map_or("", String::as_str)
    }

    /// The first byte that the client asks for, if it asks for a range.
    #[must_use]
    pub fn from(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// The connection to answer on. Errors are not reported: a client may go away.
#[derive(Debug)]
pub struct Answer {
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
}

impl Answer {
    /// Sends the status line and these headers.
    pub fn head(&mut self, status: u16, headers: &[(&str, String)]) -> &mut Self {
        let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let _ = self.stream.write_all((head + "\r\n").as_bytes());
        self
    }

    /// Sends bytes; false once the client has gone.
    pub fn body(&mut self, bytes: &[u8]) -> bool {
        bytes.chunks(1 << 14).all(|piece| {
            let sent = self.stream.write_all(piece).is_ok();
            lock(&self.seen).sent += if sent { piece.len() } else { 0 };
            sent
        })
    }

    /// Answers with status 200 and these bytes.
    pub fn ok(&mut self, bytes: &[u8]) {
        self.head(200, &[("Content-Length", bytes.len().to_string())]).body(bytes);
    }

    /// Sends a file from where the request wants it, at most `most` bytes; false once the client has
    /// gone.
    pub fn file(&mut self, request: &Request, file: &[u8], etag: &str, most: usize) -> bool {
        let current = request.headers.get("if-range").is_none_or(|tag| tag == etag);
        let from = request.from().filter(|_| current);
        let part = &file[from.unwrap_or(0)..];
        let mut headers =
            vec![("Content-Length", part.len().to_string()), ("ETag", etag.to_owned())];
        if let Some(from) = from {
            let size = file.len();
            headers.push(("Content-Range", format!("bytes {from}-{}/{size}", size - 1)));
        }
        self.head(if from.is_some() { 206 } else { 200 }, &headers);
        self.body(&part[..part.len().min(most)])
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A second handle is kept to see whether the client holds its end, so that dropping this one
        // closes nothing.
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    sent: usize,
    open: HashMap<String, Vec<TcpStream>>,
    most: BTreeMap<String, usize>,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server, which runs until the process ends.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The same as a URL, without a slash at the end.
    pub url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Starts a server that answers each connection's one request in a thread of its own.
    ///
    /// # Panics
    /// When this machine lets nobody listen.
    #[must_use]
    pub fn start(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("localhost can be listened on");
        let address = listener.local_addr().expect("a listener has an address");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (shared, answer) = (seen.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (shared.clone(), answer.clone());
                std::thread::spawn(move || {
                    if let Some(request) = read(&stream, &seen) {
                        answer(&request, &mut Answer { stream, seen });
                    }
                });
            }
        });
        Self { address, url: format!("http://{address}"), seen }
    }

    /// The URL of a path under a name that the client looks up for itself.
    #[must_use]
    pub fn url_of(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}/{path}", self.address.port())
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.seen).requests.clone()
    }

    /// Bytes of body sent so far.
    #[must_use]
    pub fn sent(&self) -> usize {
        lock(&self.seen).sent
    }

    /// The most connections that each host had at once.
    #[must_use]
    pub fn most(&self) -> BTreeMap<String, usize> {
        lock(&self.seen).most.clone()
    }
}

/// Whether the client still holds its end. Closing reaches a socket on localhost at once, so this is
/// exact at the moment when the client's next request has come.
fn alive(stream: &TcpStream) -> bool {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
    match stream.peek(&mut [0]) {
        Ok(count) => count > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

fn read(stream: &TcpStream, seen: &Mutex<Seen>) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(k, v)| (k.to_lowercase(), v.to_owned())))
        .collect();
    let mut request = Request { path, headers, number: 0, before: 0 };
    let host = request.host().to_owned();
    let mut seen = lock(seen);
    request.number = seen.requests.len();
    let same = |old: &&Request| old.path == request.path && old.host() == host;
    request.before = seen.requests.iter().filter(same).count();
    let open = seen.open.entry(host.clone()).or_default();
    open.retain(alive);
    open.push(stream.try_clone().ok()?);
    let now = open.len();
    let most = seen.most.entry(host).or_default();
    *most = now.max(*most);
    seen.requests.push(request.clone());
    Some(request)
}
