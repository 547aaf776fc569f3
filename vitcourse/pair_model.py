"""A Vision Transformer for *spot the pair*: which two of nine tiles show the same digit?

A tile cannot be judged without looking at the others, so here attention has a ground truth: a twin's twin.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from .vit import VisionTransformer


class PairFinder(VisionTransformer):
    """A token for each tile, and a logit for each: is it one of the pair?

    After the first block a second head names the digit on each tile; training it too tells the second block what to
    compare. There is no class token.

    Args:
        img_size, patch_size: of the board and of one tile, in pixels.
        embed_dim, depth, num_heads, mlp_ratio: as for ``VisionTransformer``; depth at least 2.
        num_digits: classes of the tiles.
    """

    def __init__(
        self,
        *,
        img_size: int = 42,
        patch_size: int = 14,
        embed_dim: int = 64,
        depth: int = 2,
        num_heads: int = 4,
        mlp_ratio: float = 2.0,
        num_digits: int = 10,
    ) -> None:
        config: dict[str, Any] = dict(
            img_size=img_size,
            patch_size=patch_size,
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            mlp_ratio=mlp_ratio,
        )
        super().__init__(**config, in_channels=1, num_classes=1, pool="mean")
        if depth < 2:
            raise ValueError(f"depth={depth} must be at least 2: one block to read the tiles, one to compare them")
        self.config: dict[str, Any] = dict(**config, num_digits=num_digits)
        self.digit_classifier = nn.Linear(embed_dim, num_digits)
        nn.init.zeros_(self.digit_classifier.weight)
        nn.init.zeros_(self.digit_classifier.bias)

    def pairs_and_digits(
        self, boards: Float[Tensor, "batch 1 height width"]
    ) -> tuple[Float[Tensor, "batch tiles"], Float[Tensor, "batch tiles num_digits"]]:
        """Logits of "one of the pair" for each tile, and of each digit for each tile after the first block."""
        tokens = self.blocks[0](self.embed(boards))
        digits = self.digit_classifier(tokens)
        for block in self.blocks[1:]:
            tokens = block(tokens)
        return self.head(self.norm(tokens)).squeeze(-1), digits

    def forward(self, images: Float[Tensor, "batch 1 height width"]) -> Float[Tensor, "batch tiles"]:
        return self.pairs_and_digits(images)[0]


def spot_the_pair(
    model: Any, boards: Float[Tensor, "batch 1 height width"], tile_classes: Int[Tensor, "batch tiles"]
) -> tuple[Float[Tensor, ""], Bool[Tensor, "batch"]]:
    """The objective: binary cross-entropy per tile, plus the digits'; a board is right if all its tiles are.

    Args:
        model: a :class:`PairFinder`.
        boards: (batch, 1, height, width).
        tile_classes: (batch, tiles), the class on each tile: a tile is one of the pair if its class stands twice.
    """
    pairs, digits = model.pairs_and_digits(boards)
    same = tile_classes[:, :, None] == tile_classes[:, None]
    target = same.sum(dim=-1) > 1
    loss = F.binary_cross_entropy_with_logits(pairs.float(), target.float())
    digit_loss = F.cross_entropy(digits.float().flatten(0, 1), tile_classes.flatten())
    right = ((pairs > 0) == target).all(dim=1)
    return loss + digit_loss, right
