//! The client: requests and bodies within the limits of its settings.

use std::time::{Duration, Instant};

use ground::Stop;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Proxy};
use url::Url;

use crate::body::{self, Watched};
use crate::error::FetchError;
use crate::guard::Guard;
use crate::headers::text;

/// What a server answers: status and headers, and a body to be read.
pub type Response = ureq::http::Response<Body>;

/// How to fetch: as whom, from where, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The `Accept` header.
    pub accept: String,
    /// Which network addresses may be connected to.
    pub guard: Guard,
    /// Whether to go through the proxy that the environment names. The proxy then decides what a
    /// name means, not the guard.
    pub proxy: bool,
    /// Connections that are kept open for the next request: in all, and to one host.
    pub idle: (usize, usize),
    /// How long looking up a server's name may take, and how long connecting to it.
    pub connect: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
    /// The time in which at least [`Settings::slowest`] bytes of a body must come.
    pub window: Duration,
    /// See [`Settings::window`].
    pub slowest: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: concat!("lookalike/", env!("CARGO_PKG_VERSION")).into(),
            accept: "*/*".into(),
            guard: Guard::default(),
            proxy: false,
            idle: (10, 3),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(20),
            window: Duration::from_secs(30),
            slowest: 10 << 10,
        }
    }
}

/// Sends requests and reads what comes, until it is stopped.
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    stop: Stop,
    agent: Agent,
}

impl Client {
    /// A client with these settings, which ends when `stop` asks for it.
    #[must_use]
    pub fn new(settings: Settings, stop: Stop) -> Self {
        let proxy = Proxy::try_from_env().filter(|_| settings.proxy);
        let mut guard = settings.guard.clone();
        // The user named the proxy, and it may well be in the user's own network.
        guard.hosts.extend(proxy.as_ref().map(|proxy| proxy.host().to_owned()));
        let config = Agent::config_builder()
            .user_agent(&settings.user_agent)
            .accept(&settings.accept)
            .proxy(proxy)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(settings.idle.0)
            .max_idle_connections_per_host(settings.idle.1)
            .timeout_resolve(Some(settings.connect))
            .timeout_connect(Some(settings.connect))
            .timeout_send_request(Some(settings.silence))
            .timeout_recv_response(Some(settings.silence))
            .timeout_per_read(Some(settings.silence))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), guard);
        Self { settings, stop, agent }
    }

    /// Breaks all connections off.
    pub fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends one request, with headers beside the usual ones; what comes back may be a redirect or
    /// an error of the server's. All must have come by `until`.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn send(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
        until: Option<Instant>,
    ) -> Result<Response, FetchError> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(body::too_long());
        }
        self.heed_stop()?;
        let mut request = self.agent.get(url.as_str()).header("accept-encoding", "identity");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.config().timeout_global(left).build().call().map_err(|error| {
            // Breaking connections off is how a request under way is stopped.
            self.heed_stop().err().unwrap_or_else(|| error.into())
        })
    }

    /// A response's body, to be read piece by piece: at most `most` bytes, as fast as the settings
    /// want, and by `until`.
    pub fn watch(&self, response: Response, most: u64, until: Option<Instant>) -> Watched {
        let body = Box::new(response.into_body().into_reader());
        let Settings { window, slowest, .. } = self.settings;
        Watched::new(body, self.stop.clone(), body::Terms { most, window, slowest, until })
    }

    /// A response's whole body, decompressed where the server has compressed it: at most `most`
    /// bytes before and after.
    ///
    /// # Errors
    /// When it does not come whole within the limits.
    pub fn bytes(
        &self,
        response: Response,
        most: u64,
        until: Option<Instant>,
    ) -> Result<Vec<u8>, FetchError> {
        if response.body().content_length().is_some_and(|length| length > most) {
            return Err(FetchError::TooLarge(most));
        }
        let encoding = text(response.headers(), "content-encoding").map(str::to_owned);
        self.watch(response, most, until).decode(encoding.as_deref().unwrap_or_default())
    }

    /// Waits for so long.
    ///
    /// # Errors
    /// When it is stopped meanwhile.
    pub fn wait(&self, pause: Duration) -> Result<(), FetchError> {
        let until = Instant::now() + pause;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            self.heed_stop()?;
            std::thread::sleep(left.min(Duration::from_millis(50)));
        }
        Ok(())
    }

    /// Ends what is under way when the end was asked for.
    ///
    /// # Errors
    /// When it was.
    pub fn heed_stop(&self) -> Result<(), FetchError> {
        if self.stop.asked() { Err(FetchError::Stopped) } else { Ok(()) }
    }
}

/// How long to wait after so many failed tries: the first pause, doubled with each further try.
#[must_use]
pub fn backoff(first: Duration, tries: u32, longest: Duration) -> Duration {
    first.saturating_mul(2u32.saturating_pow(tries.saturating_sub(1))).min(longest)
}

#[cfg(test)]
mod tests;
