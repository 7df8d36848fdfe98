//! What is said where there are too few pictures to say much.

use ground::words::count;

use crate::insight::Insight;
use crate::labels::{labels, visible};

/// Pictures of a class without which its scores are guesses.
pub(super) const FEW: usize = 20;

/// Classes that are named.
const NAMED: usize = 3;

/// That classes have too few pictures, and of which to add how many first, by the pictures that each
/// class has; `None` where all have enough.
///
/// ```
/// let few = insight::few_pictures(&["ants".into(), "bees".into()], &[5, 12]).unwrap();
/// assert!(few.starts_with("Both classes have fewer than 20 pictures"));
/// assert!(few.contains("Add 15 of `ants` and 8 of `bees` first."));
/// ```
#[must_use]
pub fn few_pictures(classes: &[String], pictures: &[usize]) -> Option<String> {
    let names = labels(classes);
    let mut few: Vec<(usize, usize)> =
        pictures.iter().copied().enumerate().filter(|(_, n)| *n < FEW).collect();
    few.sort_by_key(|&(_, pictures)| pictures);
    let which = match few.len() {
        0 => return None,
        1 => format!(
            "The class `{}` has only {}",
            visible(&names[few[0].0]),
            count(few[0].1, "picture")
        ),
        2 if classes.len() == 2 => format!("Both classes have fewer than {FEW} pictures"),
        n if n == classes.len() => format!("All {n} classes have fewer than {FEW} pictures"),
        n => format!("{n} of {} classes have fewer than {FEW} pictures", classes.len()),
    };
    let more = |&(class, pictures): &(usize, usize)| {
        format!("{} of `{}`", FEW - pictures, visible(&names[class]))
    };
    let mut parts: Vec<String> = few.iter().take(NAMED).map(more).collect();
    let last = parts.pop().unwrap_or_default();
    let add = match parts.len() {
        0 => last,
        _ => format!("{} and {last}", parts.join(", ")),
    };
    Some(format!(
        "{which}: too few to tell how good the classifier is, and to make a good one. Add {add} first."
    ))
}

impl Insight {
    /// Whether too few pictures were evaluated to say more than how many are right: fewer than
    /// 20 per class, of up to three classes. Nothing that is estimated from them (how far
    /// percentages are off, what would be skipped, what more pictures would bring) would mean much.
    #[must_use]
    pub fn is_small(&self) -> bool {
        (1..FEW * self.classes.len().min(3)).contains(&self.accuracy.n)
    }

    /// What [`Insight::is_small`] means, for a reader.
    #[must_use]
    pub fn small_sentence(&self) -> Option<String> {
        self.is_small().then(|| {
            format!(
                "{} evaluated: too few to say how far its percentages are right, how often it would \
                 not know, or what more pictures would bring",
                match self.accuracy.n {
                    1 => "Only 1 picture was".to_owned(),
                    n => format!("Only {n} pictures were"),
                }
            )
        })
    }
}
