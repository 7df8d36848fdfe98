//! YOLO: a text file of boxes for each picture, beside it or in `labels` where pictures are in
//! `images`; the classes are in `data.yaml` or `classes.txt`.

use std::path::{Path, PathBuf};

use ground::files::folder_of;
use pictures::{Cut, Folder, PicturesError, Place, Side, side_of};

use crate::gathered::{Gathered, Named};
use crate::imagenet_txt::{names_of, text_of};
use crate::{Format, How};

mod yaml;

/// Files that list the classes of a folder, a line each.
const CLASSES: [&str; 3] = ["classes.txt", "obj.names", "_darknet.labels"];

/// The largest `data.yaml`, in bytes.
const YAML: u64 = 1 << 20;

/// How many pictures are checked to recognise such a folder.
const TRIED: usize = 50;

/// Classes, and where pictures are.
struct Set {
    classes: Vec<String>,
    folders: Vec<(PathBuf, Option<Side>)>,
}

/// Whether this file lists classes for boxes in YAML.
pub(crate) fn is_yaml(path: &Path, text: &[u8]) -> bool {
    let named = path.extension().is_some_and(|suffix| suffix == "yaml" || suffix == "yml");
    named
        && std::str::from_utf8(text)
            .is_ok_and(|text| text.lines().any(|line| line.starts_with("names")))
}

/// Whether pictures in this folder have boxes in text files.
pub(crate) fn is_folder(folder: &Path) -> bool {
    let Some(file) = description(folder) else { return false };
    let Ok(Set { folders, .. }) = set(&file, None) else { return false };
    folders.iter().any(|(folder, _)| {
        let pictures = Folder::pictures_below(folder).map_or_else(|_| vec![], |found| found.0);
        pictures.iter().take(TRIED).any(|picture| boxes_of(picture).is_file())
    })
}

/// The file that lists the classes of a folder.
fn description(folder: &Path) -> Option<PathBuf> {
    let yaml = ["data.yaml", "dataset.yaml", "data.yml"];
    let mut names = yaml.iter().chain(&CLASSES).map(|name| folder.join(name));
    names.find(|path| path.is_file())
}

fn set(file: &Path, root: Option<&Path>) -> Result<Set, PicturesError> {
    let beside = root.unwrap_or(folder_of(file));
    if !is_yaml(file, b"names") {
        let classes = names_of(&text_of(file)?);
        return Ok(Set { classes, folders: vec![(beside.to_owned(), None)] });
    }
    let refuses = |why: String| Format::Yolo.refuses(file, why);
    if file.metadata().is_ok_and(|data| data.len() > YAML) {
        return Err(refuses(format!("larger than {YAML} bytes")));
    }
    let yaml = yaml::read(&text_of(file)?).map_err(refuses)?;
    let within = yaml.text("path").map_or(beside.to_owned(), |path| beside.join(path));
    let within: PathBuf = within.components().collect();
    let base = if within.is_dir() { within } else { beside.to_owned() };
    let mut folders = vec![];
    for (key, side) in
        [("train", Side::Train), ("val", Side::Valid), ("valid", Side::Valid), ("test", Side::Test)]
    {
        for name in yaml.texts(key) {
            // Roboflow writes `../train/images` of what lies beside the file.
            let inner = name.trim_start_matches("../");
            let places = [base.join(&name), base.join(inner)];
            if let Some(place) = places.into_iter().find(|place| place.exists()) {
                folders.push((place, Some(side)));
            }
        }
    }
    if folders.is_empty() {
        folders.push((base, None));
    }
    Ok(Set { classes: yaml.names(), folders })
}

/// Where the boxes of a picture are: in `labels` for the last `images` of its path, or beside it.
fn boxes_of(picture: &Path) -> PathBuf {
    let beside = picture.with_extension("txt");
    let parts: Vec<_> = beside.components().map(|part| part.as_os_str().to_owned()).collect();
    let Some(at) = parts.iter().rposition(|part| part == "images") else { return beside };
    let mut parts = parts;
    parts[at] = "labels".into();
    let apart: PathBuf = parts.iter().collect();
    if apart.is_file() { apart } else { beside }
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let file = if path.is_dir() { description(path) } else { Some(path.to_owned()) };
    let file =
        file.ok_or_else(|| Format::Yolo.refuses(path, "there is no `data.yaml` or `classes.txt`"))?;
    let Set { classes, folders } = set(&file, how.root.as_deref())?;
    if classes.is_empty() {
        return Err(Format::Yolo.refuses(&file, "it names no classes"));
    }
    for (folder, side) in folders {
        let pictures = if folder.is_file() {
            let text = text_of(&folder)?;
            let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
            names.map(|name| folder_of(&folder).join(name)).collect()
        } else {
            Folder::pictures_below(&folder)?.0
        };
        for picture in pictures {
            let boxes = boxes_of(&picture);
            let side = side.or_else(|| side_below(&picture, &folder));
            match boxes.is_file() {
                true => read_boxes(&boxes, &picture.into(), &classes, side, into)?,
                false => into.leave_out("photograph", "without a box"),
            }
        }
    }
    Ok(())
}

/// The side that a folder between these says: `images/train/1.jpg`.
fn side_below(picture: &Path, folder: &Path) -> Option<Side> {
    let within = picture.strip_prefix(folder).ok()?.parent()?;
    within.components().find_map(|part| side_of(&part.as_os_str().to_string_lossy()))
}

/// A box a line: its class, its centre, width and height in shares; or the corners of an outline.
fn read_boxes(
    file: &Path,
    place: &Place,
    classes: &[String],
    side: Option<Side>,
    into: &mut Gathered,
) -> Result<(), PicturesError> {
    let text = text_of(file)?;
    let mut any = false;
    for (at, line) in text.lines().enumerate() {
        let wrong = |why| PicturesError::Table { path: file.to_owned(), line: at as u64 + 1, why };
        let mut fields = line.split_ascii_whitespace();
        let Some(first) = fields.next() else { continue };
        let index = first.parse::<usize>();
        let index = index.map_err(|_| wrong(format!("`{first}` is not the number of a class")))?;
        let class = classes.get(index).cloned().ok_or_else(|| {
            wrong(format!("there is no class {index}: there are {}", classes.len()))
        })?;
        let numbers: Result<Vec<f64>, _> = fields.map(str::parse::<f64>).collect();
        let numbers = numbers.map_err(|_| wrong("what follows the class is not numbers".into()))?;
        let sides = match numbers[..] {
            [x, y, width, height] | [x, y, width, height, _] => {
                [x - width / 2.0, y - height / 2.0, width, height]
            }
            _ if numbers.len() >= 6 && numbers.len() % 2 == 0 => around(&numbers),
            _ => return Err(wrong(format!("{} numbers after the class, not 4", numbers.len()))),
        };
        match Cut::shares(sides) {
            Some(cut) => {
                any = true;
                let (place, class) = (place.cut(cut), Some(class));
                into.add(file, Named { place, class, side, group: None })?;
            }
            None => into.leave_out("box", "without a pixel"),
        }
    }
    if !any {
        into.leave_out("photograph", "without a box");
    }
    Ok(())
}

/// The box around an outline.
fn around(corners: &[f64]) -> [f64; 4] {
    let edges = |first: usize| {
        let along = corners.iter().skip(first).step_by(2);
        along.fold((f64::MAX, f64::MIN), |(low, high), &at| (low.min(at), high.max(at)))
    };
    let ((left, right), (top, bottom)) = (edges(0), edges(1));
    [left, top, right - left, bottom - top]
}
