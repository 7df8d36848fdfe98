//! Reading a file tensor by tensor, after its header has been checked.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ground::files::{self, FileError};
use ground::{Digest, Digester, Hash};

use super::half::{from_bf16, from_f16};
use super::{Dtype, Entry, Layout, Limits, SCALE, SEAL};
use crate::WeightsError;

/// How much is read at a time.
const PIECE: usize = 1 << 16;

/// Where a file's bytes come from: any part at any time, for any thread.
pub trait Source: Sync {
    /// How many bytes there are.
    ///
    /// # Errors
    /// When that cannot be known.
    fn size(&self) -> io::Result<u64>;

    /// Fills `out` from this place.
    ///
    /// # Errors
    /// When the bytes end before, or cannot be read.
    fn read_at(&self, out: &mut [u8], place: u64) -> io::Result<()>;
}

impl Source for fs::File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, out: &mut [u8], place: u64) -> io::Result<()> {
        files::read_at(self, out, place)
    }
}

impl Source for &[u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, out: &mut [u8], place: u64) -> io::Result<()> {
        let start = usize::try_from(place).ok();
        let found = start.and_then(|start| self.get(start..)?.get(..out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

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
            let kind = fs::metadata(path)?.file_type();
            if kind.is_dir() {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            if !kind.is_file() {
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
        let file = Self::open(path, limits)?;
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

impl<'a> File<&'a [u8]> {
    /// Checks bytes that are in memory already; `path` is what messages call them.
    ///
    /// # Errors
    /// When they are not such a file within the limits.
    pub fn of_bytes(path: &Path, bytes: &'a [u8], limits: &Limits) -> Result<Self, WeightsError> {
        Self::over(path, bytes, limits)
    }
}

impl<S: Source> File<S> {
    fn over(path: &Path, source: S, limits: &Limits) -> Result<Self, WeightsError> {
        let malformed = |reason| WeightsError::Malformed { path: path.to_owned(), reason };
        let read = |e| WeightsError::from(FileError::at("read", path)(e));
        let size = source.size().map_err(read)?;
        let mut first = [0; 8];
        if size >= 8 {
            source.read_at(&mut first, 0).map_err(read)?;
        }
        let length = Layout::header_length(first, size, limits).map_err(malformed)?;
        let mut header = vec![0; length as usize];
        source.read_at(&mut header, 8).map_err(read)?;
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

    /// The numbers of a tensor; F16 and BF16 are widened, which is exact, and I8 multiplied with
    /// their scales.
    ///
    /// # Errors
    /// When there is no such tensor, it is of another dtype, or reading fails.
    pub fn tensor_f32(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        self.numbers(name, |_| {})
    }

    /// As [`File::tensor_f32`], with the digest of its bytes.
    ///
    /// # Errors
    /// As there.
    pub fn tensor_and_digest(
        &self,
        name: &str,
        hash: Hash,
    ) -> Result<(Vec<f32>, Digest), WeightsError> {
        let mut digester = Digester::of(hash);
        let numbers = self.numbers(name, |piece| digester.update(piece))?;
        Ok((numbers, digester.finish()))
    }

    /// The numbers of a tensor, whose bytes are shown to `seen`.
    fn numbers(&self, name: &str, mut seen: impl FnMut(&[u8])) -> Result<Vec<f32>, WeightsError> {
        let entry = self.entry(name)?;
        let mut values = Vec::with_capacity(entry.bytes as usize / entry.dtype.size());
        match entry.dtype {
            Dtype::F32 => self.pieces(&entry, |piece| {
                seen(piece);
                values.extend(piece.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
            }),
            Dtype::F16 => self.pieces(&entry, |piece| {
                seen(piece);
                values.extend(piece.as_chunks().0.iter().map(|b| from_f16(u16::from_le_bytes(*b))));
            }),
            Dtype::BF16 => self.pieces(&entry, |piece| {
                seen(piece);
                values
                    .extend(piece.as_chunks().0.iter().map(|b| from_bf16(u16::from_le_bytes(*b))));
            }),
            Dtype::I8 => {
                let scales = self.scales(name, &entry)?;
                let filter = entry.bytes as usize / scales.len();
                let each = scales.iter().flat_map(|&scale| std::iter::repeat_n(scale, filter));
                let mut each = each;
                self.pieces(&entry, |piece| {
                    seen(piece);
                    let scaled = piece.iter().zip(&mut each);
                    values.extend(scaled.map(|(&byte, scale)| f32::from(byte as i8) * scale));
                })
            }
            Dtype::I64 | Dtype::U8 => {
                Err(self.wrong_dtype(name, entry.dtype, "F32, F16, BF16 or I8"))
            }
        }?;
        Ok(values)
    }

    /// The scale of each filter of a tensor of 8-bit integers.
    fn scales(&self, name: &str, scaled: &Entry) -> Result<Vec<f32>, WeightsError> {
        let name = format!("{name}{SCALE}");
        let entry = self.entry(&name)?;
        if entry.dtype != Dtype::F32 {
            return Err(self.wrong_dtype(&name, entry.dtype, "F32"));
        }
        let expected: Vec<usize> = scaled.shape.iter().copied().take(1).collect();
        if expected.is_empty() || entry.shape != expected {
            let (path, found) = (self.path.clone(), entry.shape);
            return Err(WeightsError::Shape { path, name, found, expected, fits: None });
        }
        self.tensor_f32(&name)
    }

    /// The bytes of a U8 tensor.
    ///
    /// # Errors
    /// When there is no such tensor, it is of another dtype, or reading fails.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>, WeightsError> {
        let entry = self.entry(name)?;
        if entry.dtype != Dtype::U8 {
            return Err(self.wrong_dtype(name, entry.dtype, "U8"));
        }
        let mut bytes = Vec::with_capacity(entry.bytes as usize);
        self.pieces(&entry, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// The digest of a tensor's bytes.
    ///
    /// # Errors
    /// When there is no such tensor, or reading fails.
    pub fn digest(&self, name: &str, hash: Hash) -> Result<Digest, WeightsError> {
        let mut digester = Digester::of(hash);
        self.pieces(&self.entry(name)?, |piece| digester.update(piece))?;
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
    fn pieces(&self, entry: &Entry, mut take: impl FnMut(&[u8])) -> Result<(), WeightsError> {
        let read = |e| WeightsError::from(FileError::at("read", &self.path)(e));
        let mut buffer = [0; PIECE];
        let mut left = entry.bytes;
        while left > 0 {
            let piece = &mut buffer[..left.min(PIECE as u64) as usize];
            let place = entry.start + entry.bytes - left;
            self.source.read_at(piece, place).map_err(read)?;
            take(piece);
            left -= piece.len() as u64;
        }
        Ok(())
    }
}
