//! Answers as text, JSON or CSV, each written as soon as it is known.

use std::path::{Path, PathBuf};

use classifier::{Classifier, Near, Prediction, Told, ranked};
use ground::progress::Progress;
use insight::{Reason, Verdict};
use serde::Serialize;

use crate::args::Predict;
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
    classifier: &'a Classifier,
    /// Classes named of each picture.
    top: usize,
    always: bool,
    heat_maps: bool,
    terminal: &'a Terminal,
    pub(super) read: usize,
    pub(super) unread: usize,
}

/// A class and how probable it is.
#[derive(Clone, Copy, Serialize)]
struct Named<'a> {
    class: &'a str,
    probability: f32,
}

/// A known picture that is like the one asked about.
#[derive(Serialize)]
struct Nearest<'a> {
    picture: &'a str,
    class: &'a str,
    similarity: f32,
}

/// One picture in the JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Read(Read<'a>),
    Unread { picture: String, error: String },
}

#[derive(Serialize)]
struct Read<'a> {
    picture: String,
    /// `class`, `ambiguous` or `unfamiliar`.
    verdict: &'static str,
    reason: Reason,
    /// The classes that it may be of: one, several or none. They need not be the likeliest, as a
    /// class may have a threshold of its own.
    answer: Vec<Named<'a>>,
    /// The likeliest, whatever the verdict.
    top: Vec<Named<'a>>,
    novelty: Option<f32>,
    nearest: Vec<Nearest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heat_map: Option<HeatMap<'a>>,
}

/// The picture of where the network found what speaks for a class.
#[derive(Serialize)]
struct HeatMap<'a> {
    file: String,
    class: &'a str,
}

impl<'a> Answers<'a> {
    pub(super) fn new(
        form: Form,
        classifier: &'a Classifier,
        typed: &Predict,
        terminal: &'a Terminal,
    ) -> Self {
        let top = typed.top.min(classifier.classes.len());
        let (always, heat_maps) = (typed.always, typed.heat_maps.is_some());
        Self { form, classifier, top, always, heat_maps, terminal, read: 0, unread: 0 }
    }

    pub(super) fn begin(&self, model: &Path) -> anyhow::Result<()> {
        match self.form {
            Form::Text => Ok(()),
            Form::Json => {
                let model = serde_json::to_string(&model.to_string_lossy())?;
                let classes = serde_json::to_string(&self.classifier.classes)?;
                let limit = serde_json::to_string(&self.classifier.calibration.novelty)?;
                let head = format!(
                    "{{\n  \"model\": {model},\n  \"classes\": {classes},\n  \
                     \"novelty_limit\": {limit},\n  \"predictions\": ["
                );
                Ok(self.terminal.result(&head)?)
            }
            Form::Csv => {
                let mut header: Vec<String> =
                    ["picture", "verdict", "answer"].map(Into::into).into();
                for n in 1..=self.top {
                    header.extend([format!("class_{n}"), format!("probability_{n}")]);
                }
                header.extend(["novelty", "nearest", "error"].map(Into::into));
                header.extend(self.heat_maps.then(|| "heat_map".into()));
                self.record(&header)
            }
        }
    }

    /// Tells of one picture, and where its heat map was written.
    pub(super) fn tell(
        &mut self,
        prediction: &Prediction<'a>,
        heat_map: Option<PathBuf>,
    ) -> anyhow::Result<()> {
        let picture = prediction.picture.to_string_lossy().into_owned();
        let answer = match &prediction.result {
            Ok(told) => Answer::Read(self.read(picture, told, heat_map)),
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
            Answer::Read(_) => self.read += 1,
            Answer::Unread { .. } => self.unread += 1,
        }
        Ok(())
    }

    pub(super) fn end(&self) -> anyhow::Result<()> {
        if self.form == Form::Json { Ok(self.terminal.result("  ]\n}")?) } else { Ok(()) }
    }

