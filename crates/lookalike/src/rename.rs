//! Another name for a class of a saved classifier, without training.

use std::path::Path;

use classifier::{Classifier, check_classes};
use training::TrainingError;

use crate::{Error, Kind};

/// Renames a class of the classifier in `model`: its answers are the same under another name. The names
/// of pictures change with that of their class folder.
///
/// # Errors
/// When the file is refused or cannot be written, has no such class, or another one of the new name.
pub fn rename_class(model: &Path, from: &str, to: &str) -> Result<(), Error> {
    let mut classifier = Classifier::load(model)?;
    let Some(class) = classifier.classes.iter().position(|class| class == from) else {
        return Err(Error::refused(Kind::Usage, format!("there is no class `{from}`")));
    };
    to.clone_into(&mut classifier.classes[class]);
    check_classes(&classifier.classes).map_err(TrainingError::ClassNames)?;
    let record = &mut classifier.record;
    record.classes.clone_from(&classifier.classes);
    let moved = |picture: &mut String| {
        if let Some(rest) = picture.strip_prefix(from).and_then(|rest| rest.strip_prefix('/')) {
            *picture = format!("{to}/{rest}");
        }
    };
    record.held_out.iter_mut().for_each(|one| moved(&mut one.picture));
    record.samples.iter_mut().for_each(|one| moved(&mut one.picture));
    record.bad.iter_mut().for_each(|one| moved(&mut one.picture));
    let known = classifier.reference.iter_mut().flat_map(|reference| &mut reference.pictures);
    known.for_each(|one| moved(&mut one.picture));
    classifier.save(model)?;
    Ok(classifier.check_saved(model)?)
}
