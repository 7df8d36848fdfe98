//! Tensors whose norm and activation are applied when they are read, and what one step leaves for
//! later ones.

use std::any::Any;
use std::fmt::Debug;

use kernels::norm::Statistics;
use kernels::{Activation, Element, View};
use network::NodeId;

use crate::arena::{BufferId, Split};

/// A tensor with what is still to be done when it is read: the norm of this node, then an
/// activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lazy {
    pub(crate) buffer: BufferId,
    pub(crate) norm: Option<NodeId>,
    pub(crate) activation: Activation,
    pub(crate) channels: usize,
}

impl Lazy {
    pub(crate) fn plain(buffer: BufferId, channels: usize) -> Self {
        Self { buffer, norm: None, activation: Activation::Identity, channels }
    }

    pub(crate) fn is_plain(self) -> bool {
        self.norm.is_none() && self.activation == Activation::Identity
    }

    /// The tensor as kernels read it.
    pub(crate) fn view<'a, E: Element>(
        self,
        buffers: &Split<'a>,
        state: &'a RunState,
    ) -> View<'a, E> {
        self.view_of(buffers.read(self.buffer), state)
    }

    /// As [`Lazy::view`], where the buffer's numbers are at hand.
    pub(crate) fn view_of<'a, E: Element>(self, data: &'a [E], state: &'a RunState) -> View<'a, E> {
        let affine = self.norm.map(|norm| {
            let constants = &state.get::<NormState>(norm).statistics;
            (&constants.scale[..], &constants.shift[..])
        });
        View { data, affine, activation: self.activation }
    }
}

/// What a norm's steps leave.
#[derive(Debug, Default)]
pub(crate) struct NormState {
    /// Its constants for this batch.
    pub(crate) statistics: Statistics,
    /// Whether they are the batch's own and not the running ones.
    pub(crate) of_batch: bool,
    /// Sums and sums of squares, gathered by the layer before it.
    pub(crate) sums: Vec<f64>,
}

/// What steps leave for later ones: one value a node, of a type that the node's operation chooses.
#[derive(Debug)]
pub(crate) struct RunState(Vec<Option<Box<dyn Kept>>>);

trait Kept: Any + Debug + Send + Sync {}
impl<T: Any + Debug + Send + Sync> Kept for T {}

impl RunState {
    pub(crate) fn new(nodes: usize) -> Self {
        Self((0..nodes).map(|_| None).collect())
    }

    /// What a node has left.
    pub(crate) fn get<T: Any>(&self, node: NodeId) -> &T {
        let kept = self.0[node.0].as_deref().expect("an earlier step of the plan left it");
        (kept as &dyn Any).downcast_ref().expect("a node leaves one type")
    }

    /// What a node has left, to be changed; the type's default where there is nothing yet.
    pub(crate) fn get_mut<T: Any + Debug + Default + Send + Sync>(
        &mut self,
        node: NodeId,
    ) -> &mut T {
        let kept = self.0[node.0].get_or_insert_with(|| Box::<T>::default());
        (&mut **kept as &mut dyn Any).downcast_mut().expect("a node leaves one type")
    }
}
