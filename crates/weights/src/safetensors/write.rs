//! Writing a file whole or not at all, as the reader would accept it.

use std::collections::BTreeMap;
use std::path::Path;

use ground::files::{Disk, FileError, Files, Whole};
use ground::{Digest, Digester, Hash};

use super::half::to_bf16;
use super::{Dtype, Layout, Limits, Malformed, SEAL, SEALED};
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

impl TensorRef<'_> {
    /// The type that its values are written as.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.values.dtype()
    }

    /// The digest of its bytes as they are written.
    #[must_use]
    pub fn digest(&self, hash: Hash) -> Digest {
        let mut digester = Digester::of(hash);
        let Ok(()) = self.values.pieces(|piece| {
            digester.update(piece);
            Ok::<(), std::convert::Infallible>(())
        });
        digester.finish()
    }
}

/// The values of a tensor to be written.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Numbers.
    F32(&'a [f32]),
    /// Numbers, each written as the nearest bfloat16.
    BF16(&'a [f32]),
    /// Bytes.
    U8(&'a [u8]),
    /// 8-bit integers.
    I8(&'a [i8]),
}

impl Values<'_> {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::BF16(_) => Dtype::BF16,
            Self::U8(_) => Dtype::U8,
            Self::I8(_) => Dtype::I8,
        }
    }

    fn len(self) -> usize {
        match self {
            Self::F32(values) | Self::BF16(values) => values.len(),
            Self::U8(bytes) => bytes.len(),
            Self::I8(integers) => integers.len(),
        }
    }

    /// Hands the bytes over, some at a time.
    fn pieces<E>(self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        const PIECE: usize = 1 << 20;
        let mut bytes = vec![];
        match self {
            Self::U8(bytes) => take(bytes),
            Self::I8(integers) => integers.chunks(PIECE).try_for_each(|chunk| {
                bytes.clear();
                bytes.extend(chunk.iter().map(|&x| x as u8));
                take(&bytes)
            }),
            Self::F32(values) => values.chunks(PIECE / 4).try_for_each(|chunk| {
                bytes.clear();
                bytes.extend(chunk.iter().flat_map(|x| x.to_le_bytes()));
                take(&bytes)
            }),
            Self::BF16(values) => values.chunks(PIECE / 4).try_for_each(|chunk| {
                bytes.clear();
                bytes.extend(chunk.iter().flat_map(|&x| to_bf16(x).to_le_bytes()));
                take(&bytes)
            }),
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
    let mut file = Output { file: Whole::begin(files, path)?, digester: None };
    file.write(path, metadata, tensors, &Limits::CLASSIFIER)?;
    Ok(file.file.finish()?)
}

/// As [`write_on`], within other limits, and sealed: the last tensor, `zz.sha256`, holds the
/// SHA-256 of every byte before it. Read it by [`super::File::open_sealed`].
///
/// # Errors
/// As [`write()`].
pub fn write_sealed(
    files: &dyn Files,
    path: &Path,
    metadata: &BTreeMap<String, String>,
    tensors: &[TensorRef<'_>],
    limits: &Limits,
) -> Result<(), WeightsError> {
    let mut tensors = tensors.to_vec();
    tensors.push(TensorRef { name: SEAL, shape: &[SEALED], values: Values::U8(&[0; SEALED]) });
    let mut file = Output { file: Whole::begin(files, path)?, digester: Some(Digester::new()) };
    file.write(path, metadata, &tensors, limits)?;
    Ok(file.file.finish()?)
}

/// A file being written, and the digest of what has been, where the file is to be sealed.
struct Output<'a> {
    file: Whole<'a>,
    digester: Option<Digester>,
}

impl Output<'_> {
    fn write(
        &mut self,
        path: &Path,
        metadata: &BTreeMap<String, String>,
        tensors: &[TensorRef<'_>],
        limits: &Limits,
    ) -> Result<(), WeightsError> {
        let tensors = in_order(tensors);
        let header = header(metadata, &tensors);
        let data = tensors.iter().map(|t| t.values.len() * t.values.dtype().size()).sum::<usize>();
        let size = (8 + header.len() + data) as u64;
        let length = (header.len() as u64).to_le_bytes();
        // What our own reader would refuse is not written.
        Layout::header_length(length, size, limits)
            .and_then(|_| Layout::parse(&header, size, limits))
            .map_err(|reason: Malformed| WeightsError::Unwritable {
                path: path.to_owned(),
                reason,
            })?;
        self.append(&length)?;
        self.append(&header)?;
        for tensor in &tensors {
            match &self.digester {
                Some(digester) if tensor.name == SEAL => {
                    let digest = digester.clone().finish();
                    self.append(&digest.0)?;
                }
                _ => tensor.values.pieces(|piece| self.append(piece))?,
            }
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        if let Some(digester) = &mut self.digester {
            digester.update(bytes);
        }
        self.file.append(bytes)
    }
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
