"""Answers and features in `Ray Data <https://docs.ray.io/en/latest/data>`_, on one machine or many.

>>> import ray, lookalike.ray
>>> photos = ray.data.read_parquet("photos/")                                # doctest: +SKIP
>>> answers = lookalike.ray.predict("birds.lookalike", photos, "bytes")      # doctest: +SKIP
>>> answers.write_parquet("answers/")                                        # doctest: +SKIP
"""

from __future__ import annotations

from typing import Any

import pyarrow
import ray

from ._embedder import Embedder
from ._worker import Given, Worker, sent
from .errors import InputError

__all__ = ["features", "predict"]


def predict(
    classifier: Given,
    pictures: ray.data.Dataset,
    column: str,
    *,
    always: bool = False,
    min_probability: float | None = None,
    actors: int | None = None,
    cpus: int | None = None,
    batch_size: int = 64,
) -> ray.data.Dataset:
    """The data set with what its pictures show: the columns of ``Classifier.predict`` are added.

    ``column`` has files' bytes, paths, or structs with ``bytes`` and ``path``; all but paths are then
    left out. A picture that cannot be read is a row with the verdict ``unreadable``.

    ``actors``: how many processes each hold the classifier, by default one for each machine. Each is
    granted ``cpus`` processors, by default all of a machine but one, which reads and writes. It
    computes with as many threads, and with one on all by default.
    """
    settings = {"always": always, "min_probability": min_probability}
    return _mapped(sent(classifier), pictures, column, actors, cpus, batch_size, settings)


def features(
    embedder: Embedder,
    pictures: ray.data.Dataset,
    column: str,
    *,
    actors: int | None = None,
    cpus: int | None = None,
    batch_size: int = 64,
) -> ray.data.Dataset:
    """The data set with the columns ``features`` (null where a picture cannot be read) and ``error``.
    The parameters are those of ``predict``."""
    return _mapped(embedder, pictures, column, actors, cpus, batch_size, {})


def _mapped(
    asked: Any,
    pictures: ray.data.Dataset,
    column: str,
    actors: int | None,
    cpus: int | None,
    batch_size: int,
    settings: dict[str, Any],
) -> ray.data.Dataset:
    if not ray.is_initialized():
        ray.init()
    machines = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    computing = [int(count) for count in machines if count >= 1]
    smallest = min(computing, default=1)
    # Reading and writing are tasks that need a processor of their own, and use little of it.
    granted = cpus or max(1, smallest - 1)
    return pictures.map_batches(
        _Actor,
        fn_constructor_args=(ray.put(asked), column, cpus or smallest, settings),
        batch_size=batch_size,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=actors or max(1, len(computing))),
        num_cpus=granted,
    )


class _Actor:
    """Holds a worker in a process of Ray's, which does a batch again if this one is killed."""

    def __init__(self, asked: Any, column: str, threads: int, settings: dict[str, Any]) -> None:
        self._worker = Worker(ray.get(asked), threads, **settings)
        self._column = column

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        pictures = batch[self._column]
        said = self._worker(pictures)
        if "string" not in str(pictures.type):
            batch = batch.drop_columns([self._column])
        for name in said.column_names:
            if name in batch.column_names:
                raise InputError(f"there is a column `{name}` already", "rename or drop it first")
            batch = batch.append_column(name, said[name])
        return batch
