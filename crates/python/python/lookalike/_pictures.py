"""What may be asked about, as pairs of a name and a picture.

A picture is a path, the bytes of a file, a Pillow image, or an array of ``height × width × 3`` whole
numbers from 0 to 255 (anything with the buffer protocol). Several of them come as a list or any other
iterable, a column of pyarrow, polars or pandas among them. A string may be a folder, a pattern, a file
of labels or boxes of another program, or a box in a picture (``IMG_1.jpg#120,40,200,180``).

Bytes in a column of pyarrow are not copied on the way: the decoder reads them where they are.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from . import _lookalike
from .errors import InputError

Pair: TypeAlias = tuple[str, Any]


def pairs(pictures: Any) -> tuple[Iterator[Pair], int | None]:
    """The pictures, each converted when it is wanted, and how many there are, where that is known."""
    if isinstance(pictures, str | os.PathLike):
        paths = named(os.fspath(pictures))
        return (pair(number, path) for number, path in enumerate(paths)), len(paths)
    column = _columns(pictures)
    if column is not None:
        return (pair(number, row) for number, row in enumerate(column)), len(pictures)
    if _is_batch(pictures):
        pictures = list(_rows(pictures))
    elif _is_one(pictures):
        pictures = [pictures]
    elif not isinstance(pictures, Iterable):
        raise TypeError(f"{type(pictures).__name__} is no picture, nor a list of pictures")
    try:
        total = len(pictures)
    except TypeError:
        total = None
    return (pair(number, picture) for number, picture in enumerate(pictures)), total


def pictures_in(
    file: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    min_confidence: float | None = None,
    detected: str | None = None,
) -> list[_lookalike.Place]:
    """The pictures that a file of another program names or holds, in its order: labels or boxes (COCO,
    MegaDetector, Label Studio, YOLO), an archive (WebDataset) or a data set in Parquet. Each has a
    ``name``, and is a picture for ``Classifier.predict`` and ``Embedder.features``.

    ``root`` is the folder that its paths are relative to. Of a detector's boxes those of a confidence of
    at least ``min_confidence`` count (by default 0.2), of what it calls ``detected`` (``"animal"``, or
    ``"all"``).
    """
    found = _lookalike.pictures_in(file, root, min_confidence, detected)
    if found is None:
        raise InputError(f"`{os.fspath(file)}` is no file of labels, boxes or pictures")
    return found


def named(path: str) -> Sequence[str | _lookalike.Place]:
    """The pictures that a path, a folder, a pattern, or a file of another program stands for."""
    found: Sequence[str | _lookalike.Place]
    if os.path.isfile(path):
        inside = _lookalike.pictures_in(path, None, None, None)
        found = [path] if inside is None else inside
    elif os.path.isfile(path.rpartition("#")[0]):  # a box in it
        found = [path]
    elif os.path.exists(path):
        found = _lookalike.pictures_of([path])
    elif glob.has_magic(path):
        found = _lookalike.pictures_of(sorted(glob.glob(path, recursive=True)))
    else:
        raise InputError(
            f"there is no file or folder `{path}`", "check the spelling, and which folder you are in"
        )
    if not found:
        raise InputError(f"there are no pictures in `{path}`", "name pictures, or folders with some")
    return found


def pair(number: int, picture: Any) -> Pair:
    """A picture with its name: its path, or its place in the list."""
    if hasattr(picture, "as_py"):  # a scalar of pyarrow
        picture = picture.as_py()
    if isinstance(picture, dict):  # as data sets of Hugging Face have them
        picture = picture.get("bytes") or picture.get("path")
    if isinstance(picture, str | os.PathLike):
        path = os.fspath(picture)
        return path, path
    if isinstance(picture, _lookalike.Place):
        return str(picture), picture
    name = f"[{number}]"
    if _is_pil(picture):
        return name, _pixels(picture)
    if isinstance(picture, bytes):
        return name, picture
    view = _view(picture)
    if view is not None:
        return name, view.cast("B") if view.format in ("b", "c") and view.ndim == 1 else picture
    raise TypeError(f"{name}: {type(picture).__name__} is no picture")


def _columns(pictures: Any) -> Iterator[Any] | None:
    """What a column of pyarrow has in its rows, if this is one."""
    if type(pictures).__module__ != "pyarrow.lib":
        return None
    if hasattr(pictures, "chunks"):
        return (row for chunk in pictures.chunks for row in _of_chunk(chunk))
    return _of_chunk(pictures) if hasattr(pictures, "buffers") else None


def _of_chunk(chunk: Any) -> Iterator[Any]:
    """The rows of an array of pyarrow: bytes where they are, or paths. Null is an empty file."""
    chunk = getattr(chunk, "storage", chunk)  # of an extension type
    kind, there = str(chunk.type), chunk.is_valid().to_pylist()
    if kind.startswith("struct<"):  # as data sets of Hugging Face have them
        names = [name for name in ("bytes", "path") if chunk.type.get_field_index(name) >= 0]
        parts = [_of_chunk(chunk.field(name)) for name in names]
        for valid, row in zip(there, zip(*parts)):
            yield next((part for part in row if valid and len(part)), b"")
        return
    if kind == "binary_view":
        chunk, kind = chunk.cast("large_binary"), "large_binary"
    if kind not in ("binary", "large_binary"):
        yield from (b"" if path is None else path for path in chunk.to_pylist())
        return
    _, ends, data = chunk.buffers()
    ends = memoryview(ends or b"").cast("i" if kind == "binary" else "q")[chunk.offset :]
    data = memoryview(data or b"").cast("B")
    for at, valid in enumerate(there):
        yield data[ends[at] : ends[at + 1]] if valid else b""


def _is_one(picture: Any) -> bool:
    view = _view(picture)
    file = view is not None and view.ndim == 1 and view.format in ("B", "b", "c")
    return file or _is_pil(picture) or (view is not None and view.ndim in (2, 3))


def _is_batch(pictures: Any) -> bool:
    view = _view(pictures)
    return view is not None and view.ndim == 4


def _rows(pictures: Any) -> Iterator[Any]:
    """The pictures of an array of four dimensions."""
    view = memoryview(pictures)
    if view.format != "B" or not view.c_contiguous or 0 in (view.shape or ()):
        yield from pictures  # an array's own rows; what is wrong with one is said when it is wanted
        return
    count, *shape = view.shape or (0,)
    flat, size = view.cast("B"), view.nbytes // count
    for at in range(count):
        yield flat[at * size : (at + 1) * size].cast("B", shape)


def _view(picture: Any) -> memoryview | None:
    try:
        return memoryview(picture)
    except (TypeError, ValueError, BufferError):
        return None


def _is_pil(picture: Any) -> bool:
    return hasattr(picture, "convert") and hasattr(picture, "getbands")


def _pixels(picture: Any) -> memoryview:
    picture = picture.convert("RGB")
    return memoryview(picture.tobytes()).cast("B", (picture.height, picture.width, 3))
