"""Writes the golden files of the engine's tests: what PyTorch computes, in float64.

    pip install torch==2.15.0 torchvision==0.29.2 timm numpy safetensors
    python make.py            # operations, adam, networks, attribution, efficientnet (.safetensors)
    python make.py attribution  # that one alone

Inputs are in no file: both sides fill pictures and parameters by the same formula (`fill`), so only
results are stored, and of the large networks only a sketch of each tensor (its norm and up to 64 of
its values). PyTorch's own float32 must agree with its float64 well below the tests' tolerance of
1e-4, or no fair test of a float32 engine could ask for it.
"""

import math
import re
import sys
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from safetensors.numpy import save_file

HERE = Path(__file__).parent
STEPS = 3
SKETCH = 64
# backbone, its head, classes, the norm before a sum (for the smooth filling), what is trained.
NETWORKS = [
    ("resnet18", "fastai", 3, ".bn2", ["all", "norms", "head"]),
    ("resnet18", "linear", 1000, ".bn2", ["all", "norms", "head"]),
    ("resnet50", "fastai", 3, ".bn3", ["all", "norms"]),
    ("resnet50", "linear", 1000, ".bn3", ["all", "norms"]),
]
EFFICIENTNETS = [
    ("efficientnet-lite0", "linear", 1000, "bn", ["all", "norms"]),
    ("efficientnet-lite0", "linear", 1000, None, ["head"]),  # in eval mode ReLU6 cuts the smooth filling off
    ("efficientnet-lite2", "linear", 1000, "bn", ["all"]),  # the same layers, more of them
]
BATCH, SIZE = 8, 96


# ---- inputs that both sides can compute ----

