//! `lookalike cache`: what is kept so that it need not be made or fetched again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::files::{FileError, cache_folder};
use ground::progress::Progress;
use serde::Serialize;

use crate::args::{Cache, CachePart};
use crate::fault::Exit;
use crate::terminal::{Terminal, bytes, count};

#[derive(Serialize)]
struct Part {
    name: &'static str,
    what: &'static str,
    folder: PathBuf,
    files: usize,
    bytes: u64,
}

impl CachePart {
    const ALL: [Self; 4] = [Self::Features, Self::Pixels, Self::Weights, Self::Surveys];

    fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Features => ("features", "what networks see in pictures they have looked at"),
            Self::Pixels => ("pixels", "sets of decoded pictures too large for memory"),
            Self::Surveys => ("surveys", "what `check` saw in pictures it has looked at"),
            Self::Weights => ("weights", "downloaded networks"),
        }
    }
}

pub(crate) fn run(typed: &Cache, terminal: &Terminal) -> anyhow::Result<Exit> {
    let folder = cache_folder(|name| std::env::var_os(name));
    let mut parts = vec![];
    for part in CachePart::ALL {
        let (name, what) = part.name();
        let folder = folder.join(name);
        let (files, bytes) = size(&folder)?;
        parts.push(Part { name, what, folder, files, bytes });
    }
    if typed.clear {
        // Weights are dear to fetch again, so they are cleared only by name.
        let meant: Vec<&str> = match typed.part {
            Some(part) => vec![part.name().0],
            None => vec!["features", "pixels", "surveys"],
        };
        let cleared = parts.iter_mut().filter(|part| meant.contains(&part.name));
        let (mut files, mut freed) = (0, 0);
        for part in cleared {
            match fs::remove_dir_all(&part.folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FileError::at("remove", &part.folder)(error).into());
                }
                _ => (files, freed) = (files + part.files, freed + part.bytes),
            }
            (part.files, part.bytes) = (0, 0);
        }
        terminal.note(&format!("removed {}, {}", count(files, "file"), bytes(freed)));
    }
    if typed.json {
        let told: Vec<&Part> = parts.iter().filter(|part| typed.tells(part.name)).collect();
        terminal.result(&serde_json::to_string_pretty(&told)?)?;
    } else if !typed.clear {
        for part in parts.iter().filter(|part| typed.tells(part.name)) {
            let (files, size) = (count(part.files, "file"), bytes(part.bytes));
            terminal.result(&format!("{:<9} {size:>10}  {files:>12}  {}", part.name, part.what))?;
        }
        terminal.result(&format!("in {}", folder.display()))?;
    }
    Ok(Exit::Done)
}

impl Cache {
    fn tells(&self, name: &str) -> bool {
        self.part.is_none_or(|part| part.name().0 == name)
    }
}

/// Files in a folder and below, and their bytes; none where there is no such folder.
fn size(folder: &Path) -> Result<(usize, u64), FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        Err(error) => return Err(FileError::at("read", folder)(error)),
    };
    let (mut files, mut bytes) = (0, 0);
    for entry in entries.flatten() {
        // What vanishes meanwhile counts for nothing; links are not followed.
        let Ok(metadata) = entry.metadata() else { continue };
        let (more, size) = match metadata.is_dir() {
            true => size(&entry.path())?,
            false => (1, metadata.len()),
        };
        (files, bytes) = (files + more, bytes + size);
    }
    Ok((files, bytes))
}
