//! What a run starts from: pretrained weights, or random numbers.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use ground::files::FileError;
use ground::progress::Progress;
use ground::{Digest, Digester, Stop};
use network::{Backbone, Graph, Parameter, Parameters, Tensor};
use training::auto::Auto;
use weights::safetensors::{File, Limits};
use weights::{Embedded, Hub, Part, Pretrained, WeightsError};

use crate::NamedNetwork;

/// What a network starts from. Default: the weights that are part of the program.
#[derive(Clone, Debug, Default)]
pub struct Initial {
    /// The network, by name.
    pub network: Option<NamedNetwork>,
    /// Others that it is compared with before the best is trained: default recipe only.
    pub others: Vec<NamedNetwork>,
    /// Pretrained weights from this safetensors file.
    pub weights: Option<PathBuf>,
    /// Never use the internet.
    pub offline: bool,
}

/// The network that a run starts from.
pub(crate) struct Start {
    pub(crate) backbone: Backbone,
    pub(crate) weights: Weights,
}

/// Where the first values of a network's backbone come from.
pub(crate) enum Weights {
    /// Random numbers.
    Random,
    /// The weights that are part of the program.
    Embedded(Embedded),
    /// A file, and what is known of it.
    File(PathBuf, Option<&'static Pretrained>),
    /// The values in a classifier, with the name and SHA-256 of the file that they are from.
    Kept {
        /// All of them; the backbone's count.
        values: Parameters,
        /// What the file was called.
        name: String,
        /// Its SHA-256.
        digest: Digest,
    },
}

impl Start {
    /// What was asked for; else the default recipe's backbone, whose weights are part of the
    /// program.
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
            return Ok(Self { backbone, weights: Weights::File(path.clone(), None) });
        }
        if let Some(row) = named.and_then(|named| named.pretrained) {
            let mut hub = Hub::from_environment();
            hub.offline |= initial.offline;
            let path = hub.fetch(row, progress, stop)?;
            return Ok(Self { backbone: row.backbone, weights: Weights::File(path, Some(row)) });
        }
        let backbone = named.map_or(Auto::BACKBONE, |named| named.backbone);
        let weights = Embedded::of(backbone).map_or(Weights::Random, Weights::Embedded);
        Ok(Self { backbone, weights })
    }

    /// Whether it starts from weights that somebody trained.
    pub(crate) fn is_pretrained(&self) -> bool {
        !matches!(self.weights, Weights::Random)
    }

    /// What the weights are called.
    pub(crate) fn name(&self) -> Option<String> {
        match &self.weights {
            Weights::Random => None,
            Weights::Embedded(embedded) => Some(embedded.name()),
            Weights::File(_, Some(row)) => Some(row.repository.to_owned()),
            Weights::Kept { name, .. } => Some(name.clone()),
            Weights::File(path, None) => {
                Some(path.file_name().unwrap_or_default().to_string_lossy().into_owned())
            }
        }
    }

    /// The SHA-256 of their file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn digest(&self) -> Result<Option<Digest>, WeightsError> {
        let path = match &self.weights {
            Weights::Random => return Ok(None),
            Weights::Embedded(embedded) => return embedded.digest().map(Some),
            Weights::Kept { digest, .. } => return Ok(Some(*digest)),
            Weights::File(path, _) => path,
        };
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
            Weights::Random => Ok(Parameters::start(graph, seed)),
            Weights::Embedded(embedded) => embedded.load(graph, seed),
            Weights::Kept { values, .. } => Ok(with_body(graph, values, seed)),
            Weights::File(path, _) => weights::load(path, graph, Part::Body { seed }),
        }
    }
}

/// The body's values among `values`, and a new head.
fn with_body(graph: &Graph, values: &Parameters, seed: u64) -> Parameters {
    let head = graph.groups() - 1;
    let all = graph.parameters().iter().enumerate();
    let tensor = |(index, parameter): (usize, &Parameter)| match parameter.group == head {
        true => Arc::new(Tensor::start(graph, index, seed)),
        false => values.tensors()[index].clone(),
    };
    Parameters::new(graph, all.map(tensor).collect()).expect("a body of the same backbone")
}
