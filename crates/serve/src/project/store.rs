//! Classes and pictures of a project as folders and files: made, filed, moved, renamed. Nothing is
//! deleted, and each file is whole or not there.

use std::fs;
use std::path::{Path, PathBuf};

use ground::Digest;
use ground::files::{self, Disk, FileError, Files, folder_of};
use lookalike::rename_class;
use pictures::{DecodePermit, Detail, Format, Limits, decode_for};
use serde_json::{Value, json};

use super::listing::Item;
use super::session::{Project, Trained, problem};
use super::state;
use crate::body::Picture;
use crate::engine::Engine;
use crate::names;
use crate::problem::{Fault, Problem};

/// A side that a picture is decoded to, to see that it is whole.
const SIDE: u32 = 64;
/// Moves that can be taken back.
const UNDONE: usize = 100;

/// What became of pictures that came.
#[derive(Default)]
pub(super) struct Filed {
    pub(super) added: Vec<PathBuf>,
    already: Vec<String>,
    pub(super) refused: Vec<(String, Problem)>,
}

impl Project {
    /// Makes a class.
    ///
    /// # Errors
    /// When it cannot be called so, or there is one.
    pub(super) fn make_class(&self, name: &str, by: &str) -> Result<Value, Problem> {
        let name = names::class(name)?;
        let folder = self.folder.join(&name);
        if folder.symlink_metadata().is_ok() {
            return Err(taken(&name));
        }
        fs::create_dir(&folder).map_err(|error| unsaved("create", &folder, error))?;
        self.changed(by)?;
        let inner = self.lock();
        let class = inner.listing.classes.iter().find(|class| class.name == name);
        let class = class.ok_or_else(|| Fault::Failed.because("the class is not there"))?;
        Ok(state::class(class, &inner.listing))
    }

    /// Gives a class another name, and the classifier's class with it.
    ///
    /// # Errors
    /// When there is no such class, or it cannot be called so.
    pub(super) fn rename(&self, id: usize, name: &str, by: &str) -> Result<Value, Problem> {
        self.at_rest()?;
        let name = names::class(name)?;
        let old = self.class(id)?;
        if old != name {
            let (from, to) = (self.folder.join(&old), self.folder.join(&name));
            // A system that knows no capitals finds the class itself.
            let same = from.canonicalize().ok() == to.canonicalize().ok();
            if to.symlink_metadata().is_ok() && !same {
                return Err(taken(&name));
            }
            fs::rename(&from, &to).map_err(|error| unsaved("rename", &from, error))?;
            Disk.sync_folder(&self.folder).map_err(|error| unsaved("sync", &self.folder, error))?;
            let mut inner = self.lock();
            inner.numbers.rename(&old, &name);
            inner.undo.clear();
            inner.bursts.clear();
            let knows = inner.trained.as_ref().is_some_and(|it| it.insight.classes.contains(&old));
            drop(inner);
            if knows {
                self.rename_trained(&old, &name).map_err(|error| problem(&error))?;
            }
            self.changed(by)?;
        }
        let inner = self.lock();
        let class = inner.listing.class(id).ok_or_else(no_class)?;
        Ok(state::class(class, &inner.listing))
    }

    fn rename_trained(&self, old: &str, name: &str) -> Result<(), lookalike::Error> {
        let (settings, app) = (&self.app.settings, &self.app);
        rename_class(&settings.model, old, name)?;
        app.set_engine(Engine::start(settings, app.known, &app.metrics)?);
        let classifier = classifier::Classifier::load(&settings.model)?;
        self.lock().trained = Some(Trained::of(&classifier));
        Ok(())
    }

    /// Removes a class that holds nothing.
    ///
    /// # Errors
    /// When it holds something.
    pub(super) fn remove_class(&self, id: usize, by: &str) -> Result<(), Problem> {
        let name = self.class(id)?;
        let folder = self.folder.join(&name);
        for inner in fs::read_dir(&folder).into_iter().flatten().flatten() {
            tidy(&inner.path());
        }
        if fs::remove_dir(&folder).is_err() {
            let what = format!("`{}` holds files", lookalike::text::printable(&name));
            let help = "move its pictures to another class, or remove them, first";
            return Err(Fault::Conflict.because(what).advise(Some(help.into())));
        }
        self.changed(by)
    }

