"""Learns to tell look-alikes apart: from a folder of labelled pictures to a classifier that you can
understand, trust and ship.

>>> import lookalike as la
>>> run = la.train("photos/")                        # doctest: +SKIP
>>> run.classifier.predict("new/*.jpg")              # doctest: +SKIP
"""

from __future__ import annotations

import os as _os

from . import _lookalike
from ._classifier import Classifier
from ._embedder import Embedder
from ._features import Features
from ._pictures import pictures_in
from ._predictions import Named, Near, Prediction, Predictions
from ._report import Report
from ._training import Run, practice, train
from .errors import Error, InputError, LookalikeWarning, ModelError, NetworkError

__version__: str = _lookalike.__version__

__all__ = [
    "Classifier",
    "Embedder",
    "Error",
    "Features",
    "InputError",
    "LookalikeWarning",
    "ModelError",
    "Named",
    "Near",
    "NetworkError",
    "Prediction",
    "Predictions",
    "Report",
    "Run",
    "pictures_in",
    "practice",
    "set_threads",
    "threads",
    "train",
]


def set_threads(count: int) -> None:
    """Sets how many threads compute in this process. Answers do not depend on it.

    Without it ``LOOKALIKE_THREADS`` decides, else ``OMP_NUM_THREADS``, else the processors that the
    process may use (affinity and container limits included).
    """
    if count < 1:
        raise InputError(f"{count} threads cannot compute", "name a number from 1")
    _lookalike.set_threads(count)


def threads() -> int:
    """How many threads compute in this process."""
    return _lookalike.threads()


def _threads_of_environment() -> None:
    for name in ("LOOKALIKE_THREADS", "OMP_NUM_THREADS"):
        # OpenMP allows a list, one number a level of nesting.
        text = _os.environ.get(name, "").split(",")[0].strip()
        if text.isdecimal() and int(text) > 0:
            _lookalike.set_threads(int(text))
            return


_threads_of_environment()
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_lookalike.forked)
