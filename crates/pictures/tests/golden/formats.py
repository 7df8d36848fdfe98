"""Writes pictures of the formats that come by other decoders, with what Pillow makes of them.

    python formats.py     # writes beside itself; needs Pillow, pillow-heif, tifffile and NumPy
"""
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

from make import HERE, expected, over_white, save, scene


def tiffs(rgb):
    grey = rgb.convert("L")
    for name, options in {
        "plain": {},
        "lzw": {"compression": "tiff_lzw"},
        "deflate": {"compression": "tiff_adobe_deflate"},
        "packbits": {"compression": "packbits"},
    }.items():
        save(f"{name}.tiff", rgb, **options)
    save("grey.tiff", grey)
    save("one_bit.tiff", grey.convert("1"))
    save("pages.tiff", rgb, save_all=True, append_images=[rgb.transpose(Image.Transpose.ROTATE_180)])
    pixels = np.asarray(rgb)
    deep = pixels.astype(np.uint16) * 257
    for name, array, options in [
        ("deep.tiff", deep, {}),
        ("deep_grey.tiff", np.asarray(grey).astype(np.uint16) * 257, {}),
        ("tiled.tiff", pixels, {"tile": (16, 16)}),
        ("big_endian.tiff", deep, {"byteorder": ">"}),
    ]:
        kind = "minisblack" if array.ndim == 2 else "rgb"
        tifffile.imwrite(HERE / name, array, photometric=kind, metadata=None, **options)
        expected(name, grey if array.ndim == 2 else rgb)
    rgb.transpose(Image.Transpose.ROTATE_90).save(HERE / "turned.tiff", tiffinfo={274: 6})
    expected("turned.tiff", rgb)


def heics(rgb):
    pillow_heif.register_heif_opener()
    save("photo.heic", rgb, quality=80)
    save("full.heic", rgb, quality=80, chroma=444)
    alpha = rgb.copy()
    alpha.putalpha(rgb.convert("L"))
    alpha.save(HERE / "refused" / "alpha.heic", quality=90)


def others(rgb):
    save("plain.ppm", rgb)
    save("grey.pgm", rgb.convert("L"))
    save("one_bit.pbm", rgb.convert("1"))
    rows = "\n".join(" ".join(map(str, row.ravel())) for row in np.asarray(rgb))
    # A number that is cut off is another number, so the text form is refused.
    (HERE / "refused" / "text.ppm").write_text(f"P3\n# drawn\n{rgb.width} {rgb.height}\n255\n{rows}\n")
    save("icon.ico", rgb.resize((48, 48)).convert("RGBA"), sizes=[(48, 48), (16, 16)])


def profiles(rgb):
    """Pixels in another space, whose profile is attached; Pillow converts them by LittleCMS."""
    srgb = ImageCms.createProfile("sRGB")
    for name in ("p3", "adobe"):
        profile = matrix_profile(*SPACES[name])
        there = ImageCms.ImageCmsProfile(__import__("io").BytesIO(profile))
        rgb.save(HERE / f"{name}.png", icc_profile=profile, optimize=True)
        expected(f"{name}.png", ImageCms.profileToProfile(rgb, there, srgb, outputMode="RGB"))
    # One that says sRGB changes nothing.
    rgb.save(HERE / "srgb.png", icc_profile=ImageCms.ImageCmsProfile(srgb).tobytes(), optimize=True)
    expected("srgb.png", rgb)


# Red, green and blue in XYZ under D50, and the exponent: Display P3 (with 2.2) and Adobe RGB (1998).
SPACES = {
    "p3": ([(0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407)], 2.2),
    "adobe": ([(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)], 2.19921875),
}


def matrix_profile(colours, exponent):
    """The least that an ICC profile of a screen has (version 2.1)."""
    import struct

    fixed = lambda value: struct.pack(">i", round(value * 65536))
    xyz = lambda values: b"XYZ \0\0\0\0" + b"".join(map(fixed, values))
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256)) + b"\0\0"
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + b"\0" * 78}
    tags[b"wtpt"] = xyz((0.9642, 1.0, 0.8249))
    for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colours):
        tags[name] = xyz(values)
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = curve
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + b"".join(map(fixed, (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + table + body


if __name__ == "__main__":
    picture = scene(61, 43)
    tiffs(picture)
    heics(picture)
    others(picture)
    profiles(picture)
