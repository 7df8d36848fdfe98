"""scikit-learn's logistic regression on the features, labels and folds that the example `heads` wrote.

    python bench/heads.py DIR...                (numpy, scikit-learn)
    python bench/heads.py --network DIR...      (numpy, torch): fastai's small network instead

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

STRENGTHS = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0]


def right(x, y, fold_of, strength):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

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


def network(x, y, asked, epochs, rate, seed):
    """Logits of the layers that fastai's head has behind its pool, trained as it trains them."""
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    layers = [
        torch.nn.BatchNorm1d(x.shape[1]),
        torch.nn.Dropout(0.25),
        torch.nn.Linear(x.shape[1], 512, bias=False),
        torch.nn.ReLU(),
        torch.nn.BatchNorm1d(512),
        torch.nn.Dropout(0.5),
        torch.nn.Linear(512, int(y.max()) + 1, bias=False),
    ]
    for layer in layers:
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.kaiming_normal_(layer.weight)
    net = torch.nn.Sequential(*layers)
    x, y, asked = (torch.from_numpy(values) for values in (x, y, asked))
    batch = min(64, len(x))
    steps = epochs * (len(x) // batch)
    adam = torch.optim.AdamW(
        net.parameters(), lr=rate, betas=(0.9, 0.99), eps=1e-5, weight_decay=0.01
    )
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        adam, rate, total_steps=steps, pct_start=0.25, final_div_factor=4000
    )
    for _ in range(epochs):
        for rows in torch.randperm(len(x))[: len(x) // batch * batch].split(batch):
            adam.zero_grad()
            torch.nn.functional.cross_entropy(net(x[rows]), y[rows]).backward()
            adam.step()
            cycle.step()
    net.eval()
    with torch.no_grad():
        return net(asked).numpy()


def calibrated_loss(logits, y, fold_of):
    """Mean log-loss, each fold at the temperature that suits the others best."""
    sharpness = np.exp(np.linspace(-4, 4, 81))[:, None, None]
    scaled = sharpness * logits
    scaled -= scaled.max(axis=2, keepdims=True)
    losses = np.log(np.exp(scaled).sum(axis=2)) - scaled[:, np.arange(len(y)), y]
    folds = np.unique(fold_of)
    best = {f: losses[:, fold_of != f].mean(axis=1).argmin() for f in folds}
    return np.mean([losses[best[f], i] for i, f in enumerate(fold_of)])


def networks(x, y, deals):
    for epochs, rate in [(10, 1e-3), (20, 1e-3), (20, 3e-3)]:
        accuracies, losses = [], []
        for seed, fold_of in list(deals.items())[:5]:
            fold_of = np.array(fold_of)
            logits = np.zeros((len(y), int(y.max()) + 1))
            for fold in np.unique(fold_of):
                held = fold_of == fold
                logits[held] = network(x[~held], y[~held], x[held], epochs, rate, int(seed))
            accuracies.append((logits.argmax(axis=1) == y).mean())
            losses.append(calibrated_loss(logits, y, fold_of))
        print(f"    {epochs} epochs at {rate:g}: {told(accuracies)}, log-loss {np.mean(losses):.4f}")


wanted = sys.argv[1:]
by_network = "--network" in wanted
for folder in (pathlib.Path(name) for name in wanted if name != "--network"):
    deals = json.loads((folder / "deals.json").read_text())
    y = np.array(deals["labels"])
    ours = folder / "ours.json"
    ours = json.loads(ours.read_text()) if ours.exists() else []
    print(f"{folder}: {len(y)} pictures, {len(deals['folds'])} deals of folds")
    for views in deals["choices"]:
        rows = [np.fromfile(folder / f"{v}.f32", "<f4").reshape(len(y), -1) for v in views]
        x = np.mean(rows, axis=0)
        if by_network:
            print(f"  {'+'.join(views)}: fastai's small network")
            networks(x, y, deals["folds"])
            continue
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
