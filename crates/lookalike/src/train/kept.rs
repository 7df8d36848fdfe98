//! What a classifier's file keeps of pictures whose own files are gone: enough to train a head on, if
//! its backbone was not trained further.

use std::collections::HashSet;
use std::path::Path;

use classifier::{Classifier, Remembered};
use ground::Digest;
use pictures::{Absent, Dataset, Side};
use training::Recipe;
use training::features::Cache;

use crate::text::count;
use crate::{Error, Kind};

/// Pictures whose files are gone, with their features.
pub(super) struct Kept {
    pub(super) absent: Vec<Absent>,
    rows: Vec<(Digest, Vec<f32>)>,
    /// How many others were trained on, of which nothing is kept.
    lost: usize,
}

impl Kept {
    /// Nothing: no picture is gone.
    pub(super) fn nothing() -> Self {
        Self { absent: vec![], rows: vec![], lost: 0 }
    }

    /// The pictures of an old classifier that have these names, or all of them without names.
    ///
    /// # Errors
    /// When its file cannot stand in for them.
    pub(super) fn of(
        path: &Path,
        old: &Classifier,
        names: Option<&HashSet<String>>,
    ) -> Result<Self, Error> {
        let remembered = remembered(old).map_err(|why| refused(path, old, why))?;
        let wanted =
            |one: &Remembered<'_>| names.is_none_or(|names| names.contains(&one.known.picture));
        let remembered: Vec<_> = remembered.into_iter().filter(wanted).collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let absent = |one: &Remembered<'_>| Absent {
            path: one.known.picture.clone().into(),
            label: one.known.label,
            digest: one.digest,
            group: one.group.map(|group| format!("{name}: {group}")),
            thumbnail: one.thumbnail.map(<[u8]>::to_vec),
        };
        let of = names.map_or_else(|| old.data.count(Side::Train), HashSet::len);
        Ok(Self {
            absent: remembered.iter().map(absent).collect(),
            rows: remembered.iter().map(|one| (one.digest, one.features.to_vec())).collect(),
            lost: of.saturating_sub(remembered.len()),
        })
    }

    /// Whether no picture is gone.
    pub(super) fn is_empty(&self) -> bool {
        self.absent.is_empty()
    }

    /// Gives the features to a cache that lacks them.
    pub(super) fn lend(&self, cache: &mut Cache) {
        cache.lend(self.rows.iter().map(|(digest, row)| (*digest, row.as_slice())));
    }

    /// What a reader should know of the pictures of a dataset that are gone; `None` where none is.
    pub(super) fn note(&self, path: &Path, data: &Dataset) -> Option<String> {
        let gone = data.items.len() - data.present().len();
        if gone == 0 {
            return None;
        }
        let lost = match self.lost {
            0 => String::new(),
            lost => format!(" Of {} more it keeps none.", count(lost, "picture")),
        };
        Some(format!(
            "The files of {} are gone: `{}` kept their features, rounded to 8 bits of precision. \
             Fine-tuning, heat maps of these pictures and the search for shortcuts need files and were \
             left out.{lost}",
            count(gone, "picture"),
            path.display(),
        ))
    }
}

/// Whether a classifier's backbone is the one that its run started from: a head was fitted on its
/// features, and fine-tuning was not kept.
pub(super) fn backbone_is_untouched(old: &Classifier) -> bool {
    let auto = serde_json::from_value(old.recipe.clone()).ok();
    matches!(auto, Some(Recipe::Auto(_))) && old.record.history.is_empty()
}

/// Where the pictures of a classifier were, as its record says.
pub(super) fn place(old: &Classifier) -> &str {
    let fact = old.record.facts.iter().find(|fact| fact.name == "pictures");
    fact.map_or("", |fact| &fact.value)
}

fn remembered(old: &Classifier) -> Result<Vec<Remembered<'_>>, &'static str> {
    if !backbone_is_untouched(old) {
        return Err("its backbone was trained on them, so their features in the file are worth \
                    nothing for other pictures' scores");
    }
    old.remembered().ok_or("the file does not hold their features")
}

fn refused(path: &Path, old: &Classifier, why: &str) -> Error {
    let what = format!(
        "the pictures that `{}` was trained on, `{}`, are not there, and {why}",
        path.display(),
        place(old),
    );
    let help = "put them back where they were, or train on all pictures together";
    Error::refused(Kind::Pictures, what).advise(help)
}
