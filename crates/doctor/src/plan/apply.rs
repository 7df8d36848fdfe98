//! Carrying a plan out, going on with one, and putting everything back.
//!
//! A file moves by getting a second name and then losing its first, so that nothing is ever
//! replaced, and at every moment, a power cut included, it has one of the two. All moves are
//! written down, with the digests of the files, before the first one.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::Stop;
use ground::files::{FileError, Files, folder_of};
use ground::progress::Progress;

use super::journal::{Entry, Found, Journal, digest_of, find};
use super::place::{Places, free, is_taken, plain};
use super::{Action, Plan, PlanError, Step, journal_of};

/// Files that have two names at a time.
const AT_ONCE: usize = 64;

/// A file that was moved, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The action of its step.
    pub action: Action,
    /// Its old path.
    pub from: PathBuf,
    /// Its new path.
    pub to: PathBuf,
    /// The reason in the plan.
    pub reason: String,
}

/// The outcome of applying a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// In the order of the plan.
    pub moved: Vec<Moved>,
    /// Steps that were carried out before this time.
    pub before: usize,
    /// Steps that keep a file.
    pub kept: usize,
    /// The folder for what is left out.
    pub left_out: PathBuf,
}

/// The outcome of undoing a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Files that are where they were.
    pub back: usize,
    /// Files that could not be put back, a line each.
    pub problems: Vec<String>,
}

