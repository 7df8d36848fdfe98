//! What a file may ask for, and where its tensors are: checked before anything is allocated.

use std::collections::BTreeMap;

use super::dtype::Dtype;
use super::header::{self, Claim};

/// The largest dimension taken.
const DIMENSION: u64 = 1 << 24;

/// How much a file may ask for. Anything larger is refused before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of header.
    pub header: u64,
    /// Tensors.
    pub tensors: usize,
    /// Bytes of file.
    pub file: u64,
}

impl Limits {
    /// Of plain weights: a ResNet-152's header has 60 KiB and 934 tensors.
    pub const WEIGHTS: Self = Self { header: 1 << 20, tensors: 2000, file: 2 << 30 };
    /// Of a saved classifier, whose metadata holds its whole story.
    pub const CLASSIFIER: Self = Self { header: 16 << 20, ..Self::WEIGHTS };
    /// Of a checkpoint, which holds a network up to three times and two averages of each weight.
    pub const CHECKPOINT: Self = Self { header: 16 << 20, tensors: 10_000, file: 12 << 30 };
}

/// What follows a tensor's name in that of its scales.
pub(crate) const SCALE: &str = ".scale";

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its numbers are.
    pub dtype: Dtype,
    /// Its dimensions; none for a single number.
    pub shape: Vec<usize>,
    /// Where its bytes start, from the start of the file.
    pub start: u64,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Why bytes are not a safetensors file that we read.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not even a header length.
    #[error("{0} bytes are too few for a safetensors file")]
    Short(u64),
    /// Larger than [`Limits::file`].
    #[error("{size} bytes are more than the limit of {limit}")]
    Large {
        /// Bytes of the file.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The header would reach beyond the file.
    #[error("the first 8 bytes announce a header of {length} bytes, but the file has {size}")]
    Overrun {
        /// Announced.
        length: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// The header is larger than [`Limits::header`].
    #[error("the first 8 bytes announce a header of {length} bytes; the limit is {limit}")]
    Header {
        /// Announced.
        length: u64,
        /// The limit.
        limit: u64,
    },
    /// The data would not start at a multiple of eight.
    #[error("the data starts at byte {0}, which is not a multiple of 8")]
    Unaligned(u64),
    /// The header is not an object from its first byte on.
    #[error("the header does not start with `{{`")]
    Brace,
    /// The header is not UTF-8.
    #[error("the header is not UTF-8")]
    Utf8,
    /// The header does not end with its object and, at most, spaces.
    #[error("the header does not end with `}}` and spaces")]
    Padding,
    /// The header is not the JSON that it should be.
    #[error("the header is not valid: {0}")]
    Json(String),
    /// A dimension is 0 or more than 2²⁴.
    #[error("tensor `{name}` has a dimension of {dimension}; 1 to {DIMENSION} are read")]
    Dimension {
        /// The tensor.
        name: String,
        /// Its dimension.
        dimension: u64,
    },
    /// Shape and dtype need another number of bytes than the offsets give.
    #[error(
        "tensor `{name}` has shape {shape:?} of {dtype:?}, which does not fill bytes {start} to {end}"
    )]
    Extent {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<u64>,
        /// Its dtype.
        dtype: Dtype,
        /// First offset.
        start: u64,
        /// Second offset.
        end: u64,
    },
    /// A hole or an overlap.
    #[error(
        "tensor `{name}` starts at byte {found} of the data, not at {expected} where the one before it ends"
    )]
    Gap {
        /// The tensor.
        name: String,
        /// Where it should start.
        expected: u64,
        /// Where it does.
        found: u64,
    },
    /// Data missing, or data that belongs to no tensor.
    #[error("the tensors cover {covered} bytes of data, but the file has {data}")]
    Cover {
        /// Bytes of all tensors.
        covered: u64,
        /// Bytes after the header.
        data: u64,
    },
}

impl Malformed {
    /// A JSON error's words; it may quote a hostile string at full length.
    #[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
    fn json(error: serde_json::Error) -> Self {
        let words = error.to_string();
        let start: String = words.chars().take(300).collect();
        Self::Json(if start.len() < words.len() { start + "…" } else { start })
    }
}

