"""The story's recipe in fastai: 20 epochs frozen, 20 unfrozen at 1e-6 to 1e-5, on a folder of classes.

    fastai_story.py PHOTOS [--weights resnet50.safetensors] [--seed 0] [--frozen-epochs 20] [--epochs 20]
        [--held-out FILE]

Compare with: lookalike train PHOTOS --recipe classic --backbone resnet50 --frozen-epochs 20
--epochs 20 --lr 1e-6..1e-5. Prints fastai's table and, at the end, one line of JSON: accuracy
after each stage with its 95 % Wilson interval, and the seconds that it and its epochs took. With the
pictures that lookalike held out (`--held-out`: their paths in PHOTOS, a line each) both are judged
on the same ones, and those named wrongly are listed:

    lookalike report photos.lookalike --json | jq -r '.predictions[].picture' > held-out.txt
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
import torchvision
from fastai.vision.all import (
    Callback, CategoryBlock, DataBlock, FuncSplitter, ImageBlock, ImageDataLoaders, Normalize, RandomSplitter,
    Resize, accuracy, aug_transforms, get_image_files, imagenet_stats, parent_label, set_seed, vision_learner,
)


def wilson(share, count):
    z = 1.959964
    centre = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return [(centre - half) / (1 + z * z / count), (centre + half) / (1 + z * z / count)]


class Epochs(Callback):
    """Seconds of each epoch of a stage, validation included."""

    def before_fit(self):
        self.seconds = []

    def before_epoch(self):
        self.began = time.time()

    def after_epoch(self):
        self.seconds.append(time.time() - self.began)


def splitter(args):
    """A random fifth is held out, as fastai does, or the pictures that a list names."""
    if args.held_out is None:
        return RandomSplitter(0.2, seed=args.seed)
    listed = set(Path(args.held_out).read_text().splitlines())
    found = {str(path.relative_to(args.photos)) for path in get_image_files(args.photos)}
    assert listed <= found, f"not in the folder: {sorted(listed - found)[:3]}"
    return FuncSplitter(lambda path: str(path.relative_to(args.photos)) in listed)


def backbone(weights):
    """torchvision's ResNet-50, with weights of a file where one is named."""

    def build(**_):
        if weights is None:
            return torchvision.models.resnet50(weights="IMAGENET1K_V1")
        from safetensors.torch import load_file

        net = torchvision.models.resnet50()
        missing, unexpected = net.load_state_dict(load_file(weights), strict=False)
        assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
        return net

    return build


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", help="a folder with a folder for each class")
    parser.add_argument("--weights", help="safetensors with torchvision's names [default: download]")
    parser.add_argument("--frozen-epochs", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--held-out", help="a list of the pictures to judge by [default: a random fifth]")
    args = parser.parse_args()

    start = time.time()
    set_seed(args.seed)
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock), get_items=get_image_files, get_y=parent_label, splitter=splitter(args),
        item_tfms=Resize(args.size), batch_tfms=[*aug_transforms(), Normalize.from_stats(*imagenet_stats)],
    )
    data = ImageDataLoaders.from_dblock(block, args.photos, bs=args.batch, num_workers=2)
    build = backbone(args.weights)
    build.__name__ = "resnet50"
    # fastai knows where to cut and split a network by the function that makes it
    from fastai.vision.learner import _resnet_split

    learner = vision_learner(
        data, build, metrics=accuracy, normalize=False, cut=-2, splitter=_resnet_split, n_in=3, cbs=Epochs()
    )
    stages = {}

    def wrong():
        """Held-out pictures that are named wrongly now."""
        logits, truth = learner.get_preds()
        paths = [str(Path(path).relative_to(args.photos)) for path in data.valid_ds.items]
        return [path for path, bad in zip(paths, logits.argmax(1) != truth) if bad]

    def stage(name, epochs, rate):
        began = time.time()
        learner.fit_one_cycle(epochs, **rate)
        seconds = time.time() - began
        share, count = float(learner.recorder.values[-1][-1]), len(data.valid_ds)
        best = max(float(row[-1]) for row in learner.recorder.values)
        stages[name] = {
            "accuracy": share, "wilson": wilson(share, count), "best_accuracy": best,
            "train_loss": float(learner.recorder.values[-1][0]),
            "valid_loss": float(learner.recorder.values[-1][1]), "seconds": seconds,
            "epoch_seconds": learner.epochs.seconds,
        }
        if args.held_out:  # a pass more, so not where only time counts
            stages[name]["wrong"] = wrong()

    stage("frozen", args.frozen_epochs, {})
    learner.unfreeze()
    stage("unfrozen", args.epochs, {"lr_max": slice(1e-6, 1e-5)})
    sizes = {"train": len(data.train_ds), "valid": len(data.valid_ds), "classes": list(data.vocab)}
    print(json.dumps({**sizes, "stages": stages, "seconds": time.time() - start, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
