//! Answers as rows of a table, whose cells are the fields of the JSON.

use crate::json::{Answer, Style, Unread};

/// The names of the columns; one for the heat map's file comes last, if heat maps are wanted.
#[must_use]
pub fn columns(style: Style, heat_maps: bool) -> Vec<String> {
    let mut columns: Vec<String> = ["picture", "verdict", "answer"].map(Into::into).into();
    for n in 1..=style.top {
        columns.extend([format!("class_{n}"), format!("probability_{n}")]);
    }
    columns.extend(["novelty", "nearest", "error"].map(Into::into));
    columns.extend(heat_maps.then(|| "heat_map".into()));
    columns
}

/// The cells of an answer, one for each of the [`columns`]. A picture without an answer has its name
/// and the error.
#[must_use]
pub fn row(answer: &Answer<'_>, style: Style, heat_maps: bool) -> Vec<String> {
    match answer {
        Answer::Read(read) => {
            let classes: Vec<&str> = read.answer.iter().map(|named| named.class).collect();
            let mut row = vec![read.picture.clone(), read.verdict.into(), classes.join(" or ")];
            for named in &read.top {
                row.extend([named.class.to_owned(), format!("{:.6}", named.probability)]);
            }
            let nearest = read.nearest.first().map(|nearest| nearest.picture);
            row.push(read.novelty.map_or(String::new(), |novelty| format!("{novelty:.6}")));
            row.extend([nearest.unwrap_or_default().to_owned(), String::new()]);
            if heat_maps {
                row.push(read.heat_map.as_ref().map_or(String::new(), |heat| heat.file.clone()));
            }
            row
        }
        Answer::Unread(Unread { picture, error }) => {
            let mut row = vec![picture.clone()];
            row.resize(5 + 2 * style.top, String::new());
            row.push(error.clone());
            row.extend(heat_maps.then(String::new));
            row
        }
    }
}
