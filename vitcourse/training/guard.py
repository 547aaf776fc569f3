"""What stands between a loss that explodes, or a key pressed, and an afternoon's work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class TrainingDiverged(RuntimeError):
    """A loss or its gradient was no longer finite; the model holds its last good weights."""


class LossGuard:
    """Keeps a copy of the last weights at which all was finite, and puts them back when something no longer is.

    A finite loss may have a gradient that is not, which would make all weights NaN. Looking at a number waits for the
    device, so on a GPU it is done every ``every`` steps only.
    """

    def __init__(self, model: nn.Module, every: int) -> None:
        self.tensors = [t.detach() for t in (*model.parameters(), *model.buffers())]
        self.good = [t.clone() for t in self.tensors]
        self.every = every
        self.waiting: list[tuple[int, Tensor, Tensor]] = []

    @torch.no_grad()
    def check(self, loss: Tensor, norm: Tensor, step: int) -> None:
        """Take note of the loss and its gradient's norm at the current weights, before ``step`` changes them.

        Raises:
            TrainingDiverged: one of them, since the last look, was not finite.
        """
        self.waiting.append((step, loss, norm))
        if len(self.waiting) >= self.every:
            self.verify()
            for tensor, good in zip(self.tensors, self.good, strict=True):
                good.copy_(tensor)

    @torch.no_grad()
    def verify(self) -> None:
        """Look at all that waits; raises as :meth:`check` does."""
        for step, loss, norm in self.waiting:
            if not (torch.isfinite(loss) and torch.isfinite(norm)):
                name, value = ("norm of the gradient", norm) if torch.isfinite(loss) else ("loss", loss)
                for tensor, good in zip(self.tensors, self.good, strict=True):
                    tensor.copy_(good)
                raise TrainingDiverged(
                    f"the {name} at step {step} is {float(value)}: training stopped, and the model has its last good "
                    "weights back; a smaller lr or a longer warmup usually helps"
                )
        self.waiting.clear()


@contextmanager
def held_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back to the end of the block, so that it cannot leave a step of the optimizer half done."""
    before = signal.getsignal(signal.SIGINT)
    # Other threads get no signals; a handler that was not set from Python could not be put back.
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)
