//! A walk over Thrift's compact protocol, in which Parquet's footer and page headers are written: it
//! finds out how long lists claim to be before anybody makes room for them, and where a page begins.

/// The deepest nesting that is followed; Parquet's own is seven.
const DEPTH: usize = 32;

/// What a walk finds wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It ends within a value.
    CutOff,
    /// A type that there is not, or nested too deeply.
    Nonsense,
    /// Lists that together have more parts than are allowed.
    TooMany,
}

/// A walk over bytes, from `at` on.
pub(crate) struct Walk<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// How many parts lists may yet have.
    pub(crate) parts: usize,
}

/// The types of the compact protocol that matter here.
pub(crate) const STRUCT: u8 = 12;

impl<'a> Walk<'a> {
    pub(crate) fn new(bytes: &'a [u8], parts: usize) -> Self {
        Self { bytes, at: 0, parts }
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        let byte = *self.bytes.get(self.at).ok_or(Wrong::CutOff)?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, Wrong> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Wrong::Nonsense)
    }

    /// A signed number.
    pub(crate) fn integer(&mut self) -> Result<i64, Wrong> {
        let zigzag = self.varint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    fn pass(&mut self, count: u64) -> Result<(), Wrong> {
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(Wrong::CutOff);
        }
        self.at += count as usize;
        Ok(())
    }

    fn count(&mut self, parts: u64) -> Result<u64, Wrong> {
        // Each part takes a byte at least.
        if parts > (self.bytes.len() - self.at) as u64 {
            return Err(Wrong::CutOff);
        }
        self.parts = self.parts.checked_sub(parts as usize).ok_or(Wrong::TooMany)?;
        Ok(parts)
    }

    /// The fields of a struct, each with its number and type; `field` reads its value.
    pub(crate) fn fields(
        &mut self,
        mut field: impl FnMut(&mut Self, i64, u8) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let mut number = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            number = match head >> 4 {
                0 => self.integer()?,
                step => number + i64::from(step),
            };
            field(self, number, head & 0x0f)?;
        }
    }

    /// Passes over a value.
    pub(crate) fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Wrong> {
        if depth > DEPTH {
            return Err(Wrong::Nonsense);
        }
        match kind {
            // True and false are types of their own in a struct.
            1 | 2 => Ok(()),
            3 => self.pass(1),
            4..=6 => self.varint().map(|_| ()),
            7 => self.pass(8),
            8 => {
                let length = self.varint()?;
                self.pass(length)
            }
            9 | 10 => {
                let head = self.byte()?;
                let parts = match head >> 4 {
                    15 => self.varint()?,
                    parts => u64::from(parts),
                };
                let kind = head & 0x0f;
                for _ in 0..self.count(parts)? {
                    // In a list they are bytes.
                    self.skip(if matches!(kind, 1 | 2) { 3 } else { kind }, depth + 1)?;
                }
                Ok(())
            }
            11 => {
                let parts = self.varint()?;
                let kinds = if parts == 0 { 0 } else { self.byte()? };
                for _ in 0..self.count(parts)? {
                    self.skip(kinds >> 4, depth + 1)?;
                    self.skip(kinds & 0x0f, depth + 1)?;
                }
                Ok(())
            }
            STRUCT => self.fields(|walk, _, kind| walk.skip(kind, depth + 1)),
            13 => self.pass(16),
            _ => Err(Wrong::Nonsense),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{STRUCT, Walk, Wrong};

    #[test]
    fn lists_that_claim_more_than_there_is_are_refused() {
        // Field 1, a list of five structs, of which each is empty.
        let sound = [0x19, 0x5c, 0, 0, 0, 0, 0, 0];
        let skip = |bytes: &[u8], parts| Walk::new(bytes, parts).skip(STRUCT, 0);
        assert_eq!(skip(&sound, 5), Ok(()));
        assert_eq!(skip(&sound, 4), Err(Wrong::TooMany));
        // Two thousand million of them.
        let lie = [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0];
        assert_eq!(skip(&lie, usize::MAX), Err(Wrong::CutOff));
        let deep = [0x1c; 100];
        assert_eq!(skip(&deep, 5), Err(Wrong::Nonsense));
    }

    #[test]
    fn numbers_are_signed() {
        let number = |bytes: &[u8]| Walk::new(bytes, 0).integer();
        assert_eq!(number(&[0x01]), Ok(-1));
        assert_eq!(number(&[0xac, 0x02]), Ok(150));
        assert_eq!(number(&[0x80]), Err(Wrong::CutOff));
    }
}
