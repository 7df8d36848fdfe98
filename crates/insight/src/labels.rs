use std::collections::HashSet;

/// Text from outside without hidden characters: those that move the cursor, colour a terminal or
/// change the writing direction show as `�`.
#[must_use]
pub fn visible(text: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}')
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
    };
    text.chars().map(|c| if hides(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Names of classes as people read them: [`visible`], with spaces for underscores unless two
/// classes would then look the same.
#[must_use]
pub fn labels(classes: &[String]) -> Vec<String> {
    let plain: Vec<String> = classes.iter().map(|name| visible(name)).collect();
    let spaced: Vec<String> =
        plain.iter().map(|name| name.replace('_', " ").trim().to_owned()).collect();
    let distinct = spaced.iter().collect::<HashSet<_>>().len() == classes.len();
    if distinct && spaced.iter().all(|name| !name.is_empty()) { spaced } else { plain }
}
