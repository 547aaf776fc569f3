"""Wrong answers to `multi_head_attention` (lesson 02) that are written out."""

from __future__ import annotations

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ...attention import attention_weights, merge_heads, split_heads


def interleaved_heads(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)
    q, k, v = (rearrange(part, "b n (d h) -> b h n d", h=num_heads) for part in (q, k, v))
    return F.linear(rearrange(attention_weights(q, k) @ v, "b h n d -> b n (d h)"), out_weight, out_bias)


def looks_back_only(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = (split_heads(part, num_heads) for part in F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1))
    return F.linear(merge_heads(F.scaled_dot_product_attention(q, k, v, is_causal=True)), out_weight, out_bias)


def within_a_token(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = F.linear(x, qkv_weight, qkv_bias).unflatten(-1, (3, num_heads, -1)).unbind(2)
    return F.linear((attention_weights(q, k) @ v).flatten(2), out_weight, out_bias)


def dealt_out(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = (split_heads(p, num_heads) for p in F.linear(x, qkv_weight, qkv_bias).unflatten(-1, (-1, 3)).unbind(-1))
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def dealt_out_by_heads(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = rearrange(F.linear(x, qkv_weight, qkv_bias), "b n (h three d) -> three b h n d", three=3, h=num_heads)
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def weights_not_transposed(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    parts = zip(qkv_weight.chunk(3), qkv_bias.chunk(3), strict=True)
    q, k, v = (split_heads(x @ weight + bias, num_heads) for weight, bias in parts)
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def cut_by_reshaping(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    batch, tokens, _ = x.shape
    q, k, v = F.linear(x, qkv_weight, qkv_bias).reshape(batch, 3, num_heads, tokens, -1).unbind(1)
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def split_interleaved_merged_in_blocks(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)
    q, k, v = (rearrange(part, "b n (d h) -> b h n d", h=num_heads) for part in (q, k, v))
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def one_part_a_head(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = F.linear(x, qkv_weight, qkv_bias).chunk(num_heads, dim=-1)
    return F.linear(attention_weights(q, k) @ v, out_weight, out_bias)


def parts_of_three_numbers(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = (split_heads(part, num_heads) for part in F.linear(x, qkv_weight, qkv_bias).split(3, dim=-1))
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)
