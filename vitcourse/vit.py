"""The Vision Transformer (Dosovitskiy et al. 2021): embed -> encode -> pool -> head."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from .encoder import NORM_EPS, TransformerBlock
from .errors import Size, require_one_of, require_positive
from .patches import PatchEmbedding
from .positions import RelativePositionBias, sincos_2d

Position = Literal["learned", "sincos", "relative", "none"]
Pool = Literal["cls", "mean"]


def _preset(patch_size: int, embed_dim: int, depth: int, num_heads: int) -> dict:
    return dict(patch_size=patch_size, embed_dim=embed_dim, depth=depth, num_heads=num_heads, mlp_ratio=4.0)


# Sizes as papers write them, "size/patch size": Touvron et al. 2021 (Ti, S), Dosovitskiy et al. 2021 (B, L, H).
PRESETS = {
    "Ti/16": _preset(16, 192, 12, 3),
    "S/16": _preset(16, 384, 12, 6),
    "S/32": _preset(32, 384, 12, 6),
    "B/16": _preset(16, 768, 12, 12),
    "B/32": _preset(32, 768, 12, 12),
    "L/16": _preset(16, 1024, 24, 16),
    "L/32": _preset(32, 1024, 24, 16),
    "H/14": _preset(14, 1280, 32, 16),
}


def embed_tokens(
    patches: Float[Tensor, "batch patches dim"],
    class_token: Float[Tensor, "1 1 dim"] | None = None,
    positions: Float[Tensor, "1 tokens dim"] | None = None,
) -> Float[Tensor, "batch tokens dim"]:
    """``z_0 = [x_cls; x_1 E; ...; x_N E] + E_pos`` (Dosovitskiy et al. 2021, eq. 1).

    Args:
        patches: embedded patches, (batch, N, dim).
        class_token: put before the patches of each image.
        positions: one row for each token, the class token included.
    """
    tokens = patches
    if class_token is not None:
        tokens = torch.cat([class_token.expand(len(patches), -1, -1), patches], dim=1)
    return tokens if positions is None else tokens + positions


class VisionTransformer(nn.Module):
    """An image classifier: patches, positions, a stack of pre-norm blocks, one linear head.

    Args:
        img_size: image size in pixels, an int or (height, width).
        patch_size: patch size in pixels, an int or (height, width); must divide ``img_size``.
        in_channels: color channels.
        num_classes: number of classes.
        embed_dim: D, the length of a token.
        depth: number of encoder blocks.
        num_heads: attention heads per block; must divide ``embed_dim``.
        mlp_ratio: hidden width of each MLP over ``embed_dim``.
        dropout: dropout probability on tokens, attention and MLP.
        position: "learned" (a code per token), "sincos" (fixed 2-D sinusoids), "relative" (a bias per head and
            offset, shared by all blocks) or "none".
        pool: "cls" reads the class token; "mean" has no class token and averages the patches.

    Raises:
        ValueError: patches that do not tile the image, heads that do not divide, an unknown option.
    """

    def __init__(
        self,
        *,
        img_size: Size = 224,
        patch_size: Size = 16,
        in_channels: int = 3,
        num_classes: int = 1000,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        position: Position = "learned",
        pool: Pool = "cls",
    ) -> None:
        super().__init__()
        require_positive(num_classes=num_classes, depth=depth)
        self.config = dict(
            img_size=img_size,
            patch_size=patch_size,
            in_channels=in_channels,
            num_classes=num_classes,
            embed_dim=embed_dim,
            depth=depth,
            num_heads=num_heads,
            mlp_ratio=mlp_ratio,
            dropout=dropout,
            position=position,
            pool=pool,
        )
        require_one_of("position", position, ("learned", "sincos", "relative", "none"))
        require_one_of("pool", pool, ("cls", "mean"))
        self.patch_embedding = PatchEmbedding(
            img_size=img_size, patch_size=patch_size, in_channels=in_channels, embed_dim=embed_dim
        )
        self.grid = self.patch_embedding.grid
        self.pooling = pool
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim)) if pool == "cls" else None
        self.num_patches = self.grid[0] * self.grid[1]
        self.num_tokens = self.num_patches + (pool == "cls")

        # A code per token (learned, or fixed sinusoids with zeros for the class token) or a bias per pair of tokens.
        self.positions: Tensor | None = None
        self.relative: RelativePositionBias | None = None
        if position == "learned":
            self.positions = nn.Parameter(torch.zeros(1, self.num_tokens, embed_dim))
        elif position == "sincos":
            codes = F.pad(sincos_2d(*self.grid, embed_dim), (0, 0, self.num_tokens - self.num_patches, 0))
            del self.positions
            self.register_buffer("positions", codes[None], persistent=False)
        elif position == "relative":
            self.relative = RelativePositionBias(grid=self.grid, num_heads=num_heads, class_token=pool == "cls")

        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            TransformerBlock(embed_dim=embed_dim, num_heads=num_heads, mlp_ratio=mlp_ratio, dropout=dropout)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dim, eps=NORM_EPS)
        self.classifier = nn.Linear(embed_dim, num_classes)
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.xavier_uniform_(module.weight.view(len(module.weight), -1))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # As large as the embedded patches. At the 0.02 of the papers a short training is spent on making them larger:
        # on MNIST at patch 4, two epochs then end at 96 % instead of 98 %.
        for token in (self.class_token, self.positions):
            if isinstance(token, nn.Parameter):
                nn.init.trunc_normal_(token, std=0.5)
        # The first prediction is then uniform, and the first loss ln(num_classes).
        nn.init.zeros_(self.classifier.weight)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch num_classes"]:
        return self.head(self.pool(self.encode(self.embed(images))))

    def embed(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch tokens dim"]:
        """Images to tokens: patches, class token, positions."""
        patches = self.patch_embedding(images)
        return self.dropout(embed_tokens(patches, self.class_token, self.positions))

    def encode(self, tokens: Float[Tensor, "batch tokens dim"]) -> Float[Tensor, "batch tokens dim"]:
        """Tokens through all blocks and the last norm."""
        bias = None if self.relative is None else self.relative()[None]
        for block in self.blocks:
            tokens = block(tokens, bias)
        return self.norm(tokens)

    def pool(self, tokens: Float[Tensor, "batch tokens dim"]) -> Float[Tensor, "batch dim"]:
        """One vector for an image: the class token, or the mean over patches."""
        return tokens[:, 0] if self.pooling == "cls" else tokens.mean(dim=1)

    def head(self, features: Float[Tensor, "... dim"]) -> Float[Tensor, "... num_classes"]:
        """Logits, from the pooled vector or from any token."""
        return self.classifier(features)
