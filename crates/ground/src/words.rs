//! Numbers as people read them: `2,527 pictures`.

/// A number with its thousands separated: `2,107,904`.
#[must_use]
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `count(1, "picture")` is `1 picture`, `count(1200, "class")` is
/// `1,200 classes`.
#[must_use]
pub fn count(n: usize, thing: &str) -> String {
    // The ch of an epoch is a k.
    let sibilant =
        ["s", "x", "ch", "sh"].iter().any(|end| thing.ends_with(end)) && !thing.ends_with("epoch");
    let several = match thing.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o'])) {
        Some(stem) => format!("{stem}ies"),
        None => thing.to_owned() + if sibilant { "es" } else { "s" },
    };
    format!("{} {}", thousands(n), if n == 1 { thing } else { &several })
}

#[cfg(test)]
mod tests {
    use super::{count, thousands};

    #[test]
    fn thousands_are_separated_and_plurals_right() {
        assert_eq!([100, 2_527, 2_107_904].map(thousands), ["100", "2,527", "2,107,904"]);
        assert_eq!(count(1, "class"), "1 class");
        assert_eq!(count(1_200, "class"), "1,200 classes");
        let several = ["batch", "picture", "entry", "day", "epoch"].map(|thing| count(2, thing));
        assert_eq!(several, ["2 batches", "2 pictures", "2 entries", "2 days", "2 epochs"]);
    }
}
