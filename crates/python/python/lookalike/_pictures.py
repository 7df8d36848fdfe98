"""What may be asked about, as pairs of a name and a picture.

A picture is a path, the bytes of a file, a Pillow image, or an array of ``height × width × 3`` whole
numbers from 0 to 255 (anything with the buffer protocol). Several of them come as a list or any other
iterable, a column of pyarrow, polars or pandas among them. A string may be a folder or a pattern.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from . import _lookalike
from .errors import InputError

Pair: TypeAlias = tuple[str, Any]


def pairs(pictures: Any) -> tuple[Iterator[Pair], int | None]:
    """The pictures, each converted when it is wanted, and how many there are, where that is known."""
    if isinstance(pictures, str | os.PathLike):
        paths = named(os.fspath(pictures))
        return ((path, path) for path in paths), len(paths)
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


def named(path: str) -> list[str]:
    """The files that a path, a folder or a pattern stands for."""
    if os.path.exists(path):
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
    name = f"[{number}]"
    if _is_pil(picture):
        return name, _pixels(picture)
    if isinstance(picture, bytes) or _view(picture) is not None:
        return name, picture
    raise TypeError(f"{name}: {type(picture).__name__} is no picture")


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
