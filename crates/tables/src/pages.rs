//! The pages of a column: where each begins, and that none is larger than it may be.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::thrift::{STRUCT, Walk, Wrong};

/// The longest header of a page, in bytes: it may hold the smallest and the largest value.
const HEADER: u64 = 1 << 20;
/// How much is read of it at first.
const FIRST: u64 = 256;

/// A page of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Where it begins behind its header.
    pub(crate) start: u64,
    /// Its length in the file, in bytes.
    pub(crate) packed: u64,
    /// Its length when unpacked, in bytes.
    pub(crate) unpacked: u64,
}

/// Walks over the pages in a stretch of a file, which its footer names; nothing is unpacked.
pub(crate) fn pages(file: &mut File, start: u64, length: u64) -> Result<Vec<Page>, String> {
    let (mut at, end) = (start, start + length);
    let mut pages = vec![];
    while at < end {
        let (unpacked, packed, header) = header(file, at, end)?;
        let next = at + header + packed;
        if next > end {
            return Err(format!("a page at byte {at} is cut off"));
        }
        pages.push(Page { start: at + header, packed, unpacked });
        at = next;
    }
    Ok(pages)
}

/// Lengths of a page unpacked and as it lies there, and that of its header.
fn header(file: &mut File, at: u64, end: u64) -> Result<(u64, u64, u64), String> {
    let wrong = |why: &str| format!("the page at byte {at} {why}");
    let mut longest = FIRST;
    loop {
        let bytes = piece(file, at, longest.min(end - at)).map_err(|error| error.to_string())?;
        let mut walk = Walk::new(&bytes, 1 << 12);
        let (mut unpacked, mut packed) = (None, None);
        let walked = walk.fields(|walk, number, kind| match (number, kind) {
            (2, 5) => walk.integer().map(|length| unpacked = Some(length)),
            (3, 5) => walk.integer().map(|length| packed = Some(length)),
            (_, kind) => walk.skip(kind, 0),
        });
        match walked {
            Err(Wrong::CutOff) if longest < HEADER && longest < end - at => longest *= 16,
            Err(_) => return Err(wrong("has a damaged header")),
            Ok(()) => {
                let length = |length: Option<i64>| length.and_then(|n| u64::try_from(n).ok());
                let lengths = length(unpacked).zip(length(packed));
                let (unpacked, packed) =
                    lengths.ok_or_else(|| wrong("does not say how long it is"))?;
                return Ok((unpacked, packed, walk.at as u64));
            }
        }
    }
}

/// A piece of a file.
pub(crate) fn piece(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Walks over a whole footer without believing it.
pub(crate) fn walk_footer(bytes: &[u8], parts: usize) -> Result<(), String> {
    Walk::new(bytes, parts).skip(STRUCT, 0).map_err(|wrong| match wrong {
        Wrong::CutOff => "its footer is cut off".into(),
        Wrong::Nonsense => "its footer is damaged".into(),
        Wrong::TooMany => format!("its footer has lists of more than {parts} parts"),
    })
}
