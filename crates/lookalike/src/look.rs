//! What lies in a folder, class by class or in groups of alike pictures, at a glance.

mod groups;
mod png;

use std::ops::ControlFlow;
use std::path::PathBuf;

use ground::progress::{Bar, Progress};
use ground::random::{Draws, Purpose};
use ground::{Stop, files, parallel};
use pictures::{Detail, Folder, Labelled, Limits, Rgb, read_with_permit, within};
use report::{Sheet, SheetClass, SheetOf, Tile, contact_sheet};

use crate::{Error, NamedFolder, Page, Source, prove_page, prove_writable};

pub use groups::group;

/// Pictures shown of a class, and of all classes together, where nobody says.
const PER_CLASS: usize = 60;
const TOGETHER: usize = 2400;
/// Fewest of a class: with less there is nothing to compare.
const FEWEST: usize = 4;
/// Pixels of the longer side.
const SIDE: u32 = 144;
/// The seed of draws where nobody says.
const SEED: u64 = 42;

/// A request for a contact sheet. [`LookRequest::new`] has every default.
#[derive(Clone, Debug)]
pub struct LookRequest {
    /// The labelled pictures.
    pub source: Source,
    /// Where the sheet goes. Default: the source's name with `.look.html` (`.groups.html` of groups), in
    /// the current folder.
    pub output: Option<PathBuf>,
    /// A new or empty folder for a PNG of each class. Default: none.
    pub png: Option<PathBuf>,
    /// Pictures of a class at most, drawn at random; `usize::MAX` for all. Default: 60, and fewer
    /// where there are more than 40 classes, about 2,400 together.
    pub per_class: Option<usize>,
    /// The seed of that draw. Default: 42.
    pub seed: u64,
    /// To put pictures that nobody has sorted into groups of alike ones. Default: as they are sorted.
    pub group: Option<GroupRequest>,
}

/// How to put pictures into groups of alike ones.
#[derive(Clone, Debug, Default)]
pub struct GroupRequest {
    /// How many groups. Default: as many as suit the pictures.
    pub groups: Option<usize>,
    /// Where the plan that sorts them goes. Default: the source's name with `.groups.csv`, in the
    /// current folder.
    pub plan: Option<PathBuf>,
}

/// A contact sheet that was written.
#[derive(Clone, Debug)]
pub struct Looked {
    /// Its file.
    pub output: PathBuf,
    /// The size of that, in bytes.
    pub bytes: usize,
    /// Pictures shown.
    pub shown: usize,
    /// Of which so many cannot be read; the sheet says why.
    pub unreadable: usize,
    /// Files that there are.
    pub files: usize,
    /// Classes that there are, or groups.
    pub classes: usize,
    /// The plan that sorts the groups, where they were asked for.
    pub plan: Option<PathBuf>,
}

impl LookRequest {
    /// A sheet of a folder or table with every default.
    #[must_use]
    pub fn new(source: impl Into<Source>) -> Self {
        let (output, png, per_class, group) = (None, None, None, None);
        Self { source: source.into(), output, png, per_class, seed: SEED, group }
    }
}

/// Draws a contact sheet of a folder or table and writes it; with groups, a plan that sorts them too.
///
/// # Errors
/// When the source names no pictures, writing fails, and [`Error::Stopped`] on a stop.
pub fn look(request: &LookRequest, progress: &dyn Progress, stop: &Stop) -> Result<Looked, Error> {
    let source = &request.source;
    let name = source.name()?;
    let page = if request.group.is_some() { ".groups.html" } else { ".look.html" };
    let output = request.output.clone().unwrap_or_else(|| PathBuf::from(name.clone() + page));
    let asked = request.group.as_ref();
    let plan = asked.map(|group| {
        group.plan.clone().unwrap_or_else(|| PathBuf::from(name.clone() + ".groups.csv"))
    });
    // Before the work: what cannot be written should be reported at once.
    prove_page(Some(&output), Page::Pictures)?;
    prove_writable(plan.as_deref())?;
    let mut sheets = request.png.as_deref().map(NamedFolder::new).transpose()?;
    let (folder, order) = match (asked, &plan) {
        (Some(asked), Some(plan)) => {
            groups::may_replace(plan)?;
            (groups::found(source, asked.groups, request.seed, progress, stop)?, Order::Typical)
        }
        _ => (source.any_pictures()?, Order::Drawn(request.seed)),
    };
    folder.read_as.iter().for_each(|line| progress.note(line));
    folder.warnings.iter().for_each(|warning| progress.warn(warning));
    let most = (TOGETHER / folder.classes.len().max(1)).clamp(FEWEST, PER_CLASS);
    let chosen = chosen(&folder, request.per_class.unwrap_or(most), order);
    let shown: usize = chosen.iter().map(|(chosen, _)| chosen.len()).sum();
    let bar = progress.begin("Looking at pictures", Some(shown as u64));
    let (mut classes, mut unreadable) = (vec![], 0);
    for (name, (chosen, all)) in folder.classes.iter().zip(&chosen) {
        let seen = see(chosen, bar.as_ref(), stop).ok_or(Error::Stopped)?;
        unreadable += seen.iter().filter(|seen| seen.is_err()).count();
        if let Some(sheets) = &mut sheets {
            let small: Vec<&Rgb> = seen.iter().flatten().map(|(small, _)| small).collect();
            sheets.write(name, "png", &png::sheet(&small, SIDE))?;
        }
        classes.push(SheetClass {
            name: name.clone(),
            count: *all,
            tiles: tiles(source, chosen, seen),
        });
    }
    drop(bar);
    let program = format!("lookalike {}", env!("CARGO_PKG_VERSION"));
    let of = plan
        .as_ref()
        .map_or(SheetOf::Classes, |plan| SheetOf::Groups { plan: plan.display().to_string() });
    let page = contact_sheet(&Sheet { title: name, program, of, classes });
    files::write(&output, page.as_bytes())?;
    if let Some(plan) = &plan {
        groups::plan(source, &folder).write(plan)?;
    }
    let (files, classes) = (folder.pictures.len(), folder.classes.len());
    Ok(Looked { output, bytes: page.len(), shown, unreadable, files, classes, plan })
}

