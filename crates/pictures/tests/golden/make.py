"""Draws the pictures that the tests read, and what Pillow makes of them.

    python make.py        # writes beside itself; needs Pillow and NumPy

`NAME` is a picture, `NAME.expected.png` the RGB pixels that decoding it should give, and
`resize/SOURCE_SHORT_SIZE.png` what Pillow's bilinear resize and crop give for `resize/SOURCE.png`.
"""
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

HERE = Path(__file__).parent


def scene(width, height):
    """A sky, a hill, a sun and a fence: smooth parts, edges and fine stripes, no symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / width, y / height
    sky = np.stack([90 + 120 * v, 140 + 60 * v, 235 - 40 * u], -1)
    grass = np.stack([40 + 60 * u, 120 + 50 * np.sin(9 * u + 7 * v), 30 + 40 * v], -1)
    pixels = np.where((v > 0.55 + 0.2 * np.sin(4 * u))[..., None], grass, sky)
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    s = height / 40
    draw.ellipse([4 * s, 3 * s, 14 * s, 13 * s], fill=(250, 210, 60))
    draw.rectangle([width * 0.6, height * 0.3, width * 0.72, height * 0.8], fill=(150, 30, 40))
    for post in range(int(width * 0.05), int(width * 0.55), max(2, width // 60)):
        draw.line([post, height * 0.75, post, height * 0.92], fill=(235, 230, 220), width=1)
    return picture


def expected(name, picture):
    picture.convert("RGB").save(HERE / f"{name}.expected.png", optimize=True)


def over_white(picture):
    rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    white.alpha_composite(rgba)
    return white.convert("RGB")


def save(name, picture, **options):
    """Writes the picture; what Pillow reads back is what is expected."""
    picture.save(HERE / name, **options)
    back = Image.open(HERE / name)
    expected(name, over_white(back) if back.mode in ("RGBA", "LA", "P", "PA") or "transparency" in back.info else back)


def png16(name, array):
    """A PNG of 16 bits a channel, which Pillow cannot write in colour."""
    height, width, channels = array.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)

    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    level = array / 65535
    alpha = level[..., -1:] if channels in (2, 4) else 1.0
    colour = level[..., : 1 if channels < 3 else 3] * alpha + 1 - alpha
    pixels = np.broadcast_to(colour, (height, width, 3))
    expected(name, Image.fromarray((pixels * 255).round().astype(np.uint8)))


def orientations():
    upright = scene(48, 32)
    upright.save(HERE / "upright.png", optimize=True)
    # What must be done to the upright picture so that a viewer who obeys the tag undoes it.
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    for tag, how in undo.items():
        stored = upright if how is None else upright.transpose(how)
        exif = Image.Exif()
        exif[0x0112] = tag
        stored.save(HERE / f"orient_{tag}.png", exif=exif, optimize=True)
        stored.save(HERE / f"orient_{tag}.webp", exif=exif, lossless=True)
        stored.save(HERE / f"orient_{tag}.jpg", exif=exif, quality=100, subsampling=0)
        seen = ImageOps.exif_transpose(Image.open(HERE / f"orient_{tag}.png"))
        assert np.array_equal(np.asarray(seen.convert("RGB")), np.asarray(upright)), tag


def formats():
    rgb = scene(61, 43)
    fade = Image.fromarray(np.tile(np.linspace(0, 255, 61).astype(np.uint8), (43, 1)))
    rgba = rgb.copy()
    rgba.putalpha(fade)
    grey = rgb.convert("L")
    la = Image.merge("LA", (grey, fade))

    save("plain.jpg", rgb, quality=85)
    save("half.jpg", rgb, quality=85, subsampling=1)
    save("full.jpg", rgb, quality=85, subsampling=0)
    save("progressive.jpg", rgb, quality=85, progressive=True)
    save("restart.jpg", rgb, quality=85, restart_marker_blocks=2)
    save("rgb.jpg", rgb, quality=90, keep_rgb=True)
    save("grey.jpg", grey, quality=85)
    cmyk = ImageOps.invert(rgb).convert("RGB").split()
    black = grey.point(lambda level: (255 - level) // 3)
    cmyk = Image.merge("CMYK", (*cmyk, black))
    save("cmyk.jpg", cmyk, quality=90)
    # The same four planes, the first three as luma and chroma, said to be so by Adobe's marker.
    ycc = Image.merge("CMYK", (*(ImageOps.invert(p) for p in rgb.convert("YCbCr").split()), black))
    buffer = io.BytesIO()
    ycc.save(buffer, "JPEG", quality=90)
    bytes_ = bytearray(buffer.getvalue())
    marker = bytes_.index(b"Adobe")
    assert bytes_[marker + 11] == 0
    bytes_[marker + 11] = 2
    (HERE / "ycck.jpg").write_bytes(bytes_)
    expected("ycck.jpg", Image.open(HERE / "ycck.jpg"))

    save("rgb.png", rgb, optimize=True)
    save("rgba.png", rgba, optimize=True)
    save("grey.png", grey, optimize=True)
    save("la.png", la, optimize=True)
    save("one_bit.png", grey.convert("1"))
    save("palette.png", rgb.quantize(32), optimize=True)
    save("palette_one_clear.png", rgb.quantize(32), transparency=3)
    save("palette_alpha.png", rgb.quantize(16), transparency=bytes(range(0, 256, 16)))
    save("rgb_one_clear.png", rgb, transparency=(250, 210, 60))
    deep = np.asarray(rgb).astype(np.uint32) * 257
    deep = (deep + np.arange(61)[None, :, None] * 3).clip(0, 65535)
    alpha = np.asarray(fade).astype(np.uint32)[..., None] * 257
    png16("rgb_16.png", deep)
    png16("rgba_16.png", np.concatenate([deep, alpha], -1))
    png16("grey_16.png", deep[..., :1])
    png16("la_16.png", np.concatenate([deep[..., :1], alpha], -1))

    save("lossy.webp", rgb, quality=85)
    save("lossless.webp", rgb, lossless=True)
    save("alpha.webp", rgba, quality=85)
    save("alpha_lossless.webp", rgba, lossless=True)
    other = ImageOps.mirror(rgb)
    save("animated.webp", rgb, save_all=True, append_images=[other], lossless=True)

    save("plain.gif", rgb.quantize(64))
    save("clear.gif", rgb.quantize(64), transparency=3)
    save("interlaced.gif", rgb.quantize(64), interlace=1)
    save("animated.gif", rgb.quantize(64), save_all=True, append_images=[other.quantize(64)])

    save("rgb.bmp", rgb)
    save("palette.bmp", rgb.quantize(32))
    save("grey.bmp", grey)
    save("one_bit.bmp", grey.convert("1"))
    save("four_bytes.bmp", rgb.convert("RGBA"))


def resizes():
    folder = HERE / "resize"
    folder.mkdir(exist_ok=True)
    sources = {"landscape": (500, 375), "portrait": (203, 310), "tiny": (30, 21), "strip": (400, 24)}
    cases = {
        "landscape": [(224, 224), (256, 224), (33, 33), (70, 64)],
        "portrait": [(128, 128), (144, 128), (47, 40)],
        "tiny": [(64, 64), (73, 64)],
        "strip": [(24, 24), (40, 33), (16, 16)],
    }
    for name, size in sources.items():
        source = scene(*size)
        source.save(folder / f"{name}.png", optimize=True)
        width, height = size
        least = min(size)
        for short, side in cases[name]:
            if short == side:
                # fastai's Resize(side): a centred square of whole pixels, then resized.
                left, top = (width - least) // 2, (height - least) // 2
                square = source.crop((left, top, left + least, top + least))
                done = square.resize((side, side), Image.Resampling.BILINEAR)
            else:
                # torchvision's Resize(short) and CenterCrop(side).
                long = int(short * max(size) / least)
                whole = (short, long) if width <= height else (long, short)
                done = source.resize(whole, Image.Resampling.BILINEAR)
                left, top = (int(round((length - side) / 2.0)) for length in whole)
                done = done.crop((left, top, left + side, top + side))
            done.save(folder / f"{name}_{short}_{side}.png", optimize=True)


orientations()
formats()
resizes()