impl Plan {
    /// Does what the plan says, or with `dry` only says what it would do. `table` is where the plan
    /// lies; moves are recorded beside it ([`journal_of`]) beforehand. A plan that was
    /// carried out, wholly or in part, is resumed.
    ///
    /// # Errors
    /// When the folder is not there, a line does not fit what is there (then nothing is moved), or
    /// a file cannot be moved (then the same call resumes, and [`undo`] puts everything back).
    pub fn apply(
        &self,
        table: &Path,
        dry: bool,
        files: &dyn Files,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Applied, PlanError> {
        let path = journal_of(table);
        let places = Places::of(&self.folder)?;
        let mut journal = past(&path, &places)?;
        let mut unfinished = vec![];
        let earlier = std::mem::take(&mut journal.entries);
        for entry in earlier {
            let from = find(&places.above.join(&entry.from), &entry.digest)?;
            let to = find(&places.above.join(&entry.to), &entry.digest)?;
            match (from, to) {
                // Not begun: the plan is asked again, which may say another thing by now.
                (Found::Ours, Found::Nothing | Found::Another) => continue,
                (Found::Ours, Found::Ours) => unfinished.push(entry.clone()),
                // Done, or moved on by somebody since.
                _ => {}
            }
            journal.entries.push(entry);
        }
        let asked = asked(self, &journal, &places)?;
        let mut applied = Applied {
            before: asked.before,
            kept: asked.kept,
            left_out: places.above.join(&places.left_out),
            ..Applied::default()
        };
        let mut new = vec![];
        let bar = progress.begin("checking files", Some(asked.steps.len() as u64));
        for (step, from, to) in asked.steps {
            if stop.asked() {
                return Err(PlanError::Stopped);
            }
            let digest = digest_of(&places.above.join(&from))?;
            let at = |path: &Path| places.above.join(path);
            let (action, reason) = (step.action, step.reason.clone());
            applied.moved.push(Moved { action, from: at(&from), to: at(&to), reason });
            new.push(Entry { action, from, to, digest });
            bar.advance(1);
        }
        drop(bar);
        if dry {
            return Ok(applied);
        }
        if !new.is_empty() {
            let targets = new.iter().map(|entry| entry.to.as_path());
            for folder in missing(targets, &places.above) {
                if !journal.made.contains(&folder) {
                    journal.made.push(folder);
                }
            }
            journal.entries.extend_from_slice(&new);
            journal.write(files, &path)?;
        }
        let moves: Vec<(PathBuf, PathBuf)> = unfinished
            .iter()
            .chain(&new)
            .map(|entry| (places.above.join(&entry.from), places.above.join(&entry.to)))
            .collect();
        shift(files, &places.above, &moves, progress, stop)?;
        Ok(applied)
    }
}

/// Puts back what was moved by the plan that lies, or lay, at `table`, and removes what was made
/// for it. What is no longer where it was put, or was changed since, is reported and left alone.
/// `None` where nothing was applied.
///
/// # Errors
/// When a file cannot be read or moved; the same call then resumes.
pub fn undo(
    table: &Path,
    files: &dyn Files,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Option<Undone>, PlanError> {
    let path = journal_of(table);
    let Some(mut journal) = Journal::read(&path)? else { return Ok(None) };
    let places = Places::of(&journal.folder)?;
    let (mut undone, mut moves, mut left) = (Undone::default(), vec![], vec![]);
    for (index, entry) in journal.entries.iter().enumerate().rev() {
        let place = |to: &Path| {
            places.inside(to).map_err(|why| PlanError::Table {
                path: path.clone(),
                line: (2 + journal.made.len() + index) as u64,
                why: format!("`{}` {why}", to.display()),
            })
        };
        let (from, to) = (place(&entry.from)?, place(&entry.to)?);
        let problem = match (find(&from, &entry.digest)?, find(&to, &entry.digest)?) {
            (Found::Ours, Found::Ours) | (Found::Nothing, Found::Ours) => {
                moves.push((to, from));
                continue;
            }
            (Found::Ours, _) => {
                undone.back += 1;
                continue;
            }
            (Found::Another, Found::Ours) => format!(
                "`{}` stays: there is now another file at `{}`",
                to.display(),
                from.display()
            ),
            (_, Found::Another) => format!("`{}` has changed since and stays", to.display()),
            (_, Found::Nothing) => format!("`{}` no longer exists", to.display()),
        };
        undone.problems.push(problem);
        left.push(entry.clone());
    }
    shift(files, &places.above, &moves, progress, stop)?;
    undone.back += moves.len();
    for folder in journal.made.iter().rev() {
        let Ok(folder) = places.inside(folder) else { continue };
        match files.remove_folder(&folder) {
            Ok(()) => sync(files, folder_of(&folder))?,
            // One that holds something by now stays, as it should; or it is gone already.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
                ) => {}
            Err(error) => return Err(FileError::at("remove", &folder)(error).into()),
        }
    }
    if left.is_empty() {
        files.remove(&path).map_err(FileError::at("remove", &path))?;
        sync(files, folder_of(&path))?;
    } else {
        left.reverse();
        journal.entries = left;
        journal.write(files, &path)?;
    }
    Ok(Some(undone))
}

/// The files that the plan at `table` has moved and that are where it put them; none where nothing is
/// applied. No reasons are given, as none are recorded.
///
/// # Errors
/// When the record cannot be read, or its folder is not there.
pub fn moved(table: &Path) -> Result<Vec<Moved>, PlanError> {
    let Some(journal) = Journal::read(&journal_of(table))? else { return Ok(vec![]) };
    let places = Places::of(&journal.folder)?;
    let at = |path: &Path| places.above.join(path);
    let moved = journal.entries.iter().map(|entry| Moved {
        action: entry.action,
        from: at(&entry.from),
        to: at(&entry.to),
        reason: String::new(),
    });
    Ok(moved.filter(|moved| is_taken(&moved.to) && !is_taken(&moved.from)).collect())
}

/// What was applied before, or nothing.
fn past(path: &Path, places: &Places) -> Result<Journal, PlanError> {
    let folder = places.folder();
    let Some(journal) = Journal::read(path)? else {
        return Ok(Journal { folder, ..Journal::default() });
    };
    if fs::canonicalize(&journal.folder).ok().as_ref() != Some(&folder) {
        let (journal, folder) = (path.to_owned(), journal.folder);
        return Err(PlanError::OtherFolder { journal, folder });
    }
    Ok(journal)
}

/// What is still to do, each with the places of its file, from the folder above on.
struct Asked<'a> {
    steps: Vec<(&'a Step, PathBuf, PathBuf)>,
    before: usize,
    kept: usize,
}

fn asked<'a>(plan: &'a Plan, past: &Journal, places: &Places) -> Result<Asked<'a>, PlanError> {
    let mut asked = Asked { steps: vec![], before: 0, kept: 0 };
    let moved: HashMap<&Path, &Entry> =
        past.entries.iter().map(|entry| (entry.from.as_path(), entry)).collect();
    let (mut seen, mut claimed) = (HashMap::new(), HashSet::new());
    let mut bad = vec![];
    for step in &plan.steps {
        if step.action == Action::Keep {
            asked.kept += 1;
            continue;
        }
        if let Some(line) = seen.insert(&step.path, step.line) {
            bad.push((step.line, format!("`{}` is already in line {line}", step.path.display())));
            continue;
        }
        let from = Path::new(&places.name).join(&step.path);
        let goal = match goal(step, places) {
            Ok(goal) => goal,
            Err(why) => {
                bad.push((step.line, why));
                continue;
            }
        };
        if let Some(entry) = moved.get(from.as_path()) {
            if entry.action == step.action && same_folder(&entry.to, &goal) {
                asked.before += 1;
            } else if is_taken(&places.above.join(&from)) {
                bad.push((
                    step.line,
                    format!("`{}` is not the file that was moved before", step.path.display()),
                ));
            } else {
                bad.push((
                    step.line,
                    format!(
                        "`{}` was moved to `{}` before",
                        step.path.display(),
                        entry.to.display()
                    ),
                ));
            }
            continue;
        }
        match fit(step, &from, &goal, places) {
            Ok(()) => {
                let to = free(places.above.join(&goal), &mut claimed);
                let to = to.strip_prefix(&places.above).map_or(goal, Path::to_owned);
                asked.steps.push((step, from, to));
            }
            Err(why) => bad.push((step.line, why)),
        }
    }
    if bad.is_empty() { Ok(asked) } else { Err(PlanError::DoesNotFit(bad)) }
}

