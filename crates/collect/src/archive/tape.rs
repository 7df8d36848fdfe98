//! Tar archives, header by header. Long names are put together here, so that a header cannot make
//! anyone read a gigabyte of name.

use std::io::Read;

use ground::Stop;
use tar::{Archive, EntryType};

use super::{Entry, Limits, Stopped};

/// The longest name, or block of extended headers, in bytes.
const LONGEST: u64 = 64 << 10;

pub(super) fn visit<E>(
    reader: impl Read,
    limits: &Limits,
    stop: &Stop,
    visitor: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    let damaged = |why: std::io::Error| {
        // The innermost cause says most.
        let why = why.get_ref().map_or_else(|| why.to_string(), ToString::to_string);
        Stopped::Archive(why)
    };
    let mut archive = Archive::new(reader);
    let entries = archive.entries().map_err(damaged)?.raw(true);
    let mut name_ahead: Option<String> = None;
    for (count, entry) in entries.enumerate() {
        if stop.asked() {
            return Err(Stopped::Asked);
        }
        if count >= limits.entries {
            let most = limits.entries;
            return Err(Stopped::Archive(format!("it has more than {most} entries")));
        }
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                let mut block = Vec::new();
                (&mut entry).take(LONGEST + 1).read_to_end(&mut block).map_err(damaged)?;
                if block.len() as u64 > LONGEST {
                    let why = format!("a name in it is longer than {LONGEST} bytes");
                    return Err(Stopped::Archive(why));
                }
                let said =
                    if kind == EntryType::XHeader { path_in(&block) } else { Some(&block[..]) };
                if let Some(said) = said {
                    let end = said.iter().position(|&b| b == 0).unwrap_or(said.len());
                    // What follows the end is ignored by all readers; within a PAX record there is
                    // no end, so a NUL there is an attempt at something.
                    let end = if kind == EntryType::XHeader { said.len() } else { end };
                    name_ahead = Some(String::from_utf8_lossy(&said[..end]).into_owned());
                }
                continue;
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let name = name_ahead.take();
        let name =
            name.unwrap_or_else(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
        let seen = match kind {
            EntryType::Directory => Ok(()),
            // Before 1988 a folder was a file whose name ends so.
            EntryType::Regular if name.ends_with('/') => Ok(()),
            EntryType::Regular | EntryType::Continuous => {
                let stated = entry.size();
                let mut content = Whole { inner: &mut entry, missing: stated };
                visitor(Entry { name, content: Ok(&mut content) })
            }
            EntryType::Symlink | EntryType::Link => {
                visitor(Entry { name, content: Err("it is a link, no regular file".into()) })
            }
            _ => visitor(Entry { name, content: Err("it is no regular file".into()) }),
        };
        seen.map_err(Stopped::Visitor)?;
    }
    Ok(())
}

/// Content that an archive's end must not cut off silently.
struct Whole<R> {
    inner: R,
    missing: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.missing = self.missing.saturating_sub(read as u64);
        if read == 0 && !buffer.is_empty() && self.missing > 0 {
            return Err(std::io::Error::other("the archive ends within it"));
        }
        Ok(read)
    }
}

/// The value of `path` among records of the form `length key=value\n`.
fn path_in(mut block: &[u8]) -> Option<&[u8]> {
    let mut found = None;
    while let Some(space) = block.iter().position(|&b| b == b' ') {
        let length: usize = std::str::from_utf8(&block[..space]).ok()?.parse().ok()?;
        let record = block.get(space + 1..length)?.strip_suffix(b"\n")?;
        if let Some(path) = record.strip_prefix(b"path=") {
            found = Some(path);
        }
        block = block.get(length..)?;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::path_in;

    #[test]
    fn extended_headers_name_a_path() {
        assert_eq!(path_in(b"6 a=b\n14 path=x/y\n\n"), None); // a wrong length
        assert_eq!(path_in(b"6 a=b\n12 path=x/y\n"), Some(&b"x/y"[..]));
        assert_eq!(path_in(b"99999999999999999999 path=x\n"), None);
        assert_eq!(path_in(b"0 path=x\n"), None);
        assert_eq!(path_in(b"6 a=b\n"), None);
        assert_eq!(path_in(b""), None);
    }
}
