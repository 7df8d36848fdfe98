"""Training runs in `MLflow <https://mlflow.org>`_, and classifiers as models of its kind.

>>> import lookalike, lookalike.mlflow
>>> lookalike.mlflow.log(lookalike.train("photos/"))                         # doctest: +SKIP
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import mlflow
from mlflow.models import ModelSignature
from mlflow.models.model import ModelInfo
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array

from . import __version__
from ._classifier import Classifier
from ._predictions import Predictions
from ._training import Run
from .errors import InputError

__all__ = ["log", "log_model"]

#: What a model is called in a run.
NAME = "classifier"


def log(run: Run, name: str = NAME) -> ModelInfo:
    """Logs a training run: its settings, its scores with their 95% intervals (``accuracy_low``,
    ``accuracy_high``), its report and its classifier, to the active run of MLflow or to a new one."""
    mlflow.log_params(_settings(run.data))
    mlflow.log_metrics(_scores(run.data))
    for path in (run.report_path, run.suspects_path):
        if path is not None:
            mlflow.log_artifact(path)
    return log_model(run.classifier, name)


def log_model(classifier: Classifier, name: str = NAME) -> ModelInfo:
    """Logs a classifier as a model: ``mlflow models serve`` and ``mlflow.pyfunc.load_model`` take it.

    What it is asked is a column ``picture`` with the bytes of files, so that nobody names files of a
    server. It answers with the columns of ``Classifier.predict``.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, os.path.basename(classifier.name))
        classifier.save(path)
        return mlflow.pyfunc.log_model(
            name=name,
            loader_module="lookalike.mlflow",
            data_path=path,
            pip_requirements=[f"lookalike=={__version__}", "pandas"],
            signature=_signature(classifier),
        )


class _Model:
    """A classifier as MLflow asks it."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        files = list(model_input["picture"])
        # MLflow lets texts pass for bytes, and who asks a server must not open files of it.
        if not all(isinstance(file, bytes | bytearray | memoryview) for file in files):
            raise InputError("the column `picture` is not of bytes", "send files, not their paths")
        return self.classifier.predict(files, progress=False).to_pandas()


def _load_pyfunc(path: str) -> _Model:
    """MLflow calls this by its name."""
    return _Model(Classifier.load(path))


def _signature(classifier: Classifier) -> ModelSignature:
    numbers = ["probability", "novelty", *(f"probability of {one}" for one in classifier.classes)]

    def kind(column: str) -> Any:
        if column == "answer":
            return Array(DataType.string)
        return DataType.float if column in numbers else DataType.string

    # All but the verdict may be missing.
    columns = Predictions([], classifier.classes).to_pandas().columns
    outputs = [ColSpec(kind(name), name, required=name == "verdict") for name in columns]
    return ModelSignature(Schema([ColSpec(DataType.binary, "picture")]), Schema(outputs))


def _settings(data: dict[str, Any]) -> dict[str, Any]:
    """What was done: settings, versions, hashes."""
    return {fact["name"]: fact["value"] for fact in data["facts"]}


def _scores(data: dict[str, Any]) -> dict[str, float]:
    """Every figure that has an interval, with its ends."""
    scores = {"pictures": data["accuracy"]["n"]}
    for name, score in data.items():
        if isinstance(score, dict) and {"value", "low", "high"} <= score.keys():
            scores |= {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}
    return {name: value for name, value in scores.items() if value is not None}
