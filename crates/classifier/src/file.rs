//! A classifier as a safetensors file.
//!
//! Tensors: the network's parameters by name (filters as 8-bit integers and their scales where that
//! loses nothing, as it does for embedded weights that were not trained further), `record` (JSON), `reference` (bfloat16), `thumbnails`
//! and `selftest.pixels`.
//! Metadata: `format` (name, version, digests) and `classifier` (what it is, JSON). What grows
//! with the number of pictures stands in the record, so that the header stays short.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::{Cpu, EngineError, Packing};
use ground::Precision;
use ground::files::{Disk, Files};
use ground::{Digest, Hash};
use insight::{Calibration, RunRecord};
use network::{Architecture, Graph, Parameters, Role, Tensor};
use pictures::{Preprocess, Side};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use weights::safetensors::{self, Dtype, File, Source, TensorRef, Values, content_digest};
use weights::{Compact, WeightsError, hand_over, load_with_digest};

use crate::sound::{unsound_classes, unsound_preprocess};
use crate::{
    Classifier, ClassifierError, Data, Known, Limits, Made, Reference, SelfTest, Used, VERSION,
    Views,
};

const NAME: &str = "lookalike";
/// The function that makes the digests.
const HASH: Hash = Hash::Blake3;
const RECORD: &str = "record";
const REFERENCE: &str = "reference";
const THUMBNAILS: &str = "thumbnails";
const SELF_TEST: &str = "selftest.pixels";

/// What the file is, so that any version of the program can say so.
#[derive(Serialize, Deserialize)]
struct Format {
    name: String,
    version: u64,
}

/// What vouches for the rest in this version.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    name: String,
    version: u64,
    /// The digest of the metadata's `classifier`.
    classifier: String,
    /// [`content_digest`] of all tensors.
    payload: String,
}

/// What the classifier is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    architecture: Architecture,
    classes: Vec<String>,
    preprocess: Preprocess,
    views: Views,
    recipe: serde_json::Value,
    made: Made,
}

/// What grows with the number of pictures.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// SHA-256, class and side of each picture.
    pictures: Vec<(String, usize, Side)>,
    record: RunRecord,
    calibration: Calibration,
    /// Path, class and thumbnail of each picture of the reference.
    reference: Vec<(String, usize, Option<usize>)>,
    /// Bytes of each thumbnail.
    thumbnails: Vec<usize>,
    /// Probabilities and novelty of each picture of the self-test.
    self_test: Vec<(Vec<f32>, Option<f32>)>,
}

/// Bytes in a row of a tensor of bytes: safetensors readers limit each dimension.
const ROW: usize = 4096;

/// Bytes in whole rows, and the shape of their tensor.
fn rows(mut bytes: Vec<u8>, filler: u8) -> (Vec<u8>, [usize; 2]) {
    let rows = bytes.len().div_ceil(ROW).max(1);
    bytes.resize(rows * ROW, filler);
    (bytes, [rows, ROW])
}

impl Classifier {
    /// Writes the classifier to a file, whole or not at all. The same classifier gives the same
    /// bytes.
    ///
    /// # Errors
    /// When a weight is not finite, when [`Classifier::load`] would refuse the file, or when
    /// writing fails; the file is then as it was.
    pub fn save(&self, path: &Path) -> Result<(), ClassifierError> {
        self.save_on(&Disk, path)
    }

