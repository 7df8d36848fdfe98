//! From pixels to answers: what a new classifier says is what its file says, both ways round.
#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use std::path::{Path, PathBuf};

use classifier::{
    Classifier, ClassifierError, Explain, Picture, Predictor, Reference, SelfTest, Views, averages,
    features, softmax,
};
use common::{SIZE, sample};
use engine::{Cpu, Engine, Images};
use ground::Precision;
use ground::Stop;
use insight::{Answer, Calibration, Verdict};
use network::{Architecture, Head};
use pictures::Preprocess;

/// A picture of noise, which is not its own mirror image.
fn square(salt: usize) -> Vec<u8> {
    (0..SIZE * SIZE * 3).map(|i| ((i * i + 31 * i * salt + 97 * salt) % 251) as u8).collect()
}

fn turned(square: &[u8]) -> Vec<u8> {
    let line = |line: &[u8]| line.chunks_exact(3).rev().flatten().copied().collect::<Vec<u8>>();
    square.chunks_exact(3 * SIZE).flat_map(line).collect()
}

fn engine_of(classifier: &Classifier) -> Cpu {
    let mut engine = Cpu::new(classifier.graph());
    engine.set_parameters(&classifier.parameters).unwrap();
    engine
}

/// A classifier that knows the squares 0 to 5, and its engine.
fn classifier(views: usize) -> (Classifier, Cpu) {
    let views = Views::of(views).unwrap();
    let mut classifier = Classifier { views, self_test: vec![], ..sample() };
    let mut engine = engine_of(&classifier);
    let squares: Vec<Vec<u8>> = (0..6).map(square).collect();
    let each: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
    let rows = features(&mut engine, &classifier.preprocess, &each, views).unwrap();
    let width = classifier.reference.as_ref().unwrap().width;
    let of = |row| averages(classifier.architecture.head, row).to_vec();
    let rows: Vec<f32> = rows.iter().flat_map(|row| of(row)).collect();
    let learned = classifier::Learned::new(&[0, 1, 2, 3, 4, 5], width, &rows);
    let known =
        |i: usize| classifier::Known { picture: format!("{i}.png"), label: i % 3, thumbnail: None };
    let rows = learned.rows().to_vec();
    classifier.reference = Some(Reference { pictures: (0..6).map(known).collect(), width, rows });
    (classifier, engine)
}

fn write(folder: &Path, name: &str, square: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let size = SIZE as u32;
    image::save_buffer(&path, square, size, size, image::ExtendedColorType::Rgb8).unwrap();
    path
}

/// Answer, novelty, and the nearest pictures by name, of each picture.
type Told = (Answer, Option<f32>, Vec<(String, f32)>);

fn ask(classifier: &Classifier, engine: &mut Cpu, squares: &[Vec<u8>]) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    let files = squares.iter().enumerate();
    let files = files.map(|(i, square)| write(folder.path(), &format!("{i}.png"), square));
    let pictures: Vec<(usize, Picture)> = files.map(Picture::from).enumerate().collect();
    ask_pictures(classifier, engine, pictures)
}

/// The answers on pictures, which come with their numbers in order.
fn ask_pictures(
    classifier: &Classifier,
    engine: &mut Cpu,
    pictures: Vec<(usize, Picture)>,
) -> Vec<Told> {
    let own = std::mem::replace(engine, Cpu::new(classifier.architecture.head_graph()));
    let mut predictor = Predictor::new(classifier.clone(), own).unwrap();
    let mut all = vec![];
    predictor
        .predict(pictures, Explain::Nothing, &Stop::new(), |number, prediction| {
            assert_eq!(number, all.len());
            let told = prediction.unwrap();
            let near = told.nearest.iter().map(|n| (n.known.picture.clone(), n.similarity));
            all.push((told.answer.clone(), told.novelty, near.collect()));
        })
        .unwrap();
    *engine = predictor.into_parts().1;
    all
}

