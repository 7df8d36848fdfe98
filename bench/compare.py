"""Runs `lookalike bench` and its peers in turns, and prints how they compare.

    compare.py target/release/lookalike --backbone resnet50 --batch 16 --work step,forward --precision fp32,bf16

A machine has good and bad minutes, so every round measures each side once, in a process of its own,
and ratios are taken within a round: above 1 the peer takes longer (or more memory). Printed are
medians over the rounds, and the ratios' range. All samples go to bench/results/, after every round:
given again, the command measures only what is missing. `table.py` makes the tables of them.

Beside the works of `lookalike bench` there are `answer` (one picture, from process start) and `story`
(both stages of the classic recipe as a whole command); they need --folder and --weights.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
import table
import wholes
from samples import OURS, Samples, default_file, in_turns

PHOTOGRAPH = {(500, 375), (375, 500)}
LARGE = (4000, 3000)


def say(words):
    print(words, file=sys.stderr, flush=True)


def ours(binary, job, pictures, samples):
    """One configuration by `lookalike bench`; None, with a word, where it cannot run."""
    command = [binary, "bench", "--json", "--rounds", "3", "--work", job["work"], "--size", str(job["size"])]
    command += ["--threads", str(job["threads"])]
    if job["work"] != "decode":
        command += ["--backbone", job["backbone"], "--batch", str(job["batch"])]
        if job["precision"] != "fp32" or wholes.takes_precision(binary, "bench"):
            command += ["--precision", job["precision"]]
    child = subprocess.run([*command, "--", *map(str, pictures)], capture_output=True, text=True)
    if child.returncode != 0:
        words = child.stderr.strip().splitlines() or [f"ended with {child.returncode}"]
        say(f"left out: {' '.join(command)}: {words[0]}")
        return None
    answer = json.loads(child.stdout)
    samples.data["machine"][OURS] = machine = answer["machine"]
    peaks = machine.get("peak_gflops") or {}
    return {**answer["results"][0], "peak_gflops": peaks.get(job["precision"])}


def in_rounds(samples, entry, sides, measure, rounds):
    """Measures what a job still lacks, side by side, and saves after every round."""
    failed = set()
    while True:
        lacking = [
            side for side in [OURS, *sides]
            if side not in failed and len(in_turns(entry, side)) < rounds
        ]
        if not lacking or OURS in failed:
            break
        turn = list(dict.fromkeys([OURS, *lacking]))
        first = len(entry["rounds"]) % len(turn)  # no side always follows the same other
        measured = {}
        for side in turn[first:] + turn[:first]:
            try:
                result = measure(side)
            except wholes.Failed as reason:
                say(f"left out: {side}: {reason}")
                result = None
            if result is None:
                failed.add(side)
                if side == OURS:
                    break  # there is nothing to compare with
            else:
                measured[side] = result
        if OURS in measured:
            entry["rounds"].append({**measured, "load_average": os.getloadavg()[0]})
            samples.save()
    for line in table.rows(entry):
        print(line, flush=True)


def photographs(pictures):
    """Those that are JPEG files of 500 × 375, so that the table says what it measures."""
    from PIL import Image

    def fits(path):
        try:
            with Image.open(path) as picture:
                return picture.format == "JPEG" and picture.mode in ("RGB", "L") and picture.size in PHOTOGRAPH
        except OSError:
            return False

    return [path for path in pictures if fits(path)]


def enlarged(pictures, folder):
    """Each as 12-Mpx JPEG files, one without and one with an EXIF orientation (a quarter turn)."""
    from PIL import Image

    files = []
    for index, path in enumerate(pictures):
        picture = Image.open(path).convert("RGB").resize(LARGE, Image.BICUBIC)
        for orientation in [1, 6]:
            exif = Image.Exif()
            exif[0x0112] = orientation
            files.append(Path(folder) / f"{index}-{orientation}.jpg")
            picture.save(files[-1], quality=90, **({"exif": exif} if orientation > 1 else {}))
    return files


def decode_sets(args):
    """The two sets of pictures; the large ones are made of the first four and last until the end."""
    some = photographs(args.pictures)[:50]
    if not some:
        sys.exit("decode needs photographs of 500 × 375 pixels: name some at the end")
    yield "500×375", some
    with tempfile.TemporaryDirectory() as folder:
        yield "12 Mpx", enlarged(some[:4], folder)


def whole(work, name, size=224, batch=None):
    return {
        "work": work, "set": name, "backbone": "resnet50", "batch": batch, "size": size, "precision": None,
        "threads": peers.CORES,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="lookalike, built with --release")
    peers.arguments(parser)
    parser.add_argument("--folder", help="a folder with a folder for each class, for answer and story")
    parser.add_argument("--weights", help="ResNet-50's weights as safetensors, for answer and story")
    parser.add_argument("--story-epochs", type=int, default=20, help="epochs of each stage")
    parser.add_argument("--results", type=Path, help="the file of samples [default: by machine and day]")
    parser.add_argument("--fresh", action="store_true", help="measure anew what is there already")
    args = parser.parse_intermixed_args()
    if {"answer", "story"} & set(args.work) and not (args.folder and args.weights):
        sys.exit("answer and story need --folder and --weights")
    if "answer" in args.work and not args.pictures:
        sys.exit("answer needs a picture: name one at the end")
    args.peer = [peer for peer in args.peer if peer != "none"]
    binary = str(Path(args.binary).resolve())
    program = hashlib.sha256(Path(binary).read_bytes()).hexdigest()[:12]
    machine = peers.machine()
    samples = Samples(args.results or default_file(machine), machine)
    print(table.HEADER)

    def bench(job, pictures=()):
        def measure(side):
            if side == OURS:
                return ours(binary, job, pictures, samples)
            return peers.in_a_child(side, job, 3, pictures)

        sides = [peer for peer in args.peer if peers.runs(peer, job)]
        in_rounds(samples, samples.entry(job, program, args.fresh), sides, measure, args.rounds)

    def command(job, make):
        entry = samples.entry(job, program, args.fresh)
        try:
            measured = make()
        except wholes.Failed as reason:
            say(f"left out: {job['work']}: {reason}")
            return
        in_rounds(samples, entry, measured.sides, measured.measure, args.rounds)

    for job in peers.jobs(args):
        bench(job)
    if "decode" in args.work:
        for name, pictures in decode_sets(args):
            bench(peers.decode_job(name, 224), pictures)
    if "answer" in args.work:
        command(whole("answer", None), lambda: wholes.Answer(binary, program, args))
    if "story" in args.work:
        name = f"{args.story_epochs} + {args.story_epochs} epochs"
        command(whole("story", name, batch=64), lambda: wholes.Story(binary, args))
    print(f"\n{machine['cpu']}, {machine['cores']} cores; all samples in {samples.file}")


if __name__ == "__main__":
    main()
