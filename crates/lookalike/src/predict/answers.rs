//! Answers as text, JSON, CSV or Parquet, each written as soon as it is known.

use std::io::Write;
use std::path::Path;

use classifier::Classifier;
use ground::files::Whole;
use ground::progress::Progress;

use super::parquet::ParquetFile;
use super::unwritten;
use crate::json::{Answer, Predictions, Style, Unread};
use crate::{Error, Kind, columns, row, text};

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line for each picture.
    Text,
    /// One JSON document.
    Json,
    /// A table; with a byte order mark, by which Excel knows that the text is UTF-8.
    Csv {
        /// Whether it begins with one.
        mark: bool,
    },
    /// A table in Parquet, for a [`Sink::Parquet`].
    Parquet,
}

/// Where answers go.
pub struct Output<'a> {
    /// How they are written.
    pub form: Form,
    /// The file, which takes its name when all is written, or a stream.
    pub to: Sink<'a>,
}

/// A file or a stream.
pub enum Sink<'a> {
    /// A file.
    File(Whole<'a>),
    /// A stream.
    Stream(&'a mut dyn Write),
    /// A Parquet file.
    Parquet(Box<ParquetFile<'a>>),
}

impl Output<'_> {
    fn line(&mut self, line: &str) -> Result<(), Error> {
        match &mut self.to {
            Sink::File(file) => {
                Ok(file.append(line.as_bytes()).and_then(|()| file.append(b"\n"))?)
            }
            Sink::Stream(stream) => {
                let whole = format!("{line}\n");
                stream.write_all(whole.as_bytes()).map_err(unwritten)
            }
            // Rows go there, and no lines.
            Sink::Parquet(_) => Ok(()),
        }
    }
}

/// What was answered so far.
pub(super) struct Answers<'a, 'o> {
    output: &'a mut Output<'o>,
    style: Style,
    classes: &'a [String],
    heat_maps: bool,
    told: usize,
}

impl<'a, 'o> Answers<'a, 'o> {
    pub(super) fn new(
        output: &'a mut Output<'o>,
        style: Style,
        classes: &'a [String],
        heat_maps: bool,
    ) -> Self {
        Self { output, style, classes, heat_maps, told: 0 }
    }

    /// How answers are put: a table has a column for each class.
    pub(super) fn style(&self) -> Style {
        match self.output.form {
            Form::Csv { .. } | Form::Parquet => Style { top: self.classes.len(), ..self.style },
            _ => self.style,
        }
    }

    pub(super) fn begin(&mut self, model: &Path, classifier: &Classifier) -> Result<(), Error> {
        match self.output.form {
            Form::Text => Ok(()),
            Form::Parquet => match &mut self.output.to {
                Sink::Parquet(file) => file.begin(self.classes),
                _ => Err(Error::refused(Kind::Usage, "Parquet goes to a file")),
            },
            Form::Json => {
                // Answers follow as they are known, each on a line of its own.
                let whole = serde_json::to_string_pretty(&Predictions::of(model, classifier))?;
                self.output.line(whole.trim_end_matches(['\n', '}', ']']))
            }
            Form::Csv { mark } => {
                let header = record(&columns(self.classes, self.heat_maps))?;
                self.output.line(&(if mark { "\u{feff}" } else { "" }.to_owned() + &header))
            }
        }
    }

    /// Writes the answer on one picture; in text, nothing is said of a stray file.
    pub(super) fn tell(
        &mut self,
        answer: &Answer<'_>,
        stray: bool,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        match (self.output.form, answer) {
            (Form::Text, Answer::Read(read)) => {
                self.output.line(&text::answer(read, self.style.top))?;
            }
            (Form::Text, Answer::Unread(Unread { picture, error })) => {
                if !stray {
                    progress.warn(&format!("`{picture}`: {error}"));
                }
            }
            (Form::Json, _) => {
                let comma = if self.told == 0 { "    " } else { "  , " };
                self.output.line(&(comma.to_owned() + &serde_json::to_string(answer)?))?;
            }
            (Form::Parquet, _) => {
                if let Sink::Parquet(file) = &mut self.output.to {
                    file.add(answer, self.classes)?;
                }
            }
            (Form::Csv { .. }, _) => {
                self.output.line(&record(&row(answer, self.classes, self.heat_maps))?)?;
            }
        }
        self.told += 1;
        Ok(())
    }

    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.output.form == Form::Json { self.output.line("  ]\n}") } else { Ok(()) }
    }
}

impl Output<'_> {
    /// Gives a file its name.
    ///
    /// # Errors
    /// When that fails.
    pub fn finish(self) -> Result<(), Error> {
        match self.to {
            Sink::File(file) => Ok(file.finish()?),
            Sink::Stream(_) => Ok(()),
            Sink::Parquet(file) => file.finish(),
        }
    }
}

/// Cells as a line of a table.
fn record(cells: &[String]) -> Result<String, Error> {
    let mut writer = csv::WriterBuilder::new().from_writer(vec![]);
    writer.write_record(cells).map_err(|error| unwritten(error.into()))?;
    let line = writer.into_inner().map_err(|error| unwritten(error.into_error()))?;
    Ok(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned())
}
