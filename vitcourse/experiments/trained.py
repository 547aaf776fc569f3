"""Models trained for several experiments, once: kept in the user's cache by what they are and by the code."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import nn

from ..data import Batches, Dataset
from ..data.pairs import make_pairs
from ..pair_model import PairFinder, spot_the_pair
from ..training import fit
from .data import mnist
from .spec import PACKAGE, syntax
from .training import SOURCES, make_model, train

TRAINED_SOURCES = (*SOURCES, "experiments/trained.py", "data/pairs.py", "pair_model.py")
UPDATES = 2814  # three passes over MNIST, as in lesson 05
RATES = {"vit": 3e-3, "cnn": 1e-2}
PAIR_EPOCHS, PAIR_BOARDS = 40, 20_000


def trained(family: str, seed: int, updates: int = UPDATES) -> Any:
    """A "vit" or "cnn" trained on MNIST, or a "pairs" model trained on *spot the pair*; in evaluation mode."""
    model = fresh(family, seed)
    path = _cache() / f"{family}-{seed}-{updates}-{_code()}.pt"
    if path.exists():
        model.load_state_dict(torch.load(path, weights_only=True))
    else:
        if family == "pairs":
            _train_pairs(model, seed, max(1, PAIR_EPOCHS * updates // UPDATES))
        else:
            train(model, mnist().train, updates=updates, lr=RATES[family], seed=seed)
        torch.save(model.state_dict(), path)
    return model.requires_grad_(False).eval()


def fresh(family: str, seed: int) -> nn.Module:
    """The same model before training."""
    if family == "pairs":
        torch.manual_seed(seed)
        return PairFinder()
    return make_model(family, seed)


def boards(seed: int, test_boards: int = 1000) -> Dataset:
    """Boards of MNIST's digits: those for training from training digits, those for the test from test digits."""
    return make_pairs(mnist(), train_boards=PAIR_BOARDS, test_boards=test_boards, seed=seed)


def _train_pairs(model: nn.Module, seed: int, epochs: int) -> None:
    """New boards in every epoch: the model learns a fixed set by heart."""

    class Fresh:
        def __len__(self) -> int:
            return -(-PAIR_BOARDS // 128)

        def epoch(self, epoch: int, start: int = 0):
            split = boards(1000 * (seed + 1) + epoch, test_boards=1).train
            return Batches(split, batch_size=128, seed=seed).epoch(epoch, start=start)

    for _ in fit(model, Fresh(), epochs=epochs, lr=2e-3, objective=spot_the_pair, seed=seed):
        pass


def _cache() -> Path:
    path = Path(platformdirs.user_cache_dir("vitcourse")) / "experiments"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _code() -> str:
    digest = hashlib.sha256()
    for source in TRAINED_SOURCES:
        digest.update(syntax(PACKAGE / source).encode())
    return digest.hexdigest()[:10]
