"""Makes the golden files: fastai's augmentation of one picture with given parameters.

    python make.py        # needs torch and numpy; fastai itself is used where it is installed

Each line of `cases.txt` is: orientation, warp x, warp y, degrees, zoom, centre x, centre y,
brightness, contrast. `picture.bin` is a 32 x 32 picture (RGB8), `expected.bin` holds what each case
makes of it (float32, before normalising, 0 to 1), one after the other.
"""
import math, pathlib
import numpy as np, torch

here = pathlib.Path(__file__).parent
SIZE = 32
CASES = [
    (0, 0, 0, 0, 1, .5, .5, .5, 1),
    (1, 0, 0, 0, 1, .5, .5, .5, 1),
    (0, 0, 0, 10, 1, .5, .5, .5, 1),
    (0, 0, 0, 0, 1.1, .2, .9, .5, 1),
    (0, .2, 0, 0, 1, .5, .5, .5, 1),
    (0, 0, -.2, 0, 1, .5, .5, .5, 1),
    (0, .15, -.12, 0, 1, .5, .5, .5, 1),
    (0, 0, 0, 0, 1, .5, .5, .4, 1),
    (0, 0, 0, 0, 1, .5, .5, .58, .8),
    (1, -.13, .19, -7.5, 1.07, .3, .6, .43, 1.22),
    (0, -.2, -.2, 9, 1.02, .9, .1, .6, .85),
] + [(o, .05, .1, 4, 1.05, .1, .7, .5, 1.1) for o in range(2, 8)]


def matrix(orientation, degrees, zoom, cx, cy):
    xs, ys, kept = [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, 1, 0), (-1, -1, 1), (1, -1, 0), (1, 1, 0),
                    (-1, -1, 0)][orientation]
    flip = torch.tensor([[xs * kept, xs * (1 - kept), 0], [ys * (1 - kept), ys * kept, 0], [0, 0, 1]],
                        dtype=torch.float64)
    t = math.radians(degrees)
    turn = torch.tensor([[math.cos(t), math.sin(t), 0], [-math.sin(t), math.cos(t), 0], [0, 0, 1]],
                        dtype=torch.float64)
    s = 1 / zoom
    scale = torch.tensor([[s, 0, (1 - s) * (2 * cx - 1)], [0, s, (1 - s) * (2 * cy - 1)], [0, 0, 1]],
                         dtype=torch.float64)
    return (flip @ turn @ scale)[:2]


def coefficients(x, y):
    """Eight equations: the tilted points go to the corners."""
    corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    tilted = [(-1 - y, -1 - x), (-1 + y, 1 + x), (1 + y, -1 + x), (1 - y, 1 - x)]
    rows, wanted = [], []
    for (a, b), (p, q) in zip(corners, tilted):
        rows += [[p, q, 1, 0, 0, 0, -a * p, -a * q], [0, 0, 0, p, q, 1, -b * p, -b * q]]
        wanted += [a, b]
    found = np.linalg.solve(np.array(rows, dtype=float), np.array(wanted, dtype=float))
    return torch.tensor([*found, 1.]).view(3, 3)


def augment(picture, o, wx, wy, degrees, zoom, cx, cy, brightness, contrast):
    grid = torch.nn.functional.affine_grid(
        matrix(o, degrees, zoom, cx, cy)[None], (1, 3, SIZE, SIZE), align_corners=True)
    points = torch.cat([grid, torch.ones_like(grid[..., :1])], -1) @ coefficients(wx, wy).T
    grid = points[..., :2] / points[..., 2:]
    x = torch.nn.functional.grid_sample(
        picture[None], grid, mode="bilinear", padding_mode="reflection", align_corners=True)
    logit = lambda v: -(1 / v.clamp(1e-7, 1 - 1e-7) - 1).log()
    x = torch.sigmoid((logit(x) + logit(torch.tensor(brightness, dtype=torch.float64))) * contrast)
    return x[0].permute(1, 2, 0)


def fastai(picture, o, wx, wy, degrees, zoom, cx, cy, brightness, contrast):
    from fastai.vision import augment as f
    always = dict(p=1.)
    tfms = [f.Dihedral(draw=o, align_corners=True, **always), f.Warp(draw_x=wx, draw_y=wy, **always),
            f.Rotate(draw=degrees, **always),
            f.Zoom(max_zoom=2, draw=zoom, draw_x=cx, draw_y=cy, **always),
            f.Brightness(draw=brightness, **always), f.Contrast(draw=contrast, **always)]
    x = f.TensorImage(picture[None].float().clone())
    for t in f.setup_aug_tfms(tfms):
        x = t(x, split_idx=0)
    return x[0].permute(1, 2, 0)


def main():
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1)
    # A gradient, a disc, black and white corners and some noise.
    picture = np.stack([x, y, 1 - x * y], -1) * 200 + rng.uniform(0, 55, (SIZE, SIZE, 3))
    picture[(x - .6) ** 2 + (y - .4) ** 2 < .05] = (250, 200, 20)
    picture[:4, :4], picture[-4:, -4:] = 0, 255
    picture = picture.astype(np.uint8)
    (here / "picture.bin").write_bytes(picture.tobytes())
    tensor = torch.from_numpy(picture).permute(2, 0, 1).double() / 255
    results = [augment(tensor, *case).float() for case in CASES]
    try:
        for case, ours in zip(CASES, results):
            theirs = torch.as_tensor(fastai(tensor, *case))
            print(case, "differs from fastai by at most", float((ours - theirs).abs().max() * 255), "levels")
    except ImportError:
        print("fastai is not installed: not compared with it")
    (here / "cases.txt").write_text("".join(" ".join(map(str, case)) + "\n" for case in CASES))
    (here / "expected.bin").write_bytes(torch.stack(results).numpy().tobytes())


main()
