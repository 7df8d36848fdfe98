//! A new classifier, put together from what a run of training hands over: it chooses the pictures
//! that the report will show, fits the calibration and makes the self-test.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use engine::Engine;
use ground::parallel;
use insight::stats::first_of_largest;
use insight::{Calibration, HeldOut, RunRecord, Sample, spread};
use network::{Architecture, Parameters};
use pictures::{Dataset, Item, Preprocess, Side, practice};

use crate::answer::Answerer;
use crate::{
    Classifier, ClassifierError, Data, Known, Learned, Made, Prediction, Reference, SelfTest, Used,
    Views, softmax, thumbnail,
};

/// What a run of training hands over for a new classifier: the network, the record of the run, and
/// the pictures.
#[derive(Debug)]
pub struct Material<'a> {
    /// The network, by name.
    pub architecture: Architecture,
    /// How a picture became its input.
    pub preprocess: Preprocess,
    /// What its features are averaged over.
    pub views: Views,
    /// Its weights.
    pub parameters: Parameters,
    /// The settings, as the recipe writes them.
    pub recipe: serde_json::Value,
    /// Which program and which pretrained weights made it.
    pub made: Made,
    /// What is known of the run. Names of held-out pictures, thumbnails and samples are filled in
    /// here.
    pub record: RunRecord,
    /// The index in the dataset of each of the record's held-out pictures.
    pub held_out: &'a [usize],
    /// The pictures.
    pub data: &'a Dataset,
    /// The folder that their names are relative to.
    pub folder: &'a Path,
    /// Features of training pictures, to compare new pictures with.
    pub reference: Option<Learned>,
    /// The features of the self-test's pictures ([`self_tested`]), where they are known; without
    /// them the engine computes them.
    pub features: Option<Vec<Vec<f32>>>,
}

/// Samples of a class that the report shows.
const SAMPLES: usize = 8;
/// Samples of all classes together.
const ALL_SAMPLES: usize = 800;
/// Wrong pictures that the report shows.
const WRONG: usize = 200;
/// Right ones that it shows because the network was unsure.
const UNSURE: usize = 24;
/// Pictures that are kept small for the report's map, beside those above.
const MAPPED: usize = 600;
/// Pictures of the self-test.
const SELF_TEST: usize = 4;

impl Material<'_> {
    /// Puts the classifier together: chooses the pictures that its report will show, fits the
    /// calibration on the held-out logits, and makes the self-test, for which `engine` holds the
    /// body's weights.
    ///
    /// # Errors
    /// When the engine's network is not the one named.
    ///
    /// # Panics
    /// When features are known of more or fewer pictures than the self-test is of, or there are not
    /// as many indices as held-out pictures.
    pub fn build(self, engine: &mut dyn Engine) -> Result<Classifier, ClassifierError> {
        let Self { mut parameters, mut record, held_out, data, folder, .. } = self;
        assert_eq!(held_out.len(), record.held_out.len(), "an index for each held-out picture");
        // Loading does so too.
        parameters.flush();
        let mut album = Album { data, folder, thumbnails: BTreeMap::new(), jpegs: vec![] };
        record.samples = album.samples()?;
        let shown = shown(data, &record.held_out, held_out);
        album.draw(&shown)?;
        for (one, &picture) in record.held_out.iter_mut().zip(held_out) {
            one.picture = album.name(picture);
            one.thumbnail =
                album.thumbnails.get(&picture).copied().filter(|_| shown.contains(&picture));
        }
        let mut classifier = Classifier {
            architecture: self.architecture,
            classes: data.classes.clone(),
            preprocess: self.preprocess,
            views: self.views,
            parameters,
            recipe: self.recipe,
            made: self.made,
            data: Data { pictures: data.items.iter().map(used).collect() },
            calibration: Calibration::of(&record),
            record,
            reference: self.reference.and_then(|learned| album.reference(learned)),
            thumbnails: album.jpegs,
            self_test: vec![],
        };
        classifier.self_test = self_test(data, &classifier, self.features.as_deref(), engine)?;
        Ok(classifier)
    }
}

fn used(item: &Item) -> Used {
    Used { digest: item.digest, label: item.label, side: item.side }
}

fn square(data: &Dataset, picture: usize) -> Result<Vec<u8>, ClassifierError> {
    let mut pixels = vec![0; data.size() * data.size() * 3];
    data.read(picture, &mut pixels)?;
    Ok(pixels)
}

/// The thumbnails made so far; a picture that is shown twice has one.
struct Album<'a> {
    data: &'a Dataset,
    folder: &'a Path,
    thumbnails: BTreeMap<usize, usize>,
    jpegs: Vec<Vec<u8>>,
}