    fn class(&self, id: usize) -> Result<String, Problem> {
        let inner = self.lock();
        inner.listing.class(id).map(|class| class.name.clone()).ok_or_else(no_class)
    }

    /// Files pictures under a class; those of a recording in a folder of their own.
    ///
    /// # Errors
    /// When there is no such class, or the disk refuses.
    pub(super) fn file(
        &self,
        id: usize,
        burst: Option<&str>,
        pictures: Vec<Picture>,
        by: &str,
    ) -> Result<Filed, Problem> {
        let class = self.folder.join(self.class(id)?);
        let mut filed = Filed::default();
        for Picture { name, bytes } in pictures {
            let format = match whole(&bytes) {
                Ok(format) => format,
                Err(why) => {
                    filed.refused.push((name, why));
                    continue;
                }
            };
            // One at a time, so that no two get one name.
            let mut inner = self.lock();
            if inner.listing.of_class(id).any(|item| is_same(item, &bytes)) {
                filed.already.push(name);
                continue;
            }
            let suffix = format.suffixes()[0];
            let path = match burst {
                None => names::free(&class, &names::stem(&name), suffix),
                Some(key) => {
                    let place = inner.bursts.entry((id, key.to_owned()));
                    let folder = place.or_insert_with(|| next_burst(&class)).clone();
                    if !folder.is_dir() {
                        fs::create_dir(&folder)
                            .map_err(|error| unsaved("create", &folder, error))?;
                        Disk.sync_folder(&class).map_err(|error| unsaved("sync", &class, error))?;
                    }
                    let count = fs::read_dir(&folder).map_or(0, Iterator::count);
                    names::free(&folder, &format!("{:04}", count + 1), suffix)
                }
            };
            files::write(&path, &bytes).map_err(|error| problem(&lookalike::Error::from(error)))?;
            inner.listing.items.push(Item::of(&self.folder, &class, &path, id));
            filed.added.push(path);
        }
        if !filed.added.is_empty() {
            self.hub.tell("changed", &json!({ "by": by }));
        }
        Ok(filed)
    }

    /// What filing came to, as pages are told.
    pub(super) fn told(&self, filed: &Filed) -> Value {
        let inner = self.lock();
        let below = |path: &PathBuf| path.strip_prefix(&self.folder).map(Path::to_owned).ok();
        let item = |path: PathBuf| inner.listing.items.iter().rev().find(|item| item.below == path);
        let added = filed.added.iter().filter_map(below).filter_map(item).map(Item::json);
        let refused = filed.refused.iter();
        let refused = refused.map(|(name, why)| json!({ "name": name, "error": why.detail }));
        json!({
            "added": added.collect::<Vec<_>>(), "already": filed.already,
            "refused": refused.collect::<Vec<_>>(),
        })
    }

