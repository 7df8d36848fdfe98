use engine::{Cpu, Engine, Images};
use ground::files::FileError;
use network::{Head, Parameters, Tensor};

use super::{BLOCK, Linear};
use crate::features::Table;

/// What stands on pooled features, of any kind: a head by name, with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// Which.
    pub head: Head,
    /// The values of [`Head::graph`].
    pub parameters: Parameters,
}

impl From<Linear> for Layers {
    fn from(linear: Linear) -> Self {
        let Linear { classes, weights, bias } = linear;
        let (head, width) = (Head::Linear { classes }, weights.len() / classes);
        let tensors = vec![
            Tensor { shape: vec![classes, width], data: weights },
            Tensor { shape: vec![classes], data: bias },
        ];
        let parameters = Parameters::new(&head.graph(width), tensors);
        Self { head, parameters: parameters.expect("a row of weights a class") }
    }
}

impl Layers {
    /// Takes the head off a whole network.
    ///
    /// # Panics
    /// When the network has another head.
    #[must_use]
    pub fn of(head: Head, width: usize, network: &Parameters) -> Self {
        let graph = head.graph(width);
        let first = network.tensors().len() - graph.parameters().len();
        let parameters = Parameters::new(&graph, network.tensors()[first..].to_vec());
        Self { head, parameters: parameters.expect("a network with this head") }
    }

    /// The logits of some rows of a table, a row each.
    ///
    /// # Errors
    /// When they cannot be read back from a file.
    ///
    /// # Panics
    /// When the table is of another width.
    pub fn logits(&self, features: &Table, rows: &[usize]) -> Result<Vec<Vec<f32>>, FileError> {
        let mut engine = Cpu::new(self.head.graph(features.width()));
        engine.set_parameters(&self.parameters).expect("values of this head");
        let (mut all, mut block) = (Vec::with_capacity(rows.len()), vec![]);
        for rows in rows.chunks(BLOCK) {
            block.resize(rows.len() * features.width(), 0.0);
            features.read(rows, &mut block)?;
            let images = Images { pixels: &block, count: rows.len(), height: 1, width: 1 };
            let said = engine.predict(images).expect("rows of this width");
            all.extend(said.rows().map(<[f32]>::to_vec));
        }
        Ok(all)
    }
}
