//! Files that a table names in another way than the disk does.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

/// Where the files of a table lie.
pub(super) struct Places<'a> {
    base: &'a Path,
    /// Paths that were found with `/` in the place of `\`.
    backslashes: usize,
}

impl<'a> Places<'a> {
    /// Paths that start in this folder.
    pub(super) fn of(base: &'a Path) -> Self {
        Self { base, backslashes: 0 }
    }

    /// Where the file of this name lies: as it is written, or else with the separators of this
    /// system, its accents encoded in the other ways, or without spaces around it. As it is written
    /// where there is none.
    pub(super) fn find(&mut self, name: &str) -> PathBuf {
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
        written
    }

    /// What its owner should know, in a line.
    pub(super) fn told(&self) -> Option<String> {
        let are = if self.backslashes == 1 { "path is" } else { "paths are" };
        (self.backslashes > 0)
            .then(|| format!("{} {are} written with `\\`, which was read as `/`", self.backslashes))
    }
}
