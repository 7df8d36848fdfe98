//! Reading what a server sends: at most so much, and not too slowly.

use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ground::Stop;

use crate::error::FetchError;

/// How much may come, how fast, and by when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) most: u64,
    pub(crate) window: Duration,
    pub(crate) slowest: u64,
    pub(crate) until: Option<Instant>,
}

/// A body that is read with an eye on the clock, the size and the request to stop.
pub struct Watched {
    inner: Box<dyn Read>,
    stop: Stop,
    terms: Terms,
    taken: u64,
    /// When the present window began, and how many bytes have come in it.
    since: Instant,
    came: u64,
    /// Why reading ended, where decoders would hide it.
    broken: Option<FetchError>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("terms", &self.terms).field("taken", &self.taken).finish()
    }
}

pub(crate) fn too_long() -> FetchError {
    FetchError::Broken("it took too long in all".into())
}

impl Watched {
    pub(crate) fn new(inner: Box<dyn Read>, stop: Stop, terms: Terms) -> Self {
        Self { inner, stop, terms, taken: 0, since: Instant::now(), came: 0, broken: None }
    }

    /// The next bytes, as many as have come and fit; none at the end.
    ///
    /// # Errors
    /// When the connection breaks or a limit is passed.
    pub fn piece<'a>(&mut self, buffer: &'a mut [u8]) -> Result<&'a [u8], FetchError> {
        self.check()?;
        match self.inner.read(buffer) {
            Ok(count) => {
                self.taken += count as u64;
                self.came += count as u64;
                Ok(&buffer[..count])
            }
            Err(_) if self.stop.asked() => Err(FetchError::Stopped),
            Err(error) => Err(FetchError::Broken(error.to_string())),
        }
    }

    fn check(&mut self) -> Result<(), FetchError> {
        if self.stop.asked() {
            return Err(FetchError::Stopped);
        }
        if self.taken > self.terms.most {
            return Err(FetchError::TooLarge(self.terms.most));
        }
        let now = Instant::now();
        if self.terms.until.is_some_and(|until| now >= until) {
            return Err(too_long());
        }
        let time = now - self.since;
        if time >= self.terms.window {
            if self.came < self.terms.slowest {
                let seconds = time.as_secs_f32();
                let why = format!("only {} bytes came in {seconds:.0} s", self.came);
                return Err(FetchError::Broken(why));
            }
            (self.since, self.came) = (now, 0);
        }
        Ok(())
    }

    /// All that comes, decompressed as `encoding` says, and then no more than before.
    pub(crate) fn decode(mut self, encoding: &str) -> Result<Vec<u8>, FetchError> {
        let most = self.terms.most;
        let mut bytes = Vec::new();
        let read = match encoding.trim().to_ascii_lowercase().as_str() {
            "identity" | "" => self.read_to_end(&mut bytes),
            "gzip" | "x-gzip" => {
                MultiGzDecoder::new(&mut self).take(most + 1).read_to_end(&mut bytes)
            }
            "deflate" => ZlibDecoder::new(&mut self).take(most + 1).read_to_end(&mut bytes),
            other => {
                let other: String = other.chars().filter(char::is_ascii_graphic).take(30).collect();
                let why = format!("it is compressed as `{other}`, unasked");
                return Err(FetchError::Encoding(why));
            }
        };
        match (self.broken, read) {
            (Some(broken), _) => Err(broken),
            _ if bytes.len() as u64 > most || self.taken > most => Err(FetchError::TooLarge(most)),
            (_, Ok(_)) if self.stop.asked() => Err(FetchError::Stopped),
            (_, Ok(_)) => Ok(bytes),
            (_, Err(error)) => {
                Err(FetchError::Encoding(format!("it cannot be decompressed: {error}")))
            }
        }
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.piece(buffer).map(<[u8]>::len).map_err(|error| {
            self.broken = Some(error);
            io::Error::other("not read")
        })
    }
}
