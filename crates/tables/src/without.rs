//! What there is where the library of Parquet was left out of the build: every file is refused.

use std::convert::Infallible;
use std::path::Path;

use crate::{Limits, TablesError};

/// No file is ever opened.
#[derive(Debug)]
pub struct Parquet(pub(crate) Infallible);

fn refused<T>(path: &Path) -> Result<T, TablesError> {
    let why = "this program was built without Parquet".into();
    Err(TablesError::Damaged { path: path.to_owned(), why })
}

impl Parquet {
    /// Whether these bytes begin a Parquet file.
    #[must_use]
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PAR1")
    }

    /// # Errors
    /// Always.
    pub fn open(path: &Path, _: Limits) -> Result<Self, TablesError> {
        refused(path)
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self.0 {}
    }

    /// How many rows its footer counts.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self.0 {}
    }
}

pub(crate) mod features {
    use std::convert::Infallible;
    use std::marker::PhantomData;
    use std::path::Path;

    use ground::files::Files;

    use super::{Parquet, TablesError, refused};
    use crate::features::{Row, Settings, Written};

    /// Nothing is ever written.
    pub struct Writer<'a>(Infallible, PhantomData<&'a ()>);

    impl<'a> Writer<'a> {
        /// # Errors
        /// Always.
        pub fn begin(_: &'a dyn Files, folder: &Path, _: &Settings) -> Result<Self, TablesError> {
            refused(folder)
        }

        /// # Errors
        /// Never.
        pub fn add(&mut self, _: Row) -> Result<(), TablesError> {
            match self.0 {}
        }

        /// # Errors
        /// Never.
        pub fn finish(self) -> Result<Vec<Written>, TablesError> {
            match self.0 {}
        }
    }

    /// # Errors
    /// Never.
    pub fn settings(file: &Parquet) -> Result<Settings, TablesError> {
        match file.0 {}
    }

    /// # Errors
    /// Never.
    pub fn read(
        file: &Parquet,
        _: &mut dyn FnMut(Row) -> Result<(), TablesError>,
    ) -> Result<(), TablesError> {
        match file.0 {}
    }

    pub use read as read_names;
}

pub(crate) mod answers {
    use std::convert::Infallible;
    use std::marker::PhantomData;
    use std::path::Path;

    use ground::files::{Files, Whole};

    use super::{TablesError, refused};
    use crate::answers::Row;

    /// Nothing is ever written.
    pub struct Writer<'a>(Infallible, PhantomData<&'a ()>);

    impl<'a> Writer<'a> {
        /// # Errors
        /// Always.
        pub fn begin(_: &'a dyn Files, path: &Path, _: &[String]) -> Result<Self, TablesError> {
            refused(path)
        }

        /// # Errors
        /// Never.
        pub fn add(&mut self, _: Row) -> Result<(), TablesError> {
            match self.0 {}
        }

        /// # Errors
        /// Never.
        pub fn end(self) -> Result<Whole<'a>, TablesError> {
            match self.0 {}
        }
    }
}
