//! Pictures with known answers, which travel beside a file: whoever runs it elsewhere can tell within
//! a minute whether it answers as it does here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use classifier::{Classifier, ClassifierError, NEAREST, Picture, Predictor, averages};
use ground::Stop;
use insight::{Calibration, Verdict};
use pictures::{Rgb, practice};
use serde::Serialize;

use crate::onnx::{AMBIGUOUS, NOT_RECOGNISED};
use crate::{ExportError, Input, Options, Resize};

/// By how much a probability may differ elsewhere. Another rounding of the resampled picture moves
/// one by up to 1e-3; a wrong mean, red for blue, or a resampling without the filter, by far more.
pub const TOLERANCE: f32 = 2e-3;
/// The same where the operator `Resize` resamples, whose weights are not rounded as ours are.
const OPERATOR: f32 = 1e-2;
/// By how much a novelty may.
const NOVELTY_TOLERANCE: f32 = 5e-4;
/// By how much two known pictures' distances must differ for their order to be certain.
const APART: f32 = 1e-4;
/// Pictures that are drawn where none of the user's may be given away.
const DRAWN: usize = 4;

/// The content of `NAME.selftest.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelfTest {
    format: u32,
    /// What the file takes.
    input: Input,
    classes: Vec<String>,
    /// By how much a probability may differ.
    tolerance: f32,
    /// By how much a novelty may differ.
    novelty_tolerance: f32,
    pictures: Vec<Known>,
}

/// A picture and its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Known {
    /// A PNG, in base64.
    png: String,
    width: u32,
    height: u32,
    /// As the output `verdict`; `None` where it lies so near a threshold that rounding decides.
    verdict: Option<i64>,
    probabilities: Vec<f32>,
    novelty: Option<f32>,
    /// The first of the output `nearest`.
    nearest: Vec<usize>,
}

/// Asks a classifier about pictures that show whether a file answers alike: squares of the network's
/// size, and a larger picture of another shape put together from them.
pub(crate) fn self_test(
    predictor: &mut Predictor,
    options: &Options,
) -> Result<SelfTest, ExportError> {
    let squares = squares(predictor.classifier(), options.own_pictures);
    let pictures: Vec<Rgb> = match options.input {
        Input::Picture => {
            let mosaic = mosaic(&squares);
            squares.into_iter().chain(mosaic).collect()
        }
        Input::Tensor => squares,
    };
    let classes = predictor.classifier().classes.clone();
    let operator = options.input == Input::Picture && options.resize == Resize::Operator;
    let known = match options.input {
        Input::Picture => asked(predictor, pictures, options)?,
        Input::Tensor => saved(predictor.classifier(), &pictures, options),
    };
    Ok(SelfTest {
        format: 1,
        input: options.input,
        classes,
        tolerance: if operator { OPERATOR } else { TOLERANCE },
        novelty_tolerance: match (operator, options.half) {
            (true, _) => OPERATOR,
            (false, true) => TOLERANCE,
            (false, false) => NOVELTY_TOLERANCE,
        },
        pictures: known,
    })
}

/// Squares of the network's size: the classifier's own, or drawn ones.
fn squares(classifier: &Classifier, own: bool) -> Vec<Rgb> {
    let side = classifier.preprocess.size as u32;
    match own && !classifier.self_test.is_empty() {
        true => {
            let square = |test: &classifier::SelfTest| Rgb {
                width: side,
                height: side,
                data: test.pixels.clone(),
            };
            classifier.self_test.iter().map(square).collect()
        }
        false => (0..DRAWN)
            .map(|number| {
                let data = classifier.preprocess.pixels(&practice::example(side, number));
                Rgb { width: side, height: side, data }
            })
            .collect(),
    }
}

/// Three squares in a row and two rows of them: half the size has to be computed, and the sides be cut
/// off.
fn mosaic(squares: &[Rgb]) -> Option<Rgb> {
    let Rgb { width, height, .. } = squares.first()?;
    let (width, height) = (*width, *height);
    let row = 3 * width as usize;
    let mut data = Vec::with_capacity(18 * width as usize * height as usize);
    for down in 0..2 {
        for y in 0..height as usize {
            for across in 0..3 {
                let square = &squares[(3 * down + across) % squares.len()];
                data.extend(&square.data[y * row..][..row]);
            }
        }
    }
    Some(Rgb { width: 3 * width, height: 2 * height, data })
}

