"""From attention weights to a map over the image, or to one figure per head."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import Size, as_pair
from .record import TokenGrid

Attention = Float[Tensor, "batch heads tokens tokens"]


def class_attention_map(attention: Attention, grid: tuple[int, int]) -> Float[Tensor, "batch heads rows cols"]:
    """Where the class token looks: its row of the weights, without its look at itself, laid out on the grid.

    Args:
        attention: (batch, heads, 1 + rows * cols, 1 + rows * cols), the class token first.
        grid: (rows, cols) of patches.

    Raises:
        ValueError: the map has no class token before the grid.
    """
    rows, cols = grid
    if attention.shape[-1] != rows * cols + 1:
        raise ValueError(
            f"attention has {attention.shape[-1]} keys; a class token and a grid of {grid} make {rows * cols + 1}"
        )
    return attention[:, :, 0, 1:].unflatten(-1, (rows, cols))


def _require_maps(maps: Sequence[Tensor]) -> None:
    if not maps:
        raise ValueError("maps is empty: record_attention(model) records while the model runs inside its block")


def rollout(maps: Sequence[Attention], residual: float = 0.5) -> Float[Tensor, "batch tokens tokens"]:
    """Attention rollout (Abnar and Zuidema 2020): how much of each input token has reached each output token.

    Every layer counts as ``residual * I + (1 - residual) * mean over heads``; the layers are multiplied. Each row
    sums to 1.

    Args:
        maps: one (batch, heads, tokens, tokens) per layer, in the model's order.
        residual: the share that the skip connection is taken to carry.
    """
    _require_maps(maps)
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    total = identity.expand(len(maps[0]), -1, -1)
    for attention in maps:
        total = (residual * identity + (1 - residual) * attention.mean(dim=1)) @ total
    return total


def gradient_rollout(
    maps: Sequence[Attention], gradients: Sequence[Attention | None]
) -> Float[Tensor, "batch tokens tokens"]:
    """Gradient-weighted relevance of each input token (Chefer et al. 2021, eq. 5 and 6, self-attention).

    Every layer adds ``mean over heads of relu(A * dL/dA)`` times what came before; the sum starts at the identity.
    L is the logit to be explained.

    Args:
        maps, gradients: from ``record_attention(model, gradients=True)`` after ``backward()`` on the summed logits.

    Raises:
        ValueError: a gradient is missing.
    """
    _require_maps(maps)
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    relevance = identity.expand(len(maps[0]), -1, -1)
    for layer, (attention, gradient) in enumerate(zip(maps, gradients, strict=True)):
        if gradient is None:
            raise ValueError(
                f"gradients[{layer}] is None: record with gradients=True and call backward() on the logit first"
            )
        relevance = relevance + (attention * gradient).clamp(min=0).mean(dim=1) @ relevance
    return relevance


def attention_distance(
    attention: Attention, grid: TokenGrid | tuple[int, int], patch_size: Size = 1
) -> Float[Tensor, "batch heads"]:
    """Mean distance between a patch and the patches it looks at, weighted by attention (Dosovitskiy et al. 2021, D.7).

    Class tokens are left out on both sides, and each row is normalized over the patches that remain.

    Args:
        attention: (batch, heads, tokens, tokens).
        grid: (rows, cols) of patches; tokens beyond rows * cols come first and are left out.
        patch_size: pixels between neighboring patches: the result is then in pixels, with 1 in patches.
    """
    rows, cols = grid[0], grid[1]
    height, width = as_pair("patch_size", patch_size)
    prefix = attention.shape[-1] - rows * cols
    if prefix < 0:
        raise ValueError(f"grid={tuple(grid)} has more cells than the map has tokens ({attention.shape[-1]})")
    patches = attention[:, :, prefix:, prefix:]
    weights = patches / patches.sum(dim=-1, keepdim=True)
    y = torch.arange(rows, device=attention.device).repeat_interleave(cols) * float(height)
    x = torch.arange(cols, device=attention.device).repeat(rows) * float(width)
    distance = torch.hypot(y[:, None] - y[None], x[:, None] - x[None])
    return (weights * distance.to(weights.dtype)).sum(dim=-1).mean(dim=-1)


def attention_entropy(attention: Attention) -> Float[Tensor, "batch heads tokens"]:
    """Entropy of each row in nats: 0 for one key alone, ln(tokens) for all keys alike."""
    return -torch.special.xlogy(attention, attention).sum(dim=-1)
