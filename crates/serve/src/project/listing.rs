//! What lies in a project's folder: a sub-folder a class, and in it pictures and recordings.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ground::files::FileError;
use lookalike::Error;
use pictures::Folder;
use serde_json::{Value, json};

use crate::album;

/// A class.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Class {
    pub(super) id: usize,
    pub(super) name: String,
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) id: u64,
    /// From the folder on.
    pub(super) below: PathBuf,
    pub(super) real: PathBuf,
    /// The class's number.
    pub(super) class: usize,
    /// The sub-folder that keeps a recording together.
    pub(super) burst: Option<String>,
    bytes: u64,
    mark: u32,
    pub(super) when: Option<SystemTime>,
}

/// Everything at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Listing {
    pub(super) classes: Vec<Class>,
    pub(super) items: Vec<Item>,
}

/// Numbers of classes, which stay as long as the program runs.
#[derive(Debug, Default)]
pub(super) struct Numbers(HashMap<String, usize>, usize);

impl Numbers {
    fn of(&mut self, name: &str) -> usize {
        let next = self.1;
        let number = *self.0.entry(name.to_owned()).or_insert(next);
        self.1 = self.1.max(number + 1);
        number
    }

    /// A class has another name now.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if let Some(number) = self.0.remove(from) {
            self.0.insert(to.to_owned(), number);
        }
    }
}

impl Listing {
    /// # Errors
    /// When the folder cannot be read.
    pub(super) fn of(root: &Path, numbers: &mut Numbers) -> Result<Self, Error> {
        let mut folders: Vec<String> = fs::read_dir(root)
            .map_err(FileError::at("read", root))?
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        folders.sort_by_key(|name| name.to_lowercase());
        let mut listing = Self::default();
        for name in folders {
            let id = numbers.of(&name);
            let folder = root.join(&name);
            let (paths, _) = Folder::pictures_below(&folder)?;
            listing.items.extend(paths.into_iter().map(|path| Item::of(root, &folder, &path, id)));
            listing.classes.push(Class { id, name });
        }
        Ok(listing)
    }

    pub(super) fn class(&self, id: usize) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == id)
    }

    pub(super) fn item(&self, id: u64) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The pictures of a class.
    pub(super) fn of_class(&self, id: usize) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter().filter(move |item| item.class == id)
    }

    /// Things in a class that are no witnesses of one another: recordings, and pictures taken one by one.
    pub(super) fn groups(&self, id: usize) -> usize {
        let single = self.of_class(id).filter(|item| item.burst.is_none()).count();
        single + self.bursts(id)
    }

    /// The recordings of a class.
    pub(super) fn bursts(&self, id: usize) -> usize {
        let mut names: Vec<&str> =
            self.of_class(id).filter_map(|item| item.burst.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    }
}

impl Item {
    pub(super) fn of(root: &Path, folder: &Path, path: &Path, class: usize) -> Self {
        let below = path.strip_prefix(root).unwrap_or(path).to_owned();
        let within = path.strip_prefix(folder).ok().and_then(Path::parent);
        let burst = within.map(|within| within.to_string_lossy().into_owned());
        let real = album::real(path);
        let (bytes, mark) = album::mark_of(&real);
        let when = fs::symlink_metadata(&real).and_then(|about| about.modified()).ok();
        Self {
            id: album::id_of(&below),
            below,
            real,
            class,
            burst: burst.filter(|name| !name.is_empty()),
            bytes,
            mark,
            when,
        }
    }

    /// Bytes of its file when it was listed.
    pub(super) fn length(&self) -> u64 {
        self.bytes
    }

    /// As pages are told of it.
    pub(super) fn json(&self) -> Value {
        let address = |file: &str| format!("v1/pictures/{}/{file}?v={:08x}", self.id, self.mark);
        json!({
            "id": self.id, "name": self.below.to_string_lossy(), "class": self.class,
            "width": null, "height": null, "bytes": self.bytes, "thumb": address("thumb.jpg"),
            "large": address("large.jpg"), "error": null, "decision": null, "moved": false,
            "burst": self.burst,
        })
    }
}
