"""scikit-learn's logistic regression on the features, labels and folds that the example `heads` wrote.

    python bench/heads.py DIR...      (numpy, scikit-learn)

For each choice of views: the mean accuracy over all deals of folds, with scikit-learn's best of
C in {1e-3 ... 1} for each deal (picked by the very folds that it is then judged on, which flatters
it), and ours, chosen by inner folds and by log-loss. The ranges are twice the standard error over
the deals of one and the same set of pictures: they say how much the deal of folds matters, not how
much other pictures would.
"""
import json
import pathlib
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTHS = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0]


def right(x, y, fold_of, strength):
    hits = 0
    for fold in np.unique(fold_of):
        held = fold_of == fold
        model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
        hits += int((model.fit(x[~held], y[~held]).predict(x[held]) == y[held]).sum())
    return hits / len(y)


def told(values):
    values = 100 * np.array(values)
    error = 2 * values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{values.mean():5.2f} ±{error:4.2f}"


for folder in map(pathlib.Path, sys.argv[1:]):
    deals = json.loads((folder / "deals.json").read_text())
    y = np.array(deals["labels"])
    ours = folder / "ours.json"
    ours = json.loads(ours.read_text()) if ours.exists() else []
    print(f"{folder}: {len(y)} pictures, {len(deals['folds'])} deals of folds")
    for views in deals["choices"]:
        rows = [np.fromfile(folder / f"{v}.f32", "<f4").reshape(len(y), -1) for v in views]
        x = np.mean(rows, axis=0)
        best, at_strength = [], []
        for fold_of in deals["folds"].values():
            tried = [right(x, y, np.array(fold_of), strength) for strength in STRENGTHS]
            best.append(max(tried))
            at_strength.append(tried)
        fixed = np.mean(at_strength, axis=0)
        line = f"  {'+'.join(views)}: scikit-learn {told(best)}"
        line += f" (one C for all deals, {STRENGTHS[int(fixed.argmax())]:g}: {100 * fixed.max():.2f})"
        mine = [one for one in ours if one["views"] == views]
        if mine:
            line += f"; ours {told([h['accuracy'] for o in mine for h in o['heads'] if h['chosen']])}"
            for at, head in enumerate(mine[0]["heads"]):
                loss = np.mean([one["heads"][at]["log_loss"] for one in mine])
                times = sum(one["heads"][at]["chosen"] for one in mine)
                accuracy = told([one["heads"][at]["accuracy"] for one in mine])
                line += f"; {head['head']} {accuracy}, log-loss {loss:.4f}, chosen {times}×"
        print(line, flush=True)
