from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from typing import Any, TypeAlias, final

__all__ = [
    "Core",
    "Extractor",
    "Place",
    "__version__",
    "arrow_stream",
    "export",
    "forked",
    "main",
    "pictures_in",
    "pictures_of",
    "practice",
    "set_threads",
    "threads",
    "train",
]

__version__: str

_Path: TypeAlias = str | PathLike[str]
_Pairs: TypeAlias = Iterable[tuple[str, Any]]
_Hear: TypeAlias = Callable[[list[tuple[Any, ...]]], object] | None

@final
class Core:
    @staticmethod
    def load(path: _Path) -> Core: ...
    @staticmethod
    def of_bytes(name: _Path, data: bytes) -> Core: ...
    @property
    def classes(self) -> list[str]: ...
    @property
    def name(self) -> PathLike[str]: ...
    @property
    def novelty_limit(self) -> float | None: ...
    def data(self) -> bytes: ...
    def save(self, path: _Path) -> None: ...
    def verify(self) -> float: ...
    def report(self) -> tuple[str, str]: ...
    def predict(
        self,
        pairs: _Pairs,
        total: int | None,
        always: bool,
        min_probability: float | None,
        hear: _Hear,
    ) -> list[str]: ...
    def features(
        self, pairs: _Pairs, total: int | None, hear: _Hear
    ) -> tuple[bytes, int, list[tuple[int, str, str]]]: ...

@final
class Extractor:
    def __new__(
        cls,
        backbone: str | None,
        weights: _Path | None,
        views: int,
        size: int | None,
        offline: bool,
        hear: _Hear,
    ) -> Extractor: ...
    @property
    def width(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    def features(
        self, pairs: _Pairs, total: int | None, hear: _Hear
    ) -> tuple[bytes, int, list[tuple[int, str, str]]]: ...

@final
class Place:
    @property
    def name(self) -> PathLike[str]: ...
    @property
    def file(self) -> PathLike[str]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

def arrow_stream(classes: Sequence[str], rows: Sequence[Any]) -> object: ...
def export(
    model: _Path, output: _Path, target: str | None, half: bool, novelty: bool
) -> str: ...
def forked() -> None: ...
def main(program: Sequence[str], arguments: Sequence[str]) -> int: ...
def pictures_in(
    path: _Path, root: _Path | None, min_confidence: float | None, detected: str | None
) -> list[Place] | None: ...
def pictures_of(paths: Sequence[_Path]) -> list[str]: ...
def practice(folder: _Path, per_class: int, seed: int) -> None: ...
def set_threads(threads: int) -> None: ...
def threads() -> int: ...
def train(settings: dict[str, Any], hear: _Hear) -> str: ...
