use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest learning rates of a stage, from the lowest layers to the head.
///
/// As text, `1e-3` is [`Rates::Single`] and `1e-6..1e-5` is [`Rates::Range`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rates {
    /// fastai's `slice(b)`: b for the last group, b / 10 for those before it.
    Single(f32),
    /// fastai's `slice(a, b)`: from a in the first group to b in the last, in equal factors.
    Range(f32, f32),
}

impl Rates {
    /// The largest rate that text may ask for: where fastai's rate finder stops looking.
    pub const LARGEST: f32 = 10.0;

    /// One rate for every group, as fastai takes a plain number.
    #[must_use]
    pub fn same(rate: f32) -> Self {
        Self::Range(rate, rate)
    }

    /// The rate of each of so many parameter groups.
    #[must_use]
    pub fn of_groups(self, groups: usize) -> Vec<f32> {
        let last = groups.saturating_sub(1);
        (0..groups)
            .map(|group| match self {
                Self::Single(b) | Self::Range(_, b) if group == last => b,
                Self::Single(b) => b / 10.0,
                // In f64, so that 1e-6..1e-5 in three groups is 3.1622777e-6 to the last bit.
                Self::Range(a, b) => {
                    let factor = f64::from(b) / f64::from(a);
                    (f64::from(a) * factor.powf(group as f64 / last as f64)) as f32
                }
            })
            .collect()
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single(b) => write!(f, "{b:e}"),
            Self::Range(a, b) => write!(f, "{a:e}..{b:e}"),
        }
    }
}

/// Text that is no learning rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no learning rate: {reason}")]
pub struct RatesError {
    text: String,
    reason: &'static str,
}

impl FromStr for Rates {
    type Err = RatesError;

    fn from_str(text: &str) -> Result<Self, RatesError> {
        let wrong = |reason| RatesError { text: text.into(), reason };
        let number = |part: &str| -> Result<f32, RatesError> {
            let form = "write a number such as `1e-3`, or a range such as `1e-6..1e-5`";
            let rate: f32 = part.trim().parse().map_err(|_| wrong(form))?;
            if rate > 0.0 && rate <= Self::LARGEST {
                Ok(rate)
            } else {
                Err(wrong("it must be more than 0 and at most 10"))
            }
        };
        match text.split_once("..") {
            None => Ok(Self::Single(number(text)?)),
            Some((a, b)) => {
                let (a, b) = (number(a)?, number(b)?);
                if a > b {
                    return Err(wrong(
                        "a range goes from the lower layers' smaller rate to the head's",
                    ));
                }
                Ok(Self::Range(a, b))
            }
        }
    }
}

impl TryFrom<String> for Rates {
    type Error = RatesError;

    fn try_from(text: String) -> Result<Self, RatesError> {
        text.parse()
    }
}

impl From<Rates> for String {
    fn from(rates: Rates) -> Self {
        rates.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Rates;

    #[test]
    fn slices_as_fastai_has_them() {
        assert_eq!(Rates::Range(1e-6, 1e-5).of_groups(3), [1e-6, 3.162_277_7e-6, 1e-5]);
        assert_eq!(Rates::Single(3e-3).of_groups(3), [3e-4, 3e-4, 3e-3]);
        assert_eq!(Rates::same(1e-2).of_groups(3), [1e-2; 3]);
        assert_eq!(Rates::Single(1e-2).of_groups(1), [1e-2]);
        assert_eq!(Rates::Range(1e-3, 1e-2).of_groups(1), [1e-2]);
    }

    #[test]
    fn text_makes_rates_and_back() {
        for (text, rates) in [
            ("1e-3", Rates::Single(1e-3)),
            ("0.002", Rates::Single(2e-3)),
            ("1e-6..1e-5", Rates::Range(1e-6, 1e-5)),
            (" 1e-6 .. 1e-5 ", Rates::Range(1e-6, 1e-5)),
        ] {
            assert_eq!(text.parse(), Ok(rates));
            assert_eq!(rates.to_string().parse(), Ok(rates));
        }
    }

    #[test]
    fn other_text_is_refused_with_the_reason() {
        let reason = |text: &str| text.parse::<Rates>().unwrap_err().to_string();
        for text in ["", "fast", "1e-3,1e-2", "1e-3..", "..1e-3", "1e-3..1e-2..1e-1"] {
            assert!(reason(text).contains("write a number"), "{}", reason(text));
        }
        for text in ["0", "-1e-3", "inf", "NaN", "11", "0..1e-3"] {
            assert!(reason(text).contains("more than 0"), "{}", reason(text));
        }
        assert!(reason("1e-3..1e-5").contains("smaller rate"));
    }
}
