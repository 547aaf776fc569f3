"""Small explorers whose maps are known, for the tests of what the browser does with them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from vitcourse import VisionTransformer
from vitcourse.maps import explain
from vitcourse.pair_model import PairFinder
from vitcourse.widgets import Explorer, explorer

# Rows, columns, heads and layers all differ.
CONFIG = dict(
    img_size=(18, 24), patch_size=6, in_channels=1, num_classes=4, embed_dim=12, depth=4, num_heads=2, mlp_ratio=2.0
)
ROWS, COLS, LAYERS, HEADS, TOKENS = 3, 4, 4, 2, 13
CLASSES = ["a <b>cat</b>", "dog", "cow", "owl"]
IMAGES = torch.rand(10, 1, 18, 24, generator=torch.Generator().manual_seed(1))


def model_of(seed: int = 0) -> VisionTransformer:
    torch.manual_seed(seed)
    model = VisionTransformer(**CONFIG)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.8)  # large: then maps differ from an equal share
    return model.eval()


def made(**more) -> Explorer:
    return explorer(model_of(), IMAGES, **dict(labels=[i % 4 for i in range(10)], classes=CLASSES, preload=4) | more)


def two_models() -> Explorer:
    return explorer({"trained": model_of(), "untrained": model_of(seed=7)}, IMAGES, preload=2)


def pair_model() -> Explorer:
    torch.manual_seed(0)
    return explorer(PairFinder(), torch.rand(2, 1, 42, 42))


def found(images: torch.Tensor):
    return explain(model_of(), images)


def decoded_maps(shown: Explorer, model: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """(layers, heads, tokens, tokens) and (tokens, tokens), as the browser decodes them."""
    sent = shown.preloaded[0]["models"][model]
    return (
        _decoded(sent["codes"], sent["scales"], (LAYERS, HEADS, TOKENS, TOKENS), 2),
        _decoded(sent["gradient"], sent["gradient_scales"], (TOKENS, TOKENS), 1),
    )


def _decoded(codes: bytes, scales: bytes, shape: tuple[int, ...], axes: int) -> torch.Tensor:
    values = torch.from_numpy((np.frombuffer(codes, np.uint8).reshape(shape) / 255.0) ** 2)
    largest = torch.from_numpy(np.frombuffer(scales, "<f4").astype(np.float64))
    return values * largest.reshape(*shape[:-axes], *[1] * axes)
