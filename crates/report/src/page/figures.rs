//! The page's charts as SVG files that stand alone, for slides and papers.

use std::fmt::Write;

use insight::{Estimate, Insight, RunRecord};

use super::CLASSES;
use super::beyond::More;
use super::matrix::most_confused_classes;
use super::training::Training;
use super::trust::{Certainty, Unsure};
use crate::names::{cut, percent};

/// The first and the last part of every figure.
const STYLE: &str = "<style>text{font:13px sans-serif;fill:#16202c}.small{font-size:11px;fill:#55606e}\
path{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}\
.grid{stroke:#dfdcd4}.stage{stroke:#55606e;stroke-dasharray:3 4}.line{stroke-width:2.25}.point{stroke-width:7}\
.train{stroke:#8a93a0}.valid{stroke:#2262a8}.wrong{stroke:#b0421c}.ideal{stroke:#55606e;stroke-dasharray:5 5}\
.band{fill:#b0421c;opacity:.16;stroke:none}.band.valid{fill:#2262a8}.span{stroke-width:1.5;opacity:.55}\
.bar{stroke:#2262a8;stroke-width:2}.dot{fill:#2262a8}</style>";

/// Pixels of the area of a chart.
const AREA: [f64; 2] = [560.0, 300.0];

/// Pixels beside it, for labels: left and right, above, below.
const LEFT: f64 = 64.0;
const TOP: f64 = 48.0;
const BELOW: f64 = 56.0;

/// Pixels of a cell of the matrix, and of a line of the scores.
const CELL: f64 = 44.0;
const ROW: f64 = 26.0;

/// Characters of a class's name, and the pixels that they take.
const NAME: usize = 24;
const NAMES: f64 = 170.0;

/// A figure: its file's name without suffix, and the SVG.
pub type Figure = (&'static str, String);

/// Every figure that there is something to draw for.
#[must_use]
pub fn figures(record: &RunRecord, insight: &Insight) -> Vec<Figure> {
    let mut all = vec![];
    if !insight.judged.is_empty() {
        all.push(("confusion", confusion(insight)));
        all.push(("recall", recall(insight)));
    }
    if let Some(certainty) = Certainty::of(insight) {
        let plot = certainty.chart;
        let axes = ["stated probability", "share that is right"];
        all.push(("calibration", chart("Calibration", axes, &plot.svg, &plot.x, &plot.y)));
    }
    if let Some(plot) = Unsure::of(insight).and_then(|unsure| unsure.chart) {
        let axes = ["share of the pictures that is answered", "accuracy"];
        all.push((
            "selective",
            chart("If it answers only when sure", axes, &plot.svg, &plot.x, &plot.y),
        ));
    }
    if let Some(plot) = More::of(insight).map(|more| more.chart) {
        let axes = ["training pictures", "accuracy"];
        all.push(("learning-curve", chart("Learning curve", axes, &plot.svg, &plot.x, &plot.y)));
    }
    if let Some(training) = Training::of(&record.history) {
        let drawn = |chart_of: &crate::svg::Chart, title: &str, unit| {
            let x: Vec<(String, f64)> =
                chart_of.x.iter().map(|(epoch, at)| (epoch.to_string(), *at)).collect();
            chart(title, ["epoch", unit], &chart_of.svg, &x, &chart_of.y)
        };
        all.push(("training-loss", drawn(&training.loss, "Loss by epoch", "loss")));
        let errors = training.errors.as_ref();
        all.extend(errors.map(|c| ("error-rate", drawn(c, "Error rate by epoch", "error rate"))));
    }
    all
}

/// A document of so many pixels.
fn document(width: f64, height: f64, title: &str, inner: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img" aria-label="{title}">{STYLE}<rect width="100%" height="100%" fill="#fff"/><text x="{LEFT}" y="26" font-weight="bold">{title}</text>{inner}</svg>
"##
    )
}

