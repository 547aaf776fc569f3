"""Train the two small models that the course ships: ``make checkpoints``.

Writes vitcourse/weights/mnist.safetensors and pairs.safetensors with a report of data, accuracy and time. Needs MNIST.
"""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path

import torch
from tqdm import tqdm

from vitcourse import VisionTransformer
from vitcourse.data import Batches, load, random_shift
from vitcourse.pair_model import PairFinder, spot_the_pair
from vitcourse.training import classification, evaluate, fit, save_checkpoint

WEIGHTS = Path(__file__).parent.parent / "vitcourse" / "weights"
SEED = 0


def mnist_model() -> VisionTransformer:
    """Lesson 05's model: patch 4, so 49 patches and the class token."""
    return VisionTransformer(
        img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, depth=4, num_heads=4, mlp_ratio=2.0
    )


# name -> data set, model, objective, augmentation, settings of fit
RECIPES = {
    "mnist": ("mnist", mnist_model, classification, random_shift(1), dict(epochs=3, lr=4e-3)),
    "pairs": ("pairs", PairFinder, spot_the_pair, None, dict(epochs=12, lr=2e-3)),
}


def train(name: str) -> None:
    data_name, make, objective, augment, settings = RECIPES[name]
    data = load(data_name)
    if data.name != data_name:
        raise SystemExit(f"{data_name} is not to be had; the shipped weights must be trained on it")
    torch.manual_seed(SEED)
    model = make()
    batches = Batches(data.train, batch_size=128, seed=SEED, augment=augment)
    started = time.perf_counter()
    progress = None
    with tqdm(
        fit(model, batches, objective=objective, seed=SEED, **settings), total=settings["epochs"] * len(batches)
    ) as bar:
        for progress in bar:
            bar.set_postfix(loss=f"{float(progress.loss):.3f}", refresh=False)
    assert progress is not None
    result = evaluate(model, data.test, objective=objective)
    report = dict(
        data=data_name,
        test_accuracy=round(result.accuracy, 4),
        test_loss=round(result.loss, 4),
        training_seconds=round(progress.seconds, 1),
        wall_seconds=round(time.perf_counter() - started, 1),
        seed=SEED,
        batch_size=128,
        threads=torch.get_num_threads(),
        machine=platform.machine(),
        torch=torch.__version__.split("+")[0],
        **settings,
    )
    WEIGHTS.mkdir(exist_ok=True)
    save_checkpoint(WEIGHTS / f"{name}.safetensors", model, report=report)
    print(name, report)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(RECIPES), help="mnist, pairs (both unless named)")
    for chosen in parser.parse_args().names:
        train(chosen)
