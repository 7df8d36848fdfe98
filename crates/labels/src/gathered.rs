//! What a file of labels names, as far as it was read.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::Path;

use ground::words::{count, thousands};
use pictures::{Entry, Folder, Need, PicturesError, Place, Side};

use crate::Format;

/// More pictures than this are refused: some gigabytes of names.
const MOST: usize = 10_000_000;

/// A picture; without a class where none is said.
pub(crate) struct Named {
    pub(crate) place: Place,
    pub(crate) class: Option<String>,
    pub(crate) side: Option<Side>,
    pub(crate) group: Option<String>,
}

/// Pictures with their labels, and what was left out.
pub(crate) struct Gathered {
    format: Format,
    pub(crate) named: Vec<Named>,
    /// How much was left out: of what, and which.
    left_out: BTreeMap<(&'static str, &'static str), usize>,
    warnings: Vec<String>,
    /// What one of the boxes is called.
    pub(crate) boxed: &'static str,
}

impl Gathered {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, named: vec![], left_out: BTreeMap::new(), warnings: vec![], boxed: "box" }
    }

    pub(crate) fn add(&mut self, path: &Path, named: Named) -> Result<(), PicturesError> {
        if self.named.len() == MOST {
            let most = thousands(MOST);
            return Err(self.format.refuses(path, format!("more than {most} pictures")));
        }
        self.named.push(named);
        Ok(())
    }

    /// Counts something that is left out: a `photograph` `without a box`.
    pub(crate) fn leave_out(&mut self, thing: &'static str, which: &'static str) {
        *self.left_out.entry((thing, which)).or_default() += 1;
    }

    /// `3 photographs without a box, 1 box without a pixel`.
    fn told_left_out(&self) -> String {
        let told = self.left_out.iter();
        let told = told.map(|((thing, which), &n)| format!("{} {which}", count(n, thing)));
        told.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn warn(&mut self, warning: Option<String>) {
        self.warnings.extend(warning);
    }

    /// `read as COCO: 1,204 boxes of 530 photographs; left out: 3 boxes that are empty`.
    pub(crate) fn told(&self) -> String {
        let photographs: HashSet<_> =
            self.named.iter().filter_map(|named| named.place.photograph()).collect();
        let mut told = format!("read as {}: ", self.format.name());
        if photographs.is_empty() {
            told += &count(self.named.len(), "picture");
        } else {
            let boxes = self.named.iter().filter(|named| named.place.photograph().is_some());
            let boxes = boxes.count();
            let photographs = count(photographs.len(), "photograph");
            let _ = write!(told, "{} of {photographs}", count(boxes, self.boxed));
            let whole = self.named.len() - boxes;
            if whole > 0 {
                let _ = write!(told, ", and {}", count(whole, "whole picture"));
            }
        }
        if !self.left_out.is_empty() {
            let _ = write!(told, "; left out: {}", self.told_left_out());
        }
        told
    }

    pub(crate) fn places(self) -> Vec<Place> {
        self.named.into_iter().map(|named| named.place).collect()
    }

    /// The pictures that have a class; all of them where none has one and none is needed.
    pub(crate) fn folder(mut self, path: &Path, need: Need) -> Result<Folder, PicturesError> {
        let unsorted = self.named.iter().all(|named| named.class.is_none());
        if unsorted && need == Need::Anything {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            self.named.iter_mut().for_each(|named| named.class = Some(name.clone().into_owned()));
        }
        let mut entries = vec![];
        for Named { place, class, side, group } in std::mem::take(&mut self.named) {
            match class.filter(|class| !class.trim().is_empty()) {
                Some(class) => entries.push(Entry { class, place, side, group, fold: None }),
                None => self.leave_out("picture", "without a label"),
            }
        }
        if entries.is_empty() {
            let why = match self.left_out.is_empty() {
                true => "there is no picture in it".to_owned(),
                false => format!("no picture is left: left out are {}", self.told_left_out()),
            };
            return Err(self.format.refuses(path, why));
        }
        // What it is read as counts what is used.
        let of = |entry: &Entry| Named {
            place: entry.place.clone(),
            class: None,
            side: None,
            group: None,
        };
        self.named = entries.iter().map(of).collect();
        let read_as = Some(self.told());
        let folder = Folder::of_entries(path, entries, self.warnings, need)?;
        Ok(Folder { read_as, ..folder })
    }
}