/// A chart of the page with its labels, which the page has as text around it.
fn chart(
    title: &str,
    [across, up]: [&str; 2],
    svg: &str,
    x: &[(String, f64)],
    y: &[(String, f64)],
) -> String {
    let [width, height] = AREA;
    let place = format!(
        r#"<svg x="{LEFT}" y="{TOP}" width="{width}" height="{height}" overflow="visible" "#
    );
    let mut inner = svg.replacen("<svg ", &place, 1);
    for (label, at) in y {
        let (x, y) = (LEFT - 8.0, TOP + height * (1.0 - at / 100.0) + 4.0);
        let _ = write!(
            inner,
            r#"<text class="small" x="{x:.1}" y="{y:.1}" text-anchor="end">{}</text>"#,
            escaped(label)
        );
    }
    for (label, at) in x {
        let (x, y) = (LEFT + width * at / 100.0, TOP + height + 18.0);
        let _ = write!(
            inner,
            r#"<text class="small" x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#,
            escaped(label)
        );
    }
    let (middle, bottom) = (LEFT + width / 2.0, TOP + height + 42.0);
    let _ = write!(
        inner,
        r#"<text x="{middle:.1}" y="{bottom:.1}" text-anchor="middle">{across}</text>"#
    );
    let _ = write!(
        inner,
        r#"<text transform="translate(16 {:.1}) rotate(-90)" text-anchor="middle">{up}</text>"#,
        TOP + height / 2.0
    );
    document(LEFT + width + 40.0, TOP + height + BELOW, title, &inner)
}

/// The confusion matrix: counts, shaded by the share of the row.
fn confusion(insight: &Insight) -> String {
    let classes = most_confused_classes(insight, CLASSES);
    // Names above the matrix are tilted, and take no more room than the longest needs.
    let longest = classes.iter().map(|&class| insight.labels[class].chars().count()).max();
    let above = 24.0 + 6.2 * longest.unwrap_or(0).min(NAME) as f64;
    let (left, top) = (NAMES + 8.0, TOP + above);
    let side = CELL * classes.len() as f64;
    let mut inner = String::new();
    for (row, &actual) in classes.iter().enumerate() {
        let y = top + CELL * row as f64;
        let (name, middle) = (label(insight, actual), y + CELL / 2.0 + 4.0);
        let _ =
            write!(inner, r#"<text x="{NAMES}" y="{middle:.1}" text-anchor="end">{name}</text>"#);
        let across = left + CELL * (row as f64 + 0.5) + 4.0;
        let _ = write!(
            inner,
            r#"<text transform="translate({across:.1} {:.1}) rotate(-60)">{name}</text>"#,
            top - 8.0
        );
        for (column, &predicted) in classes.iter().enumerate() {
            let x = left + CELL * column as f64;
            let share = insight.confusion.share(actual, predicted);
            let colour = if actual == predicted { "#2262a8" } else { "#b0421c" };
            let ink = if share > 0.5 { "#fff" } else { "#16202c" };
            let _ = write!(
                inner,
                r##"<rect x="{x:.1}" y="{y:.1}" width="{CELL}" height="{CELL}" fill="{colour}" fill-opacity="{share:.3}" stroke="#dfdcd4"/><text x="{:.1}" y="{middle:.1}" text-anchor="middle" style="fill:{ink}">{}</text>"##,
                x + CELL / 2.0,
                insight.confusion.counts[actual][predicted]
            );
        }
    }
    let _ = write!(
        inner,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle" class="small">predicted across, actual down</text>"#,
        left + side / 2.0,
        top + side + 22.0
    );
    document((left + side + NAMES / 2.0).max(360.0), top + side + 36.0, "Confusion matrix", &inner)
}

/// The recall of each class with its interval.
fn recall(insight: &Insight) -> String {
    let known = insight.per_class.iter();
    let known: Vec<(usize, Estimate)> =
        known.filter_map(|s| Some((s.class, s.recall.estimate()?))).take(CLASSES).collect();
    let (left, width) = (NAMES + 16.0, AREA[0] - NAMES);
    let at = |share: f64| left + width * share;
    let mut inner = String::new();
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (x, end) = (at(tick), TOP + ROW * known.len() as f64);
        let _ = write!(
            inner,
            r#"<path class="grid" d="M{x:.1} {TOP}V{end:.1}"/><text class="small" x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            end + 18.0,
            percent(tick)
        );
    }
    for (row, (class, estimate)) in known.iter().enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        let (low, high) = (at(estimate.interval.low), at(estimate.interval.high));
        let _ = write!(
            inner,
            r#"<text x="{NAMES}" y="{:.1}" text-anchor="end">{}</text><path class="bar" d="M{low:.1} {y:.1}H{high:.1}"/><circle class="dot" cx="{:.1}" cy="{y:.1}" r="4"/>"#,
            y + 4.0,
            label(insight, *class),
            at(estimate.value)
        );
    }
    let height = TOP + ROW * known.len() as f64 + 36.0;
    document(left + width + 40.0, height, "Recall of each class, with 95% intervals", &inner)
}

fn label(insight: &Insight, class: usize) -> String {
    escaped(&cut(&insight.labels[class], NAME))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
