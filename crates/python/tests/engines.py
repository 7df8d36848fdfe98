"""What tests of Daft, Ray and Arrow columns share: pictures in Parquet, and the program's answers."""

from __future__ import annotations

import csv
import io
import os
import pathlib
import subprocess
import sys
from typing import Any

Row = dict[str, Any]


def told_by_the_program(model: str, paths: list[str]) -> list[list[str]]:
    """A row for each picture, as ``lookalike predict --csv`` writes it, without the picture's name."""
    command = [sys.executable, "-m", "lookalike", "predict", model, *paths, "--csv"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert printed.returncode in (0, 3), printed.stderr
    rows = list(csv.reader(io.StringIO(printed.stdout)))[1:]
    assert [row[0] for row in rows] == paths
    return [row[1:] for row in rows]


def as_told(row: Row, classes: list[str]) -> list[str]:
    """The same row of a table's columns."""

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.6f}"

    # A picture that cannot be read has nothing but its error in the program's table.
    read = row["error"] is None
    named = " or ".join(row["answer"]) or "not recognised"
    return [
        row["verdict"] if read else "",
        named if read else "",
        number(row["probability"]),
        *(number(row[f"probability of {name}"]) for name in classes),
        number(row["novelty"]),
        row["nearest"] or "",
        row["error"] or "",
    ]


def assert_told_alike(said: list[Row], model: str, paths: list[str], classes: list[str]) -> None:
    """An engine's rows, in whatever order, are the program's."""
    rows = {row["path"]: as_told(row, classes) for row in said}
    assert len(said) == len(rows) and rows.keys() == set(paths)
    assert [rows[path] for path in paths] == told_by_the_program(model, paths)


def parquet(folder: pathlib.Path, paths: list[str], files: int = 2) -> None:
    """Pictures in files of Parquet: paths, bytes, and both as data sets of Hugging Face have them."""
    import pyarrow
    import pyarrow.parquet

    folder.mkdir()
    step = -(-len(paths) // files)
    for number in range(files):
        part = paths[number * step : (number + 1) * step]
        data = [pathlib.Path(path).read_bytes() for path in part]
        both = pyarrow.array([{"bytes": one, "path": None} for one in data])
        columns = {"path": part, "bytes": data, "image": both, "number": list(range(len(part)))}
        table = pyarrow.table(columns)
        pyarrow.parquet.write_table(table, folder / f"part-{number}.parquet", row_group_size=16)


def real_sets() -> list[pathlib.Path]:
    """Folders of real pictures, where CONTRIBUTING.md's optional data is."""
    checkout = pathlib.Path(__file__).parents[3]
    shared = pathlib.Path(os.environ.get("LOOKALIKE_SHARED", checkout.parent / "shared"))
    return [path for name in ("ants_bees", "trashnet6") if (path := shared / "data" / name).is_dir()]
