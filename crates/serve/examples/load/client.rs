//! Clients of a server: one that asks, and a crowd of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends a picture and reads the answer; returns its status.
pub(crate) fn ask(stream: &mut TcpStream, picture: &[u8]) -> u16 {
    let length = picture.len();
    let head = format!(
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n\
         Content-Length: {length}\r\n\r\n"
    );
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

/// Milliseconds that something takes.
pub(crate) fn milliseconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e3
}

/// The time at a share of the way from the shortest to the longest.
pub(crate) fn at(times: &[f64], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get((times.len() as f64 * share) as usize).copied().unwrap_or(0.0)
}

/// What a crowd got.
pub(crate) struct Got {
    /// Milliseconds of each answer.
    pub(crate) answered: Vec<f64>,
    /// Milliseconds of each refusal.
    pub(crate) refused: Vec<f64>,
    seconds: f64,
}

impl Got {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered.len() as f64 / self.seconds
    }
}

/// Clients that ask again as soon as they are answered, or `pause` after they are refused.
pub(crate) fn crowd(
    address: SocketAddr,
    pictures: &[Vec<u8>],
    clients: usize,
    time: Duration,
    pause: Duration,
) -> Got {
    let (results, told) = mpsc::channel();
    let begun = Instant::now();
    scope(|scope| {
        for client in 0..clients {
            let results = results.clone();
            scope.spawn(move || {
                let mut stream = connect(address);
                for picture in pictures.iter().cycle().skip(client % pictures.len()) {
                    if begun.elapsed() > time {
                        return;
                    }
                    let mut status = 0;
                    let took = milliseconds(|| status = ask(&mut stream, picture));
                    results.send((status, took)).unwrap();
                    match status {
                        200 => {}
                        503 => {
                            // A server that refuses before it has read the picture closes the connection.
                            sleep(pause);
                            stream = connect(address);
                        }
                        other => panic!("status {other}"),
                    }
                }
            });
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    drop(results);
    let all: Vec<(u16, f64)> = told.iter().collect();
    let of = |status: u16| all.iter().filter(|(s, _)| *s == status).map(|(_, t)| *t).collect();
    Got { answered: of(200), refused: of(503), seconds }
}
