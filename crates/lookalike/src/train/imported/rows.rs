//! Rows of features, gathered: what is known of the pictures in memory, features there too or, of many,
//! in a file without a name.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::mem;
use std::path::{Path, PathBuf};

use ground::Digest;
use ground::files::{FileError, folder_of, temporary_beside};
use ground::progress::Progress;
use pictures::{Bad, Columns, Folder, Labelled, Need, PerceptualHash, Seen, Side, side_of};
use tables::features::Row;
use training::features::{self, About, HELD, Table};

use super::order::by_name;
use crate::text::count;
use crate::{Error, Kind};

/// Rows as far as they were read.
pub(super) struct Rows<'a> {
    dim: usize,
    known: Vec<Picture>,
    names: Vec<String>,
    classes: HashMap<String, usize>,
    numbers: Numbers,
    bad: Vec<(PathBuf, String, Option<String>)>,
    progress: &'a dyn Progress,
}

/// What is known of a picture.
struct Picture {
    id: Box<str>,
    label: Option<u32>,
    group: Option<Box<str>>,
    fold: Option<Box<str>>,
    side: Option<Side>,
    digest: Digest,
    about: Option<About>,
    bytes: u64,
    hash: Option<PerceptualHash>,
}

/// Features, a row behind the other.
enum Numbers {
    Memory(Vec<f32>),
    File(BufWriter<File>, PathBuf),
}

/// What came of them.
pub(super) struct Done {
    pub(super) folder: Folder,
    pub(super) seen: Vec<Seen>,
    pub(super) bad: Vec<Bad>,
    pub(super) table: Table,
    pub(super) about: Vec<About>,
    pub(super) bytes: Option<Vec<u64>>,
}

impl<'a> Rows<'a> {
    /// None yet, of about so many.
    pub(super) fn new(dim: usize, about: u64, progress: &'a dyn Progress) -> Result<Self, Error> {
        let in_memory = about.saturating_mul(4 * dim as u64) <= HELD as u64;
        let numbers = if in_memory { Numbers::Memory(vec![]) } else { Numbers::file()? };
        let (known, names, classes, bad) = (vec![], vec![], HashMap::new(), vec![]);
        Ok(Self { dim, known, names, classes, numbers, bad, progress })
    }

    /// Adds a row of a file.
    ///
    /// # Errors
    /// When it makes no sense, or cannot be kept.
    pub(super) fn add(&mut self, row: Row, file: &Path) -> Result<(), Error> {
        let Row { id, label, group, fold, split, features, error, .. } = row;
        let Some(features) = features else {
            let why = error.unwrap_or_else(|| "has no features".into());
            self.bad.push((id.into(), why, label));
            return Ok(());
        };
        let side = match split.as_deref().map(str::trim).filter(|split| !split.is_empty()) {
            None => None,
            Some(split) => Some(side_of(split).ok_or_else(|| {
                let file = file.display();
                let what = format!(
                    "`{file}`: the split `{split}` of `{id}` is neither `train`, `valid` nor `test`"
                );
                Error::refused(Kind::Pictures, what)
            })?),
        };
        self.numbers.add(&features)?;
        let about = row.colour.filter(|_| row.width > 0 && row.height > 0);
        let label = label.map(|label| self.class(label));
        self.known.push(Picture {
            label,
            group: group.filter(|group| !group.is_empty()).map(Into::into),
            fold: fold.filter(|fold| !fold.is_empty()).map(Into::into),
            side,
            // Folds are drawn by digests: a row without one is known by its name.
            digest: row.sha256.unwrap_or_else(|| Digest::of(id.as_bytes())),
            about: about.map(|colour| About { width: row.width, height: row.height, colour }),
            bytes: row.bytes,
            hash: row.print.and_then(|print| {
                let bytes: &[u8; PerceptualHash::BYTES] = print.as_slice().try_into().ok()?;
                Some(PerceptualHash::from_bytes(bytes))
            }),
            id: id.into(),
        });
        Ok(())
    }

