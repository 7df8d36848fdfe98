"""Each kind of convolution by itself, in this program and in PyTorch (oneDNN), as a Markdown table.

    bench/.venv/bin/python bench/layers.py target/release/lookalike [--backbone resnet50] [--batch 16]

GFLOP/s as the shape states them, of the best of a few rounds: forward, backward for the input, backward
for the weights. PyTorch runs channels last. Ours reads its input through a norm and ReLU and gathers the
next norm's sums meanwhile, which PyTorch's convolution does not.
"""

import argparse
import json
import subprocess
import time


def best(work, rounds=3, least=0.1):
    """Seconds of one call, the best of some rounds that last a while."""
    work()
    start = time.perf_counter()
    work()
    repeats = max(1, int(least / max(time.perf_counter() - start, 1e-6)))
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        seconds.append((time.perf_counter() - start) / repeats)
    return min(seconds)


def pytorch(layer, batch):
    """GFLOP/s of the three passes."""
    import torch

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[layer["precision"]]
    kernel, stride = layer["kernel"], layer["stride"]
    last = lambda t: t.to(dtype).to(memory_format=torch.channels_last)
    x = last(torch.randn(batch, layer["channels"], layer["height"], layer["width"]))
    w = last(torch.randn(layer["filters"], layer["channels"], kernel, kernel))
    geometry = dict(stride=[stride] * 2, padding=[kernel // 2] * 2, dilation=[1, 1], groups=1)
    forward = lambda: torch.conv2d(x, w, None, **geometry)
    with torch.inference_mode():
        y = forward()
        g = last(torch.randn_like(y, dtype=torch.float32))
        backward = lambda mask: lambda: torch.ops.aten.convolution_backward(
            g, x, w, None, geometry["stride"], geometry["padding"], geometry["dilation"], False, [0, 0], 1, mask
        )
        flop = 2 * y.numel() * layer["channels"] * kernel * kernel
        passes = [forward, backward([True, False, False]), backward([False, True, False])]
        return [flop / best(work) / 1e9 for work in passes]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", help="lookalike, built with --release")
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--batch", type=int, default=16)
    args = parser.parse_args()
    command = [args.binary, "bench", "--layers", "--json", "--rounds", "3", "--precision", "fp32,bf16"]
    command += ["--backbone", args.backbone, "--batch", str(args.batch)]
    ours = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    peaks = ours["machine"]["peak_gflops"]
    print("| convolution | numbers | forward | to the input | to the weights | PyTorch: forward, input, weights |")
    print("|---|---|---|---|---|---|")
    for layer in ours["layers"]:
        theirs = ", ".join(f"{gflops:.0f}" for gflops in pytorch(layer, args.batch))
        shape = "{height}×{width}×{channels} → {filters}, {kernel}×{kernel}/{stride}, ×{times}".format(**layer)
        passes = " | ".join(f"{g:.0f} ({s:.0%})".replace("%", " %") for g, s in zip(layer["gflops"], layer["share"]))
        print(f"| {shape} | {layer['precision']} | {passes} | {theirs} |", flush=True)
    print(f"\nPeak of products: {peaks['fp32']:.0f} GFLOP/s in fp32, {peaks['bf16']:.0f} in bf16.")


if __name__ == "__main__":
    main()
