use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use engine::Engine;
use insight::{BadPicture, Epoch, Evidence, Fact, Prediction, Protocol, Sample};
use network::{Architecture, Parameters};
use pictures::{Dataset, Item, Preprocess, Side};

use crate::predict::probabilities;
use crate::{Classifier, ClassifierError, Data, Made, SelfTest, Used, ranked, softmax, thumbnail};

/// What a run of training hands over for a new classifier.
#[derive(Debug)]
pub struct Material<'a> {
    /// The network, by name.
    pub architecture: Architecture,
    /// How a picture became its input.
    pub preprocess: Preprocess,
    /// Its weights.
    pub parameters: Parameters,
    /// The settings, as the recipe writes them.
    pub recipe: serde_json::Value,
    /// Which program and which pretrained weights made it.
    pub made: Made,
    /// The pictures.
    pub data: &'a Dataset,
    /// The folder that they are told relative to.
    pub folder: &'a Path,
    /// How the held-out pictures were chosen.
    pub judged: Protocol,
    /// What the weights say of each held-out picture: its index in the dataset, and one logit a
    /// class.
    pub held_out: Vec<(usize, Vec<f32>)>,
    /// The training table.
    pub history: Vec<Epoch>,
    /// Pictures that were left out, and why.
    pub bad: Vec<BadPicture>,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
    /// What was done: seeds, versions, hashes.
    pub facts: Vec<Fact>,
}

/// Samples of a class that the report shows.
const SAMPLES: usize = 8;
/// Samples of all classes together.
const ALL_SAMPLES: usize = 800;
/// Wrong pictures that the report shows.
const WRONG: usize = 200;
/// Right ones that it shows because the network was unsure.
const UNSURE: usize = 24;
/// Pictures of the self-test.
const SELF_TEST: usize = 4;

impl Material<'_> {
    /// Puts the classifier together: chooses the pictures that its report will show, and asks
    /// `engine`, which holds the weights, for the self-test.
    ///
    /// # Errors
    /// When the engine's network is not the one named.
    pub fn build(mut self, engine: &mut dyn Engine) -> Result<Classifier, ClassifierError> {
        // Loading does so too: subnormal numbers slow a processor down and say nothing.
        let tensors = self.parameters.tensors_mut().iter_mut();
        for value in tensors.flat_map(|tensor| &mut tensor.data).filter(|x| x.is_subnormal()) {
            *value = 0.0;
        }
        let data = self.data;
        let mut album =
            Album { data, folder: self.folder, thumbnails: BTreeMap::new(), jpegs: vec![] };
        let samples = album.samples()?;
        let shown = shown(data, &self.held_out);
        let mut predictions = Vec::with_capacity(self.held_out.len());
        let mut groups = BTreeMap::new();
        for (picture, logits) in self.held_out {
            let thumbnail = shown.contains(&picture).then(|| album.thumbnail(picture));
            predictions.push(Prediction {
                picture: album.name(picture),
                actual: data.items[picture].label,
                logits,
                fold: 0,
                // Files of equal bytes are one witness.
                group: *groups.entry(data.items[picture].digest).or_insert(picture),
                novelty: None,
                thumbnail: thumbnail.transpose()?,
            });
        }
        let evidence = Evidence {
            classes: data.classes.clone(),
            judged: self.judged,
            predictions,
            history: self.history,
            samples,
            bad: self.bad,
            notes: self.notes,
            facts: self.facts,
            ..Evidence::default()
        };
        let used = |item: &Item| Used { digest: item.digest, label: item.label, side: item.side };
        Ok(Classifier {
            architecture: self.architecture,
            classes: data.classes.clone(),
            self_test: self_test(data, &self.preprocess, engine)?,
            preprocess: self.preprocess,
            parameters: self.parameters,
            recipe: self.recipe,
            made: self.made,
            data: Data { pictures: data.items.iter().map(used).collect() },
            evidence,
            thumbnails: album.jpegs,
        })
    }
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
        let path = &self.data.items[picture].path;
        path.strip_prefix(self.folder).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// The index of a picture's thumbnail.
    fn thumbnail(&mut self, picture: usize) -> Result<usize, ClassifierError> {
        if let Some(&index) = self.thumbnails.get(&picture) {
            return Ok(index);
        }
        self.jpegs.push(thumbnail(&square(self.data, picture)?, self.data.size()));
        let index = self.jpegs.len() - 1;
        self.thumbnails.insert(picture, index);
        Ok(index)
    }

    /// A few pictures of each class that were learned from.
    fn samples(&mut self) -> Result<Vec<Sample>, ClassifierError> {
        let items = &self.data.items;
        let most = (ALL_SAMPLES / self.data.classes.len().max(1)).clamp(1, SAMPLES);
        let mut of_class = vec![vec![]; self.data.classes.len()];
        for picture in self.data.indices(Side::Train) {
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

/// Of so many things in a row, `most` spread evenly.
fn spread(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(most);
    (0..taken).map(move |i| i * count / taken)
}

/// The held-out pictures that a reader wants to see: the wrong ones, and those right ones of which
/// the network was least sure.
fn shown(data: &Dataset, held_out: &[(usize, Vec<f32>)]) -> BTreeSet<usize> {
    let judged = held_out.iter().map(|(picture, logits)| {
        let (label, odds) = (data.items[*picture].label, softmax(logits));
        (ranked(&odds)[0].0 == label, odds[label], *picture)
    });
    let (mut right, mut wrong): (Vec<_>, Vec<_>) = judged.partition(|(right, ..)| *right);
    for (side, most) in [(&mut right, UNSURE), (&mut wrong, WRONG)] {
        side.sort_by(|a, b| a.1.total_cmp(&b.1));
        side.truncate(most);
    }
    right.iter().chain(&wrong).map(|&(.., picture)| picture).collect()
}

fn self_test(
    data: &Dataset,
    preprocess: &Preprocess,
    engine: &mut dyn Engine,
) -> Result<Vec<SelfTest>, ClassifierError> {
    let pictures: Result<Vec<_>, _> =
        spread(data.items.len(), SELF_TEST).map(|picture| square(data, picture)).collect();
    let pictures = pictures?;
    let views: Vec<&[u8]> = pictures.iter().map(Vec::as_slice).collect();
    let rows = probabilities(engine, preprocess, &views)?;
    let tests = pictures.into_iter().zip(rows);
    Ok(tests.map(|(pixels, probabilities)| SelfTest { pixels, probabilities }).collect())
}
