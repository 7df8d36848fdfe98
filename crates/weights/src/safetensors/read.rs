use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ground::files::FileError;
use ground::{Digest, Digester};

use super::{Dtype, Entry, Layout, Limits, SEAL};
use crate::WeightsError;

/// How much is read at a time.
const PIECE: usize = 1 << 16;

/// A safetensors file whose header has been checked; tensors are read one by one when asked for.
#[derive(Debug)]
pub struct File<S = fs::File> {
    path: PathBuf,
    layout: Layout,
    source: S,
}

impl File {
    /// Opens a file and checks its header.
    ///
    /// # Errors
    /// When it cannot be read, or is not such a file within the limits.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, WeightsError> {
        let open = || {
            // Asked first, because opening a pipe would wait for its other end.
            if !fs::metadata(path)?.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
            }
            fs::File::open(path)
        };
        Self::over(path, open().map_err(FileError::at("open", path))?, limits)
    }

    /// Opens a file that [`super::write_sealed`] wrote, and checks every byte of it.
    ///
    /// # Errors
    /// As [`File::open`], and when it is not what was written.
    pub fn open_sealed(path: &Path, limits: &Limits) -> Result<Self, WeightsError> {
        let mut file = Self::open(path, limits)?;
        let broken = || WeightsError::Seal { path: path.to_owned() };
        let seal = file.layout.entries().get(SEAL).cloned().ok_or_else(broken)?;
        let stated = file.bytes(SEAL)?;
        let before = Entry { dtype: Dtype::U8, shape: vec![], start: 0, bytes: seal.start };
        let mut digester = Digester::new();
        file.pieces(&before, |piece| digester.update(piece))?;
        let last = file.layout.entries().values().all(|entry| entry.start <= seal.start);
        if last && stated == digester.finish().0 { Ok(file) } else { Err(broken()) }
    }
}

impl<'a> File<Cursor<&'a [u8]>> {
    /// Checks bytes that are in memory already; `path` is what messages call them.
    ///
    /// # Errors
    /// When they are not such a file within the limits.
    pub fn of_bytes(path: &Path, bytes: &'a [u8], limits: &Limits) -> Result<Self, WeightsError> {
        Self::over(path, Cursor::new(bytes), limits)
    }
}

impl<S: Read + Seek> File<S> {
    fn over(path: &Path, mut source: S, limits: &Limits) -> Result<Self, WeightsError> {
        let malformed = |reason| WeightsError::Malformed { path: path.to_owned(), reason };
        let read = |e| WeightsError::from(FileError::at("read", path)(e));
        let size = source.seek(SeekFrom::End(0)).map_err(read)?;
        source.rewind().map_err(read)?;
        let mut first = [0; 8];
        if size >= 8 {
            source.read_exact(&mut first).map_err(read)?;
        }
        let length = Layout::header_length(first, size, limits).map_err(malformed)?;
        let mut header = vec![0; length as usize];
        source.read_exact(&mut header).map_err(read)?;
        let layout = Layout::parse(&header, size, limits).map_err(malformed)?;
        Ok(Self { path: path.to_owned(), layout, source })
    }

