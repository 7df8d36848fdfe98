"""The stubs of the extension name what it has, and the package's types hold."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import lookalike as la
import pytest


CRATE = pathlib.Path(__file__).parents[1]


def mypy(*arguments: object) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", *map(str, arguments)]
    found = subprocess.run(command, capture_output=True, text=True, cwd=CRATE)
    assert found.returncode == 0, found.stdout + found.stderr


def test_mypy_finds_no_fault():
    mypy("mypy", "--config-file", "pyproject.toml", "--cache-dir", os.devnull, "python/lookalike")


def test_stubs_name_what_the_extension_has():
    mypy("mypy.stubtest", "--mypy-config-file", "pyproject.toml", "lookalike._lookalike")


def test_the_package_says_that_it_is_typed():
    assert (pathlib.Path(la.__file__).parent / "py.typed").exists()


def test_every_name_that_is_offered_is_documented():
    for name in la.__all__:
        assert getattr(la, name).__doc__, name
