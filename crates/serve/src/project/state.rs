//! All that a page of a project shows at first.

use serde_json::{Value, json};

use super::listing::{Class, Item, Listing};
use super::session::{Inner, Project};
use ground::words::count;

/// Pictures that a class needs to be trained on.
pub(super) const LEAST: usize = 5;
/// Pictures with which a class is reliable.
const ENOUGH: usize = 30;
/// Pictures of a class that are shown first.
const NEWEST: usize = 12;
/// Seconds that training takes for a picture, before that is known better.
const SECONDS: f64 = 0.09;

impl Project {
    pub(super) fn state(&self) -> Value {
        let (job, ended, warnings) = self.jobs.json();
        let inner = self.lock();
        let listing = &inner.listing;
        let missing = missing(listing);
        let stale = inner.trained.as_ref().and_then(|trained| trained.changes(listing));
        let phase = match () {
            () if self.jobs.running().is_some() => "teaching",
            () if inner.trained.is_some() && stale.is_none() => "taught",
            () if listing.items.is_empty() && inner.trained.is_none() => "empty",
            () if inner.trained.is_some() => "stale",
            () if !missing.is_empty() => "collecting",
            () => "ready",
        };
        let model = self.app.settings.model.file_name().unwrap_or_default().to_string_lossy();
        let classifier = inner.trained.as_ref().map(|trained| {
            json!({
                "file": model, "accuracy": trained.insight.accuracy, "pictures": trained.count,
                "stale": stale.is_some(), "stale_words": stale,
            })
        });
        let limits = &self.app.settings.limits;
        json!({
            "page": "app", "boot": self.boot, "session": self.boot, "name": self.name,
            "folder": self.folder.display().to_string(),
            "served": {
                "version": env!("CARGO_PKG_VERSION"), "max_bytes": limits.body_bytes,
                "max_pictures": limits.pictures,
            },
            "phase": phase, "missing": missing, "advice": advice(listing),
            "classes": listing.classes.iter().map(|one| class(one, listing)).collect::<Vec<_>>(),
            "pictures": listing.items.len(), "undo": inner.undo.last().map(|(words, _)| words),
            "seconds": inner.seconds(), "classifier": classifier, "per_class": inner.per_class(),
            "suspects": inner.trained.as_ref().map_or(0, |it| it.insight.suspects.pictures.len()),
            "job": job, "ended": ended, "phone": self.phone.get().map(|phone| phone.json()), "warnings": warnings,
        })
    }
}

impl Inner {
    /// About how long training will take: what is known of pictures is kept, so new ones count.
    fn seconds(&self) -> u64 {
        let all = self.listing.items.len();
        let known = |item: &&Item| {
            self.trained.as_ref().is_some_and(|trained| trained.pictures.contains(&item.below))
        };
        let new = all - self.listing.items.iter().filter(known).count();
        let each = self.took.map_or(SECONDS, |(seconds, of)| seconds / of.max(1) as f64);
        (1.0 + each * new as f64 + 0.2 * SECONDS * all as f64).ceil() as u64
    }

    fn per_class(&self) -> Value {
        let Some(trained) = &self.trained else { return Value::Null };
        let row = |scores: &insight::ClassScores| {
            let name = &trained.insight.classes[scores.class];
            let class = self.listing.classes.iter().find(|class| class.name == *name)?;
            Some(json!({ "class": class.id, "recall": scores.recall }))
        };
        trained.insight.per_class.iter().filter_map(row).collect()
    }
}

/// A class as pages are told of it.
pub(super) fn class(class: &Class, listing: &Listing) -> Value {
    let mut items: Vec<&Item> = listing.of_class(class.id).collect();
    let pictures = items.len();
    items.sort_by_key(|item| std::cmp::Reverse(item.when));
    json!({
        "id": class.id, "name": class.name, "pictures": pictures,
        "bursts": listing.bursts(class.id),
        "newest": items.iter().take(NEWEST).map(|item| item.json()).collect::<Vec<_>>(),
    })
}

/// What there must be before anything can be trained.
pub(super) fn missing(listing: &Listing) -> Vec<Value> {
    let mut missing = vec![];
    let classes = listing.classes.len();
    if classes < 2 {
        let words =
            if classes == 0 { "two classes are needed" } else { "a second class is needed" };
        missing.push(json!({
            "code": "classes", "class": null, "have": classes, "need": 2, "words": words,
        }));
    }
    for class in &listing.classes {
        let have = listing.of_class(class.id).count();
        if have < LEAST {
            let words = format!("{}: {} more", class.name, count(LEAST - have, "picture"));
            missing.push(json!({
                "code": "pictures", "class": class.id, "have": have, "need": LEAST, "words": words,
            }));
        }
    }
    missing
}

/// Whether recordings are kept together: where each class has several, so that one can be held out.
pub(super) fn keeps_together(listing: &Listing) -> bool {
    let recorded = listing.items.iter().any(|item| item.burst.is_some());
    recorded && listing.classes.iter().all(|class| listing.groups(class.id) > 1)
}

fn advice(listing: &Listing) -> Vec<String> {
    let mut advice = vec![];
    for Class { id, name } in &listing.classes {
        let pictures = listing.of_class(*id).count();
        if (LEAST..ENOUGH).contains(&pictures) {
            let pictures = count(pictures, "picture");
            advice.push(format!("{name} has {pictures}; {ENOUGH} or more make it reliable"));
        }
        if pictures > 1 && listing.groups(*id) == 1 {
            advice.push(format!(
                "{name} has a single recording: the score flatters until there is another, taken elsewhere"
            ));
        }
    }
    advice
}
