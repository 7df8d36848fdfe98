//! Which columns hold pictures, and which their labels.

use arrow_schema::{DataType, Field};
use serde_json::Value;

use crate::{Parquet, TablesError};

/// Under which name the footer describes the columns.
const NOTE: &str = "huggingface";
/// What columns of pictures are called where nothing describes them.
const PICTURES: [&str; 9] =
    ["image", "img", "picture", "photo", "jpg", "jpeg", "png", "webp", "bytes"];
/// What columns of labels are called.
const LABELS: [&str; 5] = ["label", "labels", "class", "category", "target"];

/// A column of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// What it is called.
    pub column: String,
    /// The names of its classes, where it holds their numbers and they are known.
    pub names: Option<Vec<String>>,
}

/// The names of columns that are asked for, where they are not to be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// That of pictures.
    pub image: Option<String>,
    /// That of labels.
    pub label: Option<String>,
}

/// Finds the column of pictures and that of labels, if there is one. `card` is the text of the data
/// set's card, which may name the classes.
///
/// # Errors
/// When there is no column of pictures or no telling which it is, with those that there are.
pub fn described(
    file: &Parquet,
    named: &Named,
    card: Option<&str>,
) -> Result<(String, Option<Labels>), TablesError> {
    let note: Option<Value> = file.note(NOTE).and_then(|note| serde_json::from_str(note).ok());
    let features = note.as_ref().and_then(|note| note.pointer("/info/features"));
    let of_type = |name: &str, kind: &str| {
        let feature = features.and_then(|features| features.get(name));
        feature.and_then(|feature| feature.get("_type")).and_then(Value::as_str) == Some(kind)
    };
    let fields = file.schema().fields();
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    let other = |why: String, help| TablesError::Other { path: file.path().to_owned(), why, help };
    let there = |name: &String| match names.contains(&name.as_str()) {
        true => Ok(name.clone()),
        false => Err(TablesError::column(
            file.path(),
            name,
            format!("there is no such column; there are {}", names.join(", ")),
        )),
    };
    let embedded = |field: &Field| match field.data_type() {
        DataType::Struct(parts) => {
            parts.iter().any(|part| part.name() == "bytes" && part.data_type() == &DataType::Binary)
        }
        _ => false,
    };
    let image = match &named.image {
        Some(image) => there(image)?,
        None => {
            let pictures: Vec<&str> = fields
                .iter()
                .filter(|field| of_type(field.name(), "Image") || embedded(field))
                .map(|field| field.name().as_str())
                .collect();
            let binary = fields.iter().filter(|field| field.data_type() == &DataType::Binary);
            let binary: Vec<&str> = binary.map(|field| field.name().as_str()).collect();
            let pictures = if pictures.is_empty() { binary } else { pictures };
            let usual = PICTURES.iter().find(|name| pictures.contains(*name));
            match (&pictures[..], usual) {
                ([only], _) => (*only).to_owned(),
                (_, Some(usual)) => (*usual).to_owned(),
                ([], None) => {
                    let why = format!("has no column of pictures; there are {}", names.join(", "));
                    return Err(other(why, "name the column with `--path-column`"));
                }
                (several, None) => {
                    let why = format!("has several columns of pictures: {}", several.join(", "));
                    return Err(other(why, "name one with `--path-column`"));
                }
            }
        }
    };
    let label = match &named.label {
        Some(label) => Some(there(label)?),
        None => {
            let classes: Vec<&str> =
                names.iter().copied().filter(|name| of_type(name, "ClassLabel")).collect();
            let usual = LABELS.iter().find(|name| names.contains(*name));
            match (&classes[..], usual) {
                ([only], _) => Some((*only).to_owned()),
                (_, Some(usual)) => Some((*usual).to_owned()),
                ([], None) => None,
                (several, None) => {
                    let why = format!("has several columns of labels: {}", several.join(", "));
                    return Err(other(why, "name one with `--label-column`"));
                }
            }
        }
    };
    let labels = label.map(|column| {
        let noted = features.and_then(|features| features.get(&column)?.get("names"));
        let noted = noted
            .and_then(Value::as_array)
            .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        let names = noted.or_else(|| card.and_then(|card| names_in_card(card, &column)));
        Labels { column, names }
    });
    Ok((image, labels))
}

/// The names of a column's classes in a data set's card: `- name: label`, `dtype:`, `class_label:`,
/// `names:`, then `'0': ant` and so on, deeper by some spaces.
fn names_in_card(card: &str, column: &str) -> Option<Vec<String>> {
    let mut lines = card.strip_prefix("---")?.lines().take_while(|line| line.trim_end() != "---");
    let bare = |text: &str| text.trim().trim_matches(['\'', '"']).to_owned();
    lines.find(|line| {
        line.trim().strip_prefix("- name:").is_some_and(|name| bare(name) == column)
    })?;
    let within = |line: &&str| !line.trim().starts_with("- name:");
    let mut lines = lines.take_while(within).skip_while(|line| line.trim() != "names:");
    lines.next()?;
    let mut names = vec![];
    for line in lines {
        let Some((number, name)) = line.trim().split_once(':') else { break };
        if bare(number).parse() != Ok(names.len()) {
            break;
        }
        names.push(bare(name));
    }
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::names_in_card;

    #[test]
    fn a_card_names_the_classes() {
        let card = "---\nlicense: mit\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  \
                    - name: label\n    dtype:\n      class_label:\n        names:\n          '0': ant\n  \
                    \x20       '1': 'honey bee'\n  - name: other\n    dtype: int64\nsplits:\n---\n# Ants";
        assert_eq!(names_in_card(card, "label"), Some(vec!["ant".into(), "honey bee".into()]));
        assert_eq!(names_in_card(card, "other"), None);
        assert_eq!(names_in_card("# no front matter", "label"), None);
    }
}
