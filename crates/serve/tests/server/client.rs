//! A server to ask, and the bytes that go to it and come back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use lookalike::{Error, Silent, Stop, TrainRequest, practice, train};
use serde_json::Value;
use serve::{Bound, Limits, Listen, Ready, Settings, serve};
use tempfile::TempDir;

/// A practice set and a classifier of it, made once.
pub(crate) struct Trained {
    place: TempDir,
}

impl Trained {
    pub(crate) fn model(&self) -> PathBuf {
        self.place.path().join("drawn.lookalike")
    }

    pub(crate) fn photos(&self) -> PathBuf {
        self.place.path().join("photos")
    }

    /// The first pictures of each class.
    pub(crate) fn pictures(&self) -> Vec<PathBuf> {
        let classes = sorted(self.place.path().join("photos"));
        classes.into_iter().map(|class| sorted(class).swap_remove(0)).collect()
    }

    pub(crate) fn picture(&self) -> Vec<u8> {
        std::fs::read(&self.pictures()[0]).unwrap()
    }
}

fn sorted(folder: PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    paths
}

pub(crate) static TRAINED: LazyLock<Trained> = LazyLock::new(|| {
    let place = tempfile::tempdir().unwrap();
    let photos = place.path().join("photos");
    let settings = practice::Settings { per_class: 12, ..practice::Settings::default() };
    practice::draw(&photos, &settings, &Silent).unwrap();
    let mut request = TrainRequest::new(photos.as_path());
    request.output = Some(place.path().join("drawn.lookalike"));
    request.initial.network = Some("small".parse().unwrap());
    request.options.epochs = Some(2);
    request.options.size = Some(32);
    train(&request, &mut |_| {}, &Silent, &Stop::new()).unwrap();
    Trained { place }
});

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) addresses: Vec<String>,
    /// The address for a telephone.
    pub(crate) phone: Option<String>,
    stop: Stop,
    running: Option<JoinHandle<Result<(), Error>>>,
    log: Arc<Mutex<Vec<String>>>,
}

/// Settings of a test: a free port of this machine.
pub(crate) fn settings() -> Settings {
    Settings { listen: Listen::Address("127.0.0.1:0".into()), ..Settings::new(TRAINED.model()) }
}

pub(crate) fn limited(limits: Limits) -> Settings {
    Settings { limits, ..settings() }
}

impl Server {
    pub(crate) fn start(settings: Settings) -> Self {
        let (stop, log) = (Stop::new(), Arc::new(Mutex::new(vec![])));
        let bound = Bound::to(&settings.listen).unwrap();
        let (ready, addresses) = mpsc::channel();
        let (asked, lines) = (stop.clone(), Arc::clone(&log));
        let write = Arc::new(move |line: &str| lines.lock().unwrap().push(line.to_owned()));
        let running = std::thread::spawn(move || {
            serve(settings, bound, write, &asked, |told| drop(ready.send(told.clone())))
        });
        let Ready { addresses, phone, .. } = addresses.recv().expect("the server is ready");
        let phone = phone.map(|(address, _)| address);
        Self { addresses, phone, stop, running: Some(running), log }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let rest = self.addresses[0].strip_prefix("http://").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }

    /// Everything that the server says to these bytes before it closes the connection.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // A server may refuse before it has read all.
        let _ = stream.write_all(bytes);
        all_of(&mut stream)
    }

    /// The answer to a request with these lines after the first, and this body.
    pub(crate) fn ask(&self, first: &str, lines: &[&str], body: &[u8]) -> Answer {
        let mut head = format!("{first} HTTP/1.1\r\nConnection: close\r\n");
        if !lines.iter().any(|line| line.to_lowercase().starts_with("host:")) {
            head += &format!("Host: {}\r\n", self.address());
        }
        lines.iter().for_each(|line| head += &format!("{line}\r\n"));
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let bytes = [head.as_bytes(), b"\r\n", body].concat();
        Answer::of(&self.exchange(&bytes))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], b"")
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Asks for the end.
    pub(crate) fn stop(&self) {
        self.stop.ask();
    }

    /// Waits for the end that was asked for.
    pub(crate) fn ended(mut self) -> Result<(), Error> {
        self.stop.ask();
        self.running.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.ask();
        if let Some(running) = self.running.take() {
            // What went wrong is told by the test that it went wrong in.
            let _ = running.join();
        }
    }
}

/// What is left to read; whatever came before an error.
pub(crate) fn all_of(stream: &mut impl Read) -> String {
    let (mut bytes, mut buffer) = (vec![], [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = match head.to_lowercase().contains("transfer-encoding: chunked") {
            true => unchunked(body),
            false => body.to_owned(),
        };
        Self { status: status.unwrap_or(0), head: head.to_owned(), body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The name of the problem that it is, if it is one.
    pub(crate) fn problem(&self) -> Option<String> {
        let problem = self.header("content-type")? == "application/problem+json";
        let value = problem.then(|| self.json())?;
        assert_eq!(value["status"], self.status);
        assert_eq!(value["instance"].as_str(), self.header("x-request-id"));
        Some(value["type"].as_str()?.strip_prefix("/problems/")?.to_owned())
    }
}

fn unchunked(body: &str) -> String {
    let (mut rest, mut whole) = (body, String::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        whole += &after[..size];
        rest = &after[size + 2..];
    }
    whole
}

/// A body of a form with these parts: name of the field, name of the file, bytes.
pub(crate) fn form(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let part = |(field, file, bytes): &(&str, &str, &[u8])| {
        let disposition = format!("form-data; name=\"{field}\"; filename=\"{file}\"");
        let head = format!("--edge\r\nContent-Disposition: {disposition}\r\n\r\n");
        [head.as_bytes(), bytes, b"\r\n"].concat()
    };
    let mut body: Vec<u8> = parts.iter().flat_map(part).collect();
    body.extend_from_slice(b"--edge--\r\n");
    body
}

pub(crate) const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=edge";
