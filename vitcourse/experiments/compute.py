"""C9, C11: error against compute and against parameters, over model sizes of both families and training lengths."""

from __future__ import annotations

from typing import Any

import torch

from ..cost import count_flops, count_parameters
from ..training import evaluate
from .data import mnist
from .spec import Config, Experiment, Figures
from .training import BATCH_SIZE, SOURCES, make_model, train

SIZES: dict[str, dict[str, dict[str, Any]]] = {
    "vit": {
        "16 x 2": dict(embed_dim=16, depth=2, num_heads=1),
        "32 x 2": dict(embed_dim=32, depth=2, num_heads=1),
        "64 x 4": dict(embed_dim=64, depth=4, num_heads=2),
        "96 x 6": dict(embed_dim=96, depth=6, num_heads=3),
    },
    "cnn": {str(width): dict(width=width) for width in (4, 8, 16, 32)},
}
RATES = {"vit": 3e-3, "cnn": 1e-2}
LENGTHS = (250, 500, 1000, 2000)
SEEDS = 5


def configs(quick: bool) -> list[Config]:
    lengths, seeds = ((20,), 1) if quick else (LENGTHS, SEEDS)
    return [
        dict(family=f, size=size, updates=u, seed=s)
        for s in range(seeds)
        for u in lengths
        for f, sizes in SIZES.items()
        for size in sizes
    ]


def measure(*, family: str, size: str, updates: int, seed: int) -> list[Figures]:
    """Test accuracy after training from nothing; parameters; operations of an image forward, and of the whole training.

    A training step is counted as three forward passes (the backward pass takes about two).
    """
    data = mnist()
    model = make_model(family, seed, **SIZES[family][size])
    forward = count_flops(model, torch.zeros(1, 1, 28, 28))
    loss = train(model, data.train, updates=updates, lr=RATES[family], seed=seed)
    result = evaluate(model, data.test)
    return [
        dict(
            parameters=count_parameters(model),
            flops=forward,
            training_flops=3.0 * forward * BATCH_SIZE * updates,
            train_loss=loss,
            loss=result.loss,
            accuracy=result.accuracy,
        )
    ]


EXPERIMENT = Experiment("compute", ("C9", "C11"), configs, measure, SOURCES)
