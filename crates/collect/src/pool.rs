//! Many addresses at once, few a host: which is fetched next, and when a failed one is tried again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fetch::{Url, backoff};
use ground::Stop;
use ground::random::{Draws, Purpose};

use crate::address;
use crate::net::Gate;

/// How long to sleep between two looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// One address, for the classes that want it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) url: Url,
    pub(crate) classes: Vec<String>,
    /// How many tries it has had.
    pub(crate) tries: u32,
    not_before: Option<Instant>,
}

impl Job {
    pub(crate) fn new(url: Url, class: String) -> Self {
        Self { url, classes: vec![class], tries: 0, not_before: None }
    }

    /// How long to wait before the next try: doubled each time, and drawn from its upper half, so
    /// that those who failed together do not all come again together.
    pub(crate) fn pause(&self, first: Duration, longest: Duration) -> Duration {
        let key = ground::Digest::of(self.url.as_str().as_bytes());
        let key = u64::from_le_bytes(key.0[..8].try_into().unwrap_or_default());
        let mut draws = Draws::new(key, Purpose::Retry, &[u64::from(self.tries)]);
        backoff(first, self.tries, longest).mul_f64(draws.range(0.5, 1.0))
    }
}

/// What is still to be fetched.
pub(crate) struct Pool<'a> {
    gate: &'a Gate,
    per_host: usize,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Default)]
struct Inner {
    hosts: Vec<Host>,
    by_name: HashMap<String, usize>,
    /// Where to look first next time, so that every host has its turn.
    next: usize,
    left: usize,
    working: usize,
}

struct Host {
    name: String,
    jobs: VecDeque<Job>,
    working: usize,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(gate: &'a Gate, per_host: usize, jobs: Vec<Job>) -> Self {
        let inner = Mutex::default();
        let pool = Self { gate, per_host: per_host.max(1), inner, changed: Condvar::new() };
        let mut inner = pool.inner();
        for job in jobs {
            inner.push(job);
        }
        drop(inner);
        pool
    }

    /// How many can be worked on at once.
    pub(crate) fn width(&self) -> usize {
        let inner = self.inner();
        inner.hosts.iter().map(|host| host.jobs.len().min(self.per_host)).sum()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job whose host is free and whose time has come; `None` when all is done or the end
    /// is asked for.
    pub(crate) fn next(&self, stop: &Stop) -> Option<Job> {
        let mut inner = self.inner();
        loop {
            if stop.asked() || (inner.left == 0 && inner.working == 0) {
                self.changed.notify_all();
                return None;
            }
            if let Some(job) = inner.pick(self.per_host, |host| self.gate.ready(host)) {
                return Some(job);
            }
            let waited = self.changed.wait_timeout(inner, LOOK);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A job is done.
    pub(crate) fn done(&self, job: &Job) {
        self.inner().ended(job);
        self.changed.notify_all();
    }

    /// A job is to be tried again, not before this time has passed.
    pub(crate) fn again(&self, mut job: Job, pause: Duration) {
        let mut inner = self.inner();
        inner.ended(&job);
        job.not_before = Some(Instant::now() + pause);
        inner.push(job);
        drop(inner);
        self.changed.notify_all();
    }
}

impl Inner {
    fn push(&mut self, job: Job) {
        let name = address::host(&job.url);
        let next = self.hosts.len();
        let at = *self.by_name.entry(name.clone()).or_insert(next);
        if at == next {
            self.hosts.push(Host { name, jobs: VecDeque::new(), working: 0 });
        }
        self.hosts[at].jobs.push_back(job);
        self.left += 1;
    }

    fn pick(&mut self, per_host: usize, ready: impl Fn(&str) -> bool) -> Option<Job> {
        let (count, now) = (self.hosts.len(), Instant::now());
        for step in 0..count {
            let at = (self.next + step) % count;
            let host = &mut self.hosts[at];
            if host.working >= per_host || host.jobs.is_empty() || !ready(&host.name) {
                continue;
            }
            let due = |job: &Job| job.not_before.is_none_or(|time| now >= time);
            if let Some(job) = host.jobs.iter().position(due).and_then(|at| host.jobs.remove(at)) {
                host.working += 1;
                self.working += 1;
                self.left -= 1;
                self.next = (at + 1) % count;
                return Some(job);
            }
        }
        None
    }

    fn ended(&mut self, job: &Job) {
        if let Some(&at) = self.by_name.get(&address::host(&job.url)) {
            self.hosts[at].working -= 1;
        }
        self.working -= 1;
    }
}

/// One job an address, whichever classes want it.
pub(crate) fn jobs(wanted: impl IntoIterator<Item = (Url, String)>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut places = HashMap::new();
    let mut seen = HashSet::new();
    for (url, class) in wanted {
        if !seen.insert((url.clone(), class.clone())) {
            continue;
        }
        let at = *places.entry(url.clone()).or_insert(jobs.len());
        match jobs.get_mut(at) {
            Some(job) => job.classes.push(class),
            None => jobs.push(Job::new(url, class)),
        }
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::{Job, jobs};
    use fetch::Url;
    use std::time::Duration;

    #[test]
    fn pauses_double_and_differ_and_end_at_the_longest() {
        let second = Duration::from_secs(1);
        let of = |name: &str, tries| {
            let url = format!("http://a.example/{name}").parse().unwrap();
            Job { tries, ..Job::new(url, String::new()) }.pause(second, 60 * second)
        };
        for (tries, most) in [(1, 1.0), (2, 2.0), (3, 4.0), (7, 60.0), (99, 60.0)] {
            for name in ["x", "y", "z"] {
                let pause = of(name, tries).as_secs_f64();
                assert!((most / 2.0..=most).contains(&pause), "{tries}: {pause}");
            }
        }
        assert_ne!(of("x", 3), of("y", 3));
        assert_eq!(of("x", 3), of("x", 3));
    }

    #[test]
    fn an_address_for_two_classes_is_one_job() {
        let url = |name: &str| format!("http://a.example/{name}").parse::<Url>().unwrap();
        let wanted = [(url("1"), "fox"), (url("2"), "fox"), (url("1"), "dog"), (url("1"), "fox")];
        let jobs = jobs(wanted.map(|(url, class)| (url, class.to_owned())));
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[0].classes, ["fox", "dog"]);
    }
}
