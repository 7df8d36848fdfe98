"""A practice set and a classifier trained on it, made once."""

from __future__ import annotations

import os
import pathlib
import tempfile

# Before the package is imported: nothing of the user's is read, and nothing is left behind.
_cache = tempfile.TemporaryDirectory()
os.environ["LOOKALIKE_CACHE"] = _cache.name

import lookalike as la  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="session")
def practice(place: pathlib.Path) -> pathlib.Path:
    folder = place / "practice"
    la.practice(folder, per_class=12, seed=1)
    return folder


@pytest.fixture(scope="session")
def run(practice: pathlib.Path, place: pathlib.Path) -> la.Run:
    # Fewer folds than usual, for time's sake.
    return la.train(practice, output=place / "practice.lookalike", folds=3, repeats=1)


@pytest.fixture(scope="session")
def clf(run: la.Run) -> la.Classifier:
    return run.classifier


@pytest.fixture(scope="session")
def paths(practice: pathlib.Path) -> list[str]:
    return sorted(str(path) for path in practice.glob("*/*"))


@pytest.fixture(scope="session")
def strangers(place: pathlib.Path) -> list[str]:
    """Pictures of another drawing, which the classifier was not trained on."""
    folder = place / "strangers"
    la.practice(folder, per_class=3, seed=2)
    return sorted(str(path) for path in folder.glob("*/*"))
