"""What stands between a loss that explodes and an afternoon's work."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TrainingDiverged(RuntimeError):
    """The loss was no longer finite; the model holds its last good weights."""


class LossGuard:
    """Keeps a copy of the last weights whose loss was finite, and puts them back when a loss no longer is.

    Looking at a loss waits for the device, so on a GPU it is done every ``every`` steps only.
    """

    def __init__(self, model: nn.Module, every: int) -> None:
        self.tensors = [t.detach() for t in (*model.parameters(), *model.buffers())]
        self.good = [t.clone() for t in self.tensors]
        self.every = every
        self.waiting: list[tuple[int, Tensor]] = []

    @torch.no_grad()
    def check(self, loss: Tensor, step: int) -> None:
        """Take note of the loss at the current weights, before ``step`` changes them.

        Raises:
            TrainingDiverged: a loss since the last look was not finite.
        """
        self.waiting.append((step, loss))
        if len(self.waiting) >= self.every:
            self.verify()
            for tensor, good in zip(self.tensors, self.good, strict=True):
                good.copy_(tensor)

    @torch.no_grad()
    def verify(self) -> None:
        """Look at all losses that wait; raises as :meth:`check` does."""
        for step, loss in self.waiting:
            if not torch.isfinite(loss):
                for tensor, good in zip(self.tensors, self.good, strict=True):
                    tensor.copy_(good)
                raise TrainingDiverged(
                    f"the loss at step {step} is {float(loss)}: training stopped, and the model has its last good "
                    "weights back; a smaller lr or a longer warmup usually helps"
                )
        self.waiting.clear()
