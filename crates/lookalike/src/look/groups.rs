//! Pictures that nobody has sorted, in groups of alike ones: by the features of the default recipe's
//! network, which are kept for the training that follows.

use std::path::Path;

use doctor::plan::{Groups, Plan};
use engine::Cpu;
use ground::Stop;
use ground::files::FileError;
use ground::progress::Progress;
use insight::Clusters;
use pictures::{Dataset, Folder, Labelled, Place, Preprocess, dataset};
use training::auto::Auto;
use training::features::{self, Features, Table};

use crate::text::count;
use crate::train::{Start, known_to, open_cache};
use crate::{Error, Initial, Kind, Source};

/// Rows placed at a time.
const AT_ONCE: usize = 256;
/// Pictures that are named where they cannot be read.
const NAMED: usize = 3;

/// Makes sure that no name that somebody typed into a plan is lost.
pub(super) fn may_replace(plan: &Path) -> Result<(), Error> {
    let named = match Plan::read(plan) {
        Ok(plan) => plan.active() > 0,
        Err(_) => plan.exists(),
    };
    if !named {
        return Ok(());
    }
    let what = format!("`{}` exists, and its groups have names", plan.display());
    let typed = insight::quoted(&plan.display().to_string());
    Err(Error::refused(Kind::Usage, what).advise(format!(
        "apply it first: `lookalike apply {typed}`; or pass `--plan` another name"
    )))
}

