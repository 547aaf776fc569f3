"""Scaled dot-product attention with several heads (Vaswani et al. 2017, section 3.2).

The model runs PyTorch's fused kernel, which never stores the attention weights. Who wants to see them calls
``attention_map``, which computes the textbook softmax from the same queries and keys.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from .errors import check_tokens, require_heads_divide


def attention_weights(
    q: Float[Tensor, "*batch queries head_dim"],
    k: Float[Tensor, "*batch keys head_dim"],
    bias: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "*batch queries keys"]:
    """The attention weights ``softmax(q k^T / sqrt(d_k) + bias)``: each row sums to 1.

    Args:
        q: queries, (..., queries, head_dim).
        k: keys, (..., keys, head_dim).
        bias: added to the scores before the softmax, broadcast to (..., queries, keys); minus infinity
            where a query may not look.

    Raises:
        ValueError: queries and keys of different head_dim.
    """
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"q has head_dim {q.shape[-1]} and k has {k.shape[-1]}; they must be equal")
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if bias is not None:
        scores = scores + bias
    return scores.softmax(dim=-1)


def attend(
    q: Float[Tensor, "*batch queries head_dim"],
    k: Float[Tensor, "*batch keys head_dim"],
    v: Float[Tensor, "*batch keys head_dim"],
    bias: Float[Tensor, "..."] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "*batch queries head_dim"]:
    """``attention_weights(q, k, bias) @ v``, by PyTorch's fused kernel, which never stores the weights.

    Args:
        q, k, v: queries, keys and values, (..., tokens, head_dim).
        bias: as for :func:`attention_weights`.
        dropout: probability with which a weight is dropped.
    """
    # In bfloat16 on a processor the fused kernel's backward pass takes 3 to 8 times as long as the textbook's at 50 to
    # 197 tokens. At 1,000 tokens little would be gained, and the weights would fill the memory.
    if q.dtype == torch.bfloat16 and q.device.type == "cpu" and q.requires_grad and k.shape[-2] <= 256:
        return F.dropout(attention_weights(q, k, bias).to(v.dtype), dropout) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=dropout)


def split_heads(x: Float[Tensor, "batch tokens dim"], num_heads: int) -> Float[Tensor, "batch heads tokens head_dim"]:
    """Give each head its share of every token: (batch, tokens, dim) to (batch, heads, tokens, dim / heads).

    Raises:
        ValueError: ``num_heads`` does not divide the dimension.
    """
    require_heads_divide(x.shape[-1], num_heads)
    return rearrange(x, "b n (h d) -> b h n d", h=num_heads)


def merge_heads(
    x: Float[Tensor, "batch heads tokens head_dim"],
) -> Float[Tensor, "batch tokens dim"]:
    """Lay the heads' outputs side by side again: the inverse of :func:`split_heads`."""
    return rearrange(x, "b h n d -> b n (h d)")


class MultiHeadAttention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2.2).

    Args:
        embed_dim: D, the length of a token.
        num_heads: h; must divide ``embed_dim``. Each head has d_k = D / h.
        dropout: probability with which an attention weight, and an output, is dropped in training.
    """

    def __init__(self, *, embed_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        require_heads_divide(embed_dim, num_heads)
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.projection = nn.Linear(embed_dim, embed_dim)

    def queries_keys_values(
        self, x: Float[Tensor, "batch tokens dim"]
    ) -> tuple[
        Float[Tensor, "batch heads tokens head_dim"],
        Float[Tensor, "batch heads tokens head_dim"],
        Float[Tensor, "batch heads tokens head_dim"],
    ]:
        check_tokens(x, self.embed_dim)
        q, k, v = self.qkv(x).chunk(3, dim=-1)  # each (batch, tokens, dim)
        return split_heads(q, self.num_heads), split_heads(k, self.num_heads), split_heads(v, self.num_heads)

    def forward(
        self, x: Float[Tensor, "batch tokens dim"], bias: Float[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch tokens dim"]:
        q, k, v = self.queries_keys_values(x)
        dropout = self.dropout if self.training else 0.0
        out = attend(q, k, v, bias, dropout)
        return F.dropout(self.projection(merge_heads(out)), dropout)

    def attention_map(
        self, x: Float[Tensor, "batch tokens dim"], bias: Float[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch heads tokens tokens"]:
        q, k, _ = self.queries_keys_values(x)
        return attention_weights(q, k, bias)
