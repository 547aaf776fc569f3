"""P3: patch size against accuracy, the gap between training and test, and time."""

from __future__ import annotations

import time

from ..training import evaluate
from .data import mnist, some_of
from .spec import Config, Experiment, Figures
from .training import SOURCES, make_model, train

SIZES = (2, 4, 7, 14)
NUMBER, UPDATES = 6000, 1500  # 16 passes over 6,000 images: enough to learn some by heart


def configs(quick: bool) -> list[Config]:
    updates, seeds = (30, 1) if quick else (UPDATES, 5)
    return [dict(patch_size=p, number=NUMBER, updates=updates, seed=s) for s in range(seeds) for p in SIZES]


def measure(*, patch_size: int, number: int, updates: int, seed: int) -> list[Figures]:
    """Accuracy and loss on training and on test images, and milliseconds an update (one thread)."""
    data = mnist()
    split = some_of(data.train, number, seed)
    model = make_model("vit", seed, patch_size=patch_size)
    started = time.perf_counter()
    train(model, split, updates=updates, lr=3e-3, seed=seed, augment=False)
    milliseconds = 1000 * (time.perf_counter() - started) / updates
    known, unknown = evaluate(model, split, batch_size=250), evaluate(model, data.test, batch_size=250)
    return [
        dict(
            train_accuracy=known.accuracy,
            accuracy=unknown.accuracy,
            train_loss=known.loss,
            loss=unknown.loss,
            milliseconds=milliseconds,
        )
    ]


EXPERIMENT = Experiment("patch_size", ("P3",), configs, measure, SOURCES)
