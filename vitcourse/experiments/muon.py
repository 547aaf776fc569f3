"""T5: AdamW against Muon, each at three learning rates, in runs of three lengths."""

from __future__ import annotations

from ..training import TrainingDiverged, evaluate
from ..training.optimizers import OPTIMIZERS
from .data import mnist
from .spec import Config, Experiment, Figures
from .training import SOURCES, make_model, train

RATES = (1e-3, 3e-3, 1e-2)
LENGTHS = (235, 469, 938)  # a quarter of a pass over MNIST, a half, a whole one


def configs(quick: bool) -> list[Config]:
    lengths, seeds = ((60,), 1) if quick else (LENGTHS, 5)
    return [
        dict(optimizer=o, lr=r, updates=u, seed=s)
        for s in range(seeds)
        for u in lengths
        for o in OPTIMIZERS
        for r in RATES
    ]


def measure(*, optimizer: str, lr: float, updates: int, seed: int) -> list[Figures]:
    """Test accuracy of the course's model at patch size 7, and the loss at the end of training."""
    data = mnist()
    model = make_model("vit", seed, patch_size=7)
    try:
        loss = train(model, data.train, updates=updates, lr=lr, optimizer=optimizer, seed=seed)
    except TrainingDiverged:
        return [dict(loss=float("nan"), accuracy=float("nan"), diverged=1)]
    return [dict(loss=loss, accuracy=evaluate(model, data.test).accuracy, diverged=0)]


EXPERIMENT = Experiment("muon", ("T5",), configs, measure, SOURCES)
