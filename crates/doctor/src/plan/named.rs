//! Names of groups in a plan: name a group, and its pictures move to the folder of that name.
//!
//! A line `name,group 1,ants` names a group, and a line `group,7.jpg,group 1` says which one a file is
//! of. Once read, that is a move of `7.jpg` to `ants/7.jpg`.

use std::collections::HashMap;
use std::path::PathBuf;

use super::place::plain;
use super::{Action, Step};

/// The action of a line that names a group.
pub(super) const NAME: &str = "name";
/// The action of a line that says which group a file is of.
pub(super) const MEMBER: &str = "group";

/// The names of a plan's groups, and the files that wait for them.
#[derive(Default)]
pub(super) struct Named {
    /// By a group's title: its place among the groups, and its name, if it has one.
    names: HashMap<String, (usize, Option<PathBuf>)>,
    /// Places among the plan's steps, and the group of each.
    members: HashMap<usize, String>,
}

impl Named {
    /// Takes a line that names a group.
    pub(super) fn name(&mut self, title: &[u8], name: PathBuf) -> Result<(), String> {
        let title = text(title);
        if !name.as_os_str().is_empty() && (!plain(&name) || name.components().count() != 1) {
            return Err(format!("`{}` is not a class name", name.display()));
        }
        let name = Some(name).filter(|name| !name.as_os_str().is_empty());
        let place = self.names.len();
        match self.names.insert(title.clone(), (place, name)) {
            Some(_) => Err(format!("`{title}` is named twice")),
            None => Ok(()),
        }
    }

    /// Takes a line that says which group the file of step `at` is of.
    pub(super) fn member(&mut self, at: usize, title: &[u8]) {
        self.members.insert(at, text(title));
    }

    /// Turns the files of named groups into moves; the others stay. Returns how many groups have no
    /// name, or the line that names no group and why.
    pub(super) fn resolve(self, steps: &mut [Step]) -> Result<usize, (u64, String)> {
        for (at, step) in steps.iter_mut().enumerate() {
            let Some(title) = self.members.get(&at) else { continue };
            let Some((_, name)) = self.names.get(title) else {
                let why = format!("there is no line `{NAME},{title}` that names this group");
                return Err((step.line, why));
            };
            let file = step.path.file_name().unwrap_or_default();
            if let Some(to) = name.as_ref().map(|name| name.join(file))
                && to != step.path
            {
                (step.action, step.to) = (Action::Move, to);
            }
            step.reason.clone_from(title);
        }
        Ok(self.names.values().filter(|(_, name)| name.is_none()).count())
    }
}

/// What a group is called in a plan, and the name that somebody gave it.
type Title = (String, Option<PathBuf>);

impl Named {
    /// Titles and names of the groups in their order, and by its place among the steps the group of a
    /// file.
    pub(super) fn into_parts(self) -> (Vec<Title>, HashMap<usize, String>) {
        let mut names: Vec<_> =
            self.names.into_iter().map(|(title, (place, name))| (place, title, name)).collect();
        names.sort_by_key(|(place, ..)| *place);
        (names.into_iter().map(|(_, title, name)| (title, name)).collect(), self.members)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
