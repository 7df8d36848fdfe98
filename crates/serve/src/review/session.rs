//! One review: the list, the plan, and what was found, behind one lock.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use classifier::Reference;
use doctor::Checkup;
use doctor::plan::{Action, Step, moved};
use ground::words::count;
use insight::Insight;
use lookalike::{Error, Kind, Source};
use serde_json::{Value, json};

use super::draft::{Change, Draft, decision};
use super::findings::{Found, add_near, of_checkup, of_insight, tabs};
use super::list::List;
use crate::app::App;
use crate::hub::Hub;
use crate::jobs::Jobs;
use crate::names;
use crate::problem::{Fault, Problem};

/// A folder that is looked through.
pub(crate) struct Review {
    pub(super) app: Arc<App>,
    pub(super) folder: PathBuf,
    name: String,
    pub(super) hub: Arc<Hub>,
    pub(super) jobs: Arc<Jobs>,
    boot: String,
    inner: Mutex<Inner>,
}

/// What changes.
pub(super) struct Inner {
    pub(super) list: List,
    pub(super) draft: Draft,
    pub(super) checkup: Option<Checkup>,
    pub(super) insight: Option<Insight>,
    /// What the classifier compares pictures with.
    pub(super) reference: Option<Reference>,
    pub(super) next: Vec<Found>,
    pub(super) found: Vec<Found>,
    pub(super) comparison: Option<Value>,
    /// Whether the first look is over.
    pub(super) surveyed: bool,
    /// Files that the plan has moved.
    pub(super) applied: usize,
    /// Whether files have moved since the classifier was trained.
    pub(super) stale: bool,
    version: u64,
}

/// What a page wants done with a picture.
pub(super) struct Wish {
    pub(super) picture: u64,
    pub(super) action: Option<Action>,
    pub(super) to: Option<String>,
    pub(super) new_class: bool,
}

