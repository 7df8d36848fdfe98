"""Writes scores.json: made-up predictions and what scikit-learn and SciPy say of them.

most_confused and the order of top losses are fastai 2.8's: off-diagonal cells of at least one, by
count, ties in row-major order; loss is -ln of the actual class's probability. Run: python make.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import (accuracy_score, confusion_matrix, log_loss,
                             precision_recall_fscore_support)


def case(seed, supports, sharpness):
    random = np.random.default_rng(seed)
    k = len(supports)
    actual = random.permutation(np.repeat(np.arange(k), supports))
    logits = random.normal(size=(len(actual), k)) + sharpness * np.eye(k)[actual]
    # Three decimals: the same numbers in f32 and in f64, and ties among the losses.
    p = np.round(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 3)
    p[:, -1] = np.round(1 - p[:, :-1].sum(1), 3)
    assert p.min() > 0
    predicted = p.argmax(1)
    matrix = confusion_matrix(actual, predicted, labels=range(k))
    precision, recall, f1, support = precision_recall_fscore_support(
        actual, predicted, labels=range(k), zero_division=0)
    pairs = [(a, b, int(matrix[a, b])) for a in range(k) for b in range(k) if a != b and matrix[a, b]]
    losses = -np.log(p[np.arange(len(actual)), actual])
    hits = int((actual == predicted).sum())
    interval = binomtest(hits, len(actual)).proportion_ci(method="wilson")
    return {
        "actual": actual.tolist(),
        "probabilities": p.tolist(),
        "confusion": matrix.tolist(),
        "shares": (matrix / matrix.sum(1, keepdims=True)).tolist(),
        "accuracy": accuracy_score(actual, predicted),
        "interval": [interval.low, interval.high],
        "log_loss": log_loss(actual, p, labels=range(k)),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        "most_confused": sorted(pairs, key=lambda pair: -pair[2]),
        "top_losses": np.argsort(-losses, kind="stable")[:12].tolist(),
    }


here = Path(__file__).parent
wilson = [[k, n, *binomtest(k, n).proportion_ci(method="wilson")]
          for k, n in [(71, 101), (0, 7), (7, 7), (1, 1), (50, 100), (4999, 5000), (399, 398 + 20)]]
cases = [case(1, [34, 36, 31], 1.0), case(2, [50, 3, 20, 1, 9], 0.6), case(3, [40, 40], 4.0)]
(here / "scores.json").write_text(json.dumps({"wilson": wilson, "cases": cases}, separators=(",", ":")))
