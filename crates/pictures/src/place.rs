//! Where a picture is: in a file of its own, or in a part of one.

use std::fs::File;
use std::path::{Path, PathBuf};

use ground::files::read_at;
use ground::{Digest, Digester};

use crate::decode::{decode_for, read_file, too_many_bytes};
use crate::{Cut, DecodePermit, Decoded, Detail, Limits, Reason};

/// Where a picture is: a file, or some bytes of one (a member of an archive), or a box in either.
///
/// ```
/// use pictures::{Cut, Place};
/// let photograph = Place::from("photos/1.jpg");
/// let moth = photograph.cut(Cut::Pixels([120, 40, 200, 180]));
/// assert_eq!(moth.name().to_str(), Some("photos/1.jpg#120,40,200,180"));
/// assert_eq!((moth.file(), moth.whole_file()), (photograph.name(), None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The path of a whole file; of a part that with `#` and the part's name behind it.
    name: PathBuf,
    part: Option<Box<Part>>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Part {
    file: PathBuf,
    /// Which of its bytes are the picture, if they are not all.
    member: Option<Member>,
    /// What is cut out of the picture in those bytes.
    cut: Option<Cut>,
}

/// Some bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Member {
    name: String,
    bytes: Bytes,
}

/// Where the bytes of a member are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Bytes {
    /// As they are in the part's file.
    At { offset: u64, length: u64 },
    /// Packed there, and unpacked to this file.
    Unpacked(PathBuf),
}

impl From<PathBuf> for Place {
    fn from(file: PathBuf) -> Self {
        Self { name: file, part: None }
    }
}

impl From<&Path> for Place {
    fn from(file: &Path) -> Self {
        file.to_owned().into()
    }
}

impl From<&str> for Place {
    fn from(file: &str) -> Self {
        PathBuf::from(file).into()
    }
}

impl Place {
    /// So many bytes of a file from this offset on, which are a picture by themselves: a member of an
    /// archive, called `member` there.
    #[must_use]
    pub fn member(file: &Path, member: &str, offset: u64, length: u64) -> Self {
        Self::of_member(file, member, Bytes::At { offset, length })
    }

    /// A picture that is packed in a file, called `member` there, whose bytes are in a file of their
    /// own too.
    #[must_use]
    pub fn unpacked(file: &Path, member: &str, bytes: PathBuf) -> Self {
        Self::of_member(file, member, Bytes::Unpacked(bytes))
    }

    fn of_member(file: &Path, member: &str, bytes: Bytes) -> Self {
        let member = Some(Member { name: member.to_owned(), bytes });
        Part { file: file.to_owned(), member, cut: None }.into()
    }

    /// A box of the picture here, instead of the one that this place may have.
    #[must_use]
    pub fn cut(&self, cut: Cut) -> Self {
        let member = self.part.as_ref().and_then(|part| part.member.clone());
        Part { file: self.file().to_owned(), member, cut: Some(cut) }.into()
    }

    /// The same part of this file, or all of it.
    #[must_use]
    pub fn at(&self, file: &Path) -> Self {
        match &self.part {
            Some(part) => Part { file: file.to_owned(), ..(**part).clone() }.into(),
            None => file.into(),
        }
    }

    /// The place of this name: a file, or else the box that the name ends in.
    #[must_use]
    pub fn named(name: &Path) -> Self {
        let boxed = || {
            let (file, cut) = name.to_str()?.rsplit_once('#')?;
            Some(Self::from(file).cut(cut.parse().ok()?))
        };
        let is_there = name.symlink_metadata().is_ok();
        boxed().filter(|_| !is_there).unwrap_or_else(|| name.into())
    }

    /// What the picture is called, which is unique: the path of its file or, where it is part of one,
    /// as in `IMG_1.jpg#120,40,200,180` and `birds.tar#wren/1.jpg`.
    #[must_use]
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The file that holds it, for somebody who reads.
    #[must_use]
    pub fn file(&self) -> &Path {
        self.part.as_ref().map_or(&self.name, |part| &part.file)
    }

    /// The picture's own file, for somebody who moves or copies it: `None` where it is part of one.
    #[must_use]
    pub fn whole_file(&self) -> Option<&Path> {
        self.part.is_none().then_some(&*self.name)
    }

