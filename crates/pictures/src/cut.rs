//! A box in a picture.

use std::fmt;
use std::str::FromStr;

use crate::{Reason, Rgb};

/// Shares are kept in so many parts of a side: less than a pixel of any picture that is read.
const PARTS: u32 = 100_000;

/// A box in an upright picture: left, top, width and height.
///
/// Its text is `120,40,200,180` in pixels and `12.5%,4%,20%,18%` in shares, and is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cut {
    /// In pixels.
    Pixels([u32; 4]),
    /// In 100,000ths of the picture's width and height, as detectors state boxes that hold at any
    /// size.
    Shares([u32; 4]),
}

impl Cut {
    /// A box in pixels, to the nearest whole ones; what lies left of the picture or above it is
    /// cut off. `None` where a number is none or nothing is left.
    #[must_use]
    pub fn pixels(sides: [f64; 4]) -> Option<Self> {
        whole(sides).map(Self::Pixels)
    }

    /// A box in shares of width and height (0 to 1), likewise.
    #[must_use]
    pub fn shares(sides: [f64; 4]) -> Option<Self> {
        whole(sides.map(|side| side * f64::from(PARTS))).map(Self::Shares)
    }

    /// Left, top, right and bottom in a picture of this size, as far as they lie in it.
    pub(crate) fn edges(&self, [width, height]: [u32; 2]) -> [u32; 4] {
        let edges = |from: u32, length: u32, side: u32| {
            let end = u64::from(from) + u64::from(length);
            let edge = |at: u64| match self {
                Self::Pixels(_) => at,
                Self::Shares(_) => (at * u64::from(side) + u64::from(PARTS / 2)) / u64::from(PARTS),
            };
            [u64::from(from), end].map(|at| edge(at).min(u64::from(side)) as u32)
        };
        let (Self::Pixels([x, y, w, h]) | Self::Shares([x, y, w, h])) = *self;
        let ([left, right], [top, bottom]) = (edges(x, w, width), edges(y, h, height));
        [left, top, right, bottom]
    }

    /// At most the shorter side of the box, in pixels, in a picture of these sides that may have to be
    /// turned by a quarter.
    pub(crate) fn short_side(&self, sides: [usize; 2]) -> usize {
        let short = sides[0].min(sides[1]);
        match *self {
            Self::Pixels([_, _, w, h]) => short.min(w.min(h) as usize),
            Self::Shares([_, _, w, h]) => {
                (short as u64 * u64::from(w.min(h).min(PARTS)) / u64::from(PARTS)) as usize
            }
        }
    }

    /// The pixels of the box, and its size in the whole picture. The picture may have been decoded
    /// at a part of its `size`.
    pub(crate) fn of(&self, picture: &Rgb, size: [u32; 2]) -> Result<(Rgb, [u32; 2]), Reason> {
        let [left, top, right, bottom] = self.edges(size);
        if left >= right || top >= bottom {
            return Err(Reason::NoBox { cut: *self, width: size[0], height: size[1] });
        }
        // At a part of the size an edge is rounded away from the box, which keeps a pixel at least.
        let scaled = |from: u32, to: u32, whole: u32, there: u32| {
            let [from, to, there] = [from, to, there].map(u64::from);
            let [from, to] = [from * there, to * there];
            let whole = u64::from(whole);
            [from / whole, to.div_ceil(whole).min(there)].map(|at| at as usize)
        };
        let [x0, x1] = scaled(left, right, size[0], picture.width);
        let [y0, y1] = scaled(top, bottom, size[1], picture.height);
        let row = 3 * picture.width as usize;
        let rows = picture.data.chunks_exact(row).skip(y0).take(y1 - y0);
        let data = rows.flat_map(|row| &row[3 * x0..3 * x1]).copied().collect();
        let part = Rgb { width: (x1 - x0) as u32, height: (y1 - y0) as u32, data };
        Ok((part, [right - left, bottom - top]))
    }
}

