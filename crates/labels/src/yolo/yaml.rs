//! As much YAML as a `data.yaml` has: texts, lists and maps one level deep. Nothing is expanded.

use saphyr_parser::{Event, Parser};

/// A text, with its key where it is in a map.
type Text = (Option<String>, String);

/// The texts of the outermost keys.
pub(super) struct Yaml(Vec<(String, Vec<Text>)>);

/// Reads a document; of what lies deeper nothing is kept.
pub(super) fn read(text: &str) -> Result<Yaml, String> {
    let mut found = Yaml(vec![]);
    let (mut depth, mut maps) = (0_usize, vec![]);
    let mut key: Option<String> = None;
    let mut inner: Option<String> = None;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        let in_map = maps.last() == Some(&true);
        match event {
            Event::Alias(_) => return Err("it refers to itself, which is not read".into()),
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                maps.push(matches!(event, Event::MappingStart(..)));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                maps.pop();
                if depth == 1 {
                    key = None;
                }
                inner = None;
            }
            Event::Scalar(text, ..) => {
                let text = text.into_owned();
                match (depth, &key) {
                    (1, None) => {
                        found.0.push((text.clone(), vec![]));
                        key = Some(text);
                    }
                    (1, Some(_)) => {
                        found.keep(None, text);
                        key = None;
                    }
                    (2, _) if in_map && inner.is_none() => inner = Some(text),
                    (2, _) => found.keep(inner.take(), text),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

impl Yaml {
    fn keep(&mut self, key: Option<String>, text: String) {
        if let Some((_, values)) = self.0.last_mut() {
            values.push((key, text));
        }
    }

    fn values(&self, key: &str) -> &[Text] {
        self.0.iter().find(|(known, _)| known == key).map_or(&[], |(_, values)| values)
    }

    /// All texts of a key.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let texts = self.values(key).iter().map(|(_, text)| text.clone());
        texts.filter(|text| !text.is_empty() && text != "~" && text != "null").collect()
    }

    /// The only text of a key.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.texts(key).pop()
    }

    /// The names of the classes by their numbers: from a list, or a map of numbers.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<(usize, String)> = vec![];
        for (at, (number, name)) in self.values("names").iter().enumerate() {
            let number = number.as_ref().and_then(|number| number.parse().ok()).unwrap_or(at);
            names.push((number, name.clone()));
        }
        names.sort();
        // A gap would give a box another class than its own.
        let whole = names.iter().enumerate().all(|(at, (number, _))| at == *number);
        if whole { names.into_iter().map(|(_, name)| name).collect() } else { vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn lists_and_maps_name_classes() {
        for text in [
            "path: ../birds\ntrain: images/train\nnames:\n  0: wren\n  1: robin\n",
            "train: [images/train]\npath: ../birds\nnames: ['wren', \"robin\"]\nnc: 2\n",
            "# a comment\npath: ../birds\ntrain:\n- images/train\nnames:\n- wren\n- robin # red\n",
        ] {
            let yaml = read(text).unwrap();
            assert_eq!(yaml.names(), ["wren", "robin"], "{text}");
            assert_eq!(yaml.texts("train"), ["images/train"]);
            assert_eq!(yaml.text("path").as_deref(), Some("../birds"));
            assert_eq!(yaml.text("val"), None);
        }
        assert!(read("names: {0: a, 2: b}").unwrap().names().is_empty(), "a gap");
        assert!(read("a: &a [x, x]\nb: [*a, *a]").is_err());
        assert!(read("names: [a, b").is_err());
    }
}
