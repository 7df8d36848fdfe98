//! Which columns of a table say what, and what separates them.

use std::collections::HashMap;

/// Names of a table's columns, where they are not the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Of the column with each picture's path. Default: `path`, or what other programs call it.
    pub path: Option<String>,
    /// Of the column with each picture's class. Default: `label`, or what other programs call it.
    pub label: Option<String>,
    /// Of the column with the fold in which each picture is held out. Default: `fold`, if there is one.
    pub fold: Option<String>,
    /// Of the four columns with the left, top, width and height of a box in pixels, separated by
    /// commas. Default: `x,y,width,height`, if all four are there.
    pub boxes: Option<String>,
}

/// What Hugging Face, Label Studio, AutoGluon and others call these columns.
const PATHS: [&str; 5] = ["path", "file_name", "filename", "filepath", "image"];
const LABELS: [&str; 2] = ["label", "choice"];
const BOXES: &str = "x,y,width,height";

/// Columns by their place in a header.
pub(super) struct Places {
    pub(super) path: usize,
    pub(super) label: usize,
    pub(super) split: Option<usize>,
    pub(super) group: Option<usize>,
    pub(super) fold: Option<usize>,
    /// Left, top, width and height of a box.
    pub(super) boxes: Option<[usize; 4]>,
}

/// Unused columns that are named.
const NAMED: usize = 4;

impl Columns {
    /// Names that the columns may have which every table has.
    pub(super) fn needed(&self) -> Vec<&str> {
        let path = self.path.as_deref().map_or(&PATHS[..], |_| &[]);
        let label = self.label.as_deref().map_or(&LABELS[..], |_| &[]);
        let own = [&self.path, &self.label].into_iter().flatten().map(String::as_str);
        own.chain(path.iter().chain(label).copied()).collect()
    }

    /// Where each column is, and a warning of those that are not used.
    pub(super) fn places(
        &self,
        header: &csv::StringRecord,
    ) -> Result<(Places, Option<String>), String> {
        let is = |column: &str, name: &str| column.to_lowercase() == name.to_lowercase();
        let has = |name: &str| header.iter().any(|column| is(column, name));
        let usual = |names: &[&'static str]| {
            names.iter().copied().find(|name| has(name)).unwrap_or(names[0])
        };
        let path = self.path.as_deref().unwrap_or_else(|| usual(&PATHS));
        let label = self.label.as_deref().unwrap_or_else(|| usual(&LABELS));
        let fold = self.fold.as_deref().unwrap_or("fold");
        let boxes: Vec<&str> =
            self.boxes.as_deref().unwrap_or(BOXES).split(',').map(str::trim).collect();
        let boxes: [&str; 4] = boxes.try_into().map_err(|names: Vec<&str>| {
            format!("a box has four columns, as in `{BOXES}`, and not {}", names.len())
        })?;
        let boxed = self.boxes.is_some() || boxes.iter().all(|name| has(name));
        let mut known = vec![path, label, "split", "group", fold];
        known.extend(boxes.iter().filter(|_| boxed));
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut unused = vec![];
        for (place, name) in header.iter().enumerate() {
            if !known.iter().any(|known| is(name, known)) {
                unused.push(format!("`{name}`"));
            } else if places.insert(name.to_lowercase(), place).is_some() {
                return Err(format!("two columns are called `{name}`"));
            }
        }
        let place = |name: &str| places.get(&name.to_lowercase()).copied();
        let need = |name: &str| {
            place(name).ok_or_else(|| {
                let there: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
                format!("the header has no column `{name}`: it has {}", listed(&there))
            })
        };
        let [x, y, width, height] = boxes;
        let found = Places {
            path: need(path)?,
            label: need(label)?,
            split: place("split"),
            group: place("group"),
            fold: if self.fold.is_some() { Some(need(fold)?) } else { place(fold) },
            boxes: match boxed {
                true => Some([need(x)?, need(y)?, need(width)?, need(height)?]),
                false => None,
            },
        };
        let warning = match &unused[..] {
            [] => None,
            [one] => Some(format!("the column {one} is not used")),
            several => Some(format!("the columns {} are not used", listed(several))),
        };
        Ok((found, warning))
    }
}

