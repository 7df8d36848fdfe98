//! How often size of file, size of picture and mean colour alone name a picture right, in the folds
//! of the first round.

use insight::Shortcut;

use super::AutoError;
use super::cross_validation::CrossValidation;
use crate::features::About;
use crate::shortcuts::Clue;

pub(super) fn of(
    cross: &CrossValidation<'_>,
    about: &[About],
    bytes: &[u64],
) -> Result<Vec<Shortcut>, AutoError> {
    let sizes: Vec<_> = about.iter().map(|about| (about.width, about.height)).collect();
    let colours: Vec<_> = about.iter().map(|about| about.colour).collect();
    let clues = [Clue::of_files(bytes), Clue::of_sizes(&sizes), Clue::of_colours(&colours)];
    let each = clues.iter().map(|clue| {
        let folds = cross.folds.iter().filter(|fold| fold.round == 0);
        let folds = folds.map(|fold| (&fold.train[..], &fold.held_out[..]));
        Ok(clue.cross_validate(&cross.labels, cross.classes, folds)?)
    });
    each.collect()
}
