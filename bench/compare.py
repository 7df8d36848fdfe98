"""Runs `lookalike bench` and its peers in turns, and prints how they compare.

    compare.py target/release/lookalike --backbone resnet50 --batch 16 --work step,forward

A machine has good and bad minutes, so every round measures each side once, in a process of its own,
and ratios are taken within a round: above 1 the peer takes longer (or more memory). Printed are
medians over the rounds, and the ratios' range. All samples go to bench/results/.
"""

import argparse
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import peers

OURS = "lookalike"


def ours(binary, work, backbone, batch, size, pictures):
    command = [binary, "bench", "--json", "--work", work, "--backbone", backbone, "--batch", str(batch)]
    command += ["--size", str(size), "--rounds", "3", "--", *(pictures if work == "decode" else [])]
    child = subprocess.run(command, capture_output=True, text=True)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)}:\n{child.stderr}")
    answer = json.loads(child.stdout)
    return answer["machine"], answer["results"][0]


def medians(rounds, side, value):
    return [value(r[side]) for r in rounds if r.get(side)]


def milliseconds(result):
    return statistics.median(result["milliseconds"])


def row(name, rounds, side):
    mine, theirs = medians(rounds, OURS, milliseconds), medians(rounds, side, milliseconds)
    ratios = [t / m for t, m in zip(theirs, mine)]
    memory = lambda s, key="peak_bytes": statistics.median(medians(rounds, s, lambda r: r[key] or 0)) / 2**20
    peak = f"{memory(side):.0f} ({memory(side, 'peak_bytes_at_rest'):.0f})"
    ratio, spread = statistics.median(ratios), f"{min(ratios):.2f}–{max(ratios):.2f}"
    figures = f"{statistics.median(theirs):.2f} | {statistics.median(mine):.2f} | **{ratio:.2f}** ({spread})"
    return f"| {name} | {side} | {figures} | {peak} | {memory(OURS):.0f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="lookalike, built with --release")
    peers.arguments(parser)
    args = parser.parse_intermixed_args()
    results = []
    machine = peers.machine()
    print("| work | peer | peer, ms a picture | lookalike | peer ÷ lookalike (range) | peer, MiB at peak (before its first run) | lookalike |")
    print("|---|---|---|---|---|---|---|")
    for work, backbone, batch in peers.jobs(args):
        sides = [p for p in args.peer if work in peers.PEERS[p]]
        if work == "decode" and not args.pictures:
            sys.exit("decode needs pictures: name some at the end")
        rounds = []
        for index in range(args.rounds):
            measured = {}
            # the order turns, so that no side always follows the same other
            turn = [OURS, *sides]
            for side in turn[index % len(turn) :] + turn[: index % len(turn)]:
                if side == OURS:
                    machine[OURS], measured[side] = ours(args.binary, work, backbone, batch, args.size, args.pictures)
                elif index == 0 or rounds[0].get(side):
                    measured[side] = peers.in_a_child(side, work, backbone, batch, args.size, 3, args.pictures)
            rounds.append(measured)
        name = work if work == "decode" else f"{work}, {backbone}, batch {batch}"
        for side in sides:
            if rounds[0].get(side):
                print(row(name, rounds, side), flush=True)
        results.append({"work": work, "backbone": backbone, "batch": batch, "size": args.size, "rounds": rounds})
    machine["load_average_after"] = os.getloadavg()
    slug = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")
    file = Path(__file__).parent / "results" / f"{slug}-{datetime.date.today()}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")
    print(f"\n{machine['cpu']}, {machine['cores']} cores; all samples in {file}")


if __name__ == "__main__":
    main()
