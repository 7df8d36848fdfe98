//! Laying one picture on another as well as it goes, and seeing whether they agree.
//!
//! The second is sampled over an area with free edges, which takes up crops and borders, and scaled
//! in brightness; all six numbers are found by Gauss and Newton's method (B. D. Lucas and
//! T. Kanade, 1981), with cells that disagree much counting little (Tukey's biweight), since a mark or a caption
//! covers a part only.

use super::evidence::{Fit, Steep, correlation, measure, moments};
use super::index::Candidate;
use super::sampled::{CELLS, Sampled};
use super::spectrum::PARTS;
use super::spectrum::has_structure;
use super::{Pair, Turn};
use crate::PerceptualHash;
use crate::perceptual_hash::{SIDE, Shows, TINTS, View};

/// What makes two pictures one: the least correlations, of rough pictures and of smooth ones.
struct Bars {
    /// Of brightness …
    robust: [f32; 2],
    /// … of differences between neighbours …
    edges: [f32; 2],
    /// … and of what neither rows nor columns explain …
    detail: f32,
    /// … and how far tints may lie apart: drawn animals of one shape in other colours lie further.
    tinge: f32,
}

/// Of pictures that were found among all by their hashes alone.
const FOUND: Bars = Bars { robust: [0.95, 0.985], edges: [0.85, 0.96], detail: 0.8, tinge: 6.0 };
/// Of pictures that something else suspects too.
const SUSPECTED: Bars = Bars { robust: [0.9, 0.97], edges: [0.7, 0.92], detail: 0.7, tinge: 8.0 };
/// How alike neighbouring cells of a rough picture are at most, and of a smooth one at least: a few
/// soft strokes agree by chance sooner than a photograph does.
const SMOOTH: [f32; 2] = [0.84, 0.92];
/// How much of the way to a smooth picture's bars a cut-out's are.
const CUT_OUT: f32 = 0.8;
/// The least share of the cells that count and must agree: a mark covers a part only.
const SHARE: f32 = 0.5;
/// The fewest cells that must agree.
const FEWEST: f32 = 32.0;

