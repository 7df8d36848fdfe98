"""Pictures a second: the program, the Python package, and both engines, on the same pictures.

    python bench/engines.py PROGRAM MODEL FOLDER [--rounds 3] [--only program,package,daft,ray]

Each way is timed on all pictures and on a few; the difference is what the others take, without the
start. Ways take turns, and the median of their rounds is told. The engines read Parquet.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import pyarrow
import pyarrow.parquet

FEW = 64


def main() -> None:
    typed = argparse.ArgumentParser(description=__doc__)
    typed.add_argument("program")
    typed.add_argument("model")
    typed.add_argument("folder", type=pathlib.Path)
    typed.add_argument("--rounds", type=int, default=3)
    typed.add_argument("--only", default="program,package,daft,ray")
    typed = typed.parse_args()
    paths = sorted(str(path) for path in typed.folder.rglob("*") if path.is_file())
    ways = {name: WAYS[name] for name in typed.only.split(",")}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as place:
        for name, part in (("all", paths), ("few", paths[:FEW])):
            write(pathlib.Path(place) / name, part)
        for _ in range(typed.rounds):
            for name, way in ways.items():
                took = []
                for size, part in (("few", paths[:FEW]), ("all", paths)):
                    began = time.monotonic()
                    answered = way(typed, part, f"{place}/{size}")
                    took.append(time.monotonic() - began)
                    assert answered == len(part), (name, answered)
                seconds[name].append(took[1] - took[0])
    rates = {
        name: (len(paths) - FEW) / statistics.median(took) for name, took in seconds.items()
    }
    first = next(iter(rates.values()))
    for name, rate in rates.items():
        each = ", ".join(f"{(len(paths) - FEW) / took:.1f}" for took in seconds[name])
        print(f"{name:8} {rate:6.1f} pictures a second, {rate / first:.2f} ({each})")


def write(folder: pathlib.Path, paths: list[str]) -> None:
    folder.mkdir()
    for number in range(0, len(paths), 512):
        part = paths[number : number + 512]
        data = [pathlib.Path(path).read_bytes() for path in part]
        table = pyarrow.table({"path": part, "bytes": data})
        pyarrow.parquet.write_table(table, folder / f"{number}.parquet", row_group_size=128)


def program(typed: argparse.Namespace, paths: list[str], parquet: str) -> int:
    command = [typed.program, "predict", typed.model, *paths, "--csv"]
    return subprocess.run(command, check=True, capture_output=True).stdout.count(b"\n") - 1


def package(typed: argparse.Namespace, paths: list[str], parquet: str) -> int:
    import lookalike

    return pyarrow.table(lookalike.Classifier.load(typed.model).predict(paths)).num_rows


def by_daft(typed: argparse.Namespace, paths: list[str], parquet: str) -> int:
    import daft
    import lookalike.daft

    photos = daft.read_parquet(f"{parquet}/*.parquet")
    answers = lookalike.daft.predict(typed.model, photos["bytes"])
    return photos.select("path", answers).to_arrow().num_rows


def by_ray(typed: argparse.Namespace, paths: list[str], parquet: str) -> int:
    import lookalike.ray
    import ray

    if not ray.is_initialized():
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        ray.init(include_dashboard=False, log_to_driver=False)
    photos = ray.data.read_parquet(parquet).select_columns(["path", "bytes"])
    answers = lookalike.ray.predict(typed.model, photos, "bytes")
    return sum(block.num_rows for block in answers.iter_batches(batch_format="pyarrow"))


WAYS = {"program": program, "package": package, "daft": by_daft, "ray": by_ray}

if __name__ == "__main__":
    main()
