//! A network that is ready to have its head fitted: the pictures decoded, what is known of them found
//! again, their features extracted.

use std::fs;

use engine::Cpu;
use ground::parallel;
use ground::progress::Progress;
use ground::{Digest, Stop};
use network::{Architecture, Parameters};
use pictures::{Dataset, Folder, Known, Preprocess, dataset};
use training::auto::{self, Auto, FineTune, Fitted};
use training::features::{self, Cache, Features};

use super::TrainRequest;
use super::imported::Imported;
use super::listener::Listener;
use super::start::Start;
use crate::Error;

/// A network with its weights, before its features are extracted.
pub(super) struct Ready {
    pub(super) architecture: Architecture,
    engine: Cpu,
    parameters: Parameters,
    pub(super) preprocess: Preprocess,
    /// Identifies the network's features in the cache.
    pub(super) key: Digest,
    pub(super) cache: Cache,
    /// The recipe, adapted to these pictures: the folds of their table, and no fine-tuning where
    /// files are gone.
    pub(super) recipe: Auto,
    /// The features, where they were read from files.
    pub(super) imported: Option<Imported>,
}

impl Ready {
    /// Decodes the pictures for a network.
    pub(super) fn new(
        request: &TrainRequest,
        folder: &Folder,
        start: &Start,
        recipe: &Auto,
        mut imported: Option<Imported>,
        listener: &Listener<'_>,
    ) -> Result<(Self, Dataset), Error> {
        let architecture = recipe.architecture(folder.classes.len());
        let graph = architecture.graph();
        let parameters = start.parameters(&graph, recipe.seed)?;
        let engine = listener.engine(&graph, &parameters, recipe.precision)?;
        let preprocess = Preprocess::square(recipe.backbone.preprocessing(), recipe.size);
        let key = features::key(&graph, &parameters, &preprocess, recipe.looks());
        let cache = open_cache(&key, features::width(&graph), listener.progress);
        let data = match &mut imported {
            Some(imported) => imported.dataset(request, folder, recipe, listener)?,
            None => decode(request, folder, recipe, &preprocess, &cache, listener)?,
        };
        let recipe = possible_with(recipe, &data);
        let ready =
            Self { architecture, engine, parameters, preprocess, key, cache, recipe, imported };
        Ok((ready, data))
    }

    /// Extracts the features and fits a head on them; the engine is free again afterwards.
    pub(super) fn fit(
        self,
        data: &mut Dataset,
        listener: &Listener<'_>,
    ) -> Result<(Features, Fitted, Cpu), Error> {
        let Self { mut engine, preprocess, cache, recipe, parameters, imported, .. } = self;
        let (progress, stop) = (listener.progress, listener.stop);
        let views = recipe.looks();
        let (features, bytes) = match imported {
            Some(imported) => imported.into_features(),
            None => {
                let features = features::extract(
                    &mut engine,
                    data,
                    &preprocess,
                    views,
                    cache,
                    progress,
                    stop,
                )?;
                keep_the_gone_with_copies(data, &features, stop)?;
                let size = |item: &pictures::Item| {
                    fs::metadata(item.place.file()).map_or(0, |file| file.len())
                };
                let bytes = (!has_gone(data)).then(|| data.items.iter().map(size).collect());
                (features, bytes)
            }
        };
        let bytes: Option<&[u64]> = bytes.as_deref();
        let fitted = auto::fit(&recipe, data, &features, parameters, bytes, progress, stop)?;
        Ok((features, fitted, engine))
    }
}

/// The features kept from earlier runs of this network. Where they cannot be kept, a warning says so.
pub(crate) fn open_cache(key: &Digest, width: usize, progress: &dyn Progress) -> Cache {
    let parent = features::folder();
    ground::records::sweep(&parent);
    match Cache::open(&parent, key, width) {
        Ok(cache) => cache.tidy(),
        Err(error) => {
            progress.warn(&features::unkept(&error));
            Cache::nowhere(width)
        }
    }
}

/// The recipe with the folds of a table, if it has any, and without what takes files that are gone.
fn possible_with(recipe: &Auto, data: &Dataset) -> Auto {
    let mut recipe = recipe.clone();
    if let Some(last) = data.folds.iter().flatten().max() {
        (recipe.folds, recipe.repeats) = (last + 1, Some(1));
    }
    if has_gone(data) {
        recipe.fine_tune = FineTune::Never;
    }
    recipe
}

fn has_gone(data: &Dataset) -> bool {
    data.present().len() < data.items.len()
}

/// Pictures whose files are gone have no perceptual hash: what their features suspect of being a copy
/// of a new picture is kept together with it. An error of that costs nothing.
fn keep_the_gone_with_copies(
    data: &mut Dataset,
    features: &Features,
    stop: &Stop,
) -> Result<(), Error> {
    if has_gone(data) {
        let mut pairs = features::alike(&features.table, stop)?;
        pairs.retain(|&(a, b)| data.absent(a).is_some() != data.absent(b).is_some());
        data.keep_together(&pairs);
    }
    Ok(())
}

/// What a cache knows of pictures whose features it has.
pub(crate) fn known_to(cache: &Cache) -> impl Fn(&Digest) -> Option<Known> + Sync {
    |digest| {
        let record = cache.find(digest)?;
        let (about, hash) = cache.about(record).ok()?;
        Some(Known { width: about.width, height: about.height, hash })
    }
}

/// Decodes the pictures; of those whose features are kept only what is not known.
fn decode(
    request: &TrainRequest,
    folder: &Folder,
    recipe: &Auto,
    preprocess: &Preprocess,
    cache: &Cache,
    listener: &Listener<'_>,
) -> Result<Dataset, Error> {
    let how = dataset::Settings {
        // Without a share to hold out, every picture is judged out of fold.
        valid_fraction: request.valid.unwrap_or(0.0),
        seed: recipe.seed,
        threads: parallel::threads(),
        // Features are of the middle; the body would train on every place.
        margin: wants_more(recipe),
        ..dataset::Settings::default()
    };
    let known = known_to(cache);
    let (progress, stop) = (listener.progress, listener.stop);
    let data = Dataset::prepare_new(folder, preprocess, &how, &known, progress, stop)?;
    data.warnings.iter().skip(folder.warnings.len()).for_each(|warning| listener.warn(warning));
    Ok(data)
}

/// Whether fine-tuning is to be looked into.
pub(super) fn wants_more(recipe: &Auto) -> bool {
    match recipe.fine_tune {
        FineTune::Never => false,
        FineTune::Always => true,
        FineTune::Auto => recipe.minutes.is_some(),
    }
}
