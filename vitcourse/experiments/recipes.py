"""T1: how test accuracy rises with the seconds of training: the course's recipes, and the plain loop of tutorials."""

from __future__ import annotations

from collections.abc import Iterator

from ..data import Split
from ..training import evaluate, fit
from ..training.recipes import RECIPES, recipe
from .data import mnist
from .spec import Config, Experiment, Figures
from .textbook_loop import train_plainly
from .training import SOURCES as TRAINING

PLAIN = "plain loop"
PLAIN_EPOCHS = 10
SEEDS = 5
LOOKS = 4  # at the test images, in each pass
FEW = 640  # training images of a thin version


def configs(quick: bool) -> list[Config]:
    """Recipes take turns, so that a slow minute hits all; the plain loop runs once, after them."""
    images, seeds = (FEW, 1) if quick else (60_000, SEEDS)
    names = [(name, seed) for seed in range(seeds) for name in RECIPES] + [(PLAIN, 0)]
    return [dict(recipe=name, images=images, seed=seed) for name, seed in names]


def measure(*, recipe: str, images: int, seed: int) -> list[Figures]:
    """For each look at the test images: steps, seconds of training so far (looks left out), share that is right."""
    data = mnist()
    train, test = data.train[:images], data.test[:images]
    if recipe == PLAIN:
        looks = train_plainly(train, test, epochs=PLAIN_EPOCHS if images > FEW else 1, seed=seed)
    else:
        looks = looks_of(recipe, train, test, seed)
    return [dict(step=step, trained=seconds, accuracy=right) for step, seconds, right in looks]


def looks_of(name: str, train: Split, test: Split, seed: int) -> Iterator[tuple[int, float, float]]:
    """The same of a recipe."""
    chosen = recipe(name)
    model, batches = chosen.model(seed), chosen.batches(train, seed)
    every = max(1, len(batches) // LOOKS)
    for now in fit(model, batches, **chosen.settings(seed)):
        if now.step % every == 0 or now.step == now.total_steps:
            yield now.step, now.seconds, evaluate(model, test).accuracy


SOURCES = (*TRAINING, "training/recipes.py", "experiments/textbook_loop.py", "experiments/textbook_vit.py")
EXPERIMENT = Experiment("recipes", ("T1",), configs, measure, SOURCES, timed=True, threads=None)
