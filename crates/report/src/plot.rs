//! Charts of one quantity against another, as inline SVG. The SVG has no text; labels are HTML.

use std::fmt::Write;

use insight::Interval;

use crate::svg::{HIGH, WIDE};

/// A range of numbers along an edge.
pub(crate) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Shares from a round one below `lowest` to 1, in per cent.
    pub(crate) fn shares(lowest: f64) -> Self {
        let low = ((lowest * 10.0 - 1e-9).floor() / 10.0).clamp(0.0, 0.9);
        let step = if low < 0.5 { 0.2 } else { 0.1 };
        let ticks = (0..=10).map(|i| 1.0 - f64::from(i) * step).take_while(|t| *t > low - 1e-9);
        Self {
            low,
            high: 1.0,
            logarithmic: false,
            ticks: ticks.map(|t| (t, format!("{:.0}%", 100.0 * t))).collect(),
        }
    }

    /// From the smallest to the largest of positive numbers, equal ratios equally far apart, with
    /// labels at some.
    pub(crate) fn ratios(values: &[f64], ticks: Vec<(f64, String)>) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min).max(1e-30);
        let high = values.iter().copied().fold(low, f64::max);
        Self { low, high: high.max(low * 1.01), logarithmic: true, ticks }
    }

    /// The place of a value on the axis, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let along = |x: f64| if self.logarithmic { x.max(1e-30).ln() } else { x };
        let place = (along(value) - along(self.low)) / (along(self.high) - along(self.low));
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// A chart with the labels of its axes, each with its place in per cent.
pub(crate) struct Plot {
    pub(crate) svg: String,
    pub(crate) x: Vec<(String, f64)>,
    pub(crate) y: Vec<(String, f64)>,
    axes: [Axis; 2],
}

impl Plot {
    pub(crate) fn new(x: Axis, y: Axis) -> Self {
        let labels = |axis: &Axis| {
            axis.ticks.iter().map(|(t, label)| (label.clone(), 100.0 * axis.place(*t))).collect()
        };
        let (x_labels, y_labels) = (spaced(labels(&x)), labels(&y));
        let mut svg = format!(
            r#"<svg viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" aria-hidden="true">"#
        );
        for (_, place) in &y_labels {
            let at = HIGH * (1.0 - place / 100.0);
            let _ = write!(svg, r#"<path class="grid" d="M0 {at:.1}H{WIDE}"/>"#);
        }
        Self { svg, x: x_labels, y: y_labels, axes: [x, y] }
    }

    fn at(&self, (x, y): (f64, f64)) -> String {
        let [horizontal, vertical] = &self.axes;
        format!("{:.1} {:.1}", WIDE * horizontal.place(x), HIGH * (1.0 - vertical.place(y)))
    }

    /// An area between the ends of intervals.
    pub(crate) fn band(mut self, class: &str, ends: &[(f64, Interval)]) -> Self {
        let upper = ends.iter().map(|(x, i)| (*x, i.high));
        let lower = ends.iter().rev().map(|(x, i)| (*x, i.low));
        let d = self.path(upper.chain(lower));
        let _ = write!(self.svg, r#"<path class="band {class}" d="{d}Z"/>"#);
        self
    }

    /// A line from point to point; nothing if all points coincide.
    pub(crate) fn line(mut self, class: &str, points: &[(f64, f64)]) -> Self {
        if points.windows(2).all(|pair| self.at(pair[0]) == self.at(pair[1])) {
            return self;
        }
        let d = self.path(points.iter().copied());
        let _ = write!(self.svg, r#"<path class="line {class}" d="{d}"/>"#);
        self
    }

    /// Dots: lines of no length with round ends.
    pub(crate) fn dots(mut self, class: &str, points: &[(f64, f64)]) -> Self {
        for &point in points {
            let at = self.at(point);
            let _ = write!(self.svg, r#"<path class="point {class}" d="M{at}h0"/>"#);
        }
        self
    }

    /// A line from end to end of each interval.
    pub(crate) fn ranges(mut self, class: &str, ends: &[(f64, Interval)]) -> Self {
        for (x, interval) in ends {
            let (low, high) = (self.at((*x, interval.low)), self.at((*x, interval.high)));
            let _ = write!(self.svg, r#"<path class="span {class}" d="M{low}L{high}"/>"#);
        }
        self
    }

    pub(crate) fn done(mut self) -> Self {
        self.svg.push_str("</svg>");
        self
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        points.enumerate().fold(String::new(), |mut d, (i, point)| {
            let _ = write!(d, "{}{}", if i == 0 { 'M' } else { 'L' }, self.at(point));
            d
        })
    }
}

/// The labels below a chart that stay apart on a phone, where a character takes this part of its width,
/// in per cent. The last is the most important.
fn spaced(mut labels: Vec<(String, f64)>) -> Vec<(String, f64)> {
    const CHARACTER: f64 = 2.6;
    let mut kept: Vec<(String, f64)> = vec![];
    let mut free = f64::INFINITY;
    labels.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (label, at) in labels {
        // A label begins at its place on the left edge and ends at it on the right one.
        let width = CHARACTER * label.chars().count() as f64;
        let start = at * (1.0 - width / 100.0);
        if start + width + CHARACTER <= free {
            free = start;
            kept.push((label, at));
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::{Axis, Plot, spaced};

    #[test]
    fn labels_that_would_run_together_are_left_out() {
        let labels = |all: &[(&str, f64)]| -> Vec<(String, f64)> {
            all.iter().map(|&(label, at)| (label.to_owned(), at)).collect()
        };
        let apart = labels(&[("5", 0.0), ("49", 77.0), ("98", 100.0)]);
        assert_eq!(spaced(apart.clone()), apart);
        let close = labels(&[("10", 0.0), ("5,000", 90.0), ("10,000", 100.0)]);
        assert_eq!(spaced(close.clone()), [close[0].clone(), close[2].clone()]);
        assert_eq!(spaced(vec![]), []);
        // Shares come the largest first.
        let shares = labels(&[("100%", 100.0), ("80%", 50.0), ("60%", 0.0)]);
        assert_eq!(
            spaced(shares.clone()),
            [shares[2].clone(), shares[1].clone(), shares[0].clone()]
        );
    }

    #[test]
    fn values_lie_where_the_labels_say() {
        let axis = Axis::shares(0.63);
        assert_eq!(axis.ticks.len(), 5, "60% to 100%");
        assert!((axis.place(0.8) - 0.5).abs() < 1e-9);
        assert_eq!((axis.place(0.1), axis.place(f64::NAN)), (0.0, 0.0));
        let ratios = Axis::ratios(&[10.0, 1000.0], vec![(100.0, "100".into())]);
        assert!((ratios.place(100.0) - 0.5).abs() < 1e-9);
        let plot = Plot::new(ratios, axis).dots("valid", &[(100.0, 0.8)]).done();
        assert!(plot.svg.contains("M500.0 200.0h0"), "{}", plot.svg);
        assert!((plot.x[0].1 - 50.0).abs() < 1e-9);
    }
}
