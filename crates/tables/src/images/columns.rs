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

/// What the footer says of each column, where a library of Hugging Face wrote the file.
fn features(file: &Parquet) -> Option<Value> {
    let note: Value = serde_json::from_str(file.note(NOTE)?).ok()?;
    note.pointer("/info/features").cloned()
}

/// Whether the footer calls a column so.
fn is_of(features: Option<&Value>, column: &str, kind: &str) -> bool {
    let feature = features.and_then(|features| features.get(column));
    feature.and_then(|feature| feature.get("_type")).and_then(Value::as_str) == Some(kind)
}

/// The column of this name.
fn there(file: &Parquet, name: &str) -> Result<String, TablesError> {
    let names = names(file);
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    let why = format!("there is no such column; there are {}", names.join(", "));
    Err(TablesError::column(file.path(), name, why))
}

fn names(file: &Parquet) -> Vec<&str> {
    file.schema().fields().iter().map(|field| field.name().as_str()).collect()
}

fn unclear(file: &Parquet, why: String, help: &'static str) -> TablesError {
    TablesError::Other { path: file.path().to_owned(), why, help }
}

/// The column of pictures: the one that is named so, or else the one that there is.
///
/// # Errors
/// When there is none or no telling which it is, with those that there are.
pub fn picture_column(file: &Parquet, named: Option<&str>) -> Result<String, TablesError> {
    if let Some(name) = named {
        return there(file, name);
    }
    let embedded = |field: &Field| match field.data_type() {
        DataType::Struct(parts) => {
            parts.iter().any(|part| part.name() == "bytes" && part.data_type() == &DataType::Binary)
        }
        _ => false,
    };
    let features = features(file);
    let fields = || file.schema().fields().iter();
    let pictures =
        fields().filter(|field| is_of(features.as_ref(), field.name(), "Image") || embedded(field));
    let pictures: Vec<&str> = pictures.map(|field| field.name().as_str()).collect();
    let binary = fields().filter(|field| field.data_type() == &DataType::Binary);
    let binary: Vec<&str> = binary.map(|field| field.name().as_str()).collect();
    let pictures = if pictures.is_empty() { binary } else { pictures };
    let usual = PICTURES.iter().find(|name| pictures.contains(*name));
    match (&pictures[..], usual) {
        ([only], _) => Ok((*only).to_owned()),
        (_, Some(usual)) => Ok((*usual).to_owned()),
        ([], None) => {
            let there = names(file).join(", ");
            let why = format!("has no column of pictures; there are {there}");
            Err(unclear(file, why, "name the column with `--path-column`"))
        }
        (several, None) => {
            let why = format!("has several columns of pictures: {}", several.join(", "));
            Err(unclear(file, why, "name one with `--path-column`"))
        }
    }
}

/// The column of labels, if there is one: the one that is named so, or else the one that there is.
/// `card` is the text of the data set's card, which may name the classes.
///
/// # Errors
/// When there is none of that name or no telling which it is, with those that there are.
pub fn label_column(
    file: &Parquet,
    named: Option<&str>,
    card: Option<&str>,
) -> Result<Option<Labels>, TablesError> {
    let features = features(file);
    let features = features.as_ref();
    let column = match named {
        Some(name) => there(file, name)?,
        None => {
            let names = names(file);
            let classes = names.iter().filter(|name| is_of(features, name, "ClassLabel"));
            let classes: Vec<&str> = classes.copied().collect();
            let usual = LABELS.iter().find(|name| names.contains(*name));
            match (&classes[..], usual) {
                ([only], _) => (*only).to_owned(),
                (_, Some(usual)) => (*usual).to_owned(),
                ([], None) => return Ok(None),
                (several, None) => {
                    let why = format!("has several columns of labels: {}", several.join(", "));
                    return Err(unclear(file, why, "name one with `--label-column`"));
                }
            }
        }
    };
    let noted = features.and_then(|features| features.get(&column)?.get("names"));
    let noted = noted
        .and_then(Value::as_array)
        .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    let names = noted.or_else(|| card.and_then(|card| names_in_card(card, &column)));
    Ok(Some(Labels { column, names }))
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