    fn read(&self, picture: String, told: &Told<'a>, heat_map: Option<PathBuf>) -> Read<'a> {
        let classes = &self.classifier.classes;
        let odds = &told.answer.probabilities;
        let ranked: Vec<usize> = ranked(odds).into_iter().map(|(class, _)| class).collect();
        let (verdict, answer) = match &told.answer.verdict {
            Verdict::Class(class) => ("class", vec![*class]),
            Verdict::Ambiguous(several) => ("ambiguous", several.clone()),
            Verdict::Unfamiliar => ("unfamiliar", vec![]),
        };
        let answer = if self.always { vec![ranked[0]] } else { answer };
        let named = |&class: &usize| Named { class: &classes[class], probability: odds[class] };
        let near = |near: &Near<'a>| Nearest {
            picture: &near.known.picture,
            class: &classes[near.known.label],
            similarity: near.similarity,
        };
        let heat_map = heat_map.zip(told.heat.as_ref()).map(|(file, heat)| HeatMap {
            file: file.to_string_lossy().into_owned(),
            class: &classes[heat.class],
        });
        Read {
            picture,
            heat_map,
            verdict,
            reason: told.answer.reason,
            answer: answer.iter().map(named).collect(),
            top: ranked.iter().take(self.top).map(named).collect(),
            novelty: told.novelty,
            nearest: told.nearest.iter().map(near).collect(),
        }
    }

    fn text(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        match answer {
            Answer::Read(read) => Ok(self.terminal.result(&line(read, self.top))?),
            Answer::Unread { picture, error } => {
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
            Answer::Unread { picture, error } => {
                let mut fields = vec![picture.clone()];
                fields.resize(5 + 2 * self.top, String::new());
                fields.push(error.clone());
                fields.extend(self.heat_maps.then(String::new));
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

/// A picture in text, its parts two spaces apart:
///
/// ```text
/// a.jpg  malamute 83 %  (husky 12 %, eskimo dog 5 %)
/// b.jpg  ambiguous: malamute 52 % or husky 40 %  (eskimo dog 8 %)  more than one class is …
/// c.jpg  unfamiliar: unlike anything seen in training  (nearest: husky/12.jpg)
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
            format!("{picture}  unfamiliar: {}{nearest}", read.reason.words())
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
        p if p < 1.0 => "<1 %".into(),
        p if p > 99.0 => ">99 %".into(),
        p => format!("{p:.0} %"),
    }
}

#[cfg(test)]
mod tests {
    use insight::Reason;

    use super::{Named, Nearest, Read, line, percent};

    #[test]
    fn nothing_is_certain() {
        let shown = [0.001, 0.01, 0.834, 0.99, 0.999].map(percent);
        assert_eq!(shown, ["<1 %", "1 %", "83 %", "99 %", ">99 %"]);
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
        let enough = "more than one class is probable enough";
        for (line, expected) in [
            (
                dogs(&two[..1], Reason::Sure, 3),
                "malamute 52 %  (husky 40 %, eskimo dog 8 %)".into(),
            ),
            (dogs(&two[..1], Reason::Sure, 1), "malamute 52 %".into()),
            // Classes have thresholds of their own, and the likeliest may miss its.
            (
                dogs(&["husky"], Reason::Sure, 3),
                "husky 40 %  (malamute 52 %, eskimo dog 8 %)".into(),
            ),
            (
                several(&["malamute", "eskimo dog"], 3),
                format!("ambiguous: malamute 52 % or eskimo dog 8 %  (husky 40 %)  {enough}"),
            ),
            (
                several(&two, 3),
                format!("ambiguous: malamute 52 % or husky 40 %  (eskimo dog 8 %)  {enough}"),
            ),
            (
                several(&three, 3),
                format!("ambiguous: malamute 52 %, husky 40 % or eskimo dog 8 %  {enough}"),
            ),
            (
                several(&three, 2),
                format!("ambiguous: malamute 52 %, husky 40 % or 1 other  {enough}"),
            ),
            (several(&three, 1), format!("ambiguous: malamute 52 % or 2 others  {enough}")),
            (
                dogs(&two, Reason::Unsure, 2),
                "ambiguous: malamute 52 % or husky 40 %  \
                 no class is as probable as it is for most of its pictures"
                    .into(),
            ),
            (
                dogs(&[], Reason::Far, 3),
                "unfamiliar: unlike anything seen in training  (nearest: husky/\\u{1b}12.jpg)"
                    .into(),
            ),
        ] {
            assert_eq!(line, format!("a.jpg  {expected}"));
        }
    }
}
