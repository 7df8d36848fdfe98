//! Zip archives, by their central directory.

use std::io::{BufReader, Read, Seek};

use ground::Stop;
use zip::ZipArchive;

use super::{Entry, Limits, Meter, Metered, Stopped};

pub(super) fn visit<E>(
    source: impl Read + Seek,
    limits: &Limits,
    meter: &mut Meter,
    stop: &Stop,
    visitor: &mut dyn FnMut(Entry<'_>) -> Result<(), E>,
) -> Result<(), Stopped<E>> {
    let mut archive =
        ZipArchive::new(BufReader::new(source)).map_err(|why| Stopped::Archive(why.to_string()))?;
    if archive.len() > limits.entries {
        let (has, most) = (archive.len(), limits.entries);
        return Err(Stopped::Archive(format!("it has {has} entries, at most {most} are read")));
    }
    for index in 0..archive.len() {
        if stop.asked() {
            return Err(Stopped::Asked);
        }
        // Of the directory alone, which tells also what cannot be unpacked.
        let raw = archive.by_index_raw(index).map(|entry| {
            let name = entry.name().map(std::borrow::Cow::into_owned);
            let name = name.unwrap_or_else(|_| String::from_utf8_lossy(entry.name_raw()).into());
            let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
            let regular = entry.is_file() && matches!(kind, 0 | 0o100_000);
            (name, entry.is_dir(), regular, entry.encrypted())
        });
        let (name, folder, regular, encrypted) = match raw {
            Ok(raw) => raw,
            Err(why) => {
                let entry = Entry { name: format!("entry {index}"), content: Err(why.to_string()) };
                visitor(entry).map_err(Stopped::Visitor)?;
                continue;
            }
        };
        if folder {
            continue;
        }
        let refused = match (regular, encrypted) {
            (false, _) => Some("it is a link or a device, no regular file"),
            (_, true) => Some("it is encrypted"),
            _ => None,
        };
        let seen = match (refused, archive.by_index(index)) {
            (Some(why), _) => visitor(Entry { name, content: Err(why.into()) }),
            (None, Err(why)) => visitor(Entry { name, content: Err(why.to_string()) }),
            (None, Ok(inner)) => {
                let mut content = Metered { inner, meter: &mut *meter };
                visitor(Entry { name, content: Ok(&mut content) })
            }
        };
        seen.map_err(Stopped::Visitor)?;
        if meter.left == 0 {
            let most = meter.most;
            return Err(Stopped::Archive(format!("it unpacks to more than {most} bytes")));
        }
    }
    Ok(())
}
