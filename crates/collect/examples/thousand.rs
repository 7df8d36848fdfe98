//! How long a thousand pictures take from servers on this machine, and how many connections each
//! server sees meanwhile.
//!
//! ```sh
//! cargo run --release -p collect --example thousand -- [--hosts N] [--wait MS] [--pictures N] FOLDER
//! ```
//!
//! FOLDER holds pictures, in folders or not; as many as are asked for, or some are served twice and
//! kept once. `--wait` is what a server takes to think, in milliseconds.

#![allow(clippy::unwrap_used, reason = "an example fails where it stands")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use collect::{Guard, Settings, Status, collect};
use ground::Stop;
use ground::progress::Silent;

/// Of each host: connections now, the most at once, and the seconds of all together.
type Used = Arc<Mutex<BTreeMap<String, (usize, usize, f64)>>>;

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

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let used = Used::default();
    let (seen, wait) = (used.clone(), Duration::from_millis(wait as u64));
    std::thread::spawn(move || serve(&listener, &Arc::new(served), wait, &seen));

    let place = tempfile::tempdir().unwrap();
    let list: String = (0..count)
        .map(|n| format!("http://h{}.example:{}/{n}\n", n % hosts, address.port()))
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
    for (host, (_, most, busy)) in used.lock().unwrap().iter() {
        println!("{host}: at most {most} connections at once, {:.1} on average", busy / seconds);
    }
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

/// Answers each connection's one request in a thread of its own.
fn serve(listener: &TcpListener, served: &Arc<Vec<Vec<u8>>>, wait: Duration, used: &Used) {
    for stream in listener.incoming().flatten() {
        let (served, used) = (served.clone(), used.clone());
        std::thread::spawn(move || answer(&stream, &served, wait, &used));
    }
}

/// None when the client has gone.
fn answer(mut stream: &TcpStream, served: &[Vec<u8>], wait: Duration, used: &Used) -> Option<()> {
    let began = Instant::now();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.take_while(|line| !line.is_empty());
    let host =
        headers.filter_map(|line| line.to_lowercase().strip_prefix("host: ").map(Into::into));
    let host: String = host.last()?;
    let Ok(number) = path[1..].parse::<usize>() else {
        let none = "HTTP/1.1 404 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(none.as_bytes()).ok();
    };
    {
        let mut used = used.lock().unwrap();
        let (now, most, _) = used.entry(host.clone()).or_default();
        *now += 1;
        *most = (*most).max(*now);
    }
    std::thread::sleep(wait);
    let body = &served[number % served.len()];
    let head =
        format!("HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    let mut used = used.lock().unwrap();
    let (now, _, busy) = used.get_mut(&host)?;
    *now -= 1;
    *busy += began.elapsed().as_secs_f64();
    sent.ok()
}
