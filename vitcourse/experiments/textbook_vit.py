"""The ViT as tutorials write it: explicit softmax, and every layer hands its attention map up. Only for comparison."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..vit import VisionTransformer


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(dim, dim) for _ in range(3))
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        batch, tokens, dim = x.shape
        shape = (batch, tokens, self.heads, dim // self.heads)
        q, k, v = (layer(x).view(shape).transpose(1, 2) for layer in (self.query, self.key, self.value))
        scores = torch.matmul(q, k.transpose(-1, -2)) / (dim // self.heads) ** 0.5
        weights = torch.softmax(scores, dim=-1)
        mixed = torch.matmul(weights, v).transpose(1, 2).reshape(batch, tokens, dim)
        return self.out(mixed), weights


class Block(nn.Module):
    def __init__(self, dim: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attention = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mixed, weights = self.attention(self.norm1(x))
        x = x + self.dropout(mixed)
        return x + self.dropout(self.mlp(self.norm2(x))), weights


class TextbookViT(nn.Module):
    """The same function as ``model``, with its weights; in training mode with the dropout given.

    Returns:
        Logits, and one map (batch, heads, tokens, tokens) per layer.
    """

    def __init__(self, model: VisionTransformer, dropout: float = 0.0) -> None:
        super().__init__()
        config: dict[str, Any] = dict(model.config)
        dim, heads, patch = config["embed_dim"], config["num_heads"], config["patch_size"]
        self.patches = nn.Conv2d(config["in_channels"], dim, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, model.num_tokens, dim))
        hidden = int(dim * config["mlp_ratio"])
        self.blocks = nn.ModuleList(Block(dim, heads, hidden, dropout) for _ in range(config["depth"]))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, config["num_classes"])
        self.load_state_dict(_translated(model.state_dict()))

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1) + self.positions
        maps = []
        for block in self.blocks:
            x, weights = block(x)
            maps.append(weights)
        return self.head(self.norm(x)[:, 0]), maps


_NAMES = {
    "patch_embedding.projection.": "patches.",
    "classifier.": "head.",
    "attention.projection.": "attention.out.",
    "mlp.expand.": "mlp.0.",
    "mlp.contract.": "mlp.2.",
}


def _translated(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    result = {}
    for name, value in weights.items():
        for ours, theirs in _NAMES.items():
            name = name.replace(ours, theirs)
        if ".qkv." in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3), strict=True):
                result[name.replace("qkv", part)] = rows
        else:
            result[name] = value
    return result
