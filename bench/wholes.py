"""Whole commands: one answer from process start, and the story's two stages. Wall time of each."""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peers
from samples import OURS

HERE = Path(__file__).parent
FASTAI = "fastai"


class Failed(Exception):
    """A command that did not do its work, with its last word."""


def run(command, **settings):
    """Seconds that a command took, and what it printed."""
    start = time.perf_counter()
    child = subprocess.run([str(c) for c in command], capture_output=True, text=True, **settings)
    seconds = time.perf_counter() - start
    if child.returncode != 0:
        words = child.stderr.strip().splitlines() or [f"ended with {child.returncode}"]
        raise Failed(next((w for w in words if w.startswith("error")), words[-1]))
    return seconds, child.stdout


@functools.cache
def takes_precision(binary, command):
    """Older builds have no `--precision` and compute in fp32; where it exists its default may differ."""
    return "--precision" in run([binary, "help", command])[1]


def train(binary, args, precision, frozen, epochs, output):
    """The classic recipe, with an empty cache, as fastai has none."""
    options = ["--recipe", "classic", "--backbone", "resnet50", "--weights", args.weights, "--fresh"]
    options += ["--frozen-epochs", frozen, "--epochs", epochs, "--lr", "1e-6..1e-5", "--batch", 64]
    options += ["--valid", 0.2, "--seed", 42, "--size", 224, "--no-report", "--output", output]
    if precision != "fp32" or takes_precision(binary, "train"):
        options += ["--precision", precision]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "LOOKALIKE_CACHE": cache}
        return run([binary, "train", args.folder, *options], env=environment)[0]


class Answer:
    """`lookalike predict` on one picture, and the same in Python."""

    sides = ["pytorch", "onnxruntime"]

    def __init__(self, binary, program, args):
        self.binary, self.picture = binary, args.pictures[0]
        self.files = peers.scratch() / "answer"
        self.files.mkdir(exist_ok=True)
        self.warm = set()
        self.classifier = self.files / f"{program}.lookalike"
        if not self.classifier.exists():
            train(binary, args, "fp32", 1, 0, self.classifier)
        if not (self.files / "net.onnx").exists():
            classes = sum(1 for path in Path(args.folder).iterdir() if path.is_dir())
            with tempfile.TemporaryDirectory(dir=self.files) as half:
                run([sys.executable, HERE / "answer.py", "prepare", args.weights, classes, half])
                for name in ["net.pt", "net.onnx"]:
                    os.replace(Path(half) / name, self.files / name)

    def measure(self, side):
        commands = {
            OURS: [self.binary, "predict", self.classifier, self.picture],
            "pytorch": [sys.executable, HERE / "answer.py", "pytorch", self.files / "net.pt", self.picture],
            "onnxruntime": [sys.executable, HERE / "answer.py", "onnxruntime", self.files / "net.onnx", self.picture],
        }
        if side not in self.warm:  # files are in the system's cache, Python's modules compiled
            run(commands[side])
            self.warm.add(side)
        return {"milliseconds": [run(commands[side])[0] * 1e3 for _ in range(3)]}


class Story:
    """Both stages of the classic recipe in one command; our bf16 runs beside our fp32 and fastai's fp32."""

    def __init__(self, binary, args):
        self.binary, self.args = binary, args
        self.sides = [f"{OURS}-bf16"] * ("bf16" in args.precision) + [FASTAI]

    def measure(self, side):
        args, epochs = self.args, self.args.story_epochs
        with tempfile.TemporaryDirectory() as folder:
            if side == FASTAI:
                command = [sys.executable, HERE / "fastai_story.py", Path(args.folder).resolve()]
                command += ["--weights", Path(args.weights).resolve(), "--seed", 42, "--batch", 64]
                seconds, printed = run([*command, "--frozen-epochs", epochs, "--epochs", epochs], cwd=folder)
                stages = json.loads(printed.splitlines()[-1])["stages"]
                each = {stage: stages[stage]["epoch_seconds"] for stage in ["frozen", "unfrozen"]}
            else:
                output = Path(folder) / "story.lookalike"
                precision = "bf16" if side.endswith("bf16") else "fp32"
                seconds = train(self.binary, args, precision, epochs, epochs, output)
                history = json.loads(run([self.binary, "report", output, "--json"], cwd=folder)[1])["history"]
                each = {
                    stage: [epoch["seconds"] for epoch in history if epoch["stage"] == stage]
                    for stage in ["frozen", "unfrozen"]
                }
        return {"milliseconds": [seconds * 1e3], "epoch_seconds": each}