fn same_folder(a: &Path, b: &Path) -> bool {
    a.parent() == b.parent()
}

/// Where a step wants its file, from the folder above on.
fn goal(step: &Step, places: &Places) -> Result<PathBuf, String> {
    let shown = step.path.display();
    if !plain(&step.path) {
        return Err(format!("`{shown}` leads out of the folder"));
    }
    if step.action != Action::LeaveOut && !plain(&step.to) {
        return Err(format!("`{}` leads out of the folder", step.to.display()));
    }
    let name = Path::new(&places.name);
    Ok(match step.action {
        Action::LeaveOut => Path::new(&places.left_out).join(&step.path),
        Action::Move | Action::Keep => name.join(&step.to),
        Action::Relabel => {
            let above = places.folder();
            let mut parts = step.path.components();
            if parts.clone().count() < 2 {
                return Err(format!("`{shown}` is not in a class folder"));
            }
            let first = parts.next().map(|part| part.as_os_str().to_owned()).unwrap_or_default();
            let side = ["train", "valid", "val", "validation", "test"]
                .iter()
                .any(|side| first.eq_ignore_ascii_case(side));
            if side && parts.clone().count() > 1 && !above.join(&step.to).is_dir() {
                parts.next();
                name.join(first).join(&step.to).join(parts.as_path())
            } else {
                name.join(&step.to).join(parts.as_path())
            }
        }
    })
}

/// Whether a step can be carried out on what is there.
fn fit(step: &Step, from: &Path, goal: &Path, places: &Places) -> Result<(), String> {
    let shown = step.path.display();
    let place = places.inside(from).map_err(|why| format!("`{shown}` {why}"))?;
    match fs::symlink_metadata(&place) {
        Err(_) if is_part(&place) => {
            return Err(format!("`{shown}` is part of a file, and only whole files are moved"));
        }
        Err(_) => return Err(format!("`{shown}` does not exist")),
        Ok(found) if found.is_symlink() => {
            return Err(format!("`{shown}` is a link, and only files are moved"));
        }
        Ok(found) if !found.is_file() => return Err(format!("`{shown}` is not a file")),
        Ok(_) => {}
    }
    let to = places.inside(goal).map_err(|why| format!("`{}` {why}", goal.display()))?;
    match step.action {
        Action::Relabel => {
            if step.to.components().count() != 1 {
                return Err(format!("`{}` is not a class name", step.to.display()));
            }
            if to == place {
                return Err(format!("`{shown}` is already in class `{}`", step.to.display()));
            }
            // The class's folder on this side, or on another one.
            let known = |above: &Path| above.join(&step.to).is_dir();
            let sides = fs::read_dir(places.folder()).into_iter().flatten().flatten();
            if !known(&places.folder()) && !sides.into_iter().any(|side| known(&side.path())) {
                return Err(format!("there is no class `{}`", step.to.display()));
            }
        }
        Action::Move if to == place => return Err(format!("`{shown}` is already there")),
        _ => {}
    }
    if to.is_dir() {
        return Err(format!("`{}` is a folder", goal.display()));
    }
    Ok(())
}

