//! Classes and pictures from a tree of folders.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::files::FileError;
use ground::words::count;

use super::beside::{PassedOver, is_companion, is_other, is_system};
use super::natural::natural;
use super::sides::{is_occasion, is_unsorted, of_name};
use super::{Entry, Folder, Need, Side, build, composed};
use crate::PicturesError;

/// How many folders may hold nothing but the next one, above that of the classes.
const ABOVE: usize = 4;

/// What one folder holds that no system put there, in natural order.
struct Listing {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

/// A tree as far as it was looked through.
#[derive(Default)]
struct Scan {
    entries: Vec<Entry>,
    /// Classes without files.
    empty: Vec<String>,
    warnings: Vec<String>,
    passed_over: PassedOver,
}

pub(super) fn scan(dir: &Path, need: Need) -> Result<Folder, PicturesError> {
    if dir.is_file() {
        return Err(PicturesError::NotAFolder(dir.to_owned()));
    }
    let mut scan = Scan::default();
    let top = scan.top(dir)?;
    let mut loose = top.files.clone();
    match sides(&top)? {
        Some(sides) => scan.sided(&top, &sides, &mut loose)?,
        None => {
            if bare_sides(&top) {
                scan.warnings.push(format!(
                    "the folders in `{}` say what pictures are used for, but not what they show: they \
                     are taken for classes. Otherwise put class folders into each",
                    dir.display()
                ));
            }
            let folders = scan.class_folders(&top)?;
            if folders.len() > 1 && folders.iter().all(|folder| is_occasion(&name(folder))) {
                scan.warnings.push(format!(
                    "the folders in `{}` are named after days or cameras, and not after what their \
                     pictures show: they are taken for classes. `lookalike look --group` puts pictures \
                     together by what they show",
                    dir.display()
                ));
            }
            scan.classes(&folders, None)?;
        }
    }
    if need == Need::Anything && scan.entries.is_empty() {
        // Not sorted yet: all that lies here is of one kind.
        let real = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        let class = class_of(&real);
        let entry = |path: PathBuf| Entry {
            class: class.clone(),
            place: path.into(),
            side: None,
            group: None,
            fold: None,
        };
        scan.entries.extend(std::mem::take(&mut loose).into_iter().map(entry));
    }
    if !loose.is_empty() {
        scan.warnings.push(format!(
            "ignored {} in no class folder of `{}`: put pictures into one folder per class",
            count(loose.len(), "file"),
            dir.display()
        ));
    }
    scan.warnings.extend(scan.passed_over.told());
    build(dir, scan.entries, &scan.empty, scan.warnings, need)
}

/// All pictures below a folder, in natural order, and what was passed over, in a line. Links are
/// followed, each real folder once.
pub(super) fn pictures_below(dir: &Path) -> Result<(Vec<PathBuf>, Option<String>), PicturesError> {
    let mut scan = Scan::default();
    let pictures = scan.below(dir)?;
    Ok((pictures, scan.passed_over.told()))
}

impl Scan {
    /// The listing that holds the classes: that of the folder, or of the only folder in it, as where
    /// an archive was unpacked into a folder of its own name.
    fn top(&mut self, dir: &Path) -> Result<Listing, PicturesError> {
        let mut top = self.list(dir)?;
        for _ in 0..ABOVE {
            let [only] = &top.folders[..] else { break };
            if !top.files.is_empty() || sides(&top)?.is_some() {
                break;
            }
            let only = only.clone();
            let inner = Scan::default().list(&only)?;
            if !inner.files.is_empty() || inner.folders.is_empty() {
                break;
            }
            let inner = self.list(&only)?;
            self.warnings.push(format!("`{}` holds the classes", only.display()));
            top = inner;
        }
        Ok(top)
    }

