//! Groups of pictures as a plan in which a person names them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ground::files::{self, read_capped};
use ground::words::count;

use super::named::{MEMBER, NAME};
use super::place::to_bytes;
use super::table::{self, FOLDER, HEADER, Table, relative};
use super::{LIMIT, PlanError, Step};

/// Files of a folder in groups that a person is to name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The folder that every path is relative to.
    pub folder: PathBuf,
    /// The files of each group, the most typical first.
    pub groups: Vec<Vec<PathBuf>>,
    /// What the groups are called, in their order; those that are missing have no name.
    pub names: Vec<Option<String>>,
    /// Files for which something else was decided, whatever their group is called.
    pub apart: BTreeMap<PathBuf, Step>,
}

impl Groups {
    /// What a group is called as long as nobody has named it, by its place from 0.
    #[must_use]
    pub fn title(at: usize) -> String {
        format!("group {}", at + 1)
    }

    /// What a group is called by its place from 0, if somebody has named it.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at)?.as_deref()
    }

    /// Reads the groups of a plan that [`Groups::write`] wrote and a person may have changed; none of a
    /// plan without groups. What [`super::Plan::read`] refuses should not come here.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let (plan, named) = table::parse(path, &read_capped(path, LIMIT)?)?;
        let (names, members) = named.into_parts();
        let mut groups = Self { folder: plan.folder, ..Self::default() };
        groups.groups = vec![vec![]; names.len()];
        let place = |title: &str| names.iter().position(|(known, _)| known == title.trim());
        for (at, step) in plan.steps.into_iter().enumerate() {
            let title = members.get(&at).map_or(&step.reason[..], |title| title);
            if let Some(group) = place(title) {
                groups.groups[group].push(step.path.clone());
            }
            if !members.contains_key(&at) {
                groups.apart.insert(step.path.clone(), step);
            }
        }
        let text = |name: PathBuf| name.to_string_lossy().into_owned();
        groups.names = names.into_iter().map(|(_, name)| name.map(text)).collect();
        Ok(groups)
    }

    /// Writes them as a plan, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), PlanError> {
        let mut table = Table::new();
        table.line(&HEADER.map(str::as_bytes));
        let folder = relative(path, &self.folder);
        table.line(&[FOLDER.as_bytes(), &folder, b"", b"the paths below start in this folder"]);
        for (at, files) in self.groups.iter().enumerate() {
            let title = Self::title(at);
            let reason = format!(
                "{}; write the name of their class in the column `to`",
                count(files.len(), "picture")
            );
            let name = self.name(at).unwrap_or_default();
            let name = to_bytes(Path::new(name));
            table.line(&[NAME.as_bytes(), title.as_bytes(), &name, reason.as_bytes()]);
        }
        for (at, files) in self.groups.iter().enumerate() {
            let title = Self::title(at);
            for file in files {
                let place = to_bytes(file);
                match self.apart.get(file) {
                    // Where it came from stands in the reason, so that it is found there again.
                    Some(Step { action, to, .. }) => {
                        let action = action.words().as_bytes();
                        table.line(&[action, &place, &to_bytes(to), title.as_bytes()]);
                    }
                    None => table.line(&[MEMBER.as_bytes(), &place, title.as_bytes(), b""]),
                }
            }
        }
        Ok(files::write(path, &table.done())?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use ground::Stop;
    use ground::files::Disk;
    use ground::progress::Silent;

    use super::Groups;
    use crate::plan::{Action, Plan, Step, undo};

    /// A folder of five pictures with a plan of two groups beside it.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let photos = place.path().join("photos");
        for file in ["1.jpg", "day 2/1.jpg", "2.jpg", "bees/3.jpg", "-4.jpg"] {
            let file = photos.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, file.to_string_lossy().as_bytes()).unwrap();
        }
        let groups = Groups {
            folder: photos,
            groups: vec![
                vec!["1.jpg".into(), "day 2/1.jpg".into(), "-4.jpg".into()],
                vec!["2.jpg".into(), "bees/3.jpg".into()],
            ],
            ..Groups::default()
        };
        let plan = place.path().join("photos.groups.csv");
        groups.write(&plan).unwrap();
        (place, plan)
    }

    /// Writes this in place of that, as a person in a spreadsheet does.
    fn edit(plan: &Path, this: &str, that: &str) {
        let text = fs::read_to_string(plan).unwrap();
        assert!(text.contains(this), "{text}");
        fs::write(plan, text.replace(this, that)).unwrap();
    }

    fn apply(path: &Path) -> Vec<(String, String)> {
        let plan = Plan::read(path).unwrap();
        let applied = plan.apply(path, false, &Disk, &Silent, &Stop::new()).unwrap();
        let folder = plan.folder.canonicalize().unwrap();
        let name = |path: &Path| path.strip_prefix(&folder).unwrap().display().to_string();
        applied.moved.iter().map(|moved| (name(&moved.from), name(&moved.to))).collect()
    }

    #[test]
    fn pictures_of_a_named_group_move_and_the_others_stay() {
        let (place, path) = place();
        let plan = Plan::read(&path).unwrap();
        assert_eq!((plan.active(), plan.unnamed, plan.steps.len()), (0, 2, 5));
        assert_eq!(apply(&path), [], "nobody has named anything");
        edit(&path, "name,group 1,,", "name,group 1, ants ,");
        let moved = apply(&path);
        let names = [
            ("1.jpg", "ants/1.jpg"),
            // The name is taken by the first one.
            ("day 2/1.jpg", "ants/1 (2).jpg"),
            ("-4.jpg", "ants/-4.jpg"),
        ];
        assert_eq!(moved, names.map(|(from, to)| (from.to_owned(), to.to_owned())));
        assert!(place.path().join("photos/2.jpg").exists());
        // The second group is named later; what lies in its folder stays.
        edit(&path, "name,group 2,,", "name,group 2,bees,");
        assert_eq!(apply(&path), [("2.jpg".to_owned(), "bees/2.jpg".to_owned())]);
        assert_eq!(apply(&path), []);
        let undone = undo(&path, &Disk, &Silent, &Stop::new()).unwrap().unwrap();
        assert_eq!((undone.back, undone.problems.len()), (4, 0));
        for file in ["1.jpg", "day 2/1.jpg", "2.jpg", "bees/3.jpg", "-4.jpg"] {
            let file = place.path().join("photos").join(file);
            assert_eq!(fs::read(&file).unwrap(), file.to_string_lossy().as_bytes());
        }
        assert!(!place.path().join("photos/ants").exists());
    }

    #[test]
    fn two_groups_of_one_name_become_one_class() {
        let (_place, path) = place();
        edit(&path, "name,group 1,,", "name,group 1,insects,");
        edit(&path, "name,group 2,,", "name,group 2,insects,");
        assert!(apply(&path).iter().all(|(_, to)| to.starts_with("insects/")));
    }

    #[test]
    fn a_line_can_be_given_to_another_group_or_left_out() {
        let (_place, path) = place();
        edit(&path, "name,group 2,,", "name,group 2,bees,");
        edit(&path, "group,1.jpg,group 1", "group,1.jpg,group 2");
        edit(&path, "group,2.jpg,group 2", "leave out,2.jpg,");
        let plan = Plan::read(&path).unwrap();
        let actions: Vec<_> =
            plan.steps.iter().map(|step| (step.action, step.to.clone())).collect();
        assert_eq!(actions[0], (Action::Move, "bees/1.jpg".into()));
        assert_eq!(actions[3].0, Action::LeaveOut);
    }

    #[test]
    fn names_and_what_was_decided_of_single_files_are_read_back() {
        let (_place, path) = place();
        let mut groups = Groups::read(&path).unwrap();
        assert_eq!((groups.groups[0].len(), groups.name(0)), (3, None));
        groups.names = vec![Some("=ants".into()), None];
        let step = |action, to: &str| Step {
            action,
            path: "1.jpg".into(),
            to: to.into(),
            reason: Groups::title(0),
            line: 5,
        };
        groups.apart.insert("1.jpg".into(), step(Action::Move, "bees/1.jpg"));
        groups.write(&path).unwrap();
        assert_eq!(Groups::read(&path).unwrap(), groups);
        let plan = Plan::read(&path).unwrap();
        let [own, named] = [&plan.steps[0], &plan.steps[1]];
        assert_eq!((&own.to, &named.to), (&"bees/1.jpg".into(), &"=ants/1.jpg".into()));
        groups.apart.insert("1.jpg".into(), step(Action::LeaveOut, ""));
        groups.write(&path).unwrap();
        assert_eq!(Groups::read(&path).unwrap(), groups);
    }

    #[test]
    fn what_names_no_group_or_is_no_name_is_refused_with_its_line() {
        for (name, member, message) in [
            ("../up", "group 1", "line 3: `../up` is not a class name"),
            ("a/b", "group 1", "line 3: `a/b` is not a class name"),
            ("ants", "group 7", "line 5: there is no line `name,group 7` that names this group"),
        ] {
            let (_place, path) = place();
            edit(&path, "name,group 1,,", &format!("name,group 1,{name},"));
            edit(&path, "group,1.jpg,group 1", &format!("group,1.jpg,{member}"));
            let error = Plan::read(&path).unwrap_err().to_string();
            assert!(error.ends_with(message), "{error}");
        }
    }
}
