//! Corrected labels, from a table beside the pictures: the files stay as and where they are.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ground::files::read_capped;

use super::columns::reader;
use super::found::Finder;
use super::{Folder, composed};
use crate::PicturesError;

/// The largest table, in bytes.
const LIMIT: u64 = 1 << 28;

/// The outcome of a table of fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Pictures that have another label now, and the class that they had, as an index; `None` if it
    /// has no picture left and is no class any more.
    pub relabelled: Vec<(PathBuf, Option<usize>)>,
    /// Pictures that are left out.
    pub left_out: usize,
    /// Whether a classifier proposed them: the table has its column `margin`.
    pub proposed: bool,
    /// Lines that say nothing to these pictures, and why.
    pub warnings: Vec<String>,
}

/// What to do with a picture.
enum Decision {
    Nothing,
    LeaveOut,
    Relabel(String),
}

pub(super) fn apply(
    folder: &mut Folder,
    base: &Path,
    table: &Path,
) -> Result<Fixed, PicturesError> {
    let text = read_capped(table, LIMIT)?;
    let (_, mut reader) = reader(&text, &["path", "label", "suggested"]);
    let wrong = |line, why: String| PicturesError::Table { path: table.to_owned(), line, why };
    let broken = |error: csv::Error| {
        wrong(error.position().map_or(1, csv::Position::line), error.to_string())
    };
    let header = reader.headers().map_err(broken)?.clone();
    let place = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    let column = |name: &str| {
        place(name).ok_or_else(|| wrong(1, format!("the header has no column `{name}`")))
    };
    let [path, label, suggested] = [column("path")?, column("label")?, column("suggested")?];
    let decision = place("decision");
    let by_path: HashMap<_, usize> = folder
        .pictures
        .iter()
        .enumerate()
        .map(|(place, picture)| (picture.place.name().to_owned(), place))
        .collect();
    let mut fixed = Fixed { proposed: place("margin").is_some(), ..Fixed::default() };
    let (mut out, mut undecided) = (vec![], 0);
    let before = counts(folder);
    let mut places = Finder::of(base);
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).unwrap_or_default();
        let (picture, label, suggested) =
            (field(path), field(label).trim(), field(suggested).trim());
        let decided = decision.map(|column| field(column).trim());
        if decided == Some("") {
            undecided += 1;
            continue;
        }
        let mut warn = |why: &str| {
            fixed
                .warnings
                .push(format!("line {line} of the fixes has no effect: `{picture}` {why}"));
        };
        let Some(&place) = by_path.get(&places.find(picture)) else {
            warn("is not among the pictures");
            continue;
        };
        let found = &mut folder.pictures[place];
        if folder.classes[found.label] != composed(label) {
            warn(&format!("is now in class `{}`", folder.classes[found.label]));
            continue;
        }
        match decide(decided, suggested, &folder.classes) {
            Decision::Nothing => {}
            Decision::LeaveOut => out.push(place),
            Decision::Relabel(name) => {
                match folder.classes.iter().position(|class| *class == composed(&name)) {
                    Some(class) if class == found.label => {}
                    Some(class) => {
                        fixed.relabelled.push((found.place.name().to_owned(), Some(found.label)));
                        found.label = class;
                    }
                    None if decided.is_some_and(|decided| decided == name) => {
                        return Err(wrong(
                            line,
                            format!(
                                "the decision `{name}` is neither `relabel`, `leave out`, `keep` nor \
                                 a class"
                            ),
                        ));
                    }
                    None => return Err(wrong(line, format!("there is no class `{name}`"))),
                }
            }
        }
    }
    if undecided > 0 {
        fixed.warnings.push(format!(
            "{undecided} rows of the fixes have no decision and change nothing: write `relabel` or \
             `leave out` into the column `decision`"
        ));
    }
    out.sort_unstable();
    out.dedup();
    fixed.left_out = out.len();
    for place in out.into_iter().rev() {
        folder.pictures.remove(place);
    }
    drop_emptied(folder, &before, &mut fixed);
    Ok(fixed)
}

/// Drops the classes that the fixes left without a picture, as long as two remain. A label that a
/// picture had in such a class is forgotten.
fn drop_emptied(folder: &mut Folder, before: &[usize], fixed: &mut Fixed) {
    let left = counts(folder);
    let emptied = |class: usize| before[class] > 0 && left[class] == 0;
    let stay: Vec<usize> = (0..left.len()).filter(|&class| !emptied(class)).collect();
    if stay.len() == left.len() || stay.len() < 2 {
        return;
    }
    let place = |class: usize| stay.binary_search(&class).ok();
    for class in (0..left.len()).filter(|&class| emptied(class)) {
        fixed.warnings.push(format!(
            "`{}` has no picture left by the fixes, so it is no class any more",
            folder.classes[class]
        ));
    }
    folder.classes = stay.iter().map(|&class| folder.classes[class].clone()).collect();
    for picture in &mut folder.pictures {
        picture.label = place(picture.label).unwrap_or_default();
    }
    for picture in &mut folder.absent {
        picture.label = place(picture.label).unwrap_or_default();
    }
    for (_, was) in &mut fixed.relabelled {
        *was = was.and_then(place);
    }
}

