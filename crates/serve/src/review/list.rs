//! The pictures of a folder, in an order that stays while somebody looks through them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use doctor::plan::Moved;
use lookalike::{Error, Kind, Source};
use pictures::{Folder, begins_like_a_picture};
use serde_json::{Value, json};

use crate::album;

/// A picture.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: u64,
    /// Its path from the folder on, as the plan names it.
    pub(super) below: PathBuf,
    /// Where it really lay when it was listed.
    first: PathBuf,
    /// Where it really lies.
    pub(super) real: PathBuf,
    /// The class that it is filed under; none of one that lies beside the classes.
    pub(super) class: Option<usize>,
    /// Upright, in pixels, once that is known.
    pub(super) size: Option<[u32; 2]>,
    bytes: u64,
    mark: u32,
    /// Why it cannot be read.
    pub(super) error: Option<String>,
    /// Whether the plan has moved it.
    pub(super) moved: bool,
    /// How surprising its label is to the classifier.
    pub(super) doubt: f64,
}

/// All pictures of a folder.
#[derive(Debug, Default)]
pub(super) struct List {
    /// The folder that holds the classes.
    pub(super) root: PathBuf,
    /// The same without links in its path.
    real: PathBuf,
    pub(super) classes: Vec<String>,
    pub(super) items: Vec<Item>,
    /// Whether there are no classes yet.
    pub(super) unsorted: bool,
    /// Whether folders say which pictures are trained on.
    pub(super) sided: bool,
    by_id: HashMap<u64, usize>,
    by_path: HashMap<PathBuf, usize>,
}

impl List {
    /// # Errors
    /// When the folder cannot be read, or holds no picture.
    pub(super) fn of(root: &Path) -> Result<Self, Error> {
        let found = Source::from(root).any_pictures();
        let (mut list, mut paths) = match found {
            Ok(folder) if folder.classes.len() > 1 => {
                let sided = folder.pictures.iter().any(|picture| picture.side.is_some());
                let pictures = folder.pictures.into_iter();
                let paths: Vec<_> =
                    pictures.map(|one| (one.place.name().to_owned(), Some(one.label))).collect();
                (Self { classes: folder.classes, sided, ..Self::default() }, paths)
            }
            _ => {
                let (paths, _) = Folder::pictures_below(root)?;
                let paths: Vec<_> = paths.into_iter().map(|path| (path, None)).collect();
                (Self { unsorted: true, ..Self::default() }, paths)
            }
        };
        if paths.is_empty() {
            let what = format!("there is no picture in `{}`", root.display());
            return Err(
                Error::refused(Kind::Pictures, what).advise("name a folder that holds some")
            );
        }
        list.root =
            if list.unsorted { root.to_owned() } else { holding(root, &paths, &list.classes) };
        list.real = album::real(&list.root);
        if !list.unsorted && !list.sided {
            paths.extend(loose(&list.root).into_iter().map(|path| (path, None)));
        }
        for (path, class) in paths {
            list.add(&path, class);
        }
        Ok(list)
    }

    fn add(&mut self, path: &Path, class: Option<usize>) {
        let below = path.strip_prefix(&self.root).unwrap_or(path).to_owned();
        let mut id = album::id_of(&below);
        while self.by_id.contains_key(&id) {
            id = (id + 1) % (1 << 48);
        }
        let real = album::real(path);
        let (bytes, mark) = album::mark_of(&real);
        let at = self.items.len();
        self.by_id.insert(id, at);
        self.by_path.insert(below.clone(), at);
        self.items.push(Item {
            id,
            below,
            first: real.clone(),
            real,
            class,
            size: None,
            bytes,
            mark,
            error: None,
            moved: false,
            doubt: 0.0,
        });
    }

    /// The place of a picture by its number.
    pub(super) fn by_id(&self, id: u64) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Its place by its path, from the folder on or in full.
    pub(super) fn by_path(&self, path: &Path) -> Option<usize> {
        self.by_path.get(path.strip_prefix(&self.root).unwrap_or(path)).copied()
    }

    /// What the folder of a class is called on the disk, which may encode its accents in another way.
    pub(super) fn folder_of(&self, class: usize) -> Option<&str> {
        let item = self.items.iter().find(|item| item.class == Some(class))?;
        item.below.components().nth(usize::from(self.sided))?.as_os_str().to_str()
    }

    /// Takes note of what the plan has moved.
    pub(super) fn moved(&mut self, moved: &[Moved]) {
        let by: HashMap<&Path, &Path> =
            moved.iter().map(|one| (one.from.as_path(), one.to.as_path())).collect();
        let arrived: HashMap<&Path, ()> = moved.iter().map(|one| (one.to.as_path(), ())).collect();
        let classes = self.classes.clone();
        for item in &mut self.items {
            item.moved = arrived.contains_key(&*item.first);
            item.real.clone_from(&item.first);
            let Some(&to) = by.get(&*item.first) else { continue };
            (item.real, item.moved) = (to.to_owned(), true);
            let below = to.strip_prefix(&self.real).ok();
            let parts = below.into_iter().flat_map(Path::components);
            let names: Vec<_> = parts.map(|part| part.as_os_str().to_string_lossy()).collect();
            let class = classes.iter().position(|class| names.iter().any(|name| name == class));
            item.class = class.or(item.class);
        }
    }

    /// A picture as pages are told of it, without what was decided.
    pub(super) fn json(&self, at: usize) -> Value {
        let item = &self.items[at];
        let name = item.real.strip_prefix(&self.real).unwrap_or(&item.below);
        let [width, height] = item.size.map_or([None; 2], |size| size.map(Some));
        let address = |file: &str| format!("v1/pictures/{}/{file}?v={:08x}", item.id, item.mark);
        json!({
            "id": item.id, "name": name.to_string_lossy(), "class": item.class, "width": width,
            "height": height, "bytes": item.bytes, "thumb": address("thumb.jpg"),
            "large": address("large.jpg"), "error": item.error, "moved": item.moved, "burst": null,
        })
    }
}

/// The folder that holds the classes: a deeper one where that is all that there is.
fn holding(root: &Path, paths: &[(PathBuf, Option<usize>)], classes: &[String]) -> PathBuf {
    let mut root = root.to_owned();
    loop {
        let first = |path: &Path| {
            let mut parts = path.strip_prefix(&root).ok()?.components();
            parts.next().map(|part| part.as_os_str().to_owned())
        };
        let Some(only) = paths.first().and_then(|(path, _)| first(path)) else { return root };
        let shared = paths.iter().all(|(path, _)| first(path).as_ref() == Some(&only));
        if !shared || classes.iter().any(|class| only == class.as_str()) {
            return root;
        }
        root.push(only);
    }
}

/// Pictures that lie beside the class folders, waiting for a label.
fn loose(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    let picture = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !hidden && path.is_file() && starts_like_a_picture(path)
    };
    let mut loose: Vec<PathBuf> = entries.filter(picture).collect();
    loose.sort();
    loose
}

fn starts_like_a_picture(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(64).read_to_end(&mut start));
    read.is_ok() && begins_like_a_picture(&start)
}
