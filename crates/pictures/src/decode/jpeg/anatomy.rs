//! The markers of a JPEG, walked once before anything is decoded: what kind it is, whether it
//! reaches its end, and whether its scans are such as the fast decoder gets right.

/// Scans that are walked at most; sound files have about ten, and each may cost a pass over all
/// blocks.
const SCANS: usize = 100;

/// One marker with its content.
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    pub(super) content: &'a [u8],
    /// Where what follows it begins.
    pub(super) end: usize,
}

/// The next marker from `at` on. Bytes between segments are passed over, as all viewers do.
pub(super) fn segment(bytes: &[u8], mut at: usize) -> Option<Segment<'_>> {
    loop {
        at += memchr::memchr(0xff, bytes.get(at..)?)? + 1;
        let marker = *bytes.get(at)?;
        match marker {
            // Stuffing, filling, restart and other markers without content.
            0xff => {}
            0 | 1 | 0xd0..=0xd8 => at += 1,
            0xd9 => return Some(Segment { marker, content: &[], end: at + 1 }),
            _ => {
                let length = usize::from(number(bytes, at + 1)?).max(2);
                let end = at + 1 + length;
                return Some(Segment { marker, content: bytes.get(at + 3..end)?, end });
            }
        }
    }
}

/// Two bytes, the more significant first.
pub(super) fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A channel as the frame declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Channel {
    pub(super) id: u8,
    /// Its samples across and down in a unit of [`Frame::most`].
    pub(super) sampling: [usize; 2],
    /// Which table its numbers are multiplied by.
    pub(super) quantiser: usize,
}

/// What the frame declares.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) channels: Vec<Channel>,
    /// The finest sampling of any channel, across and down.
    pub(super) most: [usize; 2],
}

impl Frame {
    fn of(marker: u8, content: &[u8]) -> Result<Self, &'static str> {
        if !matches!(marker, 0xc0..=0xc2) {
            return Err("a kind of JPEG that hardly any program writes");
        }
        let short = "a frame that is too short";
        let depth = *content.first().ok_or(short)?;
        if depth != 8 {
            return Err("a JPEG of more than 8 bits a channel");
        }
        let [height, width] = [1, 3].map(|at| number(content, at).unwrap_or(0).into());
        let count = usize::from(*content.get(5).ok_or(short)?);
        let channels = content[6..].chunks_exact(3).take(count).map(|channel| Channel {
            id: channel[0],
            sampling: [usize::from(channel[1] >> 4), usize::from(channel[1] & 15)],
            quantiser: channel[2].into(),
        });
        let channels: Vec<_> = channels.collect();
        if !matches!(count, 1..=4) || channels.len() != count {
            return Err("a frame of so many channels");
        }
        let sound = |channel: &Channel| {
            channel.sampling.iter().all(|factor| (1..=4).contains(factor)) && channel.quantiser < 4
        };
        if !channels.iter().all(sound) {
            return Err("a channel that is sampled in a way that does not exist");
        }
        let most = [0, 1].map(|way| channels.iter().map(|c| c.sampling[way]).max().unwrap_or(1));
        Ok(Self { width, height, progressive: marker == 0xc2, channels, most })
    }

    /// The blocks of a channel that hold pixels, across and down.
    pub(super) fn blocks(&self, channel: usize) -> [usize; 2] {
        let sampling = self.channels[channel].sampling;
        let side = [self.width, self.height];
        [0, 1].map(|way| (side[way] * sampling[way]).div_ceil(8 * self.most[way]))
    }

    /// Units in which channels that share a scan come together, across and down.
    pub(super) fn units(&self) -> [usize; 2] {
        let side = [self.width, self.height];
        [0, 1].map(|way| side[way].div_ceil(8 * self.most[way]))
    }

    /// The channels that a scan's header names.
    pub(super) fn scan(&self, header: &[u8]) -> Result<Vec<usize>, &'static str> {
        let wrong = "a scan of channels that do not exist";
        let count = usize::from(*header.first().ok_or(wrong)?);
        let names = header.get(1..1 + 2 * count).ok_or(wrong)?.chunks_exact(2);
        let find = |name: &[u8]| self.channels.iter().position(|channel| channel.id == name[0]);
        let scan: Vec<_> = names.map(find).collect::<Option<_>>().ok_or(wrong)?;
        let twice = |&channel: &usize| scan.iter().filter(|&&other| other == channel).count() > 1;
        if scan.is_empty() || scan.iter().any(twice) {
            return Err(wrong);
        }
        Ok(scan)
    }

    /// Units of a scan: blocks where a channel is alone.
    pub(super) fn scan_units(&self, scan: &[usize]) -> usize {
        let [across, down] =
            if let &[channel] = scan { self.blocks(channel) } else { self.units() };
        across * down
    }
}

/// What four or three channels stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

/// What the markers tell.
#[derive(Default)]
pub(super) struct Anatomy<'a> {
    pub(super) frame: Frame,
    pub(super) exif: Option<&'a [u8]>,
    pub(super) xmp: Option<&'a [u8]>,
    /// The colour profile in its pieces, by number.
    profile: Vec<(u8, &'a [u8])>,
    jfif: bool,
    adobe: Option<u8>,
    /// Whether the closing marker is there.
    pub(super) whole: bool,
    /// Whether a scan of a file that is not progressive leaves channels out.
    pub(super) apart: bool,
    /// Whether a restart marker is missing or out of turn.
    pub(super) lost: bool,
}

