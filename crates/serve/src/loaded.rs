//! What is known of the classifier once it is loaded, for whoever asks without a picture.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::body::Bytes;
use classifier::Classifier;
use lookalike::{Error, json};
use serde_json::{Value, json};

use crate::Settings;

/// Training pictures that are shown of a class before there is a first answer.
const EXAMPLES: usize = 4;

/// The classifier as its clients see it.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The answer of `GET /v1/classifier`.
    pub(crate) about: Bytes,
    /// What stands before the answers of a request.
    pub(crate) before: String,
    /// Thumbnails of training pictures, by their number.
    pub(crate) thumbnails: BTreeMap<usize, Bytes>,
    /// Names of the classes.
    pub(crate) classes: Vec<String>,
}

impl Loaded {
    /// Reads a classifier and runs its self-test; `known` says whether training pictures are shown.
    ///
    /// # Errors
    /// When the file is refused, or the self-test fails.
    pub(crate) fn read(settings: &Settings, known: bool) -> Result<Self, Error> {
        let shown = lookalike::show(&settings.model)?;
        let mut about = json::show(&shown, false);
        let classifier = &shown.classifier;
        let thumbnails = if known { thumbnails(classifier) } else { BTreeMap::new() };
        let name = settings.model.file_stem().unwrap_or_default().to_string_lossy();
        about["name"] = name.into();
        about["served"] = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "max_pictures": settings.limits.pictures,
            "max_bytes": settings.limits.body_bytes,
            "known": known,
            "report": known,
            "phone": settings.phone,
            "examples": examples(classifier, &thumbnails),
        });
        // The folder that the classifier lies in is nobody's business.
        let file = Path::new(settings.model.file_name().unwrap_or_default());
        let mut before = serde_json::to_string(&json::Predictions::of(file, classifier))?;
        before.truncate(before.len() - "]}".len());
        let classes = classifier.classes.clone();
        Ok(Self { about: about.to_string().into(), before, thumbnails, classes })
    }
}

/// The thumbnails of pictures that an answer may name. Others of the file belong to its report.
fn thumbnails(classifier: &Classifier) -> BTreeMap<usize, Bytes> {
    let known = classifier.reference.iter().flat_map(|reference| &reference.pictures);
    let numbers: BTreeSet<usize> = known.filter_map(|known| known.thumbnail).collect();
    let jpeg =
        |number: usize| Some((number, Bytes::from(classifier.thumbnails.get(number)?.clone())));
    numbers.into_iter().filter_map(jpeg).collect()
}

/// A few training pictures of each class.
fn examples(classifier: &Classifier, thumbnails: &BTreeMap<usize, Bytes>) -> Vec<Value> {
    if thumbnails.is_empty() {
        return vec![];
    }
    let of_class = |(label, class): (usize, &String)| {
        let known = classifier.reference.iter().flat_map(|reference| &reference.pictures);
        let own = known.filter(|known| known.label == label).filter_map(|known| known.thumbnail);
        let addresses: Vec<_> = own.take(EXAMPLES).map(|n| format!("v1/known/{n}.jpg")).collect();
        json!({ "class": class, "thumbnails": addresses })
    };
    classifier.classes.iter().enumerate().map(of_class).collect()
}
