//! A classifier with the engine that runs it: files, bytes or pixels in, answers out.
//!
//! Pictures are decoded on all cores while the network runs on those before them. Answers come in
//! the pictures' order and are the same for any number of threads; how many pictures are decoded at
//! a time is bounded by their memory ([`DecodePermit`]), and how many wait, by their number.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use engine::Cpu;
use ground::parallel::ordered;
use ground::{Digest, Precision, Stop};
use insight::{Calibration, Promise};
use pictures::{DecodePermit, Limits, Place, Preprocess, Reason, Rgb};

use crate::answer::Answerer;
use crate::features::{BATCH, features};
use crate::{Classifier, ClassifierError, Heat, Prediction, Views, heat_maps};

/// A picture to ask about.
#[derive(Clone, Debug)]
pub enum Picture {
    /// A file or a part of one, read and decoded when its turn comes.
    At(Place),
    /// The bytes of a file in any format that is read.
    Bytes(Vec<u8>),
    /// Pixels.
    Pixels(Rgb),
}

impl From<Place> for Picture {
    fn from(place: Place) -> Self {
        Self::At(place)
    }
}

impl From<PathBuf> for Picture {
    fn from(file: PathBuf) -> Self {
        Self::At(file.into())
    }
}

impl From<&Path> for Picture {
    fn from(file: &Path) -> Self {
        Self::At(file.into())
    }
}

impl From<Vec<u8>> for Picture {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Rgb> for Picture {
    fn from(pixels: Rgb) -> Self {
        Self::Pixels(pixels)
    }
}

/// Which class a heat map explains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Explain {
    /// No heat map.
    #[default]
    Nothing,
    /// The class that the answer names first ([`Prediction::named`]).
    Named,
    /// The likeliest class ([`Prediction::likeliest`]).
    Likeliest,
    /// The class of this number, whatever the answer is.
    Class(usize),
}

/// A classifier with the engine that runs it.
pub struct Predictor {
    classifier: Classifier,
    engine: Cpu,
    answerer: Answerer,
}

impl Predictor {
    /// Reads a classifier from its file, to be asked in fp32.
    ///
    /// # Errors
    /// When the file is refused.
    pub fn load(path: &Path) -> Result<Self, ClassifierError> {
        let (classifier, engine) = Classifier::load_to_predict(path, Precision::Fp32)?;
        Self::new(classifier, engine)
    }

    /// Reads a classifier to be asked in these numbers. Heat maps are made in fp32 whatever answers
    /// are, and weights packed for bf16 alone will not do for them: `explains` keeps both.
    ///
    /// # Errors
    /// When the file is refused.
    pub fn load_in(
        path: &Path,
        precision: Precision,
        explains: bool,
    ) -> Result<Self, ClassifierError> {
        if !explains || precision == Precision::Fp32 {
            let (classifier, engine) = Classifier::load_to_predict(path, precision)?;
            return Self::new(classifier, engine);
        }
        let classifier = Classifier::load(path)?;
        let mut engine = Cpu::with(classifier.graph(), &classifier.parameters)?;
        engine.set_precision(Precision::Fp32, precision);
        Self::new(classifier, engine)
    }

    /// Reads a classifier from the bytes of its file, which messages call `path`, to be asked in fp32.
    ///
    /// # Errors
    /// When they are refused.
    pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ClassifierError> {
        let (classifier, engine) = Classifier::of_bytes_to_predict(path, bytes, Precision::Fp32)?;
        Self::new(classifier, engine)
    }

    /// A classifier with an engine that holds its weights.
    ///
    /// # Errors
    /// When the classifier lacks its head's weights.
    pub fn new(classifier: Classifier, engine: Cpu) -> Result<Self, ClassifierError> {
        let answerer = Answerer::of(&classifier)?;
        Ok(Self { classifier, engine, answerer })
    }

    /// The classifier. Of a loaded one the backbone's weights are the engine's alone.
    #[must_use]
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Answers with another promise from now on: its thresholds come from the pictures that were held
    /// out, as those of the first one did.
    pub fn promise(&mut self, promise: &Promise) {
        let fitted = Calibration::promising(&self.classifier.record, promise);
        let own = &mut self.classifier.calibration;
        *own = Calibration { scaling: own.scaling.clone(), neighbours: own.neighbours, ..fitted };
    }

    /// Runs the self-test.
    ///
    /// # Errors
    /// When an answer is not what it was when the classifier was saved.
    pub fn verify(&mut self) -> Result<f32, ClassifierError> {
        self.classifier.verify(&mut self.engine)
    }

    /// The engine, to measure where its time goes.
    pub fn engine(&mut self) -> &mut Cpu {
        &mut self.engine
    }

    /// The classifier and the engine.
    #[must_use]
    pub fn into_parts(self) -> (Classifier, Cpu) {
        (self.classifier, self.engine)
    }

