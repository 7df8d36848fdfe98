"""What a classifier says of pictures, as plain objects and as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

from . import _lookalike

#: The likeliest classes that ``predict --json`` names.
_TOP = 3


class Named(NamedTuple):
    """A class and how probable it is."""

    name: str
    probability: float


class Near(NamedTuple):
    """A training picture that is like the one asked about."""

    picture: str
    class_name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer on one picture."""

    #: The picture, as it was named.
    picture: str
    #: ``class``, ``ambiguous`` (several classes), ``unfamiliar`` (not recognised) or ``unreadable``.
    verdict: str
    #: Why: ``sure``, ``several``, ``unsure``, ``far`` or ``known``.
    reason: str | None
    #: The classes that it may be of: one, several or none.
    answer: list[Named]
    #: The calibrated probability of each class, the likeliest first.
    probabilities: dict[str, float]
    #: The mean distance to the nearest training pictures.
    novelty: float | None
    #: The training pictures most like it.
    nearest: list[Near]
    #: Why it could not be read.
    error: str | None = None

    @property
    def class_name(self) -> str | None:
        """The class, if one alone is named."""
        return self.answer[0].name if len(self.answer) == 1 else None

    @property
    def probability(self) -> float | None:
        """The probability of that class."""
        return self.answer[0].probability if len(self.answer) == 1 else None

    @property
    def top(self) -> list[Named]:
        """The three likeliest classes, whatever the verdict."""
        return [Named(*one) for one in list(self.probabilities.items())[:_TOP]]

    def to_dict(self, top: int = _TOP) -> dict[str, Any]:
        """The same as ``lookalike predict --json`` has it."""
        if self.error is not None:
            return {"picture": self.picture, "error": self.error}
        share = [{"class": name, "probability": value} for name, value in self.answer]
        ranked = [
            {"class": name, "probability": value} for name, value in self.probabilities.items()
        ]
        nearest = [
            {"picture": near.picture, "class": near.class_name, "similarity": near.similarity}
            for near in self.nearest
        ]
        return {
            "picture": self.picture,
            "verdict": self.verdict,
            "reason": self.reason,
            "answer": share,
            "top": ranked[:top],
            "novelty": self.novelty,
            "nearest": nearest,
        }

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.picture}  unreadable: {self.error}"
        said = " or ".join(f"{name} {_percent(share)}" for name, share in self.answer)
        return f"{self.picture}  {said or 'not recognised'}"

    @classmethod
    def _of_json(cls, text: str) -> Prediction:
        said = json.loads(text)
        if "error" in said:
            return cls(said["picture"], "unreadable", None, [], {}, None, [], said["error"])
        return cls(
            picture=said["picture"],
            verdict=said["verdict"],
            reason=said["reason"],
            answer=[Named(one["class"], one["probability"]) for one in said["answer"]],
            probabilities={one["class"]: one["probability"] for one in said["top"]},
            novelty=said["novelty"],
            nearest=[
                Near(near["picture"], near["class"], near["similarity"])
                for near in said["nearest"]
            ],
        )


class Predictions:
    """The answers on some pictures, in their order, as a list has them.

    pandas, polars, pyarrow and DuckDB take it as a table of Arrow: ``pandas.DataFrame.from_arrow(p)``,
    ``polars.DataFrame(p)``, ``pyarrow.table(p)``, ``duckdb.sql("from p")``.
    """

    # No `collections.abc.Sequence`: polars would take it for a list of objects, and not for a table.
    def __init__(self, predictions: Sequence[Prediction], classes: Sequence[str]) -> None:
        self._all = list(predictions)
        #: The names of the classes, in the order of the table's columns.
        self.classes = list(classes)

    def __len__(self) -> int:
        return len(self._all)

    @overload
    def __getitem__(self, at: int) -> Prediction: ...
    @overload
    def __getitem__(self, at: slice) -> Predictions: ...
    def __getitem__(self, at: int | slice) -> Prediction | Predictions:
        if isinstance(at, slice):
            return Predictions(self._all[at], self.classes)
        return self._all[at]

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self._all)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Predictions):
            return NotImplemented
        return self.classes == other.classes and self._all == other._all

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        lines = [str(one) for one in self._all[:20]]
        more = len(self._all) - len(lines)
        if more:
            lines.append(f"… and {more:,} more")
        return "\n".join(lines) or "no pictures"

    @property
    def probabilities(self) -> list[list[float]]:
        """A row for each picture with the probability of each class; NaN where it cannot be read."""
        return [
            [one.probabilities.get(name, float("nan")) for name in self.classes]
            for one in self._all
        ]

    def to_dicts(self, top: int = _TOP) -> list[dict[str, Any]]:
        """The same as ``lookalike predict --json`` has it."""
        return [one.to_dict(top) for one in self._all]

    def to_arrow(self) -> Any:
        """A ``pyarrow.Table``."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame``; pandas alone is needed."""
        import pandas

        columns = self._rows()
        frame = {name: [getattr(row, name) for row in columns] for name in _COLUMNS}
        frame = {_COLUMNS[name]: values for name, values in frame.items()}
        for at, name in enumerate(self.classes):
            frame[f"probability of {name}"] = [
                row.shares[at] if row.shares else None for row in columns
            ]
        made = pandas.DataFrame(frame)
        numbers = ["probability", "novelty", *(f"probability of {name}" for name in self.classes)]
        return made.astype(dict.fromkeys(numbers, "float32"))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        # A consumer that wants other types casts them: the protocol asks for no more.
        return _lookalike.arrow_stream(self.classes, self._rows())

    def _rows(self) -> list[_Row]:
        return [_Row(one, self.classes) for one in self._all]


#: Columns of the table, by what they are called in a row.
_COLUMNS = {
    "picture": "picture",
    "verdict": "verdict",
    "class_name": "class",
    "probability": "probability",
    "named": "answer",
    "reason": "reason",
    "novelty": "novelty",
    "nearest_picture": "nearest",
    "error": "error",
}


class _Row:
    """An answer as a row of the table. A picture that is not recognised has no probabilities, as they
    mean nothing."""

    def __init__(self, one: Prediction, classes: Sequence[str]) -> None:
        self.picture, self.verdict, self.reason = one.picture, one.verdict, one.reason
        self.class_name, self.probability = one.class_name, one.probability
        self.named = [name for name, _ in one.answer]
        self.novelty, self.error = one.novelty, one.error
        self.nearest_picture = one.nearest[0].picture if one.nearest else None
        self.shares = [one.probabilities[name] for name in classes] if one.answer else []


def _percent(share: float) -> str:
    if share > 0.995:
        return ">99%"
    return "<1%" if share < 0.005 else f"{share:.0%}"
