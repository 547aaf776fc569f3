"""How experiments train: so many updates, whatever the number of images."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ..cnn import ConvNet
from ..data import Batches, Split, random_shift
from ..data.batches import Batch
from ..training import fit
from ..vit import VisionTransformer

# Lesson 05's model and batch size. The CNN is lesson 07's: about as many multiply-adds an image.
VIT = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, depth=4, num_heads=2, mlp_ratio=2.0)
CNN_WIDTH = 16
BATCH_SIZE = 64

# Files that decide what a training gives.
SOURCES = (
    "attention.py",
    "cnn.py",
    "encoder.py",
    "patches.py",
    "positions.py",
    "vit.py",
    "data/augment.py",
    "data/batches.py",
    "data/randomness.py",
    "experiments/training.py",
    "training/dropout.py",
    "training/loop.py",
    "training/optimizers.py",
    "training/schedule.py",
)


class Updates:
    """Batches of a split for so many updates: pass after pass, each in an order of its own."""

    def __init__(self, split: Split, updates: int, *, seed: int, augment: bool) -> None:
        shift = random_shift(1) if augment else None
        self.updates = updates
        self.passes = Batches(split, batch_size=min(BATCH_SIZE, len(split)), seed=seed, augment=shift)

    def __len__(self) -> int:
        return self.updates

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The updates from `start` on, as one epoch."""
        for one in range(start // len(self.passes), math.ceil(self.updates / len(self.passes))):
            first = start % len(self.passes) if one == start // len(self.passes) else 0
            last = min(len(self.passes), self.updates - one * len(self.passes))
            for _, batch in zip(range(first, last), self.passes.epoch(one, start=first), strict=False):
                yield batch


def make_model(family: str, seed: int, **changes: Any) -> nn.Module:
    """A fresh "vit" or "cnn" with the weights of this seed; `changes` replace arguments of the course's own."""
    torch.manual_seed(seed)
    if family == "cnn":
        return ConvNet(**{"width": CNN_WIDTH, **changes})
    return VisionTransformer(**{**VIT, **changes})


def train(
    model: nn.Module,
    split: Split,
    *,
    updates: int,
    lr: float,
    seed: int,
    warmup: float = 0.2,
    optimizer: str = "adamw",
    augment: bool = True,
) -> float:
    """Train in place by the course's loop; the mean training loss of the last tenth of the updates, in nats."""
    batches = Updates(split, updates, seed=seed, augment=augment)
    run = fit(model, batches, epochs=1, lr=lr, warmup=warmup, optimizer=optimizer, seed=seed)
    losses = [float(now.loss) for now in run]
    last = losses[-max(1, updates // 10) :]
    return sum(last) / len(last)
