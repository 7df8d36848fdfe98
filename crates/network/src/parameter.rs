/// What a parameter is, which decides how it starts and whether it decays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Of a convolution or a linear layer: trained, decays.
    Weight,
    /// Of a linear layer: trained, does not decay.
    Bias,
    /// Scale of a norm: trained, does not decay.
    NormWeight,
    /// Shift of a norm: trained, does not decay.
    NormBias,
    /// Running mean of a norm: moves by itself.
    RunningMean,
    /// Running variance of a norm: moves by itself.
    RunningVariance,
}

impl Role {
    /// Whether an optimiser may change it.
    #[must_use]
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }

    /// Whether it belongs to a norm's affine part.
    #[must_use]
    pub fn is_norm(self) -> bool {
        matches!(self, Self::NormWeight | Self::NormBias)
    }
}

/// A named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// In the body timm's name (`layer1.0.conv1.weight`), `head.…` in most heads.
    pub name: String,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// What it is.
    pub role: Role,
    /// Parameter group: 0 and 1 the body's lower and upper half, 2 the head.
    pub group: usize,
    /// The value it starts with where no weights are loaded.
    pub start: Start,
}

impl Parameter {
    /// How many numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no numbers (it never has none in a graph of ours).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// All this value.
    Constant(f32),
    /// Normal with this standard deviation (He et al., arXiv 1502.01852).
    Normal(f32),
}
