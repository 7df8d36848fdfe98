//! Pictures that need not be fetched: files of folders and pages, entries of archives.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};

use super::Run;
use crate::archive::{self, Entry, Kind, Stopped};
use crate::class;
use crate::row::{Key, Row, Status};
use crate::source::{Place, Wanted};

/// Bytes of a picture, on their way to whoever decodes them.
struct Load {
    name: String,
    class: String,
    bytes: Vec<u8>,
}

impl Run<'_> {
    /// What lies on the disk, and what lies nowhere.
    pub(super) fn others(&self, wanted: Vec<Wanted>) {
        if wanted.is_empty() {
            return;
        }
        let bar = self.progress.begin("taking pictures in", Some(wanted.len() as u64));
        let queue = Mutex::new(wanted.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..self.settings.threads.max(1) {
                scope.spawn(|| {
                    while !self.halt.asked() {
                        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(wanted) = next else { return };
                        self.other(&wanted);
                        bar.advance(1);
                    }
                });
            }
        });
    }

    fn other(&self, wanted: &Wanted) {
        let path = match &wanted.place {
            Place::File(path) => path,
            Place::Nowhere(why) => {
                let row = Row::new(&wanted.name, &wanted.class, Status::Refused, why);
                return self.note(row);
            }
            Place::Address(_) => return,
        };
        // It was a regular file when it was listed; a pipe put there since would never end.
        let regular = std::fs::symlink_metadata(path).is_ok_and(|file| file.is_file());
        let read = File::open(path).map_err(|why| format!("cannot be read: {why}"));
        let bytes = match read {
            _ if !regular => Err("not a regular file".into()),
            Ok(mut file) => self.take(&mut file),
            Err(why) => Err(why),
        };
        match bytes {
            Ok(bytes) => {
                self.keep(&wanted.name, std::slice::from_ref(&wanted.class), &bytes, "", "");
            }
            Err(why) => self.note(Row::new(&wanted.name, &wanted.class, Status::Unusable, why)),
        }
    }

    /// At most as much as a picture may have.
    fn take(&self, reader: &mut dyn Read) -> Result<Vec<u8>, String> {
        let most = self.settings.most;
        let mut bytes = Vec::new();
        let read = reader.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|why| format!("cannot be read: {why}"))?;
        if bytes.len() as u64 > most { Err(format!("more than {most} bytes")) } else { Ok(bytes) }
    }

    /// The pictures of an archive; gives the keys of its entries in their order.
    pub(super) fn archive(&self, path: &Path, kind: Kind) -> Vec<Key> {
        let mut order = Vec::new();
        let shown = path.display().to_string();
        // The names first: they say which folder is the first that tells pictures apart, and a bomb
        // shows before anything of it is kept.
        let mut names: Vec<String> = Vec::new();
        let gathered = self.visit(path, kind, &mut |entry| {
            names.push(entry.name);
            Ok(())
        });
        let depth = shared(&names);
        drop(names);
        let read = gathered.and_then(|()| {
            let bar = self.progress.begin(&format!("taking pictures from {shown}"), None);
            let threads = self.settings.threads.max(1);
            let (send, receive) = mpsc::sync_channel::<Load>(threads);
            let receive = Mutex::new(receive);
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        loop {
                            let load =
                                receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
                            let Ok(Load { name, class, bytes }) = load else { return };
                            self.keep(&name, &[class], &bytes, "", "");
                            bar.advance(1);
                        }
                    });
                }
                let mut seen = HashSet::new();
                let done = self.visit(path, kind, &mut |entry| {
                    let key = self.entry(&shown, depth, entry, &mut seen, &send);
                    order.extend(key);
                    Ok(())
                });
                drop(send);
                done
            })
        });
        if let Err(why) = read {
            let class = self.settings.class.as_deref().unwrap_or_default();
            order.push((shown.clone(), class.to_owned()));
            self.note(Row::new(&shown, class, Status::Unusable, why));
        }
        order
    }

    /// Shows each entry to the visitor; the reason, if the archive is not read to its end.
    fn visit(
        &self,
        path: &Path,
        kind: Kind,
        visitor: &mut dyn FnMut(Entry<'_>) -> Result<(), ()>,
    ) -> Result<(), String> {
        let refused = |why: String| format!("the archive is damaged or refused: {why}");
        let file = File::open(path).map_err(|why| refused(why.to_string()))?;
        match archive::visit(file, kind, &self.settings.archive, self.halt, visitor) {
            Err(Stopped::Archive(why)) => Err(refused(why)),
            // Whoever wanted no more knows why.
            Ok(()) | Err(Stopped::Visitor(()) | Stopped::Asked) => Ok(()),
        }
    }

    /// Sends an entry on, or says why not; its key, if it is one that counts.
    fn entry(
        &self,
        archive: &str,
        depth: usize,
        entry: Entry<'_>,
        seen: &mut HashSet<Key>,
        send: &mpsc::SyncSender<Load>,
    ) -> Option<Key> {
        let parts = archive::parts(&entry.name);
        if parts.as_ref().is_ok_and(|parts| parts.iter().any(|part| put_there_by_systems(part))) {
            return None;
        }
        let asked = self.settings.class.clone();
        let inside: String =
            entry.name.chars().map(|c| if c.is_control() { '�' } else { c }).collect();
        let name = format!("{archive}!/{inside}");
        let class = parts.and_then(|parts| {
            let first = match parts.get(depth..) {
                Some([first, _, ..]) => Some((*first).to_owned()),
                _ => None,
            };
            let class = asked
                .clone()
                .or(first)
                .ok_or("it lies in no folder that could be its class; pass --class NAME")?;
            match class::refused(&class) {
                Some(why) => Err(format!("its folder cannot be a class: {why}")),
                None => Ok(class),
            }
        });
        let (class, content) = match (class, entry.content) {
            (Ok(class), content) => (class, content),
            (Err(why), _) => (asked.unwrap_or_default(), Err(why)),
        };
        let key = (name.clone(), class.clone());
        // The same name twice: the first counts, as nothing can tell which was meant.
        if !seen.insert(key.clone()) {
            return None;
        }
        if self.wants(&name, &class) {
            match content {
                Err(why) => self.note(Row::new(&name, &class, Status::Refused, why)),
                Ok(reader) => match self.take(reader) {
                    // Whoever decodes is gone only if all is lost anyway.
                    Ok(bytes) => drop(send.send(Load { name, class, bytes })),
                    Err(why) => self.note(Row::new(&name, &class, Status::Unusable, why)),
                },
            }
        }
        Some(key)
    }
}

