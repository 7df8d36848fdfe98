//! How long a thousand pictures take from servers on this machine, and how many connections each
//! server sees meanwhile.
//!
//! ```sh
//! cargo run --release -p lookalike-collect --example thousand -- [--hosts N] [--wait MS] [--pictures N] FOLDER
//! ```
//!
//! FOLDER holds pictures, in folders or not; as many as are asked for, or some are served twice and
//! kept once. `--wait` is what a server takes to think, in milliseconds.

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use collect::{Guard, Settings, Status, collect};
use ground::Stop;
use ground::progress::Silent;
use testserver::Server;

/// The seconds of all connections together, by host.
type Busy = Arc<Mutex<BTreeMap<String, f64>>>;

fn main() {
    let (mut hosts, mut wait, mut count, mut folder) = (2, 0, 1000, PathBuf::new());
    let mut typed = std::env::args().skip(1);
    while let Some(word) = typed.next() {
        let mut number = || typed.next().and_then(|text| text.parse().ok()).expect("a number");
        match word.as_str() {
            "--hosts" => hosts = number(),
            "--wait" => wait = number(),
            "--pictures" => count = number(),
            _ => folder = word.into(),
        }
    }
    let mut paths = vec![];
    files(&folder, &mut paths);
    paths.sort();
    paths.truncate(count);
    let served: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!served.is_empty(), "there is no file in {}", folder.display());

    let (busy, wait) = (Busy::default(), Duration::from_millis(wait as u64));
    let server = serve(served, wait, busy.clone());
    let address = server.address;

    let place = tempfile::tempdir().unwrap();
    let list: String = (0..count)
        .map(|n| format!("{}\n", server.url_of(&format!("h{}.example", n % hosts), &n.to_string())))
        .collect();
    let path = place.path().join("pictures.txt");
    std::fs::write(&path, list).unwrap();
    let lookup = move |_: &str, port| Ok(vec![SocketAddr::new(address.ip(), port)]);
    let guard = Guard { also: vec![address], lookup: Some(Arc::new(lookup)), ..Guard::default() };
    let settings = Settings { guard, threads: 2, ..Settings::default() };
    let began = Instant::now();
    let collected =
        collect(&[path], &place.path().join("photos"), &settings, &Silent, &Stop::new()).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!("{} of {count} kept in {seconds:.2} s", collected.count(Status::Kept));
    let busy = busy.lock().unwrap();
    for (host, most) in server.most() {
        let average = busy.get(&host).unwrap_or(&0.0) / seconds;
        println!("{host}: at most {most} connections at once, {average:.1} on average");
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

fn serve(served: Vec<Vec<u8>>, wait: Duration, busy: Busy) -> Server {
    Server::start(move |request, answer| {
        let began = Instant::now();
        let Ok(number) = request.path[1..].parse::<usize>() else {
            answer.head(404, &[("Content-Length", "0".into())]);
            return;
        };
        std::thread::sleep(wait);
        answer.ok(&served[number % served.len()]);
        *busy.lock().unwrap().entry(request.host().to_owned()).or_default() +=
            began.elapsed().as_secs_f64();
    })
}
