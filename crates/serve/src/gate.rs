//! Who may ask: the one place that decides, before anything else is looked at.
//!
//! In this order: the `Host` by which the server is called must be one of its own, as a name that an
//! attacker has pointed at this machine passes every other check; a browser must not ask on behalf of
//! another page; and beyond this machine a token is needed.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method};
use ground::Digest;
use lookalike::{Error, Kind};
use subtle::ConstantTimeEq;

use crate::problem::{Fault, Problem};

/// Names of this machine in every browser.
const OWN: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Letters of a token, at least: enough that nobody guesses it.
const SHORTEST: usize = 16;

/// What a browser says of where a request comes from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The addresses of a connection's two ends; none of a socket at a path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
}

/// Who may ask.
#[derive(Debug)]
pub(crate) struct Gate {
    hosts: Vec<String>,
    origins: Vec<String>,
    token: Option<Token>,
}

/// What a client must know, and what a browser that knew it has in its cookie.
#[derive(Debug)]
struct Token {
    key: Mutex<Key>,
    cookie: String,
    session: String,
    /// Another key, for the browser that the program opens: good for one exchange.
    once: Mutex<Option<String>>,
}

/// A text that opens, for a while or for good.
#[derive(Debug)]
struct Key {
    text: String,
    until: Option<Instant>,
}

impl Key {
    fn is(&self, text: &str) -> bool {
        same(text, &self.text) && self.until.is_none_or(|until| Instant::now() < until)
    }
}

impl Token {
    fn key(&self) -> MutexGuard<'_, Key> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// A gate that a key opens for so long, and a session for good.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn pairing(port: u16, time: Duration) -> Result<Self, Error> {
        let token = Token {
            key: Mutex::new(Key { text: random()?, until: Some(Instant::now() + time) }),
            cookie: format!("lookalike-{port}"),
            session: random()?,
            once: Mutex::new(None),
        };
        Ok(Self { hosts: vec![], origins: vec![], token: Some(token) })
    }

    /// Another key in place of the one before, for so long.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn renew(&self, time: Duration) -> Result<(), Error> {
        if let Some(token) = &self.token {
            *token.key() = Key { text: random()?, until: Some(Instant::now() + time) };
        }
        Ok(())
    }

    /// The key of a pairing, and how long it is good.
    pub(crate) fn paired_by(&self) -> Option<(String, Duration)> {
        let key = self.token.as_ref()?.key();
        let left = key.until?.saturating_duration_since(Instant::now());
        Some((key.text.clone(), left))
    }

    /// # Errors
    /// When a name, an origin or the token will not do.
    pub(crate) fn new(
        hosts: &[String],
        origins: &[String],
        token: Option<String>,
        port: u16,
    ) -> Result<Self, Error> {
        let usage = |what: String, help: &str| Error::refused(Kind::Usage, what).advise(help);
        for host in hosts {
            if name_of(host) != Some(host) {
                let what = format!("`{host}` is not the name of a host");
                return Err(usage(
                    what,
                    "pass a name without a port, as in `--allow-host birds.example.org`",
                ));
            }
        }
        for origin in origins {
            if !is_origin(origin) {
                let what = format!("`{origin}` is not the origin of a page");
                return Err(usage(
                    what,
                    "pass scheme, host and port alone, as in `--allow-origin https://birds.example.org`",
                ));
            }
        }
        let token = match token {
            Some(key) if key.len() < SHORTEST || !key.bytes().all(|b| b.is_ascii_graphic()) => {
                let what = format!(
                    "a token has at least {SHORTEST} printable ASCII characters and no space"
                );
                return Err(usage(what, "make one with `openssl rand -hex 16`"));
            }
            Some(key) => {
                // Of the key, so that a page outlives a restart with the same one.
                let session = Digest::of(format!("session of {key}").as_bytes()).to_string();
                let once = Mutex::new(Some(random()?));
                let key = Mutex::new(Key { text: key, until: None });
                Some(Token { key, cookie: format!("lookalike-{port}"), session, once })
            }
            None => None,
        };
        let lower = |texts: &[String]| texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        Ok(Self { hosts: lower(hosts), origins: lower(origins), token })
    }

    /// The key for the address that is printed, and the one for the browser that is opened.
    pub(crate) fn keys(&self) -> Option<(String, String)> {
        let token = self.token.as_ref()?;
        let once = token.once.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some((token.key().text.clone(), once.unwrap_or_default()))
    }

    /// Whether a key is asked for.
    pub(crate) fn has_key(&self) -> bool {
        self.token.is_some()
    }

    /// Lets a request pass, or says why not.
    pub(crate) fn check(&self, request: &Parts, ends: Ends) -> Result<(), Problem> {
        let host = self.check_host(request, ends)?;
        let open = is_open(request.uri.path());
        let reads = matches!(request.method, Method::GET | Method::HEAD);
        if !(open && reads) {
            self.check_origin(&request.headers, &host)?;
        }
        match open || self.is_preflight(request) || self.knows(&request.headers) {
            true => Ok(()),
            false => {
                Err(Fault::TokenNeeded.because("no token came with the request, or a wrong one"))
            }
        }
    }

    /// The host that the request names, in lower case and with its port.
    fn check_host(&self, request: &Parts, ends: Ends) -> Result<String, Problem> {
        let mut values = request.headers.get_all(HOST).iter();
        let (Some(host), None) = (values.next(), values.next()) else {
            return Err(Fault::ForeignHost.because("a request names its host once"));
        };
        let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
        let name = name_of(&host).unwrap_or_default();
        let here = ends.local.is_some_and(|local| match local {
            SocketAddr::V4(local) => local.ip().to_string() == name,
            SocketAddr::V6(local) => format!("[{}]", local.ip()) == name,
        });
        let other = |authority: &Authority| !authority.as_str().eq_ignore_ascii_case(&host);
        if request.uri.authority().is_some_and(other) {
            return Err(Fault::ForeignHost.because("the request's address names another host"));
        }
        match here || OWN.contains(&name) || self.hosts.iter().any(|known| known == name) {
            true => Ok(host),
            false => {
                let what = format!("the server was called `{}`", lookalike::text::printable(&host));
                Err(Fault::ForeignHost.because(what))
            }
        }
    }

    /// A browser says where a page comes from; other programs say nothing, and need not.
    fn check_origin(&self, headers: &HeaderMap, host: &str) -> Result<(), Problem> {
        let refused = || Fault::ForeignOrigin.because("the request comes from another web page");
        if self.allowed_origin(headers).is_some() {
            return Ok(());
        }
        if let Some(site) = headers.get(SITE) {
            let own = matches!(site.as_bytes(), b"same-origin" | b"none");
            return if own { Ok(()) } else { Err(refused()) };
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let (origin, other) = (origins.next(), origins.next());
        let Some(origin) = origin else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        let own = ["http://", "https://"]
            .iter()
            .any(|scheme| origin.strip_prefix(scheme).is_some_and(|rest| rest == host));
        if own && other.is_none() { Ok(()) } else { Err(refused()) }
    }

    /// The origin of a request, if it is one of those from elsewhere that may ask.
    pub(crate) fn allowed_origin<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let origin = headers.get(ORIGIN)?.to_str().ok()?;
        self.origins.iter().any(|known| known.eq_ignore_ascii_case(origin)).then_some(origin)
    }

    /// Whether a browser asks if it may ask. It sends no token with that.
    pub(crate) fn is_preflight(&self, request: &Parts) -> bool {
        request.method == Method::OPTIONS
            && request.headers.contains_key("access-control-request-method")
            && self.allowed_origin(&request.headers).is_some()
    }

    /// Whether a request comes with the token, or with the cookie of a session.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get(AUTHORIZATION).and_then(|value| {
            let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs =
            cookies.flat_map(|all| all.split(';')).filter_map(|one| one.trim().split_once('='));
        let mut sessions = pairs.filter(|(name, _)| *name == token.cookie).map(|(_, value)| value);
        bearer.is_some_and(|key| token.key().is(key)) || sessions.any(|s| same(s, &token.session))
    }

    /// The cookie for a browser that knows the key; none if it does not, or none is needed.
    pub(crate) fn session(&self, key: &str) -> Option<String> {
        let token = self.token.as_ref()?;
        let Token { cookie, session, once, .. } = token;
        let mut once = once.lock().unwrap_or_else(PoisonError::into_inner);
        let first = once.take_if(|once| same(key, once)).is_some();
        (first || token.key().is(key))
            .then(|| format!("{cookie}={session}; Path=/; HttpOnly; SameSite=Strict"))
    }
}