/// Which pictures of a class are shown where not all are.
#[derive(Clone, Copy)]
enum Order {
    /// Some by chance, by this seed.
    Drawn(u64),
    /// The first ones, which are the most typical.
    Typical,
}

/// The tiles of a class, named relative to the source's folder.
fn tiles(source: &Source, chosen: &[&Labelled], seen: Vec<Seen>) -> Vec<Tile> {
    let tile = |(picture, seen): (&&Labelled, Seen)| Tile {
        file: source.name_of(picture.place.name()),
        picture: seen.map(|(small, jpeg)| (jpeg, [small.width, small.height])),
    };
    chosen.iter().zip(seen).map(tile).collect()
}

/// Of each class at most `most` pictures, in the folder's order; and how many it has.
fn chosen<'a>(folder: &'a Folder, most: usize, how: Order) -> Vec<(Vec<&'a Labelled>, usize)> {
    let mut of_class: Vec<Vec<&'a Labelled>> = vec![vec![]; folder.classes.len()];
    folder.pictures.iter().for_each(|picture| of_class[picture.label].push(picture));
    let draw = |(class, all): (usize, Vec<&'a Labelled>)| {
        let count = all.len();
        let mut order: Vec<usize> = (0..count).collect();
        if most < count {
            if let Order::Drawn(seed) = how {
                Draws::new(seed, Purpose::Look, &[class as u64]).shuffle(&mut order);
            }
            order.truncate(most);
            order.sort_unstable();
        }
        (order.into_iter().map(|at| all[at]).collect(), count)
    };
    of_class.into_iter().enumerate().map(draw).collect()
}

/// A picture's small form, plain and as a JPEG, or why there is none.
type Seen = Result<(Rgb, Vec<u8>), String>;

/// Small forms of some pictures, in their order; `None` where a stop was asked for.
fn see(chosen: &[&Labelled], bar: &dyn Bar, stop: &Stop) -> Option<Vec<Seen>> {
    let limits = Limits::default();
    let look = |at: usize| {
        let read = read_with_permit(&chosen[at].place, &limits, Detail::ShortSide(SIDE));
        let (decoded, ..) = read.map_err(|reason| reason.to_string())?;
        let small = within(&decoded.picture, SIDE);
        let jpeg = pictures::small_jpeg(&small);
        Ok((small, jpeg))
    };
    let mut seen: Vec<Seen> = vec![Err(String::new()); chosen.len()];
    let threads = ground::parallel::threads();
    let all = parallel::stream(chosen.len(), threads, &|| stop.asked(), look, |at, found| {
        bar.advance(1);
        seen[at] = found;
        ControlFlow::Continue(())
    });
    all.then_some(seen)
}

#[cfg(test)]
mod tests {
    use pictures::{Folder, Labelled};

    use super::{Order, chosen};

    #[test]
    fn the_choice_is_by_class_by_chance_and_the_same_each_time() {
        let picture = |at: usize| Labelled {
            place: format!("{at}.jpg").as_str().into(),
            label: at % 2,
            side: None,
            group: None,
            fold: None,
            also: vec![],
        };
        let folder = Folder {
            classes: vec!["ant".into(), "bee".into()],
            pictures: (0..101).map(picture).collect(),
            ..Folder::default()
        };
        let drawn = chosen(&folder, 20, Order::Drawn(1));
        for (class, (drawn, count)) in drawn.iter().enumerate() {
            assert_eq!((drawn.len(), *count), (20, 51 - class));
            assert!(drawn.iter().all(|picture| picture.label == class));
            let number = |p: &&Labelled| {
                p.place.name().file_stem().unwrap().to_str().unwrap().parse::<usize>()
            };
            assert!(drawn.iter().map(|p| number(p).unwrap()).is_sorted());
        }
        let with = |seed| chosen(&folder, 20, Order::Drawn(seed));
        assert!(with(1) == drawn && with(2) != drawn);
        assert_eq!(chosen(&folder, usize::MAX, Order::Drawn(1))[0].0.len(), 51);
        // Of groups the first ones, which are the most typical.
        let typical = chosen(&folder, 3, Order::Typical);
        assert_eq!(typical[1].0, [&folder.pictures[1], &folder.pictures[3], &folder.pictures[5]]);
    }
}
