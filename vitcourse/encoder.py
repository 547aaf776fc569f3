"""The encoder block: attention between tokens, then an MLP on each token alone."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from .attention import MultiHeadAttention
from .errors import require_positive

# The epsilon of every layer norm, as in the published models (PyTorch's default is 1e-5).
NORM_EPS = 1e-6


class MLP(nn.Module):
    """Two linear layers with a GELU between, on each token alone (Dosovitskiy et al. 2021, section 3.1)."""

    def __init__(self, *, embed_dim: int, hidden_dim: int, dropout: float = 0.0) -> None:
        super().__init__()
        require_positive(embed_dim=embed_dim, hidden_dim=hidden_dim)
        self.expand = nn.Linear(embed_dim, hidden_dim)
        self.activation = nn.GELU()
        self.contract = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "batch tokens dim"]) -> Float[Tensor, "batch tokens dim"]:
        hidden = self.dropout(self.activation(self.expand(x)))  # (batch, tokens, hidden_dim)
        return self.dropout(self.contract(hidden))


class TransformerBlock(nn.Module):
    """One pre-norm encoder block (Dosovitskiy et al. 2021, eq. 2 and 3).

    ``x + attention(norm1(x))``, then ``x + mlp(norm2(x))``.

    Args:
        embed_dim: D, the length of a token.
        num_heads: attention heads; must divide ``embed_dim``.
        mlp_ratio: hidden width of the MLP over ``embed_dim``.
        dropout: dropout probability in attention and MLP.
        attention: another attention layer in place of ``MultiHeadAttention``, with its ``forward(x, bias)``.

    Raises:
        ValueError: heads that do not divide, an MLP without a hidden unit.
    """

    def __init__(
        self,
        *,
        embed_dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention: nn.Module | None = None,
    ) -> None:
        super().__init__()
        hidden_dim = int(embed_dim * mlp_ratio)
        if hidden_dim < 1:
            raise ValueError(f"mlp_ratio={mlp_ratio} times embed_dim={embed_dim} must make at least 1 hidden unit")
        self.norm1 = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        if attention is None:
            attention = MultiHeadAttention(embed_dim=embed_dim, num_heads=num_heads, dropout=dropout)
        self.attention = attention
        self.norm2 = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        self.mlp = MLP(embed_dim=embed_dim, hidden_dim=hidden_dim, dropout=dropout)

    def forward(
        self, x: Float[Tensor, "batch tokens dim"], bias: Float[Tensor, "..."] | None = None
    ) -> Float[Tensor, "batch tokens dim"]:
        x = x + self.attention(self.norm1(x), bias)
        return x + self.mlp(self.norm2(x))