    /// Which file it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which tensors it holds.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The numbers of a tensor; F16 and BF16 are widened, which is exact.
    ///
    /// # Errors
    /// When there is no such tensor, it is of another dtype, or reading fails.
    pub fn tensor_f32(&mut self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let entry = self.entry(name)?;
        let mut values = Vec::with_capacity(entry.bytes as usize / entry.dtype.size());
        match entry.dtype {
            Dtype::F32 => self.pieces(&entry, |piece| {
                values.extend(piece.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
            }),
            Dtype::F16 => self.pieces(&entry, |piece| {
                values.extend(piece.as_chunks().0.iter().map(|b| from_f16(u16::from_le_bytes(*b))));
            }),
            Dtype::BF16 => self.pieces(&entry, |piece| {
                values
                    .extend(piece.as_chunks().0.iter().map(|b| from_bf16(u16::from_le_bytes(*b))));
            }),
            Dtype::I64 | Dtype::U8 => Err(self.wrong_dtype(name, entry.dtype, "F32, F16 or BF16")),
        }?;
        Ok(values)
    }

    /// The bytes of a U8 tensor.
    ///
    /// # Errors
    /// When there is no such tensor, it is of another dtype, or reading fails.
    pub fn bytes(&mut self, name: &str) -> Result<Vec<u8>, WeightsError> {
        let entry = self.entry(name)?;
        if entry.dtype != Dtype::U8 {
            return Err(self.wrong_dtype(name, entry.dtype, "U8"));
        }
        let mut bytes = Vec::with_capacity(entry.bytes as usize);
        self.pieces(&entry, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// The SHA-256 of everything behind the header, to be compared with one in the metadata.
    ///
    /// # Errors
    /// When reading fails.
    pub fn payload_digest(&mut self) -> Result<Digest, WeightsError> {
        let bytes = self.layout.entries().values().map(|entry| entry.bytes).sum();
        let all = Entry { dtype: Dtype::U8, shape: vec![], start: self.layout.data_start(), bytes };
        let mut digester = Digester::new();
        self.pieces(&all, |piece| digester.update(piece))?;
        Ok(digester.finish())
    }

    fn entry(&self, name: &str) -> Result<Entry, WeightsError> {
        let missing = || WeightsError::NoTensor { path: self.path.clone(), name: name.to_owned() };
        self.layout.entries().get(name).cloned().ok_or_else(missing)
    }

    fn wrong_dtype(&self, name: &str, found: Dtype, expected: &'static str) -> WeightsError {
        WeightsError::Dtype { path: self.path.clone(), name: name.to_owned(), found, expected }
    }

    /// Hands over the bytes of an entry, a multiple of eight at a time but for the last.
    fn pieces(&mut self, entry: &Entry, mut take: impl FnMut(&[u8])) -> Result<(), WeightsError> {
        let read = |e| WeightsError::from(FileError::at("read", &self.path)(e));
        self.source.seek(SeekFrom::Start(entry.start)).map_err(read)?;
        let mut buffer = [0; PIECE];
        let mut left = entry.bytes;
        while left > 0 {
            let piece = &mut buffer[..left.min(PIECE as u64) as usize];
            self.source.read_exact(piece).map_err(read)?;
            take(piece);
            left -= piece.len() as u64;
        }
        Ok(())
    }
}

/// Widens an IEEE 754 binary16.
fn from_f16(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let exponent = u32::from(half >> 10) & 0x1f;
    let fraction = u32::from(half & 0x3ff);
    match exponent {
        // Subnormal: a multiple of 2⁻²⁴, which a binary32 holds as a normal number.
        0 => {
            let magnitude = fraction as f32 * (1.0 / 16_777_216.0);
            f32::from_bits(sign | magnitude.to_bits())
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// Widens a bfloat16.
fn from_bf16(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

#[cfg(test)]
mod tests {
    use super::{from_bf16, from_f16};

    /// The value by the definition of a binary format, in f64, which holds all of them exactly.
    fn defined(bits: u16, exponent_bits: u32, fraction_bits: u32) -> f64 {
        let bias = (1 << (exponent_bits - 1)) - 1;
        let exponent = i32::from(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
        let fraction = f64::from(bits & ((1 << fraction_bits) - 1)) / f64::from(1 << fraction_bits);
        let magnitude = match (exponent, fraction) {
            (0, f) => f * 2f64.powi(1 - bias),
            (e, 0.0) if e == (1 << exponent_bits) - 1 => f64::INFINITY,
            (e, _) if e == (1 << exponent_bits) - 1 => f64::NAN,
            (e, f) => (1.0 + f) * 2f64.powi(e - bias),
        };
        if bits >> 15 == 1 { -magnitude } else { magnitude }
    }

    #[test]
    fn every_half_widens_as_its_format_defines() {
        for bits in 0..=u16::MAX {
            for (got, defined) in
                [(from_f16(bits), defined(bits, 5, 10)), (from_bf16(bits), defined(bits, 8, 7))]
            {
                let same = f64::from(got) == defined
                    && got.is_sign_negative() == defined.is_sign_negative();
                assert!(
                    same || got.is_nan() && defined.is_nan(),
                    "{bits:#06x}: {got} for {defined}"
                );
            }
        }
    }
}
