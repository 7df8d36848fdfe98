use std::collections::HashSet;

use insight::RunRecord;
use network::Architecture;
use pictures::Preprocess;

use crate::{Classifier, Limits};

impl Classifier {
    /// Says what in it cannot be, if anything. Asked before it is saved and after it is loaded.
    pub(crate) fn unsound(&self) -> Option<String> {
        let limits = Limits::DEFAULT;
        unsound_classes(&self.classes, &self.architecture)
            .or_else(|| unsound_preprocess(&self.preprocess, &self.architecture))
            .or_else(|| {
                let wrong = self.data.pictures.iter().find(|u| u.label >= self.classes.len())?;
                Some(format!("a picture is of class {} of {}", wrong.label, self.classes.len()))
            })
            .or_else(|| unsound_thumbnails(&self.thumbnails, &limits))
            .or_else(|| unsound_evidence(&self.record, &self.classes, self.thumbnails.len()))
            .or_else(|| self.calibration.check(self.classes.len()).err().map(|e| e.to_string()))
            .or_else(|| {
                let graph = self.graph();
                let (channels, jpegs) = (graph.channels(graph.cut()), self.thumbnails.len());
                self.reference.as_ref()?.unsound(channels, self.classes.len(), jpegs)
            })
            .or_else(|| self.unsound_self_test(&limits))
    }

    fn unsound_self_test(&self, limits: &Limits) -> Option<String> {
        if self.self_test.len() > limits.max_self_tests {
            return Some(format!("its self-test has {} pictures", self.self_test.len()));
        }
        let bytes = self.preprocess.size * self.preprocess.size * 3;
        self.self_test.iter().enumerate().find_map(|(index, test)| {
            let sum: f32 = test.probabilities.iter().sum();
            let sound = test.pixels.len() == bytes
                && test.probabilities.len() == self.classes.len()
                && test.probabilities.iter().all(|p| (0.0..=1.0).contains(p))
                && (sum - 1.0).abs() < 1e-2
                && test.novelty.is_some() == self.reference.is_some()
                && test.novelty.is_none_or(|novelty| (0.0..=2.0).contains(&novelty));
            (!sound).then(|| format!("picture {index} of its self-test has the wrong numbers"))
        })
    }
}

/// Whether a classifier may have these classes: 2 to 10,000 different names of 1 to 256
/// characters that a terminal can show. Asked before training too, which would be in vain.
///
/// # Errors
/// Says what is wrong.
pub fn check_classes(classes: &[String]) -> Result<(), String> {
    let Limits { min_classes: min, max_classes: max, max_class_chars, .. } = Limits::DEFAULT;
    let count = classes.len();
    if !(min..=max).contains(&count) {
        return Err(format!("there are {count} classes, not {min} to {max}"));
    }
    let mut seen = HashSet::new();
    for class in classes {
        let chars = class.chars().count();
        if chars == 0 || chars > max_class_chars {
            return Err(format!("a class name has {chars} characters, not 1 to {max_class_chars}"));
        }
        if class.chars().any(char::is_control) {
            return Err(format!("the name `{}` has control characters", class.escape_debug()));
        }
        if !seen.insert(class) {
            return Err(format!("two classes are named `{}`", class.escape_debug()));
        }
    }
    Ok(())
}

/// Class names and logits, before anything is made of their number.
pub(crate) fn unsound_classes(classes: &[String], architecture: &Architecture) -> Option<String> {
    let (names, logits) = (classes.len(), architecture.head.classes());
    let fit =
        || (names != logits).then(|| format!("it names {names} classes for a network of {logits}"));
    check_classes(classes).err().or_else(fit)
}

/// The preprocessing, before anything is made of its size.
pub(crate) fn unsound_preprocess(
    preprocess: &Preprocess,
    architecture: &Architecture,
) -> Option<String> {
    let limits = Limits::DEFAULT;
    let Preprocess { short_side, size, mean, std } = preprocess;
    if !(limits.min_size..=limits.max_size).contains(size) {
        let (min, max) = (limits.min_size, limits.max_size);
        return Some(format!("it takes pictures of {size} pixels, not {min} to {max}"));
    }
    if !(*size..=4 * limits.max_size).contains(short_side) {
        return Some(format!("it crops {size} pixels from a side of {short_side}"));
    }
    // Pixels are 0 to 1, so other numbers would blow colours up until nothing is a number.
    let possible = mean.iter().all(|x| (-1.0..=2.0).contains(x))
        && std.iter().all(|x| (1e-3..=1e3).contains(x));
    if !possible {
        return Some(format!("it scales colours by {mean:?} and {std:?}"));
    }
    architecture.graph().shapes(*size, *size).err().map(|error| error.to_string())
}

fn unsound_thumbnails(thumbnails: &[Vec<u8>], limits: &Limits) -> Option<String> {
    if thumbnails.len() > limits.max_thumbnails {
        return Some(format!("it has {} thumbnails", thumbnails.len()));
    }
    // They are shown by a browser, so that nothing but a JPEG may stand there.
    let jpeg = |bytes: &[u8]| bytes.starts_with(&[0xff, 0xd8, 0xff]);
    let bad = thumbnails.iter().position(|t| !jpeg(t) || t.len() > limits.max_thumbnail_bytes)?;
    Some(format!("thumbnail {bad} is no JPEG of at most {} bytes", limits.max_thumbnail_bytes))
}

fn unsound_evidence(record: &RunRecord, classes: &[String], thumbnails: usize) -> Option<String> {
    if record.classes != classes {
        return Some("its record names other classes".into());
    }
    let Limits { max_heat_side, max_heat, .. } = Limits::DEFAULT;
    let heat: usize = record.held_out.iter().map(|prediction| prediction.heat.len()).sum();
    let side = record.reasons.map_or(0, |reasons| reasons.side);
    if heat > max_heat || side > max_heat_side {
        return Some(format!("it has {heat} heat maps of {side} × {side} cells"));
    }
    record.check(thumbnails).err().map(|error| error.to_string())
}
