//! Files that promise far more than they hold.

use std::fs;

use crate::golden;

/// A bomb, and whether it is refused or harmless: read like any other picture.
pub(crate) struct Bomb {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

/// How a bomb ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a reason that names width and height.
    Size,
    /// With any reason.
    Refused,
    /// As a picture: what is dangerous is never looked at.
    Harmless,
}

pub(crate) fn bombs() -> Vec<Bomb> {
    let bomb = |end: End| move |(what, bytes)| Bomb { what, bytes, end };
    let sizes = sizes().into_iter().map(bomb(End::Size));
    let refused = refused().into_iter().map(bomb(End::Refused));
    sizes.chain(refused).chain(harmless().into_iter().map(bomb(End::Harmless))).collect()
}

fn file(name: &str) -> Vec<u8> {
    fs::read(golden().join(name)).unwrap()
}

fn set(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

/// Where what follows the mark begins.
fn after(bytes: &[u8], mark: &[u8]) -> usize {
    bytes.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len()
}

/// Headers that promise more pixels than anyone has.
fn sizes() -> Vec<(&'static str, Vec<u8>)> {
    let (jpeg, progressive) = (file("plain.jpg"), file("progressive.jpg"));
    let (webp, lossless) = (file("lossy.webp"), file("lossless.webp"));
    let jpeg_size = after(&jpeg, b"\xff\xc0\x00\x11\x08");
    let progressive_size = after(&progressive, b"\xff\xc2\x00\x11\x08");
    let webp_size = after(&webp, b"\x9d\x01\x2a");
    let lossless_size = after(&lossless, b"VP8L") + 5;
    let many = [0xff, 0xff, 0xff, 0x7f];
    vec![
        ("PNG, 65,535²", set(file("rgb.png"), 16, &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff])),
        ("PNG, one bit", set(file("one_bit.png"), 16, &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff])),
        (
            "PNG, 2³¹ − 1 of 16 bits",
            set(file("rgba_16.png"), 16, &[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
        ),
        (
            "PNG, one row of 2³¹ − 1",
            set(file("rgb.png"), 16, &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1]),
        ),
        ("JPEG, 4,000 rows of 65,500", set(jpeg.clone(), jpeg_size, &[0x0f, 0xa0, 0xff, 0xdc])),
        ("JPEG, 65,500²", set(jpeg, jpeg_size, &[0xff, 0xdc, 0xff, 0xdc])),
        ("JPEG, progressive", set(progressive, progressive_size, &[0x3f, 0xff, 0x3f, 0xff])),
        ("WebP, 16,383²", set(webp, webp_size, &[0xff, 0x3f, 0xff, 0x3f])),
        ("WebP, lossless", set(lossless, lossless_size, &[0xfe, 0xbf, 0xff, 0x0f])),
        ("WebP, canvas", set(file("animated.webp"), 24, &[0xff, 0x3f, 0, 0xff, 0x3f, 0])),
        ("GIF, canvas", set(file("plain.gif"), 6, &[0xff; 4])),
        ("GIF, 4,000 rows of 65,535", set(file("plain.gif"), 6, &[0xff, 0xff, 0xa0, 0x0f])),
        ("BMP", set(file("rgb.bmp"), 18, &[0, 0x3f, 0, 0, 0, 0x3f, 0, 0])),
        ("BMP, 2³¹ − 1", set(file("palette.bmp"), 18, &[many, many].concat())),
        // A negative height means that the rows come from the top.
        ("BMP, from the top", set(file("rgb.bmp"), 18, &[0, 0x3f, 0, 0, 0, 0xc1, 0xff, 0xff])),
    ]
}

/// Small pictures that would take much memory or time.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let gif = file("plain.gif");
    let frame = 13 + 3 * 64;
    let frame = frame + gif[frame..].iter().position(|&byte| byte == 0x2c).unwrap();
    let scans = file("progressive.jpg");
    let scan = scans.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    // A scan's data end at the next mark; in them 0xff is followed by 0.
    let length =
        scans[scan + 2..].windows(2).position(|two| two[0] == 0xff && two[1] != 0).unwrap();
    let (before, rest) = scans.split_at(scan + 2 + length);
    let again = before[scan..].repeat(1000);
    vec![
        ("GIF, a frame beyond its canvas", set(gif, frame + 5, &[0xff; 4])),
        ("JPEG, a thousand scans", [before, &again, rest].concat()),
    ]
}

/// Pictures that are one when nothing but the picture is looked at.
fn harmless() -> Vec<(&'static str, Vec<u8>)> {
    let png = file("rgb.png");
    // After the signature and the header.
    let at = 8 + 25;
    let beside = |kind: &[u8; 4], head: &[u8]| {
        let data = [head, &zeros()].concat();
        let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
        let body = [kind, data.as_slice()].concat();
        chunk.extend_from_slice(&body);
        chunk.extend_from_slice(&crc(&body).to_be_bytes());
        [&png[..at], &chunk, &png[at..]].concat()
    };
    let gif = file("animated.gif");
    let first = gif.windows(2).position(|pair| pair == [0x21, 0xf9]).unwrap();
    let end = gif.len() - 1;
    let frames = gif[first..end].repeat(10_000 / 2);
    let webp = file("animated.webp");
    let frame = webp.windows(4).position(|name| name == b"ANMF").unwrap();
    let frames_webp = webp[frame..].repeat(5_000);
    let mut many = [&webp[..frame], &frames_webp].concat();
    let length = (many.len() - 8) as u32;
    many[4..8].copy_from_slice(&length.to_le_bytes());
    vec![
        ("PNG, a colour profile of 1 GiB", beside(b"iCCP", b"p\0\0")),
        ("PNG, a text of 1 GiB", beside(b"zTXt", b"Comment\0\0")),
        ("PNG, an international text of 1 GiB", beside(b"iTXt", b"Comment\0\x01\0\0\0")),
        ("GIF, thousands of frames", [&gif[..end], &frames, &gif[end..]].concat()),
        ("WebP, thousands of frames", many),
    ]
}

/// 1 GiB of zeros, deflated by hand in about 1 MiB: one block with the fixed codes (RFC 1951,
/// section 3.2.6), a zero and then repeats of length 258 from one byte back. The check at the end
/// is left out, as nothing should read so far.
fn zeros() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3); // the last block, fixed codes
    bits.code(0x30, 8); // the byte 0
    for _ in 0..(1 << 30) / 258 {
        bits.code(0b1100_0101, 8); // length 258
        bits.code(0, 5); // one byte back
    }
    bits.code(0, 7); // the end
    [&[0x78, 0x01], bits.bytes.as_slice()].concat()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    /// Numbers come lowest bit first …
    fn put(&mut self, bits: u32, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// … and codes highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }
}

/// The check of a PNG's chunk (the specification's appendix D).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 }
        })
    })
}
