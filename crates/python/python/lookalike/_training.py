"""Training, from labelled pictures to a classifier with a report."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from . import _lookalike
from ._classifier import Classifier
from ._progress import Progress, listener
from ._report import Report
from .errors import InputError

Path: TypeAlias = str | os.PathLike[str]


class Run:
    """A training run that has ended. A notebook shows its report."""

    def __init__(self, data: dict[str, Any]) -> None:
        #: All that is known of it, as ``lookalike train --json`` prints it.
        self.data = data
        saved = data["saved"]
        #: Where the classifier was saved.
        self.path: str = saved["classifier"]
        #: Where the report was written.
        self.report_path: str | None = saved["report"]
        #: The table of possible label errors, if there are any.
        self.suspects_path: str | None = saved["suspects"]
        self._classifier: Classifier | None = None

    @property
    def classifier(self) -> Classifier:
        """The classifier that was saved."""
        if self._classifier is None:
            self._classifier = Classifier.load(self.path)
        return self._classifier

    @property
    def report(self) -> Report:
        """Its report."""
        return self.classifier.report()

    @property
    def accuracy(self) -> dict[str, Any]:
        """The share of held-out pictures that it gets right, with its 95% interval (``low``,
        ``high``)."""
        accuracy: dict[str, Any] = self.data["accuracy"]
        return accuracy

    def __repr__(self) -> str:
        value, low, high = (100 * self.accuracy[part] for part in ("value", "low", "high"))
        return f"<Run: accuracy {value:.0f}% ({low:.0f}–{high:.0f}%), saved as {self.path!r}>"

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def train(
    pictures: Path | Sequence[Path] | None = None,
    labels: Iterable[str] | Path | None = None,
    *,
    features: Path | Sequence[Path] | None = None,
    output: Path | None = None,
    report: Path | bool = True,
    minutes: float | None = None,
    backbone: str | Sequence[str] | None = None,
    weights: Path | None = None,
    offline: bool = False,
    valid: float | None = None,
    folds: int = 5,
    repeats: int | None = None,
    group_by: str | Sequence[str] = (),
    fixes: Path | None = None,
    like: Path | None = None,
    add_to: Path | None = None,
    views: int = 2,
    size: int | None = None,
    precision: str | None = None,
    seed: int = 42,
    recipe: str | None = None,
    fine_tune: str = "auto",
    frozen_epochs: int | None = None,
    epochs: int | None = None,
    lr: str | None = None,
    frozen_lr: str | None = None,
    batch: int | None = None,
    augment: bool = True,
    keep: str | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    fold_column: str | None = None,
    box_columns: str | Sequence[str] | None = None,
    root: Path | None = None,
    min_confidence: float | None = None,
    detected: str | None = None,
    fresh: bool = False,
    log: Path | None = None,
    progress: Progress = None,
) -> Run:
    """Trains a classifier, saves it and its report, and returns what came of it.

    ``pictures``: a folder with one sub-folder a class, a table of ``path,label`` (CSV), labels or boxes
    of another program, a data set in Parquet, or a list of paths with their ``labels``.
    ``features``: what ``lookalike features`` wrote, instead of pictures: Parquet files, a pattern or a
    folder; ``labels`` may name a table of theirs. ``output``: the classifier's file, by default
    ``photos.lookalike`` in the current folder for ``photos/``. ``report``: the report's file, or
    ``False`` for none.

    ``backbone``: a network, or several, which are compared before the best is trained.

    All other settings are those of ``lookalike train``, and have its defaults; ``lookalike train
    --help`` explains them. Ctrl-C ends the run cleanly with ``KeyboardInterrupt``; the same call
    resumes it.
    """
    source = _source(pictures, labels, features, output)
    for name, value, least, most in (
        ("minutes", minutes, 0, 1e5),
        ("valid", valid, 0, 1),
        ("folds", folds, 1, 100),
        ("size", size, 31, 1024),
        ("views", views, 0, 4),
        ("batch", batch, 0, 4096),
        ("repeats", repeats, 0, 100),
    ):
        if value is not None and not least < value <= most:
            raise InputError(f"{name}={value} is not above {least} and at most {most:g}")
    if views == 3:
        raise InputError("there are 1, 2 or 4 views")
    settings = source | {
        "path_column": path_column,
        "label_column": label_column,
        "fold_column": fold_column,
        "box_columns": box_columns
        if box_columns is None or isinstance(box_columns, str)
        else ",".join(box_columns),
        "root": root,
        "min_confidence": min_confidence,
        "detected": detected,
        "output": output,
        "report": None if isinstance(report, bool) else report,
        "no_report": report is False,
        "fixes": fixes,
        "group_by": [group_by] if isinstance(group_by, str) else list(group_by),
        "like": like,
        "add_to": add_to,
        "backbones": backbone.split(",") if isinstance(backbone, str) else list(backbone or ()),
        "weights": weights,
        "offline": offline,
        "recipe": recipe,
        "size": size,
        "valid": valid,
        "precision": None if precision == "auto" else precision,
        "seed": seed,
        "fine_tune": fine_tune,
        "minutes": minutes,
        "views": views,
        "folds": folds,
        "repeats": repeats,
        "frozen_epochs": frozen_epochs,
        "epochs": epochs,
        "lr": lr,
        "frozen_lr": frozen_lr,
        "batch": batch,
        "augment": augment,
        "keep": keep,
        "fresh": fresh,
        "log": log,
        "command": f"lookalike.train({_called(source)})",
    }
    return Run(json.loads(_lookalike.train(settings, listener(progress))))


def _called(source: dict[str, Any]) -> str:
    """The pictures or their features, as arguments of ``train``."""
    features = [os.fspath(path) for path in source["features"]]
    return f"features={features!r}" if features else repr(os.fspath(source["folder"] or source["table"]))


def _source(
    pictures: Path | Sequence[Path] | None,
    labels: Iterable[str] | Path | None,
    features: Path | Sequence[Path] | None,
    output: Path | None,
) -> dict[str, Any]:
    """The folder, the table or the features; of paths with labels a table is written beside the
    classifier."""
    source: dict[str, Any] = {"folder": None, "table": None, "features": []}
    if features is not None:
        if pictures is not None:
            raise InputError("features come instead of pictures", "pass one of the two")
        if labels is not None and not isinstance(labels, str | os.PathLike):
            raise InputError("labels of features come as a table", "pass the path of a CSV")
        files = [features] if isinstance(features, str | os.PathLike) else list(features)
        return source | {"features": files, "table": labels}
    if pictures is None:
        raise InputError("there is nothing to train on", "pass a folder, a table, paths or `features`")
    if isinstance(pictures, str | os.PathLike):
        if labels is not None:
            raise InputError("labels come with a list of paths", "leave them out for a folder")
        return source | {"table" if os.path.isfile(pictures) else "folder": pictures}
    if isinstance(labels, str | os.PathLike):
        raise InputError("labels of paths are a list", "for a table, pass its path as `pictures`")
    if labels is None:
        raise InputError(
            "a list of paths needs labels", "pass `labels`, one for each path, or name a folder"
        )
    if output is None:
        raise InputError("a list of paths has no name to call the classifier by", "pass `output`")
    paths, names = list(pictures), [str(label) for label in labels]
    if len(paths) != len(names):
        raise InputError(f"there are {len(paths)} pictures and {len(names)} labels")
    table_path = os.path.splitext(os.fspath(output))[0] + ".labels.csv"
    with open(table_path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "label"))
        rows.writerows((os.path.abspath(path), name) for path, name in zip(paths, names))
    return source | {"table": table_path}


def practice(folder: Path, *, per_class: int = 60, seed: int = 42) -> None:
    """Draws a practice set into a new folder: three butterflies that look alike."""
    _lookalike.practice(folder, per_class, seed)
