//! The pictures of a class that another one is most like, by the features that a classifier carries.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use classifier::{Known, Reference, SAME};

use super::list::List;

/// Pictures that are shown of a class.
const SHOWN: usize = 3;
/// Looked for, as copies are passed over.
const LOOKED_FOR: usize = 8;

/// For each of these pictures, by their places, the most alike ones of each of these classes, by their
/// names. What the classifier carries no features of has none.
pub(super) fn near(
    reference: &Reference,
    classes: &[String],
    list: &List,
    wanted: &[(usize, Vec<String>)],
) -> HashMap<usize, Vec<(String, Vec<usize>)>> {
    let rows: HashMap<usize, &[f32]> = reference
        .pictures
        .iter()
        .zip(reference.rows.chunks_exact(reference.width))
        .filter_map(|(known, row)| Some((list.by_path(Path::new(&known.picture))?, row)))
        .collect();
    let mut of_class: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, names) in wanted.iter().filter(|(at, _)| rows.contains_key(at)) {
        names.iter().for_each(|name| of_class.entry(name).or_default().push(*at));
    }
    let mut found: HashMap<usize, HashMap<&str, Vec<usize>>> = HashMap::new();
    for (name, places) in of_class {
        let Some(class) = classes.iter().position(|class| class == name) else { continue };
        let own = only(reference, class);
        if own.pictures.is_empty() {
            continue;
        }
        let queries: Vec<f32> = places.iter().flat_map(|at| rows[at].iter().copied()).collect();
        for (at, neighbours) in places.iter().zip(own.neighbours(&queries, LOOKED_FOR)) {
            // Itself and its copies tell nothing.
            let others = neighbours.nearest.iter().filter(|(_, distance)| *distance >= SAME);
            let others = others.filter_map(|(known, _)| {
                list.by_path(Path::new(&own.pictures[*known].picture)).filter(|other| other != at)
            });
            found.entry(*at).or_default().insert(name, others.take(SHOWN).collect());
        }
    }
    let ordered = |(at, names): &(usize, Vec<String>)| {
        let mut of = found.remove(at)?;
        let rows = names.iter().filter_map(|name| Some((name.clone(), of.remove(&name[..])?)));
        Some((*at, rows.collect()))
    };
    wanted.iter().filter_map(ordered).collect()
}

/// The pictures of one class.
fn only(reference: &Reference, class: usize) -> Reference {
    let rows = reference.rows.chunks_exact(reference.width);
    let own = reference.pictures.iter().zip(rows).filter(|(known, _)| known.label == class);
    let (pictures, rows): (Vec<&Known>, Vec<&[f32]>) = own.unzip();
    Reference {
        pictures: pictures.into_iter().cloned().collect(),
        width: reference.width,
        rows: rows.concat(),
    }
}
