"""T5: AdamW against Muon, each at three learning rates, in runs of three lengths."""

from __future__ import annotations

from ..training.optimizers import OPTIMIZERS
from .spec import Config, Experiment, Figures
from .training import SOURCES
from .warmup import outcome

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
    """As for warm-up."""
    return outcome(seed, updates=updates, lr=lr, optimizer=optimizer)


EXPERIMENT = Experiment("muon", ("T5",), configs, measure, (*SOURCES, "experiments/warmup.py"))
