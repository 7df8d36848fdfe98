"""Estimators for scikit-learn, whose ``X`` is a list of pictures: paths, or all else that
``Classifier.predict`` takes one by one.

``make_pipeline(PictureFeatures(), LogisticRegression()).fit(paths, labels)`` fits any of its classifiers
on features; ``LookalikeClassifier().fit(paths, labels)`` is ``lookalike.train``.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

try:
    import numpy
    from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(
        "scikit-learn 1.6 or later is needed: pip install 'lookalike[sklearn]'"
    ) from error

from ._classifier import Classifier
from ._embedder import Embedder
from ._training import train
from .errors import InputError

__all__ = ["LookalikeClassifier", "PictureFeatures"]


def _pictures(X: Any) -> list[Any]:
    """The pictures of a list, or of a table with one column."""
    if isinstance(X, str | os.PathLike):
        raise InputError("X is one path, and a list of pictures is needed", "pass `[path]`")
    if hasattr(X, "iloc"):  # pandas
        X = X.to_numpy()
    if getattr(X, "ndim", 1) == 2:
        if X.shape[1] != 1:
            raise InputError(f"X has {X.shape[1]} columns, and one of pictures is needed")
        X = X[:, 0]
    return list(X)


class _OfPictures:
    """What scikit-learn is told of estimators of pictures."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.no_validation = True
        return tags


class PictureFeatures(_OfPictures, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns pictures into the features of a pretrained backbone. There is nothing to fit; parameters
    are those of ``lookalike.Embedder``."""

    def __init__(
        self,
        backbone: str | None = None,
        *,
        weights: str | None = None,
        views: int = 2,
        size: int | None = None,
        offline: bool = False,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.views = views
        self.size = size
        self.offline = offline

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, X: Any, y: Any = None) -> PictureFeatures:
        """Does nothing."""
        return self

    def transform(self, X: Any) -> Any:
        """A row of 32-bit floats for each picture."""
        return numpy.asarray(self._embedder()(_pictures(X)))

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """A name for each number in a row."""
        width = self._embedder().width
        return numpy.asarray([f"feature{number}" for number in range(width)], dtype=object)

    def _embedder(self) -> Embedder:
        settings = self.get_params()
        known = self.__dict__.get("_made")
        if known is None or known[0] != settings:
            # Loading takes as long as some pictures: it is made once for the same parameters.
            known = self._made = (settings, Embedder(**settings))
        return known[1]

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_made", None)
        return state


class LookalikeClassifier(_OfPictures, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """``lookalike.train`` as an estimator. ``predict`` names the likeliest class, however unsure; ask
    ``classifier_`` for answers that may be "not recognised"."""

    def __init__(
        self,
        backbone: str | None = None,
        *,
        weights: str | None = None,
        views: int = 2,
        size: int | None = None,
        folds: int = 5,
        repeats: int | None = None,
        minutes: float | None = None,
        seed: int = 42,
        offline: bool = False,
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.views = views
        self.size = size
        self.folds = folds
        self.repeats = repeats
        self.minutes = minutes
        self.seed = seed
        self.offline = offline

    def fit(self, X: Any, y: Any) -> LookalikeClassifier:
        """Trains on paths with their labels."""
        labels = numpy.asarray(y).ravel()
        self.classes_ = numpy.unique(labels)
        names = {str(label): label for label in self.classes_.tolist()}
        if len(names) < len(self.classes_):
            raise InputError("two classes have the same name")
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "classifier.lookalike")
            run = train(
                _pictures(X),
                [str(label) for label in labels.tolist()],
                output=output,
                report=False,
                **self.get_params(),
            )
            self.classifier_: Classifier = run.classifier
            # What is loaded is in memory as a whole.
        self.accuracy_ = run.accuracy
        known = {name: column for column, name in enumerate(self.classifier_.classes)}
        self._columns = [known[name] for name in names]
        return self

    def predict_proba(self, X: Any) -> Any:
        """The calibrated probability of each class, in the order of ``classes_``."""
        check_is_fitted(self)
        said = self.classifier_.predict(_pictures(X))
        for one in said:
            if one.error is not None:
                raise InputError(f"`{one.picture}`: {one.error}", "leave it out")
        return numpy.asarray(said.probabilities, dtype="float32")[:, self._columns]

    def predict(self, X: Any) -> Any:
        """The likeliest class of each picture."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return self.classes_[likeliest]
