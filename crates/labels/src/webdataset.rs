//! WebDataset: tar archives in which files of one key belong together, as `1.jpg` and `1.cls`. The
//! pictures are read where they lie.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ground::files::FileError;
use pictures::{PicturesError, Place, Side, side_of};
use serde_json::Value;
use tar::{Archive, EntryType};

use crate::gathered::{Gathered, Named};
use crate::imagenet_txt::{names_of, text_of};
use crate::{Format, format};

/// The longest name, or block of extended headers, in bytes.
const LONGEST: u64 = 64 << 10;

/// The longest label, in bytes.
const LABEL: u64 = 1 << 20;

/// Suffixes of pictures.
const PICTURES: [&str; 12] =
    ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "ppm", "pgm", "img"];

/// The parts of one key.
#[derive(Default)]
struct Sample {
    picture: Option<(String, u64, u64)>,
    label: Option<String>,
}

pub(crate) fn read(path: &Path, into: &mut Gathered) -> Result<(), PicturesError> {
    let shards = if path.is_dir() { format::archives(path) } else { vec![path.to_owned()] };
    for shard in &shards {
        let classes = classes(shard)?;
        let file = File::open(shard).map_err(FileError::at("read", shard))?;
        let side = side(shard);
        for sample in samples(shard, file)? {
            let Some((name, offset, length)) = sample.picture else {
                into.leave_out("key", "without a picture");
                continue;
            };
            let number = |label: &str| label.parse::<usize>().ok().and_then(|at| classes.get(at));
            let class = sample.label.map(|label| number(&label).cloned().unwrap_or(label));
            let place = Place::member(shard, &name, offset, length);
            into.add(shard, Named { place, class, side, group: None })?;
        }
    }
    Ok(())
}

/// The names of the classes, where a file beside the archive has them.
fn classes(shard: &Path) -> Result<Vec<String>, PicturesError> {
    let beside = ["classes.txt", "classnames.txt"].map(|name| shard.with_file_name(name));
    match beside.iter().find(|path| path.is_file()) {
        Some(path) => Ok(names_of(&text_of(path)?)),
        None => Ok(vec![]),
    }
}

/// What an archive is used for, by a part of its name: `train-000.tar`, `birds_val_2.tar`.
fn side(shard: &Path) -> Option<Side> {
    let stem = shard.file_stem()?.to_string_lossy().into_owned();
    stem.split(['-', '_', '.']).find_map(side_of)
}

/// The files of an archive by their keys, in the order of their pictures.
fn samples(path: &Path, file: File) -> Result<Vec<Sample>, PicturesError> {
    let damaged = |why: std::io::Error| {
        let why = why.get_ref().map_or_else(|| why.to_string(), ToString::to_string);
        Format::WebDataset.refuses(path, why)
    };
    let long =
        || Format::WebDataset.refuses(path, format!("a name is longer than {LONGEST} bytes"));
    let length = file.metadata().map_err(FileError::at("read", path))?.len();
    let mut archive = Archive::new(file);
    let (mut samples, mut keys) = (Vec::<Sample>::new(), HashMap::<String, usize>::new());
    let mut ahead: Option<String> = None;
    for entry in archive.entries_with_seek().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::GNULongName | EntryType::XHeader) {
            let mut block = vec![];
            (&mut entry).take(LONGEST + 1).read_to_end(&mut block).map_err(damaged)?;
            if block.len() as u64 > LONGEST {
                return Err(long());
            }
            ahead = match kind {
                EntryType::XHeader => in_header(&block).or(ahead),
                _ => block.split(|&byte| byte == 0).next().map(text),
            };
            continue;
        }
        let name = ahead.take().unwrap_or_else(|| text(&entry.path_bytes()));
        if kind != EntryType::Regular || name.ends_with('/') {
            continue;
        }
        let (offset, size) = (entry.raw_file_position(), entry.size());
        if offset.checked_add(size).is_none_or(|end| end > length) {
            return Err(
                Format::WebDataset.refuses(path, format!("the archive ends within `{name}`"))
            );
        }
        let Some((key, suffix)) = parts(&name) else { continue };
        let at = *keys.entry(key).or_insert_with(|| {
            samples.push(Sample::default());
            samples.len() - 1
        });
        let sample = &mut samples[at];
        match suffix.as_str() {
            suffix if PICTURES.contains(&suffix) => {
                sample.picture.get_or_insert((name, offset, size));
            }
            "cls" | "txt" | "json" if size > LABEL => {
                let why = format!("`{name}` is too large for a label: {size} bytes");
                return Err(Format::WebDataset.refuses(path, why));
            }
            "cls" | "txt" | "json" => {
                let mut bytes = vec![];
                (&mut entry).take(LABEL).read_to_end(&mut bytes).map_err(damaged)?;
                let label = if suffix == "json" { in_json(&bytes) } else { Some(text(&bytes)) };
                let label = label.map(|label| label.trim().to_owned());
                // `.cls` says it best.
                if suffix == "cls" || sample.label.is_none() {
                    sample.label = label.filter(|label| !label.is_empty()).or(sample.label.take());
                }
            }
            _ => {}
        }
    }
    Ok(samples)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A name as its key and suffix: up to the first point of the file's name, and from the last one on.
fn parts(name: &str) -> Option<(String, String)> {
    let path = PathBuf::from(name);
    let file = path.file_name()?.to_string_lossy().into_owned();
    if file.starts_with('.') {
        return None;
    }
    let (stem, suffixes) = file.split_once('.')?;
    let suffix = suffixes.rsplit('.').next().unwrap_or_default().to_lowercase();
    Some((path.with_file_name(stem).to_string_lossy().into_owned(), suffix))
}

/// The label in an object that says more.
fn in_json(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let label = match &value {
        Value::Object(object) => {
            ["label", "class", "cls"].iter().find_map(|key| object.get(*key))?
        }
        other => other,
    };
    match label {
        Value::String(label) => Some(label.clone()),
        Value::Number(label) => Some(label.to_string()),
        _ => None,
    }
}

/// The path in a block of extended headers, in records of the form `length key=value\n`.
fn in_header(mut block: &[u8]) -> Option<String> {
    let mut found = None;
    while let Some(space) = block.iter().position(|&byte| byte == b' ') {
        let length: usize = std::str::from_utf8(&block[..space]).ok()?.parse().ok()?;
        let record = block.get(space + 1..length)?.strip_suffix(b"\n")?;
        found = record.strip_prefix(b"path=").map(text).or(found);
        block = block.get(length..)?;
    }
    found
}
