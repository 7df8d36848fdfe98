//! Charts as inline SVG, from numbers alone and never from text.
//!
//! Whiskers and bars use percentages of their own width; line charts stretch a fixed view box with
//! strokes that keep their width, so that both fit a phone and a desktop without a script.

use std::fmt::Write;

use insight::{Difference, Estimate, Interval};

/// The view box of a line chart.
pub(crate) const WIDE: f64 = 1000.0;
pub(crate) const HIGH: f64 = 400.0;

/// A dot with its interval on a line from 0 to 100%.
pub(crate) fn whisker(estimate: &Estimate) -> String {
    let Interval { low, high } = estimate.interval;
    format!(
        r#"<svg class="whisker" role="img" aria-label="{estimate}"><line class="track" x1="0" x2="100%" y1="50%" y2="50%"/>{}<circle class="dot" cx="{}" cy="50%" r="4"/></svg>"#,
        range(low, high, ["25%", "75%"]),
        at(estimate.value),
    )
}

/// A difference with its interval on a line with 0 in its middle, the better to the right.
pub(crate) fn difference(difference: &Difference) -> String {
    let Difference { value, low, high } = *difference;
    let reach = low.abs().max(high.abs()).max(0.02) * 1.1;
    let place = |x: f64| 0.5 + x / reach / 2.0;
    format!(
        r#"<svg class="whisker" role="img" aria-label="{:.1} points ({:.1} to {:.1})"><line class="track" x1="0" x2="100%" y1="50%" y2="50%"/><line class="zero" x1="50%" x2="50%" y1="0" y2="100%"/>{}<circle class="dot" cx="{}" cy="50%" r="4"/></svg>"#,
        100.0 * value,
        100.0 * low,
        100.0 * high,
        range(place(low), place(high), ["25%", "75%"]),
        at(place(value)),
    )
}

/// The large bar at the head of the page: filled to the value, with its interval and a mark at the
/// baseline.
pub(crate) fn verdict(estimate: &Estimate, baseline: f64) -> String {
    let Interval { low, high } = estimate.interval;
    format!(
        r#"<svg class="bar" role="img" aria-label="{estimate}"><rect class="track" width="100%" height="100%" rx="6"/><rect class="fill" width="{}" height="100%" rx="6"/>{}<line class="base" x1="{base}" x2="{base}" y1="0" y2="100%"/></svg>"#,
        at(estimate.value),
        range(low, high, ["28%", "72%"]),
        base = at(baseline),
    )
}

/// A horizontal line from `low` to `high` with a cap at either end.
fn range(low: f64, high: f64, [top, bottom]: [&str; 2]) -> String {
    let (low, high) = (at(low), at(high));
    let line = |x1: &str, x2: &str, y1: &str, y2: &str| {
        format!(r#"<line class="range" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>"#)
    };
    line(&low, &high, "50%", "50%")
        + &line(&low, &low, top, bottom)
        + &line(&high, &high, top, bottom)
}

fn at(share: f64) -> String {
    format!("{:.2}%", 100.0 * share.clamp(0.0, 1.0))
}

/// A line of a chart: one value an epoch, with a gap where there is none.
pub(crate) struct Line<'a> {
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    pub(crate) values: &'a [Option<f64>],
}

/// A line chart over epochs; labels stand around it as text.
pub(crate) struct Chart {
    pub(crate) svg: String,
    /// Label and height in per cent.
    pub(crate) y: Vec<(String, f64)>,
    /// Label and place in per cent.
    pub(crate) x: Vec<(usize, f64)>,
}

/// The place of the `i`-th of `n` epochs, 0 to 1.
pub(crate) fn place(i: usize, n: usize) -> f64 {
    (i as f64 + 0.5) / n as f64
}