    /// Like [`Classifier::save`], on any [`Files`].
    ///
    /// # Errors
    /// See [`Classifier::save`].
    pub fn save_on(&self, files: &dyn Files, path: &Path) -> Result<(), ClassifierError> {
        let graph = self.graph();
        let unsound = |reason| ClassifierError::Unsound { path: path.to_owned(), reason };
        if let Some(reason) = self.unsound() {
            return Err(unsound(reason));
        }
        if self.parameters.tensors().len() != graph.parameters().len() {
            return Err(unsound("it was loaded to predict, without its body's weights".into()));
        }
        if let Some(name) = self.parameters.first_not_finite(&graph) {
            let (path, name) = (path.to_owned(), name.to_owned());
            return Err(WeightsError::NotFinite { path, name }.into());
        }
        if let Some((name, value)) = negative_variance(&graph, &self.parameters) {
            let (path, name) = (path.to_owned(), name.to_owned());
            return Err(WeightsError::NegativeVariance { path, name, value }.into());
        }
        let description = json(path, "description", &self.description())?;
        let (record, record_shape) = rows(json(path, RECORD, &self.contents())?.into_bytes(), b' ');
        if record.len() > Limits::DEFAULT.max_record_bytes {
            let (path, bytes) = (path.to_owned(), record.len());
            return Err(ClassifierError::TooLarge { path, bytes });
        }
        let (thumbnails, thumbnails_shape) = rows(self.thumbnails.concat(), 0);
        let pixels: Vec<u8> = self.self_test.iter().flat_map(|t| &t.pixels).copied().collect();
        let pixels_shape = [self.self_test.len(), self.preprocess.size, self.preprocess.size, 3];

        let compact = Compact::of(&graph, &self.parameters);
        let mut tensors = compact.tensors();
        let mut bytes = |name, shape, bytes| {
            tensors.push(TensorRef { name, shape, values: Values::U8(bytes) });
        };
        bytes(RECORD, &record_shape[..], &record);
        bytes(THUMBNAILS, &thumbnails_shape, &thumbnails);
        if !pixels.is_empty() {
            bytes(SELF_TEST, &pixels_shape, &pixels);
        }
        let reference_shape =
            self.reference.as_ref().map(|reference| [reference.pictures.len(), reference.width]);
        if let (Some(reference), Some(shape)) = (&self.reference, &reference_shape) {
            let values = Values::BF16(&reference.rows);
            tensors.push(TensorRef { name: REFERENCE, shape, values });
        }
        let format = Sealed {
            name: NAME.into(),
            version: VERSION,
            classifier: Digest::by(HASH, description.as_bytes()).to_string(),
            payload: content_digest(
                HASH,
                tensors.iter().map(|t| (t.name, t.dtype(), t.digest(HASH))),
            )
            .to_string(),
        };
        let format = json(path, "format", &format)?;
        let metadata =
            BTreeMap::from([("format".into(), format), ("classifier".into(), description)]);
        Ok(safetensors::write_on(files, path, &metadata, &tensors)?)
    }

    fn description(&self) -> Description {
        Description {
            architecture: self.architecture,
            classes: self.classes.clone(),
            preprocess: self.preprocess.clone(),
            views: self.views,
            recipe: self.recipe.clone(),
            made: self.made.clone(),
        }
    }

    fn contents(&self) -> Contents {
        let used = |used: &Used| (used.digest.to_string(), used.label, used.side);
        let known = |known: &Known| (known.picture.clone(), known.label, known.thumbnail);
        let test = |test: &SelfTest| (test.probabilities.clone(), test.novelty);
        Contents {
            pictures: self.data.pictures.iter().map(used).collect(),
            record: self.record.clone(),
            calibration: self.calibration.clone(),
            reference: self.reference.iter().flat_map(|r| r.pictures.iter().map(known)).collect(),
            thumbnails: self.thumbnails.iter().map(Vec::len).collect(),
            self_test: self.self_test.iter().map(test).collect(),
        }
    }

