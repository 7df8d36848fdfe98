//! A sweep as a chart of characters.

use training::Found;

/// Columns and rows of the chart.
const WIDE: usize = 60;
const HIGH: usize = 12;

/// Losses over rates, the latter in equal factors. Losses above twice the first are left out, as
/// they would flatten all that matters.
pub(super) fn text(found: &Found) -> String {
    let [Some(&first), Some(&last)] = [found.rates.first(), found.rates.last()] else {
        return String::new();
    };
    let (low, high) = shown(&found.losses);
    let column = |rate: f32| {
        let share = (rate / first).ln() / (last / first).ln().max(f32::MIN_POSITIVE);
        (share * (WIDE - 1) as f32).round() as usize
    };
    let mut rows = vec![[' '; WIDE]; HIGH];
    for (&rate, &loss) in found.rates.iter().zip(&found.losses) {
        if (low..=high).contains(&loss) {
            let share = (high - loss) / (high - low).max(f64::MIN_POSITIVE);
            rows[(share * (HIGH - 1) as f64).round() as usize][column(rate)] = '•';
        }
    }
    let mut text = String::from("loss\n");
    for (index, row) in rows.iter().enumerate() {
        let label = match index {
            0 => format!("{high:.2}"),
            _ if index == HIGH - 1 => format!("{low:.2}"),
            _ => String::new(),
        };
        let row: String = row.iter().collect();
        text += &format!("{label:>7} │{}\n", row.trim_end());
    }
    let mut axis = vec!['─'; WIDE];
    if let Some(suggested) = found.suggested {
        axis[column(suggested)] = '▲';
    }
    text += &format!("{:>7} └{}\n", "", axis.iter().collect::<String>());
    let (left, right) = (format!("{first:.0e}"), format!("{last:.0e}"));
    let gap = WIDE.saturating_sub(left.len());
    text + &format!("{:>9}{left}{right:>gap$}  rate", "")
}

/// The range of losses worth showing.
pub(super) fn shown(losses: &[f64]) -> (f64, f64) {
    let finite = || losses.iter().copied().filter(|loss| loss.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let first = finite().next().unwrap_or(1.0);
    let most = finite().filter(|&loss| loss <= 2.0 * first).fold(low, f64::max);
    if low.is_finite() { (low, most) } else { (0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::text;
    use training::{Ended, Found};

    fn found(losses: &[f64], suggested: Option<f32>) -> Found {
        let rates = (0..losses.len()).map(|i| 10f32.powi(i as i32 - 4)).collect();
        Found { rates, losses: losses.to_vec(), suggested, ended: Ended::Done, spread: 1.0 }
    }

    #[test]
    fn a_valley_is_seen_and_marked() {
        let chart = text(&found(&[2.0, 2.0, 1.0, 1.5, 90.0], Some(1e-2)));
        let lines: Vec<&str> = chart.lines().collect();
        assert!(lines[1].contains("2.00 │•"), "{chart}");
        assert!(lines[12].contains("1.00 │") && lines[12].ends_with('•'), "{chart}");
        // The mark stands under the lowest point.
        let place = |line: &str, mark| line.chars().position(|c| c == mark);
        assert_eq!(place(lines[13], '▲'), place(lines[12], '•'), "{chart}");
        assert_eq!(chart.matches('•').count(), 4, "{chart}");
    }

    #[test]
    fn odd_sweeps_are_drawn_too() {
        assert_eq!(text(&found(&[], None)), "");
        for losses in [&[1.0][..], &[f64::NAN], &[1.0, f64::INFINITY], &[1.0, 1.0]] {
            assert!(text(&found(losses, None)).contains('└'));
        }
    }
}
