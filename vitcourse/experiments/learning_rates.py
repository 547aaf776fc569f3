"""C4, first half: for each family and number of images the learning rate with the lowest validation loss.

The rates are tried without augmentation; the same rate then serves with it, for both families alike.
"""

from __future__ import annotations

from ..training import TrainingDiverged, evaluate
from .data import mnist, some_of
from .spec import Config, Experiment, Figures
from .training import SOURCES, make_model, train

FAMILIES = ("vit", "cnn")
NUMBERS = (100, 300, 1000, 3000, 10_000, 30_000, 60_000)
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
UPDATES = 1500
SEED = 100  # of the choice alone: the runs that count have others


def configs(quick: bool) -> list[Config]:
    numbers, updates = (NUMBERS[:2], 30) if quick else (NUMBERS, UPDATES)
    return [dict(family=f, number=n, lr=r, updates=updates) for n in numbers for f in FAMILIES for r in RATES]


def measure(*, family: str, number: int, lr: float, updates: int) -> list[Figures]:
    """Loss and accuracy on the fifth of the training images that was held out, after training on the rest."""
    split = some_of(mnist().train, number, SEED)
    held_out = len(split) // 5
    model = make_model(family, SEED)
    try:
        train(model, split[held_out:], updates=updates, lr=lr, seed=SEED, augment=False)
    except TrainingDiverged:
        return [dict(validation_loss=float("inf"), validation_accuracy=0.0)]
    result = evaluate(model, split[:held_out])
    return [dict(validation_loss=result.loss, validation_accuracy=result.accuracy)]


EXPERIMENT = Experiment("learning_rates", ("C4",), configs, measure, (*SOURCES, "experiments/data.py"))
