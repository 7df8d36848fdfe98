//! Pictures with the names of their classes, before the classes are numbered.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::{Folder, Labelled, Side, natural};
use crate::{PicturesError, Place};

/// What a folder is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To train on it: classes, each with pictures.
    Classes,
    /// To look at it: any pictures.
    Anything,
}

/// A picture whose class has a name but no number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its class.
    pub class: String,
    /// Where it is.
    pub place: Place,
    /// Which side it is put on, if any.
    pub side: Option<Side>,
    /// Pictures of one group stay on one side.
    pub group: Option<String>,
    /// The fold in which it is held out.
    pub fold: Option<String>,
}

/// Numbers the classes, checks them, and warns of what is thin. `empty` are classes without files.
pub(super) fn build(
    path: &Path,
    entries: Vec<Entry>,
    empty: &[String],
    warnings: Vec<String>,
    need: Need,
) -> Result<Folder, PicturesError> {
    let (mut names, mut numbers) = (vec![], HashMap::new());
    let mut number = |class: String| {
        *numbers.entry(class).or_insert_with_key(|class| {
            names.push(class.clone());
            names.len() - 1
        })
    };
    let pictures = entries.into_iter().map(|entry| {
        let Entry { class, place, side, group, fold } = entry;
        Labelled { place, label: number(class), side, group, fold, also: vec![] }
    });
    let pictures = pictures.collect();
    of_named(path, &names, pictures, empty, warnings, need)
}

/// Does what [`build`] does for pictures whose labels are indices into `names`, in any order. Names
/// without a picture are left out.
pub(super) fn of_named(
    path: &Path,
    names: &[String],
    mut pictures: Vec<Labelled>,
    empty: &[String],
    mut warnings: Vec<String>,
    need: Need,
) -> Result<Folder, PicturesError> {
    let used: BTreeSet<usize> = pictures.iter().map(|picture| picture.label).collect();
    let used = used.into_iter().map(|label| &names[label]);
    let mut classes: Vec<String> = used.chain(empty).cloned().collect();
    classes.sort_by(|a, b| natural(a, b));
    classes.dedup();
    match &classes[..] {
        [] => return Err(PicturesError::NoClasses(path.to_owned())),
        [class] if need == Need::Classes => {
            return Err(PicturesError::OneClass { path: path.to_owned(), class: class.clone() });
        }
        _ => {}
    }
    let number = |class: &String| classes.binary_search_by(|other| natural(other, class));
    let numbers: Vec<usize> = names.iter().map(|name| number(name).unwrap_or(0)).collect();
    for picture in &mut pictures {
        picture.label = numbers[picture.label];
    }
    // Per class: pictures in all, to train on, and to validate on.
    let mut counts = vec![[0; 3]; classes.len()];
    for picture in &pictures {
        let count = &mut counts[picture.label];
        count[0] += 1;
        count[1] += usize::from(matches!(picture.side, None | Some(Side::Train)));
        count[2] += usize::from(picture.side == Some(Side::Valid));
    }
    let validated = counts.iter().any(|count| count[2] > 0);
    for (class, &[all, train, valid]) in classes.iter().zip(&counts) {
        let (path, class) = (path.to_owned(), class.clone());
        match (all, train, valid) {
            _ if need == Need::Anything => {}
            (0, ..) => return Err(PicturesError::EmptyClass { path, class }),
            (_, 0, _) => return Err(PicturesError::NotTrained { path, class }),
            (1, ..) => warnings
                .push(format!("`{class}` has only one picture, too few to evaluate it: add more")),
            (.., 0) if validated => warnings
                .push(format!("`{class}` has no held-out picture, so its scores are unknown")),
            _ => {}
        }
    }
    Ok(Folder { classes, pictures, warnings, ..Folder::default() })
}
