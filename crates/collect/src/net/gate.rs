//! How many connections a host has, and which hosts are left alone for now.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ground::Stop;

/// How long to sleep between two looks at the request to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Lets so many connections to each host through, and makes each wait as the host asked.
#[derive(Debug)]
pub(crate) struct Gate {
    per_host: usize,
    strikes: u32,
    hosts: Mutex<HashMap<String, Host>>,
    changed: Condvar,
}

/// What is known of one host.
#[derive(Debug, Default)]
struct Host {
    open: usize,
    /// Not before then, because the host asked for time.
    rest: Option<Instant>,
    /// Addresses in a row that got no answer.
    strikes: u32,
    /// Why it is left alone in this run.
    shut: Option<String>,
}

/// A connection's place; given back when dropped.
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    host: String,
}

impl Pass<'_> {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some(host) = self.gate.hosts().get_mut(&self.host) {
            host.open -= 1;
        }
        self.gate.changed.notify_all();
    }
}

/// Why a connection is not let through.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The host is left alone; why.
    Shut(String),
    /// The end was asked for.
    Stopped,
}

impl Gate {
    pub(crate) fn new(per_host: usize, strikes: u32) -> Self {
        Self {
            per_host: per_host.max(1),
            strikes: strikes.max(1),
            hosts: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place at this host.
    pub(crate) fn enter(&self, name: &str, stop: &Stop) -> Result<Pass<'_>, Closed> {
        let mut hosts = self.hosts();
        loop {
            if stop.asked() {
                return Err(Closed::Stopped);
            }
            let host = hosts.entry(name.to_owned()).or_default();
            if let Some(why) = &host.shut {
                return Err(Closed::Shut(why.clone()));
            }
            let rested = host.rest.is_none_or(|rest| Instant::now() >= rest);
            if rested && host.open < self.per_host {
                host.open += 1;
                return Ok(Pass { gate: self, host: name.to_owned() });
            }
            let waited = self.changed.wait_timeout(hosts, LOOK);
            hosts = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// From when on this host may be asked again, if it asked for time; and whether it is shut.
    pub(crate) fn ready(&self, name: &str) -> bool {
        self.hosts().get(name).is_none_or(|host| {
            host.shut.is_some() || host.rest.is_none_or(|rest| Instant::now() >= rest)
        })
    }

    /// The host asked for time.
    pub(crate) fn rest(&self, name: &str, pause: Duration) {
        let mut hosts = self.hosts();
        let host = hosts.entry(name.to_owned()).or_default();
        let until = Instant::now() + pause;
        host.rest = Some(host.rest.map_or(until, |rest| rest.max(until)));
    }

    /// Leaves the host alone from now on.
    pub(crate) fn shut(&self, name: &str, why: &str) {
        self.hosts().entry(name.to_owned()).or_default().shut.get_or_insert(why.to_owned());
        self.changed.notify_all();
    }

    /// The host answered, with anything.
    pub(crate) fn answered(&self, name: &str) {
        self.hosts().entry(name.to_owned()).or_default().strikes = 0;
    }

    /// The host gave no answer, or one too slowly.
    pub(crate) fn failed(&self, name: &str, why: &str) {
        let mut hosts = self.hosts();
        let host = hosts.entry(name.to_owned()).or_default();
        host.strikes += 1;
        if host.strikes >= self.strikes {
            let why = format!("the host failed {} times in a row, at last: {why}", host.strikes);
            host.shut.get_or_insert(why);
            self.changed.notify_all();
        }
    }
}