/// Whole numbers nearest to a box's edges.
fn whole([x, y, width, height]: [f64; 4]) -> Option<[u32; 4]> {
    let edges = |from: f64, length: f64| {
        let end = (from + length).round();
        let from = from.max(0.0).round();
        let sound = end.is_finite() && from < end && end <= f64::from(u32::MAX);
        sound.then_some([from as u32, (end - from) as u32])
    };
    let ([x, width], [y, height]) = (edges(x, width)?, edges(y, height)?);
    Some([x, y, width, height])
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sides, scale, unit) = match self {
            Self::Pixels(sides) => (sides, 1, ""),
            Self::Shares(sides) => (sides, PARTS / 100, "%"),
        };
        for (at, side) in sides.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            // At most three decimals, so that the number is exact.
            write!(f, "{comma}{}{unit}", f64::from(*side) / f64::from(scale))?;
        }
        Ok(())
    }
}

/// What is no box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCut;

impl FromStr for Cut {
    type Err = NoCut;

    fn from_str(text: &str) -> Result<Self, NoCut> {
        let shares = text.contains('%');
        let mut sides = [0.0; 4];
        let mut fields = text.split(',');
        for side in &mut sides {
            let field = fields.next().ok_or(NoCut)?;
            let field = if shares { field.strip_suffix('%').ok_or(NoCut)? } else { field };
            let plain = field.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            *side = field.parse().ok().filter(|_| plain).ok_or(NoCut)?;
        }
        let cut = match (fields.next(), shares) {
            (Some(_), _) => None,
            (None, true) => Self::shares(sides.map(|side| side / 100.0)),
            (None, false) => Self::pixels(sides),
        };
        cut.ok_or(NoCut)
    }
}

#[cfg(test)]
mod tests {
    use super::Cut;
    use crate::Rgb;

    #[test]
    fn a_box_has_a_text_that_is_read_again() {
        for text in ["120,40,200,180", "12.5%,4%,20.125%,18%", "0,0,1,1"] {
            assert_eq!(text.parse::<Cut>().unwrap().to_string(), text);
        }
        for text in
            ["", "1,2,3", "1,2,3,4,5", "1,2,0,4", "1,2,-3,4", "a,b,c,d", "1%,2,3,4", "1e3,0,1,1"]
        {
            assert!(text.parse::<Cut>().is_err(), "{text}");
        }
        assert_eq!(Cut::pixels([-5.0, 2.4, 20.0, 3.2]), Some(Cut::Pixels([0, 2, 15, 4])));
        for none in [[0.0, 0.0, f64::NAN, 1.0], [-9.0, 0.0, 5.0, 5.0], [0.0, 0.0, 1e12, 1.0]] {
            assert_eq!(Cut::pixels(none), None);
        }
    }

    /// A picture whose pixels say where they are.
    fn picture(width: u32, height: u32) -> Rgb {
        let at = |y: u32| (0..width).flat_map(move |x| [x as u8, y as u8, 0]);
        Rgb { width, height, data: (0..height).flat_map(at).collect() }
    }

    #[test]
    fn what_lies_outside_is_clipped_and_nothing_left_is_told() {
        let picture = picture(40, 30);
        let (part, size) = Cut::Pixels([30, 20, 100, 4]).of(&picture, [40, 30]).unwrap();
        assert_eq!((part.width, part.height, size), (10, 4, [10, 4]));
        assert_eq!((&part.data[..3], part.data.len()), (&[30, 20, 0][..], 10 * 4 * 3));
        let (half, size) = Cut::Shares([50_000, 0, 50_000, 50_000]).of(&picture, [40, 30]).unwrap();
        assert_eq!((half.width, half.height, size), (20, 15, [20, 15]));
        let told = Cut::Pixels([40, 0, 9, 9]).of(&picture, [40, 30]).unwrap_err().to_string();
        assert_eq!(told, "the box 40,0,9,9 has no pixel of the picture, which is 40 × 30");
    }

    #[test]
    fn a_picture_decoded_at_a_part_of_its_size_is_cut_at_the_same_place() {
        let (part, size) = Cut::Pixels([80, 81, 16, 1]).of(&picture(40, 30), [320, 240]).unwrap();
        assert_eq!((part.width, part.height, size), (2, 1, [16, 1]));
        assert_eq!(part.data[..3], [10, 10, 0]);
    }
}
