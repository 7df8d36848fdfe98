//! Archives from strangers: what is in them, without ever unpacking one.
//!
//! No name in an archive becomes a path: its first folder names a class, if it can, and the rest
//! appears only in a row. So nothing can be written elsewhere. Only regular files are read; links and
//! devices are refused, archives within archives are not opened, and how much is unpacked is
//! bounded by the archive's own size.

mod tape;
mod zipped;

use std::io::{self, BufReader, Read, Seek};

use ground::Stop;

/// Limits on an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries, of whatever kind.
    pub entries: usize,
    /// Bytes unpacked in all.
    pub bytes: u64,
    /// Bytes unpacked in all for each byte of the archive …
    pub ratio: u64,
    /// … beyond this many, which a small archive may unpack to whatever its size.
    pub slack: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 100_000, bytes: 32 << 30, ratio: 20, slack: 64 << 20 }
    }
}

/// What kind of archive a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Read by its central directory.
    Zip,
    /// Read entry by entry.
    Tar,
    /// The same, compressed.
    TarGz,
}

impl Kind {
    /// The kind of a file that starts with these bytes; 512 are enough.
    #[must_use]
    pub fn of(opening: &[u8]) -> Option<Self> {
        if opening.starts_with(b"PK\x03\x04") || opening.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if opening.starts_with(b"\x1f\x8b") {
            Some(Self::TarGz)
        } else if opening.get(257..262) == Some(b"ustar") || old_tar(opening) {
            Some(Self::Tar)
        } else {
            None
        }
    }
}

/// A header of before 1988 has no mark, but a sum.
fn old_tar(opening: &[u8]) -> bool {
    let Some(header) = opening.get(..512) else { return false };
    let stated = std::str::from_utf8(&header[148..156]).ok();
    let stated = stated.map(|text| text.trim_matches(['\0', ' ']));
    let stated = stated.and_then(|text| u32::from_str_radix(text, 8).ok());
    let bytes = header[..148].iter().chain(&header[156..]);
    stated == Some(bytes.map(|&byte| u32::from(byte)).sum::<u32>() + 8 * 32)
}

/// One entry that is not a folder.
pub struct Entry<'a> {
    /// The name in the archive, which is not to be trusted.
    pub name: String,
    /// Its content, or why it is not read.
    pub content: Result<&'a mut dyn Read, String>,
}

/// Why reading an archive ended.
#[derive(Debug)]
pub enum Stopped<E> {
    /// Damaged, or beyond a limit.
    Archive(String),
    /// The visitor wants no more.
    Visitor(E),
    /// The end was asked for.
    Asked,
}

/// Shows each entry to the visitor, in the archive's order.
///
/// # Errors
/// Where the archive is damaged or beyond a limit; and where the visitor or `stop` ends it.
pub fn visit<E>(
    mut source: impl Read + Seek,
    kind: Kind,
    limits: &Limits,
    stop: &Stop,
    visitor: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    let damaged = |why: io::Error| Stopped::Archive(why.to_string());
    let size = source.seek(io::SeekFrom::End(0)).map_err(damaged)?;
    source.rewind().map_err(damaged)?;
    let most = size.saturating_mul(limits.ratio).saturating_add(limits.slack).min(limits.bytes);
    let mut meter = Meter { left: most, most };
    match kind {
        Kind::Zip => zipped::visit(source, limits, &mut meter, stop, visitor),
        Kind::Tar => tape::visit(
            Metered { inner: BufReader::new(source), meter: &mut meter },
            limits,
            stop,
            visitor,
        ),
        Kind::TarGz => {
            let unpacked = flate2::bufread::MultiGzDecoder::new(BufReader::new(source));
            tape::visit(Metered { inner: unpacked, meter: &mut meter }, limits, stop, visitor)
        }
    }
}

/// How much may still be unpacked.
struct Meter {
    left: u64,
    most: u64,
}

/// A reader that counts.
struct Metered<'a, R> {
    inner: R,
    meter: &'a mut Meter,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.meter.left.checked_sub(read as u64) {
            Some(left) => self.meter.left = left,
            None => {
                self.meter.left = 0;
                let most = self.meter.most;
                let why =
                    format!("it unpacks to more than {most} bytes, far more than it is itself");
                return Err(io::Error::other(why));
            }
        }
        Ok(read)
    }
}

/// The folders and the name that an entry's name consists of.
///
/// # Errors
/// With the reason why a picture of this name is refused.
pub(crate) fn parts(name: &str) -> Result<Vec<&str>, String> {
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.starts_with(['/', '\\']) || drive {
        return Err("its name starts at the root of a disk".into());
    }
    if name.chars().any(char::is_control) {
        return Err("its name holds a control character".into());
    }
    let parts: Vec<&str> =
        name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") {
        return Err("its name leads out of the archive".into());
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::{Kind, parts};

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        assert_eq!(parts("fox/./1.jpg").unwrap(), ["fox", "1.jpg"]);
        assert_eq!(parts("fox\\1.jpg").unwrap(), ["fox", "1.jpg"]);
        for name in
            ["/etc/x", "\\x", "C:\\x", "c:x", "../x", "a/../../x", "a\\..\\x", "..", "a\0b", "a/\n"]
        {
            assert!(parts(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn content_tells_what_an_archive_is() {
        assert_eq!(Kind::of(b"PK\x03\x04"), Some(Kind::Zip));
        assert_eq!(Kind::of(b"\x1f\x8b\x08"), Some(Kind::TarGz));
        assert_eq!(Kind::of(&[0; 512]), None);
        assert_eq!(Kind::of(b"https://a.example/"), None);
    }
}
