//! Label Studio: its JSON and JSON-MIN, with one choice a picture or with rectangles.

use std::path::Path;

use pictures::{Cut, Finder, PicturesError, Place};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::gathered::{Gathered, Named};
use crate::{Format, How, coco, json};

/// A task in full.
#[derive(Deserialize)]
struct Task {
    data: Map<String, Value>,
    #[serde(default, alias = "completions")]
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    was_cancelled: bool,
    #[serde(default)]
    result: Vec<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    value: Tag,
}

/// What one tag of the labelling interface says.
#[derive(Default, Deserialize)]
struct Tag {
    choices: Option<Vec<String>>,
    rectanglelabels: Option<Vec<String>>,
    /// In hundredths of the picture.
    x: Option<f64>,
    y: Option<f64>,
    width: Option<f64>,
    height: Option<f64>,
    rotation: Option<f64>,
}

/// What is said of one picture.
struct Said {
    picture: String,
    /// Each person's labels.
    by: Vec<Vec<Tag>>,
}

pub(crate) fn read(path: &Path, how: &How, into: &mut Gathered) -> Result<(), PicturesError> {
    let tasks: Vec<Map<String, Value>> = json::read(path, Format::LabelStudio)?;
    let mut said = vec![];
    for (at, task) in tasks.into_iter().enumerate() {
        let wrong = |why: &str| Format::LabelStudio.refuses(path, format!("task {at}: {why}"));
        let full = task.contains_key("data");
        let one = if full { in_full(task, how) } else { in_short(&task, how) };
        said.push(one.map_err(|why| wrong(&why))?);
    }
    let base = coco::base(how, path, said.iter().map(|one| &*one.picture));
    let mut finder = Finder::of(&base);
    for one in said {
        let place = Place::from(finder.find(&one.picture));
        add(path, &place, one, into)?;
    }
    into.warn(finder.told());
    Ok(())
}

/// A task as JSON writes it.
fn in_full(task: Map<String, Value>, how: &How) -> Result<Said, String> {
    let task: Task = serde_json::from_value(task.into()).map_err(|error| error.to_string())?;
    let picture = picture(&task.data, how)?;
    let done = task.annotations.into_iter().filter(|one| !one.was_cancelled);
    let by = done.map(|one| one.result.into_iter().map(|outcome| outcome.value).collect());
    Ok(Said { picture, by: by.collect() })
}

/// A task as JSON-MIN writes it: each tag is a key of the task itself.
fn in_short(task: &Map<String, Value>, how: &How) -> Result<Said, String> {
    let picture = picture(task, how)?;
    let mut labels = vec![];
    let wanted = how.columns.label.as_deref();
    for (key, value) in task {
        let named = wanted.is_none_or(|wanted| wanted == key);
        match value {
            Value::Array(regions) if named => {
                for region in regions.iter().filter(|one| one.get("rectanglelabels").is_some()) {
                    let region = serde_json::from_value(region.clone());
                    labels.push(region.map_err(|error| error.to_string())?);
                }
            }
            Value::String(choice)
                if wanted.is_some() && named || key == "choice" || key == "label" =>
            {
                labels.push(Tag { choices: Some(vec![choice.clone()]), ..Tag::default() });
            }
            Value::Object(several) if named => {
                if let Some(choices) = several.get("choices") {
                    let choices = serde_json::from_value(choices.clone());
                    let choices = Some(choices.map_err(|error| error.to_string())?);
                    labels.push(Tag { choices, ..Tag::default() });
                }
            }
            _ => {}
        }
    }
    Ok(Said { picture, by: vec![labels] })
}

/// Where a task's picture is.
fn picture(data: &Map<String, Value>, how: &How) -> Result<String, String> {
    let own = how.columns.path.as_deref();
    let keys =
        own.map_or(vec!["image", "img", "picture", "photo", "path", "file_name"], |own| vec![own]);
    let found = keys.iter().find_map(|key| data.get(*key)?.as_str());
    found.map(str::to_owned).ok_or_else(|| {
        let there: Vec<&str> = data.keys().map(String::as_str).collect();
        format!(
            "no key `{}` names its picture; there are {}. `--path-column` names another",
            keys[0],
            there.join(", ")
        )
    })
}

fn add(path: &Path, place: &Place, said: Said, into: &mut Gathered) -> Result<(), PicturesError> {
    let refuses = |why: String| Format::LabelStudio.refuses(path, why);
    let name = &said.picture;
    let mut choices: Vec<String> = vec![];
    let mut rectangles = false;
    let whole = |class| Named { place: place.clone(), class, side: None, group: None };
    for one in said.by {
        // Rectangles that several people drew would be the same animals again and again.
        let drawn = one.iter().any(|value| value.rectanglelabels.is_some());
        if drawn && rectangles {
            into.leave_out("annotation", "by a further person");
            continue;
        }
        for value in one {
            if let Some(labels) = value.rectanglelabels {
                rectangles = true;
                let [class] = &labels[..] else {
                    into.leave_out("rectangle", "without one label");
                    continue;
                };
                if value.rotation.is_some_and(|rotation| rotation != 0.0) {
                    into.leave_out("rectangle", "with a rotation");
                    continue;
                }
                let side = |side: Option<f64>| side.unwrap_or(f64::NAN) / 100.0;
                let sides = [value.x, value.y, value.width, value.height].map(side);
                match Cut::shares(sides) {
                    Some(cut) => {
                        let (place, class) = (place.cut(cut), Some(class.clone()));
                        into.add(path, Named { place, class, side: None, group: None })?;
                    }
                    None => into.leave_out("box", "without a pixel"),
                }
            } else if let Some(of) = value.choices {
                match &of[..] {
                    [] => {}
                    [choice] => choices.push(choice.clone()),
                    _ => {
                        return Err(refuses(format!(
                            "`{name}` has several choices, and a picture has one label"
                        )));
                    }
                }
            }
        }
    }
    choices.sort();
    choices.dedup();
    match (choices.len(), rectangles) {
        (_, true) => {}
        (0, false) => into.add(path, whole(None))?,
        (1, false) => into.add(path, whole(choices.pop()))?,
        (_, false) => into.leave_out("picture", "on which people disagree"),
    }
    Ok(())
}
