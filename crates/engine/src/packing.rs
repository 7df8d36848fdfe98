//! Weights that go from a file straight into packs.

use std::sync::{Mutex, OnceLock, PoisonError};

use kernels::norm::Statistics;
use kernels::{Direction, Pack, Precision};
use network::{Graph, Norm, Role, Tensor};

use crate::layout::{to_kernels, transpose};
use crate::plan::Plan;
use crate::planner::{Purpose, Work};
use crate::store::{Layer, Store, norm_of};
use crate::{Cpu, EngineError};

/// An engine in the making that only predicts. A weight of the body is packed as soon as it is given
/// and kept in no other way: where a process starts, answers and ends, memory that it touches for
/// the first time costs as much as the arithmetic.
#[derive(Debug)]
pub struct Packing {
    graph: Graph,
    precision: Precision,
    /// For each parameter that is packed, its layer and the norm that goes into it.
    layers: Vec<Option<(Layer, Norm)>>,
    places: Vec<OnceLock<Given>>,
    /// Room for weights on the way, for whichever thread comes.
    rooms: Mutex<Vec<Vec<f32>>>,
}

/// What became of a parameter.
#[derive(Debug)]
enum Given {
    /// Kept, in the kernels' order.
    Kept(Vec<f32>),
    /// Packed with a norm's scale in it; the norm's shift.
    Packed(Pack, Vec<f32>),
}

impl Packing {
    /// For pictures of this size, in these numbers.
    ///
    /// # Errors
    /// When the network cannot take pictures of this size.
    pub fn new(
        graph: Graph,
        height: usize,
        width: usize,
        precision: Precision,
    ) -> Result<Self, EngineError> {
        // Packs do not depend on the number of pictures.
        let purpose = Purpose { count: 1, height, width, work: Work::Predict, precision };
        let plan = Plan::new(&graph, purpose)?;
        let mut layers = vec![None; graph.parameters().len()];
        // The head's weights are kept: maps go back through them.
        for &(layer, norm) in plan.folded.iter().filter(|(_, norm)| *norm <= graph.cut()) {
            layers[layer.weight.0] = Some((layer, norm_of(&graph, norm)));
        }
        let places = graph.parameters().iter().map(|_| OnceLock::new()).collect();
        Ok(Self { graph, precision, layers, places, rooms: Mutex::default() })
    }

    /// Takes the values of a parameter, on any thread: those that are no weights first, as weights
    /// are packed with norms in them.
    ///
    /// # Panics
    /// When there is no such parameter, it has another shape or has been given before, or a norm
    /// that belongs to this weight has not been.
    pub fn give(&self, index: usize, tensor: Tensor) {
        let parameter = &self.graph.parameters()[index];
        assert_eq!(tensor.shape, parameter.shape, "the shape of `{}`", parameter.name);
        let given = match &self.layers[index] {
            Some((layer, norm)) => self.packed(*layer, norm, &tensor),
            None if parameter.role == Role::Weight => {
                Given::Kept(to_kernels(parameter, &tensor.data))
            }
            None => Given::Kept(tensor.data),
        };
        assert!(self.places[index].set(given).is_ok(), "`{}` is given once", parameter.name);
    }

    fn packed(&self, layer: Layer, norm: &Norm, Tensor { shape, data }: &Tensor) -> Given {
        let of = |id: network::ParameterId| match self.places[id.0].get() {
            Some(Given::Kept(values)) => &values[..],
            _ => panic!("`{}` comes before weights", self.graph.parameters()[id.0].name),
        };
        let (mean, variance) = (of(norm.mean), of(norm.variance));
        let Statistics { scale, shift, .. } =
            Statistics::fixed(mean, variance, norm.eps, of(norm.weight), of(norm.bias));
        let rooms = || self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scaled = rooms().pop().unwrap_or_default();
        scaled.resize(data.len(), 0.0);
        transpose(shape, data, |filter| scale[filter], &mut scaled, true);
        let mut pack = Pack::default();
        pack.set(&layer.conv, &scaled, self.precision, Direction::Forward);
        rooms().push(scaled);
        Given::Packed(pack, shift)
    }

    /// The engine. Beside [`crate::Engine::predict`] it can be asked for maps
    /// ([`crate::Engine::attribute`]) where it predicts in fp32; its weights cannot be read back.
    ///
    /// # Errors
    /// When a parameter has not been given.
    pub fn finish(self) -> Result<Cpu, EngineError> {
        let Self { graph, precision, layers, places, .. } = self;
        let (mut values, mut packs) = (vec![], vec![]);
        for ((place, layer), parameter) in places.into_iter().zip(layers).zip(graph.parameters()) {
            let missing = || EngineError::State(format!("`{}` was not given", parameter.name));
            values.push(match place.into_inner().ok_or_else(missing)? {
                Given::Kept(values) => values,
                Given::Packed(pack, shift) => {
                    packs.extend(layer.map(|(layer, norm)| (layer, norm, (pack, shift))));
                    vec![]
                }
            });
        }
        let mut store = Store::of(&graph, values);
        store.packed = Some(precision);
        for (layer, norm, made) in packs {
            store.set_folded(layer, &norm, precision, made);
        }
        let mut engine = Cpu::of(graph, store);
        engine.set_precision(Precision::Fp32, precision);
        Ok(engine)
    }
}
