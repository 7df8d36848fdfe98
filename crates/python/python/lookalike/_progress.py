"""How far work is: bars by tqdm, a caller's own function, or nothing."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import LookalikeWarning

Event: TypeAlias = dict[str, Any]
#: ``None``: bars where somebody sees them and tqdm is installed. ``True``: bars wherever tqdm is
#: installed. ``False``: none. A function is called with each event, a dictionary.
Progress: TypeAlias = bool | Callable[[Event], object] | None
Hear: TypeAlias = Callable[[list[tuple[Any, ...]]], None]


def listener(progress: Progress) -> Hear:
    """What hears news of work, on the thread that asked for it."""
    if callable(progress):
        return _Caller(progress)
    if progress is False or (progress is None and not _somebody_looks()):
        return _Bars(None)
    try:
        from tqdm.auto import tqdm
    except ImportError:
        tqdm = None
    return _Bars(tqdm)


def _somebody_looks() -> bool:
    return sys.stderr is not None and sys.stderr.isatty() or "ipykernel" in sys.modules


def _warn(line: str) -> None:
    warnings.warn(line, LookalikeWarning, stacklevel=2)


class _Bars:
    """Bars by tqdm, or none."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bars: dict[int, Any] = {}

    def __call__(self, news: list[tuple[Any, ...]]) -> None:
        for kind, *rest in news:
            if kind == "warn":
                _warn(rest[1])
            elif self._tqdm is None:
                continue
            elif kind == "begin":
                number, what, total = rest
                self._bars[number] = self._tqdm(total=total, desc=what, leave=False, delay=1)
            elif kind == "advance":
                self._bars[rest[0]].update(rest[1])
            elif kind == "say":
                self._bars[rest[0]].set_postfix_str(rest[1])
            elif kind == "end":
                self._bars.pop(rest[0]).close()


class _Caller:
    """Calls a function with each event."""

    def __init__(self, tell: Callable[[Event], object]) -> None:
        self._tell = tell
        self._bars: dict[int, Event] = {}

    def __call__(self, news: list[tuple[Any, ...]]) -> None:
        for kind, number, *rest in news:
            if kind == "warn":
                _warn(rest[0])
            elif kind == "note":
                self._tell({"event": "note", "text": rest[0]})
            elif kind == "event":
                self._tell(json.loads(rest[0]))
            elif kind == "begin":
                what, total = rest
                self._bars[number] = {"event": "progress", "what": what, "done": 0, "total": total}
                self._tell(dict(self._bars[number]))
            elif kind == "advance":
                self._bars[number]["done"] += rest[0]
                self._tell(dict(self._bars[number]))
            elif kind == "end":
                self._bars.pop(number, None)