    /// The picture that this one is cut out of: boxes of one photograph belong together.
    #[must_use]
    pub fn photograph(&self) -> Option<Self> {
        let Part { file, member, cut } = &**self.part.as_ref()?;
        cut.map(|_| match member {
            Some(_) => Part { file: file.clone(), member: member.clone(), cut: None }.into(),
            None => file.clone().into(),
        })
    }

    fn member_bytes(&self) -> Option<&Bytes> {
        Some(&self.part.as_ref()?.member.as_ref()?.bytes)
    }

    fn the_cut(&self) -> Option<Cut> {
        self.part.as_ref()?.cut
    }

    /// Reads the bytes of the picture, or of the one that it is cut out of, as far as the limits allow.
    ///
    /// # Errors
    /// When there are too many, it is in no regular file, or cannot be read.
    pub fn read(&self, limits: &Limits) -> Result<Vec<u8>, Reason> {
        let (offset, length) = match self.member_bytes() {
            None => return read_file(self.file(), limits),
            Some(Bytes::Unpacked(file)) => return read_file(file, limits),
            Some(&Bytes::At { offset, length }) => (offset, length),
        };
        if length > limits.max_bytes {
            return Err(too_many_bytes(limits));
        }
        let file = File::open(self.file()).map_err(Reason::of_system)?;
        // Nothing is allocated for bytes that an index promises and the file does not have.
        let end = file.metadata().map_err(Reason::of_system)?.len();
        if offset.checked_add(length).is_none_or(|last| last > end) {
            return Err(Reason::CutOff);
        }
        let mut bytes = vec![0; length as usize];
        read_at(&file, &mut bytes, offset).map_err(Reason::of_system)?;
        Ok(bytes)
    }

    /// [`Place::read`] for threads that decode many pictures at the same time: with the permit to hold
    /// the bytes and to decode them.
    ///
    /// # Errors
    /// As [`Place::read`].
    pub fn read_with_permit(
        &self,
        limits: &Limits,
        detail: Detail,
    ) -> Result<(Vec<u8>, DecodePermit), Reason> {
        let detail = self.detail(detail);
        let file = match self.member_bytes() {
            None => self.file(),
            Some(Bytes::Unpacked(file)) => file,
            Some(Bytes::At { .. }) => {
                let bytes = self.read(limits)?;
                let permit = DecodePermit::for_picture(&bytes, detail);
                return Ok((bytes, permit));
            }
        };
        crate::decode::read_file_with_permit(file, limits, detail)
    }

    /// The same detail, of the box alone where there is one: what to decode the bytes for.
    #[must_use]
    pub fn detail(&self, detail: Detail) -> Detail {
        self.the_cut().map_or(detail, |cut| detail.within(cut))
    }

    /// Decodes the picture from what [`Place::read`] gave.
    ///
    /// # Errors
    /// As [`decode`](crate::decode), or when nothing of the picture is in its box.
    pub fn decode(&self, bytes: &[u8], limits: &Limits, detail: Detail) -> Result<Decoded, Reason> {
        decode_for(bytes, limits, self.detail(detail))
    }

    /// The digest that names the picture, by the bytes that [`Place::read`] gave: theirs, or that of
    /// their digest and the box.
    #[must_use]
    pub fn digest(&self, bytes: &[u8]) -> Digest {
        let file = Digest::of(bytes);
        let Some(cut) = self.the_cut() else { return file };
        let mut digester = Digester::new();
        digester.update(format!("lookalike box {cut} of {file}").as_bytes());
        digester.finish()
    }
}

