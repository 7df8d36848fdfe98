//! An answer as a line of text.

use super::{count, printable};
use crate::json::{Named, Read};

/// A picture in text, its parts two spaces apart:
///
/// ```text
/// a.jpg  malamute 83%  (husky 12%, eskimo dog 5%)
/// b.jpg  ambiguous: malamute 52% or husky 40%  (eskimo dog 8%)  more than one class is …
/// c.jpg  not recognised: unlike the training pictures  (nearest: husky/12.jpg)
/// ```
///
/// Last comes where its heat map lies, if one was asked for.
#[must_use]
pub fn answer(read: &Read<'_>, top: usize) -> String {
    let picture = printable(&read.picture);
    let share =
        |named: &Named<'_>| format!("{} {}", printable(named.class), percent(named.probability));
    let mut meant: Vec<String> = read.answer.iter().take(top).map(share).collect();
    let meant_too = |named: &&Named<'_>| read.answer.iter().any(|n| n.class == named.class);
    let others = read.top.iter().filter(|named| !meant_too(named)).take(top - meant.len());
    let others: Vec<String> = others.map(share).collect();
    let others =
        if others.is_empty() { String::new() } else { format!("  ({})", others.join(", ")) };
    let heat_map = read.heat_map.as_ref().map_or(String::new(), |heat| {
        format!(
            "  heat map of {}: {}",
            printable(heat.class),
            printable(heat.file.as_deref().unwrap_or_default())
        )
    });
    let said = match read.answer.len() {
        0 => {
            let nearest = read.nearest.first().map(|nearest| printable(nearest.picture));
            let nearest = nearest.map_or(String::new(), |name| format!("  (nearest: {name})"));
            format!("{picture}  not recognised: {}{nearest}", read.reason.words())
        }
        1 => format!("{picture}  {}{others}", meant.concat()),
        several => {
            if several > meant.len() {
                meant.push(count(several - meant.len(), "other"));
            }
            let last = meant.pop().unwrap_or_default();
            let (first, reason) = (meant.join(", "), read.reason.words());
            format!("{picture}  ambiguous: {first} or {last}{others}  {reason}")
        }
    };
    said + &heat_map
}

/// A probability in whole percent, and never as certain as it is not.
pub(super) fn percent(probability: f32) -> String {
    match 100.0 * probability {
        p if p < 1.0 => "<1%".into(),
        p if p > 99.0 => ">99%".into(),
        p => format!("{p:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use insight::Reason;

    use super::percent;
    use crate::json::{Named, Nearest, Read};

    #[test]
    fn nothing_is_certain() {
        let shown = [0.001, 0.01, 0.834, 0.99, 0.999].map(percent);
        assert_eq!(shown, ["<1%", "1%", "83%", "99%", ">99%"]);
    }

    /// What is said of dogs, of which so many classes are named.
    fn dogs(meant: &[&'static str], reason: Reason, top: usize) -> String {
        let odds = [("malamute", 0.52), ("husky", 0.4), ("eskimo dog", 0.08)];
        let named = |&(class, probability): &(&'static str, f32)| Named { class, probability };
        let nearest = Nearest {
            picture: "husky/\u{1b}12.jpg",
            class: "husky",
            similarity: 0.5,
            thumbnail: None,
        };
        let read = Read {
            picture: "a.jpg".into(),
            verdict: "",
            reason,
            answer: odds.iter().filter(|(class, _)| meant.contains(class)).map(named).collect(),
            top: odds.iter().take(top).map(named).collect(),
            novelty: None,
            nearest: vec![nearest],
            heat_map: None,
        };
        super::answer(&read, top)
    }

    #[test]
    fn every_verdict_reads_well() {
        let several = |answer: &[&'static str], top| dogs(answer, Reason::Several, top);
        let (two, three) = (["malamute", "husky"], ["malamute", "husky", "eskimo dog"]);
        let (enough, unsure, far) =
            (Reason::Several.words(), Reason::Unsure.words(), Reason::Far.words());
        for (line, expected) in [
            (dogs(&two[..1], Reason::Sure, 3), "malamute 52%  (husky 40%, eskimo dog 8%)".into()),
            (dogs(&two[..1], Reason::Sure, 1), "malamute 52%".into()),
            // Classes have thresholds of their own, and the likeliest may miss its.
            (dogs(&["husky"], Reason::Sure, 3), "husky 40%  (malamute 52%, eskimo dog 8%)".into()),
            (
                several(&["malamute", "eskimo dog"], 3),
                format!("ambiguous: malamute 52% or eskimo dog 8%  (husky 40%)  {enough}"),
            ),
            (
                several(&two, 3),
                format!("ambiguous: malamute 52% or husky 40%  (eskimo dog 8%)  {enough}"),
            ),
            (
                several(&three, 3),
                format!("ambiguous: malamute 52%, husky 40% or eskimo dog 8%  {enough}"),
            ),
            (
                several(&three, 2),
                format!("ambiguous: malamute 52%, husky 40% or 1 other  {enough}"),
            ),
            (several(&three, 1), format!("ambiguous: malamute 52% or 2 others  {enough}")),
            (
                dogs(&two, Reason::Unsure, 2),
                format!("ambiguous: malamute 52% or husky 40%  {unsure}"),
            ),
            (
                dogs(&[], Reason::Far, 3),
                format!("not recognised: {far}  (nearest: husky/\\u{{1b}}12.jpg)"),
            ),
        ] {
            assert_eq!(line, format!("a.jpg  {expected}"));
        }
    }
}
