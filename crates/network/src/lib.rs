//! Networks as data: what is computed, in which order, with which parameters, and no arithmetic.
//!
//! Its three central types are [`Graph`] (a list of operations with named parameters), [`Op`] (one
//! operation) and [`Parameters`] (values for every parameter of a graph, in PyTorch's layout).
//! Engines run a graph, weight import fills one, exports and [`summary`] walk it. [`Architecture`]
//! is the short name of a graph: what a saved classifier stores, so that no file can describe a
//! graph of its own.
//!
//! ```
//! use network::{Architecture, Backbone, Head};
//! let graph = Architecture { backbone: Backbone::ResNet50, head: Head::Fastai { classes: 3 } }.graph();
//! let shapes = graph.shapes(224, 224).unwrap();
//! assert_eq!((shapes[graph.cut().0].height, shapes[graph.cut().0].channels), (7, 2048));
//! ```

mod backbone;
mod efficientnet;
mod graph;
mod head;
mod op;
mod parameter;
mod parameters;
mod published;
mod resnet;
pub mod summary;

#[cfg(test)]
mod tests;

pub use backbone::Backbone;
pub use graph::{Graph, GraphError, Node, NodeId, NormConstants, ParameterId};
pub use op::{Activation, Filter, Norm, Op, Padding, Shape};
pub use parameter::{Parameter, Role, Start};
pub use parameters::{Parameters, ParametersError, Tensor};
pub use published::{Names, Published};

use serde::{Deserialize, Serialize};

/// Which network: a body and a head by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// The body, from pixels to a map of features.
    pub backbone: Backbone,
    /// The head, from the map to one logit a class.
    pub head: Head,
}

/// What stands on the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind", deny_unknown_fields)]
pub enum Head {
    /// fastai's `create_head`: concat pool (max, then average), norm, dropout, 512, norm, dropout,
    /// classes; no biases.
    Fastai {
        /// How many classes.
        classes: usize,
    },
    /// The layer that torchvision's ResNets end in: average pool and one linear layer with bias.
    Linear {
        /// How many classes.
        classes: usize,
    },
    /// fastai's layers on averages alone: average pool, norm, dropout, 512, norm, dropout, classes.
    Hidden {
        /// How many classes.
        classes: usize,
    },
}

impl Head {
    /// How many logits come out.
    #[must_use]
    pub fn classes(self) -> usize {
        match self {
            Self::Fastai { classes } | Self::Linear { classes } | Self::Hidden { classes } => {
                classes
            }
        }
    }

    /// The same for another number of classes.
    #[must_use]
    pub fn with_classes(self, classes: usize) -> Self {
        match self {
            Self::Fastai { .. } => Self::Fastai { classes },
            Self::Linear { .. } => Self::Linear { classes },
            Self::Hidden { .. } => Self::Hidden { classes },
        }
    }

    /// The head alone, without its pool: on pictures of 1×1 that have `width` channels, one for
    /// each pooled feature ([`Graph::features`]). Names and groups of its parameters are those of
    /// the whole graph, of whose parameters they are the last.
    #[must_use]
    pub fn graph(self, width: usize) -> Graph {
        let mut graph = Graph::new(width);
        let input = graph.input();
        head::add_layers(&mut graph, input, self);
        graph
    }
}

impl Architecture {
    /// The graph of this architecture.
    #[must_use]
    pub fn graph(self) -> Graph {
        let mut graph = self.backbone.body();
        let pooled = head::add_pool(&mut graph, self.head);
        head::add_layers(&mut graph, pooled, self.head);
        graph
    }

    /// The head alone ([`Head::graph`]), as wide as the body's features.
    #[must_use]
    pub fn head_graph(self) -> Graph {
        let mut body = self.backbone.body();
        let pooled = head::add_pool(&mut body, self.head);
        self.head.graph(body.channels(pooled))
    }
}
