"""A trained classifier."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import weakref
from typing import Any

from . import _lookalike
from ._features import Features, extracted
from ._pictures import pairs
from ._predictions import Prediction, Predictions
from ._progress import Progress, listener
from ._report import Report

#: Classifiers that came by pickle, by content: a process holds each once.
_unpickled: weakref.WeakValueDictionary[str, Classifier] = weakref.WeakValueDictionary()


class Classifier:
    """A trained classifier: asked about pictures, saved, sent to other processes, reported on.

    Threads may share one: they are answered one after the other, each by all processors.
    """

    def __init__(self, core: _lookalike.Core) -> None:
        self._core = core

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Classifier:
        """Reads a classifier's file; nothing in it is believed or run."""
        return cls(_lookalike.Core.load(path))

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "classifier.lookalike") -> Classifier:
        """Reads a classifier from the bytes of its file, which messages call ``name``."""
        return cls(_lookalike.Core.of_bytes(name, data))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes its file, whole or not at all."""
        self._core.save(path)

    def to_bytes(self) -> bytes:
        """The bytes of its file."""
        return self._core.data()

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        return self._core.classes

    @property
    def name(self) -> str:
        """What its file is called."""
        return os.fspath(self._core.name)

    @property
    def novelty_limit(self) -> float | None:
        """The novelty above which a picture is not recognised."""
        return self._core.novelty_limit

    def predict(
        self,
        pictures: Any,
        *,
        always: bool = False,
        min_probability: float | None = None,
        progress: Progress = None,
    ) -> Predictions:
        """Says what pictures show.

        ``pictures``: a path, a folder, a pattern such as ``"new/*.jpg"``, a box in a picture
        (``"IMG_1.jpg#120,40,200,180"``), a file of boxes or a data set (``pictures_in`` has settings for
        these), the bytes of a file, a Pillow image, an array of height × width × 3 (RGB, ``uint8``) or
        of several such pictures, or a list or another iterable of those. Bytes and files are turned
        upright by their EXIF; pixels are taken as they are.

        ``always`` answers with the likeliest class, however unsure. ``min_probability`` is the least
        with which a class is named alone. A picture that cannot be read has the verdict
        ``unreadable`` and an ``error``.
        """
        asked, total = pairs(pictures)
        said = self._core.predict(asked, total, always, min_probability, listener(progress))
        return Predictions([Prediction._of_json(one) for one in said], self.classes)

    def features(
        self, pictures: Any, *, errors: str = "raise", progress: Progress = None
    ) -> Features:
        """The features of pictures by its own backbone, as ``Embedder`` gives those of another."""
        return extracted(self._core, pictures, errors, progress)

    def report(self) -> Report:
        """What it knows of its own training."""
        return Report(*self._core.report())

    def verify(self) -> float:
        """Runs its self-test: by how much its answers differ from those when it was saved, at most."""
        return self._core.verify()

    def export(
        self,
        output: str | os.PathLike[str],
        *,
        to: str | None = None,
        half: bool = False,
        novelty: bool = True,
    ) -> dict[str, Any]:
        """Writes it for other programs and returns what ``lookalike export --json`` prints.

        ``to`` is ``onnx``, ``timm`` or ``hub``; by default what the output's name says, else ONNX.
        ``half`` stores weights in 16 bits. Without ``novelty`` the file cannot say "not recognised",
        and has nothing of the training pictures.
        """
        with tempfile.TemporaryDirectory() as folder:
            model = os.path.join(folder, os.path.basename(self.name))
            self.save(model)
            written: dict[str, Any] = json.loads(
                _lookalike.export(model, output, to, half, novelty)
            )
        return written

    def __repr__(self) -> str:
        return f"<Classifier {os.path.basename(self.name)!r}: {', '.join(self.classes)}>"

    def _repr_html_(self) -> str:
        return self.report()._repr_html_()

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self.to_bytes(), self.name)


def _unpickle(data: bytes, name: str) -> Classifier:
    key = hashlib.sha256(data).hexdigest()
    known = _unpickled.get(key)
    if known is None:
        known = _unpickled[key] = Classifier.from_bytes(data, name)
    return known
