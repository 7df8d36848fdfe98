/// Limits on the size of a picture: the one table of them, checked before anything is decoded. They
/// admit the largest photographs of telephones and cameras (200 million pixels) and panoramas; what
/// a picture may take of memory is limited apart ([`DecodePermit`](crate::DecodePermit)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Width × height, in pixels.
    pub max_pixels: u64,
    /// The longer side, in pixels.
    pub max_side: u32,
    /// The file, in bytes.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 250_000_000, max_side: 65_535, max_bytes: 100 << 20 }
    }
}
