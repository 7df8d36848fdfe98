//! One download: resumed after breaks, checked against what the hub states.

use std::fs;
use std::io::{Seek, SeekFrom};

use fetch::{Client, FetchError, Hops, Response, Url, Watched, backoff, text};
use ground::files::{Disk, FileError, Files};
use ground::progress::{Bar, Progress};
use ground::{Digest, Stop};
use serde::{Deserialize, Serialize};

use super::cache::{self, Paths};
use super::headers::{content_range, hash, not_weights};
use super::{Hub, Pretrained};
use crate::WeightsError;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// A connection that brings this many bytes each time will end, so it may have more tries.
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
    /// The digest of what is on the disk.
    pub(super) sha256: Digest,
    /// The same digest, if the server states it.
    pub(super) stated: Option<Digest>,
}

/// Why one attempt failed.
enum Failure {
    /// Another try cannot help.
    Final(WeightsError),
    /// Another try may help.
    Again(FetchError),
}

impl<E: Into<WeightsError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

fn again(reason: impl Into<String>) -> Failure {
    Failure::Again(FetchError::Broken(reason.into()))
}

/// Fetches into the part, which is whole and as the server states it when this returns.
pub(super) fn run(
    hub: &Hub,
    row: &Pretrained,
    paths: &Paths,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Fetched, WeightsError> {
    let client = fetch::Settings {
        guard: hub.guard.clone(),
        proxy: hub.proxy,
        connect: hub.connect,
        silence: hub.silence,
        window: hub.window,
        slowest: hub.slowest,
        ..fetch::Settings::default()
    };
    // Numbers of four bytes, and ample room for the header and the norms' counters.
    let most = row.graph().parameters().iter().map(|p| 4 * p.len() as u64).sum::<u64>() + (4 << 20);
    Transfer {
        hub,
        paths,
        progress,
        client: Client::new(client, stop.clone()),
        url: hub.url(row),
        title: format!("fetching {}", row.name),
        most,
        reached: 0,
        answered: false,
        began: false,
        bar: None,
    }
    .run()
}

struct Transfer<'a> {
    hub: &'a Hub,
    paths: &'a Paths,
    progress: &'a dyn Progress,
    client: Client,
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
            let error = match self.attempt() {
                Ok(fetched) => return Ok(fetched),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again(error)) => error,
            };
            if self.reached >= mark + WORTHWHILE {
                (mark, tries) = (self.reached, 0);
            }
            tries += 1;
            if tries >= self.hub.attempts {
                let (url, received) = (self.url.clone(), self.reached);
                return Err(WeightsError::BrokenOff { url, received, reason: error.to_string() });
            }
            let longest = self.hub.longest_pause;
            let pause = backoff(self.hub.pause, tries, longest);
            let asked = error.after().unwrap_or_default().min(longest);
            self.client.wait(pause.max(asked)).map_err(|_| self.stopped())?;
        }
    }

    fn stopped(&self) -> WeightsError {
        WeightsError::Stopped { url: self.url.clone() }
    }

    /// Whether what happened at this address is worth another try. A machine without a network
    /// should learn so at once; a server that has answered before is worth another try.
    fn failed(&self, error: FetchError, url: &str) -> Failure {
        let url = url.to_owned();
        Failure::Final(match error {
            FetchError::Stopped => self.stopped(),
            FetchError::Unreachable(_) if !self.answered => {
                WeightsError::Unreachable { url, source: error }
            }
            _ if error.is_temporary() => return Failure::Again(error),
            FetchError::Status { status, .. } => WeightsError::Status { url, status },
            FetchError::Redirect(how) => WeightsError::Redirect { url, how },
            FetchError::Scheme(_) => {
                WeightsError::Redirect { url, how: "to what is not HTTP".into() }
            }
            FetchError::TooLarge(_) => return self.too_large(self.reached.max(self.most + 1)),
            _ => WeightsError::Unreachable { url, source: error },
        })
    }

    /// One connection, and at its end the check of the whole.
    fn attempt(&mut self) -> Result<Fetched, Failure> {
        let (have, known) = self.part()?;
        let stated =
            if have > 0 && known.size == Some(have) { known } else { self.receive(have, known)? };
        let stated = stated.sha256.and_then(|sha256| sha256.parse::<Digest>().ok());
        let sha256 = cache::digest_of(&self.paths.part)?;
        match stated {
            Some(stated) if stated != sha256 => {
                self.paths.discard_part();
                if have > 0 {
                    // What lay there before may be to blame; a fresh start tells.
                    return Err(again("what had come before was damaged"));
                }
                Err(WeightsError::WrongHash { url: self.url.clone(), stated, found: sha256 }.into())
            }
            stated => Ok(Fetched { sha256, stated }),
        }
    }

    /// How many bytes are there to resume from, and what the server said of the whole file.
    fn part(&self) -> Result<(u64, Stated), WeightsError> {
        let have = fs::metadata(&self.paths.part).map_or(0, |metadata| metadata.len());
        let known = cache::read_json::<Stated>(&self.paths.part_record)?.unwrap_or_default();
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
            416 => {
                self.paths.discard_part();
                return Err(again("status 416"));
            }
            _ => return Err(self.failed(FetchError::of_status(&response), &self.url)),
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
                self.paths.discard_part();
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
        let body = self.client.watch(response, self.most - start.min(self.most), None);
        self.body(body, start, stated)
    }

    /// Takes the body, from byte `start` of the file on.
    fn body(&mut self, mut body: Watched, start: u64, stated: Stated) -> Result<Stated, Failure> {
        let paths = self.paths;
        let part = &paths.part;
        let open = || {
            let mut file =
                fs::File::options().create(true).write(true).truncate(false).open(part)?;
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start)).map(|_| file)
        };
        let mut file = open().map_err(FileError::at("create", part))?;
        cache::write_json(&self.paths.part_record, &stated)?;
        self.began = true;
        let mut buffer = vec![0; 1 << 16];
        let mut opening = Vec::new();
        let mut have = start;
        loop {
            self.advance(have, stated.size);
            let piece = match body.piece(&mut buffer) {
                Ok([]) => break,
                Ok(piece) => piece,
                Err(error) => return Err(self.failed(error, &self.url)),
            };
            have += piece.len() as u64;
            if let Some(stated) = stated.size.filter(|&size| have > size) {
                self.paths.discard_part();
                let url = self.url.clone();
                return Err(WeightsError::WrongSize { url, stated, found: have }.into());
            }
            if start == 0 && opening.len() < 9 {
                opening.extend(&piece[..piece.len().min(40)]);
                if let Some(start) = not_weights(&opening) {
                    self.paths.discard_part();
                    return Err(WeightsError::NotWeights { url: self.url.clone(), start }.into());
                }
            }
            Disk.append(&mut file, piece).map_err(FileError::at("write", part))?;
        }
        if stated.size.is_some_and(|size| have < size) {
            return Err(again("the connection ended early"));
        }
        Disk.sync(&file).map_err(FileError::at("sync", part))?;
        Ok(stated)
    }

    fn advance(&mut self, have: u64, size: Option<u64>) {
        let bar = self.bar.get_or_insert_with(|| self.progress.begin(&self.title, size));
        bar.advance(have.saturating_sub(self.reached));
        self.reached = self.reached.max(have);
    }

    fn too_large(&self, size: u64) -> Failure {
        self.paths.discard_part();
        WeightsError::TooLarge { url: self.url.clone(), size, limit: self.most }.into()
    }

    /// Sends the request and follows redirects. The hub states the file's SHA-256 and size on its
    /// own answer, which sends on to a store that may know neither; so both are gathered on the
    /// way, from the hub itself only.
    fn request(&self, have: u64, known: &Stated) -> Result<(Response, Stated), Failure> {
        let first = Url::parse(&self.url).map_err(|error| WeightsError::Redirect {
            url: self.url.clone(),
            how: format!("nowhere: it is not an address ({error})"),
        })?;
        let range = format!("bytes={have}-");
        let mut headers = vec![];
        if have > 0 {
            headers.push(("range", range.as_str()));
            headers.extend(known.etag.as_deref().map(|etag| ("if-range", etag)));
        }
        let mut hops = Hops::new(first.clone(), REDIRECTS);
        let mut stated = Stated::default();
        loop {
            let asked = hops.url().clone();
            let failed = |error| self.failed(error, asked.as_str());
            let response = self.client.send(&asked, &headers, None).map_err(failed)?;
            let headers = response.headers();
            if asked.origin() == first.origin() {
                stated.sha256 = stated.sha256.or_else(|| hash(headers, "x-linked-etag"));
                stated.size = stated.size.or_else(|| text(headers, "x-linked-size")?.parse().ok());
            }
            if !hops.follow(&response).map_err(failed)? {
                stated.sha256 = stated.sha256.or_else(|| hash(headers, "etag"));
                stated.etag =
                    text(headers, "etag").filter(|etag| etag.starts_with('"')).map(str::to_owned);
                return Ok((response, stated));
            }
        }
    }
}
