"""P6, P9, P10: what positions and the class token are worth, and whether positions can be resized."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..data import Split
from ..positions import interpolate_positions, interpolate_relative
from ..training import evaluate
from ..vit import VisionTransformer
from .data import mnist
from .spec import Config, Experiment, Figures
from .training import SOURCES, make_model, train

UPDATES = 1876  # two passes over MNIST
KINDS = (
    ("learned", "cls"),
    ("sincos", "cls"),
    ("relative", "cls"),
    ("none", "cls"),
    ("learned", "mean"),
    ("none", "mean"),
)
LARGER = (40, 56)


def configs(quick: bool) -> list[Config]:
    updates, seeds = (60, 1) if quick else (UPDATES, 5)
    return [dict(position=p, pool=q, updates=updates, seed=s) for s in range(seeds) for p, q in KINDS]


def measure(*, position: str, pool: str, updates: int, seed: int) -> list[Figures]:
    """Accuracy on MNIST's test images; then, the positions resized, on larger ones: scaled up, or with more border."""
    data = mnist()
    model: Any = make_model("vit", seed, position=position, pool=pool)
    train(model, data.train, updates=updates, lr=3e-3, seed=seed)
    rows = [dict(size=28, change="none", accuracy=evaluate(model, data.test).accuracy)]
    for size in LARGER:
        larger = resized(model, size)
        for change, enlarge in (("scaled", scaled), ("padded", padded)):
            images = enlarge(data.test.images[:2000], size)
            accuracy = evaluate(larger, Split(images, data.test.labels[:2000]), batch_size=250).accuracy
            rows.append(dict(size=size, change=change, accuracy=accuracy))
    return rows


def scaled(images: Tensor, size: int) -> Tensor:
    return F.interpolate(images, size=(size, size), mode="bilinear", align_corners=False)


def padded(images: Tensor, size: int) -> Tensor:
    before = (size - images.shape[-1]) // 2
    after = size - images.shape[-1] - before
    return F.pad(images, (before, after, before, after))


def resized(model: VisionTransformer, size: int) -> VisionTransformer:
    """The same weights for images of another size, positions interpolated to the new grid."""
    larger = VisionTransformer(**{**model.config, "img_size": size})  # type: ignore[arg-type]
    weights = {k: v for k, v in model.state_dict().items() if not k.endswith("index")}
    if isinstance(model.positions, nn.Parameter):
        weights["positions"] = interpolate_positions(model.positions.detach(), model.grid, larger.grid)
    if model.relative is not None:
        weights["relative.table"] = interpolate_relative(model.relative.table.detach(), model.grid, larger.grid)
    larger.load_state_dict(weights)
    return larger.eval()


EXPERIMENT = Experiment("tokens", ("P6", "P9", "P10"), configs, measure, SOURCES)