def uniform(name, count):
    """`count` numbers in [0, 1) of 24 bits: FNV-1a of the name, then SplitMix64's finaliser."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 % 2**64
    z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64) / 2**24


def fill(name, shape, smooth=False):
    """A parameter's value: He-scaled for weights, near its usual value for the rest.

    A ReLU's gradient jumps at 0, and of the millions of values in a ResNet float32 puts some on the
    other side than float64: gradients then differ by percents. A smooth filling shifts each channel
    by about 3 deviations, so that its ReLU is mostly open or shut: up where a sum follows, else up or down.
    ReLU6 has two such places, and 3 lies between them: of EfficientNet all channels are up ("bn" is
    in every norm's name), by 4 deviations or more.
    """
    if smooth and name.endswith("bias") and not name.startswith("head") and not name.startswith("fc"):
        u = uniform(name, math.prod(shape))
        up = (u < 0.5) | ("downsample" in name) | (smooth in name)
        return np.where(up, 3.0, -3.0).astype(np.float32)
    if name.endswith("running_var"):
        low, width = 0.75, 0.5
    elif name.endswith("running_mean") or name.endswith("bias"):
        low, width = -0.1, 0.2
    elif len(shape) == 1 and smooth == "bn":
        low, width = 0.5, 0.25
    elif len(shape) == 1:
        low, width = 0.75, 0.5
    else:
        width = math.sqrt(24.0 / float(math.prod(shape[1:])))
        low = -0.5 * width
    values = low + uniform(name, math.prod(shape)) * width
    return values.astype(np.float32).reshape(shape)


def images(step, batch, height, width, channels):
    """Pictures in NHWC order, as the engine takes them, handed to PyTorch as NCHW.

    Noise of a contrast and a colour of each picture's own: of plain noise all would look alike to
    an average pool, and the head's norm would divide by next to nothing.
    """
    noise = uniform(f"pictures.{step}", batch * height * width * channels) - 0.5
    contrast = uniform(f"contrasts.{step}", batch) * 4.0 + 0.5
    colour = (uniform(f"colours.{step}", batch * channels) - 0.5) * 4.0
    pixels = noise.reshape(batch, height, width, channels) * contrast.reshape(batch, 1, 1, 1)
    pixels = (pixels + colour.reshape(batch, 1, 1, channels)).astype(np.float32)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def labels(step, batch, classes):
    return torch.tensor([(3 * i + 5 * step + 1) % classes for i in range(batch)])


# ---- networks ----

class Norm(nn.BatchNorm2d):
    """Batch norm on maps and vectors; over a single value a channel it runs as in eval mode."""

    def forward(self, x):
        flat = x if x.dim() == 4 else x[:, :, None, None]
        batch = self.training and flat.numel() > flat.shape[1]
        y = F.batch_norm(flat, self.running_mean, self.running_var, self.weight, self.bias, batch, self.momentum, self.eps)
        return y if x.dim() == 4 else y.flatten(1)


class Conv(nn.Conv2d):
    """A convolution without bias; its padding may be "same", TensorFlow's."""

    def __init__(self, channels, width, kernel, stride, padding, depthwise):
        self.same = padding == "same"
        padding = 0 if self.same else int(padding)
        groups = channels if depthwise else 1
        super().__init__(channels, width, int(kernel), int(stride), padding, groups=groups, bias=False)

    def forward(self, x):
        if self.same:
            (kernel, _), (stride, _) = self.kernel_size, self.stride
            missing = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:]]
            (top, left), (height, width) = [m // 2 for m in missing], missing
            x = F.pad(x, (left, width - left, top, height - top))
        return super().forward(x)


class Small(nn.Module):
    """A network of graphs.txt."""

    def __init__(self, header, lines):
        super().__init__()
        self.name, (self.batch, self.height, self.width, self.channels) = header[0], map(int, header[1:])
        self.lines, self.body, self.groups, group = [], set(), {}, 0
        channels = {"input": self.channels}
        for name, *rest in lines:
            if name == "group":
                group = int(rest[0])
            elif name == "cut":
                self.body = set(self.groups)
            else:
                op, source, *numbers = rest
                self.lines.append((name, op, [source], numbers))
                module, width = None, channels[source]
                if op in ("conv", "depthwise"):
                    width = width if op == "depthwise" else int(numbers[0])
                    module = Conv(channels[source], width, *numbers[op == "conv" :], op == "depthwise")
                elif op == "norm":
                    eps, momentum = map(float, numbers or (1e-5, 0.1))
                    module = Norm(width, eps, momentum)
                elif op == "linear":
                    width = int(numbers[0])
                    module = nn.Linear(channels[source], width, bias="bias" in numbers)
                elif op == "concat":
                    width *= 2
                channels[name] = width
                if module is not None:
                    self.add_module(name, module)
                    self.groups[name] = group
        self.classes = width

    def forward(self, x):
        seen = {"input": x}
        for name, op, (source,), numbers in self.lines:
            x = seen[source]
            if op in ("conv", "depthwise", "norm"):
                x = self.get_submodule(name)(x)
            elif op == "linear":
                x = self.get_submodule(name)(x.flatten(1))
            elif op == "relu":
                x = F.relu(x)
            elif op == "relu6":
                x = F.relu6(x)
            elif op == "add":
                x = x + seen[numbers[0]]
            elif op == "maxpool":
                x = F.max_pool2d(x, *map(int, numbers))
            elif op == "average":
                x = x.mean((2, 3))
            elif op == "concat":
                x = Concat()(x)
            seen[name] = x
        return x


class ResNet(nn.Module):
    """torchvision's body with fastai's head (nothing dropped) or its own layer."""

    def __new__(cls, backbone, head, classes):
        net = getattr(torchvision.models, backbone)(num_classes=classes)
        net.batch, net.height, net.width, net.channels, net.classes = BATCH, SIZE, SIZE, 3, classes
        net.body = {n for n, _ in net.named_modules() if n and not n.startswith("fc")}
        if head == "fastai":
            features = net.fc.in_features
            net.fc = nn.Identity()
            net.avgpool = Concat()
            net.head = nn.Module()
            net.head.norm1 = nn.BatchNorm1d(2 * features)
            net.head.linear1 = nn.Linear(2 * features, 512, bias=False)
            net.head.norm2 = nn.BatchNorm1d(512)
            net.head.linear2 = nn.Linear(512, classes, bias=False)
            body, h = net.forward, net.head
            net.forward = lambda x: h.linear2(h.norm2(F.relu(h.linear1(h.norm1(body(x))))))
        return net


class EfficientNet(nn.Module):
    """timm's conversion of the TensorFlow network, with the momentum of TensorFlow's norms."""

    def __new__(cls, backbone, head, classes):
        net = timm.create_model(f"tf_{backbone.replace('-', '_')}", num_classes=classes)
        net.batch, net.height, net.width, net.channels, net.classes = BATCH, SIZE, SIZE, 3, classes
        net.fc = net.classifier
        del net.classifier
        net.body = {n for n, _ in net.named_modules() if n and n != "fc"}
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.01
        net.forward = lambda x: net.fc(net.forward_features(x).mean((2, 3)))
        return net


class Concat(nn.Module):
    def forward(self, x):
        return torch.cat([F.adaptive_max_pool2d(x, 1), F.adaptive_avg_pool2d(x, 1)], 1).flatten(1)


def read_graphs():
    text = re.sub(r"#.*", "", (HERE / "graphs.txt").read_text())
    lines = [line.split() for line in text.splitlines() if line.split()]
    starts = [i for i, line in enumerate(lines) if line[0] == "graph"] + [len(lines)]
    return [(lines[a][1:], lines[a + 1 : b]) for a, b in zip(starts, starts[1:])]


def fill_all(net, dtype, smooth=False):
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                value.copy_(torch.from_numpy(fill(name, tuple(value.shape), smooth)))
    return net.to(dtype)


# ---- what is computed ----

def set_trained(net, trained):
    """As network::Trained: all, head and body norms, or head alone on a body in eval mode."""
    net.train()
    for name, module in net.named_modules():
        leaf = isinstance(module, nn.BatchNorm2d) or not any(True for _ in module.children())
        if trained == "all" or name not in net.body or not leaf:
            continue
        if trained == "head":
            module.eval()
        if trained == "head" or not isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)