impl Review {
    /// Lists the pictures and reads the plan.
    ///
    /// # Errors
    /// When either cannot be read.
    pub(crate) fn open(app: &Arc<App>, folder: &Path, plan: &Path) -> Result<Arc<Self>, Error> {
        let hub = Arc::new(Hub::new());
        let inner = Inner::open(folder, plan)?;
        Ok(Arc::new(Self {
            app: Arc::clone(app),
            folder: folder.to_owned(),
            name: Source::from(folder).name()?,
            jobs: Jobs::new(Arc::clone(&hub)),
            hub,
            boot: crate::gate::random()?,
            inner: Mutex::new(inner),
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the news.
    pub(crate) fn part(&self) {
        self.hub.close();
    }

    /// All that a page shows at first.
    pub(super) fn state(&self) -> Value {
        let (job, ended, warnings) = self.jobs.json();
        let first = matches!(self.jobs.running(), Some("survey" | "group"));
        let inner = self.lock();
        let list = &inner.list;
        let phase = match () {
            () if inner.applied > 0 => "applied",
            () if first || !inner.surveyed => "surveying",
            () => "deciding",
        };
        let classes = list.classes.iter().enumerate().map(|(id, name)| {
            let pictures = list.items.iter().filter(|item| item.class == Some(id)).count();
            json!({ "id": id, "name": name, "pictures": pictures })
        });
        let loose = list.items.iter().filter(|item| item.class.is_none()).count();
        let model = self.app.settings.model.file_name().unwrap_or_default().to_string_lossy();
        let stale = inner.stale.then_some("pictures were moved since it was trained");
        let classifier = inner.insight.as_ref().map(|insight| {
            json!({
                "file": model, "accuracy": insight.accuracy, "pictures": insight.judged.len(),
                "stale": inner.stale, "stale_words": stale,
            })
        });
        let limits = &self.app.settings.limits;
        json!({
            "page": "review", "boot": self.boot, "session": self.boot, "name": self.name,
            "folder": self.folder.display().to_string(),
            "served": {
                "version": env!("CARGO_PKG_VERSION"), "max_bytes": limits.body_bytes,
                "max_pictures": limits.pictures,
            },
            "phase": phase, "layout": if list.unsorted { "unsorted" } else { "classes" },
            "version": inner.version, "pictures": list.items.len(),
            "unlabelled": if list.unsorted { 0 } else { loose },
            "classes": classes.collect::<Vec<_>>(),
            "tabs": tabs(&inner.found, |found| inner.is_open(found)),
            "plan": inner.plan(), "classifier": classifier, "comparison": inner.comparison,
            "groups": inner.draft.groups.as_ref().map_or(0, |groups| groups.groups.len()),
            "job": job, "ended": ended, "warnings": warnings,
        })
    }
}

impl Inner {
    fn open(folder: &Path, plan: &Path) -> Result<Self, Error> {
        let list = List::of(folder)?;
        let draft = Draft::open(plan, &list.root, list.unsorted)?;
        let mut inner = Self {
            list,
            draft,
            checkup: None,
            insight: None,
            reference: None,
            next: vec![],
            found: vec![],
            comparison: None,
            surveyed: false,
            applied: 0,
            stale: false,
            version: 0,
        };
        inner.settle()?;
        Ok(inner)
    }

    /// Lists the pictures anew, as after files were put back.
    ///
    /// # Errors
    /// As [`Review::open`].
    pub(super) fn open_again(&mut self, folder: &Path) -> Result<(), Error> {
        let (version, plan) = (self.version, self.draft.file.clone());
        let old = std::mem::replace(self, Self::open(folder, &plan)?);
        (self.insight, self.reference) = (old.insight, old.reference);
        (self.comparison, self.surveyed) = (old.comparison, true);
        self.version = version;
        self.find();
        Ok(())
    }

    /// Takes note of what the plan has moved.
    ///
    /// # Errors
    /// When the record of that cannot be read.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        let moved = moved(&self.draft.file)?;
        self.applied = moved.len();
        self.list.moved(&moved);
        self.version += 1;
        Ok(())
    }

    /// Puts together what there is to decide.
    pub(super) fn find(&mut self) {
        let mut found = vec![];
        if let Some(insight) = &self.insight {
            found.extend(of_insight(insight, &self.list));
            if let Some(reference) = &self.reference {
                add_near(&mut found, reference, &insight.classes, &self.list);
            }
            let judged = insight.judged.iter();
            let doubts: HashMap<usize, f64> = judged
                .filter_map(|one| Some((self.list.by_path(Path::new(&one.picture))?, one.loss)))
                .collect();
            for (at, item) in self.list.items.iter_mut().enumerate() {
                item.doubt = doubts.get(&at).copied().unwrap_or_default();
            }
        }
        if let Some(checkup) = &self.checkup {
            for seen in &checkup.survey.files {
                let Some(at) = self.list.by_path(seen.place.name()) else { continue };
                let item = &mut self.list.items[at];
                item.size = seen.sight.as_ref().ok().map(|sight| [sight.width, sight.height]);
                item.error = seen.sight.as_ref().err().cloned();
            }
            found.extend(of_checkup(checkup, &self.list));
        }
        found.extend(self.next.iter().cloned());
        self.found = found;
        self.version += 1;
    }

    /// Whether somebody should still be asked.
    pub(super) fn is_open(&self, found: &Found) -> bool {
        found.asks().any(|at| !self.list.items[at].moved && self.decided(at).is_none())
    }

    /// What is decided of a picture.
    fn decided(&self, at: usize) -> Option<(&'static str, Option<String>)> {
        decision(self.draft.step(&self.list.items[at].below)?)
    }

    pub(super) fn decision(&self, at: usize) -> Option<Value> {
        let id = self.list.items[at].id;
        self.decided(at).map(|(action, to)| json!({ "picture": id, "action": action, "to": to }))
    }

    /// All decisions.
    pub(super) fn decisions(&self) -> Value {
        let all: Vec<Value> =
            (0..self.list.items.len()).filter_map(|at| self.decision(at)).collect();
        json!({ "version": self.version, "decisions": all })
    }

    /// A picture with its decision.
    pub(super) fn picture(&self, at: usize) -> Value {
        let mut picture = self.list.json(at);
        picture["decision"] = json!(self.decision(at));
        picture
    }

    /// The plan in short.
    fn plan(&self) -> Value {
        let mut counts: [usize; 4] = [0; 4];
        for step in self.draft.steps() {
            let at = self.list.by_path(&step.path);
            if at.is_none_or(|at| self.list.items[at].moved) {
                continue;
            }
            let kind = Action::ALL.iter().position(|action| *action == step.action);
            counts[kind.unwrap_or_default()] += 1;
        }
        let [kept, moved, relabelled, left_out] = counts;
        let named = self.draft.groups.as_ref().map_or(0, |groups| {
            let named =
                groups.groups.iter().enumerate().filter(|(at, _)| groups.name(*at).is_some());
            let apart = |file: &&PathBuf| self.draft.step(file).is_none();
            named.map(|(_, files)| files.iter().filter(apart).count()).sum::<usize>()
        });
        let changes = if self.list.unsorted && self.applied > 0 { 0 } else { named };
        let changes = changes + moved + relabelled + left_out;
        let parts = [
            (relabelled + moved, "relabelled"),
            (left_out, "left out"),
            (changes - relabelled - moved - left_out, "sorted"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(pictures, _)| *pictures > 0)
            .map(|(pictures, done)| format!("{pictures} {done}"))
            .collect();
        let words = match parts.is_empty() {
            true => "no changes".to_owned(),
            false => format!("{}: {}", count(changes, "change"), parts.join(", ")),
        };
        json!({
            "file": self.draft.file.file_name().unwrap_or_default().to_string_lossy(),
            "changes": changes, "kept": kept, "applied": self.applied, "undo": self.draft.can_undo(),
            "redo": self.draft.can_redo(), "words": words,
        })
    }

    /// The step that a wish comes to.
    ///
    /// # Errors
    /// When there is no such picture or class, or the picture has moved.
    pub(super) fn change(&self, wish: &Wish) -> Result<Change, Problem> {
        let at = self.list.by_id(wish.picture);
        let at = at.ok_or_else(|| Fault::NotFound.because("there is no picture of this number"))?;
        let item = &self.list.items[at];
        if item.moved {
            let what = "the plan has moved this picture already";
            return Err(Fault::Conflict.because(what).advise(Some("undo the plan first".into())));
        }
        let below = item.below.clone();
        let Some(action) = wish.action else { return Ok(Change::Step(below, None)) };
        let (action, to) = match action {
            Action::Relabel => self.target(at, wish)?,
            other => (other, PathBuf::new()),
        };
        let reason = self.reason(at);
        Ok(Change::Step(below.clone(), Some(Step { action, path: below, to, reason, line: 0 })))
    }

    /// How a picture gets into the class that a wish names.
    fn target(&self, at: usize, wish: &Wish) -> Result<(Action, PathBuf), Problem> {
        let item = &self.list.items[at];
        let to = wish.to.as_deref().unwrap_or_default().trim();
        let known = self.list.classes.iter().position(|class| class == to);
        let folder = match known {
            Some(class) => self.list.folder_of(class).unwrap_or(to),
            None if !wish.new_class && !self.list.unsorted => {
                let what = format!("there is no class `{}`", lookalike::text::printable(to));
                return Err(Fault::NotPossible.because(what).advise(Some(
                    "name a class that there is, or say that it is a new one".into(),
                )));
            }
            None => to,
        };
        let folder = match known {
            Some(_) => folder.to_owned(),
            None => names::class(folder)?,
        };
        if known.is_some() && known == item.class {
            return Err(Fault::Conflict.because(format!("the picture is in class `{to}` already")));
        }
        match (known, item.class) {
            (Some(_), Some(_)) => Ok((Action::Relabel, folder.into())),
            _ if self.list.sided => Err(Fault::NotPossible
                .because("a folder with `train` and `valid` in it gets no new class here")),
            (None, Some(_)) => {
                let rest: PathBuf = item.below.components().skip(1).collect();
                Ok((Action::Move, Path::new(&folder).join(rest)))
            }
            (_, None) => {
                let name = item.below.file_name().unwrap_or_default();
                Ok((Action::Move, Path::new(&folder).join(name)))
            }
        }
    }

    /// Why somebody was asked about a picture, for the plan's readers.
    fn reason(&self, at: usize) -> String {
        if let Some(groups) = &self.draft.groups {
            let below = &self.list.items[at].below;
            let group = groups.groups.iter().position(|files| files.contains(below));
            return group.map(doctor::plan::Groups::title).unwrap_or_default();
        }
        let found = self.found.iter().find(|found| found.pictures.contains(&at));
        found.map(Found::reason).unwrap_or_default()
    }

    /// What changes came to, as pages are told.
    pub(super) fn told(&mut self, changes: &[Change]) -> Value {
        if !changes.is_empty() {
            self.version += 1;
        }
        let of = |change: &Change| {
            let Change::Step(below, _) = change else { return None };
            let at = self.list.by_path(below)?;
            let open =
                || json!({ "picture": self.list.items[at].id, "action": "open", "to": null });
            Some(self.decision(at).unwrap_or_else(open))
        };
        let decisions: Vec<Value> = changes.iter().filter_map(of).collect();
        json!({ "version": self.version, "decisions": decisions, "plan": self.plan() })
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }
}

/// The problem with something that was not done.
pub(super) fn problem(error: &Error) -> Problem {
    let fault = match error {
        Error::File(_) => Fault::NotSaved,
        Error::Plan(doctor::plan::PlanError::File(_)) => Fault::NotSaved,
        other => match other.kind() {
            Kind::Failed => Fault::Failed,
            _ => Fault::NotPossible,
        },
    };
    fault.because(crate::jobs::told(error)).advise(error.help())
}
