"""A convolution written as self-attention (Cordonnier et al. 2020, theorem 1)."""

from __future__ import annotations

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from ..attention import MultiHeadAttention
from ..errors import require_positive


def neighbor_bias(rows: int, cols: int, kernel_size: int) -> Float[Tensor, "heads tokens tokens"]:
    """A bias for each head after which every token looks at one neighbor alone: 0 there, minus infinity elsewhere.

    Head ``a * kernel_size + b`` looks ``a - kernel_size // 2`` rows down and ``b - kernel_size // 2`` columns right.
    Where that is outside the grid the token looks at itself, since a row of weights must sum to 1.

    Args:
        rows, cols: the grid of tokens, one pixel each.
        kernel_size: K, odd; there are K * K heads.

    Raises:
        ValueError: an even kernel size, which has no middle.
    """
    require_positive(rows=rows, cols=cols, kernel_size=kernel_size)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size={kernel_size} must be odd, so that a neighborhood has a middle")
    places = torch.cartesian_prod(torch.arange(rows), torch.arange(cols))  # (tokens, 2)
    steps = torch.cartesian_prod(*[torch.arange(kernel_size) - kernel_size // 2] * 2)  # (heads, 2)
    hit = (places[None, None] == places[None, :, None] + steps[:, None, None]).all(dim=-1)  # head, query, key
    itself = torch.eye(len(places), dtype=torch.bool)
    hit = hit | (itself & ~hit.any(dim=-1, keepdim=True))
    return torch.zeros(hit.shape).masked_fill(~hit, -torch.inf)


def attention_as_convolution(weight: Float[Tensor, "filters channels rows cols"]) -> MultiHeadAttention:
    """Multi-head attention that computes a convolution, once ``neighbor_bias`` tells its heads where to look.

    Queries and keys are zero: the bias alone decides. Each head's values are the pixel's channels, and the output
    projection gives each head the kernel's entry for its neighbor.

    Args:
        weight: (filters, channels, K, K), with at most K * K * channels filters.

    Returns:
        attention on tokens of length K * K * channels: the pixel's channels come first, then zeros; so do the
        filters in what it returns.

    Raises:
        ValueError: a kernel that is not square, or too many filters.
    """
    filters, channels, rows, cols = weight.shape
    heads = rows * cols
    dim = heads * channels
    if rows != cols or filters > dim:
        raise ValueError(
            f"weight has shape {tuple(weight.shape)}; expected a square kernel and at most K * K * channels = {dim} "
            "filters"
        )
    attention = MultiHeadAttention(embed_dim=dim, num_heads=heads)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.zero_()
        attention.qkv.weight[2 * dim :, :channels] = torch.eye(channels).repeat(heads, 1)  # V: the pixel, per head
        attention.projection.weight[:filters] = rearrange(weight, "f c a b -> f (a b c)")
    return attention