#[test]
fn features_are_averaged_over_a_picture_and_its_mirror_image() {
    let (classifier, mut engine) = classifier(2);
    let (plain, mirror) = (square(1), turned(&square(1)));
    assert_ne!(plain, mirror);
    let mut of = |squares: &[&[u8]], views| {
        let views = Views::of(views).unwrap();
        features(&mut engine, &classifier.preprocess, squares, views).unwrap()
    };
    let each = of(&[&plain, &mirror], 1);
    assert_ne!(each[0], each[1]);
    let mean: Vec<f32> = each[0].iter().zip(&each[1]).map(|(a, b)| (a + b) / 2.0).collect();
    assert_eq!(of(&[&plain, &mirror], 2), [mean.clone(), mean.clone()]);
    // More than pass through the body at once.
    let many = of(&[plain.as_slice(); 20], 2);
    assert!(many.len() == 20 && many.iter().all(|row| *row == mean));
    assert!(of(&[], 2).is_empty());
    // And over their middles.
    let zoom = Preprocess { short_side: SIZE * 8 / 7, ..classifier.preprocess.clone() };
    let (width, height) = (SIZE as u32, SIZE as u32);
    let middle = zoom.pixels(&pictures::Rgb { width, height, data: plain.clone() });
    assert_ne!(middle, plain);
    let more = of(&[&middle, &turned(&middle)], 1);
    let all = [&each[0], &each[1], &more[0], &more[1]];
    let sum = |i: usize| all.iter().map(|row| row[i]).sum::<f32>() / 4.0;
    assert_eq!(of(&[plain.as_slice(); 9], 4)[8], (0..mean.len()).map(sum).collect::<Vec<_>>());
    assert!([0, 3, 5, 8].map(Views::of) == [None; 4]);
}

/// The way that `predict` takes: weights that go straight into an engine.
#[test]
fn a_classifier_loaded_to_predict_says_the_same_and_cannot_be_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.lookalike");
    let (classifier, mut engine) = classifier(2);
    classifier.save(&path).unwrap();
    let asked: Vec<Vec<u8>> = (4..8).map(square).collect();
    for precision in [Precision::Fp32, Precision::Bf16] {
        engine.set_precision(Precision::Fp32, precision);
        let expected = ask(&classifier, &mut engine, &asked);
        let (light, mut packed) = Classifier::load_to_predict(&path, precision).unwrap();
        assert!(ask(&light, &mut packed, &asked) == expected, "{precision}");
        let error = light.save(&folder.path().join("b.lookalike")).unwrap_err().to_string();
        assert!(error.contains("without its body's weights"), "{error}");
    }
}

#[test]
fn averages_are_what_the_body_gives_on_average() {
    let (classifier, mut engine) = classifier(1);
    let once = Views::default();
    let row = features(&mut engine, &classifier.preprocess, &[&square(1)], once).unwrap().remove(0);
    let fastai = averages(Head::Fastai { classes: 3 }, &row);
    let linear = Architecture { head: Head::Linear { classes: 3 }, ..classifier.architecture };
    let mut plain = Cpu::new(linear.graph());
    let mut tensors = classifier.parameters.tensors().to_vec();
    tensors.truncate(linear.graph().parameters().len() - 2);
    let fresh = network::Parameters::start(&linear.graph(), 0);
    tensors.extend_from_slice(&fresh.tensors()[tensors.len()..]);
    plain.set_parameters(&network::Parameters::new(&linear.graph(), tensors).unwrap()).unwrap();
    let of_linear = features(&mut plain, &classifier.preprocess, &[&square(1)], once).unwrap();
    assert_eq!(averages(linear.head, &of_linear[0]), fastai);
}

#[test]
fn a_picture_looked_at_once_gets_the_whole_networks_logits() {
    let (classifier, mut engine) = classifier(1);
    let mut pixels = vec![0.0; SIZE * SIZE * 3];
    classifier.preprocess.normalise(&square(9), &mut pixels);
    let images = Images { pixels: &pixels, count: 1, height: SIZE, width: SIZE };
    let logits = engine.predict(images).unwrap().logits;
    let (answer, novelty, _) = ask(&classifier, &mut engine, &[square(9)]).remove(0);
    assert_eq!(answer, classifier.calibration.answer(&logits, novelty));
    let close = answer.probabilities.iter().zip(softmax(&logits));
    assert!(close.clone().all(|(a, b)| (a - b).abs() < 1e-6), "a temperature of 1");
}