/// Whether a candidate is one.
pub(super) fn check(views: &[View<'_>], candidate: &Candidate) -> Option<Pair> {
    judge(views, candidate, &FOUND)
}

/// The same of a pair that something else than the hashes suspects.
pub(super) fn confirm(views: &[View<'_>], candidate: &Candidate) -> Option<Pair> {
    judge(views, candidate, &SUSPECTED)
}

/// The pair of two pictures of one hash, unless it shows next to nothing.
pub(super) fn equal(hash: &PerceptualHash, first: usize, second: usize) -> Option<Pair> {
    let view = hash.subject().unwrap_or(hash.whole());
    has_structure(view).then_some(Pair {
        first,
        second,
        turn: Turn::AsIs,
        likeness: 1.0,
        plain: false,
    })
}

fn judge(views: &[View<'_>], candidate: &Candidate, bars: &Bars) -> Option<Pair> {
    let (asked, found) = (candidate.asked as usize, candidate.found as usize);
    let shown = [views[asked], views[found]].map(|view| view.shows);
    // Where both have a subject on a plain ground, the subjects alone are compared.
    if shown.contains(&Shows::WithGround) && !shown.contains(&Shows::All) {
        return None;
    }
    // Colours are compared first, which takes hardly any time.
    if tints_apart(views[asked], views[found], candidate.turn) > bars.tinge {
        return None;
    }
    let fit = lay(views, candidate);
    let strict = ((fit.smooth - SMOOTH[0]) / (SMOOTH[1] - SMOOTH[0])).clamp(0.0, 1.0);
    // Cut-outs of one form share an outline, so that the rest must agree the better.
    let strict = if shown == [Shows::Subject; 2] { strict.max(CUT_OUT) } else { strict };
    let agree = |found: f32, [rough, smooth]: [f32; 2]| found > rough + strict * (smooth - rough);
    let agrees = agree(fit.robust, bars.robust)
        && agree(fit.edges, bars.edges)
        && fit.detail > bars.detail
        && fit.share >= SHARE
        && fit.cells >= FEWEST;
    if !agrees {
        return None;
    }
    let likeness = fit.robust.min(1.0);
    let (first, second) = (asked.min(found), asked.max(found));
    let turn = if asked < found { candidate.turn } else { candidate.turn.undone() };
    Some(Pair { first, second, turn, likeness, plain: false })
}

/// The root of the mean square by which the tints of two views differ, in levels of 255, once
/// the second's are made as strong as the first's, since light and contrast change that.
fn tints_apart(asked: View<'_>, found: View<'_>, turn: Turn) -> f32 {
    let plain = |view: View<'_>| {
        let tints = view.tints().iter();
        tints.map(|tint| tint.map(|level| f32::from(level) - 128.0)).collect::<Vec<[f32; 2]>>()
    };
    let (asked, found) = (turn.of(&plain(asked), TINTS), plain(found));
    let pairs = || asked.as_flattened().iter().zip(found.as_flattened());
    let (both, own) = pairs().fold((0.0, 0.0), |(both, own), (a, b)| (both + a * b, own + b * b));
    let gain = if own > 0.0 { (both / own).clamp(0.5, 2.0) } else { 1.0 };
    let off: f32 = pairs().map(|(a, b)| (a - gain * b).powi(2)).sum();
    (off / (2 * asked.len()) as f32).sqrt()
}

/// Lays the one that was asked for on the one that was found.
fn lay(views: &[View<'_>], candidate: &Candidate) -> Fit {
    let plain = |view: View<'_>| view.grey().iter().map(|&g| f32::from(g)).collect::<Vec<f32>>();
    let asked = candidate.turn.of(&plain(views[candidate.asked as usize]), SIDE);
    let found = plain(views[candidate.found as usize]);
    let subjects =
        [candidate.asked, candidate.found].map(|at| views[at as usize].shows == Shows::Subject);
    let steep = Steep::of(&asked, &found, subjects == [true; 2]);
    let part = candidate.part as usize;
    let ([left, right], [top, bottom]) = (PARTS[part % PARTS.len()], PARTS[part / PARTS.len()]);
    let mut area = [left, right, top, bottom].map(|edge| edge as f32);
    let mut weights = vec![1.0; CELLS];
    let mut best = Fit::default();
    for round in 0..8 {
        let sampled = Sampled::of(&found, area);
        let counts = steep.counts(&sampled);
        weights.iter_mut().zip(&counts).for_each(|(weight, &counts)| {
            *weight = if counts { *weight } else { 0.0 };
        });
        let (gain, shift) = line(&sampled, &asked, &weights);
        let mut off: Vec<f32> =
            (0..CELLS)
                .map(|at| {
                    if counts[at] { asked[at] - gain * sampled.value[at] - shift } else { f32::NAN }
                })
                .collect();
        let fit = measure(&asked, &sampled, &counts, &weights);
        if fit.robust > best.robust {
            best = fit;
        }
        let plain = correlation(moments(&asked, &sampled.value, |at| {
            if sampled.inside[at] { 1.0 } else { 0.0 }
        }));
        if gain <= 0.0 || (round == 0 && plain < 0.45) || (round == 2 && best.robust < 0.6) {
            break;
        }
        reweigh(&off, &mut weights);
        let Some(step) = newton(&sampled, &mut off, &weights, gain) else { break };
        (0..4).for_each(|edge| area[edge] += step[edge].clamp(-0.06, 0.06));
        let small = step[..4].iter().all(|step| step.abs() < 0.001);
        let lost = area[1] - area[0] < 0.6
            || area[3] - area[2] < 0.6
            || area.iter().any(|edge| !(-0.3..=1.3).contains(edge));
        if lost || (small && round > 2) {
            break;
        }
    }
    best
}

/// Gain and shift of brightness, by least squares.
fn line(sampled: &Sampled, asked: &[f32], weights: &[f32]) -> (f32, f32) {
    let [n, sx, sy, sxx, sxy, _] = moments(asked, &sampled.value, |at| weights[at]);
    let spread = n * sxx - sx * sx;
    let gain = if spread > 0.0 { (n * sxy - sx * sy) / spread } else { 0.0 };
    ((gain) as f32, ((sy - gain * sx) / n.max(1e-9)) as f32)
}

/// Tukey's biweight of what is off, on the scale of its median.
fn reweigh(off: &[f32], weights: &mut [f32]) {
    let mut sizes: Vec<f32> =
        off.iter().filter(|off| off.is_finite()).map(|off| off.abs()).collect();
    if sizes.is_empty() {
        return;
    }
    let middle = sizes.len() / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f32::total_cmp);
    // 4.685 deviations, the deviation being 1.48 medians; at least the rounding of a thumbnail.
    let reach = (4.685 * 1.4826 * *median).max(6.0);
    for (weight, off) in weights.iter_mut().zip(off) {
        let share = off / reach;
        *weight = if share.abs() < 1.0 { (1.0 - share * share).powi(2) } else { 0.0 };
    }
}

/// A step of the four edges, gain and shift.
#[expect(clippy::needless_range_loop, reason = "a matrix is read best by its indices")]
fn newton(sampled: &Sampled, off: &mut [f32], weights: &[f32], gain: f32) -> Option<[f32; 6]> {
    let mut normal = [[0.0f64; 7]; 6];
    for y in 0..SIDE {
        for x in 0..SIDE {
            let at = y * SIDE + x;
            if weights[at] <= 0.0 {
                continue;
            }
            let (s, t) = ((x as f32 + 0.5) / SIDE as f32, (y as f32 + 0.5) / SIDE as f32);
            let (gx, gy) = (
                gain * sampled.slope_x[at] * SIDE as f32,
                gain * sampled.slope_y[at] * SIDE as f32,
            );
            let row =
                [gx * (1.0 - s), gx * s, gy * (1.0 - t), gy * t, sampled.value[at], 1.0, off[at]];
            for i in 0..6 {
                let scaled = weights[at] * row[i];
                for j in i..7 {
                    normal[i][j] += f64::from(scaled * row[j]);
                }
            }
        }
    }
    for i in 0..6 {
        for j in 0..i {
            normal[i][j] = normal[j][i];
        }
        normal[i][i] *= 1.001;
    }
    solve(normal)
}

/// Gauss's elimination.
#[expect(clippy::needless_range_loop, reason = "a matrix is read best by its indices")]
fn solve(mut rows: [[f64; 7]; 6]) -> Option<[f32; 6]> {
    for i in 0..6 {
        let pivot = (i..6).max_by(|&a, &b| rows[a][i].abs().total_cmp(&rows[b][i].abs()))?;
        rows.swap(i, pivot);
        if rows[i][i].abs() < 1e-9 {
            return None;
        }
        for j in i + 1..6 {
            let factor = rows[j][i] / rows[i][i];
            for k in i..7 {
                rows[j][k] -= factor * rows[i][k];
            }
        }
    }
    let mut out = [0.0; 6];
    for i in (0..6).rev() {
        let rest: f64 = (i + 1..6).map(|k| rows[i][k] * out[k]).sum();
        out[i] = (rows[i][6] - rest) / rows[i][i];
    }
    Some(out.map(|x| x as f32))
}
