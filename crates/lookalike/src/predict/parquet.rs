//! Answers as a Parquet file, with the columns that the Python package's table has.

use std::path::{Path, PathBuf};

use ground::files::Files;
use tables::answers::{Row, Writer};

use crate::Error;
use crate::json::{Answer, Read, Unread};

/// A Parquet file of answers, which takes its name when all is written.
pub struct ParquetFile<'a> {
    files: &'a dyn Files,
    path: PathBuf,
    /// Once the classes are known.
    writer: Option<Writer<'a>>,
}

impl<'a> ParquetFile<'a> {
    /// A file that is to be written.
    #[must_use]
    pub fn new(files: &'a dyn Files, path: &Path) -> Self {
        Self { files, path: path.to_owned(), writer: None }
    }

    pub(super) fn begin(&mut self, classes: &[String]) -> Result<(), Error> {
        self.writer = Some(Writer::begin(self.files, &self.path, classes)?);
        Ok(())
    }

    pub(super) fn add(&mut self, answer: &Answer<'_>, classes: &[String]) -> Result<(), Error> {
        match &mut self.writer {
            Some(writer) => Ok(writer.add(row(answer, classes)?)?),
            None => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        match self.writer {
            Some(writer) => Ok(writer.end()?.finish()?),
            None => Ok(()),
        }
    }
}

/// The row of an answer, whose style names every class. A picture that is not recognised has no
/// probabilities, as they mean nothing.
fn row(answer: &Answer<'_>, classes: &[String]) -> Result<Row, Error> {
    let read = match answer {
        Answer::Read(read) => read,
        Answer::Unread(Unread { picture, error }) => {
            let (picture, verdict) = (picture.clone(), "unreadable".into());
            return Ok(Row { picture, verdict, error: Some(error.clone()), ..Row::default() });
        }
    };
    let Read { picture, verdict, reason, answer, top, novelty, nearest, .. } = read;
    let alone = match &answer[..] {
        [named] => Some(named),
        _ => None,
    };
    let share = |class: &String| {
        let found = top.iter().find(|named| named.class == class);
        found.map_or(0.0, |named| named.probability)
    };
    let reason = serde_json::to_value(reason)?;
    Ok(Row {
        picture: picture.clone(),
        verdict: (*verdict).into(),
        class: alone.map(|named| named.class.into()),
        probability: alone.map(|named| named.probability),
        answer: answer.iter().map(|named| named.class.into()).collect(),
        reason: reason.as_str().map(str::to_owned),
        novelty: *novelty,
        nearest: nearest.first().map(|nearest| nearest.picture.into()),
        error: None,
        probabilities: match answer.is_empty() {
            true => vec![],
            false => classes.iter().map(share).collect(),
        },
    })
}
