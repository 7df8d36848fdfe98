use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The numbers that a network computes in. Sums, statistics, weights and the loss are `f32` in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats throughout.
    #[default]
    Fp32,
    /// Activations, their gradients and both sides of every product in bfloat16.
    Bf16,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "fp32" => Ok(Self::Fp32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(format!("`{word}` is neither `fp32` nor `bf16`")),
        }
    }
}
