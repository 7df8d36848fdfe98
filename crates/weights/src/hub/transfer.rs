//! One file over HTTP, as often as it takes and no oftener.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use ground::files::{Disk, FileError, Files};
use ground::progress::{Bar, Progress};
use ground::{Digest, Stop};
use serde::{Deserialize, Serialize};
use ureq::http::Response;
use ureq::{Agent, Body};

use super::cache::{self, Place};
use super::headers::{content_range, hash, join, not_weights, origin, text};
use super::{Hub, Pretrained};
use crate::WeightsError;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// What is worth more tries: a connection that brings this much each time will end.
const WORTHWHILE: u64 = 1 << 20;

/// What a server says of the file before it sends it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Stated {
    /// SHA-256 in hexadecimal.
    sha256: Option<String>,
    /// Bytes of the whole file.
    size: Option<u64>,
    /// A strong validator of the answer itself, which `If-Range` sends back.
    etag: Option<String>,
}

/// A finished transfer.
pub(super) struct Fetched {
    /// Of what lies on the disk.
    pub(super) sha256: Digest,
    /// As the server states it; then the two are equal.
    pub(super) stated: Option<Digest>,
}

/// Why one attempt did not end well.
enum Failure {
    /// Trying again cannot help.
    Final(WeightsError),
    /// Trying again may help, perhaps after as long as the server asks for.
    Again { reason: String, after: Option<Duration> },
}

impl<E: Into<WeightsError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

fn again(reason: impl Into<String>) -> Failure {
    Failure::Again { reason: reason.into(), after: None }
}

