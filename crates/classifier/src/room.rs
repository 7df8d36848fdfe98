//! How much of what is said of pictures a classifier's file has room for.

use std::path::Path;

use crate::Limits;

/// Bytes of the record for each picture that was used: the SHA-256 of its file, its class and side.
const USED: usize = 96;
/// Bytes of the record for each held-out picture, beside its name and its logits.
const HELD_OUT: usize = 224;
/// Bytes of the record for each logit, such as `-12.345678,`.
const LOGIT: usize = 12;
/// Bytes of the record for all held-out pictures at most: whoever loads the classifier reads them.
const ALL_HELD_OUT: usize = 128 << 20;
/// Bytes of the record that are left for everything else, and for logits of more digits.
const ELSE: usize = 32 << 20;

/// How many held-out pictures a file has room for, where a network of so many classes is trained on
/// pictures of these names. None where the pictures themselves are too many.
#[must_use]
pub fn room<'a>(classes: usize, names: impl ExactSizeIterator<Item = &'a Path>) -> usize {
    let pictures = names.len();
    let letters: usize = names.map(|name| name.as_os_str().len()).sum();
    let each = HELD_OUT + LOGIT * classes + letters.div_ceil(pictures.max(1));
    let left = (Limits::DEFAULT.max_record_bytes - ELSE).saturating_sub(USED * pictures);
    left.min(ALL_HELD_OUT) / each
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ground::Digest;
    use insight::{HeldOut, Place};

    use super::{HELD_OUT, LOGIT, USED, room};

    #[test]
    fn many_pictures_or_classes_leave_room_for_fewer() {
        let room = |classes, pictures| {
            room(classes, std::iter::repeat_n(Path::new("ants/0001.jpg"), pictures))
        };
        assert!(room(2, 0) > 400_000 && room(10, 100_000) > 100_000);
        assert!((300_000..450_000).contains(&room(10, 1_000_000)));
        assert!(room(10, 2_000_000) < room(10, 1_000_000) && room(10, 2_000_000) > 1000);
        assert!(room(10_000, 100_000) > 500);
        assert_eq!(room(10, 2_500_000), 0);
    }

    #[test]
    fn nothing_takes_up_more_than_was_reckoned_with() {
        let one = HeldOut {
            actual: 9_999,
            was: Some(9_999),
            logits: vec![-12.345_678; 10],
            fold: 99,
            group: 9_999_999,
            novelty: Some(-1.234_567_9e-12),
            thumbnail: Some(99_999),
            place: Some(Place { linear: [999; 2], near: [999; 2] }),
            ..HeldOut::default()
        };
        let text = serde_json::to_string(&one).unwrap();
        assert!(text.len() < HELD_OUT + 10 * LOGIT, "{} bytes: {text}", text.len());
        let used = (Digest::of(b"").to_string(), 9_999usize, pictures::Side::Train);
        assert!(serde_json::to_string(&used).unwrap().len() < USED);
    }
}
