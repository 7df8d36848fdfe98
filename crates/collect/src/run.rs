//! A whole run: read the sources, fetch, import from disk and archives, write the table.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ground::files::{self, Disk, FileError};
use ground::progress::{Bar, Progress};
use ground::{Digest, Stop};

use crate::journal::{Journal, TABLE};
use crate::keep::{self, Keeper};
use crate::net::{Fetcher, Gate, Not};
use crate::pool::{self, Job, Pool};
use crate::row::{Key, Row, Status};
use crate::source::{Place, Sources, Wanted};
use crate::{CollectError, Settings};

mod import;

/// What a folder holds after a run, and the outcome for everything else.
#[derive(Clone, Debug)]
pub struct Collected {
    /// A row for each address, file and entry, in the order in which the sources name them; those
    /// of earlier runs come first.
    pub rows: Vec<Row>,
    /// The file that holds the same rows as a table.
    pub table: PathBuf,
    /// Whether the end was asked for before all was done.
    pub stopped: bool,
}

impl Collected {
    /// How many rows have this status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.rows.iter().filter(|row| row.status == status).count()
    }

    /// How many pictures of each class are in the folder, in order of the classes' names.
    #[must_use]
    pub fn classes(&self) -> Vec<(String, usize)> {
        let mut classes = std::collections::BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.status == Status::Kept) {
            *classes.entry(row.class.clone()).or_insert(0) += 1;
        }
        classes.into_iter().collect()
    }

    /// Why pictures were not kept and how many for each reason, the most frequent first. Names and
    /// addresses within reasons are left out, so that alike ones count together.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Status, String, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.status != Status::Kept) {
            let reason = match row.status {
                Status::Same => "the same picture twice".to_owned(),
                _ => without_names(&row.reason),
            };
            *counts.entry((row.status, reason)).or_insert(0) += 1;
        }
        let mut reasons: Vec<_> = counts.into_iter().map(|((s, why), n)| (s, why, n)).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.2));
        reasons
    }
}

/// A reason with what stands in backticks, if that is a name of somebody, left out.
fn without_names(reason: &str) -> String {
    let parts = reason.split('`').enumerate();
    let keep = |part: &str| part.ends_with(':') || part.contains(": ");
    parts.fold(String::new(), |text, (at, part)| match at % 2 {
        0 => text + part,
        _ if keep(part) => text + "`" + part + "`",
        _ => text + "…",
    })
}

/// Collects what the sources name into `into`, with a folder for each class. Pictures that earlier
/// runs handled are left as they are, those that could not be fetched then are tried again, and a
/// run that was killed resumes. Ends early, and in order, when `stop` is asked.
///
/// # Errors
/// When a source cannot be read, or the folder cannot be written. A picture that cannot be
/// fetched or used is no error: its row says why.
pub fn collect(
    sources: &[PathBuf],
    into: &Path,
    settings: &Settings,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Collected, CollectError> {
    let printable = |c: char| c.is_ascii_graphic() && !"()<>\\\"".contains(c);
    if let Some(contact) = settings.contact.as_deref()
        && (contact.is_empty() || contact.len() > 200 || !contact.chars().all(printable))
    {
        return Err(CollectError::Contact(contact.to_owned()));
    }
    let sources = Sources::read(sources, settings)?;
    sources.notes.iter().for_each(|note| progress.note(note));
    fs::create_dir_all(into).map_err(FileError::at("create", into))?;
    let journal = Journal::open(into)?;
    sweep(into);

    let halt = Stop::new();
    let run = Run {
        settings,
        progress,
        keeper: Keeper::new(into, settings),
        journal: &journal,
        halt: &halt,
        failed: Mutex::default(),
    };
    let Sources { wanted, archives, .. } = sources;
    let mut order: Vec<Key> =
        wanted.iter().map(|wanted| (wanted.name.clone(), wanted.class.clone())).collect();
    let left = wanted.into_iter().filter(|wanted| run.wants(&wanted.name, &wanted.class));
    let (addresses, others): (Vec<Wanted>, Vec<Wanted>) =
        left.partition(|wanted| matches!(wanted.place, Place::Address(_)));
    if settings.offline && !addresses.is_empty() {
        return Err(CollectError::Offline { addresses: addresses.len() });
    }
    watched(stop, &halt, || {
        run.addresses(addresses);
        run.others(others);
        for (path, kind) in &archives {
            order.extend(run.archive(path, *kind));
        }
    });
    if let Some(error) = run.failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let rows = journal.finish(order)?;
    let collected = Collected { rows, table: into.join(TABLE), stopped: stop.asked() };
    warn(&collected, progress);
    Ok(collected)
}

/// Does the work, while somebody looks whether the end is asked for.
fn watched(stop: &Stop, halt: &Stop, work: impl FnOnce()) {
    let done = Stop::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.asked() {
                if stop.asked() {
                    halt.ask();
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        work();
        done.ask();
    });
}

/// Removes what a killed run left half written.
fn sweep(into: &Path) {
    for entry in fs::read_dir(into).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files::sweep(&Disk, &entry.path(), keep::is_ours);
        }
    }
    files::sweep(&Disk, into, |name| name == TABLE || name.starts_with(".collect."));
}

