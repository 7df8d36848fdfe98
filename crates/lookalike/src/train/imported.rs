//! Features read from Parquet files, to fit a head on where the pictures are not at hand.

mod order;
mod rows;

use std::path::{Path, PathBuf};

use ground::Stop;
use ground::progress::Progress;
use pictures::{Bad, Columns, Dataset, Folder, Seen, dataset};
use tables::features::{Row, Settings, read, settings};
use tables::{Limits, Parquet, TablesError};
use training::auto::{Auto, FineTune};
use training::features::{About, DerivedCache, Features, Table};

use super::listener::Listener;
use super::start::{Initial, Start};
use super::{RecipeOptions, TrainRequest};
use crate::{Error, Kind, NamedNetwork};
use rows::Rows;

/// What files of features say of pictures, in the order of a folder's pictures.
pub(super) struct Imported {
    settings: Settings,
    /// An instruction set that some of them were computed with and this machine's are not.
    other_isa: Option<String>,
    seen: Vec<Seen>,
    bad: Vec<Bad>,
    table: Table,
    about: Vec<About>,
    /// The lengths of the pictures' files, where all are known.
    bytes: Option<Vec<u64>>,
    /// What the pictures are called, where some may be left out.
    names: Vec<PathBuf>,
}

/// Refuses what takes pictures.
///
/// # Errors
/// Says what, and why.
pub(super) fn possible(request: &TrainRequest) -> Result<(), Error> {
    let options = &request.options;
    let asked = [
        (options.fine_tune == FineTune::Always, "`--fine-tune always` trains the backbone"),
        (options.minutes.is_some(), "`--minutes` are for fine-tuning and for comparing networks"),
        (!request.initial.others.is_empty(), "comparing networks runs each on the pictures"),
        (request.like.is_some(), "`--like` may ask for another network than the features are of"),
        (request.add_to.is_some(), "`--add-to` compares two classifiers on pictures"),
    ];
    match asked.into_iter().find(|(asked, _)| *asked) {
        Some((_, what)) => {
            let what = format!("{what}, and features are all that is known of these pictures");
            Err(Error::refused(Kind::Usage, what).advise("leave it out, or train on the pictures"))
        }
        None => Ok(()),
    }
}

/// What is said of a recipe that trains more than a head.
pub(super) fn only_heads() -> Error {
    let what =
        "the classic recipe trains the backbone, which takes pictures, and these are features";
    Error::refused(Kind::Usage, what).advise("leave out the classic recipe's options")
}

/// Ends the reading of a file.
fn ended(path: &Path) -> TablesError {
    let (path, why, help) = (path.to_owned(), "was not read to its end".into(), "");
    TablesError::Other { path, why, help }
}

/// The files in the order of their rows, of one kind; and an instruction set that is not this machine's.
fn opened(files: &[PathBuf]) -> Result<(Vec<Parquet>, Settings, Option<String>), Error> {
    let mut opened = vec![];
    for path in files {
        let file = Parquet::open(path, Limits::default())?;
        let own = settings(&file)?;
        opened.push((own, file));
    }
    opened.sort_by(|a, b| (a.0.first, a.1.path()).cmp(&(b.0.first, b.1.path())));
    let Some((first, file)) = opened.first() else {
        let help = "name files that `lookalike features PICTURES -o FOLDER` wrote";
        return Err(Error::refused(Kind::Usage, "there is no file of features").advise(help));
    };
    for (own, other) in &opened {
        if let Some(what) = first.difference(own) {
            let (a, b) = (file.path().display(), other.path().display());
            let what = format!("`{a}` and `{b}` hold features of another {what}");
            let help = "train on files of one kind, or extract all features again";
            return Err(Error::refused(Kind::Usage, what).advise(help));
        }
    }
    let here = engine::instruction_set().to_string();
    let other_isa = opened.iter().find(|(own, _)| own.isa != here).map(|(own, _)| own.isa.clone());
    let settings = first.clone();
    Ok((opened.into_iter().map(|(_, file)| file).collect(), settings, other_isa))
}

