//! Files that a table names in another way than the disk does.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// Finds the files that a table names.
#[derive(Debug)]
pub struct Finder<'a> {
    base: &'a Path,
    /// Paths that were found with `/` in the place of `\`.
    backslashes: usize,
}

impl<'a> Finder<'a> {
    /// Paths that start in this folder.
    #[must_use]
    pub fn of(base: &'a Path) -> Self {
        Self { base, backslashes: 0 }
    }

    /// Where the file of this name lies: as it is written, or else with the separators of this
    /// system, its accents encoded in the other ways, or without spaces around it. As it is written
    /// where there is none.
    pub fn find(&mut self, name: &str) -> PathBuf {
        let written = self.base.join(name);
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        if is_there(&written) {
            return written;
        }
        for trimmed in [name, name.trim()] {
            for (text, turned) in [(trimmed.to_owned(), false), (trimmed.replace('\\', "/"), true)]
            {
                for text in [text.nfc().collect(), text.nfd().collect(), text] {
                    let path = self.base.join(text);
                    if is_there(&path) {
                        self.backslashes += usize::from(turned && trimmed.contains('\\'));
                        return path;
                    }
                }
            }
        }
        let served = served(name).into_iter().map(|name| self.base.join(&*name));
        served.into_iter().find(|path| is_there(path)).unwrap_or(written)
    }

    /// What its owner should know, in a line.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let are = if self.backslashes == 1 { "path is" } else { "paths are" };
        (self.backslashes > 0)
            .then(|| format!("{} {are} written with `\\`, which was read as `/`", self.backslashes))
    }
}

/// The names that a file may have which Label Studio serves: `/data/local-files/?d=DIR/1.jpg` by its
/// path, `/data/upload/3/0a1b2c3d-1.jpg` also without what an upload is given.
fn served(name: &str) -> Vec<Cow<'_, str>> {
    if let Some((_, path)) = name.split_once("/data/local-files/?d=") {
        return vec![decoded(path)];
    }
    let Some((_, upload)) = name.split_once("/data/upload/") else { return vec![] };
    let upload = decoded(upload);
    let file = upload.rsplit('/').next().unwrap_or_default().to_owned();
    let mut names = vec![upload, file.clone().into()];
    if let Some((before, file)) = file.split_once('-')
        && before.len() == 8
        && before.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        names.push(file.to_owned().into());
    }
    names
}

/// A part of an address, with the bytes that `%20` and the like stand for.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let (mut bytes, mut rest) = (vec![], text.as_bytes());
    while let [first, tail @ ..] = rest {
        let two = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match two.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).map_or(text.into(), Cow::from)
}