fn warn(collected: &Collected, progress: &dyn Progress) {
    let across: HashSet<&str> = collected
        .rows
        .iter()
        .filter(|row| !row.warning.is_empty())
        .map(|row| row.sha256.as_str())
        .collect();
    if !across.is_empty() {
        let lie = if across.len() == 1 {
            "1 picture lies"
        } else {
            &format!("{} pictures lie", across.len())
        };
        progress.warn(&format!("{lie} in more than one class; `{TABLE}` says which"));
    }
    let classes = collected.classes();
    for (at, (class, _)) in classes.iter().enumerate() {
        let twin = classes[at + 1..]
            .iter()
            .find(|(other, _)| other.to_lowercase() == class.to_lowercase());
        if let Some((twin, _)) = twin {
            progress.warn(&format!("the classes `{class}` and `{twin}` differ in case only"));
        }
    }
}

/// What the parts of a run share.
struct Run<'a> {
    settings: &'a Settings,
    progress: &'a dyn Progress,
    keeper: Keeper<'a>,
    journal: &'a Journal,
    /// Asked when the end is asked for, and when something fails that ends the run.
    halt: &'a Stop,
    failed: Mutex<Option<CollectError>>,
}

impl Run<'_> {
    /// Whether an earlier run has left this to do.
    fn wants(&self, name: &str, class: &str) -> bool {
        match self.journal.of(&(name.to_owned(), class.to_owned())) {
            None | Some(Status::Later) => true,
            Some(Status::Kept | Status::Same | Status::Removed) => false,
            Some(Status::Unusable | Status::Refused | Status::Failed) => self.settings.again,
        }
    }

    /// Ends the run with an error; the first is the one worth telling.
    fn fail(&self, error: impl Into<CollectError>) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.into());
        self.halt.ask();
    }

    fn note(&self, row: Row) {
        if let Err(error) = self.journal.note(row) {
            self.fail(error);
        }
    }

    /// Keeps a picture for each class that wants it, or says why not.
    fn keep(&self, name: &str, classes: &[String], bytes: &[u8], address: &str, licence: &str) {
        let checked = self.keeper.check(bytes);
        for class in classes {
            let mut row = Row::new(name, class, Status::Kept, "");
            (row.address, row.licence) = (address.to_owned(), licence.to_owned());
            row.bytes = Some(bytes.len() as u64);
            match &checked {
                Ok(suffix) => match self.keeper.keep(bytes, suffix, class) {
                    Ok(kept) => (row.file, row.sha256) = (kept.file, kept.sha256.to_string()),
                    Err(error) => return self.fail(error),
                },
                Err(why) => {
                    (row.status, row.reason) = (Status::Unusable, why.clone());
                    row.sha256 = Digest::of(bytes).to_string();
                }
            }
            self.note(row);
        }
    }

    fn addresses(&self, wanted: Vec<Wanted>) {
        let wanted = wanted.into_iter().filter_map(|wanted| match wanted.place {
            Place::Address(url) => Some((url, wanted.class)),
            _ => None,
        });
        let jobs = pool::jobs(wanted);
        if jobs.is_empty() {
            return;
        }
        let settings = self.settings;
        let gate = Gate::new(settings.per_host, settings.strikes);
        let fetcher = Fetcher::new(settings, &gate, self.halt);
        let bar = self.progress.begin("fetching pictures", Some(jobs.len() as u64));
        let pool = Pool::new(&gate, settings.per_host, jobs);
        let done = Stop::new();
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !done.asked() {
                    if self.halt.asked() {
                        return fetcher.shut_down();
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            let workers: Vec<_> = (0..pool.width().clamp(1, settings.connections.max(1)))
                .map(|_| {
                    scope.spawn(|| {
                        while let Some(job) = pool.next(self.halt) {
                            self.fetch(job, &fetcher, &gate, &pool, &*bar);
                        }
                    })
                })
                .collect();
            // A panic in one is passed on when the scope ends.
            workers.into_iter().for_each(|worker| drop(worker.join()));
            done.ask();
            drop(watch.join());
        });
    }

    /// One try at one address.
    fn fetch(
        &self,
        mut job: Job,
        fetcher: &Fetcher<'_>,
        gate: &Gate,
        pool: &Pool<'_>,
        bar: &dyn Bar,
    ) {
        let host = crate::address::host(&job.url);
        bar.say(&host);
        let name = job.url.to_string();
        let (status, reason) = match fetcher.fetch(&job.url) {
            Ok(came) => {
                self.keep(&name, &job.classes, &came.bytes, &came.address, &came.licence);
                bar.advance(1);
                return pool.done(&job);
            }
            Err(Not::Stopped) => return pool.done(&job),
            Err(Not::Refused(why)) => (Status::Refused, why),
            Err(Not::Failed(why)) => (Status::Failed, why),
            Err(Not::Shut(why)) => (Status::Later, why),
            Err(Not::Again { reason, after, busy }) => {
                job.tries += 1;
                let settings = self.settings;
                let longest = settings.longest_pause;
                let pause = job.pause(settings.pause, longest).max(after.unwrap_or_default());
                if pause > longest {
                    let why =
                        format!("{reason}; the server asks to wait for {} s", pause.as_secs());
                    if busy {
                        gate.shut(&host, &why);
                    }
                    (Status::Later, why)
                } else {
                    if busy {
                        gate.rest(&host, pause);
                        gate.failed(&host, &reason);
                    }
                    if job.tries < settings.attempts {
                        return pool.again(job, pause);
                    }
                    (Status::Later, format!("{reason}, tried {} times", job.tries))
                }
            }
        };
        for class in &job.classes {
            self.note(Row::new(&name, class, status, reason.clone()));
        }
        bar.advance(1);
        pool.done(&job);
    }
}
