//! What a run starts from: pretrained weights, or random numbers.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use ground::files::FileError;
use ground::progress::Progress;
use ground::{Digest, Digester, Stop};
use network::{Backbone, Graph, Parameters};
use weights::safetensors::{File, Limits};
use weights::{Hub, Part, Pretrained, WeightsError};

use super::request::Initial;

/// The network that a run starts from.
pub(crate) struct Start {
    pub(crate) backbone: Backbone,
    /// The file of its body's weights; `None` where they are drawn at random.
    pub(crate) weights: Option<PathBuf>,
    /// What is known of that file.
    pub(crate) pretrained: Option<&'static Pretrained>,
}

impl Start {
    /// What was asked for; else ResNet-50 where its weights are cached or can be had; else the
    /// small network from nothing, which is said.
    ///
    /// # Errors
    /// When weights that were asked for cannot be had, or the user asks to stop meanwhile.
    pub(crate) fn choose(
        initial: &Initial,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<Self, WeightsError> {
        let named = initial.network;
        if let Some(path) = &initial.weights {
            // Opened even where the backbone is named: what is no such file is told at once.
            let file = File::open(path, &Limits::WEIGHTS)?;
            // Where none is recognised, loading as ResNet-50 says what is amiss.
            let recognised =
                || Backbone::recognise(&file.layout().shapes()).unwrap_or(Backbone::ResNet50);
            let backbone = named.map_or_else(recognised, |named| named.backbone);
            return Ok(Self { backbone, weights: Some(path.clone()), pretrained: None });
        }
        let mut hub = Hub::from_environment();
        hub.offline |= initial.offline;
        if let Some(named) = named {
            if named.pretrained.is_none() && !named.backbone.published().is_empty() {
                return Err(WeightsError::NotFetched { backbone: named.backbone });
            }
            let weights = named.pretrained.map(|row| hub.fetch(row, progress, stop)).transpose()?;
            return Ok(Self { backbone: named.backbone, weights, pretrained: named.pretrained });
        }
        let row = Pretrained::named("resnet50")?;
        // Where nobody waits for one network in particular, a missing one should not be waited for.
        hub.attempts = 2;
        match hub.fetch(row, progress, stop) {
            Ok(path) => {
                Ok(Self { backbone: row.backbone, weights: Some(path), pretrained: Some(row) })
            }
            Err(stopped @ WeightsError::Stopped { .. }) => Err(stopped),
            // Small weights that ship with the program have their place here: before the network
            // from nothing.
            Err(reason) => {
                progress.warn(&format!(
                    "no pretrained weights ({reason}), so a small network is taught from nothing, on \
                     smaller pictures: good for a try, much worse on real pictures"
                ));
                Ok(Self { backbone: Backbone::Small, weights: None, pretrained: None })
            }
        }
    }

    /// What the weights are called.
    pub(crate) fn name(&self) -> Option<String> {
        let file = self.weights.as_ref()?.file_name().unwrap_or_default().to_string_lossy();
        Some(self.pretrained.map_or_else(|| file.into_owned(), |row| row.repository.to_owned()))
    }

    /// The SHA-256 of their file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn digest(&self) -> Result<Option<Digest>, FileError> {
        let Some(path) = &self.weights else { return Ok(None) };
        let mut digester = Digester::new();
        let mut read = || {
            let mut file = fs::File::open(path)?;
            let mut buffer = vec![0; 1 << 16];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(()),
                    n => digester.update(&buffer[..n]),
                }
            }
        };
        read().map_err(FileError::at("read", path))?;
        Ok(Some(digester.finish()))
    }

    /// The network's first values.
    ///
    /// # Errors
    /// When the file is refused.
    pub(crate) fn parameters(&self, graph: &Graph, seed: u64) -> Result<Parameters, WeightsError> {
        match &self.weights {
            Some(path) => weights::load(path, graph, Part::Body { seed }),
            None => Ok(Parameters::start(graph, seed)),
        }
    }
}