/// Which tensors a file holds and where, checked to the last byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    metadata: BTreeMap<String, String>,
    entries: BTreeMap<String, Entry>,
    data: u64,
}

impl Layout {
    /// How many bytes of header follow the first eight in a file of `size` bytes.
    ///
    /// # Errors
    /// When the limits do not allow it or the file does not have them.
    pub fn header_length(first: [u8; 8], size: u64, limits: &Limits) -> Result<u64, Malformed> {
        let length = u64::from_le_bytes(first);
        if size > limits.file {
            Err(Malformed::Large { size, limit: limits.file })
        } else if size < 8 {
            Err(Malformed::Short(size))
        } else if length > size - 8 {
            Err(Malformed::Overrun { length, size })
        } else if length > limits.header {
            Err(Malformed::Header { length, limit: limits.header })
        } else if !length.is_multiple_of(8) {
            Err(Malformed::Unaligned(8 + length))
        } else {
            Ok(length)
        }
    }

    /// The shape of each tensor, by its name. Scales are parts of the tensors that they scale.
    #[must_use]
    pub fn shapes(&self) -> BTreeMap<&str, &[usize]> {
        let own = self.entries.iter().filter(|(name, _)| !self.is_scale(name));
        own.map(|(name, entry)| (name.as_str(), &entry.shape[..])).collect()
    }

    /// Whether this is the name of the scales of a tensor of 8-bit integers.
    #[must_use]
    pub fn is_scale(&self, name: &str) -> bool {
        let scaled = name.strip_suffix(SCALE).and_then(|scaled| self.entries.get(scaled));
        scaled.is_some_and(|entry| entry.dtype == Dtype::I8)
    }

    /// Reads the header of a file of `size` bytes; the header is what follows the first eight.
    ///
    /// # Errors
    /// When anything in it is not exactly as it must be.
    pub fn parse(header: &[u8], size: u64, limits: &Limits) -> Result<Self, Malformed> {
        if header.first() != Some(&b'{') {
            return Err(Malformed::Brace);
        }
        let text = std::str::from_utf8(header).map_err(|_| Malformed::Utf8)?;
        let object = text.trim_end_matches(' ');
        if !object.ends_with('}') {
            return Err(Malformed::Padding);
        }
        let header::Header { metadata, tensors } =
            header::parse(object, limits.tensors).map_err(Malformed::json)?;
        let data = 8 + header.len() as u64;
        let entries = place(tensors, data, size.saturating_sub(data))?;
        Ok(Self { metadata, entries, data })
    }

    /// The strings stored beside the tensors.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The tensors by name.
    #[must_use]
    pub fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// Where the data starts, from the start of the file.
    #[must_use]
    pub fn data_start(&self) -> u64 {
        self.data
    }
}

/// Checks that the tensors' claims cover the `size` bytes of data from `data` on exactly once.
fn place(
    claims: BTreeMap<String, Claim>,
    data: u64,
    size: u64,
) -> Result<BTreeMap<String, Entry>, Malformed> {
    let mut claims: Vec<(String, Claim)> = claims.into_iter().collect();
    claims.sort_by_key(|(_, claim)| claim.offsets);
    let mut entries = BTreeMap::new();
    let mut covered = 0;
    for (name, Claim { dtype, shape, offsets: [start, end] }) in claims {
        if let Some(&dimension) = shape.iter().find(|&&d| !(1..=DIMENSION).contains(&d)) {
            return Err(Malformed::Dimension { name, dimension });
        }
        if start != covered {
            return Err(Malformed::Gap { name, expected: covered, found: start });
        }
        let bytes = shape.iter().try_fold(dtype.size() as u64, |bytes, &d| bytes.checked_mul(d));
        let Some(bytes) = bytes.filter(|&bytes| start.checked_add(bytes) == Some(end)) else {
            return Err(Malformed::Extent { name, shape, dtype, start, end });
        };
        if end > size {
            return Err(Malformed::Cover { covered: end, data: size });
        }
        covered = end;
        // No dimension exceeds 2²⁴, so each fits.
        let shape = shape.iter().map(|&d| d as usize).collect();
        entries.insert(name, Entry { dtype, shape, start: data + start, bytes });
    }
    if covered != size {
        return Err(Malformed::Cover { covered, data: size });
    }
    Ok(entries)
}
