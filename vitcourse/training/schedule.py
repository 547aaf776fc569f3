"""The learning rate over a run: linear warm-up, then half a cosine down to zero."""

from __future__ import annotations

import math


def warmup_cosine(step: int, total_steps: int, warmup_steps: int) -> float:
    """The factor on the peak learning rate at ``step``, counted from 0.

    Rises linearly to 1 over ``warmup_steps`` steps (the first step already moves), then falls along a half cosine,
    which would reach 0 one step after the last (Loshchilov and Hutter 2017, eq. 5, one cycle).

    Raises:
        ValueError: a warm-up that is negative or longer than the run.
    """
    if not 0 <= warmup_steps <= total_steps:
        raise ValueError(f"warmup_steps={warmup_steps} must lie between 0 and total_steps={total_steps}")
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))
