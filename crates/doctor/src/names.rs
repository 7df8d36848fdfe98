//! Class names that may mean one class.

/// Why two names may mean one class, if they may.
pub(crate) fn alike(a: &str, b: &str) -> Option<&'static str> {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (p, q) = (plain(a), plain(b));
    if a.to_lowercase() == b.to_lowercase() {
        return Some("differ only in capitals");
    }
    if p == q && !p.is_empty() {
        return Some("differ only in spaces and punctuation");
    }
    let (long, short) = if p.len() > q.len() { (&p, &q) } else { (&q, &p) };
    if long.strip_prefix(short.as_str()) == Some("s") && short.len() > 2 {
        return Some("differ only in a final s");
    }
    // Digits tell classes apart: `fold 1` and `fold 2` are two things.
    let digits = |name: &str| name.chars().filter(|c| c.is_numeric()).collect::<String>();
    let (p, q) = (p.chars().collect::<Vec<_>>(), q.chars().collect::<Vec<_>>());
    (p.len().min(q.len()) > 5 && digits(a) == digits(b) && steps(&p, &q) <= 1)
        .then_some("differ only in one letter")
}

/// Insertions, deletions, changes and swaps of neighbours that lead from one to the other
/// (optimal string alignment).
fn steps(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let above = &rows[i - 1];
            let change = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn names_that_may_mean_one_class_are_told() {
        for (a, b) in [
            ("Husky", "husky"),
            ("sled dog", "sled-dog"),
            ("malamute", "malamutes"),
            ("malamute", "malamtue"),
            ("malamute", "malemute"),
        ] {
            assert!(alike(a, b).is_some(), "{a} {b}");
            assert!(alike(b, a).is_some(), "{b} {a}");
        }
    }

    #[test]
    fn names_of_two_classes_are_not() {
        for (a, b) in [
            ("ant", "bee"),
            ("cat", "bat"),
            ("species 1", "species 2"),
            ("variety10", "variety11"),
            ("husky", "eskimo dog"),
            ("as", "a"),
        ] {
            assert_eq!(alike(a, b), None, "{a} {b}");
        }
    }
}