    /// Reads a classifier and believes nothing in it: sizes and shapes are checked before anything
    /// is allocated for them, digests before anything is used.
    ///
    /// # Errors
    /// When it cannot be read or is not exactly what [`Classifier::save`] writes (weights in F16
    /// and BF16 are read too).
    pub fn load(path: &Path) -> Result<Self, ClassifierError> {
        let whole = |file: &File, stated: &Stated<'_>| {
            whole(file, stated).map(|(parameters, digest)| (parameters, digest, ()))
        };
        Ok(read(path, &open(path)?, whole)?.0)
    }

    /// Reads a classifier from the bytes of its file, which messages call `path`.
    ///
    /// # Errors
    /// See [`Classifier::load`].
    pub fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ClassifierError> {
        let whole = |file: &File<&[u8]>, stated: &Stated<'_>| {
            whole(file, stated).map(|(parameters, digest)| (parameters, digest, ()))
        };
        Ok(read(path, &File::of_bytes(path, bytes, &limits())?, whole)?.0)
    }

    /// Reads the file that this classifier was saved to, which must give this very classifier, to the
    /// last bit of its numbers.
    ///
    /// # Errors
    /// When it gives another one, and as [`Classifier::load`].
    pub fn check_saved(&self, path: &Path) -> Result<(), ClassifierError> {
        let expected = self.parameters.tensors();
        let same = AtomicBool::new(true);
        let look = |place: usize, tensor: Tensor| {
            if expected.get(place).is_none_or(|expected| **expected != tensor) {
                same.store(false, Ordering::Relaxed);
            }
        };
        // Weights are never in memory twice.
        let (read, ()) = read(path, &open(path)?, |file, stated| {
            let digest = hand_over(file, stated.graph, HASH, ours, look)?;
            Ok((self.parameters.clone(), digest, ()))
        })?;
        let same = same.into_inner() && read == *self;
        same.then_some(()).ok_or_else(|| ClassifierError::NotAsSaved { path: path.to_owned() })
    }

    /// Reads a classifier as [`Classifier::load`] does, for predictions in these numbers and nothing
    /// else: its weights go straight into an engine, and what is returned has the head's alone, so
    /// that it can be asked but not saved. Weights are never in memory twice.
    ///
    /// # Errors
    /// See [`Classifier::load`].
    pub fn load_to_predict(
        path: &Path,
        precision: Precision,
    ) -> Result<(Self, Cpu), ClassifierError> {
        read(path, &open(path)?, |file, stated| packed(file, stated, precision))
    }

    /// Reads the bytes of a classifier's file as [`Classifier::load_to_predict`] reads the file.
    ///
    /// # Errors
    /// See [`Classifier::load`].
    pub fn of_bytes_to_predict(
        path: &Path,
        bytes: &[u8],
        precision: Precision,
    ) -> Result<(Self, Cpu), ClassifierError> {
        let file = File::of_bytes(path, bytes, &limits())?;
        read(path, &file, |file, stated| packed(file, stated, precision))
    }
}

/// What a file says of its network, found sound.
struct Stated<'a> {
    architecture: Architecture,
    graph: &'a Graph,
    /// Pixels of a side of its pictures.
    size: usize,
}

/// All weights, and the digest of all that the file holds.
fn whole<S: Source>(
    file: &File<S>,
    stated: &Stated<'_>,
) -> Result<(Parameters, Digest), ClassifierError> {
    Ok(load_with_digest(file, stated.graph, HASH, ours)?)
}

/// The head's weights, the digest of all that the file holds, and an engine with all weights.
fn packed<S: Source>(
    file: &File<S>,
    stated: &Stated<'_>,
    precision: Precision,
) -> Result<(Parameters, Digest, Cpu), ClassifierError> {
    let &Stated { architecture, graph, size } = stated;
    let head_graph = architecture.head_graph();
    let first = graph.parameters().len() - head_graph.parameters().len();
    let head: Vec<OnceLock<Tensor>> =
        head_graph.parameters().iter().map(|_| OnceLock::new()).collect();
    let packing = Packing::new(graph.clone(), size, size, precision)?;
    let digest = hand_over(file, graph, HASH, ours, |place, tensor| {
        if let Some(own) = place.checked_sub(first) {
            head[own].set(tensor.clone()).expect("each tensor comes once");
        }
        packing.give(place, tensor);
    })?;
    let head = head.into_iter().filter_map(OnceLock::into_inner).collect();
    let head = Parameters::new(&head_graph, head).map_err(EngineError::Parameters)?;
    Ok((head, digest, packing.finish()?))
}

fn open(path: &Path) -> Result<File, ClassifierError> {
    Ok(File::open(path, &limits())?)
}

fn limits() -> safetensors::Limits {
    safetensors::Limits { file: Limits::DEFAULT.max_bytes, ..safetensors::Limits::CLASSIFIER }
}

/// Whether a tensor is none of the network's.
fn ours(name: &str) -> bool {
    [RECORD, REFERENCE, THUMBNAILS, SELF_TEST].contains(&name)
}

