//! The boxes that MegaDetector found, and the same file with answers in it.
//!
//! Its boxes are shares of the upright picture. What the animals are it does not know: their classes
//! are the folders that the pictures are sorted into.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use pictures::{Cut, Finder, PicturesError, Place, Side, side_of};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::gathered::{Gathered, Named};
use crate::{DETECTED, Format, How, MIN_CONFIDENCE, json};

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    #[serde(default)]
    detection_categories: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Image {
    file: String,
    detections: Option<Vec<Detection>>,
}

#[derive(Deserialize)]
struct Detection {
    category: String,
    conf: f64,
    bbox: Vec<f64>,
}

/// What is read of a detector's boxes.
struct Wanted<'a> {
    confidence: f64,
    /// The keys of what is wanted; `None` for all.
    categories: Option<Vec<&'a str>>,
}

impl<'a> Wanted<'a> {
    fn of(
        path: &Path,
        how: &How,
        categories: &'a BTreeMap<String, String>,
    ) -> Result<Self, PicturesError> {
        let name = how.detected.as_deref().unwrap_or(DETECTED);
        let confidence = how.min_confidence.unwrap_or(MIN_CONFIDENCE);
        if name == "all" {
            return Ok(Self { confidence, categories: None });
        }
        let of_name = categories.iter().filter(|(_, known)| known.eq_ignore_ascii_case(name));
        let keys: Vec<&str> = of_name.map(|(key, _)| key.as_str()).collect();
        if keys.is_empty() {
            let known: Vec<&str> = categories.values().map(String::as_str).collect();
            let why = format!(
                "it detects no `{name}` but {}; pass one of them, or `all`, to `--detected`",
                known.join(", ")
            );
            return Err(Format::MegaDetector.refuses(path, why));
        }
        Ok(Self { confidence, categories: Some(keys) })
    }

    /// The box, if it is wanted; `Err` with what it counts as where it is not.
    fn cut(&self, category: &str, confidence: f64, sides: &[f64]) -> Result<Cut, &'static str> {
        if self.categories.as_ref().is_some_and(|keys| !keys.contains(&category)) {
            return Err("of another thing");
        }
        // What is no number is not sure.
        if confidence.is_nan() || confidence < self.confidence {
            return Err("below the confidence");
        }
        <[f64; 4]>::try_from(sides).ok().and_then(Cut::shares).ok_or("without a pixel")
    }
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let file: File = json::read(path, Format::MegaDetector)?;
    let wanted = Wanted::of(path, how, &file.detection_categories)?;
    if how.detected.is_none() {
        into.boxed = DETECTED;
    }
    let base = how.base(path);
    let mut finder = Finder::of(base);
    for image in &file.images {
        let Some(detections) = &image.detections else {
            into.leave_out("photograph", "that the detector could not read");
            continue;
        };
        let place = Place::from(finder.find(&image.file));
        let (class, side) = class(&image.file, base);
        let mut any = false;
        for Detection { category, conf, bbox } in detections {
            match wanted.cut(category, *conf, bbox) {
                Ok(cut) => {
                    any = true;
                    let (place, class) = (place.cut(cut), class.clone());
                    into.add(path, Named { place, class, side, group: None })?;
                }
                Err(why) => into.leave_out("box", why),
            }
        }
        if !any {
            into.leave_out("photograph", "without a box");
        }
    }
    into.warn(finder.told());
    Ok(())
}

/// The class of a picture in folders: the first one, or the one below `train`, `valid` or `test`.
fn class(file: &str, base: &Path) -> (Option<String>, Option<Side>) {
    let file = PathBuf::from(file.replace('\\', "/"));
    let within = file.strip_prefix(base).unwrap_or(&file);
    let folders: Vec<String> = within
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    // Of a path from elsewhere only the last folder says something.
    if within.is_absolute() {
        return (folders.last().cloned(), None);
    }
    match &folders[..] {
        [first, class, ..] if side_of(first).is_some() => (Some(class.clone()), side_of(first)),
        [class, ..] => (Some(class.clone()), None),
        [] => (None, None),
    }
}

/// A detector's file with the answers of a classifier in it, in the format's own keys
/// `classifications` and `classification_categories`.
pub struct Answered {
    file: Map<String, Value>,
    base: PathBuf,
    /// The classes' keys.
    classes: Vec<String>,
    /// Each box that was asked about: its image and its number there.
    asked: std::collections::HashMap<Place, Vec<(usize, usize)>>,
}

impl Answered {
    /// Reads a file that answers will be written into, for these classes.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn of(path: &Path, how: &How, classes: &[String]) -> Result<Self, PicturesError> {
        let mut file: Map<String, Value> = json::read(path, Format::MegaDetector)?;
        let keys: Vec<String> = (0..classes.len()).map(|class| class.to_string()).collect();
        let names: Map<String, Value> =
            keys.iter().cloned().zip(classes.iter().map(|class| json!(class))).collect();
        file.insert("classification_categories".into(), names.into());
        let shape: File = json::read(path, Format::MegaDetector)?;
        let wanted = Wanted::of(path, how, &shape.detection_categories)?;
        let base = how.base(path).to_owned();
        let mut finder = Finder::of(&base);
        let mut asked: std::collections::HashMap<_, Vec<_>> = std::collections::HashMap::new();
        for (at, image) in shape.images.iter().enumerate() {
            let place = Place::from(finder.find(&image.file));
            for (number, found) in image.detections.iter().flatten().enumerate() {
                if let Ok(cut) = wanted.cut(&found.category, found.conf, &found.bbox) {
                    asked.entry(place.cut(cut)).or_default().push((at, number));
                }
            }
        }
        Ok(Self { file, base, classes: keys, asked })
    }

    /// Puts down an answer: classes with their probabilities, the most probable first; none where the
    /// picture is not recognised.
    pub fn answer(&mut self, place: &Place, ranked: &[(usize, f32)]) {
        let ranked: Vec<Value> = ranked
            .iter()
            .filter_map(|(class, share)| {
                let share = (f64::from(*share) * 1e4).round() / 1e4;
                Some(json!([self.classes.get(*class)?, share]))
            })
            .collect();
        for (image, detection) in self.asked.get(place).into_iter().flatten() {
            let images = self.file.get_mut("images").and_then(Value::as_array_mut);
            let image = images.and_then(|images| images.get_mut(*image));
            let detections = image.and_then(|image| image.get_mut("detections"));
            let detection = detections.and_then(|all| all.get_mut(*detection));
            if let Some(found) = detection.and_then(Value::as_object_mut) {
                found.insert("classifications".into(), ranked.clone().into());
            }
        }
    }

    /// The file, by which program it was answered.
    #[must_use]
    pub fn written(mut self, by: &str) -> Vec<u8> {
        let info = self.file.entry("info").or_insert_with(|| Map::new().into());
        if let Some(info) = info.as_object_mut() {
            info.insert("classifier".into(), json!(by));
        }
        let mut bytes = serde_json::to_vec_pretty(&self.file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The folder that its paths start in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.base
    }
}
