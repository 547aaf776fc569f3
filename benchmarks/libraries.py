"""One ViT as this package and as four libraries build it, and a training step of each as its users write it.

Where a library cannot be told the same, the difference is named in DIFFERENCES; it is less than 1 % of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OURS = "vitcourse"
PLAIN = "vitcourse, plain loop"  # this package's model, trained as the libraries' are
LIBRARIES = ("timm", "torchvision", "transformers", "vit-pytorch")
DIFFERENCES = {
    "torchvision": "has no argument for the number of color channels: its first convolution is replaced",
    "transformers": "answers with an object that holds the logits",
    "vit-pytorch": "two more norms at the patches, no bias for queries, keys and values",
}


@dataclass(frozen=True)
class Config:
    """A model and its batch: images of ``size`` pixels, dropout nowhere."""

    size: int
    patch: int
    channels: int
    dim: int
    depth: int
    heads: int
    mlp_ratio: float
    classes: int
    batch: int

    def batch_of_noise(self) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(0)
        images = torch.rand(self.batch, self.channels, self.size, self.size, generator=generator)
        return images, torch.randint(0, self.classes, (self.batch,), generator=generator)


CONFIGS = {
    "28/4/192/6/3": Config(28, 4, 1, 192, 6, 3, 2.0, 10, 128),
    "S/16": Config(224, 16, 3, 384, 12, 6, 4.0, 1000, 8),
}


def build(library: str, config: Config) -> nn.Module:
    """A fresh model that gives logits (batch, classes), with the library's own initial weights of seed 0."""
    torch.manual_seed(0)
    return _BUILDERS[library](config)


def logits(out: Any) -> Tensor:
    """The logits of what a model returns."""
    return out if isinstance(out, Tensor) else out.logits


def forward(model: nn.Module, images: Tensor, precision: str = "float32") -> Callable[[], object]:
    """A forward pass as at test time: evaluation mode, no graph."""

    def run() -> None:
        model.eval()
        with torch.inference_mode(), _autocast(precision):
            model(images)

    return run


def forward_and_backward(model: nn.Module, images: Tensor, labels: Tensor) -> Callable[[], object]:
    """The model's own part of a training step."""

    def run() -> None:
        model.train()
        model.zero_grad()
        F.cross_entropy(logits(model(images)), labels).backward()

    return run


def step(library: str, model: nn.Module, images: Tensor, labels: Tensor, precision: str = "float32"):
    """One training step: for this package a step of ``fit``, with its clipping and its guard; else PyTorch's AdamW.

    The libraries leave the loop to their users: forward pass, cross-entropy, backward pass, ``torch.optim.AdamW`` with
    its defaults. That does less than ``fit``: the gradient is neither clipped nor looked at.
    """
    if library == OURS:
        from vitcourse.training import fit

        running = fit(model, SameBatch(images, labels), epochs=1, precision=precision)
        return lambda: next(running)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def run() -> None:
        model.train()
        optimizer.zero_grad()
        with _autocast(precision):
            loss = F.cross_entropy(logits(model(images)), labels)
        loss.backward()
        optimizer.step()

    return run


class SameBatch:
    """A source of batches for ``fit`` that gives the same one 10,000 times: nothing is cut out or moved."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.batch = (images, labels, torch.arange(len(labels)))

    def __len__(self) -> int:
        return 10_000

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        return (self.batch for _ in range(start, len(self)))


def _autocast(precision: str) -> torch.autocast:
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16")


def _ours(c: Config) -> nn.Module:
    from vitcourse import VisionTransformer

    return VisionTransformer(
        img_size=c.size,
        patch_size=c.patch,
        in_channels=c.channels,
        num_classes=c.classes,
        embed_dim=c.dim,
        depth=c.depth,
        num_heads=c.heads,
        mlp_ratio=c.mlp_ratio,
    )


def _timm(c: Config) -> nn.Module:
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(
        img_size=c.size,
        patch_size=c.patch,
        in_chans=c.channels,
        num_classes=c.classes,
        embed_dim=c.dim,
        depth=c.depth,
        num_heads=c.heads,
        mlp_ratio=c.mlp_ratio,
    )


def _torchvision(c: Config) -> nn.Module:
    from torchvision.models import VisionTransformer

    model = VisionTransformer(
        image_size=c.size,
        patch_size=c.patch,
        num_layers=c.depth,
        num_heads=c.heads,
        hidden_dim=c.dim,
        mlp_dim=int(c.mlp_ratio * c.dim),
        num_classes=c.classes,
    )
    model.conv_proj = nn.Conv2d(c.channels, c.dim, c.patch, c.patch)
    return model


def _transformers(c: Config) -> nn.Module:
    from transformers import ViTConfig, ViTForImageClassification

    return ViTForImageClassification(
        ViTConfig(
            image_size=c.size,
            patch_size=c.patch,
            num_channels=c.channels,
            num_labels=c.classes,
            hidden_size=c.dim,
            num_hidden_layers=c.depth,
            num_attention_heads=c.heads,
            intermediate_size=int(c.mlp_ratio * c.dim),
        )
    )


def _vit_pytorch(c: Config) -> nn.Module:
    from vit_pytorch import ViT

    return ViT(
        image_size=c.size,
        patch_size=c.patch,
        channels=c.channels,
        num_classes=c.classes,
        dim=c.dim,
        depth=c.depth,
        heads=c.heads,
        dim_head=c.dim // c.heads,
        mlp_dim=int(c.mlp_ratio * c.dim),
    )


_BUILDERS: dict[str, Callable[[Config], nn.Module]] = {
    OURS: _ours,
    PLAIN: _ours,
    "timm": _timm,
    "torchvision": _torchvision,
    "transformers": _transformers,
    "vit-pytorch": _vit_pytorch,
}