    /// The answer on one picture.
    ///
    /// # Errors
    /// [`ClassifierError::Unreadable`] when it cannot be read or is not a picture.
    pub fn ask(
        &mut self,
        picture: impl Into<Picture>,
        explain: Explain,
    ) -> Result<Prediction<'_>, ClassifierError> {
        let mut answer = Err(ClassifierError::Unreadable(Reason::Empty));
        self.predict([((), picture.into())], explain, &Stop::new(), |(), result| {
            answer = result.map_err(ClassifierError::Unreadable);
        })?;
        answer
    }

    /// Says what pictures show, in their order, each as soon as it is known. A picture comes with a
    /// key, such as its path, which comes back with its answer, or with the reason why it cannot be
    /// read. Ends early once a stop is asked for.
    ///
    /// # Errors
    /// When the engine's network is not the classifier's.
    pub fn predict<'p, K: Send>(
        &'p mut self,
        pictures: impl IntoIterator<Item = (K, Picture), IntoIter: Send>,
        explain: Explain,
        stop: &Stop,
        mut answered: impl FnMut(K, Result<Prediction<'p>, Reason>),
    ) -> Result<(), ClassifierError> {
        let Self { classifier, engine, answerer } = self;
        let classifier: &'p Classifier = classifier;
        batches(&classifier.preprocess, pictures, stop, |batch| {
            let (squares, files) = (squares(&batch), files(&batch));
            let mut answers = answerer.answers(classifier, engine, &squares, &files)?;
            add_heat(engine, classifier, &squares, explain, &mut answers)?;
            give(batch, answers, &mut answered);
            Ok(())
        })
    }

    /// The answers on pictures that are decoded already, each [at the network's size](square), in their order.
    ///
    /// # Errors
    /// When a square has another size, or the engine's network is not the classifier's.
    pub fn answers(
        &mut self,
        squares: &[&Square],
        explain: Explain,
    ) -> Result<Vec<Prediction<'_>>, ClassifierError> {
        let Self { classifier, engine, answerer } = self;
        let classifier: &Classifier = classifier;
        let pixels: Vec<&[u8]> = squares.iter().map(|square| &*square.pixels).collect();
        let files: Vec<Option<Digest>> = squares.iter().map(|square| square.file).collect();
        let mut answers = answerer.answers(classifier, engine, &pixels, &files)?;
        add_heat(engine, classifier, &pixels, explain, &mut answers)?;
        Ok(answers)
    }

    /// Says what pictures show, and hands over their features too: what the head sees of them, averaged
    /// over the classifier's views. Otherwise like [`Predictor::predict`].
    ///
    /// # Errors
    /// When the engine's network is not the classifier's.
    pub fn examine<'p, K: Send>(
        &'p mut self,
        pictures: impl IntoIterator<Item = (K, Picture), IntoIter: Send>,
        stop: &Stop,
        mut examined: impl FnMut(K, Result<(Prediction<'p>, Vec<f32>), Reason>),
    ) -> Result<(), ClassifierError> {
        let Self { classifier, engine, answerer } = self;
        let classifier: &'p Classifier = classifier;
        batches(&classifier.preprocess, pictures, stop, |batch| {
            let squares = squares(&batch);
            let rows = features(engine, &classifier.preprocess, &squares, classifier.views)?;
            let answers = answerer.of_features(classifier, &rows, &files(&batch))?;
            give(batch, answers.into_iter().zip(rows).collect(), &mut examined);
            Ok(())
        })
    }

    /// The features of pictures: what the head sees of them, averaged over the classifier's views.
    /// Otherwise like [`Predictor::predict`].
    ///
    /// # Errors
    /// When the engine's network is not the classifier's, or has no features.
    pub fn features<K: Send>(
        &mut self,
        pictures: impl IntoIterator<Item = (K, Picture), IntoIter: Send>,
        stop: &Stop,
        mut extracted: impl FnMut(K, Result<Vec<f32>, Reason>),
    ) -> Result<(), ClassifierError> {
        let Self { classifier, engine, .. } = self;
        extract(engine, &classifier.preprocess, classifier.views, pictures, stop, &mut extracted)
    }
}

/// The features that a network's backbone has of pictures: what a head would see of them, averaged over
/// the views. Each comes with its key, or with the reason why it cannot be read, in the pictures'
/// order; ends early once a stop is asked for.
///
/// # Errors
/// When the engine's network does not take such pictures, or has no features.
pub fn extract<K: Send>(
    engine: &mut Cpu,
    preprocess: &Preprocess,
    views: Views,
    pictures: impl IntoIterator<Item = (K, Picture), IntoIter: Send>,
    stop: &Stop,
    extracted: &mut impl FnMut(K, Result<Vec<f32>, Reason>),
) -> Result<(), ClassifierError> {
    batches(preprocess, pictures, stop, |batch| {
        let rows = features(engine, preprocess, &squares(&batch), views)?;
        give(batch, rows, extracted);
        Ok(())
    })
}