/// The pictures of a folder with their groups as classes, the largest group and in each the most
/// typical picture first.
pub(super) fn found(
    source: &Source,
    wanted: Option<usize>,
    seed: u64,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Folder, Error> {
    let folder = unsorted(source)?;
    if folder.pictures.iter().any(|picture| picture.place.whole_file().is_none()) {
        let path = source.path().display();
        let what = format!("a plan of groups moves whole files, and `{path}` names parts of them");
        return Err(Error::refused(Kind::Usage, what).advise("`look` without `--group` shows them"));
    }
    let (data, features) = seen(&folder, progress, stop)?;
    let mut folder = Folder { warnings: folder.warnings, ..Folder::default() };
    folder.warnings.extend(unread(&data));
    let groups = grouped(&features.table, wanted, seed)?;
    for (at, group) in groups.into_iter().enumerate() {
        let title = Groups::title(at);
        folder.classes.push(title[..1].to_uppercase() + &title[1..]);
        let picture = |item: usize| labelled(data.items[item].place.clone(), at);
        folder.pictures.extend(group.into_iter().map(picture));
    }
    Ok(folder)
}

/// The plan that sorts the groups of [`found`].
pub(super) fn plan(source: &Source, folder: &Folder) -> Groups {
    let mut groups = vec![vec![]; folder.classes.len()];
    let base = source.folder();
    for Labelled { place, label, .. } in &folder.pictures {
        let path = place.name();
        groups[*label].push(path.strip_prefix(base).unwrap_or(path).to_owned());
    }
    Groups { folder: base.to_owned(), groups, ..Groups::default() }
}

/// Puts all pictures below a folder into groups of alike ones, as many as wanted or as suit them. Nothing
/// is written; `progress` hears of files that cannot be read.
///
/// # Errors
/// When there is no picture, and [`Error::Stopped`] on a stop.
pub fn group(
    source: &Source,
    wanted: Option<usize>,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Groups, Error> {
    let folder = found(source, wanted, super::SEED, progress, stop)?;
    folder.warnings.iter().for_each(|warning| progress.warn(warning));
    Ok(plan(source, &folder))
}

fn labelled(place: Place, label: usize) -> Labelled {
    Labelled { place, label, side: None, group: None, fold: None, also: vec![] }
}

/// All pictures below a folder, as of one class.
fn unsorted(source: &Source) -> Result<Folder, Error> {
    let Source::Folder(path) = source else {
        let folder = source.any_pictures()?;
        let pictures = folder.pictures.into_iter();
        let pictures = pictures.map(|picture| labelled(picture.place, 0)).collect();
        return Ok(Folder { classes: vec![source.name()?], pictures, ..folder });
    };
    let (pictures, passed_over) = Folder::pictures_below(path)?;
    if pictures.is_empty() {
        let what = format!("there is no picture in `{}`", path.display());
        return Err(Error::refused(Kind::Pictures, what).advise("name a folder that holds some"));
    }
    Ok(Folder {
        classes: vec![source.name()?],
        pictures: pictures.into_iter().map(|path| labelled(path.into(), 0)).collect(),
        warnings: passed_over.into_iter().collect(),
        ..Folder::default()
    })
}

/// The pictures that can be read, and their features.
fn seen(
    folder: &Folder,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<(Dataset, Features), Error> {
    let recipe = Auto::new(Auto::BACKBONE);
    let start = Start::choose(&Initial::default(), progress, stop)?;
    let graph = recipe.architecture(2).graph();
    let parameters = start.parameters(&graph, recipe.seed)?;
    let preprocess = Preprocess::square(recipe.backbone.preprocessing(), recipe.size);
    let key = features::key(&graph, &parameters, &preprocess, recipe.looks());
    let cache = open_cache(&key, features::width(&graph), progress);
    let how = dataset::Settings {
        valid_fraction: 0.0,
        threads: ground::parallel::threads(),
        ..dataset::Settings::default()
    };
    let data = Dataset::prepare_new(folder, &preprocess, &how, &known_to(&cache), progress, stop)?;
    let mut engine = Cpu::with(graph, &parameters)?;
    let views = recipe.looks();
    let features =
        features::extract(&mut engine, &data, &preprocess, views, cache, progress, stop)?;
    Ok((data, features))
}

fn unread(data: &Dataset) -> Option<String> {
    let bad = &data.bad;
    let line = |bad: &pictures::Bad| format!("`{}` ({})", bad.path.display(), bad.reason);
    let named: Vec<String> = bad.iter().take(NAMED).map(line).collect();
    let more = bad.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let files = count(bad.len(), "file");
    let verb = if bad.len() == 1 { "is" } else { "are" };
    (!bad.is_empty()).then(|| {
        format!("{files} cannot be read and {verb} in no group: {}{more}", named.join(", "))
    })
}

/// The rows of each group, the largest group and in each the most typical row first.
fn grouped(table: &Table, wanted: Option<usize>, seed: u64) -> Result<Vec<Vec<usize>>, FileError> {
    let read = |rows: &[usize]| {
        let mut out = vec![0.0; rows.len() * table.width()];
        table.read(rows, &mut out).map(|()| out)
    };
    let clusters = Clusters::of(&read(&Clusters::drawn(table.len(), seed))?, table.width(), wanted);
    let mut groups: Vec<Vec<(f32, usize)>> = vec![vec![]; clusters.len()];
    let all: Vec<usize> = (0..table.len()).collect();
    for some in all.chunks(AT_ONCE) {
        let rows = read(some)?;
        let places = ground::parallel::map(some.len(), |at| {
            clusters.place(&rows[at * table.width()..][..table.width()])
        });
        for (&row, place) in some.iter().zip(places) {
            let Some(place) = place else { continue };
            groups[place.cluster].push((place.typical, row));
        }
    }
    groups.retain(|group| !group.is_empty());
    groups.iter_mut().for_each(|group| group.sort_by(|a, b| b.0.total_cmp(&a.0)));
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    Ok(groups.into_iter().map(|group| group.into_iter().map(|(_, row)| row).collect()).collect())
}

#[cfg(test)]
mod tests {
    use training::features::Table;

    use super::{grouped, may_replace};

    #[test]
    fn the_largest_group_comes_first_and_in_it_the_most_typical_row() {
        let rows = [-1.0, 0.1, 1.0, 0.3, 1.0, 0.0, -1.0, -0.1, 1.0, -0.3f32];
        let groups = grouped(&Table::new(2, rows.to_vec()), Some(2), 1).unwrap();
        assert_eq!(groups[0][0], 2, "{groups:?}");
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn names_that_somebody_typed_are_not_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let plan = place.path().join("a.groups.csv");
        may_replace(&plan).unwrap();
        let write = |name: &str| {
            let rows =
                format!("action,path,to,reason\nname,group 1,{name},\ngroup,1.jpg,group 1,\n");
            std::fs::write(&plan, rows).unwrap();
        };
        write("");
        may_replace(&plan).unwrap();
        write("ants");
        let error = may_replace(&plan).unwrap_err();
        assert!(error.to_string().ends_with("exists, and its groups have names"), "{error}");
        std::fs::write(&plan, "my own table").unwrap();
        assert!(may_replace(&plan).is_err());
    }
}
