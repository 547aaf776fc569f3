"""M1, A6: how far heads look, layer by layer, before and after training; and whether heads differ."""

from __future__ import annotations

from typing import Any

import torch

from .. import maps as map_tools
from ..data.pairs import twin_of
from ..patches import patchify
from .data import mnist
from .spec import Config, Experiment, Figures
from .trained import TRAINED_SOURCES, UPDATES, boards, fresh, trained


def configs(quick: bool) -> list[Config]:
    updates, seeds = (60, 1) if quick else (UPDATES, 5)
    return [dict(family=f, updates=updates, seed=s) for s in range(seeds) for f in ("vit", "pairs")]


def measure(*, family: str, updates: int, seed: int) -> list[Figures]:
    """For each layer and head the mean attention distance in patches over 1,000 test images.

    Beside it: for MNIST, the share of the class token's weight on patches with ink; for the boards, how often the
    strongest other tile of a tile of the pair is its twin. `layer` 0 holds the distances of equal weights and of equal
    weights on inked patches.
    """
    split = boards(seed).test if family == "pairs" else mnist().test[:1000]
    rows: list[Figures] = []
    models: dict[str, Any] = {"trained": trained(family, seed, updates), "untrained": fresh(family, seed).eval()}
    for state, model in models.items():
        with torch.inference_mode(), map_tools.record_attention(model) as maps:
            model(split.images)
        for layer, attention in enumerate(maps, start=1):
            far = map_tools.attention_distance(attention, model.grid).mean(dim=0)
            finds = twins_found(attention, split.labels) if family == "pairs" else on_ink(attention, split.images)
            rows += [
                dict(state=state, layer=layer, head=head, distance=d, finds=f)
                for head, (d, f) in enumerate(zip(far.tolist(), finds.tolist(), strict=True), start=1)
            ]
    if family == "vit":
        rows += references(maps[0], split.images, model.grid)
    return rows


def on_ink(attention: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Share of the class token's weight on patches with ink, (heads,)."""
    inked = patchify(images, 4).amax(dim=-1) > 0
    return (attention[:, :, 0, 1:] * inked[:, None]).sum(dim=-1).mean(dim=0)


def twins_found(attention: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """How often a tile's strongest other tile is its twin, (heads,), over the tiles that have one."""
    twin = twin_of(labels)
    itself = torch.eye(attention.shape[-1], dtype=torch.bool)
    strongest = attention.masked_fill(itself, 0).argmax(dim=-1)  # (boards, heads, tiles)
    hit = (strongest == twin[:, None]).float()
    return hit.transpose(0, 1)[:, twin >= 0].mean(dim=1)


def references(attention: torch.Tensor, images: torch.Tensor, grid: tuple[int, int]) -> list[Figures]:
    """Distances of heads that look everywhere alike, and at all inked patches alike."""
    equal = torch.full_like(attention[:1, :1], 1 / attention.shape[-1])
    inked = torch.zeros_like(attention[:, :1])
    inked[:, :, :, 1:] = (patchify(images, 4).amax(dim=-1) > 0)[:, None, None].float()
    known = {"equal": equal, "equal on ink": inked}
    return [
        dict(state=state, layer=0, head=0, distance=map_tools.attention_distance(one, grid).mean().item(), finds="")
        for state, one in known.items()
    ]


EXPERIMENT = Experiment("distances", ("M1", "A6"), configs, measure, (*TRAINED_SOURCES, "maps/reduce.py"))
