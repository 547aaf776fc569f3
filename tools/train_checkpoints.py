"""Train the two small models that the course ships: ``make checkpoints``.

Writes vitcourse/weights/mnist.safetensors and pairs.safetensors with a report of data, accuracy and time. Needs MNIST.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from vitcourse import VisionTransformer
from vitcourse.data import Batches, Dataset, load, random_shift
from vitcourse.data.pairs import make_pairs
from vitcourse.pair_model import PairFinder, spot_the_pair
from vitcourse.training import classification, evaluate, fit, save_checkpoint

WEIGHTS = Path(__file__).parent.parent / "vitcourse" / "weights"
SEED = 0
BATCH_SIZE = 128
BOARDS = 20_000  # an epoch


def mnist_model() -> VisionTransformer:
    """Lesson 05's model, with four heads instead of two: lesson 06 has more of them to compare."""
    return VisionTransformer(
        img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, depth=4, num_heads=4, mlp_ratio=2.0
    )


class FreshBoards:
    """New boards in every epoch, of the training digits: the model learns a fixed 20,000 by heart."""

    def __init__(self, digits: Dataset, *, batch_size: int, seed: int) -> None:
        self.digits, self.batch_size, self.seed = digits, batch_size, seed

    def __len__(self) -> int:
        return -(-BOARDS // self.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        boards = make_pairs(self.digits, train_boards=BOARDS, test_boards=1, seed=1000 * (self.seed + 1) + epoch).train
        return Batches(boards, batch_size=self.batch_size, seed=self.seed).epoch(epoch, start=start)


# name -> model, objective, settings of fit
RECIPES: dict[str, tuple[Callable[[], nn.Module], Any, dict[str, Any]]] = {
    "mnist": (mnist_model, classification, dict(epochs=3, lr=4e-3)),
    "pairs": (PairFinder, spot_the_pair, dict(epochs=40, lr=2e-3)),
}


def batches_for(name: str, data: Dataset) -> FreshBoards | Batches:
    if name == "pairs":
        return FreshBoards(load("mnist"), batch_size=BATCH_SIZE, seed=SEED)
    return Batches(data.train, batch_size=BATCH_SIZE, seed=SEED, augment=random_shift(1))


def train(name: str) -> None:
    make, objective, settings = RECIPES[name]
    data = load(name)
    if data.note:
        raise SystemExit("MNIST is not to be had; the shipped weights must be trained on it")
    torch.manual_seed(SEED)
    model = make()
    batches = batches_for(name, data)
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
        data=name,
        test_accuracy=round(result.accuracy, 4),
        test_loss=round(result.loss, 4),
        training_seconds=round(progress.seconds, 1),
        wall_seconds=round(time.perf_counter() - started, 1),
        seed=SEED,
        batch_size=BATCH_SIZE,
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
