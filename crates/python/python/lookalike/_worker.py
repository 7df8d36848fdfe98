"""What a worker of Daft or Ray holds: one loaded classifier or network, which is handed columns."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

import pyarrow

from . import _lookalike
from ._classifier import Classifier
from ._embedder import Embedder
from ._predictions import Predictions

#: A classifier, or the path of its file.
Given: TypeAlias = Classifier | str | os.PathLike[str]


class Worker:
    """Turns a column of pictures into columns of answers or of features, row for row.

    A path is read by each worker, from a disk that all of them see. A ``Classifier`` travels to them
    as the bytes of its file.
    """

    def __init__(
        self, asked: Classifier | Embedder | str, threads: int | None, **settings: Any
    ) -> None:
        if threads is not None:
            _lookalike.set_threads(threads)
        self._asked = Classifier.load(asked) if isinstance(asked, str) else asked
        self._settings = settings

    def __call__(self, pictures: Any) -> pyarrow.Table:
        if isinstance(self._asked, Embedder):
            features = self._asked(pictures, errors="nan", progress=False)
            errors = [features.errors.get(row) for row in range(len(features))]
            column = features.to_arrow()
            return pyarrow.table({"features": column, "error": pyarrow.array(errors, "string")})
        answers = self._asked.predict(pictures, progress=False, **self._settings)
        return told(answers)


def told(answers: Predictions) -> pyarrow.Table:
    """Answers as a table without names of pictures: those are in columns of the engine's own."""
    return answers.to_arrow().drop_columns(["picture"])


def sent(classifier: Given) -> Classifier | str:
    """What travels to workers."""
    return classifier if isinstance(classifier, Classifier) else os.fspath(classifier)


def schema(asked: Classifier | Embedder | str) -> pyarrow.Schema:
    """The columns that a worker gives."""
    if isinstance(asked, Embedder):
        features = pyarrow.list_(pyarrow.float32(), asked.width)
        return pyarrow.schema({"features": features, "error": pyarrow.string()})
    classifier = Classifier.load(asked) if isinstance(asked, str) else asked
    return told(Predictions([], classifier.classes)).schema
