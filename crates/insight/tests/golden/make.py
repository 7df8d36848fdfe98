"""Writes scores.json: made-up predictions and what scikit-learn and SciPy say of them.

most_confused is fastai 2.8's: off-diagonal cells of at least one, by count, ties in row-major order.
What has no function there is computed from its paper's formulas: the calibration error in bins of
equal mass, confident learning (Northcutt et al., JAIR 70, 2021: thresholds, confident joint,
estimated errors, order by margin), the mid-p of McNemar's test, and the temperature with a prior.
Run: python make.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from scipy.stats import binom, binomtest
from sklearn.metrics import (accuracy_score, confusion_matrix, f1_score, log_loss,
                             precision_recall_fscore_support, roc_auc_score)


def calibration_error(p, actual):
    confidence, right = p.max(1), p.argmax(1) == actual
    order = np.argsort(confidence, kind="stable")
    n, bins = len(order), int(np.clip(len(order) // 25, 1, 10))
    parts = [order[b * n // bins:(b + 1) * n // bins] for b in range(bins)]
    return sum(abs(right[i].mean() - confidence[i].mean()) * len(i) / n for i in parts)


def confident_learning(p, actual):
    k = p.shape[1]
    thresholds = [p[actual == c, c].mean() for c in range(k)]
    joint = np.zeros((k, k), int)
    suspects = []
    for i, (row, label) in enumerate(zip(p, actual)):
        above = [c for c in range(k) if row[c] >= thresholds[c]]
        seems = max(above, key=lambda c: row[c]) if above else label
        if above:
            joint[label, seems] += 1
        sure = seems != label
        seems = seems if sure else int(row.argmax())
        if seems != label:
            suspects.append((i, seems, row[seems] - row[label], sure))
    rows = joint.sum(1)
    share = 1 - np.diag(joint) / np.maximum(rows, 1)
    counts = np.bincount(actual, minlength=k)
    estimated = float((share * counts * (rows > 0)).sum())
    suspects.sort(key=lambda s: -s[2])
    listed = max(sum(s[3] for s in suspects), int(np.ceil(1.5 * estimated)))
    return {"thresholds": thresholds, "joint": joint.tolist(),
            "suspects": [[s[0], int(s[1])] for s in suspects[:listed]],
            "estimated": estimated}


def temperature(p, actual):
    """Of least log-loss, with a prior of variance 1 on its logarithm."""
    logits = np.log(p)

    def loss(log_scale):
        scaled = np.exp(log_scale) * logits
        picked = scaled[np.arange(len(actual)), actual]
        return (logsumexp(scaled, axis=1) - picked).sum() + log_scale ** 2 / 2

    return float(np.exp(-minimize_scalar(loss, bounds=(-4, 4), method="bounded",
                                         options={"xatol": 1e-10}).x))


def mid_p(a, b):
    n, few = a + b, min(a, b)
    return float(min(1, 2 * binom.cdf(few, n, .5) - binom.pmf(few, n, .5)))


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
        "macro_f1": f1_score(actual, predicted, average="macro", zero_division=0),
        "auroc": roc_auc_score(actual, p if k > 2 else p[:, 1], multi_class="ovr"),
        "calibration_error": calibration_error(p, actual),
        "confident_learning": confident_learning(p, actual),
        "temperature": temperature(p, actual),
    }


here = Path(__file__).parent
wilson = [[k, n, *binomtest(k, n).proportion_ci(method="wilson")]
          for k, n in [(71, 101), (0, 7), (7, 7), (1, 1), (50, 100), (4999, 5000), (399, 398 + 20)]]
pairs = [[a, b, mid_p(a, b)] for a, b in [(0, 0), (3, 3), (5, 14), (40, 22), (300, 260), (1, 0)]]
cases = [case(1, [34, 36, 31], 1.0), case(2, [50, 3, 20, 1, 9], 0.6), case(3, [40, 40], 4.0)]
(here / "scores.json").write_text(json.dumps({"wilson": wilson, "mid_p": pairs, "cases": cases}, separators=(",", ":")))
