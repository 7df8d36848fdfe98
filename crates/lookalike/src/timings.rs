//! Where the time of the network's steps went.

use std::collections::BTreeMap;

use engine::Timing;

/// Layers that are named one by one.
const LAYERS: usize = 12;

/// A table of the times by kind of step, then of the layers that took longest.
#[must_use]
pub fn timings_table(timings: &[Timing]) -> String {
    let mut kinds = BTreeMap::<&str, f64>::new();
    for timing in timings {
        *kinds.entry(timing.kind).or_default() += timing.time.as_secs_f64();
    }
    let all: f64 = kinds.values().sum();
    let row = |name: &str, seconds: f64| {
        format!("{name:<46} {seconds:>10.3} s {:>6.1}%\n", 100.0 * seconds / all.max(1e-9))
    };
    let mut sorted: Vec<(&str, f64)> = kinds.into_iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut text = String::from("where the network's time went\n");
    sorted.iter().for_each(|(kind, seconds)| text += &row(kind, *seconds));
    text += &row("all", all);
    text += "the longest layers\n";
    for Timing { kind, node, time } in timings.iter().filter(|t| !t.node.is_empty()).take(LAYERS) {
        text += &row(&format!("{kind}, {node}"), time.as_secs_f64());
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::timings_table;
    use engine::Timing;
    use std::time::Duration;

    #[test]
    fn kinds_are_added_up_and_the_longest_comes_first() {
        let of = |kind, node: &str, millis| Timing {
            kind,
            node: node.into(),
            time: Duration::from_millis(millis),
        };
        let table =
            timings_table(&[of("conv", "b", 500), of("add", "", 300), of("conv", "a", 200)]);
        let rows: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["conv", "0.700", "s", "70.0%"]);
        assert_eq!(rows[2], ["add", "0.300", "s", "30.0%"]);
        assert_eq!(rows[3], ["all", "1.000", "s", "100.0%"]);
        assert_eq!(rows[5][..2], ["conv,", "b"]);
    }
}
