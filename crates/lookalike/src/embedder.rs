use classifier::{Picture, Views, extract};
use engine::Cpu;
use ground::progress::Progress;
use ground::{Digest, Precision, Stop};
use network::{Architecture, Head};
use pictures::{Preprocess, Reason};
use training::features;

use crate::train::Start;
use crate::{Error, Initial, Kind};

/// A pretrained backbone that turns pictures into features, without a classifier.
pub struct Embedder {
    pub(crate) engine: Cpu,
    pub(crate) preprocess: Preprocess,
    pub(crate) views: Views,
    pub(crate) start: Start,
    width: usize,
    fingerprint: Digest,
}

impl Embedder {
    /// A backbone with pretrained weights, in so many views of each picture (1, 2 or 4) at this size,
    /// or at the one that its weights were trained for.
    ///
    /// # Errors
    /// When there are no pretrained weights or they are refused, the number of views or the size makes
    /// no sense, and on a stop.
    pub fn new(
        initial: &Initial,
        views: usize,
        size: Option<usize>,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Self, Error> {
        let refused = |what: String| Error::refused(Kind::Usage, what);
        let views = Views::of(views)
            .ok_or_else(|| refused(format!("there are 1, 2 or 4 views, not {views}")))?;
        let start = Start::choose(initial, progress, stop)?;
        if !start.is_pretrained() {
            let what = format!("there are no pretrained weights for `{}`", start.backbone.name());
            return Err(refused(what).advise("choose another backbone, or name a file of weights"));
        }
        let preprocessing = start.backbone.preprocessing();
        let size = size.unwrap_or(preprocessing.size);
        if !(32..=1024).contains(&size) {
            return Err(refused(format!("a size of {size} pixels is not from 32 to 1024")));
        }
        let preprocess = Preprocess::square(preprocessing, size);
        // Some head closes the graph; its random weights have no part in the features.
        let backbone = start.backbone;
        let graph = Architecture { backbone, head: Head::Linear { classes: 2 } }.graph();
        let parameters = start.parameters(&graph, 0)?;
        let fingerprint = features::key(&graph, &parameters, &preprocess, views);
        let width = features::width(&graph);
        let mut engine = Cpu::with(graph, &parameters)?;
        engine.set_precision(Precision::Fp32, Precision::Fp32);
        Ok(Self { engine, preprocess, views, start, width, fingerprint })
    }

    /// Numbers in a picture's row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Stands for all that decides features: weights, preprocessing, views and instruction set. Equal
    /// fingerprints give equal rows.
    #[must_use]
    pub fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }

    /// Hands over the features of pictures in their order, each with its key, or with the reason why
    /// the picture cannot be read. Ends early once a stop is asked for.
    ///
    /// # Errors
    /// When the network does not take such pictures.
    pub fn extract<K: Send>(
        &mut self,
        pictures: impl IntoIterator<Item = (K, Picture), IntoIter: Send>,
        stop: &Stop,
        mut extracted: impl FnMut(K, Result<Vec<f32>, Reason>),
    ) -> Result<(), Error> {
        let Self { engine, preprocess, views, .. } = self;
        Ok(extract(engine, preprocess, *views, pictures, stop, &mut extracted)?)
    }
}
