use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use classifier::Predictor;
use ground::files::{self, FileError};
use weights::WeightsError;

use crate::predict::self_test;
use crate::{Error, Report};

/// A classifier that is ready to answer, with the bytes of its file: it can be saved, sent to another
/// process and reported on even when the file is gone.
pub struct Loaded {
    /// The classifier with its engine.
    pub predictor: Predictor,
    bytes: Arc<[u8]>,
    name: PathBuf,
}

impl Loaded {
    /// Reads a classifier's file. One that this machine has not seen before passes its self-test first.
    ///
    /// # Errors
    /// When the file is refused.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(FileError::at("read", path));
        let mut loaded = Self::of_bytes(path, bytes.map_err(WeightsError::from)?)?;
        self_test::once(&mut loaded.predictor, path)?;
        Ok(loaded)
    }

    /// Reads a classifier from the bytes of its file, which messages and reports call `name`.
    ///
    /// # Errors
    /// When they are refused.
    pub fn of_bytes(name: &Path, bytes: impl Into<Arc<[u8]>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        let predictor = Predictor::of_bytes(name, &bytes)?;
        Ok(Self { predictor, bytes, name: name.to_owned() })
    }

    /// The bytes of its file.
    #[must_use]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// What its file is called.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// Writes its file, whole or not at all.
    ///
    /// # Errors
    /// When that fails.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        Ok(files::write(path, &self.bytes)?)
    }

    /// What it knows of its own training.
    ///
    /// # Errors
    /// When the bytes are refused, which were accepted before.
    pub fn report(&self) -> Result<Report, Error> {
        Report::of_bytes(&self.name, &self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Loaded;
    use crate::Kind;

    #[test]
    fn what_is_no_classifier_is_refused_by_its_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("birds.lookalike");
        let missing = Loaded::load(&path).err().unwrap();
        assert_eq!(missing.kind(), Kind::Model);
        assert!(missing.help().unwrap().contains("no such file"));
        std::fs::write(&path, "birds").unwrap();
        let of_bytes = Loaded::of_bytes(Path::new("sent"), *b"birds").err().unwrap();
        for (error, name) in
            [(Loaded::load(&path).err().unwrap(), "birds.lookalike"), (of_bytes, "sent")]
        {
            assert_eq!(error.kind(), Kind::Model);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
