//! COCO: images, annotations and categories.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use pictures::{Cut, Finder, PicturesError};
use serde::Deserialize;
use serde_json::Value;

use crate::gathered::{Gathered, Named};
use crate::json::{self, Id};
use crate::{Format, How};

#[derive(Deserialize)]
struct Coco {
    images: Vec<Image>,
    #[serde(default)]
    annotations: Vec<Annotation>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: Id,
    file_name: String,
    /// The pictures of one burst, in COCO Camera Traps.
    seq_id: Option<Id>,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: Id,
    category_id: Option<Id>,
    bbox: Option<Vec<f64>>,
    iscrowd: Option<Value>,
}

#[derive(Deserialize)]
struct Category {
    id: Id,
    name: String,
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let coco: Coco = json::read(path, Format::Coco)?;
    let refuses = |why: String| Format::Coco.refuses(path, why);
    let mut classes = HashMap::new();
    for Category { id, name } in coco.categories {
        if let Some(other) = classes.insert(id.clone(), name) {
            return Err(refuses(format!("two categories have the id {id}: one is `{other}`")));
        }
    }
    let names = coco.images.iter().map(|image| &*image.file_name);
    let base = base(how, path, names);
    let mut finder = Finder::of(&base);
    let mut images = HashMap::new();
    for image in &coco.images {
        if images.insert(&image.id, image).is_some() {
            return Err(refuses(format!("two images have the id {}", image.id)));
        }
    }
    let boxed = coco.annotations.iter().any(|annotation| annotation.bbox.is_some());
    // Without boxes a picture has one label.
    let mut whole: HashMap<&Id, &Id> = HashMap::new();
    let mut used = HashSet::new();
    for (at, annotation) in coco.annotations.iter().enumerate() {
        let unknown = |what: &str, id: &Id| {
            refuses(format!("annotation {at} names the {what} {id}, which is not there"))
        };
        let image = images.get(&annotation.image_id);
        let image = image.ok_or_else(|| unknown("image", &annotation.image_id))?;
        used.insert(&image.id);
        let class = match &annotation.category_id {
            Some(id) => Some(classes.get(id).ok_or_else(|| unknown("category", id))?.clone()),
            None => None,
        };
        let mut place = finder.find(&image.file_name).into();
        match (&annotation.bbox, boxed) {
            (None, true) => {
                into.leave_out("annotation", "without a box");
                continue;
            }
            (None, false) => {
                let Some(label) = &annotation.category_id else { continue };
                match whole.insert(&image.id, label) {
                    Some(other) if other == label => continue,
                    Some(_) => {
                        return Err(refuses(format!(
                            "`{}` has several categories and no boxes; a picture has one label",
                            image.file_name
                        )));
                    }
                    None => {}
                }
            }
            (Some(sides), _) => {
                let crowd = annotation.iscrowd.as_ref();
                if crowd.is_some_and(|crowd| *crowd == Value::Bool(true) || *crowd == 1) {
                    into.leave_out("box", "of a crowd");
                    continue;
                }
                let Some(cut) = <[f64; 4]>::try_from(&sides[..]).ok().and_then(Cut::pixels) else {
                    into.leave_out("box", "without a pixel");
                    continue;
                };
                place = pictures::Place::cut(&place, cut);
            }
        }
        let group = image.seq_id.as_ref().map(ToString::to_string);
        into.add(path, Named { place, class, side: None, group })?;
    }
    for _ in coco.images.iter().filter(|image| !used.contains(&image.id)) {
        match boxed {
            true => into.leave_out("photograph", "without a box"),
            false => into.leave_out("picture", "without a label"),
        }
    }
    into.warn(finder.told());
    Ok(())
}

/// Files that are looked for to know where paths start.
const TRIED: usize = 20;

/// Where paths start: in the folder that was named or, if some are there, beside the file or the
/// folder that it lies in, or in `images` there.
pub(crate) fn base<'a>(how: &How, file: &Path, names: impl Iterator<Item = &'a str>) -> PathBuf {
    if let Some(root) = &how.root {
        return root.clone();
    }
    let own = ground::files::folder_of(file);
    let above = match (own.file_name(), own.parent()) {
        (Some(_), Some(above)) => above.to_owned(),
        _ => own.join(".."),
    };
    let beside = [own.to_owned(), own.join("images"), above.clone(), above.join("images")];
    let names: Vec<&str> = names.take(TRIED).collect();
    let there = |base: &&PathBuf| names.iter().any(|name| Finder::of(base).find(name).exists());
    beside.iter().find(there).unwrap_or(&beside[0]).clone()
}