    /// Classes within folders that say what their pictures are used for.
    fn sided(
        &mut self,
        top: &Listing,
        sides: &[(PathBuf, Side)],
        loose: &mut Vec<PathBuf>,
    ) -> Result<(), PicturesError> {
        let drawn = !sides.iter().any(|side| side.1 == Side::Valid);
        if drawn {
            self.warnings.push(
                "no `valid` folder beside `train`: pictures of `train` are held out instead".into(),
            );
        }
        warn_twins(sides, &mut self.warnings);
        for folder in &top.folders {
            let Some(&(_, side)) = sides.iter().find(|side| side.0 == *folder) else {
                self.warnings.push(format!(
                    "`{}` is neither `train`, `valid` nor `test`: its pictures are ignored",
                    folder.display()
                ));
                continue;
            };
            let listing = self.list(folder)?;
            loose.extend(listing.files.iter().cloned());
            // Without a folder to validate on, the split decides.
            let given = (!drawn || side != Side::Train).then_some(side);
            let known = self.empty.len();
            let folders = self.class_folders(&listing)?;
            self.classes(&folders, given)?;
            // A class may be missing from other sides, which `build` tells of.
            if side != Side::Train {
                self.empty.truncate(known);
            }
        }
        Ok(())
    }

    /// The folders that are classes, without those of what is to be sorted, and of masks and labels
    /// of the other pictures.
    fn class_folders(&mut self, listing: &Listing) -> Result<Vec<PathBuf>, PicturesError> {
        let names: Vec<String> = listing.folders.iter().map(|folder| name(folder)).collect();
        let (mut classes, mut left) = (vec![], vec![]);
        for (folder, name) in listing.folders.iter().zip(&names) {
            let why = if is_unsorted(name, &names) {
                "by its name it holds pictures that are not sorted yet"
            } else if is_companion(name) && mirrors(folder, &listing.folders)? {
                "its files are named like the other pictures, as masks and labels are"
            } else {
                classes.push(folder.clone());
                continue;
            };
            left.push((folder, why));
        }
        // Where hardly anything else is left, the names mean what they say.
        if classes.len() < 2 && left.iter().any(|(_, why)| why.starts_with("by its name")) {
            return Ok(listing.folders.clone());
        }
        for (folder, why) in left {
            let pictures = Scan::default().below(folder)?.len();
            self.warnings.push(format!(
                "`{}` is not used as a class ({}): {why}. Rename the folder if it is one",
                folder.display(),
                count(pictures, "file")
            ));
        }
        Ok(classes)
    }

    /// Adds each folder as a class, with its pictures at any depth.
    fn classes(&mut self, folders: &[PathBuf], side: Option<Side>) -> Result<(), PicturesError> {
        let mut spelled: HashMap<String, String> = HashMap::new();
        for folder in folders {
            let class = class_of(folder);
            let written = name(folder);
            if let Some(other) = spelled.insert(class.clone(), written.clone())
                && other != written
            {
                self.warnings.push(format!(
                    "two folders are called `{class}`, with accents encoded in two ways: they are one class"
                ));
            }
            let pictures = self.below_class(folder)?;
            // What holds labels alone, as `labels` of YOLO does, is no class.
            let hidden = |entry: io::Result<fs::DirEntry>| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            };
            if pictures.is_empty() && fs::read_dir(folder).is_ok_and(|mut all| all.all(hidden)) {
                self.empty.push(class.clone());
            }
            let entry = |path: PathBuf| Entry {
                class: class.clone(),
                place: path.into(),
                side,
                group: None,
                fold: None,
            };
            self.entries.extend(pictures.into_iter().map(entry));
        }
        Ok(())
    }

    /// All pictures below a class's folder, without masks and labels in folders of their own.
    fn below_class(&mut self, folder: &Path) -> Result<Vec<PathBuf>, PicturesError> {
        let mut files = self.below(folder)?;
        files.retain(|path| {
            let within = path.strip_prefix(folder).unwrap_or(path).parent();
            let mut folders = within.into_iter().flat_map(Path::components);
            let companion = folders.any(|part| is_companion(&part.as_os_str().to_string_lossy()));
            if companion {
                self.passed_over.add(path);
            }
            !companion
        });
        Ok(files)
    }

