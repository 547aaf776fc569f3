"""The little that ``fit`` needs to know of other processes; without them every function does nothing.

Gradients are summed, not averaged: ``fit`` scales each process's loss by its share of the batch, so that the sum is
the gradient of the mean over the whole batch, also when the last batch does not divide evenly.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn


def is_distributed() -> bool:
    """Whether a process group has been set up (by torchrun, say)."""
    return dist.is_available() and dist.is_initialized()


def rank_and_world() -> tuple[int, int]:
    """This process's number and the number of processes: (0, 1) for a single one."""
    return (dist.get_rank(), dist.get_world_size()) if is_distributed() else (0, 1)


def broadcast_weights(model: nn.Module) -> None:
    """Give every process the weights of the first."""
    if is_distributed():
        for tensor in model.state_dict().values():
            dist.broadcast(tensor, src=0)


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of ``values`` over all processes."""
    if is_distributed():
        dist.all_reduce(values)
    return values


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Sum every gradient over all processes, in one message; a missing gradient counts as zero."""
    if not is_distributed():
        return
    trained = [p for p in parameters if p.requires_grad]
    for p in trained:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    gradients = [p.grad for p in trained if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
