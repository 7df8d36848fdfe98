//! What can be guessed of a picture's class without looking at what it shows. Where that is much, a
//! score says little: the network may have learned the camera and not the animal.

use super::judge::first_of_largest;
use super::*;

/// The strength of the penalty; on a number or three it hardly matters.
const STRENGTH: f64 = 1.0;

/// How often size of file, size of picture and mean colour name a picture right, judged as the
/// pictures were (in the first round).
pub(super) fn of(
    judge: &Judge<'_>,
    about: &[About],
    bytes: &[u64],
) -> Result<Vec<Shortcut>, AutoError> {
    let size = |about: &About| {
        let (width, height) = (f32::ln(about.width as f32), f32::ln(about.height as f32));
        vec![width, height, width - height]
    };
    let known: [(&str, usize, Vec<f32>); 3] = [
        ("the file's size", 1, bytes.iter().map(|&bytes| (bytes as f32 + 1.0).ln()).collect()),
        ("the picture's size", 3, about.iter().flat_map(size).collect()),
        ("the mean colour", 3, about.iter().flat_map(|about| about.colour).collect()),
    ];
    let mut shortcuts = vec![];
    for (what, width, numbers) in known {
        let table = Table::new(width, numbers);
        let (mut right, mut of) = (0, 0);
        for trial in judge.trials.iter().filter(|trial| trial.round == 0) {
            let heads = Kind::Logistic.fit(
                &table,
                &trial.learned,
                &judge.labels,
                judge.classes,
                &[STRENGTH],
            )?;
            for (row, &picture) in heads[0].logits(&table, &trial.asked)?.iter().zip(&trial.asked) {
                right += usize::from(first_of_largest(row) == judge.labels[picture]);
                of += 1;
            }
        }
        shortcuts.push(Shortcut { what: what.into(), right, of });
    }
    Ok(shortcuts)
}
