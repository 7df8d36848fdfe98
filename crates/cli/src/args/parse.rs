//! How single values are read: ranges that make sense, and names that their types know.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use ground::Precision;

/// Names with what they stand for, which their type reads.
pub(super) fn one_of<T, const N: usize>(
    names: [(&'static str, &'static str); N],
) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    let values = names.map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<T>())
}

/// The numbers to compute in, by name, or those that are fastest on this processor.
pub(super) fn precision() -> impl TypedValueParser<Value = Precision> {
    let values = [
        ("auto", "bf16 if the processor supports it, else fp32"),
        ("fp32", "32-bit floats"),
        ("bf16", "bfloat16; sums, norms and weights stay in 32-bit floats"),
    ];
    let values = values.map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).try_map(|name| match name.as_str() {
        "auto" => Ok(engine::fastest_precision()),
        name => name.parse::<Precision>(),
    })
}

/// A kind of finding by its name.
pub(super) fn finding(text: &str) -> Result<doctor::Kind, String> {
    let found = doctor::Kind::ALL.iter().find(|kind| kind.id() == text.trim());
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = doctor::Kind::ALL.iter().map(|kind| kind.id()).collect();
        format!("there are {}", names.join(", "))
    })
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    within(text, 1, usize::MAX)
}

pub(super) fn batch(text: &str) -> Result<usize, String> {
    within(text, 1, 4096)
}

/// ImageNet's networks shrink a picture 32 times, so less than that leaves nothing to pool.
pub(super) fn size(text: &str) -> Result<usize, String> {
    within(text, 32, 1024)
}

pub(super) fn within(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let range = || match most {
        usize::MAX => format!("a whole number from {least} is needed"),
        _ => format!("a whole number from {least} to {most} is needed"),
    };
    let number = text.parse::<usize>().map_err(|_| range())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(range()) }
}

pub(super) fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 1e5 => Ok(minutes),
        _ => Err("a number of minutes above 0 is needed".into()),
    }
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('s').parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e5 => Ok(seconds),
        _ => Err("a number of seconds above 0 is needed".into()),
    }
}

/// A size as `32MB`, `500kB` or a number of bytes.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    let lower = text.trim().to_lowercase();
    let units = [("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10), ("b", 1), ("", 1)];
    let found = units.iter().find_map(|(end, unit)| Some((lower.strip_suffix(end)?, *unit)));
    let size =
        found.and_then(|(number, unit)| number.trim().parse::<usize>().ok()?.checked_mul(unit));
    let sized = size.filter(|size| (1 << 10..=1 << 30).contains(size));
    sized.ok_or_else(|| "a size from `1kB` to `1GB` is needed, such as `32MB`".into())
}

pub(super) fn folds(text: &str) -> Result<usize, String> {
    within(text, 2, 100)
}

pub(super) fn repeats(text: &str) -> Result<usize, String> {
    within(text, 1, 100)
}

pub(super) fn views(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|&count| classifier::Views::of(count).is_some());
    count.ok_or_else(|| "there are 1, 2 or 4 views".into())
}

/// fastai's finder takes at least 6 batches.
pub(super) fn sweep(text: &str) -> Result<usize, String> {
    within(text, 6, 100_000)
}

pub(super) fn spread(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(spread) if spread > 0.0 && spread <= 1.0 => Ok(spread),
        _ => Err("a number above 0 and at most 1 is needed, such as `0.01`".into()),
    }
}

/// A share as `1%` or `0.01`.
pub(super) fn percentage(text: &str) -> Result<f64, String> {
    let (number, unit) = text.strip_suffix('%').map_or((text, 1.0), |number| (number, 100.0));
    // Much of the world writes a comma.
    match number.trim().replace(',', ".").parse::<f64>() {
        Ok(number) if number > 0.0 && number < unit => Ok(number / unit),
        _ => Err("a share between 0% and 100% is needed, such as `1%` or `0.01`".into()),
    }
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    match text.replace(',', ".").parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a number between 0 and 1 is needed, such as `0.2`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{percentage, share};

    #[test]
    fn shares_are_read_as_people_write_them() {
        for text in ["0.95", "0,95", "95%", "95 %", "95,0%"] {
            assert_eq!(percentage(text), Ok(0.95), "{text}");
        }
        assert_eq!(share("0,2"), Ok(0.2));
        for text in ["1.5", "0", "100%", "1.000,5", "a"] {
            assert!(percentage(text).is_err(), "{text}");
        }
    }
}