fn put_there_by_systems(part: &str) -> bool {
    part.starts_with('.') || part == "__MACOSX"
}

/// How many folders all names share, so that `photos/fox/1.jpg` is a fox and not a photo.
fn shared(names: &[String]) -> usize {
    let all: Vec<Vec<&str>> = names
        .iter()
        .filter_map(|name| archive::parts(name).ok())
        .filter(|parts| !parts.iter().any(|part| put_there_by_systems(part)))
        .collect();
    let Some(first) = all.first() else { return 0 };
    // At least one folder, the class, stays.
    let room = all.iter().map(Vec::len).min().unwrap_or(0).saturating_sub(2);
    (0..room).find(|&at| all.iter().any(|parts| parts[at] != first[at])).unwrap_or(room)
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn the_class_is_the_first_folder_that_tells_pictures_apart() {
        let of =
            |names: &[&str]| shared(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["fox/1.jpg", "dog/1.jpg"]), 0);
        assert_eq!(of(&["photos/fox/1.jpg", "photos/dog/1.jpg", "__MACOSX/x"]), 1);
        assert_eq!(of(&["photos/fox/1.jpg", "photos/fox/2.jpg"]), 1);
        assert_eq!(of(&["fox/1.jpg"]), 0);
        assert_eq!(of(&["photos/fox/1.jpg", "photos/readme"]), 0);
        assert_eq!(of(&["/etc/x", "fox/1.jpg"]), 0);
        assert_eq!(of(&[]), 0);
    }
}
