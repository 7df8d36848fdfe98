//! One project: what lies in its folder, and the classifier that was trained on it, behind one lock.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use classifier::Classifier;
use ground::files::FileError;
use insight::Insight;
use lookalike::{Error, Source};
use serde_json::json;

use super::listing::{Listing, Numbers};
use crate::app::App;
use crate::hub::Hub;
use crate::jobs::Jobs;
use crate::phone::Phone;
use crate::problem::{Fault, Problem};

/// A folder in which a classifier is made.
pub(crate) struct Project {
    pub(super) app: Arc<App>,
    /// As it was named.
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) hub: Arc<Hub>,
    pub(super) jobs: Arc<Jobs>,
    pub(super) boot: String,
    pub(super) phone: OnceLock<Arc<Phone>>,
    inner: Mutex<Inner>,
}

/// What changes.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) listing: Listing,
    pub(super) numbers: Numbers,
    pub(super) trained: Option<Trained>,
    /// Moves that can be taken back, each with what to call it.
    pub(super) undo: Vec<(String, Vec<(PathBuf, PathBuf)>)>,
    /// The folder of each recording under way, by its class and its key.
    pub(super) bursts: HashMap<(usize, String), PathBuf>,
    /// Seconds that the last training took, and of how many pictures.
    pub(super) took: Option<(f64, usize)>,
}

/// What is known of the classifier.
pub(super) struct Trained {
    pub(super) insight: Insight,
    /// Names of the pictures that it knows of.
    pub(super) pictures: HashSet<PathBuf>,
    /// Whether those are all that it was made of.
    pub(super) all: bool,
    /// How many it was made of.
    pub(super) count: usize,
}

impl Project {
    /// Lists what lies in the folder, which is made if there is none.
    ///
    /// # Errors
    /// When it cannot be made or read.
    pub(crate) fn open(app: &Arc<App>, folder: &Path) -> Result<Arc<Self>, Error> {
        if !folder.exists() {
            fs::create_dir_all(folder).map_err(FileError::at("create", folder))?;
        }
        let hub = Arc::new(Hub::new());
        let project = Arc::new(Self {
            app: Arc::clone(app),
            folder: folder.to_owned(),
            name: Source::from(folder).name()?,
            jobs: Jobs::new(Arc::clone(&hub)),
            hub,
            boot: crate::gate::random()?,
            phone: OnceLock::new(),
            inner: Mutex::default(),
        });
        project.look()?;
        Ok(project)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Numbers and names of its classes.
    pub(crate) fn classes(&self) -> serde_json::Value {
        let inner = self.lock();
        let classes = inner.listing.classes.iter();
        classes.map(|class| json!({ "id": class.id, "name": class.name })).collect()
    }

    /// A telephone may send photographs.
    pub(crate) fn pair(&self, phone: &Arc<Phone>) {
        // It is paired once.
        let _ = self.phone.set(Arc::clone(phone));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the news.
    pub(crate) fn part(&self) {
        self.hub.close();
    }

    /// Lists the folder again, as other programs may have changed it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn look(&self) -> Result<(), Error> {
        let mut inner = self.lock();
        let listing = Listing::of(&self.folder, &mut inner.numbers)?;
        let changed = inner.listing != listing;
        inner.listing = listing;
        drop(inner);
        if changed {
            self.hub.tell("changed", &json!({ "by": null }));
        }
        Ok(())
    }

    /// Lists the folder after a request changed it, and tells every page.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn changed(&self, by: &str) -> Result<(), Problem> {
        let mut inner = self.lock();
        let listing = Listing::of(&self.folder, &mut inner.numbers);
        inner.listing = listing.map_err(|error| problem(&error))?;
        drop(inner);
        self.hub.tell("changed", &json!({ "by": by }));
        Ok(())
    }

    /// Files are not changed while they are trained on.
    ///
    /// # Errors
    /// While something is being done.
    pub(super) fn at_rest(&self) -> Result<(), Problem> {
        self.jobs.idle()
    }
}

impl Trained {
    pub(super) fn of(classifier: &Classifier) -> Self {
        let record = &classifier.record;
        let names = record.held_out.iter().map(|one| &one.picture);
        let names = names.chain(record.bad.iter().map(|one| &one.picture));
        Self {
            insight: Insight::of(record),
            pictures: names.map(PathBuf::from).collect(),
            all: record.held_out.len() == classifier.data.pictures.len(),
            count: classifier.data.pictures.len(),
        }
    }

    /// What has changed since, in words.
    pub(super) fn changes(&self, listing: &Listing) -> Option<String> {
        let now: HashSet<&PathBuf> = listing.items.iter().map(|item| &item.below).collect();
        let (added, gone) = match self.all {
            true => (
                now.iter().filter(|path| !self.pictures.contains(**path)).count(),
                self.pictures.iter().filter(|path| !now.contains(path)).count(),
            ),
            // The names of what it trained on are not known.
            false => (now.len().saturating_sub(self.count), self.count.saturating_sub(now.len())),
        };
        let part = |count: usize, done: &str| {
            (count > 0).then(|| format!("{} {done}", ground::words::count(count, "picture")))
        };
        let parts: Vec<String> =
            [part(added, "added"), part(gone, "removed")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("{} since it was trained", parts.join(", ")))
    }
}

/// The problem with something that was not done.
pub(super) fn problem(error: &Error) -> Problem {
    let fault = match error {
        Error::File(_) => Fault::NotSaved,
        other if other.kind() == lookalike::Kind::Failed => Fault::Failed,
        _ => Fault::NotPossible,
    };
    fault.because(crate::jobs::told(error)).advise(error.help())
}