/// A picture at a network's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Square {
    /// `size × size × 3` bytes, RGB8.
    pub pixels: Vec<u8>,
    /// The digest that names it ([`Place::digest`]), if it has a file.
    pub file: Option<Digest>,
}

/// A picture's key, and what was read of it.
type Decoded<K> = (K, Result<Square, Reason>);

/// Decodes pictures on all cores and hands them over in order, as many at a time as pass through the
/// network together.
fn batches<K: Send>(
    preprocess: &Preprocess,
    pictures: impl IntoIterator<Item = (K, Picture), IntoIter: Send>,
    stop: &Stop,
    mut run: impl FnMut(Vec<Decoded<K>>) -> Result<(), ClassifierError>,
) -> Result<(), ClassifierError> {
    let (mut batch, mut failed) = (vec![], None);
    let decode = |(key, picture)| (key, square(picture, preprocess));
    let threads = ground::parallel::threads();
    ordered(pictures.into_iter(), threads, 2 * BATCH, &|| stop.asked(), decode, |decoded| {
        batch.push(decoded);
        if batch.len() == BATCH {
            failed = run(std::mem::take(&mut batch)).err();
        }
        if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match failed {
        Some(error) => Err(error),
        None if stop.asked() || batch.is_empty() => Ok(()),
        None => run(batch),
    }
}

/// A picture at the network's size, as [`Predictor::answers`] takes it. Blocks while other pictures that are being decoded take all
/// the memory that they may take together ([`DecodePermit`]).
///
/// # Errors
/// With the reason why it cannot be used.
pub fn square(picture: Picture, preprocess: &Preprocess) -> Result<Square, Reason> {
    let limits = Limits::default();
    match picture {
        Picture::At(place) => {
            let detail = preprocess.detail();
            let (decoded, file, _permit) = pictures::read_with_permit(&place, &limits, detail)?;
            Ok(Square { pixels: preprocess.pixels(&decoded.picture), file: Some(file) })
        }
        Picture::Bytes(bytes) => {
            let detail = preprocess.detail();
            let _permit = DecodePermit::for_picture(&bytes, detail);
            let decoded = pictures::decode_for(&bytes, &limits, detail)?;
            let file = Some(Digest::of(&bytes));
            Ok(Square { pixels: preprocess.pixels(&decoded.picture), file })
        }
        Picture::Pixels(Rgb { width: 0, .. } | Rgb { height: 0, .. }) => Err(Reason::Empty),
        Picture::Pixels(rgb) => {
            let Rgb { width, height, data } = &rgb;
            if data.len() as u64 != 3 * u64::from(*width) * u64::from(*height) {
                let found = data.len();
                let words = format!("{width}×{height} RGB pixels are not {found} bytes");
                return Err(Reason::Broken(words));
            }
            Ok(Square { pixels: preprocess.pixels(&rgb), file: None })
        }
    }
}

/// The pictures of a batch that could be read.
fn squares<K>(batch: &[Decoded<K>]) -> Vec<&[u8]> {
    batch.iter().filter_map(|(_, read)| read.as_ref().ok().map(|read| &*read.pixels)).collect()
}

/// The SHA-256 of their files.
fn files<K>(batch: &[Decoded<K>]) -> Vec<Option<Digest>> {
    batch.iter().filter_map(|(_, read)| read.as_ref().ok().map(|read| read.file)).collect()
}

/// Hands each picture's result over, or why it could not be read.
fn give<K, T>(batch: Vec<Decoded<K>>, results: Vec<T>, to: &mut impl FnMut(K, Result<T, Reason>)) {
    let mut results = results.into_iter();
    for (key, square) in batch {
        let result = match square {
            Ok(_) => results.next().ok_or(Reason::Empty),
            Err(reason) => Err(reason),
        };
        to(key, result);
    }
}

/// Adds to each answer where the network found what speaks for the class to explain.
fn add_heat(
    engine: &mut Cpu,
    classifier: &Classifier,
    squares: &[&[u8]],
    explain: Explain,
    answers: &mut [Prediction<'_>],
) -> Result<(), ClassifierError> {
    let class = |answer: &Prediction<'_>| match explain {
        Explain::Class(class) => class,
        Explain::Likeliest => answer.likeliest(),
        Explain::Nothing | Explain::Named => answer.named(),
    };
    if explain == Explain::Nothing {
        return Ok(());
    }
    let classes: Vec<usize> = answers.iter().map(class).collect();
    let Classifier { preprocess, views, .. } = classifier;
    let maps = heat_maps(engine, preprocess, squares, &classes, views.mirrored)?;
    let (size, side) = (preprocess.size, maps.width);
    for (((answer, square), map), class) in
        answers.iter_mut().zip(squares).zip(maps.each()).zip(classes)
    {
        answer.heat = Some(Heat { class, square: square.to_vec(), size, map: map.to_vec(), side });
    }
    Ok(())
}
