//! What is to be collected: lists of addresses, saved pages, folders and archives.

mod folder;
mod list;
mod page;

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use fetch::Url;
use ground::files::{self, FileError};

use crate::archive::Kind;
use crate::{CollectError, Settings, address, class};

/// The largest list or page that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// One picture that a source names.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Its name in its row.
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) place: Place,
}

/// Where a picture is.
#[derive(Debug)]
pub(crate) enum Place {
    /// On the network.
    Address(Url),
    /// On the disk.
    File(PathBuf),
    /// Nowhere, with the reason.
    Nowhere(String),
}

impl Wanted {
    /// An address as the source has it, for a class that has been checked.
    fn at(text: &str, class: &str) -> Self {
        let class = class.to_owned();
        match address::parse(text) {
            Ok(url) => Self { name: url.to_string(), class, place: Place::Address(url) },
            Err(why) => {
                let name = text.chars().filter(|c| !c.is_control()).take(200).collect();
                Self { name, class, place: Place::Nowhere(why) }
            }
        }
    }
}

/// All that the sources name.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Each once, in the order in which they are named.
    pub(crate) wanted: Vec<Wanted>,
    pub(crate) archives: Vec<(PathBuf, Kind)>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

impl Sources {
    /// Reads lists, pages and folders; archives are read later, as they may be large.
    pub(crate) fn read(paths: &[PathBuf], settings: &Settings) -> Result<Self, CollectError> {
        if let Some(name) = &settings.class {
            class::check(name)?;
        }
        let mut sources = Self::default();
        for path in paths {
            let before = sources.wanted.len() + sources.archives.len();
            sources.add(path, settings)?;
            if sources.wanted.len() + sources.archives.len() == before {
                return Err(CollectError::Nothing(path.clone()));
            }
        }
        let mut seen = HashSet::new();
        sources.wanted.retain(|wanted| seen.insert((wanted.name.clone(), wanted.class.clone())));
        Ok(sources)
    }

    fn add(&mut self, path: &Path, settings: &Settings) -> Result<(), CollectError> {
        if path.is_dir() {
            return folder::read(path, settings.class.as_deref(), self);
        }
        if path != Path::new("-") {
            let mut opening = Vec::new();
            let file = std::fs::File::open(path).map_err(FileError::at("read", path))?;
            let read = file.take(512).read_to_end(&mut opening);
            read.map_err(FileError::at("read", path))?;
            if let Some(kind) = Kind::of(&opening) {
                self.archives.push((path.to_owned(), kind));
                return Ok(());
            }
        }
        let bytes = if path == Path::new("-") {
            let mut bytes = Vec::new();
            let read = std::io::stdin().lock().take(LARGEST).read_to_end(&mut bytes);
            read.map_err(FileError::at("read", path))?;
            bytes
        } else {
            files::read_capped(path, LARGEST)?
        };
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let suffix = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let class = settings.class.as_deref();
        let start = text.trim_start().get(..200).unwrap_or(text.trim_start()).to_lowercase();
        match suffix.as_str() {
            "html" | "htm" | "xhtml" => page::read(path, text, class, self),
            _ if start.starts_with("<!doctype html") || start.starts_with("<html") => {
                page::read(path, text, class, self)
            }
            "csv" => list::table(path, text, class, self),
            _ if start.starts_with('{') => list::json(path, text, class, self),
            _ => list::lines(path, text, class, self),
        }
    }
}

/// The class that a file's own name gives.
fn class_of(path: &Path) -> Result<String, CollectError> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if stem.is_empty() || path == Path::new("-") {
        return Err(CollectError::NoClass(path.to_owned()));
    }
    class::check(&stem)?;
    Ok(stem)
}
