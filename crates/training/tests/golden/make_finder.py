"""Writes finder.json: smoothed losses of rate sweeps and the rate that fastai 2.8 suggests.

fastai's rule in our own words (`fastai/callback/schedule.py`: LRFinder, valley, lr_find):
the rate of batch i of n is 1e-7 · (10 / 1e-7)^(i / n); of the recorded losses the first n // 10 and
the last 5 are left out, then all from the first NaN on; then, over what is left,

    L(i) = 1 + max(L(j) for j < i with loss(i) < loss(j), default 0)
    end  = first i with the largest L;  start = end − L(end), but 0 where nothing falls
    rate = rates[start + int((end − start) / 3) + int((end − start) / 3 / 2)]

With `--check` and fastai installed, fastai's own `valley` must say the same.
"""

import json
import math
import random
import sys
from pathlib import Path


def rate(i, n):
    return 1e-7 * (10 / 1e-7) ** (i / n)


def valley(rates, losses):
    length = []
    for i, loss in enumerate(losses):
        length.append(1 + max((length[j] for j in range(i) if loss < losses[j]), default=0))
    end = length.index(max(length))
    start = end - length[end] if length[end] > 1 else 0
    third = (end - start) / 3
    return rates[start + int(third) + int(third / 2)]


def suggested(losses, n):
    rates = [rate(i, n) for i in range(len(losses))][n // 10 : -5]
    losses = losses[n // 10 : -5]
    nan = next((i for i, loss in enumerate(losses) if math.isnan(loss)), len(losses))
    rates, losses = rates[:nan], losses[:nan]
    if not losses:
        return None  # fastai raises
    if "--check" in sys.argv:
        from fastai.callback.schedule import valley as fastais

        assert fastais(rates, losses, n)[0] == valley(rates, losses)
    return valley(rates, losses)


def smoothed(raw):
    """fastai's AvgSmoothLoss, and its stop at four times the best."""
    total, best, out = 0.0, math.inf, []
    for count, loss in enumerate(raw, 1):
        total = 0.98 * total + 0.02 * loss
        out.append(total / (1 - 0.98**count))
        best = min(best, out[-1])
        if out[-1] > 4 * best:
            break
    return out


def main():
    draw = random.Random(1)
    cases = []

    def case(name, losses, n=100):
        # Seven digits, so that the file is small; the suggestion is made from what is written.
        losses = [loss if math.isnan(loss) else float(f"{loss:.7g}") for loss in losses]
        shown = [None if math.isnan(loss) else loss for loss in losses]
        cases.append({"name": name, "batches": n, "losses": shown, "suggested": suggested(losses, n)})

    for i in range(80):
        # A plateau, a fall about some rate, and a rise; with noise.
        n = draw.choice([20, 50, 100, 100, 100, 150])
        fall, rise = draw.uniform(0.3, 0.7), draw.uniform(0.6, 1.1)
        noise, height = draw.choice([0.0, 0.01, 0.1, 0.5]), draw.uniform(0.7, 5)
        raw = [
            height * (1 - 0.7 / (1 + math.exp(-30 * (x - fall)))) * (1 + noise * draw.gauss(0, 1))
            + math.exp(min(60 * (x - rise), 300))
            for x in (j / n for j in range(n))
        ]
        case(f"curve {i}", smoothed(raw), n)
    for i in range(30):
        case(f"noise {i}", [draw.choice([1.0, 2.0, 3.0, 4.0]) for _ in range(draw.randint(16, 100))])
    case("falls all the way", [100.0 - i for i in range(100)])
    case("rises all the way", [1.0 + 0.01 * i for i in range(100)])
    case("all alike", [1.0] * 100)
    case("NaN at 50", [100.0 - i for i in range(50)] + [math.nan] * 50)
    case("NaN at 97", [100.0 - i for i in range(97)] + [math.nan] * 3)
    case("NaN at 10", [100.0 - i for i in range(10)] + [math.nan] * 90)
    case("NaN at 11", [100.0 - i for i in range(11)] + [math.nan] * 89)
    case("NaN at 12", [100.0 - i for i in range(12)] + [math.nan] * 88)
    for length in range(13, 23):
        case(f"ran away after {length}", [100.0 - i for i in range(length)])
    case("two that fall, then a rise", [9.0] * 10 + [2.0, 1.0] + [3.0 + i for i in range(20)])
    path = Path(__file__).with_name("finder.json")
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")
    path.chmod(0o644)


if __name__ == "__main__":
    main()
