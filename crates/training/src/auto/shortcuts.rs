//! How often size of file, size of picture and mean colour name a picture right, judged as the
//! pictures were (in the first round).

use insight::Shortcut;

use super::AutoError;
use super::judge::Judge;
use crate::features::About;
use crate::shortcuts::Clue;

pub(super) fn of(
    judge: &Judge<'_>,
    about: &[About],
    bytes: &[u64],
) -> Result<Vec<Shortcut>, AutoError> {
    let sizes: Vec<_> = about.iter().map(|about| (about.width, about.height)).collect();
    let colours: Vec<_> = about.iter().map(|about| about.colour).collect();
    let clues = [Clue::of_files(bytes), Clue::of_sizes(&sizes), Clue::of_colours(&colours)];
    let judged = clues.iter().map(|clue| {
        let trials = judge.trials.iter().filter(|trial| trial.round == 0);
        let trials = trials.map(|trial| (&trial.learned[..], &trial.asked[..]));
        Ok(clue.judge(&judge.labels, judge.classes, trials)?)
    });
    judged.collect()
}
