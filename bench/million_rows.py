"""A million made-up rows of features, trained on from Parquet: time, and peak memory of the program.

    python bench/million_rows.py PROGRAM FEATURES.parquet PLACE [--rows 1000000] [--classes 10]

FEATURES is a file that `lookalike features` wrote, whose footer the made-up files take. PLACE gets some
4 GB of them, and the program's cache. Features are of one of the classes, with noise; files have 100,000
rows each and are written once.
"""

import argparse
import os
import pathlib
import re
import subprocess
import time

import numpy
import pyarrow
import pyarrow.parquet

A_FILE, A_GROUP = 100_000, 2_000


def main():
    typed = argparse.ArgumentParser(description=__doc__)
    typed.add_argument("program")
    typed.add_argument("features", type=pathlib.Path)
    typed.add_argument("place", type=pathlib.Path)
    typed.add_argument("--rows", type=int, default=1_000_000)
    typed.add_argument("--classes", type=int, default=10)
    typed = typed.parse_args()
    files = typed.place / "features"
    files.mkdir(parents=True, exist_ok=True)
    note = b"lookalike.features"
    notes = pyarrow.parquet.read_metadata(typed.features).metadata
    schema = pyarrow.parquet.read_schema(typed.features).with_metadata({note: notes[note]})
    for first in range(0, typed.rows, A_FILE):
        file = files / f"{first:09}.parquet"
        if not file.exists():
            write(file, schema, first, min(A_FILE, typed.rows - first), typed.classes)
    print(f"{typed.rows} rows, {sum(file.stat().st_size for file in files.iterdir()) / 1e9:.2f} GB")
    command = [
        "/usr/bin/time", "-v", typed.program, "train", "--features", str(files),
        "-o", str(typed.place / "million.lookalike"), "--no-report", "-q",
    ]
    began = time.monotonic()
    environment = os.environ | {"LOOKALIKE_CACHE": str(typed.place / "cache")}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    peak = int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", ended.stderr)[1])
    print(ended.stdout or ended.stderr)
    print(f"exit {ended.returncode}, {time.monotonic() - began:.0f} s, peak {peak / 1024:.0f} MiB")


def write(file, schema, first, rows, classes):
    random = numpy.random.default_rng(first)
    dim = int(re.search(rb'"dim":\s*(\d+)', schema.metadata[b"lookalike.features"])[1])
    means = numpy.random.default_rng(7).normal(size=(classes, dim)).astype("float32")
    part = file.with_suffix(".part")
    with pyarrow.parquet.ParquetWriter(part, schema, compression="zstd", use_dictionary=["label"]) as writer:
        for at in range(first, first + rows, A_GROUP):
            count = min(A_GROUP, first + rows - at)
            of = random.integers(classes, size=count)
            numbers = (0.15 * means[of] + random.normal(size=(count, dim))).astype("float32")
            columns = {
                "id": pyarrow.array([f"{name}/{at + row}.jpg" for row, name in enumerate(of)]),
                "label": pyarrow.array([f"class {name}" for name in of]),
                "features": pyarrow.FixedSizeListArray.from_arrays(numbers.ravel(), dim),
            }
            columns |= {name: pyarrow.array([500] * count) for name in ("width", "height", "bytes")}
            arrays = [
                columns[field.name].cast(field.type) if field.name in columns
                else pyarrow.nulls(count, field.type)
                for field in schema
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), A_GROUP)
    part.rename(file)


if __name__ == "__main__":
    main()