/// How many pictures each class has.
fn counts(folder: &Folder) -> Vec<usize> {
    let mut counts = vec![0; folder.classes.len()];
    folder.pictures.iter().for_each(|picture| counts[picture.label] += 1);
    folder.absent.iter().for_each(|picture| counts[picture.label] += 1);
    counts
}

/// What a row says: the suggestion itself where the table has no column for decisions.
fn decide(decided: Option<&str>, suggested: &str, classes: &[String]) -> Decision {
    let suggestion = || match suggested {
        "" => Decision::LeaveOut,
        class => Decision::Relabel(class.to_owned()),
    };
    let Some(decided) = decided else { return suggestion() };
    // A class may be called `no` or `1`.
    if classes.contains(&composed(decided)) {
        return Decision::Relabel(decided.to_owned());
    }
    match decided.to_lowercase().replace(['-', '_'], " ").as_str() {
        "relabel" | "yes" | "y" | "x" | "ok" | "fix" | "change" | "true" | "1" => suggestion(),
        "leave out" | "remove" | "drop" => Decision::LeaveOut,
        "" | "keep" | "no" | "n" | "false" | "0" => Decision::Nothing,
        _ => Decision::Relabel(decided.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Decision, decide};
    use crate::Folder;

    #[test]
    fn a_row_without_a_decision_changes_nothing() {
        let place = tempfile::tempdir().unwrap();
        for file in ["bee/1.jpg", "bee/2.jpg", "wasp/3.jpg"] {
            let file = place.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let table = place.path().join("a.suspects.csv");
        let rows = ",bee/1.jpg,bee,wasp\n\" \",bee/2.jpg,bee,wasp\n,wasp/3.jpg,wasp,\n";
        fs::write(&table, format!("decision,path,label,suggested\n{rows}")).unwrap();
        let before = Folder::scan(place.path()).unwrap();
        let mut folder = before.clone();
        let fixed = folder.fix(place.path(), &table).unwrap();
        assert_eq!(folder, before, "neither relabelled nor left out");
        assert_eq!((fixed.relabelled.len(), fixed.left_out), (0, 0));
        assert!(fixed.warnings[0].starts_with("3 rows of the fixes have no decision"));
        assert!(matches!(decide(Some(""), "wasp", &before.classes), Decision::Nothing));
    }

    #[test]
    fn a_class_that_the_fixes_empty_is_no_class_any_more() {
        let place = tempfile::tempdir().unwrap();
        for file in ["ant/1.jpg", "bee/2.jpg", "bee/3.jpg", "wasp/4.jpg"] {
            let file = place.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        let table = place.path().join("a.suspects.csv");
        let fix = |rows: &str| {
            fs::write(&table, format!("decision,path,label,suggested\n{rows}")).unwrap();
            let mut folder = Folder::scan(place.path()).unwrap();
            let fixed = folder.fix(place.path(), &table).unwrap();
            (folder, fixed)
        };
        let (folder, fixed) = fix("leave out,ant/1.jpg,ant,bee\nrelabel,bee/2.jpg,bee,wasp\n");
        assert_eq!(folder.classes, ["bee", "wasp"]);
        let labels: Vec<usize> = folder.pictures.iter().map(|picture| picture.label).collect();
        assert_eq!(labels, [1, 0, 1]);
        assert_eq!((fixed.relabelled[0].1, fixed.left_out), (Some(0), 1), "it was a bee");
        assert!(fixed.warnings[0].starts_with("`ant` has no picture left"), "{fixed:?}");
        let (folder, fixed) = fix("relabel,ant/1.jpg,ant,wasp\n");
        assert_eq!((folder.classes.len(), fixed.relabelled[0].1), (2, None));
        // Two classes have to remain.
        let rows = "leave out,ant/1.jpg,ant,bee\nrelabel,wasp/4.jpg,wasp,bee\n";
        assert_eq!(fix(rows).0.classes, ["ant", "bee", "wasp"]);
    }

    #[test]
    fn a_table_without_the_column_says_what_it_suggests() {
        let classes = ["bee".to_owned(), "wasp".to_owned()];
        assert!(
            matches!(decide(None, "wasp", &classes), Decision::Relabel(name) if name == "wasp")
        );
        assert!(matches!(decide(None, "", &classes), Decision::LeaveOut));
    }
}
