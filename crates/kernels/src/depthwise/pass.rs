//! A pass over a whole batch, piece by piece.

use super::Finish;
use super::gather::{Fetch, Gather};
use super::lines::{Output, Pass, Piece};
use super::sweep::{LINE, Sweep};
use crate::conv::add_up;
use crate::isa::dispatch;
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Lends `work` the weights as a sweep reads them: a tap's weights its pitch apart, so that whole
/// registers of them can be loaded.
pub(crate) fn with_weights<R>(sweep: &Sweep, weights: &[f32], work: impl FnOnce(&[f32]) -> R) -> R {
    let (pitch, channels) = (sweep.pitch, sweep.channels);
    scratch::with(weights.len() / channels * pitch + LINE, |padded: &mut [f32]| {
        for (to, from) in padded.chunks_exact_mut(pitch).zip(weights.chunks_exact(channels)) {
            to[..channels].copy_from_slice(from);
        }
        work(padded)
    })
}

/// Runs a pass.
pub(super) fn run<E: Element>(
    sweep: Sweep,
    source: View<'_, E>,
    weights: &[f32],
    output: &mut [E],
    accumulate: bool,
    finish: Finish<'_>,
) {
    let channels = sweep.channels;
    let Finish { affine, activation, sums } = finish;
    assert_eq!(weights.len(), sweep.kernel * sweep.kernel * channels, "weights");
    assert!(affine.is_none_or(|(a, b)| a.len() == channels && b.len() == channels), "an affine");
    assert!(sums.as_ref().is_none_or(|sums| sums.len() == 2 * channels), "two sums a channel");
    let output = Shared::new(output);
    let pass = Pass::new(sweep);
    let each = if sums.is_some() { 2 * channels } else { 0 };
    with_weights(&sweep, weights, |weights| {
        scratch::with(sweep.pieces() * each, |totals: &mut [f32]| {
            totals.fill(0.0);
            let shared = Shared::new(totals);
            parallel(sweep.pieces(), |index| {
                let (picture, rows) = sweep.piece(index);
                scratch::with(sweep.local_len(&rows), |local: &mut [f32]| {
                    let totals = (each > 0).then(|| shared.get().wrapping_add(index * each));
                    let lines = sweep.rows.source(&rows);
                    let copy =
                        Gather { sweep: &sweep, source, picture, rows: lines, local: &mut *local };
                    // SAFETY: lengths were checked; the buffer is as long as the sweep says.
                    unsafe { dispatch(copy) };
                    let (plane, row) = (sweep.rows.to * sweep.columns.to, sweep.columns.to);
                    let to = output.get().wrapping_add(picture * plane * channels);
                    let from = to.wrapping_add(rows.start * row * channels).cast_const();
                    // SAFETY: nothing is read or written.
                    unsafe { dispatch(Fetch { from, len: rows.len() * row * channels }) };
                    let to = Shared::new_const(to);
                    let output =
                        Output { to, pixel: channels, affine, activation, accumulate, totals };
                    let (local, weights) = (local.as_ptr(), weights.as_ptr());
                    let piece = Piece { pass: &pass, rows, local, weights, output };
                    // SAFETY: as above; pieces have rows and totals of their own.
                    unsafe { dispatch(piece) };
                });
            });
            if let Some(sums) = sums {
                add_up(totals, sums);
            }
        });
    });
}