/// Draws `lines` over an optional `band`, with a rule before each epoch in `starts` but the first.
/// `unit` turns a value of the y axis into its label.
pub(crate) fn chart(
    lines: &[Line<'_>],
    band: &[Option<Interval>],
    starts: &[usize],
    unit: fn(f64) -> String,
) -> Chart {
    let n = lines.iter().map(|line| line.values.len()).max().unwrap_or(0).max(1);
    let values = lines.iter().flat_map(|line| line.values).flatten().copied();
    let largest = values.chain(band.iter().flatten().map(|i| i.high)).fold(0.0, f64::max);
    let (step, top) = scale(largest);
    let x = |i: usize| WIDE * place(i, n);
    let y = |value: f64| HIGH * (1.0 - value.clamp(0.0, top) / top);
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" aria-hidden="true">"#
    );
    let ticks: Vec<f64> =
        (0..).map(|i| f64::from(i) * step).take_while(|t| *t <= top * 1.0001).collect();
    for &tick in &ticks {
        let _ = write!(svg, r#"<path class="grid" d="M0 {0:.1}H{WIDE}"/>"#, y(tick));
    }
    for &start in starts.iter().filter(|&&start| start > 0) {
        let _ = write!(
            svg,
            r#"<path class="stage" d="M{:.1} 0V{HIGH}"/>"#,
            WIDE * start as f64 / n as f64
        );
    }
    for run in runs(band) {
        let upper = run.iter().map(|&(i, b)| (x(i), y(b.high)));
        let lower = run.iter().rev().map(|&(i, b)| (x(i), y(b.low)));
        let _ = write!(svg, r#"<path class="band" d="{}Z"/>"#, path(upper.chain(lower)));
    }
    for line in lines {
        for run in runs(line.values) {
            let points = path(run.iter().map(|&(i, value)| (x(i), y(value))));
            let _ = write!(svg, r#"<path class="line {}" d="{points}"/>"#, line.class);
            // A lone epoch is a dot: a line of no length with round ends.
            if let [(i, value)] = run[..] {
                let _ = write!(
                    svg,
                    r#"<path class="point {}" d="M{:.1} {:.1}h0"/>"#,
                    line.class,
                    x(i),
                    y(value)
                );
            }
        }
    }
    svg.push_str("</svg>");
    let every = scale(n as f64 * 1.2).0.max(1.0) as usize;
    let shown = |epoch: &usize| *epoch == 1 || epoch.is_multiple_of(every);
    Chart {
        svg,
        y: ticks.iter().map(|&tick| (unit(tick), 100.0 * tick / top)).collect(),
        x: (1..=n).filter(shown).map(|epoch| (epoch, 100.0 * place(epoch - 1, n))).collect(),
    }
}

/// A round step and the smallest multiple of it that covers `largest`, in about four steps.
pub(crate) fn scale(largest: f64) -> (f64, f64) {
    if !(largest > 0.0 && largest.is_finite()) {
        return (0.5, 1.0);
    }
    let raw = largest / 4.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= raw * 0.999);
    let step = step.unwrap_or(10.0 * power);
    (step, (largest / step).ceil().max(1.0) * step)
}

/// The stretches without gaps, each value with its index.
fn runs<T: Copy>(values: &[Option<T>]) -> Vec<Vec<(usize, T)>> {
    let mut runs = vec![Vec::new()];
    for (i, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((i, *value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.enumerate().fold(String::new(), |mut d, (i, (x, y))| {
        let _ = write!(d, "{}{x:.1} {y:.1}", if i == 0 { 'M' } else { 'L' });
        d
    })
}

#[cfg(test)]
mod tests {
    use super::{Line, chart, runs, scale};

    #[test]
    fn scales_are_round_and_cover() {
        assert_eq!(scale(1.7), (0.5, 2.0));
        assert_eq!(scale(0.83), (0.5, 1.0));
        assert_eq!(scale(40.0), (10.0, 40.0));
        for broken in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(scale(broken), (0.5, 1.0));
        }
        for largest in [1e-6, 0.3, 0.51, 7.0, 99.0, 12_345.0] {
            let (step, top) = scale(largest);
            let steps = top / step;
            assert!(
                top >= largest * 0.999 && steps.round() <= 5.0 && steps >= 1.0,
                "{largest}: {step} {top}"
            );
        }
    }

    #[test]
    fn gaps_break_a_line() {
        assert_eq!(runs(&[Some(1), None, Some(3), Some(4)]), [vec![(0, 1)], vec![(2, 3), (3, 4)]]);
        let values = [Some(1.0), None, Some(0.5), Some(0.25)];
        let drawn =
            chart(&[Line { class: "train", values: &values }], &[], &[0, 2], |v| v.to_string());
        assert_eq!(drawn.svg.matches("class=\"line train\"").count(), 2);
        assert_eq!(drawn.svg.matches("class=\"point train\"").count(), 1);
        assert_eq!(drawn.svg.matches("class=\"stage\"").count(), 1);
        assert!(!drawn.svg.contains("NaN"));
    }
}
