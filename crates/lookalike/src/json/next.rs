use serde_json::{Value, json};

use crate::Next;

/// Which pictures to label next, as JSON.
#[must_use]
pub fn next(found: &Next) -> Value {
    let pictures = found.pictures.iter().map(|picture| {
        let guesses = picture.guesses.iter();
        let guesses = guesses.map(|(class, odds)| json!({ "class": class, "probability": odds }));
        json!({
            "picture": picture.path.to_string_lossy(),
            "guesses": guesses.collect::<Vec<_>>(),
            "reason": picture.reason,
            "novelty": picture.novelty,
        })
    });
    json!({
        "pictures": pictures.collect::<Vec<_>>(),
        "of": found.of,
        "known": found.known,
        "unread": found.unread,
    })
}
