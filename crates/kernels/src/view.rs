use crate::Activation;

/// A tensor with what is still to be done to each value whenever it is read: `x·scale + shift` by
/// channel (a norm), then an activation. So a norm never costs a pass over memory of its own.
#[derive(Clone, Copy, Debug)]
pub struct View<'a, E = f32> {
    /// The stored values.
    pub data: &'a [E],
    /// Scale and shift, one a channel each.
    pub affine: Option<(&'a [f32], &'a [f32])>,
    /// Applied last.
    pub activation: Activation,
}

impl<'a, E> View<'a, E> {
    /// The values as they are.
    #[must_use]
    pub fn plain(data: &'a [E]) -> Self {
        Self { data, affine: None, activation: Activation::Identity }
    }

    /// Whether the values are read as they are stored.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.affine.is_none() && self.activation == Activation::Identity
    }

    /// Panics unless scale and shift suit this many channels: the lengths that unsafe code relies on.
    pub(crate) fn check(&self, len: usize, channels: usize) {
        assert_eq!(self.data.len(), len, "a view's values");
        if let Some((scale, shift)) = self.affine {
            assert!(scale.len() == channels && shift.len() == channels, "a view's scale and shift");
        }
    }
}