#[test]
fn known_pictures_are_nearest_to_themselves_and_strange_ones_unfamiliar() {
    for views in [1, 2, 4] {
        let (mut classifier, mut engine) = classifier(views);
        let asked: Vec<Vec<u8>> = (0..8).map(square).collect();
        let told = ask(&classifier, &mut engine, &asked);
        for (i, (_, novelty, nearest)) in told.iter().enumerate() {
            assert_eq!(nearest.len(), 3);
            assert!(nearest[0].1 >= nearest[1].1 && nearest[1].1 >= nearest[2].1);
            assert!(novelty.unwrap() >= 0.0);
            if i < 6 {
                assert_eq!(nearest[0].0, format!("{i}.png"));
                assert!((nearest[0].1 - 1.0).abs() < 1e-5, "{nearest:?}");
            }
        }
        let strangest = told.iter().map(|(_, n, _)| n.unwrap()).fold(0.0, f32::max);
        classifier.calibration.novelty = Some(f64::from(strangest) - 1e-6);
        let told = ask(&classifier, &mut engine, &asked);
        let unfamiliar = told.iter().filter(|(a, ..)| a.verdict == Verdict::Unfamiliar);
        assert!(unfamiliar.clone().count() > 0);
        assert!(unfamiliar.clone().all(|(_, novelty, _)| *novelty == Some(strangest)));
        // In a batch or alone, the same.
        let alone = ask(&classifier, &mut engine, &asked[7..]).remove(0);
        let together = &told[7];
        assert_eq!(alone.0.verdict, together.0.verdict);
        assert!((alone.1.unwrap() - together.1.unwrap()).abs() < 1e-6);
        // Mirrored pictures are the same picture to one that looks both ways.
        if views == 2 {
            let back: Vec<Vec<u8>> = asked.iter().map(|square| turned(square)).collect();
            assert_eq!(ask(&classifier, &mut engine, &back), told);
        }
        classifier.reference = None;
        let (answer, novelty, nearest) = ask(&classifier, &mut engine, &asked[..1]).remove(0);
        assert!(novelty.is_none() && nearest.is_empty() && answer.verdict != Verdict::Unfamiliar);
    }
}

#[test]
fn probabilities_are_calibrated() {
    let (mut classifier, mut engine) = classifier(2);
    let before = ask(&classifier, &mut engine, &[square(8)]).remove(0).0.probabilities;
    classifier.calibration.scaling = insight::Scaling::Temperature(1e6);
    let after = ask(&classifier, &mut engine, &[square(8)]).remove(0).0.probabilities;
    assert!(after.iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-4), "{before:?} {after:?}");
    assert!(before.iter().any(|p| (p - 1.0 / 3.0).abs() > 1e-2));
}