/// Fetches into the part, which is whole and as the server states it when this returns.
pub(super) fn run(
    hub: &Hub,
    row: &Pretrained,
    place: &Place,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Fetched, WeightsError> {
    let config = Agent::config_builder()
        .user_agent(concat!("lookalike/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_resolve(Some(hub.connect))
        .timeout_connect(Some(hub.connect))
        .timeout_recv_response(Some(hub.silence))
        .timeout_per_read(Some(hub.silence));
    let config = if hub.proxy { config } else { config.proxy(None) };
    // Numbers of four bytes, and ample room for the header and the norms' counters.
    let most = row.graph().parameters().iter().map(|p| 4 * p.len() as u64).sum::<u64>() + (4 << 20);
    let agent = config.build().new_agent();
    let title = format!("fetching {}", row.name);
    let url = hub.url(row);
    let bar = None;
    Transfer {
        hub,
        place,
        progress,
        stop,
        agent,
        url,
        title,
        most,
        reached: 0,
        answered: false,
        began: false,
        bar,
    }
    .run()
}

struct Transfer<'a> {
    hub: &'a Hub,
    place: &'a Place,
    progress: &'a dyn Progress,
    stop: &'a Stop,
    agent: Agent,
    url: String,
    title: String,
    /// The most bytes that are taken.
    most: u64,
    /// The furthest byte so far.
    reached: u64,
    /// Whether the server has answered anything yet.
    answered: bool,
    /// Whether the part holds bytes of this run.
    began: bool,
    bar: Option<Box<dyn Bar>>,
}

impl Transfer<'_> {
    fn run(&mut self) -> Result<Fetched, WeightsError> {
        let (mut tries, mut mark) = (0, 0);
        loop {
            self.heed_stop()?;
            let (reason, after) = match self.attempt() {
                Ok(fetched) => return Ok(fetched),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again { reason, after }) => (reason, after),
            };
            if self.reached >= mark + WORTHWHILE {
                (mark, tries) = (self.reached, 0);
            }
            tries += 1;
            if tries >= self.hub.attempts {
                return Err(WeightsError::BrokenOff {
                    url: self.url.clone(),
                    received: self.reached,
                    reason,
                });
            }
            let pause = self.hub.pause * 2u32.saturating_pow(tries - 1);
            self.wait(pause.max(after.unwrap_or_default()).min(self.hub.longest_pause))?;
        }
    }

    fn heed_stop(&self) -> Result<(), WeightsError> {
        if self.stop.asked() {
            Err(WeightsError::Stopped { url: self.url.clone() })
        } else {
            Ok(())
        }
    }

    fn wait(&self, pause: Duration) -> Result<(), WeightsError> {
        let until = Instant::now() + pause;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.heed_stop()?;
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        Ok(())
    }

    /// One connection, and at its end the check of the whole.
    fn attempt(&mut self) -> Result<Fetched, Failure> {
        let (have, known) = self.part()?;
        let stated =
            if have > 0 && known.size == Some(have) { known } else { self.receive(have, known)? };
        let stated = stated.sha256.and_then(|sha256| sha256.parse::<Digest>().ok());
        let sha256 = cache::digest_of(&self.place.part)?;
        match stated {
            Some(stated) if stated != sha256 => {
                self.place.discard_part();
                if have > 0 {
                    // What lay there before may be to blame; a fresh start tells.
                    return Err(again("what had come before was damaged"));
                }
                Err(WeightsError::WrongHash { url: self.url.clone(), stated, found: sha256 }.into())
            }
            stated => Ok(Fetched { sha256, stated }),
        }
    }

    /// How much is there already that can be gone on from, and what the server said of the whole.
    fn part(&self) -> Result<(u64, Stated), WeightsError> {
        let have = fs::metadata(&self.place.part).map_or(0, |metadata| metadata.len());
        let known = cache::read_json::<Stated>(&self.place.part_record)?.unwrap_or_default();
        // Another run's bytes may have suffered a power cut, which only a hash would show.
        let trusted = known.sha256.is_some() || self.began && known.etag.is_some();
        if trusted && have <= known.size.unwrap_or(u64::MAX) {
            Ok((have, known))
        } else {
            Ok((0, known))
        }
    }

    /// Asks for what is missing and appends it to the part.
    fn receive(&mut self, have: u64, known: Stated) -> Result<Stated, Failure> {
        let (response, stated) = self.request(have, &known)?;
        self.answered = true;
        let status = response.status().as_u16();
        let headers = response.headers();
        let (start, total) = match status {
            200 => (0, response.body().content_length()),
            206 => content_range(headers).unwrap_or((u64::MAX, None)),
            408 | 416 | 429 | 500..=599 => {
                if status == 416 {
                    self.place.discard_part();
                }
                let after = text(headers, "retry-after").and_then(|s| s.parse().ok());
                let after = after.map(Duration::from_secs);
                return Err(Failure::Again { reason: format!("status {status}"), after });
            }
            _ => return Err(WeightsError::Status { url: self.url.clone(), status }.into()),
        };
        if let (Some(stated), Some(found)) = (stated.size, total)
            && stated != found
        {
            return Err(WeightsError::WrongSize { url: self.url.clone(), stated, found }.into());
        }
        let mut stated = Stated { size: stated.size.or(total), ..stated };
        if start > 0 {
            let changed = |old: &Option<String>, new: &Option<String>| {
                old.is_some() && new.is_some() && old != new
            };
            let same_size =
                known.size.is_none() || stated.size.is_none() || known.size == stated.size;
            if start != have || changed(&known.sha256, &stated.sha256) || !same_size {
                self.place.discard_part();
                return Err(again("the server's file has changed"));
            }
            stated = Stated {
                sha256: stated.sha256.or(known.sha256),
                size: stated.size.or(known.size),
                etag: stated.etag.or(known.etag),
            };
        }
        if let Some(size) = stated.size.filter(|&size| size > self.most) {
            return Err(self.too_large(size));
        }
        self.body(response, start, stated)
    }

    /// Takes the body, from byte `start` of the file on.
    fn body(
        &mut self,
        response: Response<Body>,
        start: u64,
        stated: Stated,
    ) -> Result<Stated, Failure> {
        let part = &self.place.part;
        let open = || {
            let mut file =
                fs::File::options().create(true).write(true).truncate(false).open(part)?;
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start)).map(|_| file)
        };
        let mut file = open().map_err(FileError::at("create", part))?;
        cache::write_json(&self.place.part_record, &stated)?;
        self.began = true;
        let bar = self.bar.get_or_insert_with(|| self.progress.begin(&self.title, stated.size));
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        let mut opening = Vec::new();
        let (mut have, mut since, mut came) = (start, Instant::now(), 0);
        loop {
            bar.advance(have.saturating_sub(self.reached));
            self.reached = self.reached.max(have);
            if self.stop.asked() {
                return Err(WeightsError::Stopped { url: self.url.clone() }.into());
            }
            let piece = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => &buffer[..n],
                Err(error) => return Err(again(error.to_string())),
            };
            have += piece.len() as u64;
            came += piece.len() as u64;
            if have > self.most {
                return Err(self.too_large(have));
            }
            if let Some(stated) = stated.size.filter(|&size| have > size) {
                self.place.discard_part();
                return Err(
                    WeightsError::WrongSize { url: self.url.clone(), stated, found: have }.into()
                );
            }
            if start == 0 && opening.len() < 9 {
                opening.extend(&piece[..piece.len().min(40)]);
                if let Some(strange) = not_weights(&opening) {
                    self.place.discard_part();
                    return Err(
                        WeightsError::NotWeights { url: self.url.clone(), start: strange }.into()
                    );
                }
            }
            Disk.append(&mut file, piece).map_err(FileError::at("write", part))?;
            if since.elapsed() >= self.hub.window {
                if came < self.hub.slowest {
                    let seconds = since.elapsed().as_secs_f32();
                    return Err(again(format!("only {came} bytes came in {seconds:.0} s")));
                }
                (since, came) = (Instant::now(), 0);
            }
        }
        if stated.size.is_some_and(|size| have < size) {
            return Err(again("the connection ended early"));
        }
        Disk.sync(&file).map_err(FileError::at("sync", part))?;
        Ok(stated)
    }

    fn too_large(&self, size: u64) -> Failure {
        self.place.discard_part();
        WeightsError::TooLarge { url: self.url.clone(), size, limit: self.most }.into()
    }

    /// Sends the request and follows redirects. The hub states the file's SHA-256 and size on its
    /// own answer, which sends on to a store that may know neither; so both are gathered on the
    /// way, from the hub itself only.
    fn request(&self, have: u64, known: &Stated) -> Result<(Response<Body>, Stated), Failure> {
        let mut url = self.url.clone();
        let mut stated = Stated::default();
        for _ in 0..=REDIRECTS {
            self.heed_stop()?;
            let mut request = self.agent.get(&url).header("accept-encoding", "identity");
            if have > 0 {
                request = request.header("range", format!("bytes={have}-"));
                if let Some(etag) = &known.etag {
                    request = request.header("if-range", etag);
                }
            }
            let response = request.call().map_err(|error| self.failed(error, &url))?;
            let headers = response.headers();
            if origin(&url) == origin(&self.url) {
                stated.sha256 = stated.sha256.or_else(|| hash(headers, "x-linked-etag"));
                stated.size = stated.size.or_else(|| text(headers, "x-linked-size")?.parse().ok());
            }
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                stated.sha256 = stated.sha256.or_else(|| hash(headers, "etag"));
                stated.etag =
                    text(headers, "etag").filter(|etag| etag.starts_with('"')).map(str::to_owned);
                return Ok((response, stated));
            }
            let astray = |how: String| WeightsError::Redirect { url: url.clone(), how };
            let location = text(headers, "location").ok_or_else(|| astray("to nowhere".into()))?;
            let next = join(&url, location).ok_or_else(|| astray("to what is not HTTP".into()))?;
            if url.starts_with("https:") && !next.starts_with("https:") {
                return Err(astray("from https to http".into()).into());
            }
            url = next;
        }
        let how = format!("more than {REDIRECTS} times");
        Err(WeightsError::Redirect { url: self.url.clone(), how }.into())
    }

    /// A machine without a network should learn so at once; a server that has answered before is
    /// worth another try.
    fn failed(&self, error: ureq::Error, url: &str) -> Failure {
        use std::io::ErrorKind as Kind;
        use ureq::{Error, Timeout};
        let worth_it = match &error {
            Error::Io(e) => {
                let broke = [
                    Kind::ConnectionReset,
                    Kind::ConnectionAborted,
                    Kind::UnexpectedEof,
                    Kind::BrokenPipe,
                ];
                self.answered || broke.contains(&e.kind())
            }
            Error::HostNotFound
            | Error::ConnectionFailed
            | Error::ConnectProxyFailed(_)
            | Error::Timeout(Timeout::Resolve | Timeout::Connect) => self.answered,
            Error::Timeout(_) => true,
            _ => false,
        };
        if worth_it {
            return again(error.to_string());
        }
        WeightsError::Unreachable { url: url.to_owned(), source: Box::new(error) }.into()
    }
}
