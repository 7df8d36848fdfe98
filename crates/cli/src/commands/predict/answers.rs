//! Answers as text, JSON or CSV, each written as soon as it is known.

use ground::progress::Progress;
use lookalike::json::{Answer, Predictions, Style, Unread};

use crate::fault::Failure;
use crate::terminal::Terminal;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Csv,
}

/// What was answered so far.
pub(super) struct Answers<'a> {
    form: Form,
    style: Style,
    heat_maps: bool,
    terminal: &'a Terminal,
    pub(super) read: usize,
    pub(super) unread: usize,
}

impl<'a> Answers<'a> {
    pub(super) fn new(form: Form, style: Style, heat_maps: bool, terminal: &'a Terminal) -> Self {
        Self { form, style, heat_maps, terminal, read: 0, unread: 0 }
    }

    pub(super) fn begin(&self, none: &Predictions<'_>) -> Result<(), Failure> {
        match self.form {
            Form::Text => Ok(()),
            Form::Json => {
                // Answers follow as they are known, each on a line of its own.
                let whole = serde_json::to_string_pretty(none)?;
                Ok(self.terminal.result(whole.trim_end_matches(['\n', '}', ']']))?)
            }
            Form::Csv => self.record(&lookalike::columns(self.style, self.heat_maps)),
        }
    }

    /// Writes the answer on one picture.
    pub(super) fn tell(&mut self, answer: &Answer<'_>) -> Result<(), Failure> {
        match self.form {
            Form::Text => self.text(answer)?,
            Form::Json => {
                let comma = if self.read + self.unread == 0 { "    " } else { "  , " };
                self.terminal.result(&(comma.to_owned() + &serde_json::to_string(answer)?))?;
            }
            Form::Csv => self.record(&lookalike::row(answer, self.style, self.heat_maps))?,
        }
        match answer {
            Answer::Read(_) => self.read += 1,
            Answer::Unread(_) => self.unread += 1,
        }
        Ok(())
    }

    pub(super) fn end(&self) -> Result<(), Failure> {
        if self.form == Form::Json { Ok(self.terminal.result("  ]\n}")?) } else { Ok(()) }
    }

    fn text(&self, answer: &Answer<'_>) -> Result<(), Failure> {
        match answer {
            Answer::Read(read) => {
                Ok(self.terminal.result(&lookalike::text::answer(read, self.style.top))?)
            }
            Answer::Unread(Unread { picture, error }) => {
                self.terminal.warn(&format!("`{picture}`: {error}"));
                Ok(())
            }
        }
    }

    fn record(&self, fields: &[String]) -> Result<(), Failure> {
        let mut writer = csv::WriterBuilder::new().from_writer(vec![]);
        writer.write_record(fields)?;
        let line = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        let line = String::from_utf8_lossy(&line);
        Ok(self.terminal.result(line.trim_end_matches('\n'))?)
    }
}
