"""Golden numbers for the map, from scikit-learn: python make_layout.py > layout.json"""

import json

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.manifold import _t_sne as inner
from sklearn.metrics import pairwise_distances

draws = np.random.default_rng(5)
# Four kinds of leaves, say, of 20 each, told by 12 numbers.
centres = draws.normal(0, 2.5, (4, 12))
rows = np.concatenate([c + draws.normal(0, 1, (20, 12)) for c in centres]).astype(np.float32)
rows = rows.round(4)

pca = PCA(n_components=5, svd_solver="full").fit(rows)
apart = pairwise_distances(rows, squared=True).astype(np.float32)
joint = inner._joint_probabilities(apart, 15.0, 0)
places = draws.normal(0, 1.0, (len(rows), 2)).round(4)
_, slopes = inner._kl_divergence(places.ravel(), joint, 1, len(rows), 2)
whole = TSNE(perplexity=15.0, init="pca", method="exact", max_iter=750, random_state=0).fit(rows)
print(json.dumps({
    "width": 12,
    "rows": [round(float(x), 4) for x in rows.ravel()],
    "scores": np.abs(pca.transform(rows)).round(5).ravel().tolist(),
    "shares": pca.explained_variance_ratio_.round(7).tolist(),
    "joint": [float(f"{x:.6g}") for x in joint],
    "places": places.ravel().tolist(),
    "slopes": [float(f"{x:.6g}") for x in slopes],
    "divergence": float(whole.kl_divergence_),
}))