    /// Moves pictures to another class, or to the folder beside for what is left out.
    ///
    /// # Errors
    /// When there is no such picture or class, or the disk refuses.
    pub(super) fn shift(&self, ids: &[u64], to: Option<usize>, by: &str) -> Result<usize, Problem> {
        self.at_rest()?;
        let goal = to.map(|id| self.class(id)).transpose()?;
        let mut inner = self.lock();
        let mut moves = vec![];
        for id in ids {
            let item = inner.listing.item(*id);
            let item =
                item.ok_or_else(|| Fault::NotFound.because("there is no picture of this number"))?;
            if to != Some(item.class) {
                moves.push(item.below.clone());
            }
        }
        let mut done = vec![];
        let mut failed = None;
        for below in moves {
            match self.shift_one(&below, goal.as_deref()) {
                Ok(to) => done.push((self.folder.join(&below), to)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let moved = done.len();
        if moved > 0 {
            let pictures = ground::words::count(moved, "picture");
            let words = match goal {
                Some(goal) => format!("{pictures} moved to {goal}"),
                None => format!("{pictures} removed"),
            };
            inner.undo.push((words, done));
            if inner.undo.len() > UNDONE {
                inner.undo.remove(0);
            }
        }
        drop(inner);
        self.changed(by)?;
        failed.map_or(Ok(moved), Err)
    }

    /// The folder beside, for what is removed.
    fn left_out(&self) -> PathBuf {
        let mut beside = crate::album::real(&self.folder).into_os_string();
        beside.push("-left-out");
        beside.into()
    }

    fn shift_one(&self, below: &Path, goal: Option<&str>) -> Result<PathBuf, Problem> {
        let from = self.folder.join(below);
        let (stem, suffix) = parts(below);
        let folder = match goal {
            Some(class) => self.folder.join(class),
            None => self.left_out().join(folder_of(below)),
        };
        fs::create_dir_all(&folder).map_err(|error| unsaved("create", &folder, error))?;
        let to = names::free(&folder, &stem, &suffix);
        move_file(&from, &to)?;
        Ok(to)
    }

    /// Takes the last move back.
    ///
    /// # Errors
    /// When there is none, or a file is no longer there.
    pub(super) fn undo(&self, by: &str) -> Result<usize, Problem> {
        self.at_rest()?;
        let mut inner = self.lock();
        let Some((_, moves)) = inner.undo.pop() else {
            return Err(Fault::Conflict.because("there is nothing to undo"));
        };
        let (mut back, mut failed) = (0, None);
        for (from, to) in moves.into_iter().rev() {
            let (stem, suffix) = parts(&from);
            fs::create_dir_all(folder_of(&from)).ok();
            match move_file(&to, &names::free(folder_of(&from), &stem, &suffix)) {
                Ok(()) => back += 1,
                Err(error) => failed = Some(error),
            }
            tidy(folder_of(&to));
            // The folder for what was removed, if that was all of it.
            let left_out = self.left_out();
            let folders = to.ancestors().skip(1).take_while(|folder| folder.starts_with(&left_out));
            folders.for_each(|folder| drop(fs::remove_dir(folder)));
        }
        drop(inner);
        self.changed(by)?;
        failed.map_or(Ok(back), Err)
    }
}

/// The format of a file that is a whole picture.
fn whole(bytes: &[u8]) -> Result<Format, Problem> {
    let limits = Limits::default();
    let detail = Detail::ShortSide(SIDE);
    let _permit = DecodePermit::for_picture(bytes, detail);
    let decoded = decode_for(bytes, &limits, detail).and_then(|_| Format::of(bytes));
    decoded.map_err(|reason| crate::predict::unreadable(&reason))
}

/// Whether a listed picture has these bytes.
fn is_same(item: &Item, bytes: &[u8]) -> bool {
    item.length() == bytes.len() as u64
        && crate::album::read(&item.real).is_ok_and(|own| Digest::of(&own) == Digest::of(bytes))
}

/// `burst 1`, or the next that there is not.
fn next_burst(class: &Path) -> PathBuf {
    let name = |number: usize| class.join(format!("burst {number}"));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(1))
}

fn parts(path: &Path) -> (String, String) {
    let text =
        |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    (text(path.file_stem()), text(path.extension()))
}

/// Moves a file to a name that nothing has.
fn move_file(from: &Path, to: &Path) -> Result<(), Problem> {
    fs::rename(from, to).map_err(|error| unsaved("move", from, error))?;
    for folder in [folder_of(to), folder_of(from)] {
        Disk.sync_folder(folder).map_err(|error| unsaved("sync", folder, error))?;
    }
    tidy(folder_of(from));
    Ok(())
}

/// Removes a recording's folder that holds nothing any more; whatever holds something stays.
fn tidy(folder: &Path) {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with("burst ") {
        let _ = fs::remove_dir(folder);
    }
}

fn no_class() -> Problem {
    Fault::NotFound.because("there is no class of this number")
}

fn taken(name: &str) -> Problem {
    let name = lookalike::text::printable(name);
    Fault::Conflict.because(format!("there is something called `{name}` already"))
}

fn unsaved(action: &'static str, path: &Path, error: std::io::Error) -> Problem {
    problem(&lookalike::Error::from(FileError::at(action, path)(error)))
}
