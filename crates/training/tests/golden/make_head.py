"""Probabilities of scikit-learn's logistic regression, for crates/training/tests/head.rs.

python make_head.py   (numpy, scikit-learn) writes head.json beside this file.
"""
import json
import pathlib

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

draws = np.random.default_rng(7)
classes, width, learned, asked = 3, 10, 60, 12
labels = np.arange(learned + asked) % classes
corners = draws.normal(size=(classes, width))
features = corners[labels] + 1.5 * draws.normal(size=(learned + asked, width))
features *= 10.0 ** draws.integers(-2, 3, size=width)
features = features.astype(np.float32).round(4)
cases = []
for strength in [1e-3, 3e-2, 1.0]:
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=strength, tol=1e-10, max_iter=10_000)
    )
    model.fit(features[:learned], labels[:learned])
    odds = model.predict_proba(features[learned:])
    cases.append({"strength": strength, "probabilities": odds.round(6).tolist()})
golden = {
    "width": width,
    "learned": learned,
    "labels": labels.tolist(),
    "features": [round(float(x), 4) for x in features.ravel()],
    "cases": cases,
}
path = pathlib.Path(__file__).with_name("head.json")
path.write_text(json.dumps(golden) + "\n")
