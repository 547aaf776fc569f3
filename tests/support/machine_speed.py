"""How fast this machine is at the moment, against the one for which the limits of time were set."""

from __future__ import annotations

import time

import torch

REFERENCE_GFLOPS = 172.0  # float32, matrices of 1024 x 1024, two cores: what the limits of the lessons were set on


def gflops(seconds: float = 1.0) -> float:
    """Billions of floating-point operations a second in a float32 matrix product, the median of about a second."""
    a, b = torch.randn(2, 1024, 1024)
    a @ b
    taken = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        a @ b
        taken.append(time.perf_counter() - began)
    return 2 * 1024**3 / sorted(taken)[len(taken) // 2] / 1e9


def slowness() -> float:
    """How many times slower than the reference; never less than 1: a faster machine gets no stricter limit."""
    return max(1.0, REFERENCE_GFLOPS / gflops())
