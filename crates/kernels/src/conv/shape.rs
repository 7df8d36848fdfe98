use crate::Padding;

/// The shape of a convolution over a batch.
///
/// Tensors: input `count × height × width × channels`, output `count × out_height × out_width ×
/// filters`, weights `kernel × kernel × channels × filters`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// Pictures.
    pub count: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Channels of the output.
    pub filters: usize,
    /// Rows and columns of the filter.
    pub kernel: usize,
    /// Step between output pixels.
    pub stride: usize,
    /// Zeros around the input.
    pub padding: Padding,
}

impl Conv {
    /// A linear layer on `count` vectors.
    #[must_use]
    pub fn linear(count: usize, channels: usize, filters: usize) -> Self {
        Self {
            count,
            height: 1,
            width: 1,
            channels,
            filters,
            kernel: 1,
            stride: 1,
            padding: Padding::each(0),
        }
    }

    /// Rows of the output.
    #[must_use]
    pub fn out_height(&self) -> usize {
        self.padding.windows(0, self.height, self.kernel, self.stride)
    }

    /// Columns of the output.
    #[must_use]
    pub fn out_width(&self) -> usize {
        self.padding.windows(1, self.width, self.kernel, self.stride)
    }

    /// Numbers in the input.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.count * self.height * self.width * self.channels
    }

    /// Numbers in the output.
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.count * self.out_height() * self.out_width() * self.filters
    }

    /// Numbers in the weights.
    #[must_use]
    pub fn weight_len(&self) -> usize {
        self.kernel * self.kernel * self.channels * self.filters
    }

    /// Multiply-adds of each of the three passes.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        (self.output_len() * self.kernel * self.kernel * self.channels) as u64
    }
}