/// Whether this is the name of a box in a photograph, or of a member of an archive.
fn is_part(name: &Path) -> bool {
    let Some(text) = name.to_str() else { return false };
    text.match_indices('#').any(|(at, _)| Path::new(&text[..at]).is_file())
}

/// The folders that these paths need and that are not there, the outer ones first.
fn missing<'a>(paths: impl Iterator<Item = &'a Path>, above: &Path) -> Vec<PathBuf> {
    let mut folders = vec![];
    let mut known = HashSet::new();
    for path in paths {
        let ancestors: Vec<_> = path.ancestors().skip(1).collect();
        for folder in ancestors.into_iter().rev().filter(|folder| !folder.as_os_str().is_empty()) {
            if known.insert(folder) && !above.join(folder).is_dir() {
                folders.push(folder.to_owned());
            }
        }
    }
    folders
}

/// Moves files, each to a name that nothing has; one that has both names already loses its first.
fn shift(
    files: &dyn Files,
    above: &Path,
    moves: &[(PathBuf, PathBuf)],
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<(), PlanError> {
    let below =
        |path: &'_ PathBuf| path.strip_prefix(above).map(Path::to_owned).unwrap_or_default();
    let targets: Vec<PathBuf> = moves.iter().map(|(_, to)| below(to)).collect();
    for folder in missing(targets.iter().map(PathBuf::as_path), above) {
        let folder = above.join(folder);
        files.create_folder(&folder).map_err(FileError::at("create", &folder))?;
        sync(files, folder_of(&folder))?;
    }
    let bar = progress.begin("moving", Some(moves.len() as u64));
    for some in moves.chunks(AT_ONCE) {
        if stop.asked() {
            return Err(PlanError::Stopped);
        }
        let mut twice = vec![];
        for (from, to) in some {
            if second_name(files, from, to)? {
                twice.push(from);
            }
        }
        // The new names must outlive a power cut before the old ones go.
        sync_all(files, some.iter().map(|(_, to)| folder_of(to)))?;
        for from in twice {
            files.remove(from).map_err(FileError::at("move", from))?;
        }
        sync_all(files, some.iter().map(|(from, _)| folder_of(from)))?;
        bar.advance(some.len() as u64);
    }
    Ok(())
}

/// Gives a file its new name; whether it has the old one still.
fn second_name(files: &dyn Files, from: &Path, to: &Path) -> Result<bool, PlanError> {
    match files.link(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // From a run that was killed between the two steps, or somebody else's.
            let digest = digest_of(from)?;
            if find(to, &digest)? == Found::Ours {
                Ok(true)
            } else {
                Err(PlanError::Taken { from: from.to_owned(), to: to.to_owned() })
            }
        }
        // Where a file cannot have two names (FAT, some shared folders, files of somebody else),
        // looking first is the best there is.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            if is_taken(to) {
                return Err(PlanError::Taken { from: from.to_owned(), to: to.to_owned() });
            }
            files.rename(from, to).map_err(FileError::at("move", from))?;
            Ok(false)
        }
        Err(error) => Err(FileError::at("move", from)(error).into()),
    }
}

fn sync_all<'a>(
    files: &dyn Files,
    folders: impl Iterator<Item = &'a Path>,
) -> Result<(), PlanError> {
    let mut done = HashSet::new();
    folders
        .filter(|folder| done.insert(folder.to_path_buf()))
        .try_for_each(|folder| sync(files, folder))
}

fn sync(files: &dyn Files, folder: &Path) -> Result<(), PlanError> {
    Ok(files.sync_folder(folder).map_err(FileError::at("sync", folder))?)
}