def run(net, dtype, trained, smooth):
    """Logits, three losses, the first step's gradients, statistics and logits after three steps."""
    fill_all(net, dtype, smooth)
    shape = (net.batch, net.height, net.width, net.channels)
    results = {}
    net.eval()
    with torch.no_grad():
        results["logits"] = net(images(0, *shape).to(dtype))
    set_trained(net, trained)
    losses = []
    for step in range(STEPS):
        net.zero_grad()
        loss = F.cross_entropy(net(images(step, *shape).to(dtype)), labels(step, net.batch, net.classes))
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            for name, p in net.named_parameters():
                if p.grad is not None:
                    results[f"gradient/{name}"] = p.grad.clone()
    results["losses"] = torch.tensor(losses, dtype=dtype)
    for name, value in net.named_buffers():
        if not name.endswith("num_batches_tracked"):
            results[f"statistic/{name}"] = value.clone()
    net.eval()
    with torch.no_grad():
        results["logits_after"] = net(images(0, *shape).to(dtype))
    return {name: value.detach().double().numpy() for name, value in results.items()}


def apart(results, exact):
    """The largest difference of a tensor, as a share of it (or, for gradients that are 0 but for
    rounding, of a hundredth of the largest): the measure that the tests use too."""
    largest = max(np.linalg.norm(v) for n, v in exact.items() if n.startswith("gradient"))
    floor = lambda name: 1e-2 * largest if name.startswith("gradient") else 0.0
    error = lambda name: np.linalg.norm(results[name] - exact[name])
    return max((error(n) / max(np.linalg.norm(exact[n]), floor(n)), n) for n in exact)


def compare(case, build, trained, smooth=False, limit=5e-5):
    """The float64 results, once float32 is near enough."""
    exact = run(build(), torch.float64, trained, smooth)
    distance, name = apart(run(build(), torch.float32, trained, smooth), exact)
    print(f"{case:30} loss {exact['losses'][0]:.3f}, float32 is at most {distance:.1e} off, in {name}")
    assert distance < limit, case
    return exact


