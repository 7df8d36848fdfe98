use std::time::Duration;

use fetch::Guard;

use crate::archive;

/// How to collect: for which class, how politely, how patiently, and within which limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The class of all pictures, whatever the sources say.
    pub class: Option<String>,
    /// How the user can be reached, which every server is told.
    pub contact: Option<String>,
    /// Whether the network is forbidden.
    pub offline: bool,
    /// Whether to try again what an earlier run could not fetch, whatever the reason was.
    pub again: bool,
    /// Whether each picture is decoded wholly before it is kept; else only its first bytes count.
    pub whole: bool,
    /// The least width and height of a picture that is kept, in pixels; icons are smaller.
    pub smallest: u32,
    /// The most bytes of one picture, also after decompression.
    pub most: u64,
    /// Which addresses may be connected to.
    pub guard: Guard,
    /// The most connections to one host at a time.
    pub per_host: usize,
    /// The most connections at a time.
    pub connections: usize,
    /// How many tries an address has.
    pub attempts: u32,
    /// The pause before the second try. It doubles with each further one; the actual pause is drawn
    /// between half of that and all of it.
    pub pause: Duration,
    /// The longest pause. A server that asks for a longer one is left alone in this run.
    pub longest_pause: Duration,
    /// How long looking up a server's name may take, and how long connecting to it.
    pub connect: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
    /// How long one try may take in all.
    pub total: Duration,
    /// The time in which at least [`Settings::slowest`] bytes must come.
    pub window: Duration,
    /// See [`Settings::window`].
    pub slowest: u64,
    /// After so many addresses in a row without an answer a host is left alone in this run.
    pub strikes: u32,
    /// Limits on archives.
    pub archive: archive::Limits,
    /// Threads that decode.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            class: None,
            contact: None,
            offline: false,
            again: false,
            whole: true,
            smallest: 32,
            most: pictures::Limits::default().max_bytes,
            guard: Guard::default(),
            per_host: 4,
            connections: 64,
            attempts: 4,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(15),
            total: Duration::from_secs(120),
            window: Duration::from_secs(10),
            slowest: 10 << 10,
            strikes: 8,
            archive: archive::Limits::default(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

impl Settings {
    /// The `User-Agent` that servers see.
    #[must_use]
    pub fn user_agent(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        match &self.contact {
            Some(contact) => format!("lookalike/{version} (+{contact})"),
            None => format!("lookalike/{version} (collects pictures to learn from)"),
        }
    }
}
