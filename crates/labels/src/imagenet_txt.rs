//! Lines of a path and the number of a class, with the names of the classes in `synsets.txt`: what
//! CVAT and Datumaro call ImageNet txt.

use std::path::Path;

use ground::files::{folder_of, read_capped};
use pictures::{Finder, PicturesError, side_of};

use crate::gathered::{Gathered, Named};
use crate::json::LIMIT;
use crate::{How, coco};

/// How many lines are checked to recognise such a file.
const TRIED: usize = 20;

/// Whether a file begins so: a path with a suffix and the number of a class in each line.
pub(crate) fn begins(path: &Path, text: &[u8]) -> bool {
    let txt = path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("txt"));
    let end = text.iter().rposition(|&byte| byte == b'\n').map_or(text.len(), |end| end + 1);
    let Ok(text) = std::str::from_utf8(&text[..end]) else { return false };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(TRIED).peekable();
    txt && lines.peek().is_some()
        && lines.all(|line| {
            line.trim().rsplit_once([' ', '\t']).is_some_and(|(name, number)| {
                Path::new(name.trim()).extension().is_some() && number.parse::<usize>().is_ok()
            })
        })
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let text = text_of(path)?;
    let synsets = folder_of(path).join("synsets.txt");
    let classes = if synsets.is_file() { names_of(&text_of(&synsets)?) } else { vec![] };
    let lines: Vec<(usize, &str, &str)> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            let (name, number) = line.trim().rsplit_once([' ', '\t']).unwrap_or((line.trim(), ""));
            (at, name.trim(), number)
        })
        .collect();
    let base = coco::base(how, path, lines.iter().map(|&(_, name, _)| name));
    let mut finder = Finder::of(&base);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    for (at, name, number) in lines {
        let wrong = |why| PicturesError::Table { path: path.to_owned(), line: at as u64 + 1, why };
        let place = finder.find(name);
        // Of several labels all but the last are at the end of the name.
        let again =
            name.rsplit_once([' ', '\t']).is_some_and(|(_, last)| last.parse::<usize>().is_ok());
        if again && !place.exists() {
            return Err(wrong(format!("`{name}` has several labels, and a picture has one")));
        }
        let Ok(index) = number.parse::<usize>() else {
            return Err(wrong(format!("`{number}` is not the number of a class")));
        };
        let class = match classes.get(index) {
            Some(class) => class.clone(),
            None if classes.is_empty() => number.to_owned(),
            None => {
                let why = format!(
                    "there is no class {index} among the {} of `synsets.txt`",
                    classes.len()
                );
                return Err(wrong(why));
            }
        };
        let (place, side) = (place.into(), side_of(&stem));
        into.add(path, Named { place, class: Some(class), side, group: None })?;
    }
    into.warn(finder.told());
    Ok(())
}

/// The text of a file.
pub(crate) fn text_of(path: &Path) -> Result<String, PicturesError> {
    let bytes = read_capped(path, LIMIT)?;
    String::from_utf8(bytes).map_err(|_| PicturesError::Table {
        path: path.to_owned(),
        line: 1,
        why: "not UTF-8 text".into(),
    })
}

/// A class a line.
pub(crate) fn names_of(text: &str) -> Vec<String> {
    let lines = text.trim_end().lines();
    lines.map(|line| line.trim().trim_start_matches('\u{feff}').to_owned()).collect()
}