impl From<Part> for Place {
    fn from(part: Part) -> Self {
        let mut name = part.file.clone().into_os_string();
        for text in part.member.iter().map(|member| &member.name) {
            name.push("#");
            name.push(text);
        }
        if let Some(cut) = part.cut {
            name.push(format!("#{cut}"));
        }
        Self { name: name.into(), part: Some(Box::new(part)) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use ground::Digest;

    use super::Place;
    use crate::{Cut, Detail, Limits, Reason};

    #[test]
    fn a_member_is_read_where_it_lies_and_what_is_missing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let tar = dir.path().join("a.tar");
        fs::write(&tar, b"0123456789").unwrap();
        let member = Place::member(&tar, "wren/1.jpg", 3, 4);
        assert!(member.name().ends_with("a.tar#wren/1.jpg"));
        let limits = Limits::default();
        assert_eq!(member.read(&limits).unwrap(), b"3456");
        assert_eq!(member.digest(b"3456"), Digest::of(b"3456"));
        for (offset, length) in [(8, 3), (11, 1), (u64::MAX, 2), (0, 1 << 40)] {
            let error = Place::member(&tar, "x", offset, length).read(&limits).unwrap_err();
            assert!(matches!(error, Reason::CutOff | Reason::TooLarge(_)), "{error}");
        }
    }

    #[test]
    fn an_unpacked_member_is_called_by_what_it_was_packed_in() {
        let dir = tempfile::tempdir().unwrap();
        let kept = dir.path().join("17");
        fs::write(&kept, b"3456").unwrap();
        let packed = Place::unpacked(Path::new("birds.parquet"), "17/wren.jpg", kept);
        assert_eq!(packed.name(), Path::new("birds.parquet#17/wren.jpg"));
        assert_eq!((packed.file(), packed.whole_file()), (Path::new("birds.parquet"), None));
        let limits = Limits::default();
        let boxed = packed.cut(Cut::Pixels([1, 2, 3, 4]));
        assert_eq!(boxed.name(), Path::new("birds.parquet#17/wren.jpg#1,2,3,4"));
        for place in [packed, boxed] {
            assert_eq!(place.read(&limits).unwrap(), b"3456");
            let (bytes, _permit) = place.read_with_permit(&limits, Detail::Whole).unwrap();
            assert_eq!(bytes, b"3456");
        }
    }

    #[test]
    fn a_box_is_named_and_known_by_file_and_box() {
        let cut = |x| Cut::Pixels([x, 40, 200, 180]);
        let photograph = Place::from("a/1.jpg");
        let one = photograph.cut(cut(120));
        assert_eq!(Place::named(one.name()), one);
        assert_eq!(one.photograph(), Some(photograph.clone()));
        assert_eq!(one.at(Path::new("b/2.jpg")), Place::from("b/2.jpg").cut(cut(120)));
        assert_eq!(one.cut(cut(7)), photograph.cut(cut(7)), "a box of the same photograph");
        assert_eq!(Place::named(Path::new("a/b#c.jpg")), "a/b#c.jpg".into());
        let digests = [photograph.clone(), one, photograph.cut(cut(121))].map(|p| p.digest(b"x"));
        assert_eq!(digests[0], Digest::of(b"x"), "as ever");
        assert!(digests[0] != digests[1] && digests[1] != digests[2]);
        let member = Place::member(Path::new("a.tar"), "1.jpg", 0, 9).cut(cut(1));
        assert_eq!(member.name(), Path::new("a.tar#1.jpg#1,40,200,180"));
        assert_eq!(member.photograph().unwrap().name(), Path::new("a.tar#1.jpg"));
    }

    #[test]
    fn a_small_box_of_a_large_jpeg_keeps_its_detail() {
        let mut file = std::io::Cursor::new(vec![]);
        let pixel = |x: u32, y: u32| image::Rgb([(x / 8) as u8, (y / 8) as u8, 99]);
        let photograph = image::RgbImage::from_fn(1600, 1200, pixel);
        photograph.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
        let (bytes, limits) = (file.into_inner(), Limits::default());
        let whole = Place::from("1.jpg");
        let size = |place: &Place| {
            let decoded = place.decode(&bytes, &limits, Detail::ShortSide(75)).unwrap();
            (decoded.size, [decoded.picture.width, decoded.picture.height])
        };
        assert_eq!(size(&whole), ([1600, 1200], [200, 150]), "at an eighth");
        // The box has 300 pixels on its shorter side, of which a half is twice what is asked for.
        let part = whole.cut(Cut::Pixels([800, 400, 400, 300]));
        assert_eq!(size(&part), ([400, 300], [200, 150]));
        let tiny = whole.cut(Cut::Shares([50_000, 50_000, 2_500, 2_500]));
        assert_eq!(size(&tiny), ([40, 30], [40, 30]), "all that there is");
        let all = part.decode(&bytes, &limits, Detail::Whole).unwrap().picture;
        assert_eq!([all.width, all.height], [400, 300]);
        let middle = |at: usize| i32::from(all.data[3 * (150 * 400 + 200) + at]);
        assert!((middle(0) - 125).abs() < 4 && (middle(1) - 68).abs() < 4, "at the box's place");
    }
}
