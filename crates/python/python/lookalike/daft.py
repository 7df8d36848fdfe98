"""Answers and features in `Daft <https://daft.ai>`_ data frames, on one machine or many.

>>> import daft, lookalike.daft
>>> photos = daft.read_parquet("photos/*.parquet")                           # doctest: +SKIP
>>> answers = lookalike.daft.predict("birds.lookalike", photos["bytes"])     # doctest: +SKIP
>>> photos.select("path", answers).write_parquet("answers")                  # doctest: +SKIP
"""

from __future__ import annotations

from typing import Any

import daft
import pyarrow

from ._embedder import Embedder
from ._worker import Given, Worker, schema, sent

__all__ = ["features", "predict"]


def predict(
    classifier: Given,
    pictures: daft.Expression,
    *,
    always: bool = False,
    min_probability: float | None = None,
    actors: int = 1,
    cpus: int | None = None,
    batch_size: int = 64,
) -> daft.Expression:
    """What pictures show: the columns of ``Classifier.predict``, for ``select``.

    ``pictures``: a column of files' bytes, of paths, or of structs with ``bytes`` and ``path``. One
    that cannot be read is a row with the verdict ``unreadable``.

    ``actors``: how many workers each hold the classifier: one for each machine. ``cpus``: how many
    processors each is granted and computes with; by default all of its machine.
    """
    settings = {"always": always, "min_probability": min_probability}
    return _expression(sent(classifier), pictures, actors, cpus, batch_size, settings)


def features(
    embedder: Embedder,
    pictures: daft.Expression,
    *,
    actors: int = 1,
    cpus: int | None = None,
    batch_size: int = 64,
) -> daft.Expression:
    """The features of pictures, as the columns ``features`` (null where a picture cannot be read) and
    ``error``, for ``select``. The parameters are those of ``predict``."""
    return _expression(embedder, pictures, actors, cpus, batch_size, {})


def _expression(
    asked: Any,
    pictures: daft.Expression,
    actors: int,
    cpus: int | None,
    batch_size: int,
    settings: dict[str, Any],
) -> daft.Expression:
    columns = pyarrow.struct(schema(asked))

    # Which columns there are is known only now, and so is the class.
    @daft.cls(max_concurrency=actors, cpus=cpus)
    class Actor:
        def __init__(self) -> None:
            self.worker = Worker(asked, cpus, **settings)

        @daft.method.batch(
            return_dtype=daft.DataType.from_arrow_type(columns), unnest=True, batch_size=batch_size
        )
        def answer(self, pictures: daft.Series) -> pyarrow.Array:
            return self.worker(pictures.to_arrow()).to_struct_array().combine_chunks()

    said: daft.Expression = Actor().answer(pictures)
    return said