impl<'a> Anatomy<'a> {
    /// Walks over all of it; nothing if there is no frame.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Option<Self>, &'static str> {
        let mut found = Self::default();
        let (mut at, mut interval, mut scans, mut framed) = (2, 0, 0, false);
        while let Some(Segment { marker, content, end }) = segment(bytes, at) {
            at = end;
            match marker {
                0xd9 => {
                    found.whole = true;
                    break;
                }
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    if std::mem::replace(&mut framed, true) {
                        return Err("a second frame");
                    }
                    found.frame = Frame::of(marker, content)?;
                }
                0xdd => interval = usize::from(number(content, 0).unwrap_or(0)),
                0xda => {
                    scans += 1;
                    if scans > SCANS {
                        return Err("more scans than any sound file has");
                    }
                    let scan = found.frame.scan(content)?;
                    found.apart |=
                        !found.frame.progressive && scan.len() < found.frame.channels.len();
                    let units = found.frame.scan_units(&scan);
                    let restarts = units.max(1).div_ceil(interval.max(1)) - 1;
                    let restarts = if interval == 0 { 0 } else { restarts };
                    let turns;
                    (at, turns) = over(bytes, at);
                    // A few programs write one more behind the last unit.
                    let inside = |turns| turns == restarts || turns == restarts + 1;
                    // Of what was cut off this says nothing.
                    found.lost |= at < bytes.len() && !turns.is_some_and(inside);
                }
                _ => found.note(marker, content),
            }
        }
        found.profile.sort_unstable_by_key(|&(number, _)| number);
        Ok(framed.then_some(found))
    }

    /// The frame of a file of which no more than the beginning is there.
    pub(super) fn frame_of(bytes: &[u8]) -> Option<Frame> {
        let mut at = 2;
        loop {
            let Segment { marker, content, end } = segment(bytes, at)?;
            match marker {
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    return Frame::of(marker, content).ok();
                }
                0xd9 | 0xda => return None,
                _ => at = end,
            }
        }
    }

    fn note(&mut self, marker: u8, content: &'a [u8]) {
        match marker {
            0xe0 => self.jfif |= content.starts_with(b"JFIF\0"),
            0xe1 => {
                if content.starts_with(b"Exif\0\0") {
                    self.exif.get_or_insert(content);
                } else if let Some(xmp) = content.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    self.xmp.get_or_insert(xmp);
                }
            }
            0xe2 => {
                if let Some([number, _, piece @ ..]) = content.strip_prefix(b"ICC_PROFILE\0") {
                    self.profile.push((*number, piece));
                }
            }
            0xee if content.starts_with(b"Adobe") => {
                self.adobe = content.get(11).copied().or(self.adobe);
            }
            _ => {}
        }
    }

    /// The embedded colour profile, put together.
    pub(super) fn profile(&self) -> Option<Vec<u8>> {
        let pieces = self.profile.iter().flat_map(|(_, piece)| piece.iter().copied());
        (!self.profile.is_empty()).then(|| pieces.collect())
    }

    /// What the channels stand for, by libjpeg's rules.
    pub(super) fn colours(&self) -> Option<Colours> {
        let ids: Vec<u8> = self.frame.channels.iter().map(|channel| channel.id).collect();
        Some(match (ids.len(), self.adobe) {
            (1, _) => Colours::Grey,
            (3, _) if self.jfif => Colours::YCbCr,
            (3, Some(0)) => Colours::Rgb,
            (3, None) if ids == *b"RGB" => Colours::Rgb,
            (3, _) => Colours::YCbCr,
            (4, Some(2)) => Colours::Ycck,
            (4, _) => Colours::Cmyk,
            _ => return None,
        })
    }

    /// Whether all is as ordinary files have it, so that the fast decoder gets it right: one scan
    /// or a progressive file, and channels at full resolution or at half of it.
    pub(super) fn ordinary(&self) -> bool {
        let Frame { channels, most, .. } = &self.frame;
        let first = |way: usize| channels[0].sampling[way] == most[way];
        let half = |way: usize, channel: &Channel| {
            let step = most[way] / channel.sampling[way];
            matches!(step, 1 | 2) && step * channel.sampling[way] == most[way]
        };
        let usual = |channel: &Channel| half(0, channel) && half(1, channel);
        let grey = channels.len() == 1;
        // Where no channel is finer than another, factors above one mean nothing.
        let plain = most.iter().all(|&factor| factor <= 2);
        let colours = channels[..].iter().skip(1).all(|c| c.sampling == channels[1].sampling);
        !self.apart
            && (grey || plain && first(0) && first(1) && colours && channels.iter().all(usual))
    }
}

/// Where the data of a scan end that begin at `at`, and how many restart markers are among them,
/// if they are in turn.
fn over(bytes: &[u8], mut at: usize) -> (usize, Option<usize>) {
    let mut turns = Some(0);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(0xff, rest)) {
        let marker = at + found;
        at = marker + 2;
        match bytes.get(marker + 1) {
            Some(0) => {}
            // Filling: what follows it may be a marker.
            Some(0xff) => at = marker + 1,
            Some(&turn @ 0xd0..=0xd7) => {
                turns = turns.filter(|turns| turns % 8 == usize::from(turn - 0xd0)).map(|n| n + 1);
            }
            Some(_) => return (marker, turns),
            None => break,
        }
    }
    (bytes.len(), turns)
}
