"""In which number format a model is run."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .distributed import sum_over_processes

PRECISIONS = ("float32", "bfloat16")
TRIALS = 3  # timed steps of each, after one that is not


class Picked(NamedTuple):
    """What ``precision="auto"`` picked, and the seconds that a step took in each format, {} where none was timed."""

    precision: str
    seconds: dict[str, float]

    def __str__(self) -> str:
        times = ", ".join(f"{1000 * seconds:.0f} ms in {name}" for name, seconds in self.seconds.items())
        return f"precision: {self.precision}" + (f" (a step takes {times})" if times else "")


def choose_precision(device: torch.device, precision: str | None = None) -> str:
    """``precision`` if given, else bfloat16 on a GPU that has it in hardware and float32 everywhere else.

    Raises:
        ValueError: neither "float32" nor "bfloat16".
    """
    if precision is None:
        return "bfloat16" if _native(device) else "float32"
    if precision not in PRECISIONS:
        valid = ", ".join(map(repr, PRECISIONS))
        raise ValueError(f"precision={precision!r} must be one of {valid}; fit also takes 'auto', the faster one")
    return precision


def pick_precision(model: nn.Module, loss: Callable[[nn.Module], Tensor], device: torch.device) -> Picked:
    """The faster of the two formats, for this model on this device.

    On a GPU with bfloat16 in hardware that is bfloat16. Elsewhere both are timed: which one wins depends on the
    processor and on the widths of the model. Of several processes all must find bfloat16 faster. The model, its
    gradients and global random state stay as they are.

    Args:
        model: it is copied.
        loss: runs the copy on a batch and gives a loss to go back from.
    """
    if device.type == "cuda":
        return Picked("bfloat16" if _native(device) else "float32", {})
    trial = copy.deepcopy(model).train()
    times: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    with torch.random.fork_rng([]):
        for turn in range(TRIALS + 1):
            for name in PRECISIONS:
                started = time.perf_counter()
                with autocast(device, name):
                    value = loss(trial)
                value.backward()
                trial.zero_grad(set_to_none=True)
                if turn:
                    times[name].append(time.perf_counter() - started)
    seconds = {name: median(some) for name, some in times.items()}
    faster = torch.tensor([float(seconds["bfloat16"] < seconds["float32"]), 1.0], device=device)
    votes, processes = sum_over_processes(faster).tolist()
    return Picked("bfloat16" if votes == processes else "float32", seconds)


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which a forward pass runs at ``precision``; weights stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")


def _native(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
