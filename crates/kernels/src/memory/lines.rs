use std::io;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Zeros to begin with, in whole cache lines.
pub(super) struct Map(Vec<Line>);

impl Map {
    pub(super) fn map_anon(bytes: usize) -> io::Result<Self> {
        let count = bytes.div_ceil(size_of::<Line>());
        let mut lines = Vec::new();
        lines.try_reserve_exact(count).map_err(io::Error::other)?;
        lines.resize(count, Line([0; 64]));
        Ok(Self(lines))
    }

    pub(super) fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}