    /// The number of a class, by which it is known until all are.
    fn class(&mut self, label: String) -> u32 {
        let next = self.names.len();
        let number = *self.classes.entry(label).or_insert_with_key(|label| {
            self.names.push(label.clone());
            next
        });
        number as u32
    }

    /// All rows with a label, as they say; in the order of their names, unless they are in one of their
    /// own.
    ///
    /// # Errors
    /// When rows contradict one another, or there are fewer than two classes.
    pub(super) fn with_their_labels(mut self, path: &Path, sorted: bool) -> Result<Done, Error> {
        let mut order: Vec<usize> = (0..self.known.len()).collect();
        let id = |at: usize| Path::new(&*self.known[at].id);
        order.sort_by(|&a, &b| by_name(id(a), id(b)).then(a.cmp(&b)));
        let repeated = self.repeated(&order)?;
        if !sorted {
            order.sort_unstable();
        }
        order.retain(|at| !repeated.contains(at));
        if !repeated.is_empty() {
            let rows = count(repeated.len(), "row");
            self.progress
                .warn(&format!("{rows} of the same pictures are there again: each is used once"));
        }
        let unlabelled = order.len();
        order.retain(|&at| self.known[at].label.is_some());
        let unlabelled = unlabelled - order.len();
        let mut warnings = vec![];
        if unlabelled > 0 {
            warnings
                .push(format!("{} without a label are not trained on", count(unlabelled, "row")));
        }
        let known = &mut self.known;
        let labelled = |&at: &usize| {
            let Picture { id, label, group, fold, side, .. } = &mut known[at];
            Labelled {
                place: PathBuf::from(String::from(mem::take(id))).into(),
                label: label.unwrap_or_default() as usize,
                side: *side,
                group: group.take().map(Into::into),
                fold: fold.take().map(Into::into),
                also: vec![],
            }
        };
        let pictures = order.iter().map(labelled).collect();
        let folder = Folder::in_order(path, &self.names, pictures, warnings)?;
        let bad = self.bad.iter().filter(|(.., label)| label.is_some());
        let bad = bad.map(|(path, reason, _)| Bad { path: path.clone(), reason: reason.clone() });
        let bad = bad.collect();
        self.done(folder, order, bad)
    }

    /// Rows that a table of labels names, in its order.
    ///
    /// # Errors
    /// When the table cannot be read, names none of the rows, or fewer than two classes of them.
    pub(super) fn labelled_by(self, table: &Path, columns: &Columns) -> Result<Done, Error> {
        let mut named = Folder::from_table(table, folder_of(table), columns, Need::Anything)?;
        let base = folder_of(table);
        let mut order: Vec<usize> = (0..self.known.len()).collect();
        order.sort_by(|&a, &b| self.known[a].id.cmp(&self.known[b].id).then(a.cmp(&b)));
        self.repeated(&order)?;
        let within =
            |path: &Path| path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned();
        let find = |name: &str| {
            let at = order.partition_point(|&at| &*self.known[at].id < name);
            order.get(at).copied().filter(|&at| &*self.known[at].id == name)
        };
        let (mut found, mut bad, mut missing) = (vec![], vec![], None::<(String, usize)>);
        let unread: HashMap<&Path, &String> =
            self.bad.iter().map(|(path, why, _)| (path.as_path(), why)).collect();
        named.pictures.retain_mut(|picture| {
            let name = within(picture.place.name());
            picture.place = PathBuf::from(&name).into();
            match (find(&name), unread.get(Path::new(&name))) {
                (Some(at), _) => found.push(at),
                (None, Some(why)) => {
                    bad.push(Bad { path: picture.place.name().into(), reason: (*why).clone() });
                    return false;
                }
                (None, None) => {
                    missing.get_or_insert((name, 0)).1 += 1;
                    return false;
                }
            }
            true
        });
        if let Some((first, times)) = missing {
            let lines = count(times, "line");
            named.warnings.push(format!(
                "{lines} of `{}` name pictures that the features are not of, first `{first}`: they are \
                 not trained on",
                table.display()
            ));
        }
        let left = self.known.len() - found.len();
        if left > 0 {
            let rows = count(left, "row");
            named.warnings.push(format!("{rows} that the table does not name are not trained on"));
        }
        let Folder { classes, pictures, warnings, .. } = named;
        let folder = Folder::in_order(table, &classes, pictures, warnings)?;
        self.done(folder, found, bad)
    }

