/// Zeros around an input: before and after its rows, and before and after its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Padding(pub [[usize; 2]; 2]);

impl Padding {
    /// As many on every side.
    #[must_use]
    pub fn each(padding: usize) -> Self {
        Self([[padding; 2]; 2])
    }

    /// Zeros above the input, and to its left.
    pub(crate) fn before(self) -> [usize; 2] {
        self.0.map(|[before, _]| before)
    }

    /// How many windows of `kernel` cells, `stride` apart, fit along an axis (0 for rows, 1 for
    /// columns) of `size` cells.
    pub(crate) fn windows(self, axis: usize, size: usize, kernel: usize, stride: usize) -> usize {
        let [before, after] = self.0[axis];
        (size + before + after - kernel) / stride + 1
    }
}
