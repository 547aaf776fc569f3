"""C8, C1: how much of their accuracy ViT and CNN keep when digits are moved, shuffled, hidden or noisy."""

from __future__ import annotations

from ..data import Split
from ..training import evaluate
from .damage import AMOUNTS, KINDS, damage
from .data import mnist
from .spec import Config, Experiment, Figures
from .trained import TRAINED_SOURCES, UPDATES, trained


def configs(quick: bool) -> list[Config]:
    updates, seeds = (60, 1) if quick else (UPDATES, 5)
    return [dict(family=f, updates=updates, seed=s) for s in range(seeds) for f in ("vit", "cnn")]


def measure(*, family: str, updates: int, seed: int) -> list[Figures]:
    """Accuracy on 2,000 test images for each kind and amount of damage, both families trained alike."""
    model, test = trained(family, seed, updates), mnist().test[:2000]
    return [
        dict(kind=kind, amount=amount, accuracy=evaluate(model, _damaged(test, kind, amount)).accuracy)
        for kind in KINDS
        for amount in AMOUNTS
    ]


def _damaged(split: Split, kind: str, amount: int) -> Split:
    return Split(damage(split.images, kind, amount), split.labels)


EXPERIMENT = Experiment("robustness", ("C8",), configs, measure, (*TRAINED_SOURCES, "experiments/damage.py"))
