//! Which part of a picture is not of one colour: without a plain border, and the subject on a plain
//! ground.

use crate::Rgb;

/// Left, top, right and bottom of a part of a picture, edges between pixels.
pub(super) type Area = [usize; 4];

/// A border may take this share of a side at most, from each end.
const BORDER: f64 = 0.12;
/// The ground that a subject stands on may take more.
const GROUND: f64 = 0.48;
/// Rings that may lie around one another, such as a frame, a line where it is blurred, and the ground.
const FRAMES: usize = 8;
/// A subject has at least so many pixels a side: fewer would be enlarged.
const LEAST: usize = 24;
/// How far a border's pixels may lie from its colour on average, in levels of 255 …
const SPREAD: u32 = 4;
/// … and how many in a hundred may lie further than four times that.
const STRAYS: usize = 2;

/// The picture without a border of one colour.
pub(super) fn without_border(picture: &Rgb) -> Area {
    trimmed(picture, [0, 0, picture.width as usize, picture.height as usize], BORDER)
}

/// The subject alone, unless the picture `without_border` is that already.
pub(super) fn of_subject(picture: &Rgb, without_border: Area) -> Option<Area> {
    let mut area = without_border;
    for _ in 0..FRAMES {
        let inner = trimmed(picture, area, GROUND);
        if inner == area {
            break;
        }
        area = inner;
    }
    let [left, top, right, bottom] = area;
    (area != without_border && right - left >= LEAST && bottom - top >= LEAST).then_some(area)
}

/// The area without lines of one colour along its edges. Where there are more than `share` of a
/// side they stay: the whole of something flat is better than a part of it.
fn trimmed(picture: &Rgb, [left, top, right, bottom]: Area, share: f64) -> Area {
    let stride = picture.width as usize;
    let row = |y: usize| (left..right).map(move |x| (y * stride + x) * 3);
    let column = |x: usize| (top..bottom).map(move |y| (y * stride + x) * 3);
    let most = |side: usize| (side as f64 * share) as usize;
    let above = border(picture, most(bottom - top), |y| row(top + y));
    let below = border(picture, most(bottom - top), |y| row(bottom - 1 - y));
    let before = border(picture, most(right - left), |x| column(left + x));
    let behind = border(picture, most(right - left), |x| column(right - 1 - x));
    [left + before, top + above, right - behind, bottom - below]
}

/// How many lines, counted from an edge, have the colour of the first, if that has one.
fn border<I: Iterator<Item = usize>>(
    picture: &Rgb,
    most: usize,
    line: impl Fn(usize) -> I,
) -> usize {
    let mut sums = [0u64; 3];
    let mut count = 0;
    for at in line(0) {
        (0..3).for_each(|c| sums[c] += u64::from(picture.data[at + c]));
        count += 1;
    }
    let colour = sums.map(|sum| (sum / count.max(1) as u64) as u8);
    let plain = |at: usize| {
        let (mut total, mut strays) = (0, 0);
        for (number, at) in line(at).enumerate() {
            let off = (0..3).map(|c| u32::from(picture.data[at + c].abs_diff(colour[c]))).max();
            let off = off.unwrap_or(0);
            total += off;
            strays += usize::from(off > 4 * SPREAD);
            // Most lines are not plain, and are seen not to be after a few pixels.
            if strays * 100 > STRAYS * count && number > 16 {
                return false;
            }
        }
        strays * 100 <= STRAYS * count && total <= SPREAD * count as u32
    };
    let lines = (0..=most).take_while(|&at| plain(at)).count();
    // As far as it goes: rather the whole of something flat than a part of it.
    if lines > most { 0 } else { lines }
}
