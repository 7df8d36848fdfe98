//! A picture to label, as a line of text.

use super::answer::percent;
use super::printable;
use crate::ToLabel;

/// The picture and what the classifier takes it for: `a.jpg  husky 52%, malamute 40%`.
#[must_use]
pub fn to_label(picture: &ToLabel) -> String {
    let guess = |(class, odds): &(String, f32)| format!("{} {}", printable(class), percent(*odds));
    let guesses: Vec<String> = picture.guesses.iter().map(guess).collect();
    format!("{}  {}", printable(&picture.path.to_string_lossy()), guesses.join(", "))
}
