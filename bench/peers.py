"""Measures what `lookalike bench` measures, in PyTorch, ONNX Runtime, OpenVINO, Pillow and torchvision.

    peers.py --peer pytorch,openvino --backbone resnet50 --batch 1,16 --work forward,step --precision fp32,bf16

Same networks (torchvision's or timm's, 1,000 classes), same work, same shape of the JSON. Each configuration
runs in a process of its own, so that its peak of memory is its own. A `step` is a forward pass in
train mode, cross-entropy, a backward pass and Adam; in a `frozen_step` only norms and the last
layer learn, as in fastai's frozen stage. Times are milliseconds per picture.
"""

import argparse
import contextlib
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRAINS = ["forward", "step", "frozen_step"]
PEERS = {
    "pytorch": TRAINS,
    "pytorch-channels-last": TRAINS,
    "onnxruntime": ["forward"],
    "openvino": ["forward"],
    "pillow": ["decode"],
    "pillow-draft": ["decode"],
    "torchvision": ["decode"],
}
LEAST = 0.25  # seconds that a round lasts at least
CORES = len(os.sched_getaffinity(0))


def scratch():
    """A folder for what takes time to make and can be made again."""
    folder = Path(tempfile.gettempdir()) / f"lookalike-bench-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    return folder


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


def network(name):
    """A network with random weights: torchvision's, or timm's where that has none of the name."""
    if name.startswith("efficientnet-lite"):
        import timm

        return timm.create_model("tf_" + name.replace("-", "_"))
    import torchvision

    return getattr(torchvision.models, name)()


def pytorch(args, channels_last):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    net = network(args.backbone)
    x, y = torch.randn(args.batch, 3, args.size, args.size), torch.randint(1000, (args.batch,))
    if channels_last:
        net, x = (t.to(memory_format=torch.channels_last) for t in (net, x))

    def computing():
        if args.precision == "bf16":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    if args.work == "forward":
        net.eval()

        def forward():
            with torch.inference_mode(), computing():
                net(x)

        return forward
    net.train()
    if args.work == "frozen_step":
        for module in net.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.requires_grad_(False)
    learning = [p for p in net.parameters() if p.requires_grad]
    # `fused` is the fastest of PyTorch's ways to run Adam on a CPU
    adam = torch.optim.Adam(learning, lr=1e-6, betas=(0.9, 0.99), eps=1e-5, fused=True)

    def step():
        adam.zero_grad()
        with computing():
            loss = F.cross_entropy(net(x), y)
        loss.backward()
        adam.step()

    return step


def exported(backbone, batch, size):
    """An ONNX file of the network, kept for the next call."""
    path = scratch() / f"{backbone}-{batch}-{size}.onnx"
    if not path.exists():
        import torch

        net = network(backbone).eval()
        half = path.with_suffix(".half")  # so that an interrupted export is not taken for a whole one
        # the exporter chats on standard output, which is for the result
        with contextlib.redirect_stdout(sys.stderr):
            torch.onnx.export(net, (torch.zeros(batch, 3, size, size),), half, external_data=False)
        half.replace(path)
    return str(path)


def noise(args):
    import numpy

    return numpy.random.randn(args.batch, 3, args.size, args.size).astype("float32")


