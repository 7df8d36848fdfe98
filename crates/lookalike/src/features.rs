//! Features of pictures as a data set of Parquet files, from which a classifier is trained elsewhere
//! or later.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use ground::files::{Disk, FileError};
use ground::progress::Progress;
use ground::{Digest, Stop, files};
use pictures::{Folder, Labelled, PicturesError, Side};
use tables::features::{Preprocess, Row, Settings, Writer, Written, read_names, settings};
use tables::{Limits, Parquet, TablesError};
use training::features::{self, FeaturesError, Found, Stream, Streamed};

use crate::train::{Lock, open_cache};
use crate::{Embedder, Error, Initial, Kind, Source};

/// A request to extract features. [`FeaturesRequest::new`] has every default.
#[derive(Clone, Debug)]
pub struct FeaturesRequest {
    /// The pictures, with labels or without.
    pub source: Source,
    /// The folder for the files; made if need be.
    pub output: PathBuf,
    /// The network.
    pub initial: Initial,
    /// Views of each picture whose features are averaged: 1, 2 or 4. Default: 2.
    pub views: usize,
    /// Height and width of the network's input. Default: what its weights were trained for.
    pub size: Option<usize>,
    /// Store features in 16 bits. Default: false.
    pub half: bool,
}

impl FeaturesRequest {
    /// To extract features of these pictures with every default.
    #[must_use]
    pub fn new(source: impl Into<Source>, output: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            output: output.into(),
            initial: Initial::default(),
            views: training::auto::Auto::VIEWS,
            size: None,
            half: false,
        }
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct FeaturesWritten {
    /// The folder of the files.
    pub folder: PathBuf,
    /// Files that were written now.
    pub files: Vec<Written>,
    /// Pictures whose rows are in them.
    pub pictures: usize,
    /// Pictures that had rows there already.
    pub found: usize,
    /// Pictures among the new ones that cannot be read: their rows have the reason and no features.
    pub unread: usize,
    /// Rows there of pictures that were not named.
    pub others: usize,
    /// What the features are features of.
    pub settings: Settings,
    /// Whether it was stopped; the same request goes on.
    pub interrupted: bool,
}

/// Writes a row for each picture, with its features, to Parquet files in a folder: those that have one
/// there already are passed over, and no file is changed.
///
/// # Errors
/// When the pictures or the weights cannot be had, the folder holds features of another kind or of
/// pictures that have changed since, or writing fails.
pub fn features(
    request: &FeaturesRequest,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<FeaturesWritten, Error> {
    let (folder, labelled) = pictures(&request.source)?;
    folder.warnings.iter().for_each(|warning| progress.warn(warning));
    let Embedder { mut engine, preprocess, views, start, .. } =
        Embedder::new(&request.initial, request.views, request.size, progress, stop)?;
    let (key, width) = {
        let embedder_graph = engine::Engine::graph(&engine);
        let parameters = start.parameters(embedder_graph, 0)?;
        let key = features::key(embedder_graph, &parameters, &preprocess, views);
        (key, features::width(embedder_graph))
    };
    let digest = start.digest()?.map(|digest| digest.to_string()).unwrap_or_default();
    let mut own = Settings {
        format: 1,
        backbone: start.backbone.name().to_owned(),
        weights: start.name().unwrap_or_default(),
        weights_sha256: digest,
        preprocess: Preprocess {
            short_side: preprocess.short_side,
            size: preprocess.size,
            mean: preprocess.mean,
            std: preprocess.std,
        },
        views: views.count(),
        dim: width,
        code: features::VERSION.to_owned(),
        isa: engine::instruction_set().to_string(),
        half: request.half,
        table: matches!(request.source, Source::Table(..)),
        first: 0,
    };
    let output = &request.output;
    fs::create_dir_all(output).map_err(FileError::at("create", output))?;
    let _lock = Lock::take(output)?;
    files::sweep(&Disk, output, |name| name == "features.parquet");
    let there = There::of(output, &own)?;
    own.first = there.rows;
    let named = |at: usize| row_of(&request.source, &folder, at, labelled);
    let mut writer = Writer::begin(&Disk, output, &own)?;
    let total = folder.pictures.len();
    let bar = progress.begin("Extracting features", Some(total as u64));
    let mut done = FeaturesWritten {
        folder: output.clone(),
        files: vec![],
        pictures: 0,
        found: 0,
        unread: 0,
        others: 0,
        settings: own,
        interrupted: false,
    };
    let pictures = folder.pictures.iter().enumerate().map(|(at, one)| (at, one.place.clone()));
    let wanted = |&at: &usize, digest: &Digest| !there.has(&named(at), Some(digest));
    let stream = Stream {
        engine: &mut engine,
        preprocess: &preprocess,
        views,
        cache: open_cache(&key, width, progress),
    };
    stream.run::<_, Wrong>(pictures, &wanted, progress, stop, &mut |at, streamed| {
        bar.advance(1);
        let row = named(at);
        let Streamed { digest, bytes, found } = streamed;
        // What could not be opened had no digest then either.
        if found.is_none() || digest.is_none() && there.has(&row, None) {
            done.found += 1;
            return Ok(());
        }
        there.unchanged(output, &row)?;
        let row = Row { sha256: digest, bytes, ..row };
        done.pictures += 1;
        Ok(writer.add(match found {
            Some(Ok(Found { about, hash, row: features })) => Row {
                width: about.width,
                height: about.height,
                colour: Some(about.colour),
                print: Some(hash.to_bytes().to_vec()),
                features: Some(features),
                ..row
            },
            other => {
                done.unread += 1;
                Row { error: other.and_then(Result::err), ..row }
            }
        })?)
    })?;
    drop(bar);
    done.files = writer.finish()?;
    done.interrupted = stop.asked();
    done.others = if done.interrupted { 0 } else { there.known.len().saturating_sub(done.found) };
    Ok(done)
}

/// Why extraction ended.
enum Wrong {
    Features(FeaturesError),
    Other(Error),
}

impl From<FeaturesError> for Wrong {
    fn from(error: FeaturesError) -> Self {
        Self::Features(error)
    }
}

impl From<TablesError> for Wrong {
    fn from(error: TablesError) -> Self {
        Self::Other(error.into())
    }
}

impl From<Wrong> for Error {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Features(error) => error.into(),
            Wrong::Other(error) => error,
        }
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// The pictures, and whether they have labels: those of a folder without sub-folders have none.
fn pictures(source: &Source) -> Result<(Folder, bool), Error> {
    match source.one_class_or_more() {
        Err(PicturesError::NoClasses(_) | PicturesError::OneClass { .. }) => {
            Ok((source.any_pictures()?, false))
        }
        folder => Ok((folder?, true)),
    }
}

/// What is known of a picture before it is read.
fn row_of(source: &Source, folder: &Folder, at: usize, labelled: bool) -> Row {
    let Labelled { place, label, side, group, fold, .. } = &folder.pictures[at];
    let name = |side: &Side| match side {
        Side::Train => "train",
        Side::Valid => "valid",
        Side::Test => "test",
    };
    Row {
        id: source.name_of(place.name()),
        label: labelled.then(|| folder.classes[*label].clone()),
        group: group.clone(),
        split: side.as_ref().map(name).map(str::to_owned),
        fold: fold.clone(),
        ..Row::default()
    }
}

/// Pictures that have rows in a folder already.
struct There {
    known: HashMap<String, Row>,
    rows: u64,
}

impl There {
    /// Looks through the files of a folder, which have to be of the same kind as what is to come.
    fn of(folder: &Path, own: &Settings) -> Result<Self, Error> {
        let (mut known, mut rows) = (HashMap::new(), 0);
        for path in parquet_files(folder)? {
            let file = Parquet::open(&path, Limits::default())?;
            if let Some(what) = settings(&file)?.difference(own) {
                let what = format!("`{}` holds features of another {what}", path.display());
                return Err(Error::refused(Kind::Usage, what).advise("name another folder"));
            }
            rows += file.rows();
            read_names(&file, &mut |row| {
                known.insert(row.id.clone(), row);
                Ok(())
            })?;
        }
        Ok(Self { known, rows })
    }

    /// Whether a picture has a row, of this content and with these labels.
    fn has(&self, row: &Row, digest: Option<&Digest>) -> bool {
        self.known.get(&row.id).is_some_and(|known| {
            known.sha256.as_ref() == digest
                && (&known.label, &known.group) == (&row.label, &row.group)
                && (&known.split, &known.fold) == (&row.split, &row.fold)
        })
    }

    /// Refuses a picture that has a row of another content or with other labels.
    fn unchanged(&self, folder: &Path, row: &Row) -> Result<(), Error> {
        if !self.known.contains_key(&row.id) {
            return Ok(());
        }
        let (folder, id) = (folder.display(), &row.id);
        let what =
            format!("`{folder}` has a row of `{id}`, of another content or with other labels");
        let help = "name another folder: what is known of pictures is kept in the cache, so that it \
                    takes seconds";
        Err(Error::refused(Kind::Usage, what).advise(help))
    }
}

/// The Parquet files that are named: files, folders of them, and patterns such as `feats/*.parquet`,
/// where no shell has put files in their place.
///
/// # Errors
/// When a folder cannot be read, or a name stands for no file.
pub fn feature_files(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut all = vec![];
    for path in named {
        let nothing = |what: &str| {
            let what = format!("`{}` {what}", path.display());
            let help = "name files that `lookalike features PICTURES -o FOLDER` wrote";
            Error::refused(Kind::Pictures, what).advise(help)
        };
        let found = match path.to_str().filter(|_| !path.exists()) {
            _ if path.is_dir() => parquet_files(path)?,
            Some(pattern) if pattern.contains(['*', '?', '[']) => {
                let found = glob::glob(pattern).map_err(|error| nothing(&error.to_string()))?;
                found.filter_map(Result::ok).collect()
            }
            _ => vec![path.clone()],
        };
        if found.is_empty() {
            return Err(nothing("stands for no Parquet file"));
        }
        all.extend(found);
    }
    all.sort();
    all.dedup();
    Ok(all)
}

/// The Parquet files of a folder, in the order of their names.
pub(crate) fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = fs::read_dir(folder).map_err(FileError::at("read", folder))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let hidden = |path: &Path| {
        path.file_name().is_none_or(|name| name.to_string_lossy().starts_with(['.', '_']))
    };
    files.retain(|path| path.extension().is_some_and(|end| end == "parquet") && !hidden(path));
    files.sort();
    Ok(files)
}
