//! A sweep as a picture: an SVG file of its own, for light and dark pages.

use std::fmt::Write;

use training::Found;

use super::chart::shown;

/// The plot's area and what surrounds it.
const WIDE: f64 = 640.0;
const HIGH: f64 = 320.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 24.0;

const STYLE: &str = "\
svg{font:13px system-ui,sans-serif;background:#fff;color:#1d1f21}\
text{fill:currentColor}.grid{stroke:currentColor;opacity:.15}\
.line{fill:none;stroke:#0b63b5;stroke-width:2}\
.mark{stroke:#b54708;stroke-width:1.5;stroke-dasharray:5 4}.dot{fill:#b54708}\
@media(prefers-color-scheme:dark){svg{background:#16181a;color:#e6e6e6}\
.line{stroke:#6cb3f5}.mark{stroke:#f0a35c}.dot{fill:#f0a35c}}";

/// The smoothed loss over the head's rate, the latter in equal factors, with the suggestion.
pub(super) fn svg(found: &Found) -> String {
    let first = found.rates.first().copied().unwrap_or(1e-7).log10();
    let last = found.rates.last().copied().unwrap_or(10.0).log10().max(first + 1e-3);
    let (low, high) = shown(&found.losses);
    let span = (high - low).max(1e-9);
    let x = |rate: f32| LEFT + WIDE * f64::from((rate.log10() - first) / (last - first));
    let y = |loss: f64| TOP + HIGH * (high - loss.clamp(low, high)) / span;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="loss over learning rate"><style>{STYLE}</style>"#,
        LEFT + WIDE + 24.0,
        TOP + HIGH + 56.0,
    );
    for power in first.ceil() as i32..=last.floor() as i32 {
        let x = x(10f32.powi(power));
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{x:.1} {TOP}v{HIGH}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">1e{power}</text>"#,
            TOP + HIGH + 18.0,
        );
    }
    for part in 0..=4 {
        let loss = low + span * f64::from(part) / 4.0;
        let y = y(loss);
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{LEFT} {y:.1}h{WIDE}"/><text x="{:.1}" y="{:.1}" text-anchor="end">{loss:.2}</text>"#,
            LEFT - 8.0,
            y + 4.0,
        );
    }
    let _ = write!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">learning rate of the head</text><text x="8" y="14">loss (smoothed)</text>"#,
        LEFT + WIDE / 2.0,
        TOP + HIGH + 42.0,
    );
    let points = found.rates.iter().zip(&found.losses).filter(|(_, loss)| loss.is_finite());
    let mut path = String::new();
    for (&rate, &loss) in points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{command}{:.1} {:.1}", x(rate), y(loss));
    }
    let _ = write!(svg, r#"<path class="line" d="{path}"/>"#);
    let at = |rate: f32| found.rates.iter().position(|&tried| tried == rate);
    if let Some((rate, index)) = found.suggested.and_then(|rate| Some((rate, at(rate)?))) {
        let (x, y) = (x(rate), y(found.losses[index]));
        let _ = write!(
            svg,
            r#"<path class="mark" d="M{x:.1} {TOP}v{HIGH}"/><circle class="dot" cx="{x:.1}" cy="{y:.1}" r="5"/><text x="{:.1}" y="{:.1}">suggested: {rate:.1e}</text>"#,
            x + 8.0,
            TOP + 14.0,
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::svg;
    use training::{Ended, Found};

    #[test]
    fn whatever_was_found_is_drawn_in_numbers() {
        let rates = vec![1e-7, 1e-5, 1e-3, 1e-1];
        for (losses, suggested) in [
            (vec![2.0, 1.9, 1.0, 4.0], Some(1e-3)),
            (vec![2.0, 1.9, f64::NAN, f64::INFINITY], None),
            (vec![f64::NAN; 4], None),
        ] {
            let rates = rates.clone();
            let found = Found { rates, losses, suggested, ended: Ended::Done, spread: 1.0 };
            let drawn = svg(&found);
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
            assert_eq!(drawn.contains("suggested: 1.0e-3"), suggested.is_some());
            assert_eq!(drawn.matches("<svg").count(), drawn.matches("</svg>").count());
        }
    }
}