/// Whether a request with this head may ask a server that has a name, a page elsewhere and a token, or the
/// status of the problem with it: for the fuzzer. A head that is none passes nobody.
///
/// # Errors
/// With the status of the problem.
#[doc(hidden)]
pub fn may_ask(head: &str) -> Result<(), u16> {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut request = axum::http::Request::builder().method(method).uri(target);
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(()).map_err(|_| 400u16)?.into_parts();
    let [host, origin] =
        ["birds.example", "https://birds.example"].map(|text| vec![text.to_owned()]);
    let gate = Gate::new(&host, &origin, Some("a-token-of-fuzzing".into()), 8000);
    let gate = gate.map_err(|_| 500u16)?;
    gate.check(&parts, Ends::default()).map_err(|problem| problem.fault.status().as_u16())
}

/// Compares in a time that tells nothing of where two texts differ.
fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Whether a page or a state of health lies at a path: no answers, and no training pictures. A session
/// is open too, as it begins with the key.
fn is_open(path: &str) -> bool {
    !(path.starts_with("/v1/") || matches!(path, "/v1" | "/report" | "/metrics"))
}

/// The name in `name[:port]`, where that is one.
fn name_of(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') {
        host.find(']')? + 1
    } else {
        host.find(':').unwrap_or(host.len())
    };
    let (name, rest) = host.split_at(end);
    let port = rest.is_empty()
        || rest
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'));
    let plain =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (port && !name.is_empty() && name.bytes().all(plain)).then_some(name)
}

/// Whether a text is scheme, host and port and nothing else.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|host| name_of(&host.to_ascii_lowercase()).is_some())
}

/// A hundred and twenty-eight random bits.
///
/// # Errors
/// When the system has none.
pub(crate) fn random() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::refused(Kind::Failed, format!("the system has no random numbers: {error}"))
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