/// What is changed, and how.
type Spoil = (&'static str, fn(&mut Classifier));

#[test]
fn the_self_test_notices_what_has_changed() {
    let (mut classifier, mut engine) = classifier(2);
    let (answer, novelty, _) = ask(&classifier, &mut engine, &[square(8)]).remove(0);
    let Answer { probabilities, .. } = answer;
    classifier.self_test = vec![SelfTest { pixels: square(8), probabilities, novelty }];
    assert_eq!(classifier.verify(&mut engine).unwrap(), 0.0);
    let spoils: [Spoil; 5] = [
        ("one look", |c| c.views.mirrored = false),
        ("more looks", |c| c.views.zoomed = true),
        ("another scale", |c| c.preprocess.std = [0.5; 3]),
        ("novelty", |c| c.reference.as_mut().unwrap().rows.fill(1.0)),
        ("a temperature", |c| {
            c.calibration =
                Calibration { scaling: insight::Scaling::Temperature(9.0), ..c.calibration.clone() }
        }),
    ];
    for (what, spoil) in spoils {
        let mut spoiled = classifier.clone();
        spoil(&mut spoiled);
        let error = spoiled.verify(&mut engine).unwrap_err();
        assert!(matches!(error, ClassifierError::SelfTest { .. }), "{what}: {error}");
        assert_eq!(error.to_string().contains("for novelty"), what == "novelty", "{error}");
    }
}

#[test]
fn a_file_its_bytes_and_its_pixels_get_the_same_answer_on_any_number_of_threads() {
    let (classifier, mut engine) = classifier(2);
    let folder = tempfile::tempdir().unwrap();
    // More than pass through the network at once.
    let squares: Vec<Vec<u8>> = (0..40).map(square).collect();
    let expected = ask(&classifier, &mut engine, &squares);
    let (width, height) = (SIZE as u32, SIZE as u32);
    let bytes = |(number, square): (usize, &Vec<u8>)| {
        let file = write(folder.path(), "one.png", square);
        (number, Picture::Bytes(std::fs::read(file).unwrap()))
    };
    let pixels = |(number, square): (usize, &Vec<u8>)| {
        let data = square.clone();
        (number, Picture::Pixels(pictures::Rgb { width, height, data }))
    };
    let bytes: Vec<_> = squares.iter().enumerate().map(bytes).collect();
    let pixels: Vec<_> = squares.iter().enumerate().map(pixels).collect();
    for threads in [1, 3] {
        for pictures in [&bytes, &pixels] {
            let pictures = pictures.clone();
            let ask = || ask_pictures(&classifier, &mut engine, pictures);
            assert!(ground::parallel::with_threads(threads, ask) == expected, "{threads} threads");
        }
    }
}

#[test]
fn what_is_no_picture_gets_its_reason_in_its_place() {
    let (classifier, engine) = classifier(1);
    let mut predictor = Predictor::new(classifier, engine).unwrap();
    let of = |width, height, len| pictures::Rgb { width, height, data: vec![9; len] };
    let pictures = [
        Picture::Bytes(b"<html>".to_vec()),
        of(1, 1, 3).into(),
        of(4, 4, 3).into(),
        of(0, 4, 0).into(),
        PathBuf::from("there is no such file.png").into(),
    ];
    let mut read = vec![];
    let pictures = pictures.into_iter().enumerate();
    let told = |number, result: Result<_, _>| read.push((number, result.is_ok()));
    predictor.predict(pictures, Explain::Nothing, &Stop::new(), told).unwrap();
    assert_eq!(read, [(0, false), (1, true), (2, false), (3, false), (4, false)]);
    let error = predictor.ask(b"GIF".to_vec(), Explain::Nothing).unwrap_err();
    assert!(error.to_string().contains("cannot be used"), "{error}");
    let heat = predictor.ask(of(8, 8, 192), Explain::Likeliest).unwrap().heat.unwrap();
    assert!(heat.class < 3 && heat.map.len() == heat.side * heat.side);
    // A class that is asked for is explained, whatever the answer is.
    let maps: Vec<_> = (0..3)
        .map(|class| predictor.ask(of(8, 8, 192), Explain::Class(class)).unwrap().heat.unwrap())
        .collect();
    assert!(maps.iter().enumerate().all(|(class, map)| map.class == class));
    assert_eq!(maps[heat.class].map, heat.map);
    assert!(maps[0].map != maps[1].map);
}

/// Weights may be finite and sound one by one, and still overflow on a picture.
#[test]
fn enormous_weights_give_no_answer_that_is_not_a_number() {
    let (good, _) = classifier(1);
    let mut refused = 0;
    for index in 0..good.parameters.tensors().len() {
        for value in [3e38, -3e38, 1e-38] {
            let mut spoilt = good.clone();
            spoilt.parameters.tensor_mut(index).data.fill(value);
            let engine = engine_of(&spoilt);
            let mut predictor = Predictor::new(spoilt, engine).unwrap();
            let side = SIZE as u32;
            let pixels = pictures::Rgb { width: side, height: side, data: square(9) };
            match predictor.ask(pixels, Explain::Nothing) {
                Err(ClassifierError::NotANumber) => refused += 1,
                Err(error) => panic!("tensor {index} of {value}: {error}"),
                Ok(said) => {
                    let numbers = said.logits.iter().chain(&said.answer.probabilities);
                    assert!(
                        numbers.chain(&said.novelty).all(|x| x.is_finite()),
                        "{index}: {value}"
                    );
                }
            }
        }
    }
    assert!(refused > 10, "{refused}");
}