impl Album<'_> {
    /// A picture's path as a reader knows it.
    fn name(&self, picture: usize) -> String {
        let path = self.data.items[picture].place.name();
        path.strip_prefix(self.folder).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// The index of a picture's thumbnail.
    fn thumbnail(&mut self, picture: usize) -> Result<usize, ClassifierError> {
        if let Some(&index) = self.thumbnails.get(&picture) {
            return Ok(index);
        }
        let kept = self.data.absent(picture).and_then(|absent| absent.thumbnail.clone());
        let jpeg = match kept {
            Some(jpeg) => jpeg,
            None => thumbnail(&square(self.data, picture)?, self.data.size()),
        };
        Ok(self.add(picture, jpeg))
    }

    fn add(&mut self, picture: usize, jpeg: Vec<u8>) -> usize {
        self.jpegs.push(jpeg);
        self.thumbnails.insert(picture, self.jpegs.len() - 1);
        self.jpegs.len() - 1
    }

    /// Whether a picture can be shown: not every one whose file is gone can.
    fn shows(&self, picture: usize) -> bool {
        let kept = |absent: &pictures::Absent| absent.thumbnail.is_some();
        self.data.present().contains(&picture) || self.data.absent(picture).is_some_and(kept)
    }

    /// Makes the thumbnails of all these pictures, several at a time.
    fn draw(&mut self, pictures: &BTreeSet<usize>) -> Result<(), ClassifierError> {
        let missing = pictures.iter().copied().filter(|p| !self.thumbnails.contains_key(p));
        let (gone, missing): (Vec<usize>, Vec<usize>) =
            missing.filter(|&p| self.shows(p)).partition(|&p| self.data.absent(p).is_some());
        gone.into_iter().try_for_each(|picture| self.thumbnail(picture).map(|_| ()))?;
        let (data, size) = (self.data, self.data.size());
        let jpeg = |at: usize| square(data, missing[at]).map(|pixels| thumbnail(&pixels, size));
        let mut drawn: Vec<_> = missing.iter().map(|_| None).collect();
        parallel::stream(missing.len(), parallel::threads(), &|| false, jpeg, |at, jpeg| {
            drawn[at] = Some(jpeg);
            ControlFlow::Continue(())
        });
        for (picture, jpeg) in missing.into_iter().zip(drawn.into_iter().flatten()) {
            self.add(picture, jpeg?);
        }
        Ok(())
    }

    /// The pictures trained on, by name; `None` where there is none.
    fn reference(&self, learned: Learned) -> Option<Reference> {
        let Learned { pictures, width, rows } = learned;
        let known = |&picture: &usize| Known {
            picture: self.name(picture),
            label: self.data.items[picture].label,
            thumbnail: self.thumbnails.get(&picture).copied(),
        };
        let pictures: Vec<Known> = pictures.iter().map(known).collect();
        (!pictures.is_empty()).then_some(Reference { pictures, width, rows })
    }

    /// A few pictures of each class that were trained on.
    fn samples(&mut self) -> Result<Vec<Sample>, ClassifierError> {
        let items = &self.data.items;
        let most = (ALL_SAMPLES / self.data.classes.len().max(1)).clamp(1, SAMPLES);
        let mut of_class = vec![vec![]; self.data.classes.len()];
        let train = self.data.indices(Side::Train).into_iter();
        for picture in train.filter(|&picture| self.shows(picture)) {
            of_class[items[picture].label].push(picture);
        }
        let mut samples = vec![];
        for (class, pictures) in of_class.iter().enumerate() {
            for picture in spread(pictures.len(), most).map(|i| pictures[i]) {
                let thumbnail = self.thumbnail(picture)?;
                samples.push(Sample { class, picture: self.name(picture), thumbnail });
            }
        }
        Ok(samples)
    }
}

/// The judged pictures that a reader wants to see: the wrong ones, those right ones of which the
/// network was least sure, and an even choice of the others on the map.
fn shown(data: &Dataset, held_out: &[HeldOut], indices: &[usize]) -> BTreeSet<usize> {
    let judged = held_out.iter().zip(indices).map(|(one, &picture)| {
        let (label, odds) = (data.items[picture].label, softmax(&one.logits));
        (first_of_largest(&odds) == label, odds[label], picture)
    });
    let (mut right, mut wrong): (Vec<_>, Vec<_>) = judged.partition(|(right, ..)| *right);
    for (side, most) in [(&mut right, UNSURE), (&mut wrong, WRONG)] {
        side.sort_by(|a, b| a.1.total_cmp(&b.1));
        side.truncate(most);
    }
    let mut shown: BTreeSet<usize> =
        right.iter().chain(&wrong).map(|&(.., picture)| picture).collect();
    let mapped = held_out.iter().zip(indices).filter(|(one, _)| one.place.is_some());
    let mapped: Vec<usize> =
        mapped.map(|(_, &picture)| picture).filter(|picture| !shown.contains(picture)).collect();
    shown.extend(spread(mapped.len(), MAPPED).map(|at| mapped[at]));
    shown
}

/// Which pictures of a dataset the self-test is of.
#[must_use]
pub fn self_tested(data: &Dataset) -> Vec<usize> {
    spread(data.present().len(), SELF_TEST).collect()
}

fn self_test(
    data: &Dataset,
    classifier: &Classifier,
    features: Option<&[Vec<f32>]>,
    engine: &mut dyn Engine,
) -> Result<Vec<SelfTest>, ClassifierError> {
    let own = self_tested(data);
    let pictures = own.iter().map(|&picture| square(data, picture));
    let mut pictures = pictures.collect::<Result<Vec<_>, _>>()?;
    // Where no file is at hand, drawn pictures stand in: the test is of the program, not of them.
    let features = features.filter(|_| !own.is_empty());
    if own.is_empty() {
        let preprocess = &classifier.preprocess;
        let drawn = |number| practice::example(preprocess.size as u32, number);
        pictures.extend((0..SELF_TEST).map(|number| preprocess.pixels(&drawn(number))));
    }
    let squares: Vec<&[u8]> = pictures.iter().map(Vec::as_slice).collect();
    let mut answerer = Answerer::of(classifier)?;
    let answers = match features {
        Some(features) => {
            assert_eq!(features.len(), pictures.len(), "features of the self-test's pictures");
            answerer.of_features(classifier, features, &[])?
        }
        None => answerer.answers(classifier, engine, &squares, &[])?,
    };
    let tests = pictures.into_iter().zip(answers);
    let test = |(pixels, prediction): (Vec<u8>, Prediction<'_>)| SelfTest {
        pixels,
        probabilities: prediction.answer.probabilities,
        novelty: prediction.novelty,
    };
    Ok(tests.map(test).collect())
}
