"""How fast this machine is at the moment, against the one for which the limits of time were set."""

from __future__ import annotations

import itertools
import time

import torch

REFERENCE_GFLOPS = 172.0  # float32, matrices of 1024 x 1024, two cores: what the limits of the lessons were set on
REFERENCE_STEP = 0.075  # seconds, of the training step below, on the same machine


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


def step_seconds(steps: int = 8) -> float:
    """One training step at patch 4 (dim 64, depth 4, 4 heads, batch 128), the median: many small operations."""
    from vitcourse import VisionTransformer
    from vitcourse.data import Batches, Split
    from vitcourse.training import fit

    model = VisionTransformer(
        img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, depth=4, num_heads=4, mlp_ratio=2.0
    )
    noise = Split(torch.rand(128 * steps, 1, 28, 28), torch.randint(10, (128 * steps,)))
    at = [progress.seconds for progress in fit(model, Batches(noise, batch_size=128), epochs=1)]
    return sorted(after - before for before, after in itertools.pairwise(at))[(steps - 1) // 2]


def slowness() -> float:
    """How many times slower than the reference; never less than 1: a faster machine gets no stricter limit."""
    return max(1.0, REFERENCE_GFLOPS / gflops(), step_seconds() / REFERENCE_STEP)