/// Reads a classifier whose weights are read by `weights`, which returns those to be kept, the
/// digest of all that the file holds, and whatever it made of them.
fn read<S: Source, T>(
    path: &Path,
    file: &File<S>,
    weights: impl FnOnce(&File<S>, &Stated<'_>) -> Result<(Parameters, Digest, T), ClassifierError>,
) -> Result<(Classifier, T), ClassifierError> {
    let unsound = |reason| ClassifierError::Unsound { path: path.to_owned(), reason };
    let (sealed, description) = described(path, file)?;
    let Description { architecture, classes, preprocess, views, recipe, made } = description;
    let graph = architecture.graph();
    let known = |name: &str| ours(name) || graph.parameters().iter().any(|p| p.name == name);
    let known = |name: &str| known(name) || file.layout().is_scale(name);
    if let Some(name) = file.layout().entries().keys().find(|name| !known(name)) {
        return Err(unsound(format!("it has a tensor `{name}` that belongs to nothing")));
    }
    let stated = Stated { architecture, graph: &graph, size: preprocess.size };
    let (parameters, found, made_of_them) = weights(file, &stated)?;
    compare(path, "content", &sealed.payload, found)?;

    let record = file.layout().entries().get(RECORD).map_or(0, |entry| entry.bytes);
    if record > Limits::DEFAULT.max_record_bytes as u64 {
        return Err(unsound(format!("its record has {record} bytes")));
    }
    let contents: Contents = parse(path, RECORD, &file.bytes(RECORD)?)?;
    let thumbnails = cut(&file.bytes(THUMBNAILS)?, &contents.thumbnails).map_err(unsound)?;
    let self_test = self_test(path, file, preprocess.size, contents.self_test)?;
    let channels = graph.channels(graph.cut());
    let reference = reference(path, file, contents.reference, channels)?;
    let used = |(digest, label, side): (String, usize, Side)| {
        Ok(Used { digest: digest.parse()?, label, side })
    };
    let pictures: Result<_, String> = contents.pictures.into_iter().map(used).collect();
    let classifier = Classifier {
        architecture,
        classes,
        preprocess,
        views,
        parameters,
        recipe,
        made,
        data: Data { pictures: pictures.map_err(unsound)? },
        record: contents.record,
        calibration: contents.calibration,
        reference,
        thumbnails,
        self_test,
    };
    match classifier.unsound() {
        Some(reason) => Err(unsound(reason)),
        None => Ok((classifier, made_of_them)),
    }
}

/// What a file says of itself, and of its network: of this version, unchanged and sound.
fn described<S: Source>(
    path: &Path,
    file: &File<S>,
) -> Result<(Sealed, Description), ClassifierError> {
    let unsound = |reason| ClassifierError::Unsound { path: path.to_owned(), reason };
    let metadata = |missing: &'static str| {
        let text = file.layout().metadata().get(missing).cloned();
        text.ok_or(ClassifierError::NotOne { path: path.to_owned(), missing })
    };
    let (format, description) = (metadata("format")?, metadata("classifier")?);
    let Format { name, version } = parse(path, "format", format.as_bytes())?;
    if name != NAME || version != VERSION {
        let name = name.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(ClassifierError::Version { path: path.to_owned(), name, version });
    }
    if let Some(key) =
        file.layout().metadata().keys().find(|k| *k != "format" && *k != "classifier")
    {
        return Err(unsound(format!("its metadata has a key `{}`", key.escape_debug())));
    }
    let sealed: Sealed = parse(path, "format", format.as_bytes())?;
    let found = Digest::by(HASH, description.as_bytes());
    compare(path, "description", &sealed.classifier, found)?;
    let description: Description = parse(path, "description", description.as_bytes())?;
    if let Some(reason) = unsound_classes(&description.classes, &description.architecture)
        .or_else(|| unsound_preprocess(&description.preprocess, &description.architecture))
    {
        return Err(unsound(reason));
    }
    Ok((sealed, description))
}

