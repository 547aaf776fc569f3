"""The ViT of 8 x 8 images that tests of training train, and images that it can learn."""

from __future__ import annotations

import torch

from vitcourse import VisionTransformer
from vitcourse.data import Split


def small_vit(dropout: float = 0.0, seed: int = 0, depth: int = 2) -> VisionTransformer:
    torch.manual_seed(seed)
    return VisionTransformer(
        img_size=8,
        patch_size=4,
        in_channels=1,
        num_classes=4,
        embed_dim=16,
        depth=depth,
        num_heads=2,
        mlp_ratio=2.0,
        dropout=dropout,
    )


def squares(count: int = 70) -> Split:
    """Bright squares at one of four places: learnable in a few steps."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (count,), generator=generator)
    images = torch.rand(count, 1, 8, 8, generator=generator) * 0.1
    for image, label in zip(images, labels.tolist(), strict=True):
        row, col = divmod(label, 2)
        image[0, 4 * row : 4 * row + 4, 4 * col : 4 * col + 4] += 0.8
    return Split(images, labels)