    /// Which of these rows, sorted by their names, were there before.
    fn repeated(&self, sorted: &[usize]) -> Result<HashSet<usize>, Error> {
        let mut repeated = HashSet::new();
        for pair in sorted.windows(2) {
            let (a, b) = (&self.known[pair[0]], &self.known[pair[1]]);
            if a.id != b.id {
                continue;
            }
            if (a.digest, a.label, &a.group, &a.fold, a.side)
                != (b.digest, b.label, &b.group, &b.fold, b.side)
            {
                let what = format!("two rows are of `{}`, and say different things of it", a.id);
                let help =
                    "leave out one of the files, or extract the features anew into a new folder";
                return Err(Error::refused(Kind::Pictures, what).advise(help));
            }
            repeated.insert(pair[1]);
        }
        Ok(repeated)
    }

    /// The rows in this order, of which the folder is.
    fn done(self, folder: Folder, order: Vec<usize>, bad: Vec<Bad>) -> Result<Done, Error> {
        let Self { dim, mut known, numbers, .. } = self;
        let measured = order.iter().all(|&at| known[at].about.is_some() && known[at].bytes > 0);
        let nothing = About { width: 0, height: 0, colour: [0.0; 3] };
        let about = order.iter().map(|&at| known[at].about.unwrap_or(nothing)).collect();
        let bytes = measured.then(|| order.iter().map(|&at| known[at].bytes).collect());
        let seen = order.iter().map(|&at| {
            let Picture { digest, about, hash, .. } = &mut known[at];
            let [width, height] = about.map_or([0; 2], |about| [about.width, about.height]);
            Seen { digest: *digest, width, height, hash: hash.take() }
        });
        let seen = seen.collect();
        drop(known);
        let table = numbers.table(dim, order)?;
        Ok(Done { folder, seen, bad, table, about, bytes })
    }
}

impl Numbers {
    /// A file in the cache that has lost its name, so that it goes when the program does.
    fn file() -> Result<Self, Error> {
        let folder = features::folder();
        fs::create_dir_all(&folder).map_err(FileError::at("create", &folder))?;
        let path = temporary_beside(&folder.join("imported"));
        let options = File::options().read(true).write(true).create_new(true).open(&path);
        let file = options.map_err(FileError::at("create", &path))?;
        // Where a system keeps the names of open files, the next sweep of the cache removes it.
        let _ = fs::remove_file(&path);
        Ok(Self::File(BufWriter::with_capacity(1 << 20, file), path))
    }

    fn add(&mut self, row: &[f32]) -> Result<(), FileError> {
        match self {
            Self::Memory(numbers) => numbers.extend_from_slice(row),
            Self::File(file, path) => {
                let bytes: Vec<u8> = row.iter().flat_map(|x| x.to_le_bytes()).collect();
                file.write_all(&bytes).map_err(FileError::at("write", path))?;
            }
        }
        Ok(())
    }

    /// The rows with these numbers, in this order.
    fn table(self, dim: usize, order: Vec<usize>) -> Result<Table, FileError> {
        Ok(match self {
            Self::Memory(numbers) => {
                let as_it_is = order.iter().copied().eq(0..numbers.len() / dim);
                let numbers = match as_it_is {
                    true => numbers,
                    false => {
                        let rows = order.iter().flat_map(|&at| &numbers[at * dim..][..dim]);
                        rows.copied().collect()
                    }
                };
                Table::new(dim, numbers)
            }
            Self::File(file, path) => {
                let file = file
                    .into_inner()
                    .map_err(|error| FileError::at("write", &path)(error.into_error()))?;
                Table::of_file(dim, file, path, order)
            }
        })
    }
}
