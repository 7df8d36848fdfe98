//! Answers as text, JSON or CSV, each written as soon as it is known.

use std::path::Path;

use classifier::{Classifier, Prediction, ranked};
use ground::progress::Progress;
use serde::Serialize;

use crate::terminal::{Terminal, printable};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Csv,
}

/// What was answered so far.
pub(super) struct Answers<'a> {
    form: Form,
    classes: &'a [String],
    top: usize,
    terminal: &'a Terminal,
    pub(super) read: usize,
    pub(super) unread: usize,
}

/// A class and how probable it is.
#[derive(Serialize)]
struct Named<'a> {
    class: &'a str,
    probability: f32,
}

/// One picture in the JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Read { picture: String, class: &'a str, probability: f32, top: Vec<Named<'a>> },
    Unread { picture: String, error: String },
}

impl<'a> Answers<'a> {
    pub(super) fn new(
        form: Form,
        classifier: &'a Classifier,
        top: usize,
        terminal: &'a Terminal,
    ) -> Self {
        let classes = &classifier.classes;
        Self { form, classes, top: top.min(classes.len()), terminal, read: 0, unread: 0 }
    }

    pub(super) fn begin(&self, model: &Path) -> anyhow::Result<()> {
        match self.form {
            Form::Text => Ok(()),
            Form::Json => {
                let model = serde_json::to_string(&model.to_string_lossy())?;
                let classes = serde_json::to_string(self.classes)?;
                let head = format!(
                    "{{\n  \"model\": {model},\n  \"classes\": {classes},\n  \"predictions\": ["
                );
                Ok(self.terminal.result(&head)?)
            }
            Form::Csv => {
                let mut header = vec!["picture".into(), "class".into(), "probability".into()];
                for n in 2..=self.top {
                    header.extend([format!("class_{n}"), format!("probability_{n}")]);
                }
                header.push("error".into());
                self.record(&header)
            }
        }
    }

    pub(super) fn tell(&mut self, prediction: &Prediction<'_>) -> anyhow::Result<()> {
        let picture = prediction.picture.to_string_lossy().into_owned();
        let answer = match &prediction.result {
            Ok(told) => {
                let row = &told.answer.probabilities;
                let named = |(class, probability): (usize, f32)| Named {
                    class: &self.classes[class],
                    probability,
                };
                let top: Vec<Named<'_>> =
                    ranked(row).into_iter().take(self.top).map(named).collect();
                let Named { class, probability } = top[0];
                Answer::Read { picture, class, probability, top }
            }
            Err(reason) => Answer::Unread { picture, error: reason.to_string() },
        };
        match self.form {
            Form::Text => self.text(&answer)?,
            Form::Json => {
                let comma = if self.read + self.unread == 0 { "    " } else { "  , " };
                self.terminal.result(&(comma.to_owned() + &serde_json::to_string(&answer)?))?;
            }
            Form::Csv => self.record(&self.fields(&answer))?,
        }
        match answer {
            Answer::Read { .. } => self.read += 1,
            Answer::Unread { .. } => self.unread += 1,
        }
        Ok(())
    }

    pub(super) fn end(&self) -> anyhow::Result<()> {
        if self.form == Form::Json { Ok(self.terminal.result("  ]\n}")?) } else { Ok(()) }
    }

    /// `a.jpg  malamute 83 %  (husky 12 %, eskimo dog 5 %)`
    fn text(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        match answer {
            Answer::Read { picture, top, .. } => {
                let names: Vec<String> = top
                    .iter()
                    .map(|named| {
                        format!("{} {}", printable(named.class), percent(named.probability))
                    })
                    .collect();
                let others = match &names[1..] {
                    [] => String::new(),
                    others => format!("  ({})", others.join(", ")),
                };
                let picture = printable(picture);
                self.terminal.result(&format!("{picture}  {}{others}", names[0]))?;
            }
            Answer::Unread { picture, error } => {
                self.terminal.warn(&format!("`{picture}`: {error}"));
            }
        }
        Ok(())
    }

    fn fields(&self, answer: &Answer<'_>) -> Vec<String> {
        match answer {
            Answer::Read { picture, top, .. } => {
                let mut fields = vec![picture.clone()];
                for named in top {
                    fields.extend([named.class.to_owned(), format!("{:.6}", named.probability)]);
                }
                fields.push(String::new());
                fields
            }
            Answer::Unread { picture, error } => {
                let mut fields = vec![picture.clone()];
                fields.resize(1 + 2 * self.top, String::new());
                fields.push(error.clone());
                fields
            }
        }
    }

    fn record(&self, fields: &[String]) -> anyhow::Result<()> {
        let mut writer = csv::WriterBuilder::new().from_writer(vec![]);
        writer.write_record(fields)?;
        let line = String::from_utf8(writer.into_inner()?)?;
        Ok(self.terminal.result(line.trim_end_matches('\n'))?)
    }
}

/// A probability in whole percent, and never as certain as it is not.
fn percent(probability: f32) -> String {
    match 100.0 * probability {
        p if p < 1.0 => "<1 %".into(),
        p if p > 99.0 => ">99 %".into(),
        p => format!("{p:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn nothing_is_certain() {
        let shown = [0.001, 0.01, 0.834, 0.99, 0.999].map(percent);
        assert_eq!(shown, ["<1 %", "1 %", "83 %", "99 %", ">99 %"]);
    }
}
