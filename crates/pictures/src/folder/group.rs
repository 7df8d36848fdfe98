//! Which pictures belong together beyond what a folder or table says: those of one sub-folder, of
//! one name in their files' names, or of one moment.

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;

use ground::progress::Progress;
use ground::{Stop, parallel};
use regex::{Regex, RegexBuilder};

use super::Folder;
use crate::{Limits, PicturesError, inspect};

/// Seconds between two pictures of one camera that still belong to one moment.
const BURST: f64 = 3.0;
/// Bytes that a compiled pattern may take.
const PATTERN: usize = 1 << 20;

/// A way to say which pictures belong together.
#[derive(Clone, Debug)]
pub enum GroupBy {
    /// Pictures in the same sub-folder of a class.
    Folder,
    /// Pictures whose file names give the same text in a pattern's capture group.
    Name(Regex),
    /// Those that one camera took within three seconds from one to the next, as their EXIF blocks
    /// say.
    Burst,
}

/// The result of a way of grouping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouped {
    /// The way, as it was asked for.
    pub way: String,
    /// Pictures that are in a group of at least two.
    pub pictures: usize,
    /// How many such groups there are.
    pub groups: usize,
}

impl FromStr for GroupBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("name=")) {
            ("folder", _) => Ok(Self::Folder),
            ("burst", _) => Ok(Self::Burst),
            (_, Some(pattern)) => {
                let built = RegexBuilder::new(pattern).size_limit(PATTERN).build();
                let regex = built.map_err(|error| format!("not a valid pattern: {error}"))?;
                match regex.captures_len() {
                    2 => Ok(Self::Name(regex)),
                    n => Err(format!(
                        "the pattern has {} capture groups and needs exactly one, around the name of \
                         the group, as in `name=^(nest[0-9]+)_`",
                        n - 1
                    )),
                }
            }
            _ => Err("there are `folder`, `name=PATTERN` and `burst`".into()),
        }
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => f.write_str("folder"),
            Self::Name(pattern) => write!(f, "name={pattern}"),
            Self::Burst => f.write_str("burst"),
        }
    }
}

pub(super) fn apply(
    folder: &mut Folder,
    way: &GroupBy,
    base: &Path,
    threads: usize,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Grouped, PicturesError> {
    let names = match way {
        GroupBy::Folder => by_folder(folder, base),
        GroupBy::Name(pattern) => by_name(folder, pattern),
        GroupBy::Burst => by_moment(folder, threads, progress, stop)?,
    };
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    names.iter().flatten().for_each(|name| *sizes.entry(name).or_default() += 1);
    let several = || sizes.values().filter(|&&size| size > 1);
    let found =
        Grouped { way: way.to_string(), pictures: several().sum(), groups: several().count() };
    if found.groups == 0 {
        return Err(PicturesError::NothingGrouped { way: found.way });
    }
    for (picture, name) in folder.pictures.iter_mut().zip(names) {
        picture.also.push(name);
    }
    Ok(found)
}

/// The folder that a picture lies in, unless that is its class's own.
fn by_folder(folder: &Folder, base: &Path) -> Vec<Option<String>> {
    let name = |picture: &super::Labelled| {
        let parent = picture.place.name().parent()?;
        let within = parent.strip_prefix(base).unwrap_or(parent);
        let class = Path::new(&folder.classes[picture.label]);
        // `birds/wren` holds the class; so does `birds/train/wren`.
        let side = || within.ends_with(class) && within.components().count() == 2;
        let own = within.as_os_str().is_empty()
            || within == class
            || side() && !within.starts_with(class);
        (!own).then(|| within.to_string_lossy().into_owned())
    };
    folder.pictures.iter().map(name).collect()
}

fn by_name(folder: &Folder, pattern: &Regex) -> Vec<Option<String>> {
    let name = |picture: &super::Labelled| {
        let file = picture.place.name().file_name()?.to_string_lossy();
        Some(pattern.captures(&file)?.get(1)?.as_str().to_owned())
    };
    folder.pictures.iter().map(name).collect()
}

/// Pictures of a camera in the order of their times, cut where more than [`BURST`] lies between
/// two. Pictures that do not tell camera and time are alone.
fn by_moment(
    folder: &Folder,
    threads: usize,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Vec<Option<String>>, PicturesError> {
    let pictures = &folder.pictures;
    let bar = progress.begin("Reading times from EXIF", Some(pictures.len() as u64));
    let limits = Limits::default();
    let look = |at: usize| {
        let exif = inspect::exif(&pictures[at].place.read(&limits).ok()?)?;
        let seconds = exif.seconds()?;
        Some((exif.camera?, seconds))
    };
    let mut taken: Vec<(String, f64, usize)> = vec![];
    let all = parallel::stream(pictures.len(), threads, &|| stop.asked(), look, |at, found| {
        bar.advance(1);
        taken.extend(found.map(|(camera, seconds)| (camera, seconds, at)));
        ControlFlow::Continue(())
    });
    if !all {
        return Err(PicturesError::Stopped);
    }
    taken.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut names = vec![None; pictures.len()];
    let one_moment =
        |a: &(String, f64, usize), b: &(String, f64, usize)| a.0 == b.0 && b.1 - a.1 <= BURST;
    for moment in taken.chunk_by(one_moment) {
        let name = format!("{} at {}", moment[0].0, moment[0].1);
        moment.iter().for_each(|&(_, _, at)| names[at] = Some(name.clone()));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::GroupBy;

    #[test]
    fn ways_are_read_and_others_told() {
        for way in ["folder", "burst", "name=^(nest[0-9]+)_"] {
            assert_eq!(way.parse::<GroupBy>().unwrap().to_string(), way);
        }
        for (way, words) in [
            ("camera", "there are `folder`"),
            ("name=nest", "0 capture groups"),
            ("name=(a)(b)", "2 capture groups"),
            ("name=(", "not a valid pattern"),
            ("name=(\\w{1000}{1000}{1000})", "not a valid pattern"),
        ] {
            let error = way.parse::<GroupBy>().unwrap_err();
            assert!(error.contains(words), "{way}: {error}");
        }
    }
}
