//! Measures a server beside the same classifier asked without one, in one process and in turns:
//!
//! ```sh
//! cargo run --release -p serve --example load -- birds.lookalike a.jpg b.jpg …
//! ```
//!
//! Prints what one client waits longer than a call of the library, how many pictures sixteen clients get
//! a second beside a batch of the library, how long the server takes to be ready, what a thousand idle
//! clients take of memory, and how fast a refusal comes when four times too much is asked.
#![allow(clippy::unwrap_used, reason = "an example may fail wherever it stands")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::{JoinHandle, scope, spawn};
use std::time::{Duration, Instant};

use lookalike::{Error, Explain, Picture, Predictor, Stop};
use serve::{Bound, Limits, Listen, LogForm, Settings, serve};

/// Rounds of each comparison, whose medians are compared.
const ROUNDS: usize = 9;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let model = arguments.next().expect("a classifier");
    let pictures: Vec<Vec<u8>> = arguments.map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!pictures.is_empty(), "pictures to ask about");
    let mut predictor = Predictor::load(&model)?;
    let server = Server::start(Settings::new(&model));
    println!("start to ready         {:7.1} ms", server.start.as_secs_f64() * 1e3);
    one_client(&mut predictor, &server, &pictures);
    many_clients(&mut predictor, &server, &pictures);
    idle_clients(&server);
    drop(server);
    overload(&model, &pictures);
    Ok(())
}

/// A server that ends when dropped.
struct Server {
    address: SocketAddr,
    start: Duration,
    stop: Stop,
    running: Option<JoinHandle<()>>,
}

