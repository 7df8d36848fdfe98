//! Restart markers: what stands between the blocks of files that a test encodes itself.

use super::anatomy::Anatomy;
use super::bits::Bits;
use super::{Detail, decode};
use crate::Limits;

/// Levels of 20 blocks, so that the eight markers come round more than twice.
const LEVELS: [i32; 20] =
    [9, -30, 77, 0, -1, 100, -100, 5, 64, -64, 31, -127, 126, 2, -2, 40, 15, -16, 3, 90];

/// Bits of a scan, the most significant first.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Writer {
    fn put(&mut self, value: u32, bits: u32) {
        for bit in (0..bits).rev() {
            self.held = self.held << 1 | value >> bit & 1;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                if self.held == 0xff {
                    self.bytes.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    /// A block of one level: its category in four bits, the number, and that nothing follows.
    fn block(&mut self, level: i32) {
        let category = 32 - level.unsigned_abs().leading_zeros();
        self.put(category, 4);
        let number = if level < 0 { level + (1 << category) - 1 } else { level };
        self.put(number as u32, category);
        self.put(0, 1);
        while self.count > 0 {
            self.put(1, 1);
        }
    }
}

/// A grey JPEG of [`LEVELS`] in a row, with a restart after each block: `between` gives what stands
/// behind block 0, 1 …
fn jpeg(between: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, marker][..], &length, content].concat()
    };
    let width = (8 * LEVELS.len() as u16).to_be_bytes();
    let frame = [&[8, 0, 8][..], &width, &[1, 1, 0x11, 0]].concat();
    // Twelve codes of four bits for the levels; one code of one bit: nothing more in this block.
    let codes = [&[0, 0, 0, 0, 12][..], &[0; 12], &(0..12).collect::<Vec<u8>>()].concat();
    let ends = [&[0x10, 1][..], &[0; 15], &[0]].concat();
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(0xdb, &[&[0][..], &[8; 64]].concat()));
    file.extend(segment(0xc0, &frame));
    file.extend(segment(0xc4, &codes));
    file.extend(segment(0xc4, &ends));
    file.extend(segment(0xdd, &[0, 1]));
    file.extend(segment(0xda, &[1, 1, 0, 0, 63, 0]));
    for (at, level) in LEVELS.into_iter().enumerate() {
        let mut writer = Writer::default();
        writer.block(level);
        file.extend(writer.bytes);
        if at + 1 < LEVELS.len() {
            file.extend(between(at));
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

/// The marker that belongs behind a block.
fn in_turn(at: usize) -> Vec<u8> {
    vec![0xff, 0xd0 + at as u8 % 8]
}

#[test]
fn markers_in_turn_give_each_block_its_level() {
    let file = jpeg(in_turn);
    for (detail, wide) in [(Detail::Whole, 8), (Detail::ShortSide(1), 2)] {
        let picture = decode(&file, &Limits::default(), detail).unwrap().picture;
        assert_eq!(picture.width as usize, wide * LEVELS.len());
        let levels = picture.data.chunks_exact(3 * wide).map(|block| i32::from(block[0]) - 128);
        assert_eq!(levels.take(LEVELS.len()).collect::<Vec<_>>(), LEVELS);
    }
}

#[test]
fn markers_that_are_lost_too_many_or_out_of_turn_are_refused() {
    let changed = |place: usize, bytes: Vec<u8>| {
        jpeg(move |at| if at == place { bytes.clone() } else { in_turn(at) })
    };
    let mut broken = vec![];
    for at in 0..LEVELS.len() - 1 {
        broken.push((format!("lost behind {at}"), changed(at, vec![])));
        let next = in_turn(at + 1);
        broken.push((format!("out of turn behind {at}"), changed(at, next.clone())));
        // Two more than there are blocks: one more is what a few programs write behind the last.
        let three = [in_turn(at), next, in_turn(at + 2)].concat();
        broken.push((format!("three behind {at}"), changed(at, three)));
    }
    // All markers of the second half are gone, in turn as far as there are any.
    broken.push(("half".into(), jpeg(|at| if at < 9 { in_turn(at) } else { vec![] })));
    for (what, file) in broken {
        let found = Anatomy::of(&file).unwrap().unwrap();
        assert!(found.whole && found.lost, "{what}");
        for detail in [Detail::Whole, Detail::ShortSide(1)] {
            let error = decode(&file, &Limits::default(), detail).err().unwrap();
            assert!(error.to_string().contains("restart marker"), "{what}: {error}");
        }
    }
}

#[test]
fn one_more_marker_behind_the_last_block_is_no_fault() {
    let mut file = jpeg(in_turn);
    let end = file.len() - 2;
    file.splice(end..end, in_turn(LEVELS.len() - 1));
    assert!(!Anatomy::of(&file).unwrap().unwrap().lost);
    decode(&file, &Limits::default(), Detail::Whole).unwrap();
}

#[test]
fn only_a_restart_marker_restarts_the_bits() {
    for marker in 0..=255u8 {
        // Two bytes of data, filling, the marker, and data behind it.
        let bytes = [0xa5, 0x5a, 0xff, 0xff, marker, 0x3c, 0xff, 0xd9];
        let mut bits = Bits::new(&bytes, 0);
        bits.ready().unwrap();
        bits.refill();
        assert_eq!(bits.number(12), 0xa55);
        let restarts = bits.restart().is_ok();
        assert_eq!(restarts, matches!(marker, 0xd0..=0xd7), "{marker:x}");
        if restarts {
            bits.ready().unwrap();
            bits.refill();
            assert_eq!(bits.number(8), 0x3c, "{marker:x}");
        }
    }
}
