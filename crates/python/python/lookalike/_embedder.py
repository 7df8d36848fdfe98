"""A pretrained network as a function from pictures to features."""

from __future__ import annotations

import os
from typing import Any

from . import _lookalike
from ._features import Features, extracted
from ._progress import Progress, listener


class Embedder:
    """A pretrained backbone that turns pictures into features.

    ``backbone``: ``efficientnet-lite0`` (the default) and ``efficientnet-lite2`` come with the
    package; others, such as ``resnet50``, are downloaded once. ``weights``: a safetensors file
    instead. ``views``: 1 is the picture alone, 2 its mirror image too, 4 both zoomed in too; features
    are averaged over them. ``size``: height and width of the network's input, in pixels.
    """

    def __init__(
        self,
        backbone: str | None = None,
        *,
        weights: str | os.PathLike[str] | None = None,
        views: int = 2,
        size: int | None = None,
        offline: bool = False,
        progress: Progress = None,
    ) -> None:
        self._settings = {
            "backbone": backbone,
            "weights": weights,
            "views": views,
            "size": size,
            "offline": offline,
        }
        hear = listener(progress)
        self._core = _lookalike.Extractor(backbone, weights, views, size, offline, hear)

    @property
    def width(self) -> int:
        """Numbers in a picture's row."""
        return self._core.width

    @property
    def fingerprint(self) -> str:
        """Stands for all that decides features: equal fingerprints give equal rows."""
        return self._core.fingerprint

    def __call__(
        self, pictures: Any, *, errors: str = "raise", progress: Progress = None
    ) -> Features:
        """The features of pictures, which may be all that ``Classifier.predict`` takes.

        A picture that cannot be read raises ``InputError``; with ``errors="nan"`` its row is NaN.
        """
        return extracted(self._core, pictures, errors, progress)

    def __repr__(self) -> str:
        given = ", ".join(
            f"{name}={value!r}" for name, value in self._settings.items() if value is not None
        )
        return f"Embedder({given})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._settings,)


def _restored(settings: dict[str, Any]) -> Embedder:
    return Embedder(**settings)
