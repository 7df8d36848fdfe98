"""Scaling runs as SVG: milliseconds a picture against batch, picture size and threads, both axes logarithmic."""

import math

from samples import NAMES, OURS, median, others

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 380, 60, 190, 36, 48
COLOURS = {
    OURS: "#0b6bcb", "pytorch-channels-last": "#c2410c", "pytorch": "#a16207", "onnxruntime": "#4d7c0f",
    "openvino": "#7e22ce",
}
AXES = {"batch": "pictures in a batch", "size": "height and width of a picture, pixels", "threads": "threads"}
USUAL = {"batch": 16, "size": 224}


def series(entries, work, axis, cores):
    """{("lookalike", "fp32"): [(x, milliseconds)]}: one value varies, the others are the usual ones."""
    usual, lines = {**USUAL, "threads": cores}, {}
    for entry in entries:
        same = all(entry[name] == value for name, value in usual.items() if name != axis)
        if entry["work"] == work and entry["backbone"] == "resnet50" and same:
            for side in [OURS, *others(entry)]:
                value = median(entry, side)
                if value:
                    lines.setdefault((side, entry["precision"]), []).append((entry[axis], value))
    return {name: sorted(points) for name, points in lines.items() if len(points) > 1}


def nice(low, high):
    """1, 2 and 5 times powers of ten, from just below to just above."""
    all_of_them = [m * 10**e for e in range(-3, 7) for m in (1, 2, 5)]
    first = max(v for v in all_of_them if v <= low)
    last = min(v for v in all_of_them if v >= high)
    return [v for v in all_of_them if first <= v <= last]


def plot(heading, axis, lines):
    xs = sorted({x for points in lines.values() for x, _ in points})
    values = [y for points in lines.values() for _, y in points]
    ticks = nice(min(values), max(values) * 1.0001)
    place = lambda v, low, high, start, end: start + (end - start) * math.log(v / low) / math.log(high / low)
    x_of = lambda x: place(x, xs[0], xs[-1], LEFT, WIDTH - RIGHT)
    y_of = lambda y: place(y, ticks[0], ticks[-1], HEIGHT - BOTTOM, TOP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{heading}</text>',
    ]
    for tick in ticks:
        y = y_of(tick)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for x in xs:
        out.append(f'<text x="{x_of(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle">{AXES[axis]}</text>')
    label = 0
    ends = sorted((y_of(points[-1][1]), *name) for name, points in lines.items())
    for end, side, precision in ends:
        label = max(end, label + 15)  # names do not lie on each other
        colour, width = COLOURS.get(side, "#475569"), 3 if side == OURS else 1.5
        dash = ' stroke-dasharray="6 3"' if precision == "bf16" else ""
        places = [(f"{x_of(x):.1f}", f"{y_of(y):.1f}") for x, y in lines[side, precision]]
        line = " ".join(f"{x},{y}" for x, y in places)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>')
        out += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in places]
        name = f"{NAMES.get(side, side)}, {precision}"
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*out, "</svg>\n"])


def draw(entries, cores, folder):
    """Writes a plot for each work and axis that was measured at more than one place; names the files."""
    for work in ["forward", "step"]:
        for axis in AXES:
            lines = series(entries, work, axis, cores)
            if lines:
                name = f"scaling-{work}-{axis}.svg"
                heading = f"ResNet-50, {work}: milliseconds a picture"
                (folder / name).write_text(plot(heading, axis, lines))
                yield name
