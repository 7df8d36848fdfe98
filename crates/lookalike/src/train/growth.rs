//! More pictures for an old classifier: its own and the new ones are listed in one table, trained on
//! together with its settings, and the two classifiers compared. Where its own are gone, the features
//! in its file take their place.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use classifier::{Classifier, Explain, Picture, Predictor, TrainedOn};
use ground::files::{self, folder_of};
use ground::{Digest, Stop};
use insight::{Comparison, HeldOut};
use pictures::{Dataset, Folder, Labelled, Side};

use super::kept::{Kept, place};
use crate::order::Order;
use crate::predict::unwritten;
use crate::text::{count, listed};
use crate::{Error, Source};

/// What a classifier grows from.
pub(super) struct Growth {
    path: PathBuf,
    pub(super) old: Classifier,
    /// Its pictures whose files are gone.
    pub(super) kept: Kept,
    /// The table of all pictures whose files are there.
    pub(super) table: PathBuf,
    /// Whether a table had folds, of which the other pictures have none.
    folds_lost: bool,
}

impl Growth {
    /// Lists the pictures of an old classifier and the new ones in a table beside `output`.
    ///
    /// # Errors
    /// When the old classifier is refused, or its pictures are no longer there and its file cannot
    /// stand in for them.
    pub(super) fn of(path: &Path, new: &Source, output: &Path) -> Result<Self, Error> {
        let old = Classifier::load(path)?;
        let source = recorded(path, &old);
        let (known, kept) = match &source {
            Some(source) => known(path, &old, source)?,
            None => (Folder::default(), Kept::of(path, &old, None)?),
        };
        let more = new.one_class_or_more()?;
        let table = output.with_extension("pictures.csv");
        let folds_lost =
            [&known, &more].iter().any(|f| f.pictures.iter().any(|p| p.fold.is_some()));
        files::write(&table, &listing(&table, &[known, more])?)?;
        Ok(Self { path: path.to_owned(), old, kept, table, folds_lost })
    }

    /// What a reader of the report should know.
    pub(super) fn notes(&self, data: &Dataset) -> Vec<String> {
        [self.note(data)].into_iter().chain(self.kept.note(&self.path, data)).collect()
    }

    fn note(&self, data: &Dataset) -> String {
        let used: HashSet<Digest> = self.old.data.pictures.iter().map(|used| used.digest).collect();
        let again = data.items.iter().filter(|item| used.contains(&item.digest)).count();
        let new = data.items.len() - again;
        let old: BTreeSet<&String> = self.old.classes.iter().collect();
        let added = data.classes.iter().filter(|class| !old.contains(class)).cloned();
        let added: Vec<String> = added.collect();
        let classes = match added.len() {
            0 => String::new(),
            _ => format!(" New classes: {}.", listed(&added)),
        };
        let folds = match self.folds_lost {
            true => " The folds of a table were not used, as they are not those of all pictures.",
            false => "",
        };
        format!(
            "Trained on {} that `{}` was trained on or evaluated with, and on {}.{classes}{folds}",
            count(again, "picture"),
            self.path.display(),
            count(new, "new picture"),
        )
    }

    /// The old and the new classifier on the same pictures: each by what it said of a picture that it
    /// was not trained on. Of its own pictures that is what the old one said when they were held out.
    /// `None` where there is no such picture.
    ///
    /// # Errors
    /// When a picture cannot be predicted.
    pub(super) fn compare(
        &self,
        data: &Dataset,
        indices: &[usize],
        held_out: &[HeldOut],
        stop: &Stop,
    ) -> Result<Option<Comparison>, Error> {
        let order = Order::of(&data.classes, &self.old.classes);
        let before = self.before(data, indices, stop)?;
        let (mut a, mut b, mut labels, mut groups) = (vec![], vec![], vec![], vec![]);
        for (now, before) in held_out.iter().zip(before) {
            if let (Some(before), true) = (before, order.knows(now.actual)) {
                a.push(order.row(&before));
                b.push(now.logits.clone());
                labels.push(now.actual);
                groups.push(now.group);
            }
        }
        let (old, new) = ("the classifier before", "the classifier with more pictures");
        let compared = || insight::compare(old, &a, new, &b, &labels, &groups);
        Ok((!labels.is_empty()).then(compared))
    }

