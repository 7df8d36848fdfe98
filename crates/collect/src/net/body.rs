//! Taking what a server sends: at most so much, and not too slowly.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use ground::Stop;

/// Why a body is not taken.
#[derive(Debug)]
pub(super) enum Broken {
    /// Larger than is taken.
    TooLarge,
    /// Worth another try; why not this time.
    Again(String),
    /// Packed in a way that cannot be undone.
    Packed(String),
    /// The end was asked for.
    Stopped,
}

/// How much and how fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) most: u64,
    pub(super) window: Duration,
    pub(super) slowest: u64,
    pub(super) until: Instant,
}

/// Reads with an eye on the clock, the size and the request to stop.
struct Watched<'a, R> {
    inner: R,
    terms: Terms,
    stop: &'a Stop,
    taken: u64,
    since: Instant,
    came: u64,
    broken: Option<Broken>,
}

impl<R: Read> Watched<'_, R> {
    fn check(&mut self) -> Option<Broken> {
        if self.stop.asked() {
            return Some(Broken::Stopped);
        }
        if self.taken > self.terms.most {
            return Some(Broken::TooLarge);
        }
        let now = Instant::now();
        if now >= self.terms.until {
            return Some(Broken::Again("it took too long in all".into()));
        }
        let time = now - self.since;
        if time >= self.terms.window {
            if self.came < self.terms.slowest {
                let seconds = time.as_secs_f32();
                let why = format!("only {} bytes came in {seconds:.0} s", self.came);
                return Some(Broken::Again(why));
            }
            (self.since, self.came) = (now, 0);
        }
        None
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = match self.check() {
            Some(broken) => broken,
            None => match self.inner.read(buffer) {
                Ok(n) => {
                    self.taken += n as u64;
                    self.came += n as u64;
                    return Ok(n);
                }
                Err(_) if self.stop.asked() => Broken::Stopped,
                Err(error) => Broken::Again(error.to_string()),
            },
        };
        self.broken = Some(broken);
        Err(io::Error::other("not taken"))
    }
}

/// The whole body, unpacked as `encoding` says.
pub(super) fn take(
    body: impl Read,
    encoding: Option<&str>,
    terms: Terms,
    stop: &Stop,
) -> Result<Vec<u8>, Broken> {
    let since = Instant::now();
    let mut watched = Watched { inner: body, terms, stop, taken: 0, since, came: 0, broken: None };
    let mut bytes = Vec::new();
    let encoding = encoding.unwrap_or("identity").trim().to_ascii_lowercase();
    let read = match encoding.as_str() {
        "identity" | "" => watched.read_to_end(&mut bytes),
        "gzip" | "x-gzip" => {
            let unpacked = flate2::read::MultiGzDecoder::new(&mut watched);
            unpacked.take(terms.most + 1).read_to_end(&mut bytes)
        }
        "deflate" => {
            let unpacked = flate2::read::ZlibDecoder::new(&mut watched);
            unpacked.take(terms.most + 1).read_to_end(&mut bytes)
        }
        other => {
            let other: String = other.chars().filter(char::is_ascii_graphic).take(30).collect();
            return Err(Broken::Packed(format!("it is packed as `{other}`, unasked")));
        }
    };
    if let Some(broken) = watched.broken {
        return Err(broken);
    }
    match read {
        _ if bytes.len() as u64 > terms.most || watched.taken > terms.most => Err(Broken::TooLarge),
        Ok(_) if stop.asked() => Err(Broken::Stopped),
        Ok(_) => Ok(bytes),
        Err(error) => Err(Broken::Packed(format!("it cannot be unpacked: {error}"))),
    }
}
