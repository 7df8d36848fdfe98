//! The kinds of numbers that a file holds.

/// What a tensor's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of a binary32.
    BF16,
    /// Signed, 64 bits.
    I64,
    /// Bytes.
    U8,
    /// Signed, 8 bits: of the filters of a tensor `NAME`, which the 32-bit numbers in
    /// `NAME.scale`, one a filter, are multiplied with.
    I8,
}

impl Dtype {
    /// All that are read.
    pub const ALL: [Self; 6] = [Self::F32, Self::F16, Self::BF16, Self::I64, Self::U8, Self::I8];

    /// The name in the header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::I64 => "I64",
            Self::U8 => "U8",
            Self::I8 => "I8",
        }
    }

    /// Bytes of one number.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::I64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::U8 | Self::I8 => 1,
        }
    }
}
