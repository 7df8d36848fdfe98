//! One try at one address: robots.txt, redirects by hand, then the body.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ground::Stop;
use ureq::http::Response;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};
use url::Url;

use super::body::{self, Broken, Terms};
use super::gate::{Closed, Gate, Pass};
use super::guard::Private;
use super::headers::{kept_from_robots, licence, retry_after, text};
use super::robots::{self, Robots};
use crate::Settings;
use crate::address;

/// How many redirects are followed.
const REDIRECTS: usize = 10;

/// What came.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) bytes: Vec<u8>,
    /// Where the last redirect led.
    pub(crate) address: String,
    /// What the server says of the licence.
    pub(crate) licence: String,
}

/// Why nothing came.
#[derive(Debug)]
pub(crate) enum Not {
    /// It may not be had: our rules or the server's.
    Refused(String),
    /// It cannot be had, and that is final.
    Failed(String),
    /// Worth another try, perhaps not before a time that the server asked for.
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

fn again(reason: impl Into<String>) -> Not {
    Not::Again { reason: reason.into(), after: None, busy: false }
}

impl From<Closed> for Not {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Shut(why) => Self::Shut(why),
            Closed::Stopped => Self::Stopped,
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
    agent: Agent,
    /// By scheme, host and port. Whoever comes first asks, the others wait.
    robots: Mutex<HashMap<String, Arc<Asked>>>,
}

impl<'a> Fetcher<'a> {
    pub(crate) fn new(settings: &'a Settings, gate: &'a Gate, stop: &'a Stop) -> Self {
        let config = Agent::config_builder()
            .user_agent(settings.user_agent())
            .accept("image/jpeg, image/png, image/webp, image/gif, image/bmp, */*;q=0.1")
            // Through a proxy it would be the proxy's resolver that decides.
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(settings.connections)
            .max_idle_connections_per_host(settings.per_host)
            .timeout_global(Some(settings.total))
            .timeout_resolve(Some(settings.connect))
            .timeout_connect(Some(settings.connect))
            .timeout_send_request(Some(settings.silence))
            .timeout_recv_response(Some(settings.silence))
            .timeout_per_read(Some(settings.silence))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), settings.guard.clone());
        Self { settings, gate, stop, agent, robots: Mutex::default() }
    }

    /// Breaks all connections off.
    pub(crate) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// One try at an address.
    pub(crate) fn fetch(&self, url: &Url) -> Result<Fetched, Not> {
        let until = Instant::now() + self.settings.total;
        let (url, response, _pass) = self.follow(url, until, true)?;
        let headers = response.headers();
        match response.status().as_u16() {
            200 => {}
            status => return Err(self.not(status, &response)),
        }
        if let Some(directive) = kept_from_robots(headers) {
            return Err(Not::Refused(format!("the server says `X-Robots-Tag: {directive}`")));
        }
        let licence = licence(headers);
        let bytes = self.take(response, self.settings.most, until)?;
        Ok(Fetched { bytes, address: url.into(), licence })
    }

    fn take(&self, response: Response<Body>, most: u64, until: Instant) -> Result<Vec<u8>, Not> {
        let too_large = || Not::Failed(format!("more than {most} bytes"));
        if response.body().content_length().is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let encoding = text(response.headers(), "content-encoding").map(str::to_owned);
        let Settings { window, slowest, .. } = *self.settings;
        let terms = Terms { most, window, slowest, until };
        let body = response.into_body().into_reader();
        body::take(body, encoding.as_deref(), terms, self.stop).map_err(|broken| match broken {
            Broken::TooLarge => too_large(),
            Broken::Again(why) => again(why),
            Broken::Packed(why) => Not::Failed(why),
            Broken::Stopped => Not::Stopped,
        })
    }

    fn not(&self, status: u16, response: &Response<Body>) -> Not {
        let reason = format!("status {status}");
        match status {
            408 | 425 | 429 | 500..=599 => Not::Again {
                reason,
                after: retry_after(response.headers(), SystemTime::now()),
                busy: matches!(status, 429 | 503),
            },
            _ => Not::Failed(reason),
        }
    }

    /// Sends the request and follows redirects; every hop is checked as the first.
    fn follow(
        &self,
        url: &Url,
        until: Instant,
        heed_robots: bool,
    ) -> Result<(Url, Response<Body>, Pass<'a>), Not> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            address::check(&url).map_err(Not::Refused)?;
            if heed_robots && !self.robots(&url, until)?.allows(&path(&url)) {
                let host = url.host_str().unwrap_or_default();
                return Err(Not::Refused(format!("robots.txt of `{host}` asks not to fetch it")));
            }
            // Nobody who waits for a place holds one, so that none wait for each other.
            let pass = self.gate.enter(&address::host(&url), self.stop)?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(again("it took too long in all"));
            }
            let request = self.agent.get(url.as_str()).header("accept-encoding", "identity");
            let request = request.config().timeout_global(Some(left)).build();
            let response = request.call().map_err(|error| self.failed(error, &pass))?;
            self.gate.answered(pass.host());
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok((url, response, pass));
            }
            let astray = |how: &str| Not::Failed(format!("it redirects {how}"));
            let location =
                text(response.headers(), "location").ok_or_else(|| astray("to nowhere"))?;
            let mut next = url.join(location).map_err(|_| astray("to what is no address"))?;
            next.set_fragment(None);
            if url.scheme() == "https" && next.scheme() == "http" {
                return Err(astray("from https to http"));
            }
            url = next;
        }
        Err(Not::Failed(format!("it redirects more than {REDIRECTS} times")))
    }

    fn failed(&self, error: ureq::Error, pass: &Pass<'_>) -> Not {
        use ureq::Error;
        if self.stop.asked() {
            return Not::Stopped;
        }
        match error {
            Error::Other(inner) if inner.is::<Private>() => Not::Refused(inner.to_string()),
            Error::HostNotFound => {
                self.gate.failed(pass.host(), "no such host");
                again(format!("no host `{}` is found", pass.host()))
            }
            Error::Io(_) | Error::Timeout(_) | Error::ConnectionFailed | Error::BodyStalled => {
                let why = error.to_string();
                self.gate.failed(pass.host(), &why);
                again(why)
            }
            other => Not::Failed(other.to_string()),
        }
    }

    /// What the host of an address wants of us; asked for once.
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
            200..=299 => match self.take(response, 4 * robots::MOST as u64, until) {
                Ok(text) => Ok(Robots::parse(&text)),
                Err(Not::Failed(_)) => Ok(Robots::closed()),
                Err(other) => Err(other),
            },
            429 | 500..=599 => Err(self.not(response.status().as_u16(), &response)),
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
