//! Answers as text, JSON or CSV, each written as soon as it is known.

use ground::progress::Progress;
use lookalike::json::{Answer, Named, Predictions, Read, Style, Unread};

use crate::fault::Failure;
use crate::terminal::{Terminal, count, printable};

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
            Form::Csv => {
                let mut header: Vec<String> =
                    ["picture", "verdict", "answer"].map(Into::into).into();
                for n in 1..=self.style.top {
                    header.extend([format!("class_{n}"), format!("probability_{n}")]);
                }
                header.extend(["novelty", "nearest", "error"].map(Into::into));
                header.extend(self.heat_maps.then(|| "heat_map".into()));
                self.record(&header)
            }
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
            Form::Csv => self.record(&self.fields(answer))?,
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
            Answer::Read(read) => Ok(self.terminal.result(&line(read, self.style.top))?),
            Answer::Unread(Unread { picture, error }) => {
                self.terminal.warn(&format!("`{picture}`: {error}"));
                Ok(())
            }
        }
    }

    fn fields(&self, answer: &Answer<'_>) -> Vec<String> {
        match answer {
            Answer::Read(read) => {
                let answer: Vec<&str> = read.answer.iter().map(|named| named.class).collect();
                let mut fields =
                    vec![read.picture.clone(), read.verdict.into(), answer.join(" or ")];
                for named in &read.top {
                    fields.extend([named.class.to_owned(), format!("{:.6}", named.probability)]);
                }
                let nearest = read.nearest.first().map(|nearest| nearest.picture);
                fields.push(read.novelty.map_or(String::new(), |novelty| format!("{novelty:.6}")));
                fields.extend([nearest.unwrap_or_default().to_owned(), String::new()]);
                if self.heat_maps {
                    fields.push(read.heat_map.as_ref().map_or(String::new(), |h| h.file.clone()));
                }
                fields
            }
            Answer::Unread(Unread { picture, error }) => {
                let mut fields = vec![picture.clone()];
                fields.resize(5 + 2 * self.style.top, String::new());
                fields.push(error.clone());
                fields.extend(self.heat_maps.then(String::new));
                fields
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

/// A picture in text, its parts two spaces apart:
///
/// ```text
/// a.jpg  malamute 83%  (husky 12%, eskimo dog 5%)
/// b.jpg  ambiguous: malamute 52% or husky 40%  (eskimo dog 8%)  more than one class is …
/// c.jpg  not recognised: unlike the training pictures  (nearest: husky/12.jpg)
/// ```
///
/// Last comes where its heat map lies, if one was asked for.
fn line(read: &Read<'_>, top: usize) -> String {
    let picture = printable(&read.picture);
    let share =
        |named: &Named<'_>| format!("{} {}", printable(named.class), percent(named.probability));
    let mut meant: Vec<String> = read.answer.iter().take(top).map(share).collect();
    let meant_too = |named: &&Named<'_>| read.answer.iter().any(|n| n.class == named.class);
    let others = read.top.iter().filter(|named| !meant_too(named)).take(top - meant.len());
    let others: Vec<String> = others.map(share).collect();
    let others =
        if others.is_empty() { String::new() } else { format!("  ({})", others.join(", ")) };
    let heat_map = read.heat_map.as_ref().map_or(String::new(), |heat| {
        format!("  heat map of {}: {}", printable(heat.class), printable(&heat.file))
    });
    let said = match read.answer.len() {
        0 => {
            let nearest = read.nearest.first().map(|nearest| printable(nearest.picture));
            let nearest = nearest.map_or(String::new(), |name| format!("  (nearest: {name})"));
            format!("{picture}  not recognised: {}{nearest}", read.reason.words())
        }
        1 => format!("{picture}  {}{others}", meant.concat()),
        several => {
            if several > meant.len() {
                meant.push(count(several - meant.len(), "other"));
            }
            let last = meant.pop().unwrap_or_default();
            let (first, reason) = (meant.join(", "), read.reason.words());
            format!("{picture}  ambiguous: {first} or {last}{others}  {reason}")
        }
    };
    said + &heat_map
}

/// A probability in whole percent, and never as certain as it is not.
fn percent(probability: f32) -> String {
    match 100.0 * probability {
        p if p < 1.0 => "<1%".into(),
        p if p > 99.0 => ">99%".into(),
        p => format!("{p:.0}%"),
    }
}

#[cfg(test)]
mod tests {
    use insight::Reason;

    use lookalike::json::{Named, Nearest, Read};

    use super::{line, percent};

    #[test]
    fn nothing_is_certain() {
        let shown = [0.001, 0.01, 0.834, 0.99, 0.999].map(percent);
        assert_eq!(shown, ["<1%", "1%", "83%", "99%", ">99%"]);
    }

    /// What is said of dogs, of which so many classes are named.
    fn dogs(answer: &[&'static str], reason: Reason, top: usize) -> String {
        let odds = [("malamute", 0.52), ("husky", 0.4), ("eskimo dog", 0.08)];
        let named = |&(class, probability): &(&'static str, f32)| Named { class, probability };
        let nearest = Nearest { picture: "husky/\u{1b}12.jpg", class: "husky", similarity: 0.5 };
        let read = Read {
            picture: "a.jpg".into(),
            verdict: "",
            reason,
            answer: odds.iter().filter(|(class, _)| answer.contains(class)).map(named).collect(),
            top: odds.iter().take(top).map(named).collect(),
            novelty: None,
            nearest: vec![nearest],
            heat_map: None,
        };
        line(&read, top)
    }

    #[test]
    fn every_verdict_reads_well() {
        let several = |answer: &[&'static str], top| dogs(answer, Reason::Several, top);
        let (two, three) = (["malamute", "husky"], ["malamute", "husky", "eskimo dog"]);
        let (enough, unsure, far) =
            (Reason::Several.words(), Reason::Unsure.words(), Reason::Far.words());
        for (line, expected) in [
            (dogs(&two[..1], Reason::Sure, 3), "malamute 52%  (husky 40%, eskimo dog 8%)".into()),
            (dogs(&two[..1], Reason::Sure, 1), "malamute 52%".into()),
            // Classes have thresholds of their own, and the likeliest may miss its.
            (dogs(&["husky"], Reason::Sure, 3), "husky 40%  (malamute 52%, eskimo dog 8%)".into()),
            (
                several(&["malamute", "eskimo dog"], 3),
                format!("ambiguous: malamute 52% or eskimo dog 8%  (husky 40%)  {enough}"),
            ),
            (
                several(&two, 3),
                format!("ambiguous: malamute 52% or husky 40%  (eskimo dog 8%)  {enough}"),
            ),
            (
                several(&three, 3),
                format!("ambiguous: malamute 52%, husky 40% or eskimo dog 8%  {enough}"),
            ),
            (
                several(&three, 2),
                format!("ambiguous: malamute 52%, husky 40% or 1 other  {enough}"),
            ),
            (several(&three, 1), format!("ambiguous: malamute 52% or 2 others  {enough}")),
            (
                dogs(&two, Reason::Unsure, 2),
                format!("ambiguous: malamute 52% or husky 40%  {unsure}"),
            ),
            (
                dogs(&[], Reason::Far, 3),
                format!("not recognised: {far}  (nearest: husky/\\u{{1b}}12.jpg)"),
            ),
        ] {
            assert_eq!(line, format!("a.jpg  {expected}"));
        }
    }
}
