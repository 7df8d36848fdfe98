//! One try at one address: robots.txt, redirects, then the body.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fetch::{Client, FetchError, Hops, Response, Url};
use ground::Stop;

use super::gate::{Closed, Gate, Pass};
use super::headers::{kept_from_robots, licence};
use super::robots::{self, Robots};
use crate::Settings;
use crate::address;

/// How many redirects are followed.
const REDIRECTS: usize = 10;

/// A picture's file, perhaps.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    /// Where the last redirect led.
    pub(crate) address: String,
    /// What the server says of the licence.
    pub(crate) licence: String,
}

/// Why nothing was fetched.
#[derive(Debug)]
pub(crate) enum Not {
    /// It is not allowed: by our rules or the server's.
    Refused(String),
    /// It cannot be fetched, and that is final.
    Failed(String),
    /// Another try is worth it, perhaps not before a time that the server asked for.
    Again {
        reason: String,
        after: Option<Duration>,
        /// The server asked for time with 429 or 503, so others should wait too.
        busy: bool,
    },
    /// The host is left alone in this run.
    Shut(String),
    /// The end was asked for.
    Stopped,
}

impl From<Closed> for Not {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Shut(why) => Self::Shut(why),
            Closed::Stopped => Self::Stopped,
        }
    }
}

impl From<FetchError> for Not {
    fn from(error: FetchError) -> Self {
        let reason = error.to_string();
        match error {
            FetchError::Stopped => Self::Stopped,
            FetchError::Private(_) | FetchError::Scheme(_) => Self::Refused(reason),
            FetchError::Redirect(_) => Self::Failed(format!("it {reason}")),
            _ if error.is_temporary() => {
                let busy = matches!(error, FetchError::Status { status: 429 | 503, .. });
                Self::Again { reason, after: error.after(), busy }
            }
            _ => Self::Failed(reason),
        }
    }
}

/// The rules of a host, once somebody has asked for them.
type Asked = Mutex<Option<Arc<Robots>>>;

/// Fetches, and remembers what each host wants of robots.
pub(crate) struct Fetcher<'a> {
    settings: &'a Settings,
    gate: &'a Gate,
    stop: &'a Stop,
    client: Client,
    /// By scheme, host and port. Whoever comes first asks, the others wait.
    robots: Mutex<HashMap<String, Arc<Asked>>>,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(settings: &'a Settings, gate: &'a Gate, stop: &'a Stop) -> Self {
        let client = fetch::Settings {
            user_agent: settings.user_agent(),
            accept: "image/jpeg, image/png, image/webp, image/gif, image/bmp, */*;q=0.1".into(),
            guard: settings.guard.clone(),
            // Through a proxy it would be the proxy that decides what a name means.
            proxy: false,
            idle: (settings.connections, settings.per_host),
            connect: settings.connect,
            silence: settings.silence,
            window: settings.window,
            slowest: settings.slowest,
        };
        let client = Client::new(client, stop.clone());
        Self { settings, gate, stop, client, robots: Mutex::default() }
    }

    /// Breaks all connections off.
    pub(crate) fn shut_down(&self) {
        self.client.shut_down();
    }

    /// One try at an address.
    pub(crate) fn fetch(&self, url: &Url) -> Result<Fetched, Not> {
        let until = Instant::now() + self.settings.total;
        let (url, response, _pass) = self.follow(url, until, true)?;
        if response.status().as_u16() != 200 {
            return Err(FetchError::of_status(&response).into());
        }
        if let Some(directive) = kept_from_robots(response.headers()) {
            return Err(Not::Refused(format!("the server says `X-Robots-Tag: {directive}`")));
        }
        let licence = licence(response.headers());
        let bytes = self.client.bytes(response, self.settings.most, Some(until))?;
        Ok(Fetched { bytes, address: url.into(), licence })
    }

    /// Sends the request and follows redirects; every address is checked as the first.
    fn follow(
        &self,
        url: &Url,
        until: Instant,
        heed_robots: bool,
    ) -> Result<(Url, Response, Pass<'a>), Not> {
        let mut hops = Hops::new(url.clone(), REDIRECTS);
        loop {
            let url = hops.url();
            address::check(url).map_err(Not::Refused)?;
            if heed_robots && !self.robots(url, until)?.allows(&path(url)) {
                let host = url.host_str().unwrap_or_default();
                return Err(Not::Refused(format!("robots.txt of `{host}` asks not to fetch it")));
            }
            // A thread that waits for a place holds none, so that there is no deadlock.
            let pass = self.gate.enter(&address::host(url), self.stop)?;
            let response = self.client.send(url, &[], Some(until));
            let response = response.map_err(|error| self.failed(error, &pass))?;
            self.gate.answered(pass.host());
            if !hops.follow(&response)? {
                return Ok((hops.url().clone(), response, pass));
            }
        }
    }

    /// Counts a host that gives no answer.
    fn failed(&self, error: FetchError, pass: &Pass<'_>) -> Not {
        let unknown = error.is_unknown_host();
        let mut not = Not::from(error);
        if let Not::Again { reason, .. } = &mut not {
            if unknown {
                *reason = format!("no host `{}` is found", pass.host());
            }
            self.gate.failed(pass.host(), if unknown { "no such host" } else { reason });
        }
        not
    }

    /// The rules of an address's host for robots; asked for once.
    fn robots(&self, url: &Url, until: Instant) -> Result<Arc<Robots>, Not> {
        let origin = url.origin().ascii_serialization();
        let slot = {
            let mut known = self.robots.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(origin).or_default().clone()
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(robots) = &*slot {
            return Ok(robots.clone());
        }
        let robots = Arc::new(self.ask_for_robots(url, until)?);
        *slot = Some(robots.clone());
        Ok(robots)
    }

    /// As RFC 9309 has it: no file, no rules; and a server in trouble is left alone, which another
    /// try may change.
    fn ask_for_robots(&self, url: &Url, until: Instant) -> Result<Robots, Not> {
        let Ok(place) = url.join("/robots.txt") else { return Ok(Robots::closed()) };
        let (_, response, _pass) = match self.follow(&place, until, false) {
            Ok(answer) => answer,
            // Redirects without end, or to nowhere: as good as no file.
            Err(Not::Failed(_)) => return Ok(Robots::open()),
            Err(Not::Refused(why)) if address::host(&place) != address::host(url) => {
                return Err(Not::Refused(why));
            }
            Err(other) => return Err(other),
        };
        match response.status().as_u16() {
            200..=299 => match self.client.bytes(response, 4 * robots::MOST as u64, Some(until)) {
                Ok(text) => Ok(Robots::parse(&text)),
                Err(error) => match error.into() {
                    Not::Failed(_) => Ok(Robots::closed()),
                    other => Err(other),
                },
            },
            429 | 500..=599 => Err(FetchError::of_status(&response).into()),
            _ => Ok(Robots::open()),
        }
    }
}

/// What robots.txt is asked about.
fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
