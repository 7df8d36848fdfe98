"""Measures what `lookalike bench` measures, in PyTorch, ONNX Runtime, OpenVINO and Pillow.

    peers.py --json --peer pytorch,onnxruntime --backbone resnet50 --batch 1,16 --work forward,step

Same networks (torchvision's, 1,000 classes), same work, same shape of the JSON. Each configuration
runs in a process of its own, so that its peak of memory is its own. A `step` is a forward pass in
train mode, cross-entropy, a backward pass and Adam; in a `frozen_step` only norms and the last
layer learn, as in fastai's frozen stage. Times are milliseconds per picture.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

PEERS = {
    "pytorch": ["forward", "step", "frozen_step"],
    "pytorch-channels-last": ["forward", "step", "frozen_step"],
    "onnxruntime": ["forward"],
    "openvino": ["forward"],
    "pillow": ["decode"],
}
LEAST = 0.25  # seconds that a round lasts at least
CORES = len(os.sched_getaffinity(0))


def measure(work, pictures, rounds):
    """Milliseconds per picture, one number a round, after one call that does not count."""
    work()
    start = time.perf_counter()
    work()
    repeats = max(1, int(LEAST / (time.perf_counter() - start)) + 1)
    samples = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        samples.append((time.perf_counter() - start) * 1e3 / repeats / pictures)
    return samples


def pytorch(work, backbone, batch, size, channels_last):
    import torch
    import torch.nn.functional as F
    import torchvision

    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    net = getattr(torchvision.models, backbone)()
    x, y = torch.randn(batch, 3, size, size), torch.randint(1000, (batch,))
    if channels_last:
        net, x = (t.to(memory_format=torch.channels_last) for t in (net, x))
    if work == "forward":
        net.eval()

        def forward():
            with torch.inference_mode():
                net(x)

        return forward
    net.train()
    if work == "frozen_step":
        for name, module in net.named_modules():
            if isinstance(module, torch.nn.Conv2d):
                module.requires_grad_(False)
    learning = [p for p in net.parameters() if p.requires_grad]
    # `fused` is the fastest of PyTorch's ways to run Adam on a CPU
    adam = torch.optim.Adam(learning, lr=1e-6, betas=(0.9, 0.99), eps=1e-5, fused=True)

    def step():
        adam.zero_grad()
        F.cross_entropy(net(x), y).backward()
        adam.step()

    return step


def exported(backbone, batch, size):
    """An ONNX file of the network, kept for the next call."""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"lookalike-bench-{backbone}-{batch}-{size}.onnx"
    if not path.exists():
        import torch
        import torchvision

        net = getattr(torchvision.models, backbone)().eval()
        # the exporter chats on standard output, which is for the result
        stdout, sys.stdout = sys.stdout, sys.stderr
        torch.onnx.export(net, (torch.zeros(batch, 3, size, size),), path, external_data=False)
        sys.stdout = stdout
    return str(path)


def onnxruntime(backbone, batch, size):
    import numpy
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = CORES
    session = ort.InferenceSession(exported(backbone, batch, size), options, ["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: numpy.random.randn(batch, 3, size, size).astype("float32")}
    return lambda: session.run(None, feed)


def openvino(backbone, batch, size):
    import numpy
    import openvino as ov

    settings = {"INFERENCE_NUM_THREADS": CORES, "INFERENCE_PRECISION_HINT": "f32"}
    model = ov.Core().compile_model(exported(backbone, batch, size), "CPU", settings)
    request = model.create_infer_request()
    x = numpy.random.randn(batch, 3, size, size).astype("float32")
    return lambda: request.infer([x])


def pillow(pictures, size):
    """Decode and resize as `lookalike bench`: the largest centred square at `size`, on all cores."""
    from concurrent.futures import ThreadPoolExecutor

    from PIL import Image, ImageOps

    pool = ThreadPoolExecutor(CORES)

    def one(path):
        picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        return picture.resize((size, size), Image.BILINEAR, box=(left, top, left + side, top + side))

    return lambda: list(pool.map(one, pictures))


def alone(args):
    peer, work, backbone, batch = args.peer[0], args.work[0], args.backbone[0], args.batch[0]
    count = batch
    if peer == "pillow":
        run, count = pillow(args.pictures, args.size), len(args.pictures)
    elif peer == "onnxruntime":
        run = onnxruntime(backbone, batch, args.size)
    elif peer == "openvino":
        run = openvino(backbone, batch, args.size)
    else:
        run = pytorch(work, backbone, batch, args.size, peer.endswith("channels-last"))
    at_rest = peak_bytes()
    samples = measure(run, count, args.rounds)
    network = work != "decode"
    return {
        "peer": peer,
        "work": work,
        "backbone": backbone if network else None,
        "batch": batch if network else None,
        "size": args.size,
        "precision": "fp32" if network else None,
        "milliseconds": samples,
        "median": statistics.median(samples),
        "peak_bytes": peak_bytes(),
        # what the process held before its first step: interpreter, library, weights
        "peak_bytes_at_rest": at_rest,
    }


def line_of(path, key):
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), None)


def peak_bytes():
    # Linux counts what ran before this program in the same process into ru_maxrss, but not here
    peak = line_of("/proc/self/status", "VmHWM")
    kilobytes = int(peak.split()[0]) if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes << 10


def machine():
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for name in ["torch", "torchvision", "onnxruntime", "openvino", "pillow", "fastai"]:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            pass
    return {
        "cpu": line_of("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": CORES,
        "threads": CORES,
        "memory": line_of("/proc/meminfo", "MemTotal"),
        "os": platform.platform(),
        "load_average": os.getloadavg(),
        "versions": versions,
    }


def in_a_child(peer, work, backbone, batch, size, rounds, pictures=()):
    """One configuration; None, with a word on standard error, where it cannot run."""
    command = [sys.executable, __file__, "--alone", "--peer", peer, "--work", work]
    command += ["--backbone", backbone, "--batch", str(batch), "--size", str(size)]
    command += ["--rounds", str(rounds), "--", *pictures]
    if peer in ("onnxruntime", "openvino"):
        # export in a process of its own too: its memory is not the peer's
        export = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import peers; "
        export += f"peers.exported({backbone!r}, {batch}, {size})"
        subprocess.run([sys.executable, "-c", export], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child = subprocess.run(command, capture_output=True, text=True)
    if child.returncode != 0:
        words = child.stderr.strip().splitlines() or ["no word"]
        print(f"{peer}, {work} of {backbone} at {batch}: {words[-1]}", file=sys.stderr)
        return None
    return json.loads(child.stdout.splitlines()[-1])


def jobs(args):
    for work in args.work:
        if work == "decode":
            yield work, args.backbone[0], args.batch[0]
        else:
            yield from ((work, backbone, batch) for backbone in args.backbone for batch in args.batch)


def arguments(parser):
    """What peers.py and compare.py both take, as `lookalike bench` does."""
    words = lambda text: text.split(",")
    numbers = lambda text: [int(n) for n in text.split(",")]
    parser.add_argument("pictures", nargs="*", help="pictures to decode")
    parser.add_argument("--peer", type=words, default=list(PEERS), help="a comma between them")
    parser.add_argument("--backbone", type=words, default=["resnet50"])
    parser.add_argument("--batch", type=numbers, default=[1, 16, 64])
    parser.add_argument("--work", type=words, default=["forward", "step", "frozen_step"])
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments(parser)
    parser.add_argument("--json", action="store_true", help="the only form there is")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_intermixed_args()
    if args.alone:
        print(json.dumps(alone(args)))
        return
    results = []
    for work, backbone, batch in jobs(args):
        for peer in args.peer:
            if work in PEERS[peer] and (work != "decode" or args.pictures):
                results.append(in_a_child(peer, work, backbone, batch, args.size, args.rounds, args.pictures))
    print(json.dumps({"machine": machine(), "results": [r for r in results if r]}, indent=2))


if __name__ == "__main__":
    main()