def sketch(a):
    """The norm, and up to 64 of the values."""
    flat = a.reshape(-1)
    chosen = flat[[i * flat.size // SKETCH for i in range(SKETCH)]] if flat.size > SKETCH else flat
    return np.concatenate([[np.linalg.norm(flat)], chosen])


def operations():
    file = {}
    for header, lines in read_graphs():
        for trained in ["all", "norms", "head"] if ["cut"] in lines else ["all"]:
            case = f"{header[0]}/{trained}"
            exact = compare(case, lambda: Small(header, lines), trained)
            file |= {f"{case}/{name}": value.astype(np.float32) for name, value in exact.items()}
    save_file(file, HERE / "operations.safetensors")


def networks():
    save_file(sketches(NETWORKS, ResNet), HERE / "networks.safetensors")


def efficientnet():
    file = sketches(EFFICIENTNETS, EfficientNet)
    backbone, head, classes, *_ = EFFICIENTNETS[0]
    case = f"{backbone}-{head}"
    file[f"{case}/map"] = checked_maps(case, lambda: EfficientNet(backbone, head, classes), of_module("bn2"))
    save_file(file, HERE / "efficientnet.safetensors")


def sketches(table, network):
    file = {}
    for backbone, head, classes, last, modes in table:
        for trained, smooth in [(t, s) for t in modes for s in dict.fromkeys([None, last])]:
            case = f"{backbone}-{head}/{trained}{'-smooth' if smooth else ''}"
            build = lambda: network(backbone, head, classes)
            exact = compare(case, build, trained, smooth, 5e-5 if smooth else 5e-2)
            file |= {f"{case}/{name}": sketch(value).astype(np.float32) for name, value in exact.items()}
    return file


# ---- Grad-CAM ----

ASKED = 2  # classes asked about for each picture


def maps(net, dtype, layer):
    """Selvaraju et al., arXiv 1610.02391, before the ReLU: by autograd from the logit to the body's map."""
    fill_all(net, dtype).eval()
    kept = []
    hook = layer(net, kept)
    logits = net(images(0, net.batch, net.height, net.width, net.channels).to(dtype))
    every = []
    for picture in range(net.batch):
        for asked in range(ASKED):
            (slope,) = torch.autograd.grad(logits[picture, (picture + asked) % net.classes], kept[0], retain_graph=True)
            weights = slope[picture].mean((1, 2))
            every.append((weights[:, None, None] * kept[0][picture]).sum(0))
    hook()
    return torch.stack(every).detach().double().numpy()


def of_module(name):
    """Keeps what a module says."""
    def hook(net, kept):
        return net.get_submodule(name).register_forward_hook(lambda module, x, y: kept.append(y)).remove
    return hook


def of_line(name):
    """Keeps what a line of graphs.txt says: the last before the cut."""
    def hook(net, kept):
        lines = net.lines
        at = [line[0] for line in lines].index(name) + 1
        class Keep(nn.Module):
            def forward(self, x):
                kept.append(x)
                return x
        net.add_module("kept", Keep())
        net.lines = lines[:at] + [("kept", "norm", [name], [])]
        net.lines += [(n, op, ["kept" if s == name else s for s in sources], rest) for n, op, sources, rest in lines[at:]]
        return lambda: None
    return hook


def checked_maps(case, build, layer):
    """The float64 maps, once float32 is near enough."""
    exact, single = (maps(build(), dtype, layer) for dtype in [torch.float64, torch.float32])
    distance = np.linalg.norm(exact - single) / np.linalg.norm(exact)
    print(f"{case:30} maps {exact.shape}, float32 is at most {distance:.1e} off")
    assert distance < 5e-5, case
    return exact.astype(np.float32)


def attribution():
    cases = []
    for header, lines in read_graphs():
        if ["cut"] in lines:
            last = [line for line in lines[: lines.index(["cut"])] if line[0] != "group"][-1][0]
            cases.append((header[0], lambda h=header, l=lines: Small(h, l), of_line(last)))
    for backbone, head, classes, _, _ in NETWORKS:
        case = f"{backbone}-{head}"
        cases.append((case, lambda b=backbone, h=head, c=classes: ResNet(b, h, c), of_module("layer4")))
    file = {}
    for case, build, layer in cases:
        file[case] = checked_maps(case, build, layer)
    save_file(file, HERE / "attribution.safetensors")


# ---- Adam ----

def adam():
    """Five steps of fastai's Adam, transcribed: three groups, rates and momentum scheduled."""
    header, lines = next(case for case in read_graphs() if case[0][0] == "bottleneck")
    final = {}
    for dtype in [torch.float32, torch.float64]:
        net = fill_all(Small(header, lines), dtype)
        net.train()
        shape = (net.batch, net.height, net.width, net.channels)
        state = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in net.named_parameters()}
        sqr_mom, eps, wd = 0.99, 1e-5, 0.01
        for step in range(5):
            net.zero_grad()
            F.cross_entropy(net(images(step, *shape).to(dtype)), labels(step, net.batch, net.classes)).backward()
            for name, p in net.named_parameters():
                layer = name.split(".")[0]
                mom = 0.95 - 0.02 * step
                lr = [1e-3, 3e-3, 1e-2][net.groups[layer]] * (step + 1) / 5
                decays = p.dim() > 1
                m, v = state[name]
                with torch.no_grad():
                    if decays:
                        p *= 1 - lr * wd
                    m.copy_(mom * m + (1 - mom) * p.grad)
                    v.copy_(sqr_mom * v + (1 - sqr_mom) * p.grad**2)
                    n = step + 1
                    p -= lr / (1 - mom**n) * m / ((v / (1 - sqr_mom**n)).sqrt() + eps)
        final[dtype] = {name: p.detach().double().numpy() for name, p in net.named_parameters()}
    exact, single = final[torch.float64], final[torch.float32]
    moved = {name: exact[name] - fill(name, exact[name].shape) for name in exact}
    norm = np.linalg.norm
    distance = max(norm(single[n] - exact[n]) / norm(moved[n]) for n in exact)
    print(f"{'adam':30} float32 is at most {distance:.1e} off in what moved")
    save_file({f"moved/{name}": value.astype(np.float32) for name, value in moved.items()}, HERE / "adam.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(2)
    for made in sys.argv[1:] or ["operations", "adam", "networks", "attribution", "efficientnet"]:
        globals()[made]()