fn listed(names: &[String]) -> String {
    match names.len().checked_sub(NAMED) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

/// A reader of a table whose fields are separated by commas, semicolons or tabs: by what gives the
/// header most of the columns that are `wanted`, and then most columns. A byte order mark before the
/// first name is passed over; spreadsheets put one there.
pub(super) fn reader<'a>(text: &'a [u8], wanted: &[&str]) -> (&'a [u8], csv::Reader<&'a [u8]>) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let of = |separator: u8| {
        // Spaces may be part of a file's name, but not of a column's.
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(separator).trim(csv::Trim::Headers).from_reader(text)
    };
    let found = |separator: u8| {
        let mut reader = of(separator);
        // What is no UTF-8 in any of them is reported when it is read.
        let Ok(header) = reader.headers() else { return (0, 0) };
        let has = |name: &&&str| header.iter().any(|column| column.eq_ignore_ascii_case(name));
        (wanted.iter().filter(has).count(), header.len())
    };
    let best = [b'\t', b';', b','].into_iter().max_by_key(|&separator| found(separator));
    (text, of(best.unwrap_or(b',')))
}

#[cfg(test)]
mod tests {
    use super::{Columns, reader};

    fn header(text: &str) -> Vec<String> {
        let (_, mut reader) = reader(text.as_bytes(), &["path", "label"]);
        reader.headers().unwrap().iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_header_says_what_separates_fields() {
        for text in [
            "path,label\n",
            "path;label\n",
            "path\tlabel\r\n",
            "\u{feff}path ; label\n",
            "\"path\";label",
        ] {
            assert_eq!(header(text), ["path", "label"], "{text:?}");
        }
        // What stands between quotes separates nothing.
        assert_eq!(header("path;label;\"length, width, height\"\n").len(), 3);
        assert_eq!(header("\"a;b;c;d\",path,label\n"), ["a;b;c;d", "path", "label"]);
        // Without a known name: most columns.
        assert_eq!(header("file\tspecies, common\tsex\n").len(), 3);
    }

    #[test]
    fn columns_may_have_other_names() {
        let header = csv::StringRecord::from(vec!["Image_ID", "breed", "label", "k"]);
        let columns = Columns {
            path: Some("image_id".into()),
            label: Some("Breed".into()),
            fold: Some("k".into()),
            boxes: None,
        };
        let (places, warning) = columns.places(&header).unwrap();
        assert_eq!((places.path, places.label, places.fold), (0, 1, Some(3)));
        assert_eq!(warning.as_deref(), Some("the column `label` is not used"));
        let error = Columns::default().places(&header).err().unwrap();
        assert_eq!(
            error,
            "the header has no column `path`: it has `Image_ID`, `breed`, `label`, `k`"
        );
        let columns = Columns { fold: Some("cv".into()), ..columns };
        assert!(columns.places(&header).err().unwrap().contains("no column `cv`"));
    }

    #[test]
    fn other_programs_names_are_known_and_boxes_have_four_columns() {
        let places = |names: &[&str], boxes: Option<&str>| {
            let columns = Columns { boxes: boxes.map(str::to_owned), ..Columns::default() };
            columns.places(&csv::StringRecord::from(names.to_vec()))
        };
        let (found, warning) = places(&["id", "choice", "image"], None).unwrap();
        assert_eq!((found.path, found.label, found.boxes), (2, 1, None));
        assert_eq!(warning.as_deref(), Some("the column `id` is not used"));
        let (found, _) = places(&["image", "path", "label"], None).unwrap();
        assert_eq!(found.path, 1, "the usual name first");
        let boxed = ["file_name", "label", "x", "y", "width", "height"];
        assert_eq!(places(&boxed, None).unwrap().0.boxes, Some([2, 3, 4, 5]));
        assert_eq!(places(&boxed[..5], None).unwrap().0.boxes, None);
        let error = places(&boxed[..5], Some("x,y,width,tall")).err().unwrap();
        assert!(error.contains("no column `tall`"), "{error}");
        assert!(places(&boxed, Some("x,y")).err().unwrap().contains("and not 2"));
    }
}
