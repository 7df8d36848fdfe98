//! From untrusted bytes to a picture in a folder.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use ground::Digest;
use ground::files::{self, FileError};

use crate::Settings;

/// A picture in its class's folder.
pub(crate) struct Kept {
    /// Its path relative to the folder that is collected into, with slashes.
    pub(crate) file: String,
    pub(crate) sha256: Digest,
}

/// Keeps what can be used.
pub(crate) struct Keeper<'a> {
    folder: &'a Path,
    settings: &'a Settings,
    /// Class folders that are there.
    made: Mutex<HashSet<String>>,
    /// How many more may be decoded at once: pixels take far more memory than files.
    free: Mutex<usize>,
    freed: Condvar,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(folder: &'a Path, settings: &'a Settings) -> Self {
        let free = Mutex::new(settings.threads.max(1));
        Self { folder, settings, made: Mutex::default(), free, freed: Condvar::new() }
    }

    /// Checks that these bytes are a picture, by their content alone.
    ///
    /// # Errors
    /// With the reason why it cannot be used.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<&'static str, String> {
        let limits =
            pictures::Limits { max_bytes: self.settings.most, ..pictures::Limits::default() };
        let suffix = pictures::Format::of(bytes).ok().map(|format| format.suffixes()[0]);
        let Some(suffix) = suffix.filter(|_| !self.settings.whole) else {
            let picture = {
                let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
                while *free == 0 {
                    free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
                }
                *free -= 1;
                drop(free);
                let detail = pictures::Detail::ShortSide(self.settings.smallest);
                let picture = pictures::decode_for(bytes, &limits, detail);
                *self.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                self.freed.notify_one();
                picture.map_err(|reason| reason.to_string())?
            };
            let ([width, height], least) = (picture.size, self.settings.smallest);
            if width.min(height) < least {
                return Err(format!("smaller than {least} pixels a side"));
            }
            return suffix.ok_or_else(|| "not a picture".into());
        };
        Ok(suffix)
    }

    /// Puts a picture into a class's folder, under a name that its content gives it.
    pub(crate) fn keep(&self, bytes: &[u8], suffix: &str, class: &str) -> Result<Kept, FileError> {
        let folder = self.folder.join(class);
        {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            if !made.contains(class) {
                fs::create_dir_all(&folder).map_err(FileError::at("create", &folder))?;
                made.insert(class.to_owned());
            }
        }
        let sha256 = Digest::of(bytes);
        let name = format!("{}.{suffix}", &sha256.to_string()[..NAME]);
        let path = folder.join(&name);
        // There already, from an earlier run or another address: nothing to write.
        let there = fs::symlink_metadata(&path).is_ok_and(|file| {
            file.is_file()
                && file.len() == bytes.len() as u64
                && fs::read(&path).is_ok_and(|old| old == bytes)
        });
        if !there {
            files::write(&path, bytes)?;
        }
        Ok(Kept { file: format!("{class}/{name}"), sha256 })
    }
}

/// How many digits of its SHA-256 name a picture: two that differ never share so many.
const NAME: usize = 32;

/// Whether a file's name is one that [`Keeper::keep`] gives.
pub(crate) fn is_ours(name: &str) -> bool {
    name.split_once('.').is_some_and(|(stem, suffix)| {
        stem.len() == NAME
            && stem.bytes().all(|b| b.is_ascii_hexdigit())
            && ["jpg", "png", "gif", "webp", "bmp"].contains(&suffix)
    })
}
