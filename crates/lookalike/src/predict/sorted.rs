//! Pictures sorted into folders by their answers; the originals stay where they are.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use ground::files::{FileError, temporary_beside};
use pictures::Place;

use crate::json::Answer;
use crate::{Error, Kind, NamedFolder};

/// The folders of pictures without one clear answer; no class can be mistaken for them.
const AMBIGUOUS: &str = "_ambiguous";
const NOT_RECOGNISED: &str = "_not recognised";

/// Where pictures are sorted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorting {
    /// A new or empty folder.
    pub into: PathBuf,
    /// Whether files are linked (as hard links, where the disk allows) instead of copied.
    pub link: bool,
}

/// Pictures sorted so far.
pub(super) struct Sorter {
    root: NamedFolder,
    link: bool,
    folders: HashMap<String, NamedFolder>,
}

impl Sorter {
    pub(super) fn new(sorting: &Sorting) -> Result<Self, Error> {
        let Sorting { into, link } = sorting;
        Ok(Self { root: NamedFolder::new(into)?, link: *link, folders: HashMap::new() })
    }

    /// Puts a copy of a picture, or a link to it, into the folder of its answer. What is part of a file
    /// stays where it is.
    pub(super) fn put(&mut self, place: &Place, answer: &Answer<'_>) -> Result<(), Error> {
        let Answer::Read(read) = answer else { return Ok(()) };
        let Some(picture) = place.whole_file() else {
            let name = place.name().display();
            let what = format!("`--sort-into` copies whole files, and `{name}` is part of one");
            return Err(Error::refused(Kind::Usage, what).advise("leave it out of the list"));
        };
        let name = match &read.answer[..] {
            [] => NOT_RECOGNISED,
            [named] => named.class,
            _ => AMBIGUOUS,
        };
        if !self.folders.contains_key(name) {
            let folder = self.root.folder(name)?;
            self.folders.insert(name.to_owned(), folder);
        }
        let Some(folder) = self.folders.get_mut(name) else { return Ok(()) };
        let (stem, suffix) = (picture.file_stem(), picture.extension());
        let [stem, suffix] = [stem, suffix].map(|part| part.unwrap_or_default().to_string_lossy());
        let to = folder.place(&stem, &suffix);
        match self.link && fs::hard_link(picture, &to).is_ok() {
            true => Ok(()),
            false => Ok(copy(picture, &to)?),
        }
    }
}

/// Copies a file, so that the copy has its name only when it is whole.
fn copy(from: &Path, to: &Path) -> Result<(), FileError> {
    let temporary = temporary_beside(to);
    let copied = fs::copy(from, &temporary).and_then(|_| fs::rename(&temporary, to));
    copied.map_err(|error| {
        // A leftover is hidden; the first error is the one worth telling.
        let _ = fs::remove_file(&temporary);
        FileError::at("write", to)(error)
    })
}