impl Server {
    fn start(settings: Settings) -> Self {
        let listen = Listen::Address("127.0.0.1:0".into());
        let settings = Settings { log: LogForm::Off, listen, ..settings };
        let (begun, stop) = (Instant::now(), Stop::new());
        let bound = Bound::to(&settings.listen).unwrap();
        let address = bound.addresses()[0]["http://".len()..].parse().unwrap();
        let (ready, told) = mpsc::channel();
        let asked = stop.clone();
        let running = spawn(move || {
            serve(settings, bound, Arc::new(|_: &str| {}), &asked, |_| {
                ready.send(()).unwrap_or_default();
            })
            .unwrap();
        });
        told.recv().unwrap();
        Self { address, start: begun.elapsed(), stop, running: Some(running) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.ask();
        self.running.take().unwrap().join().unwrap();
    }
}

/// Sends a picture and reads the answer; returns its status.
fn ask(stream: &mut TcpStream, picture: &[u8]) -> u16 {
    let length = picture.len();
    let head =
        format!("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    let sent = stream.write_all(&[head.as_bytes(), picture].concat());
    let (mut text, mut buffer) = (vec![], [0; 16384]);
    loop {
        let read = stream.read(&mut buffer).unwrap_or(0);
        assert!(read > 0 || !text.is_empty(), "no answer: {sent:?}");
        text.extend_from_slice(&buffer[..read]);
        let words = String::from_utf8_lossy(&text);
        if let Some((head, body)) = words.split_once("\r\n\r\n") {
            let stated = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            if read == 0
                || stated.is_some_and(|stated| stated.parse::<usize>().unwrap() <= body.len())
            {
                return head[9..12].parse().unwrap();
            }
        }
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Milliseconds that something takes.
fn milliseconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}

fn one_client(predictor: &mut Predictor, server: &Server, pictures: &[Vec<u8>]) {
    let mut stream = connect(server.address);
    let (mut raw, mut served) = (vec![], vec![]);
    for round in 0..=ROUNDS {
        for picture in pictures.iter().cycle().take(20) {
            let of_library = milliseconds(|| {
                predictor.ask(picture.clone(), Explain::Nothing).unwrap();
            });
            let of_server = milliseconds(|| assert_eq!(ask(&mut stream, picture), 200));
            // The first round warms both.
            if round > 0 {
                raw.push(of_library);
                served.push(of_server);
            }
        }
    }
    let (raw, served) = (median(raw), median(served));
    println!(
        "one client             {served:7.2} ms, library {raw:.2} ms: {:+.2} ms",
        served - raw
    );
}

fn many_clients(predictor: &mut Predictor, server: &Server, pictures: &[Vec<u8>]) {
    const CLIENTS: usize = 16;
    const EACH: usize = 12;
    let all = CLIENTS * EACH;
    let mut shares = vec![];
    for round in 0..=ROUNDS {
        let asked: Vec<_> = pictures.iter().cycle().take(all).cloned().collect();
        let raw = milliseconds(|| {
            let asked = asked.into_iter().map(|picture| ((), Picture::Bytes(picture)));
            predictor.predict(asked, Explain::Nothing, &Stop::new(), |(), _| {}).unwrap();
        });
        let served = milliseconds(|| {
            scope(|scope| {
                for client in 0..CLIENTS {
                    scope.spawn(move || {
                        let mut stream = connect(server.address);
                        for picture in pictures.iter().cycle().skip(client * EACH).take(EACH) {
                            assert_eq!(ask(&mut stream, picture), 200);
                        }
                    });
                }
            });
        });
        if round > 0 {
            shares.push(raw / served);
        }
        println!(
            "  {round}: server {:.1}/s, library {:.1}/s",
            all as f64 / served * 1e3,
            all as f64 / raw * 1e3
        );
    }
    println!(
        "sixteen clients        {:7.1}% of the library's pictures a second",
        100.0 * median(shares)
    );
}

fn idle_clients(server: &Server) {
    let before = resident();
    let idle: Vec<_> = (0..990)
        .map(|_| {
            let mut stream = connect(server.address);
            stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            stream
        })
        .collect();
    println!("{} idle clients       {:7.1} MB more", idle.len(), resident() - before);
}

/// Megabytes that this process holds.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1e3
}

/// Clients that ask again as soon as they are answered or refused: of half a second of waiting there is
/// room for a quarter of them.
fn overload(model: &std::path::Path, pictures: &[Vec<u8>]) {
    let wait = Duration::from_millis(500);
    let limits = Limits { wait, ..Limits::default() };
    let server = Server::start(Settings { limits, ..Settings::new(model) });
    let each = {
        let mut stream = connect(server.address);
        let times = pictures.iter().cycle().take(20);
        median(times.map(|picture| milliseconds(|| _ = ask(&mut stream, picture))).collect())
    };
    let clients = (4.0 * wait.as_secs_f64() * 1e3 / each).ceil() as usize;
    let until = Instant::now() + Duration::from_secs(8);
    let (results, told) = mpsc::channel();
    scope(|scope| {
        for client in 0..clients {
            let (server, results) = (&server, results.clone());
            scope.spawn(move || {
                for picture in pictures.iter().cycle().skip(client) {
                    if Instant::now() > until {
                        return;
                    }
                    let mut stream = connect(server.address);
                    let mut status = 0;
                    let took = milliseconds(|| status = ask(&mut stream, picture));
                    results.send((status, took)).unwrap();
                    if status == 503 {
                        std::thread::sleep(Duration::from_millis(100));
                    }
                }
            });
        }
    });
    drop(results);
    let all: Vec<(u16, f64)> = told.iter().collect();
    let of = |status: u16| {
        let mut times: Vec<f64> =
            all.iter().filter(|(s, _)| *s == status).map(|(_, t)| *t).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let (answered, refused) = (of(200), of(503));
    let at = |times: &[f64], share: f64| {
        times.get((times.len() as f64 * share) as usize).copied().unwrap_or(0.0)
    };
    println!(
        "{clients} clients, {} answered  p50 {:.0} ms, p99 {:.0} ms ({:.1}/s; alone {:.1}/s)",
        answered.len(),
        at(&answered, 0.5),
        at(&answered, 0.99),
        answered.len() as f64 / 8.0,
        1e3 / each,
    );
    println!(
        "    {} refused in p50 {:.1} ms, p99 {:.1} ms",
        refused.len(),
        at(&refused, 0.5),
        at(&refused, 0.99),
    );
}
