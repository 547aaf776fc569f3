"""What the training loop tells after each step."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .evaluation import Evaluation


@dataclass(frozen=True)
class Progress:
    """What ``fit`` yields after each step.

    Attributes:
        epoch: the current epoch, from 0.
        step: steps done so far, from 1.
        total_steps: steps of the whole run.
        loss: mean loss of this step's batch, in nats; a tensor on the device: ``float()`` waits for it.
        lr: learning rate of this step.
        seconds: training time so far, evaluation and checkpoints left out.
        test: an :class:`Evaluation` after the last step of an epoch if ``fit`` was given a test split, else ``None``.
        precision: "float32" or "bfloat16", what the run computes in.
    """

    epoch: int
    step: int
    total_steps: int
    loss: Tensor
    lr: float
    seconds: float
    test: Evaluation | None = None
    precision: str = "float32"
