//! The few tags of an EXIF block that matter here, read without trust: nothing outside the block
//! is looked at, no more than two directories, no more than [`ENTRIES`] entries of each.

/// Entries of a directory that are looked at; cameras write a few dozen.
const ENTRIES: usize = 512;
/// The longest text, in bytes.
const TEXT: usize = 64;

/// What an EXIF block tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Exif {
    /// 1 to 8: how the picture is to be turned; 1 is as it is.
    pub orientation: Option<u8>,
    /// Maker and model.
    pub camera: Option<String>,
    /// When the picture was taken, as the camera wrote it: `2004:07:19 14:02:51`.
    pub taken: Option<String>,
    /// The part of a second beyond that, as decimals: `25` is a quarter.
    pub fraction: Option<String>,
    /// Whether the block is damaged: not of the form that it declares, or pointing out of itself.
    pub broken: bool,
}

impl Exif {
    /// Reads a block, with or without the prefix that it has in a JPEG.
    pub(crate) fn of(block: &[u8]) -> Self {
        let block = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
        let mut exif = Self::default();
        exif.broken = exif.read(block).is_none();
        exif
    }

    /// When the picture was taken, in seconds on the camera's own clock; only differences mean
    /// anything. Nothing where that is no time.
    pub(crate) fn seconds(&self) -> Option<f64> {
        let taken = self.taken.as_deref()?;
        let parts: Option<Vec<i64>> =
            taken.split([':', ' ']).map(|part| part.parse::<u16>().ok().map(i64::from)).collect();
        let &[year, month, day, hour, minute, second] = parts?.as_slice() else { return None };
        let sound = (1..=12).contains(&month) && (1..=31).contains(&day);
        if !sound || year < 1 || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        // Days from March on, so that the odd month comes last (H. Hinnant, days_from_civil).
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        let whole = ((days * 24 + hour) * 60 + minute) * 60 + second;
        let digits = self.fraction.as_deref().unwrap_or("0");
        let digits = digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits);
        let fraction = digits.and_then(|digits| format!("0.{digits}").parse::<f64>().ok());
        Some(whole as f64 + fraction.unwrap_or(0.0))
    }

    /// Nothing if it is damaged; what was read until then stays.
    fn read(&mut self, block: &[u8]) -> Option<()> {
        let big = match block.get(..4)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        let tiff = Tiff { block, big };
        let (mut maker, mut model, mut inner) = (None, None, None);
        let read = tiff.directory(tiff.long(4)? as usize, |entry| {
            match entry.tag {
                0x0112 => {
                    // A short number, though some programs write a long one.
                    let orientation = match entry.kind {
                        4 => u16::try_from(tiff.long(entry.value)?).ok()?,
                        _ => tiff.short(entry.value)?,
                    };
                    // 0 is what some programs write for "I don't know".
                    if !(0..=8).contains(&orientation) {
                        return None;
                    }
                    self.orientation = (orientation > 0).then_some(orientation as u8);
                }
                0x010f => maker = tiff.text(entry)?,
                0x0110 => model = tiff.text(entry)?,
                0x8769 => inner = Some(tiff.long(entry.value)? as usize),
                _ => {}
            }
            Some(())
        });
        self.camera = camera(maker, model);
        read?;
        let Some(inner) = inner else { return Some(()) };
        tiff.directory(inner, |entry| {
            match entry.tag {
                0x9003 => self.taken = tiff.text(entry)?,
                0x9291 => self.fraction = tiff.text(entry)?,
                _ => {}
            }
            Some(())
        })
    }
}

/// Maker and model in one; the model often repeats its maker.
fn camera(maker: Option<String>, model: Option<String>) -> Option<String> {
    match (maker, model) {
        (Some(maker), Some(model)) if !model.to_lowercase().starts_with(&maker.to_lowercase()) => {
            Some(format!("{maker} {model}"))
        }
        (maker, model) => model.or(maker),
    }
}

struct Tiff<'a> {
    block: &'a [u8],
    big: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    tag: u16,
    kind: u16,
    count: usize,
    /// Where the value's four bytes stand.
    value: usize,
}

