//! The plan while it is being made: every change is on the disk before it is answered, and can be undone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use doctor::plan::{Action, Groups, Plan, Step};
use lookalike::{Error, Kind};

/// Changes that can be undone.
const STEPS: usize = 1000;

/// The plan and how it came about.
#[derive(Debug)]
pub(super) struct Draft {
    /// Its table.
    pub(super) file: PathBuf,
    folder: PathBuf,
    steps: BTreeMap<PathBuf, Step>,
    /// The groups to be named, where pictures have no classes yet.
    pub(super) groups: Option<Groups>,
    undo: Vec<Vec<Change>>,
    redo: Vec<Vec<Change>>,
}

/// Something that becomes something else.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// What is to be done with a file; nothing is decided without a step.
    Step(PathBuf, Option<Step>),
    /// What a group is called.
    Name(usize, Option<String>),
}

impl Draft {
    /// Reads the plan at `file`, or begins one.
    ///
    /// # Errors
    /// When it cannot be read, or is for another folder.
    pub(super) fn open(file: &Path, folder: &Path, unsorted: bool) -> Result<Self, Error> {
        let mut draft = Self {
            file: file.to_owned(),
            folder: folder.to_owned(),
            steps: BTreeMap::new(),
            groups: None,
            undo: vec![],
            redo: vec![],
        };
        if !file.exists() {
            return Ok(draft);
        }
        let plan = Plan::read(file)?;
        if plan.folder.canonicalize().ok() != folder.canonicalize().ok() {
            let (file, folder) = (file.display(), plan.folder.display());
            let what = format!("the plan `{file}` is for another folder, `{folder}`");
            return Err(Error::refused(Kind::Usage, what).advise("pass `--plan` another name"));
        }
        let groups = if unsorted { Some(Groups::read(file)?) } else { None };
        match groups.filter(|groups| !groups.groups.is_empty()) {
            Some(mut groups) => {
                draft.steps = std::mem::take(&mut groups.apart);
                draft.groups = Some(groups);
            }
            None => {
                let steps = plan.steps.into_iter();
                draft.steps = steps.map(|step| (step.path.clone(), step)).collect();
            }
        }
        Ok(draft)
    }

    /// What is decided of a file, from the folder on.
    pub(super) fn step(&self, below: &Path) -> Option<&Step> {
        self.steps.get(below)
    }

    /// All that is decided of files.
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.values()
    }

    pub(super) fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    pub(super) fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// Makes changes, together one step of undo; returns those that changed something.
    ///
    /// # Errors
    /// When the plan cannot be written; nothing is changed then.
    pub(super) fn change(&mut self, changes: Vec<Change>) -> Result<Vec<Change>, Error> {
        let differs = |change: &Change| match change {
            Change::Step(below, step) => {
                let plain = |step: &Step| (step.action, step.to.clone());
                self.steps.get(below).map(plain) != step.as_ref().map(plain)
            }
            Change::Name(group, name) => {
                self.groups.as_ref().and_then(|groups| groups.name(*group)) != name.as_deref()
            }
        };
        let changes: Vec<Change> = changes.into_iter().filter(differs).collect();
        if changes.is_empty() {
            return Ok(changes);
        }
        let back = self.turn(&changes)?;
        self.undo.push(back);
        self.redo.clear();
        if self.undo.len() > STEPS {
            self.undo.remove(0);
        }
        Ok(changes)
    }

    /// Takes back the last changes; none where there are none.
    ///
    /// # Errors
    /// When the plan cannot be written; nothing is changed then.
    pub(super) fn undo(&mut self) -> Result<Option<Vec<Change>>, Error> {
        let Some(last) = self.undo.last().cloned() else { return Ok(None) };
        let back = self.turn(&last)?;
        self.undo.pop();
        self.redo.push(back);
        Ok(Some(last))
    }

    /// Makes the changes that were taken back last once more.
    ///
    /// # Errors
    /// As [`Draft::undo`].
    pub(super) fn redo(&mut self) -> Result<Option<Vec<Change>>, Error> {
        let Some(last) = self.redo.last().cloned() else { return Ok(None) };
        let back = self.turn(&last)?;
        self.redo.pop();
        self.undo.push(back);
        Ok(Some(last))
    }

    /// What was decided cannot be undone one by one any more, as files have moved.
    pub(super) fn forget(&mut self) {
        self.undo.clear();
        self.redo.clear();
    }

    /// Makes changes and saves them; returns what takes them back.
    fn turn(&mut self, changes: &[Change]) -> Result<Vec<Change>, Error> {
        let mut back: Vec<Change> = changes.iter().map(|change| self.set(change.clone())).collect();
        back.reverse();
        match self.save() {
            Ok(()) => Ok(back),
            Err(error) => {
                back.into_iter().for_each(|change| drop(self.set(change)));
                Err(error)
            }
        }
    }

    fn set(&mut self, change: Change) -> Change {
        match change {
            Change::Step(below, Some(step)) => {
                let before = self.steps.insert(below.clone(), step);
                Change::Step(below, before)
            }
            Change::Step(below, None) => {
                let before = self.steps.remove(&below);
                Change::Step(below, before)
            }
            Change::Name(group, name) => {
                let Some(groups) = &mut self.groups else { return Change::Name(group, None) };
                let most = groups.groups.len();
                groups.names.resize(most, None);
                let place = groups.names.get_mut(group);
                Change::Name(group, place.and_then(|place| std::mem::replace(place, name)))
            }
        }
    }

    /// Writes the plan, whole or not at all.
    pub(super) fn save(&self) -> Result<(), Error> {
        match &self.groups {
            Some(groups) => {
                Groups { apart: self.steps.clone(), ..groups.clone() }.write(&self.file)?;
            }
            None => {
                let steps = self.steps.values().cloned().collect();
                Plan { folder: self.folder.clone(), steps, unnamed: 0 }.write(&self.file)?;
            }
        }
        Ok(())
    }
}

