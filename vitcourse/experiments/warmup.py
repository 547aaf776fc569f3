"""T2: what warm-up is worth, over learning rates."""

from __future__ import annotations

from typing import Any

from ..training import TrainingDiverged, evaluate
from .data import mnist
from .spec import Config, Experiment, Figures
from .training import SOURCES, make_model, train

RATES = (1e-3, 3e-3, 1e-2, 3e-2)
WARMUPS = (0.0, 0.05, 0.2)
UPDATES = 938  # one pass over MNIST


def configs(quick: bool) -> list[Config]:
    updates, seeds = (60, 1) if quick else (UPDATES, 5)
    return [dict(lr=r, warmup=w, updates=updates, seed=s) for s in range(seeds) for r in RATES for w in WARMUPS]


def measure(*, lr: float, warmup: float, updates: int, seed: int) -> list[Figures]:
    """As ``outcome`` gives it."""
    return outcome(seed, updates=updates, lr=lr, warmup=warmup)


def outcome(seed: int, **settings: Any) -> list[Figures]:
    """Test accuracy of the course's model at patch size 7, and the loss at the end of training; NaN if it diverged.

    Args:
        settings: of ``train``.
    """
    data = mnist()
    model = make_model("vit", seed, patch_size=7)
    try:
        loss = train(model, data.train, seed=seed, **settings)
    except TrainingDiverged:
        return [dict(loss=float("nan"), accuracy=float("nan"), diverged=1)]
    return [dict(loss=loss, accuracy=evaluate(model, data.test).accuracy, diverged=0)]


EXPERIMENT = Experiment("warmup", ("T2",), configs, measure, SOURCES)
