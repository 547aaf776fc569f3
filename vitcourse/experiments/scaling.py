"""A7, A8, C6: what attention, MLP and convolution cost as the number of tokens grows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isqrt
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from ..attention import MultiHeadAttention, attention_weights
from ..cost import count_flops, measure_time, peak_memory
from ..encoder import MLP
from .spec import Config, Experiment, Figures

DIM, HEADS = 192, 3
TOKENS = (64, 144, 256, 576, 1024, 2304, 4096)  # squares: a convolution takes them as an image
PARTS = ("scores and sum, textbook", "scores and sum, fused", "projections", "MLP", "layer", "convolution 3 x 3")


def configs(quick: bool) -> list[Config]:
    tokens = TOKENS[:2] if quick else TOKENS
    return [dict(part=part, tokens=n, dim=DIM, heads=HEADS) for n in tokens for part in PARTS]


def measure(*, part: str, tokens: int, dim: int, heads: int) -> list[Figures]:
    """Operations, milliseconds (median and quartiles) and peak bytes: one image, forward, one thread."""
    torch.manual_seed(0)
    made = _made(part, tokens, dim, heads)
    with torch.inference_mode():
        repeats = int(max(15, min(200, 1 / max(measure_time(made.run, 3).median, 1e-6))))
        timing = measure_time(made.run, repeats, warmup=3)
        held = peak_memory(made.run)
    return [
        dict(
            flops=made.flops,
            milliseconds=1e3 * timing.median,
            low=1e3 * timing.low,
            high=1e3 * timing.high,
            peak_bytes=held,
        )
    ]


class _Made(NamedTuple):
    run: Callable[[], object]
    flops: int


def _made(part: str, n: int, dim: int, heads: int) -> _Made:
    """One part, ready to run, and its operations (twice the multiply-adds)."""
    x = torch.randn(1, n, dim)
    if part.startswith("scores and sum"):
        q, k, v = torch.randn(3, 1, heads, n, dim // heads)
        fused = part.endswith("fused")
        run = partial(F.scaled_dot_product_attention, q, k, v) if fused else lambda: attention_weights(q, k) @ v
        return _Made(run, 4 * n * n * dim)
    if part == "projections":
        into, out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        return _Made(lambda: (into(x), out(x)), 8 * n * dim * dim)
    if part == "convolution 3 x 3":
        image = torch.randn(1, dim, isqrt(n), isqrt(n))
        convolution = nn.Conv2d(dim, dim, 3, padding=1)
        return _Made(partial(convolution, image), 18 * n * dim * dim)
    module: nn.Module = (
        MLP(embed_dim=dim, hidden_dim=4 * dim) if part == "MLP" else MultiHeadAttention(embed_dim=dim, num_heads=heads)
    )
    return _Made(partial(module, x), count_flops(module, x))


SOURCES = ("attention.py", "encoder.py", "cost/measured.py")
EXPERIMENT = Experiment("scaling", ("A7", "A8", "C6"), configs, measure, SOURCES, timed=True)