impl Imported {
    /// Reads files, and labels from a table where they are not to be those of the rows. With the folder
    /// that the pictures would be in.
    ///
    /// # Errors
    /// When a file is refused, files are of different kinds, rows contradict one another, or there are
    /// fewer than two classes.
    pub(super) fn read(
        files: &[PathBuf],
        labels: Option<&(PathBuf, Columns)>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(Folder, Self), Error> {
        let (files, settings, other_isa) = opened(files)?;
        let total = files.iter().map(Parquet::rows).sum();
        let bar = progress.begin("Reading features", Some(total));
        let mut rows = Rows::new(settings.dim, total, progress)?;
        for file in &files {
            let mut failed = None;
            let done = read(file, &mut |row: Row| {
                bar.advance(1);
                if stop.asked() {
                    failed = Some(Error::Stopped);
                } else if let Err(error) = rows.add(row, file.path()) {
                    failed = Some(error);
                }
                match failed {
                    // Ends the reading; what is told is the error above.
                    Some(_) => Err(ended(file.path())),
                    None => Ok(()),
                }
            });
            failed.map_or(Ok(()), Err)?;
            done?;
        }
        drop(bar);
        let place = files.first().map_or(Path::new("."), Parquet::path);
        let ordered = settings.table;
        let done = match labels {
            Some((table, columns)) => rows.labelled_by(table, columns)?,
            None => rows.with_their_labels(place, !ordered)?,
        };
        let rows::Done { folder, seen, bad, table, about, bytes } = done;
        let names = vec![];
        Ok((folder, Self { settings, other_isa, seen, bad, table, about, bytes, names }))
    }

    /// Remembers the names of the folder's pictures where a table of fixes may leave some out.
    pub(super) fn remember(&mut self, folder: &Folder, fixes: bool) {
        if fixes {
            self.names = folder.pictures.iter().map(|one| one.place.name().to_owned()).collect();
        }
    }

    /// Keeps what is known of the pictures that a folder still has, which are in the same order.
    fn keep(&mut self, folder: &Folder) -> Result<(), Error> {
        if folder.pictures.len() == self.seen.len() {
            return Ok(());
        }
        let mut left = folder.pictures.iter().map(|one| one.place.name()).peekable();
        let names = self.names.iter().enumerate();
        let kept: Vec<usize> = names
            .filter(|(_, name)| left.next_if(|own| own == name).is_some())
            .map(|(at, _)| at)
            .collect();
        self.seen = kept.iter().map(|&at| self.seen[at].clone()).collect();
        self.about = kept.iter().map(|&at| self.about[at]).collect();
        let bytes = self.bytes.as_ref();
        self.bytes = bytes.map(|bytes| kept.iter().map(|&at| bytes[at]).collect());
        self.table = self.table.select(&kept)?;
        Ok(())
    }

    /// Asks for the network that the features are of.
    ///
    /// # Errors
    /// When another was asked for.
    pub(super) fn amend(
        &self,
        initial: &mut Initial,
        options: &mut RecipeOptions,
    ) -> Result<(), Error> {
        let refused =
            |what: String, help: &str| Err(Error::refused(Kind::Usage, what).advise(help));
        let Settings { backbone, preprocess, views, .. } = &self.settings;
        let leave_out = "leave it out: the files say it";
        if let Some(size) = options.size.filter(|&size| size != preprocess.size) {
            let own = preprocess.size;
            return refused(
                format!("the features are of pictures at size {own}, not {size}"),
                leave_out,
            );
        }
        if ![Auto::VIEWS, *views].contains(&options.views) {
            let asked = options.views;
            return refused(
                format!("the features are of {views} views, not of {asked}"),
                leave_out,
            );
        }
        if initial.network.is_some_and(|named| named.backbone.name() != backbone.as_str()) {
            let asked = initial.network.map_or("", NamedNetwork::name);
            return refused(
                format!("the features are those of `{backbone}`, not of `{asked}`"),
                leave_out,
            );
        }
        (options.size, options.views) = (Some(preprocess.size), *views);
        if initial.network.is_none() && initial.weights.is_none() {
            let mut published = weights::PRETRAINED.iter();
            let published = published.find(|row| row.repository == self.settings.weights);
            let name = published.map_or(backbone.as_str(), |row| row.name);
            let network: Result<NamedNetwork, String> = name.parse();
            let unknown = |_| {
                let what = format!("the features are of a network `{backbone}` that there is not");
                Error::refused(Kind::Pictures, what)
            };
            initial.network = Some(network.map_err(unknown)?);
        }
        Ok(())
    }

    /// Holds the weights that the classifier will carry against those that made the features.
    ///
    /// # Errors
    /// When they are others.
    pub(super) fn check(&self, start: &Start) -> Result<(), Error> {
        let own = start.digest()?.map(|digest| digest.to_string()).unwrap_or_default();
        let Settings { backbone, weights, weights_sha256, preprocess, code, .. } = &self.settings;
        let expected = start.backbone.preprocessing();
        let (mean, std) = (expected.mean, expected.std);
        let as_here = preprocess.short_side == preprocess.size
            && (preprocess.mean, preprocess.std) == (mean, std)
            && code == training::features::VERSION;
        if own != *weights_sha256 || start.backbone.name() != backbone.as_str() {
            let what = format!(
                "the features are those of `{backbone}` with the weights `{weights}` (SHA-256 \
                 {}…), and here are others ({}…)",
                weights_sha256.get(..12).unwrap_or_default(),
                own.get(..12).unwrap_or_default(),
            );
            let help = format!("pass `--weights` with the file `{weights}`");
            return Err(Error::refused(Kind::Usage, what).advise(help));
        }
        if !as_here {
            let what = "the features were extracted by another version of this program, which \
                        prepares pictures in another way";
            return Err(Error::refused(Kind::Pictures, what).advise("extract them again"));
        }
        Ok(())
    }

    /// What a reader of the report should know.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Trained on features, without the pictures: thumbnails, heat maps and fine-tuning take \
             pictures and were left out, and the self-test is of drawn ones."
                .to_owned(),
        ];
        if self.settings.half {
            notes.push("The features were stored in 16 bits.".into());
        }
        notes.extend(self.other_isa.as_ref().map(|isa| {
            format!(
                "Some features were computed with {isa}, and this machine computes with {}: they \
                 differ by about 1e-5.",
                engine::instruction_set()
            )
        }));
        notes
    }

    /// The dataset of the folder's pictures.
    pub(super) fn dataset(
        &mut self,
        request: &TrainRequest,
        folder: &Folder,
        recipe: &Auto,
        listener: &Listener<'_>,
    ) -> Result<Dataset, Error> {
        self.keep(folder)?;
        let how = dataset::Settings {
            valid_fraction: request.valid.unwrap_or(0.0),
            seed: recipe.seed,
            ..dataset::Settings::default()
        };
        let (seen, bad) = (std::mem::take(&mut self.seen), std::mem::take(&mut self.bad));
        let (progress, stop) = (listener.progress, listener.stop);
        let data = Dataset::of_known(folder, seen, bad, &how, progress, stop)?;
        data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| listener.warn(warning));
        Ok(data)
    }

    /// The features, and the lengths of the files, where all are known.
    pub(super) fn into_features(self) -> (Features, Option<Vec<u64>>) {
        let Self { table, about, bytes, .. } = self;
        let features = Features { table, about, computed: 0, kept: DerivedCache::default() };
        (features, bytes)
    }
}