    /// All pictures below a folder. Links are followed, each real folder once, so that a link to a
    /// folder above ends there.
    fn below(&mut self, folder: &Path) -> Result<Vec<PathBuf>, PicturesError> {
        let mut seen = HashSet::new();
        let mut ahead = vec![folder.to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = ahead.pop() {
            let real = fs::canonicalize(&folder).map_err(FileError::at("read", &folder))?;
            if seen.insert(real) {
                let listing = self.list(&folder)?;
                files.extend(listing.files);
                ahead.extend(listing.folders.into_iter().rev());
            }
        }
        Ok(files)
    }

    fn list(&mut self, dir: &Path) -> Result<Listing, PicturesError> {
        let mut listing = Listing { folders: Vec::new(), files: Vec::new() };
        for entry in fs::read_dir(dir).map_err(FileError::at("read", dir))? {
            let path = entry.map_err(FileError::at("read", dir))?.path();
            if path.file_name().is_none_or(is_system) {
                continue;
            }
            // A link to nothing is listed too: reading it tells what is wrong with it.
            if fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                listing.folders.push(path);
            } else if is_other(&path) {
                self.passed_over.add(&path);
            } else {
                listing.files.push(path);
            }
        }
        let order = |a: &PathBuf, b: &PathBuf| natural(&name(a), &name(b)).then_with(|| a.cmp(b));
        listing.folders.sort_by(order);
        listing.files.sort_by(order);
        Ok(listing)
    }
}

/// Two names for one side are mostly two copies of it, or one that was forgotten.
fn warn_twins(sides: &[(PathBuf, Side)], warnings: &mut Vec<String>) {
    for (at, (folder, side)) in sides.iter().enumerate() {
        if let Some((twin, _)) = sides[at + 1..].iter().find(|(_, other)| other == side) {
            let (one, other) = (folder.display(), twin.display());
            warnings.push(format!("`{one}` and `{other}` mean the same: both are used"));
        }
    }
}

/// The folders of a `train`, `valid`, `test` layout, or none if the sub-folders are classes.
fn sides(top: &Listing) -> Result<Option<Vec<(PathBuf, Side)>>, PicturesError> {
    let mut sides = Vec::new();
    for folder in &top.folders {
        let Some(side) = of_name(&name(folder)) else { continue };
        // A class called `train` holds pictures of trains; a side holds classes.
        if !Scan::default().list(folder)?.folders.is_empty() {
            sides.push((folder.clone(), side));
        }
    }
    let train = sides.iter().any(|side| side.1 == Side::Train);
    Ok((train && (sides.len() > 1 || top.folders.len() == 1)).then_some(sides))
}

/// Whether at least half of a folder's files are named like files of the other folders.
fn mirrors(folder: &Path, all: &[PathBuf]) -> Result<bool, PicturesError> {
    let stem = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        ["_mask", "-mask", "_seg", "_label", "_gt"]
            .iter()
            .find_map(|end| stem.strip_suffix(end).map(str::to_owned))
            .unwrap_or(stem)
    };
    let own = Scan::default().below(folder)?;
    let mut others = HashSet::new();
    for other in all.iter().filter(|other| *other != folder) {
        others.extend(Scan::default().below(other)?.iter().map(stem));
    }
    let alike = own.iter().filter(|path| others.contains(&stem(path))).count();
    Ok(alike > 0 && alike * 2 >= own.len())
}

/// Whether all folders say what pictures are used for, and none says what they show.
fn bare_sides(top: &Listing) -> bool {
    let sides: Vec<_> = top.folders.iter().map(|folder| of_name(&name(folder))).collect();
    sides.len() > 1 && sides.contains(&Some(Side::Train)) && !sides.contains(&None)
}

/// The name of a class's folder, its accents encoded in one way.
fn class_of(path: &Path) -> String {
    composed(&name(path))
}

/// The last part of a path as text; what is not Unicode is replaced.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
