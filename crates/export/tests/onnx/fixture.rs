//! Small classifiers with invented weights whose answers are not all alike.

use std::path::{Path, PathBuf};

use classifier::{Classifier, Data, Known, Made, Predictor, Reference, SelfTest, Views, averages};
use engine::Cpu;
use ground::Stop;
use ground::random::{Draws, Purpose};
use insight::{Calibration, HeldOut, RunRecord, Scaling};
use network::{Architecture, Backbone, Head, Parameters, Role};
use pictures::{Preprocess, Rgb, practice};
use weights::safetensors::as_bf16;

/// Classes of every classifier here.
pub(crate) const CLASSES: usize = 3;
/// Rows that pictures are compared with.
const KNOWN: usize = 12;

/// What sets a classifier apart.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) backbone: Backbone,
    pub(crate) head: Head,
    pub(crate) views: usize,
    pub(crate) size: usize,
    pub(crate) short_side: usize,
    pub(crate) vector: bool,
}

impl Kind {
    /// A small network with one layer as its head, which sees two views of 32 pixels a side.
    pub(crate) const PLAIN: Self = Self {
        backbone: Backbone::Small,
        head: Head::Linear { classes: CLASSES },
        views: 2,
        size: 32,
        short_side: 32,
        vector: false,
    };
}

/// A picture unlike one with another salt: a drawn one, again and again if it is large.
pub(crate) fn picture(width: u32, height: u32, salt: usize) -> Rgb {
    let drawn = practice::example(width.max(height).clamp(16, 64), salt);
    let at = |x: u32, y: u32| ((y % drawn.height * drawn.width + x % drawn.width) * 3) as usize;
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let data = rows.flat_map(|(x, y)| drawn.data[at(x, y)..][..3].to_vec()).collect();
    Rgb { width, height, data }
}

/// Parameters whose norms do something.
fn parameters(architecture: Architecture) -> Parameters {
    let graph = architecture.graph();
    let mut parameters = Parameters::start(&graph, 11);
    for (index, parameter) in graph.parameters().iter().enumerate() {
        let mut draws = Draws::new(5, Purpose::Init, &[1000 + index as u64]);
        let (low, high) = match parameter.role {
            Role::NormWeight => (0.5, 1.5),
            Role::RunningVariance => (0.5, 2.0),
            Role::NormBias | Role::RunningMean | Role::Bias => (-0.2, 0.2),
            Role::Weight => continue,
        };
        let data = parameters.tensor_mut(index).data.iter_mut();
        data.for_each(|x| *x = draws.range(low, high) as f32);
    }
    parameters
}

/// A classifier of a kind, with a reference, thresholds in the midst of its answers, and a self-test.
pub(crate) fn classifier(kind: Kind) -> Classifier {
    let Kind { backbone, head, views, size, short_side, vector } = kind;
    let architecture = Architecture { backbone, head };
    let classes: Vec<String> = ["ant", "bee's", "crow"].map(String::from).to_vec();
    let square = Preprocess::square(backbone.preprocessing(), size);
    let held_out = HeldOut { logits: vec![1.0, 0.0, 0.0], ..HeldOut::default() };
    let record =
        RunRecord { classes: classes.clone(), held_out: vec![held_out], ..RunRecord::default() };
    let mut classifier = Classifier {
        architecture,
        preprocess: Preprocess { short_side, ..square },
        views: Views::of(views).unwrap(),
        parameters: parameters(architecture),
        recipe: serde_json::json!({}),
        made: Made { program: "0.1.0".into(), pretrained: None },
        data: Data::default(),
        calibration: Calibration {
            thresholds: vec![0.0; CLASSES],
            own_threshold: vec![false; CLASSES],
            ..Calibration::of(&RunRecord::default())
        },
        record,
        reference: None,
        thumbnails: vec![],
        self_test: vec![],
        classes,
    };
    let pictures: Vec<Rgb> = (0..KNOWN).map(|n| picture(48 + n as u32, 60, 40 + n)).collect();
    let examined = examined(&classifier, &pictures);
    let rows = examined.iter().flat_map(|(_, features)| averages(head, features).to_vec());
    let rows: Vec<f32> = rows.map(as_bf16).collect();
    let known =
        |n: usize| Known { picture: format!("{n}.jpg"), label: n % CLASSES, thumbnail: None };
    let pictures_known = (0..KNOWN).map(known).collect();
    let width = rows.len() / KNOWN;
    classifier.reference = Some(Reference { pictures: pictures_known, width, rows });
    // Logits of invented weights are far apart; answers should be near the thresholds.
    let spread = examined.iter().flat_map(|(logits, _)| logits).fold(0.0f32, |a, x| a.max(x.abs()));
    let temperature = f64::from(spread) / 2.0;
    classifier.calibration.scaling = match vector {
        false => Scaling::Temperature(temperature),
        true => Scaling::Vector {
            factors: (0..CLASSES).map(|c| (1.0 + 0.1 * c as f64) / temperature).collect(),
            shifts: (0..CLASSES).map(|c| 0.1 * c as f64).collect(),
        },
    };
    classifier.calibration.thresholds = vec![0.35, 0.3, 0.4];
    classifier.calibration.novelty = Some(0.02);
    classifier.self_test = self_test(&classifier, &pictures);
    classifier
}

/// Logits and features of pictures.
fn examined(classifier: &Classifier, pictures: &[Rgb]) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut found = vec![];
    let all = pictures.iter().map(|rgb| ((), rgb.clone().into()));
    predictor(classifier)
        .examine(all.collect::<Vec<_>>(), &Stop::new(), |(), examined| {
            let (prediction, features) = examined.unwrap();
            found.push((prediction.logits, features));
        })
        .unwrap();
    found
}

/// The classifier with an engine.
pub(crate) fn predictor(classifier: &Classifier) -> Predictor {
    let engine = Cpu::with(classifier.graph(), &classifier.parameters).unwrap();
    Predictor::new(classifier.clone(), engine).unwrap()
}

/// Two squares with their answers. Only where a square of pixels stays as it is does a prediction
/// tell them.
fn self_test(classifier: &Classifier, pictures: &[Rgb]) -> Vec<SelfTest> {
    let Preprocess { size, short_side, .. } = classifier.preprocess;
    if short_side != size {
        return vec![];
    }
    let mut predictor = predictor(classifier);
    let tests = pictures.iter().take(2).map(|rgb| {
        let pixels = classifier.preprocess.pixels(rgb);
        let side = size as u32;
        let square = Rgb { width: side, height: side, data: pixels.clone() };
        let answer = predictor.ask(square, classifier::Explain::Nothing).unwrap();
        SelfTest { pixels, probabilities: answer.answer.probabilities, novelty: answer.novelty }
    });
    tests.collect()
}

/// Saves a classifier of a kind.
pub(crate) fn saved(folder: &Path, kind: Kind) -> (PathBuf, Classifier) {
    let classifier = classifier(kind);
    let path = folder.join("birds.lookalike");
    classifier.save(&path).unwrap();
    (path, classifier)
}