impl Tiff<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.block.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.block.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Looks at each entry of a directory; nothing if it does not fit into the block.
    fn directory(&self, at: usize, mut look: impl FnMut(Entry) -> Option<()>) -> Option<()> {
        let count = usize::from(self.short(at)?);
        for number in 0..count.min(ENTRIES) {
            let entry = at + 2 + 12 * number;
            look(Entry {
                tag: self.short(entry)?,
                kind: self.short(entry + 2)?,
                count: self.long(entry + 4)? as usize,
                value: {
                    self.long(entry + 8)?;
                    entry + 8
                },
            })?;
        }
        Some(())
    }

    /// A text without what cannot be printed; `Some(None)` where it is empty or no text.
    fn text(&self, entry: Entry) -> Option<Option<String>> {
        if entry.kind != 2 {
            return Some(None);
        }
        let start = if entry.count <= 4 { entry.value } else { self.long(entry.value)? as usize };
        let bytes = self.block.get(start..start.checked_add(entry.count)?)?;
        let bytes = &bytes[..bytes.len().min(TEXT)];
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let text = String::from_utf8_lossy(&bytes[..end]);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let text = text.trim();
        Some((!text.is_empty()).then(|| text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Exif;

    /// A block with orientation 6, maker, model and time.
    fn block(big: bool) -> Vec<u8> {
        let short = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let long = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let mut out = if big { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        out.extend(long(8));
        let entry = |out: &mut Vec<u8>, tag, kind, count, value: [u8; 4]| {
            out.extend(short(tag));
            out.extend(short(kind));
            out.extend(long(count));
            out.extend(value);
        };
        out.extend(short(4));
        // The directory ends at 8 + 2 + 4 × 12 + 4 = 62; texts follow, then the inner one at 82.
        entry(&mut out, 0x010f, 2, 6, long(62));
        entry(&mut out, 0x0110, 2, 14, long(68));
        let [a, b] = short(6);
        entry(&mut out, 0x0112, 3, 1, [a, b, 0, 0]);
        entry(&mut out, 0x8769, 4, 1, long(82));
        out.extend(long(0));
        out.extend(b"Acorn\0acorn Nut 3G\0\0");
        out.truncate(82);
        out.extend(short(1));
        entry(&mut out, 0x9003, 2, 20, long(100));
        out.extend(long(0));
        out.extend(b"2004:07:19 14:02:51\0");
        out
    }

    #[test]
    fn the_tags_are_read_in_both_orders_of_bytes() {
        for big in [false, true] {
            let exif = Exif::of(&block(big));
            assert_eq!(exif.orientation, Some(6));
            assert_eq!(exif.camera.as_deref(), Some("acorn Nut 3G"));
            assert_eq!(exif.taken.as_deref(), Some("2004:07:19 14:02:51"));
            assert!(!exif.broken);
        }
    }

    #[test]
    fn an_orientation_may_be_a_long_number() {
        for big in [false, true] {
            let mut block = block(big);
            // The third entry: its kind, then its value.
            let entry = 8 + 2 + 2 * 12;
            let kind = if big { 4u16.to_be_bytes() } else { 4u16.to_le_bytes() };
            let value = if big { 6u32.to_be_bytes() } else { 6u32.to_le_bytes() };
            block[entry + 2..entry + 4].copy_from_slice(&kind);
            block[entry + 8..entry + 12].copy_from_slice(&value);
            assert_eq!(Exif::of(&block).orientation, Some(6));
        }
    }

    #[test]
    fn seconds_are_those_between_times() {
        let at = |taken: &str, fraction: &str| {
            let fraction = (!fraction.is_empty()).then(|| fraction.to_owned());
            Exif { taken: Some(taken.into()), fraction, ..Exif::default() }.seconds()
        };
        let between = |a: &str, b: &str| at(b, "").unwrap() - at(a, "").unwrap();
        assert_eq!(between("2004:07:19 14:02:51", "2004:07:19 14:02:53"), 2.0);
        assert_eq!(between("2023:12:31 23:59:59", "2024:01:01 00:00:01"), 2.0);
        assert_eq!(between("2024:02:28 00:00:00", "2024:03:01 00:00:00"), 2.0 * 86_400.0, "leap");
        assert_eq!(between("2100:02:28 00:00:00", "2100:03:01 00:00:00"), 86_400.0, "no leap");
        let quarter = at("2004:07:19 14:02:51", "25").unwrap();
        assert_eq!(quarter - at("2004:07:19 14:02:51", "").unwrap(), 0.25);
        for no_time in ["", "0000:00:00 00:00:00", "2004:07:19", "2004:13:01 00:00:00", "soon"] {
            assert_eq!(at(no_time, ""), None, "{no_time}");
        }
        assert_eq!(at("2004:07:19 14:02:51", "x9"), at("2004:07:19 14:02:51", ""));
    }

    #[test]
    fn a_damaged_block_is_told_and_never_panics() {
        let whole = block(false);
        for end in 0..whole.len() {
            assert!(Exif::of(&whole[..end]).broken, "cut at {end}");
        }
        assert!(Exif::of(b"no block at all").broken);
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = Exif::of(&changed);
            }
        }
        let mut turned = whole;
        turned[8 + 2 + 24 + 8] = 9;
        assert!(Exif::of(&turned).broken, "there are eight ways to turn a picture");
    }
}
