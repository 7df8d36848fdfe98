"""Writes one_cycle.txt: the rates and momenta of fastai 2.8's fit_one_cycle, step by step.

The formulas are those of fastai's callback/schedule.py (combined_cos over two SchedCos) and of
Learner's pct_train, written out in double precision. Run: python make.py
"""

import math
from pathlib import Path


def sched_cos(start, end, pos):
    return start + (1 + math.cos(math.pi * (1 - pos))) * (end - start) / 2


def combined_cos(pct, start, middle, end, pos):
    cuts = [0, pct, 1]
    schedules = [(start, middle), (middle, end)]
    if pos == 1:
        return sched_cos(*schedules[-1], 1)
    index = max(i for i, cut in enumerate(cuts) if pos >= cut)
    return sched_cos(*schedules[index], (pos - cuts[index]) / (cuts[index + 1] - cuts[index]))


def even_mults(start, stop, n):
    step = (stop / start) ** (1 / (n - 1))
    return [start * step**i for i in range(n)]


def fit_one_cycle(epochs, batches, maxima, div=25.0, div_final=1e5, pct_start=0.25, moms=(0.95, 0.85, 0.95)):
    for epoch in range(epochs):
        pct_train = epoch / epochs
        for _ in range(batches):
            rates = [combined_cos(pct_start, m / div, m, m / div_final, pct_train) for m in maxima]
            yield [*rates, combined_cos(pct_start, *moms, pct_train)]
            pct_train += 1 / (batches * epochs)


here = Path(__file__).parent
with open(here / "one_cycle.txt", "w") as file:
    for epochs, batches, maxima in [
        (20, 6, even_mults(1e-6, 1e-5, 3)),
        (3, 7, [1e-3] * 3),
        (1, 1, [1e-4, 1e-4, 1e-3]),
    ]:
        print("cycle", epochs * batches, *(f"{m:.9e}" for m in maxima), file=file)
        for row in fit_one_cycle(epochs, batches, maxima):
            print(*(f"{value:.9e}" for value in row), file=file)