def onnxruntime(args):
    import onnxruntime as ort

    if args.precision == "bf16":
        sys.exit("has no bf16 on a CPU")
    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    file = exported(args.backbone, args.batch, args.size)
    session = ort.InferenceSession(file, options, ["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: noise(args)}
    return lambda: session.run(None, feed)


def openvino(args):
    import openvino as ov

    hint = {"fp32": "f32", "bf16": "bf16"}[args.precision]
    settings = {"INFERENCE_NUM_THREADS": args.threads, "INFERENCE_PRECISION_HINT": hint}
    model = ov.Core().compile_model(exported(args.backbone, args.batch, args.size), "CPU", settings)
    request = model.create_infer_request()
    x = noise(args)
    return lambda: request.infer([x])


def pillow(args, draft):
    """Decode, turn as the EXIF orientation says, and resize the largest centred square.

    With `draft` the JPEG is decoded at a half, a quarter or an eighth, where that is enough.
    """
    from concurrent.futures import ThreadPoolExecutor

    from PIL import Image, ImageOps

    size = args.size

    def one(path):
        picture = Image.open(path)
        if draft:
            picture.draft("RGB", (size, size))
        picture = ImageOps.exif_transpose(picture).convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        return picture.resize((size, size), Image.BILINEAR, box=(left, top, left + side, top + side))

    pool = ThreadPoolExecutor(args.threads)
    each = map if args.threads == 1 else pool.map
    return lambda: list(each(one, args.pictures))


def torchvision(args):
    """The same: the square is cut out before it is resized, which is the cheaper order."""
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms.v2 import functional as F

    torch.set_num_threads(args.threads)

    def one(path):
        picture = decode_jpeg(read_file(path), mode=ImageReadMode.RGB, apply_exif_orientation=True)
        square = F.center_crop(picture, min(picture.shape[1:]))
        return F.resize(square, [args.size, args.size], antialias=True)

    def work():
        with torch.inference_mode():
            for path in args.pictures:
                one(path)

    return work


def alone(args):
    """One configuration, in this process."""
    for name in ["peer", "work", "backbone", "batch", "size", "precision", "threads"]:
        setattr(args, name, getattr(args, name)[0])
    peer, decode = args.peer, args.work == "decode"
    run = {
        "pytorch": lambda: pytorch(args, channels_last=False),
        "pytorch-channels-last": lambda: pytorch(args, channels_last=True),
        "onnxruntime": lambda: onnxruntime(args),
        "openvino": lambda: openvino(args),
        "pillow": lambda: pillow(args, draft=False),
        "pillow-draft": lambda: pillow(args, draft=True),
        "torchvision": lambda: torchvision(args),
    }[peer]()
    at_rest = peak_bytes()
    samples = measure(run, len(args.pictures) if decode else args.batch, args.rounds)
    return {
        "peer": peer,
        "work": args.work,
        "backbone": None if decode else args.backbone,
        "batch": None if decode else args.batch,
        "size": args.size,
        "precision": None if decode else args.precision,
        "threads": args.threads,
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
    for name in ["torch", "torchvision", "timm", "onnxruntime", "openvino", "pillow", "fastai"]:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            pass
    return {
        "cpu": line_of("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": CORES,
        "memory": line_of("/proc/meminfo", "MemTotal"),
        "os": platform.platform(),
        "versions": versions,
    }


def runs(peer, job):
    """Whether a peer does this work at this precision."""
    return job["work"] in PEERS[peer] and not (peer == "onnxruntime" and job["precision"] == "bf16")


def in_a_child(peer, job, rounds, pictures=()):
    """One configuration; None, with a word on standard error, where it cannot run."""
    options = ["--peer", peer, "--rounds", str(rounds)]
    for name in ["work", "backbone", "batch", "size", "precision", "threads"]:
        if job[name] is not None:
            options += [f"--{name}", str(job[name])]
    if peer in ("onnxruntime", "openvino"):
        # export in a process of its own too: its memory is not the peer's
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import peers; "
        code += f"peers.exported({job['backbone']!r}, {job['batch']}, {job['size']})"
        subprocess.run([sys.executable, "-c", code], capture_output=True)
    command = [sys.executable, __file__, "--alone", *options, "--", *map(str, pictures)]
    child = subprocess.run(command, capture_output=True, text=True)
    if child.returncode != 0:
        words = child.stderr.strip().splitlines() or [f"ended with {child.returncode}"]
        print(f"left out: {peer} {' '.join(options[2:])}: {words[-1]}", file=sys.stderr)
        return None
    return json.loads(child.stdout.splitlines()[-1])


def jobs(args):
    """Every configuration asked for, but `answer` and `story`, which are whole commands."""
    networks = [args.precision, args.backbone, args.batch, args.size, args.threads]
    for work in args.work:
        if work in TRAINS:
            for precision, backbone, batch, size, threads in itertools.product(*networks):
                yield {
                    "work": work, "set": None, "backbone": backbone, "batch": batch, "size": size,
                    "precision": precision, "threads": threads,
                }


def decode_job(name, size):
    """Decoding the pictures of a set, on one core: with more, each does the same beside the others."""
    return {
        "work": "decode", "set": name, "backbone": None, "batch": None, "size": size, "precision": None,
        "threads": 1,
    }


def arguments(parser):
    """What peers.py and compare.py both take, as `lookalike bench` does."""
    words = lambda text: text.split(",")
    numbers = lambda text: [int(n) for n in text.split(",")]
    parser.add_argument("pictures", nargs="*", help="pictures to decode")
    parser.add_argument("--peer", type=words, default=list(PEERS), help="a comma between them")
    parser.add_argument("--backbone", type=words, default=["resnet50"])
    parser.add_argument("--batch", type=numbers, default=[1, 16, 64])
    parser.add_argument("--work", type=words, default=TRAINS)
    parser.add_argument("--precision", type=words, default=["fp32"])
    parser.add_argument("--size", type=numbers, default=[224])
    parser.add_argument("--threads", type=numbers, default=[CORES])
    parser.add_argument("--rounds", type=int, default=5)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments(parser)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_intermixed_args()
    if args.alone:
        print(json.dumps(alone(args)))
        return
    todo = [(job, ()) for job in jobs(args)]
    if "decode" in args.work and args.pictures:
        todo += [(decode_job("given", size), args.pictures) for size in args.size]
    results = [
        in_a_child(peer, job, args.rounds, pictures)
        for job, pictures in todo for peer in args.peer if runs(peer, job)
    ]
    print(json.dumps({"machine": machine(), "results": [r for r in results if r]}, indent=2))


if __name__ == "__main__":
    main()