/// What a step decides: an action of the page, and the class that it names.
pub(super) fn decision(step: &Step) -> Option<(&'static str, Option<String>)> {
    let first = |path: &Path| path.components().next().map(|part| part.as_os_str().to_owned());
    Some(match step.action {
        Action::Keep => ("keep", None),
        Action::LeaveOut => ("leave out", None),
        Action::Relabel => ("relabel", Some(step.to.to_string_lossy().into_owned())),
        // A new class, or a picture that had none.
        Action::Move if first(&step.path) != first(&step.to) => {
            ("relabel", first(&step.to).map(|class| class.to_string_lossy().into_owned()))
        }
        // Another name in the same place is no decision on a label.
        Action::Move => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use doctor::plan::{Action, Plan, Step};

    use super::{Change, Draft, decision};

    fn step(action: Action, path: &str, to: &str) -> Step {
        Step { action, path: path.into(), to: to.into(), reason: String::new(), line: 0 }
    }

    fn decide(draft: &mut Draft, step: Step) -> usize {
        draft.change(vec![Change::Step(step.path.clone(), Some(step))]).unwrap().len()
    }

    #[test]
    fn each_change_is_on_the_disk_and_can_be_undone_and_made_again() {
        let place = tempfile::tempdir().unwrap();
        let (folder, file) = (place.path().join("photos"), place.path().join("photos.plan.csv"));
        std::fs::create_dir(&folder).unwrap();
        let mut draft = Draft::open(&file, &folder, false).unwrap();
        let written = || Plan::read(&file).unwrap().steps.len();
        assert_eq!(decide(&mut draft, step(Action::Relabel, "ants/1.jpg", "bees")), 1);
        assert_eq!(decide(&mut draft, step(Action::LeaveOut, "ants/2.jpg", "")), 1);
        assert_eq!(written(), 2);
        // The same again is no step of undo.
        assert_eq!(decide(&mut draft, step(Action::LeaveOut, "ants/2.jpg", "")), 0);
        assert!(draft.undo().unwrap().is_some());
        assert_eq!((written(), draft.step(Path::new("ants/2.jpg"))), (1, None));
        assert!(draft.redo().unwrap().is_some() && draft.redo().unwrap().is_none());
        assert_eq!(written(), 2);
        let again = Draft::open(&file, &folder, false).unwrap();
        assert_eq!(again.steps().count(), 2);
        let other = place.path().join("other");
        std::fs::create_dir(&other).unwrap();
        assert!(
            Draft::open(&file, &other, false).unwrap_err().to_string().contains("another folder")
        );
    }

    #[test]
    fn where_the_disk_refuses_nothing_is_decided() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("photos");
        std::fs::create_dir(&folder).unwrap();
        let mut draft =
            Draft::open(&place.path().join("no/photos.plan.csv"), &folder, false).unwrap();
        let path = "ants/1.jpg";
        let change = vec![Change::Step(path.into(), Some(step(Action::Keep, path, "")))];
        assert!(draft.change(change).is_err());
        assert!(draft.step(Path::new(path)).is_none() && !draft.can_undo());
    }

    #[test]
    fn a_step_is_a_decision_unless_it_only_renames() {
        let of = |action, path: &str, to: &str| decision(&step(action, path, to));
        assert_eq!(
            of(Action::Relabel, "ants/1.jpg", "bees"),
            Some(("relabel", Some("bees".into())))
        );
        assert_eq!(of(Action::Move, "1.jpg", "bees/1.jpg"), Some(("relabel", Some("bees".into()))));
        assert_eq!(of(Action::Move, "ants/1.png", "ants/1.jpg"), None);
        assert_eq!(of(Action::Keep, "ants/1.png", ""), Some(("keep", None)));
    }
}
