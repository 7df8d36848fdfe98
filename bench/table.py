"""Prints the Markdown tables of docs/notes/performance-*.md from a file of samples, and draws plots.

    table.py [bench/results/FILE.json] [--plots docs/notes]

Medians over the rounds; ratios are taken within a round, with their range in brackets. A bar is a goal
of this project.
"""

import argparse
import json
import statistics
from pathlib import Path

import plots
from samples import (
    NAMES, OURS, median, newest_file, others, peak_bytes, ratios, share_of_peak, title,
)

HEADER = (
    "| work | peer | peer, ms | lookalike, ms | peer ÷ lookalike (range, rounds) | bar | share of FMA peak |\n"
    "|---|---|---|---|---|---|---|"
)
MEMORY = (
    "| step | peer | peer, MiB at peak (before its first step) | lookalike | lookalike ÷ peer (range) | bar |\n"
    "|---|---|---|---|---|---|"
)
MEMORY_BAR = 0.7


def better_pytorch(entry):
    """The faster of PyTorch's two layouts, which is the one that a bar speaks of."""
    both = [side for side in others(entry) if side.startswith("pytorch")]
    return min(both, key=lambda side: median(entry, side), default=None)


def bar(entry, side, mine=OURS):
    """The goal, or None if there is none."""
    work, precision, batch = entry["work"], entry["precision"], entry["batch"]
    if work == "decode":
        asked = {"pillow": {"500×375": 1.2, "12 Mpx": 3.0}.get(entry["set"]), "torchvision": 1.0}
        return asked.get(side)
    if work == "answer":
        return {"pytorch": 10.0, "onnxruntime": 3.0}.get(side)
    if work == "story":
        return 6.0 if mine.endswith("bf16") else 3.0
    if entry["size"] != 224:
        return None
    if work == "forward" and batch in (1, 16):
        return 1.0 if side == {"fp32": "onnxruntime", "bf16": "openvino"}[precision] else None
    if batch != 16 or side != better_pytorch(entry):
        return None
    return {("step", "fp32"): 1.6, ("step", "bf16"): 1.4, ("frozen_step", "fp32"): 1.6}.get((work, precision))


def met(asked, fulfilled):
    return "–" if asked is None else f"{asked:g}, {'met' if fulfilled else '**missed**'}"


def spread(values):
    return f"**{statistics.median(values):.2f}** ({min(values):.2f}–{max(values):.2f}"


def number(milliseconds):
    return f"{milliseconds:,.0f}" if milliseconds >= 1000 else f"{milliseconds:.2f}"


def rows(entry):
    """One row a peer and precision of ours; one for ours alone where it has no peer."""
    name = title(entry)
    if not others(entry) and entry["rounds"]:
        yield f"| {name} | – | – | {number(median(entry, OURS))} | – | – | {percent(share_of_peak(entry))} |"
    for side in others(entry):
        for mine in [OURS, f"{OURS}-bf16"]:
            values = ratios(entry, side, mine=mine)
            if not values:
                continue
            asked = bar(entry, side, mine)
            precision = (", bf16" if mine.endswith("bf16") else ", fp32") if entry["work"] == "story" else ""
            yield (
                f"| {name}{precision} | {called(entry, side)} | {number(median(entry, side))} "
                f"| {number(median(entry, mine))} | {spread(values)}, {len(values)}) "
                f"| {met(asked, asked and statistics.median(values) >= asked)} | {percent(share_of_peak(entry, mine))} |"
            )


def called(entry, side):
    """A side's name; an answer of PyTorch has no layout to choose."""
    return "PyTorch" if (entry["work"], side) == ("answer", "pytorch") else NAMES.get(side, side)


def percent(share):
    return "–" if share is None else f"{share:.0%}"


def memory_rows(entry):
    mebibytes = lambda side, value=peak_bytes: f"{median(entry, side, value) / 2**20:,.0f}"
    for side in others(entry):
        values = [1 / ratio for ratio in ratios(entry, side, peak_bytes)]
        if not values:
            continue
        asked = MEMORY_BAR if side.startswith("pytorch") else None
        at_rest = mebibytes(side, lambda result: result["peak_bytes_at_rest"])
        yield (
            f"| {title(entry)} | {NAMES.get(side, side)} | {mebibytes(side)} ({at_rest}) | {mebibytes(OURS)} "
            f"| {spread(values)}) | {met(asked, asked and statistics.median(values) <= asked)} |"
        )


def epoch_rows(entry):
    """Seconds of an epoch, in the middle of all epochs of all rounds."""
    for side in [OURS, f"{OURS}-bf16", *others(entry)]:
        found = [r[side]["epoch_seconds"] for r in entry["rounds"] if r.get(side)]
        if found:
            middle = lambda stage: statistics.median(s for each in found for s in each[stage])
            yield f"| {entry['set']} | {NAMES.get(side, side)} | {middle('frozen'):.1f} | {middle('unfrozen'):.1f} |"


def print_table(heading, header, lines):
    lines = list(lines)
    if lines:
        print(f"### {heading}\n\n{header}")
        print("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path, help="[default: the newest]")
    parser.add_argument("--plots", type=Path, help="a folder for the plots of scaling runs")
    args = parser.parse_args()
    file = args.file or newest_file()
    data = json.loads(file.read_text())
    machine, entries = data["machine"], data["results"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['os']}; {versions}. Samples: `{file.name}`.\n")
    usual = [e for e in entries if e["threads"] in (1, machine["cores"]) and e["size"] == 224]
    networks = [e for e in usual if e["backbone"] and e["work"] not in ("answer", "story")]
    networks = [e for e in networks if e["batch"] in (1, 16, 64) and e["threads"] == machine["cores"]]
    for work in ["forward", "step", "frozen_step"]:
        some = sorted((e for e in networks if e["work"] == work), key=lambda e: (e["backbone"], e["precision"], e["batch"]))
        print_table(f"{work.replace('_', ' ')}, milliseconds a picture".capitalize(), HEADER, (line for e in some for line in rows(e)))
        if work == "step":
            print_table("Memory of a step", MEMORY, (line for e in some for line in memory_rows(e)))
    for work, heading in [
        ("decode", "Decode, turn and resize to 224 on one core, milliseconds a picture"),
        ("answer", "One answer, from process start, milliseconds"),
        ("story", "The story's two stages, whole command, milliseconds"),
    ]:
        some = [e for e in usual if e["work"] == work]
        print_table(heading, HEADER, (line for e in some for line in rows(e)))
    stories = [line for e in entries if e["work"] == "story" for line in epoch_rows(e)]
    print_table("Seconds an epoch of the story", "| story | side | frozen | unfrozen |\n|---|---|---|---|", stories)
    if args.plots:
        for name in plots.draw(entries, machine["cores"], args.plots):
            print(f"![{name}]({name})")


if __name__ == "__main__":
    main()
