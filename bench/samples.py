"""Raw samples on disk, and the few statistics that all tables are made of.

A file of samples is {"machine": …, "results": [{work, set, backbone, batch, size, precision, threads,
program, rounds}]}; a round holds one measurement a side, made one after the other. It is written anew
after every round, so that an interrupted run goes on where it stopped, and parts can be run one by one.
"""

import datetime
import json
import os
import re
import statistics
from pathlib import Path

import peers

OURS = "lookalike"
RESULTS = Path(__file__).parent / "results"
NAMES = {
    "lookalike": "lookalike", "lookalike-bf16": "lookalike, bf16",
    "pytorch": "PyTorch, contiguous", "pytorch-channels-last": "PyTorch, channels last",
    "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "pillow": "Pillow",
    "pillow-draft": "Pillow with `draft`", "torchvision": "torchvision",
}
KEY = ["work", "set", "backbone", "batch", "size", "precision", "threads"]


def default_file(machine):
    slug = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")
    return RESULTS / f"{slug}-{datetime.date.today()}.json"


def newest_file():
    return max(RESULTS.glob("*.json"), key=lambda path: path.stem[-len("2026-01-01") :])


class Samples:
    def __init__(self, file, machine):
        self.file = file
        self.data = {"machine": {}, "results": []}
        if file.exists():
            self.data = json.loads(file.read_text())
        self.data["machine"].update(machine)

    def entry(self, job, program, fresh):
        """What is known of a job; rounds of another build of the program do not count."""
        found = [e for e in self.data["results"] if all(e.get(k) == job[k] for k in KEY)]
        if found and not fresh and found[0].get("program") == program:
            return found[0]
        self.data["results"] = [e for e in self.data["results"] if e not in found]
        self.data["results"].append({**job, "program": program, "rounds": []})
        return self.data["results"][-1]

    def save(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        half = self.file.with_suffix(".half")
        half.write_text(json.dumps(self.data, indent=1) + "\n")
        os.replace(half, self.file)


def milliseconds(result):
    return statistics.median(result["milliseconds"])


def peak_bytes(result):
    return result["peak_bytes"]


def in_turns(entry, side, mine=OURS):
    """The rounds that measured both: only within one are two sides compared."""
    return [r for r in entry["rounds"] if r.get(side) and r.get(mine)]


def ratios(entry, side, value=milliseconds, mine=OURS):
    """Above 1 the other takes longer, or more memory."""
    return [value(r[side]) / value(r[mine]) for r in in_turns(entry, side, mine)]


def median(entry, side, value=milliseconds):
    values = [value(r[side]) for r in entry["rounds"] if r.get(side)]
    return statistics.median(values) if values else None


def share_of_peak(entry, mine=OURS):
    """Multiply-adds done in a second, of those that the machine did at most when asked for nothing else.

    `gflop` is what a picture takes (two for a multiply-add), both measured by one call.
    """
    shares = [
        result["gflop"] / (milliseconds(result) / 1e3) / result["peak_gflops"]
        for result in (r.get(mine) for r in entry["rounds"])
        if result and result.get("gflop") and result.get("peak_gflops")
    ]
    return statistics.median(shares) if shares else None


def others(entry, mine=OURS):
    """The peers of an entry, in the order in which they came."""
    seen = dict.fromkeys(side for r in entry["rounds"] for side in r)
    return [s for s in seen if not s.startswith(mine) and s != "load_average"]


def title(entry):
    parts = [entry["work"].replace("_", " "), entry["precision"], entry["backbone"], entry["set"]]
    if entry["batch"]:
        parts.append(f"batch {entry['batch']}")
    if entry["size"] and entry["size"] != 224:
        parts.append(f"{entry['size']} px")
    if entry["batch"] and entry["threads"] != peers.CORES:
        parts.append(f"threads: {entry['threads']}")
    return ", ".join(part for part in parts if part)
