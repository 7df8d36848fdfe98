"""Writes JPEGs, GIFs, PNGs and BMPs that are odd but whole, with what Pillow makes of them, and
broken ones in `refused/`.

    python odd.py         # writes beside itself; needs Pillow and NumPy

Pillow writes neither scans of single channels nor odd sampling, so JPEGs are encoded here: a plain
encoder with the tables of the standard's annex K, for any sampling and any order of scans.
"""
import io
import struct

import numpy as np
from PIL import Image

from make import HERE, expected, scene

ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, i // 8 if (i // 8 + i % 8) % 2 else i % 8))
WAVES = np.array([[(1 if u else 0.5**0.5) / 2 * np.cos((2 * x + 1) * u * np.pi / 16) for x in range(8)] for u in range(8)])
QUANTISER = [[4 + (i // 8 + i % 8) * k for i in range(64)] for k in (1, 2)]
# Counts of codes by length, and symbols: one table with every symbol that can occur.
DC = ([0, 1, 5, 1, 1, 1, 1, 1, 1] + [0] * 7, list(range(12)))
SYMBOLS = [0, 0xF0] + [run << 4 | size for size in range(1, 11) for run in range(16)]
AC = ([0] * 7 + [162] + [0] * 8, SYMBOLS)


def codes(table):
    counts, symbols = table
    found, code, at = {}, 0, 0
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            found[symbols[at]] = (code, length)
            code, at = code + 1, at + 1
        code <<= 1
    return found


DC_CODES, AC_CODES = codes(DC), codes(AC)


class Bits:
    def __init__(self):
        self.bits = []

    def put(self, number, length):
        self.bits += [number >> i & 1 for i in reversed(range(length))]

    def value(self, value):
        size = abs(int(value)).bit_length()
        self.put(int(value) if value > 0 else int(value) + (1 << size) - 1, size)

    def bytes(self):
        bits = self.bits + [1] * (-len(self.bits) % 8)
        data = np.packbits(np.array(bits, np.uint8)).tobytes()
        return data.replace(b"\xff", b"\xff\0")


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def channel_blocks(plane, down, across):
    """Quantised coefficients of each block, the plane filled up to so many blocks."""
    height, width = plane.shape
    plane = np.pad(plane, ((0, down * 8 - height), (0, across * 8 - width)), "edge").astype(float) - 128
    blocks = plane.reshape(down, 8, across, 8).transpose(0, 2, 1, 3)
    return WAVES @ blocks @ WAVES.T


def encode(picture, sampling, scans, ids=(1, 2, 3), head=b"", interval=0, rgb=False):
    """`sampling` has across and down of each channel, `scans` lists of channels."""
    pixels = np.asarray(picture.convert("RGB" if rgb else "YCbCr")).astype(float)
    height, width = pixels.shape[:2]
    most = [max(s[way] for s in sampling) for way in (0, 1)]
    units = [-(-width // (8 * most[0])), -(-height // (8 * most[1]))]
    tables, channels = [], []
    for number, (h, v) in enumerate(sampling):
        size = (-(-width * h // most[0]), -(-height * v // most[1]))
        plane = Image.fromarray(pixels[..., number].astype(np.uint8)).resize(size, Image.Resampling.BOX)
        blocks = channel_blocks(np.asarray(plane), units[1] * v, units[0] * h)
        quantiser = np.array(QUANTISER[number > 0]).reshape(8, 8)
        channels.append(np.round(blocks / quantiser).astype(int))
        tables.append((-(-size[0] // 8), -(-size[1] // 8)))
    out = b"\xff\xd8" + head
    for number, quantiser in enumerate(QUANTISER):
        out += segment(0xDB, bytes([number]) + bytes(quantiser[i] for i in ZIGZAG))
    frame = struct.pack(">BHHB", 8, height, width, len(sampling))
    for number, (h, v) in enumerate(sampling):
        frame += bytes([ids[number], h << 4 | v, number > 0])
    out += segment(0xC0, frame)
    for kind, (counts, symbols) in ((0, DC), (0x10, AC)):
        out += segment(0xC4, bytes([kind]) + bytes(counts) + bytes(symbols))
    if interval:
        out += segment(0xDD, struct.pack(">H", interval))
    for scan in scans:
        header = bytes([len(scan)]) + b"".join(bytes([ids[c], 0]) for c in scan) + b"\0\x3f\0"
        out += segment(0xDA, header) + scan_data(channels, sampling, scan, units, tables, interval)
    return out + b"\xff\xd9"


def scan_data(channels, sampling, scan, units, tables, interval):
    alone = len(scan) == 1
    across, down = tables[scan[0]] if alone else units
    bits, data, mean, turn = Bits(), b"", dict.fromkeys(scan, 0), 0
    for unit in range(across * down):
        if interval and unit and unit % interval == 0:
            data += bits.bytes() + bytes([0xFF, 0xD0 + turn % 8])
            bits, mean, turn = Bits(), dict.fromkeys(scan, 0), turn + 1
        row, column = divmod(unit, across)
        for c in scan:
            h, v = (1, 1) if alone else sampling[c]
            for y in range(v):
                for x in range(h):
                    block = channels[c][row * v + y, column * h + x].ravel()
                    write(bits, [block[i] for i in ZIGZAG], mean, c)
    return data + bits.bytes()


def write(bits, block, mean, channel):
    difference = block[0] - mean[channel]
    mean[channel] = block[0]
    bits.put(*DC_CODES[abs(int(difference)).bit_length()])
    bits.value(difference)
    run = 0
    for value in block[1:]:
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.put(*AC_CODES[0xF0])
            run -= 16
        bits.put(*AC_CODES[run << 4 | abs(int(value)).bit_length()])
        bits.value(value)
        run = 0
    if run:
        bits.put(*AC_CODES[0])


def keep(name, data):
    (HERE / name).write_bytes(data)
    picture = Image.open(HERE / name)
    expected(name, picture)


def blemished(name, data, sound):
    """With the pixels of the sound file: Pillow does not read all of these."""
    (HERE / name).write_bytes(data)
    expected(name, Image.open(io.BytesIO(sound)))


def refuse(name, data):
    (HERE / "refused").mkdir(exist_ok=True)
    (HERE / "refused" / name).write_bytes(data)


def jpegs():
    picture = scene(43, 37)
    together, each = [[0, 1, 2]], [[0], [1], [2]]
    shapes = {
        "420": [(2, 2), (1, 1), (1, 1)],
        "422": [(2, 1), (1, 1), (1, 1)],
        "440": [(1, 2), (1, 1), (1, 1)],
        "411": [(4, 1), (1, 1), (1, 1)],
        "410": [(4, 2), (1, 1), (1, 1)],
        "all22": [(2, 2), (2, 2), (2, 2)],
        "finer": [(1, 1), (2, 1), (2, 1)],
        "unlike": [(2, 2), (2, 1), (1, 2)],
    }
    for name, sampling in shapes.items():
        keep(f"odd_{name}_each.jpg", encode(picture, sampling, each))
        if sum(h * v for h, v in sampling) <= 10:  # more blocks may not come together
            keep(f"odd_{name}.jpg", encode(picture, sampling, together))
    keep("odd_chroma_first.jpg", encode(picture, shapes["420"], [[1, 2], [0]]))
    keep("odd_restarts_each.jpg", encode(picture, shapes["420"], each, interval=2))
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    keep("odd_rgb_ids_jfif.jpg", encode(picture, shapes["420"], together, ids=b"RGB", head=jfif))
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\2")
    keep("odd_adobe_2.jpg", encode(picture, shapes["420"], together, head=adobe))
    plain = encode(picture, shapes["420"], together, head=jfif)
    table = plain.index(b"\xff\xdb")
    for name, junk in {
        "junk": b"\0\0\r\n",
        "short_adobe": segment(0xEE, b"Adobe\0\x64\0\0\0"),
        "short_comment": b"\xff\xfe\0\1",
        "filling": b"\xff" * 5,
    }.items():
        blemished(f"odd_{name}.jpg", plain[:table] + junk + plain[table:], plain)
    blemished("odd_tail.jpg", plain[:-2] + b"\0\x7f\0" + plain[-2:], plain)

    restarts = encode(picture, shapes["420"], together, interval=2)
    lost = restarts.index(b"\xff\xd1")
    refuse("restart_lost.jpg", restarts[:lost] + restarts[lost + 2 :])
    refuse("restart_turned.jpg", restarts[:lost] + b"\xff\xd3" + restarts[lost + 2 :])
    refuse("channel_missing.jpg", encode(picture, shapes["420"], [[0], [1]]))
    start = plain.index(b"\xff\xda")
    refuse("data_missing.jpg", plain[: start + 14 + (len(plain) - start) // 2] + b"\xff\xd9")


def others():
    picture = scene(43, 37)

    def file(kind, **options):
        buffer = io.BytesIO()
        picture.quantize(32).save(buffer, kind, **options)
        return buffer.getvalue()

    gif, png = file("GIF"), file("PNG")
    assert gif[-1] == 0x3B and png[-8:-4] == b"IEND"
    blemished("odd_no_trailer.gif", gif[:-1], gif)
    blemished("odd_no_end.png", png[:-12], png)
    blemished("odd_half_end.png", png[:-5], png)
    runs = bmp_of_runs(picture.quantize(16))
    keep("odd_runs.bmp", runs)
    refuse("runs_cut.bmp", runs[: len(runs) // 2])


def bmp_of_runs(picture):
    """Each row as runs of one colour, from the bottom."""
    width, height = picture.size
    palette = np.array(picture.getpalette()[: 3 * 16]).reshape(16, 3)
    colours = b"".join(bytes([b, g, r, 0]) for r, g, b in palette.astype(np.uint8).tolist())
    data = b""
    for row in np.asarray(picture)[::-1].tolist():
        at = 0
        while at < width:
            end = next((x for x in range(at, width) if row[x] != row[at]), width)
            data += bytes([end - at, row[at]])
            at = end
        data += b"\0\0"
    data = data[:-2] + b"\0\1"
    start = 14 + 40 + len(colours)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(data), 2835, 2835, 16, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + header + colours + data


if __name__ == "__main__":
    jpegs()
    others()
