//! Answers as rows of a table that a spreadsheet opens.

use crate::json::{Answer, Read, Unread};

/// The names of the columns: a probability for each class among them. One for the heat map's file
/// comes last, if heat maps are wanted.
#[must_use]
pub fn columns(classes: &[String], heat_maps: bool) -> Vec<String> {
    let mut columns: Vec<String> =
        ["picture", "verdict", "answer", "probability"].map(Into::into).into();
    columns.extend(classes.iter().map(|class| format!("probability of {class}")));
    columns.extend(["novelty", "nearest", "error"].map(Into::into));
    columns.extend(heat_maps.then(|| "heat_map".into()));
    columns
}

/// The cells of an answer, one for each of the [`columns`]. A picture that is not recognised has no
/// probabilities, as they mean nothing; one without an answer has its name and the error. A cell that
/// a spreadsheet would take for a formula begins with an apostrophe.
///
/// The answer's style must name every class.
#[must_use]
pub fn row(answer: &Answer<'_>, classes: &[String], heat_maps: bool) -> Vec<String> {
    let cells = match answer {
        Answer::Read(read) => of_read(read, classes, heat_maps),
        Answer::Unread(Unread { picture, error }) => {
            let mut row = vec![picture.clone()];
            row.resize(6 + classes.len(), String::new());
            row.push(error.clone());
            row.extend(heat_maps.then(String::new));
            row
        }
    };
    cells.into_iter().map(guarded).collect()
}

fn of_read(read: &Read<'_>, classes: &[String], heat_maps: bool) -> Vec<String> {
    let named: Vec<&str> = read.answer.iter().map(|named| named.class).collect();
    let recognised = !named.is_empty();
    let answer = if recognised { named.join(" or ") } else { "not recognised".into() };
    let share = |probability: f32| format!("{probability:.6}");
    let sure = match &read.answer[..] {
        [named] => share(named.probability),
        _ => String::new(),
    };
    let mut row = vec![read.picture.clone(), read.verdict.into(), answer, sure];
    row.extend(classes.iter().map(|class| {
        let found = read.top.iter().find(|named| named.class == class).filter(|_| recognised);
        found.map_or_else(String::new, |named| share(named.probability))
    }));
    let nearest = read.nearest.first().map(|nearest| nearest.picture);
    row.push(read.novelty.map_or(String::new(), |novelty| format!("{novelty:.6}")));
    row.extend([nearest.unwrap_or_default().to_owned(), String::new()]);
    if heat_maps {
        let file = read.heat_map.as_ref().and_then(|heat| heat.file.clone());
        row.push(file.unwrap_or_default());
    }
    row
}

/// The same text, not to be taken for a formula.
pub(crate) fn guarded(cell: String) -> String {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{cell}"),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use insight::Reason;

    use super::{columns, row};
    use crate::json::{Answer, Named, Nearest, Read};

    fn answer(named: &[&'static str]) -> Answer<'static> {
        let odds = [("husky", 0.75), ("=1+1", 0.25)];
        let named_so = |&(class, probability): &(&'static str, f32)| Named { class, probability };
        Answer::Read(Read {
            picture: "-a.jpg".into(),
            verdict: "class",
            reason: Reason::Sure,
            answer: odds.iter().filter(|(class, _)| named.contains(class)).map(named_so).collect(),
            top: odds.iter().map(named_so).collect(),
            novelty: Some(0.5),
            nearest: vec![Nearest {
                picture: "husky/1.jpg",
                class: "husky",
                similarity: 0.5,
                thumbnail: None,
            }],
            heat_map: None,
        })
    }

    #[test]
    fn every_class_has_a_column_and_no_cell_is_a_formula() {
        let classes = ["=1+1".to_owned(), "husky".to_owned()];
        let head = columns(&classes, false);
        assert_eq!(head[3..6], ["probability", "probability of =1+1", "probability of husky"]);
        let sure = row(&answer(&["=1+1"]), &classes, false);
        assert_eq!(sure[..6], ["'-a.jpg", "class", "'=1+1", "0.250000", "0.250000", "0.750000"]);
        assert_eq!(sure.len(), head.len());
        let unknown = row(&answer(&[]), &classes, false);
        assert_eq!(unknown[2..6], ["not recognised", "", "", ""], "no class to sort by");
    }
}