    /// What the old classifier put out for each of these pictures, where it was not trained on it.
    fn before(
        &self,
        data: &Dataset,
        indices: &[usize],
        stop: &Stop,
    ) -> Result<Vec<Option<Vec<f32>>>, Error> {
        let then: HashMap<Digest, &HeldOut> = self.old.judged().collect();
        let trained = TrainedOn::of(&self.old.data);
        let mut before: Vec<Option<Vec<f32>>> = vec![None; indices.len()];
        let mut unknown = vec![];
        for (at, &index) in indices.iter().enumerate() {
            let item = &data.items[index];
            match then.get(&item.digest) {
                Some(held_out) => before[at] = Some(held_out.logits.clone()),
                None if trained.has_file(&item.digest) => {}
                None => unknown.push((at, Picture::At(item.place.clone()))),
            }
        }
        if !unknown.is_empty() {
            let mut predictor = Predictor::load(&self.path)?;
            predictor.predict(unknown, Explain::Nothing, stop, |at, said| {
                before[at] = said.ok().filter(|said| !said.is_known()).map(|said| said.logits);
            })?;
        }
        Ok(before)
    }
}

/// The pictures that a classifier was trained on, where its record says they lie: seen from here, or
/// from where the classifier lies.
fn recorded(path: &Path, old: &Classifier) -> Option<Source> {
    let named = PathBuf::from(place(old));
    let places = [named.clone(), folder_of(path).join(&named)];
    let found = places.into_iter().find(|place| !named.as_os_str().is_empty() && place.exists())?;
    Some(match found.is_dir() {
        true => Source::Folder(found),
        false => Source::recorded(found, &old.record.facts),
    })
}

/// The old pictures, and what is kept of those whose files are gone: those that a table still names, and
/// those that were gone by then. Whatever is no longer in a folder was taken out of it.
fn known(path: &Path, old: &Classifier, source: &Source) -> Result<(Folder, Kept), Error> {
    let gone = |picture: &Labelled| !picture.place.file().exists();
    let mut folder = source.any_pictures()?;
    let missing = folder.pictures.iter().filter(|picture| gone(picture));
    let mut names: HashSet<String> = missing.map(|one| source.name_of(one.place.name())).collect();
    names.extend(old.record.absent.iter().cloned());
    if names.is_empty() {
        return Ok((source.pictures()?, Kept::nothing()));
    }
    Ok(match Kept::of(path, old, Some(&names)) {
        Ok(kept) => {
            folder.pictures.retain(|picture| !gone(picture));
            (folder, kept)
        }
        // They are skipped as other files that cannot be read.
        Err(_) => (source.pictures()?, Kept::nothing()),
    })
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Every picture of these folders with its class, split and group, by paths that the table is read
/// with.
fn listing(table: &Path, folders: &[Folder]) -> Result<Vec<u8>, Error> {
    let base = absolute(folder_of(table));
    let mut seen = HashSet::new();
    let mut writer = csv::Writer::from_writer(vec![]);
    let failed = |error: csv::Error| unwritten(error.into());
    writer.write_record(["path", "label", "split", "group"]).map_err(failed)?;
    for folder in folders {
        for Labelled { place, label, side, group, .. } in &folder.pictures {
            let path = place.at(&absolute(place.file())).name().to_owned();
            if !seen.insert(path.clone()) {
                continue;
            }
            let split = match side {
                None => "",
                Some(Side::Train) => "train",
                Some(Side::Valid) => "valid",
                Some(Side::Test) => "test",
            };
            let name = path.strip_prefix(&base).unwrap_or(&path).to_string_lossy().into_owned();
            let group = group.as_deref().unwrap_or_default();
            let row = [&name, &folder.classes[*label], split, group];
            writer.write_record(row).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|error| unwritten(error.into_error()))
}
