use std::collections::BTreeMap;
use std::path::Path;

use ground::files::{Disk, Files, write_pieces};
use ground::{Digest, Digester};

use super::{Dtype, Layout, Limits, Malformed};
use crate::WeightsError;

/// A tensor to be written.
#[derive(Clone, Copy, Debug)]
pub struct TensorRef<'a> {
    /// 1 to 128 of `A-Z a-z 0-9 . _ -`.
    pub name: &'a str,
    /// Its dimensions.
    pub shape: &'a [usize],
    /// As many values as the shape says.
    pub values: Values<'a>,
}

/// The values of a tensor to be written.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Numbers.
    F32(&'a [f32]),
    /// Bytes.
    U8(&'a [u8]),
}

impl Values<'_> {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::U8(_) => Dtype::U8,
        }
    }

    fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(bytes) => bytes.len(),
        }
    }

    fn append_to(self, data: &mut Vec<u8>) {
        match self {
            Self::F32(values) => data.extend(values.iter().flat_map(|x| x.to_le_bytes())),
            Self::U8(bytes) => data.extend_from_slice(bytes),
        }
    }
}

/// Writes a file, whole or not at all. The same tensors and metadata give the same bytes, in
/// whatever order they come.
///
/// # Errors
/// When writing fails, or the file would not be one that [`super::File`] reads back.
pub fn write(
    path: &Path,
    metadata: &BTreeMap<String, String>,
    tensors: &[TensorRef<'_>],
) -> Result<(), WeightsError> {
    write_on(&Disk, path, metadata, tensors)
}

/// As [`write()`], on any [`Files`].
///
/// # Errors
/// As [`write()`].
pub fn write_on(
    files: &dyn Files,
    path: &Path,
    metadata: &BTreeMap<String, String>,
    tensors: &[TensorRef<'_>],
) -> Result<(), WeightsError> {
    let tensors = in_order(tensors);
    let header = header(metadata, &tensors);
    let data = tensors.iter().map(|t| t.values.len() * t.values.dtype().size()).sum::<usize>();
    let size = (8 + header.len() + data) as u64;
    let length = (header.len() as u64).to_le_bytes();
    // What our own reader would refuse is not written.
    Layout::header_length(length, size, &Limits::CLASSIFIER)
        .and_then(|_| Layout::parse(&header, size, &Limits::CLASSIFIER))
        .map_err(|reason: Malformed| WeightsError::Unwritable { path: path.to_owned(), reason })?;
    let mut bytes = Vec::with_capacity(data);
    tensors.iter().for_each(|tensor| tensor.values.append_to(&mut bytes));
    Ok(write_pieces(files, path, &[&length, &header, &bytes])?)
}

/// The SHA-256 of everything that [`write()`] puts behind the header.
#[must_use]
pub fn payload_digest(tensors: &[TensorRef<'_>]) -> Digest {
    let mut digester = Digester::new();
    let mut bytes = Vec::new();
    for tensor in in_order(tensors) {
        bytes.clear();
        tensor.values.append_to(&mut bytes);
        digester.update(&bytes);
    }
    digester.finish()
}

/// Wide numbers first, so that every tensor is aligned to its own; then by name.
fn in_order<'a>(tensors: &[TensorRef<'a>]) -> Vec<TensorRef<'a>> {
    let mut tensors = tensors.to_vec();
    tensors.sort_by_key(|tensor| (std::cmp::Reverse(tensor.values.dtype().size()), tensor.name));
    tensors
}

/// The header's JSON, padded with spaces to a multiple of eight.
fn header(metadata: &BTreeMap<String, String>, tensors: &[TensorRef<'_>]) -> Vec<u8> {
    let mut entries = vec![];
    if !metadata.is_empty() {
        entries.push(format!("\"__metadata__\":{}", serde_json::json!(metadata)));
    }
    let mut start = 0;
    for TensorRef { name, shape, values } in tensors {
        let end = start + values.len() * values.dtype().size();
        let name = serde_json::json!(name);
        let dtype = values.dtype().name();
        entries.push(format!(
            "{name}:{{\"dtype\":\"{dtype}\",\"shape\":{},\"data_offsets\":[{start},{end}]}}",
            serde_json::json!(shape)
        ));
        start = end;
    }
    let mut header = format!("{{{}}}", entries.join(",")).into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    header
}