/// The pictures that others are compared with, where the file has such; its tensor must be exactly
/// theirs before it is read.
fn reference<S: Source>(
    path: &Path,
    file: &File<S>,
    pictures: Vec<(String, usize, Option<usize>)>,
    width: usize,
) -> Result<Option<Reference>, ClassifierError> {
    let entry = file.layout().entries().get(REFERENCE);
    let shape = entry.map(|entry| (entry.dtype, entry.shape.as_slice()));
    if shape.is_none() && pictures.is_empty() {
        return Ok(None);
    }
    let (count, most) = (pictures.len(), Limits::DEFAULT.max_reference);
    if count > most || shape != Some((Dtype::BF16, &[count, width])) {
        let reason = format!("its reference is not {count} rows (at most {most}) of {width} BF16");
        return Err(ClassifierError::Unsound { path: path.to_owned(), reason });
    }
    let known = |(picture, label, thumbnail): (String, usize, Option<usize>)| Known {
        picture,
        label,
        thumbnail,
    };
    let pictures = pictures.into_iter().map(known).collect();
    Ok(Some(Reference { pictures, width, rows: file.tensor_f32(REFERENCE)? }))
}

/// The pictures of the self-test, of `size` pixels a side, with what was answered on them.
fn self_test<S: Source>(
    path: &Path,
    file: &File<S>,
    size: usize,
    answers: Vec<(Vec<f32>, Option<f32>)>,
) -> Result<Vec<SelfTest>, ClassifierError> {
    let pixels = if answers.is_empty() { vec![] } else { file.bytes(SELF_TEST)? };
    let each = size * size * 3;
    if pixels.len() != each * answers.len() {
        let reason = format!("its self-test has {} bytes of pixels", pixels.len());
        return Err(ClassifierError::Unsound { path: path.to_owned(), reason });
    }
    let tests = pixels.chunks_exact(each).zip(answers);
    let test = |(pixels, (probabilities, novelty)): (&[u8], _)| SelfTest {
        pixels: pixels.to_vec(),
        probabilities,
        novelty,
    };
    Ok(tests.map(test).collect())
}

fn negative_variance<'a>(graph: &'a Graph, values: &Parameters) -> Option<(&'a str, f32)> {
    graph.parameters().iter().zip(values.tensors()).find_map(|(parameter, tensor)| {
        let value = *tensor.data.iter().find(|&&value| value < 0.0)?;
        (parameter.role == Role::RunningVariance).then_some((parameter.name.as_str(), value))
    })
}

/// The thumbnails that stand one behind the other in `bytes`; what fills the last row is zeros.
fn cut(mut bytes: &[u8], lengths: &[usize]) -> Result<Vec<Vec<u8>>, String> {
    if lengths.len() > Limits::DEFAULT.max_thumbnails {
        return Err(format!("it has {} thumbnails", lengths.len()));
    }
    let mut thumbnails = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let Some((thumbnail, rest)) = bytes.split_at_checked(length) else {
            return Err("its thumbnails are longer than their bytes".into());
        };
        thumbnails.push(thumbnail.to_vec());
        bytes = rest;
    }
    if bytes.len() > ROW || bytes.iter().any(|&byte| byte != 0) {
        return Err("bytes follow its thumbnails".into());
    }
    Ok(thumbnails)
}

fn compare(
    path: &Path,
    part: &'static str,
    sealed: &str,
    found: Digest,
) -> Result<(), ClassifierError> {
    let path = path.to_owned();
    match sealed.parse::<Digest>() {
        Ok(expected) if expected == found => Ok(()),
        Ok(expected) => Err(ClassifierError::Changed { path, part, expected, found }),
        Err(reason) => Err(ClassifierError::Unsound { path, reason }),
    }
}

fn json<T: Serialize>(
    path: &Path,
    part: &'static str,
    value: &T,
) -> Result<String, ClassifierError> {
    serde_json::to_string(value).map_err(|source| ClassifierError::Json {
        path: path.to_owned(),
        part,
        source,
    })
}

fn parse<T: DeserializeOwned>(
    path: &Path,
    part: &'static str,
    text: &[u8],
) -> Result<T, ClassifierError> {
    serde_json::from_slice(text).map_err(|source| ClassifierError::Json {
        path: path.to_owned(),
        part,
        source,
    })
}
