"""Features of pictures, as rows of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import _lookalike
from ._pictures import pairs
from ._progress import Progress, listener
from .errors import InputError


class Features:
    """Rows of 32-bit floats, one for each picture. ``numpy.asarray(features)`` copies nothing, and
    ``memoryview(features)`` needs no NumPy (Python 3.12)."""

    def __init__(
        self, data: bytes, rows: int, width: int, errors: dict[int, str] | None = None
    ) -> None:
        self._data = data
        self.shape = (rows, width)
        #: Why pictures cannot be read, by their rows, which are NaN.
        self.errors: dict[int, str] = errors or {}

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: int) -> list[float]:
        row = range(len(self))[row]
        first = row * self.shape[1]
        numbers: list[float] = list(self._numbers()[first : first + self.shape[1]])
        return numbers

    def __iter__(self) -> Iterator[list[float]]:
        return (self[row] for row in range(len(self)))

    def buffer(self) -> memoryview[Any]:
        """The numbers, as a buffer of two dimensions."""
        if 0 in self.shape:
            return self._numbers()
        return memoryview(self._data).cast("f", self.shape)

    def to_arrow(self) -> Any:
        """A column of ``pyarrow``: a list of fixed size for each picture, null where it cannot be
        read. The numbers are not copied."""
        import pyarrow

        rows, width = self.shape
        numbers = pyarrow.Array.from_buffers(
            pyarrow.float32(), rows * width, [None, pyarrow.py_buffer(self._data)]
        )
        unread = pyarrow.array([row in self.errors for row in range(rows)], pyarrow.bool_())
        return pyarrow.FixedSizeListArray.from_arrays(numbers, width, mask=unread)

    def _numbers(self) -> memoryview[Any]:
        return memoryview(self._data).cast("f")

    def __buffer__(self, flags: int, /) -> memoryview[Any]:
        return self.buffer()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return {"version": 3, "shape": self.shape, "typestr": _FLOAT, "data": self._data}

    def __repr__(self) -> str:
        return f"<Features: {self.shape[0]} pictures × {self.shape[1]} numbers>"


#: A 32-bit float in this machine's order of bytes, as NumPy spells it.
_FLOAT = ("<" if memoryview(b"\1\0").cast("H")[0] == 1 else ">") + "f4"


def extracted(
    core: _lookalike.Core | _lookalike.Extractor, pictures: Any, errors: str, progress: Progress
) -> Features:
    """The features that a loaded network has of pictures."""
    if errors not in ("raise", "nan"):
        raise ValueError(f"errors={errors!r}: there are raise and nan")
    asked, total = pairs(pictures)
    data, width, unread = core.features(asked, total, listener(progress))
    if unread and errors == "raise":
        _, name, reason = unread[0]
        more = f", and {len(unread) - 1} more pictures cannot be read" if unread[1:] else ""
        raise InputError(
            f"`{name}`: {reason}{more}", 'leave it out, or pass `errors="nan"` for a row of NaN'
        )
    reasons = {row: reason for row, _, reason in unread}
    return Features(data, len(data) // (4 * width), width, reasons)
