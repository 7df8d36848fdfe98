//! An HTTP server on localhost that does to a client whatever a test asks for.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    /// Counted from 0 over the server's life.
    pub(crate) number: usize,
}

impl Request {
    /// The first byte asked for.
    pub(crate) fn from(&self) -> Option<usize> {
        self.headers.get("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// The connection to answer on. Errors are the client's going away, which is its right.
pub(crate) struct Answer {
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
}

impl Answer {
    pub(crate) fn head(&mut self, status: u16, headers: &[(&str, String)]) -> &mut Self {
        let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let _ = self.stream.write_all((head + "\r\n").as_bytes());
        self
    }

    /// Sends bytes; false once the client has gone.
    pub(crate) fn body(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(1 << 14) {
            if self.stream.write_all(piece).is_err() {
                return false;
            }
            self.seen.lock().unwrap().sent += piece.len();
        }
        true
    }

    /// The file from where the request wants it, up to `stop` bytes of it.
    pub(crate) fn file(&mut self, request: &Request, file: &[u8], etag: &str, most: usize) -> bool {
        let from = request
            .from()
            .filter(|_| request.headers.get("if-range").is_none_or(|tag| tag == etag));
        let part = &file[from.unwrap_or(0)..];
        let mut headers =
            vec![("Content-Length", part.len().to_string()), ("ETag", etag.to_owned())];
        if let Some(from) = from {
            headers
                .push(("Content-Range", format!("bytes {from}-{}/{}", file.len() - 1, file.len())));
        }
        self.head(if from.is_some() { 206 } else { 200 }, &headers);
        self.body(&part[..part.len().min(most)])
    }
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    sent: usize,
}

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Answers each connection's one request in a thread of its own.
    pub(crate) fn start(answer: impl Fn(&Request, &mut Answer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
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
        Self { url, seen }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// Bytes of body sent so far.
    pub(crate) fn sent(&self) -> usize {
        self.seen.lock().unwrap().sent
    }
}

fn read(stream: &TcpStream, seen: &Mutex<Seen>) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(": ").map(|(k, v)| (k.to_lowercase(), v.to_owned())))
        .collect();
    let mut seen = seen.lock().unwrap();
    let request = Request { path, headers, number: seen.requests.len() };
    seen.requests.push(request.clone());
    Some(request)
}
