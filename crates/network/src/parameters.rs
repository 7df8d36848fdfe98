use std::sync::Arc;

use ground::random::{Draws, Purpose};

use crate::{Graph, Start};

/// Numbers with a shape, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// As many numbers as the shape says.
    pub data: Vec<f32>,
}

impl Tensor {
    /// The values that one parameter of a graph starts with.
    ///
    /// # Panics
    /// When there is no such parameter.
    #[must_use]
    pub fn start(graph: &Graph, index: usize, seed: u64) -> Self {
        let parameter = &graph.parameters()[index];
        let data = match parameter.start {
            Start::Constant(value) => vec![value; parameter.len()],
            Start::Normal(deviation) => {
                let mut draws = Draws::new(seed, Purpose::Init, &[index as u64]);
                (0..parameter.len()).map(|_| draws.normal() as f32 * deviation).collect()
            }
        };
        Self { shape: parameter.shape.clone(), data }
    }
}

/// Why tensors are not the parameters of a graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// There are more or fewer than the graph has.
    #[error("{found} tensors for {expected} parameters")]
    Count {
        /// Given.
        found: usize,
        /// Of the graph.
        expected: usize,
    },
    /// One has another shape.
    #[error("`{name}` has shape {found:?}, not {expected:?}")]
    Shape {
        /// The parameter.
        name: String,
        /// Given.
        found: Vec<usize>,
        /// Of the graph.
        expected: Vec<usize>,
    },
}

/// A value for every parameter of a graph, in the graph's order and PyTorch's layout. A clone, or a
/// network with the same body, shares a tensor's numbers until one of the two changes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters(Vec<Arc<Tensor>>);

impl Parameters {
    /// The values that a graph starts with. Each parameter draws from a stream of its own, so that
    /// two graphs with the same body start with the same body.
    #[must_use]
    pub fn start(graph: &Graph, seed: u64) -> Self {
        let tensors = (0..graph.parameters().len()).map(|index| Tensor::start(graph, index, seed));
        Self(tensors.map(Arc::new).collect())
    }

    /// Takes one tensor for each parameter, in order: new ones, or those of other parameters.
    ///
    /// # Errors
    /// Names the first parameter whose shape is not the graph's.
    pub fn new(
        graph: &Graph,
        tensors: Vec<impl Into<Arc<Tensor>>>,
    ) -> Result<Self, ParametersError> {
        let parameters = Self(tensors.into_iter().map(Into::into).collect());
        parameters.check(graph)?;
        Ok(parameters)
    }

    /// Compares number and shapes with those of a graph.
    ///
    /// # Errors
    /// Names the first parameter whose shape is not the graph's.
    pub fn check(&self, graph: &Graph) -> Result<(), ParametersError> {
        let (found, expected) = (self.0.len(), graph.parameters().len());
        if found != expected {
            return Err(ParametersError::Count { found, expected });
        }
        for (parameter, tensor) in graph.parameters().iter().zip(&self.0) {
            if tensor.shape != parameter.shape || tensor.data.len() != parameter.len() {
                return Err(ParametersError::Shape {
                    name: parameter.name.clone(),
                    found: tensor.shape.clone(),
                    expected: parameter.shape.clone(),
                });
            }
        }
        Ok(())
    }

    /// The tensors, in the graph's order.
    #[must_use]
    pub fn tensors(&self) -> &[Arc<Tensor>] {
        &self.0
    }

    /// One of them, to be changed in place.
    ///
    /// # Panics
    /// When there is no such tensor.
    pub fn tensor_mut(&mut self, index: usize) -> &mut Tensor {
        Arc::make_mut(&mut self.0[index])
    }

    /// Makes zeros of subnormal numbers, which slow a processor down and say nothing.
    pub fn flush(&mut self) {
        for tensor in &mut self.0 {
            if tensor.data.iter().any(|x| x.is_subnormal()) {
                let data = Arc::make_mut(tensor).data.iter_mut();
                data.filter(|x| x.is_subnormal()).for_each(|x| *x = 0.0);
            }
        }
    }

    /// The name of the first parameter that holds NaN or infinity.
    #[must_use]
    pub fn first_not_finite<'a>(&self, graph: &'a Graph) -> Option<&'a str> {
        let bad = self.0.iter().position(|tensor| !tensor.data.iter().all(|x| x.is_finite()))?;
        Some(&graph.parameters()[bad].name)
    }
}
