//! Measures a server beside the same classifier asked without one, in one process and in turns:
//!
//! ```sh
//! cargo run --release -p lookalike-serve --example load -- birds.lookalike a.jpg b.jpg …
//! ```
//!
//! Prints how long the server takes to be ready, what one client waits longer than a call of the library,
//! how many pictures sixteen clients get a second beside a batch of the library, what a thousand idle
//! clients take of memory, and what becomes of four times as much work as can be done.
//!
//! With an address instead of a classifier, sixteen clients ask whatever server is there, for ten seconds;
//! `bench/serve.py` does so with servers of others:
//!
//! ```sh
//! cargo run --release -p lookalike-serve --example load -- 127.0.0.1:8000 a.jpg b.jpg …
//! ```
#![allow(clippy::unwrap_used, reason = "an example may fail wherever it stands")]

mod client;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{JoinHandle, scope, spawn};
use std::time::{Duration, Instant};

use lookalike::{Error, Explain, Picture, Predictor, Stop};
use serve::{Bound, Limits, Listen, LogForm, Settings, serve};

use self::client::{ask, at, connect, crowd, milliseconds};

/// Rounds of each comparison, whose medians are compared.
const ROUNDS: usize = 9;

/// Clients that ask at a time.
const CLIENTS: usize = 16;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let first = arguments.next().expect("a classifier, or an address");
    let pictures: Vec<Vec<u8>> = arguments.map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!pictures.is_empty(), "pictures to ask about");
    if let Ok(address) = first.to_string_lossy().parse() {
        other(address, &pictures);
        return Ok(());
    }
    let mut predictor = Predictor::load(&first)?;
    let server = Server::start(Settings::new(&first));
    println!("start to ready         {:7.1} ms", server.start.as_secs_f64() * 1e3);
    one_client(&mut predictor, &server, &pictures);
    many_clients(&mut predictor, &server, &pictures);
    idle_clients(&server);
    drop(server);
    overload(&first, &pictures);
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

/// What sixteen clients get of a server that is there.
fn other(address: SocketAddr, pictures: &[Vec<u8>]) {
    crowd(address, pictures, CLIENTS, Duration::from_secs(2), Duration::ZERO);
    let got = crowd(address, pictures, CLIENTS, Duration::from_secs(10), Duration::ZERO);
    println!(
        "{:.2} answers/s, p50 {:.0} ms, p99 {:.0} ms",
        got.rate(),
        at(&got.answered, 0.5),
        at(&got.answered, 0.99)
    );
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
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (raw, served) = (at(&raw, share), at(&served, share));
        println!(
            "one client, {name}        {served:7.2} ms, library {raw:.2} ms: {:+.2} ms",
            served - raw
        );
    }
}

fn many_clients(predictor: &mut Predictor, server: &Server, pictures: &[Vec<u8>]) {
    const EACH: usize = 12;
    let all = CLIENTS * EACH;
    let (mut shares, mut rates) = (vec![], vec![]);
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
            rates.push(all as f64 / served * 1e3);
        }
    }
    println!(
        "sixteen clients        {:7.1}% of the library's pictures a second ({:.0} to {:.0}), {:.1}/s",
        100.0 * at(&shares, 0.5),
        100.0 * at(&shares, 0.0),
        100.0 * at(&shares, 0.99),
        at(&rates, 0.5)
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

/// Four times as many clients as there is room for in half a second of waiting, each of which asks again
/// a tenth of a second after it was refused.
fn overload(model: &Path, pictures: &[Vec<u8>]) {
    let wait = Duration::from_millis(500);
    let limits = Limits { wait, ..Limits::default() };
    let server = Server::start(Settings { limits, ..Settings::new(model) });
    // A client that is refused asks again after the time that others wait: four times as many clients as
    // can wait then ask four times as often as can be answered.
    let crowd = |clients, seconds| {
        crowd(server.address, pictures, clients, Duration::from_secs(seconds), wait)
    };
    crowd(2, 1);
    // As many as fit, so that nothing is refused.
    let capacity = crowd(8, 5).rate();
    let clients = (4.0 * wait.as_secs_f64() * capacity).ceil() as usize;
    let before = resident();
    let got = crowd(clients, 30);
    println!(
        "{clients} clients for 30 s    {:7.1}% of {capacity:.1}/s answered, p50 {:.0} ms, p99 {:.0} ms (wait {} ms)",
        100.0 * got.rate() / capacity,
        at(&got.answered, 0.5),
        at(&got.answered, 0.99),
        wait.as_millis(),
    );
    println!(
        "    {} refused           p50 {:.1} ms, p99 {:.1} ms; {:+.1} MB",
        got.refused.len(),
        at(&got.refused, 0.5),
        at(&got.refused, 0.99),
        resident() - before
    );
}
