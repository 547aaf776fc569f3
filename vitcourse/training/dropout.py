"""Dropout that a resumed run repeats: drawn from (seed, step) alone."""

from __future__ import annotations

import torch
from torch import nn


def has_dropout(model: nn.Module) -> bool:
    """Whether a step draws random numbers: ``nn.Dropout``, or a layer with a probability ``dropout``."""

    def probability(module: nn.Module) -> float:
        if isinstance(module, nn.Dropout):
            return module.p
        dropout = getattr(module, "dropout", 0.0)
        return dropout if isinstance(dropout, float) else 0.0

    return any(probability(module) > 0 for module in model.modules())


class SeededDropout:
    """A block in which dropout is drawn from (seed, step) alone; global random state stays as it was."""

    def __init__(self, device: torch.device, seed: int, step: int) -> None:
        self.fork = torch.random.fork_rng([device] if device.type == "cuda" else [])
        self.value = seed * 1_000_003 + step

    def __enter__(self) -> None:
        self.fork.__enter__()
        torch.manual_seed(self.value)

    def __exit__(self, *exception) -> None:
        self.fork.__exit__(*exception)
