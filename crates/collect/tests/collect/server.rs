//! An HTTP server on localhost that does to a client whatever a test asks for, and counts how many
//! connections it has at once.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    /// How often this path of this host was asked for before.
    pub(crate) before: usize,
}

/// The connection to answer on. Errors are the client's going away, which is its right.
pub(crate) struct Answer(TcpStream);

impl Answer {
    pub(crate) fn head(&mut self, status: u16, headers: &[(&str, String)]) -> &mut Self {
        let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let _ = self.0.write_all((head + "\r\n").as_bytes());
        self
    }

    /// Sends bytes; false once the client has gone.
    pub(crate) fn body(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    pub(crate) fn ok(&mut self, bytes: &[u8]) {
        self.head(200, &[("Content-Length", bytes.len().to_string())]).body(bytes);
    }
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    open: HashMap<String, Vec<TcpStream>>,
    /// The most connections of each host at once.
    most: BTreeMap<String, usize>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Answers each connection's one request in a thread of its own. `robots.txt` is not there.
    pub(crate) fn start(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (shared, answer) = (seen.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (shared.clone(), answer.clone());
                std::thread::spawn(move || {
                    if let Some(request) = read(&stream, &seen) {
                        answer(&request, &mut Answer(stream));
                    }
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}/{path}", self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    pub(crate) fn most(&self) -> BTreeMap<String, usize> {
        self.seen.lock().unwrap().most.clone()
    }
}

/// Whether the client still holds its end. Closing reaches a socket on localhost at once, so this is
/// exact at the moment when the client's next request has come.
fn alive(stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(std::time::Duration::from_millis(1))).unwrap();
    match stream.peek(&mut [0]) {
        Ok(n) => n > 0,
        Err(e) => matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
    }
}

fn read(stream: &TcpStream, seen: &Mutex<Seen>) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: HashMap<String, String> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(k, v)| (k.to_lowercase(), v.to_owned())))
        .collect();
    let host = headers.get("host").cloned().unwrap_or_default();
    let mut seen = seen.lock().unwrap();
    let same = |old: &&Request| old.path == path && old.headers.get("host") == Some(&host);
    let before = seen.requests.iter().filter(same).count();
    let open = seen.open.entry(host.clone()).or_default();
    open.retain(alive);
    open.push(stream.try_clone().ok()?);
    let now = open.len();
    let most = seen.most.entry(host).or_default();
    *most = now.max(*most);
    let request = Request { path, headers, before };
    seen.requests.push(request.clone());
    drop(seen);
    if request.path == "/robots.txt" && !request.headers["host"].starts_with("robots") {
        Answer(stream.try_clone().ok()?).head(404, &[("Content-Length", "0".into())]);
        return None;
    }
    Some(request)
}
