//! Settings that no run could carry out are refused, whether typed or read from a classifier.

use std::ops::RangeInclusive;

use ground::progress::Progress;
use pictures::Folder;
use training::Recipe;

use crate::{Error, Kind};

/// More epochs than a run could see the end of.
const EPOCHS: RangeInclusive<usize> = 0..=100_000;

/// Refuses a recipe with a number that cannot be meant.
///
/// # Errors
/// Names the first such number.
pub(super) fn check(recipe: &Recipe) -> Result<(), Error> {
    let sizes = ("size", recipe.size(), 32..=1024);
    let numbers = match recipe {
        Recipe::Classic(classic) => vec![
            sizes,
            ("frozen epochs", classic.frozen_epochs, EPOCHS),
            ("epochs", classic.epochs, EPOCHS),
            ("batch", classic.batch, 1..=4096),
        ],
        Recipe::Auto(auto) => vec![
            sizes,
            ("views", auto.views, 1..=4),
            ("folds", auto.folds, 2..=100),
            ("repeats", auto.repeats.unwrap_or(1), 1..=100),
        ],
    };
    match numbers.into_iter().find(|(_, number, possible)| !possible.contains(number)) {
        None => Ok(()),
        Some((name, number, possible)) => {
            let (least, most) = possible.into_inner();
            let what =
                format!("the recipe asks for {name} {number}; {least} to {most} are possible");
            Err(Error::refused(Kind::Usage, what))
        }
    }
}

/// Refuses folds of a table beside a share to hold out, and warns where the recipe has no use for them.
///
/// # Errors
/// When pictures would be held out in two ways.
pub(super) fn check_folds(
    recipe: &Recipe,
    folder: &Folder,
    valid: Option<f64>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    if folder.pictures.iter().all(|picture| picture.fold.is_none()) {
        return Ok(());
    }
    if valid.is_some() {
        let what = "`--valid` holds pictures out, and the folds of the table hold out every one";
        let error = Error::refused(Kind::Usage, what);
        return Err(error.advise("leave out `--valid`, or the column `fold`"));
    }
    if matches!(recipe, Recipe::Classic(_)) {
        progress.warn(
            "the folds of the table are not used: the classic recipe holds out a share of each class, \
             once",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use network::Backbone;
    use training::auto::Auto;
    use training::{Classic, Recipe};

    use super::check;

    #[test]
    fn numbers_that_cannot_be_meant_are_refused() {
        let classic = || Classic::pretrained(Backbone::ResNet18, 3);
        assert!(check(&Recipe::Classic(classic())).is_ok());
        let endless = Classic { epochs: usize::MAX, ..classic() };
        let error = check(&Recipe::Classic(endless)).unwrap_err().to_string();
        assert!(error.contains("epochs 18446744073709551615"), "{error}");
        let auto = Auto::new(Backbone::ResNet50);
        assert!(check(&Recipe::Auto(Auto { folds: 1, ..auto.clone() })).is_err());
        assert!(check(&Recipe::Auto(auto)).is_ok());
    }
}