/// The answers of the classifier as it is.
fn asked(
    predictor: &mut Predictor,
    pictures: Vec<Rgb>,
    options: &Options,
) -> Result<Vec<Known>, ExportError> {
    let calibration = predictor.classifier().calibration.clone();
    let blank = pictures.iter().map(Known::of).collect::<Vec<_>>();
    let inputs = blank.into_iter().zip(pictures.into_iter().map(Picture::Pixels));
    let (mut known, mut failed) = (vec![], None);
    predictor.examine(inputs, &Stop::new(), |of, examined| match examined {
        Ok((prediction, features)) => {
            let novelty = prediction.novelty.filter(|_| options.novelty);
            let answer = match options.novelty {
                true => prediction.answer,
                false => calibration.answer(&prediction.logits, None),
            };
            let probabilities = answer.probabilities;
            let verdict =
                clear(&calibration, &probabilities, novelty).then(|| number(&answer.verdict));
            known.push((Known { verdict, probabilities, novelty, ..of }, features));
        }
        Err(reason) => failed = Some(reason),
    })?;
    if let Some(reason) = failed {
        return Err(ClassifierError::Unreadable(reason).into());
    }
    let classifier = predictor.classifier();
    let nearest = |(known, features): (Known, Vec<f32>)| {
        let reference = classifier.reference.as_ref().filter(|_| options.novelty);
        let nearest = reference.map(|reference| {
            let row = averages(classifier.architecture.head, &features);
            let found = reference.neighbours(row, NEAREST).into_iter().flat_map(|n| n.nearest);
            clear_order(&found.collect::<Vec<_>>())
        });
        Known { nearest: nearest.unwrap_or_default(), ..known }
    };
    Ok(known.into_iter().map(nearest).collect())
}

/// The answers that the classifier was saved with, which are on what its network takes.
fn saved(classifier: &Classifier, pictures: &[Rgb], options: &Options) -> Vec<Known> {
    let known = |(picture, test): (&Rgb, &classifier::SelfTest)| Known {
        probabilities: test.probabilities.clone(),
        novelty: test.novelty.filter(|_| options.novelty),
        ..Known::of(picture)
    };
    pictures.iter().zip(&classifier.self_test).map(known).collect()
}

impl Known {
    /// A picture without an answer.
    fn of(rgb: &Rgb) -> Self {
        Self {
            png: STANDARD.encode(png(rgb)),
            width: rgb.width,
            height: rgb.height,
            verdict: None,
            probabilities: vec![],
            novelty: None,
            nearest: vec![],
        }
    }
}

/// The nearest pictures as far as their order is clear: up to two that are about as near.
fn clear_order(nearest: &[(usize, f32)]) -> Vec<usize> {
    let clear = nearest.windows(2).take_while(|pair| pair[1].1 - pair[0].1 > APART).count();
    nearest[..clear].iter().map(|&(row, _)| row).collect()
}

/// Whether no number lies so near a threshold that rounding decides.
fn clear(calibration: &Calibration, probabilities: &[f32], novelty: Option<f32>) -> bool {
    let far = |number: f32, threshold: f64, tolerance: f32| {
        (f64::from(number) - threshold).abs() > f64::from(tolerance)
    };
    let thresholds = probabilities.iter().zip(&calibration.thresholds);
    thresholds.clone().all(|(&p, &threshold)| far(p, threshold, TOLERANCE))
        && probabilities.iter().all(|&p| far(p, calibration.coverage, TOLERANCE))
        && novelty.zip(calibration.novelty).is_none_or(|(n, limit)| far(n, limit, TOLERANCE))
}

/// A verdict as the file puts it.
fn number(verdict: &Verdict) -> i64 {
    match verdict {
        Verdict::Class(class) => *class as i64,
        Verdict::Ambiguous(_) => AMBIGUOUS,
        Verdict::Unfamiliar => NOT_RECOGNISED,
    }
}

fn png(rgb: &Rgb) -> Vec<u8> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, rgb.width, rgb.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rgb.data));
    written.expect("a picture in memory can be a PNG in memory");
    bytes
}

#[cfg(test)]
mod tests {
    use pictures::Rgb;

    use super::{clear_order, mosaic};

    #[test]
    fn the_mosaic_has_each_square_in_its_place() {
        let square = |level: u8| Rgb { width: 2, height: 2, data: vec![level; 12] };
        let whole = mosaic(&[square(1), square(2), square(3), square(4)]).unwrap();
        assert_eq!((whole.width, whole.height), (6, 4));
        let reds: Vec<u8> = whole.data.iter().step_by(3).copied().collect();
        assert_eq!(reds[..6], [1, 1, 2, 2, 3, 3]);
        assert_eq!(reds[18..], [4, 4, 1, 1, 2, 2]);
        assert_eq!(mosaic(&[]), None);
    }

    #[test]
    fn pictures_about_as_near_are_in_no_order() {
        assert_eq!(clear_order(&[(5, 0.1), (2, 0.2), (9, 0.3)]), [5, 2]);
        assert_eq!(clear_order(&[(5, 0.1), (2, 0.100_01), (9, 0.3)]), [0usize; 0]);
        assert_eq!(clear_order(&[]), [0usize; 0]);
    }
}
