"""M2, M3, C11: do maps name the patches that an answer needs? These are hidden one by one, the highest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .. import maps as map_tools
from ..cnn import ConvNet
from ..data.pairs import twin_of
from ..maps.deletion import hide_patches, random_scores, strongest
from ..pair_model import PairFinder
from ..patches import patchify
from ..vit import VisionTransformer
from .data import mnist
from .spec import Config, Experiment, Figures
from .trained import TRAINED_SOURCES, UPDATES, boards, trained

PATCH, TILE = 4, 14  # pixels: of a ViT's patch, which is also a cell of the CNN's last map, and of a board's tile
COUNTS = (0, 1, 2, 4, 8, 16, 24, 32)  # of 49 patches
TILE_COUNTS = (0, 1, 2, 4, 8)  # of the 8 other tiles


def configs(quick: bool) -> list[Config]:
    updates, seeds = (60, 1) if quick else (UPDATES, 5)
    return [dict(family=f, updates=updates, seed=s) for s in range(seeds) for f in ("vit", "cnn", "pairs")]


def measure(*, family: str, updates: int, seed: int) -> list[Figures]:
    """What is left of the first answer when so many patches are hidden, over 1,000 test images or boards.

    A row for each order, each set of patches that it ranks (`among`: "all", or those with "ink" first), and each number
    of `hidden` patches: mean `probability` of the first answer and share of answers `kept`. The same for all numbers:
    `area`, the mean probability from 0 hidden to the most, and `flips`, the median number of patches until the answer
    changes. For boards only the tiles of the pair are asked; `twin` says how often the first tile that is hidden is
    the twin, and `flips` is empty.
    """
    model = trained(family, seed, updates)
    if family == "pairs":
        split = boards(seed).test
        return list(hidden_tiles(model, split.images, twin_of(split.labels), seed))
    images = mnist().test[:1000].images
    inked = patchify(images, PATCH).amax(dim=-1) > 0
    rows: list[Figures] = []
    for order, scores in orders(model, images, seed).items():
        for among, ranked in {"all": scores, "ink": scores.masked_fill(~inked, -torch.inf)}.items():
            curve = hidden_patches(model, images, ranked)
            same = dict(area=area(curve), flips=median_flips(model, images, ranked))
            rows += [dict(order=order, among=among, **point, **same, twin="") for point in curve]
    return rows


def orders(model: Any, images: Tensor, seed: int) -> dict[str, Tensor]:
    """Scores of the patches by each map of the model and by rules that do not know it, name -> (images, patches)."""
    found = class_activation(model, images) if isinstance(model, ConvNet) else attention_orders(model, images)
    name, first = next(iter(found.items()))  # the map that is usually shown
    return found | {
        f"{name}, lowest first": -first,
        "ink": patchify(images, PATCH).sum(dim=-1),
        "random": random_scores(len(first), first.shape[1], seed),
    }


def attention_orders(model: VisionTransformer, images: Tensor) -> dict[str, Tensor]:
    """What the class token looks at: in the last layer, on average over layers, by rollout, weighted by gradients."""
    said = map_tools.explain(model, images)
    assert said.relevance is not None, said.reason
    maps = list(said.maps.unbind(dim=1))
    return {
        "last layer": maps[-1].mean(dim=1)[:, 0, 1:],
        "all layers": said.maps.mean(dim=(1, 2))[:, 0, 1:],
        "rollout": map_tools.rollout(maps)[:, 0, 1:],
        "gradient": said.relevance[:, 0, 1:],
    }


def class_activation(model: ConvNet, images: Tensor) -> dict[str, Tensor]:
    """The class-activation map (Zhou et al. 2016) of the first answer, (images, patches).

    The last feature maps, each times its weight in the classifier's row. Their mean over places is the logit, but for
    the bias: so the map says what each place adds to it.
    """
    with torch.no_grad():
        features = model.features(images)
        weights = model.classifier.weight[model(images).argmax(dim=-1)]
    return {"class activation": torch.einsum("bfrc, bf -> brc", features, weights).flatten(1)}


def hidden_patches(model: nn.Module, images: Tensor, scores: Tensor) -> list[Figures]:
    """What is left of the first answer for each of COUNTS; scores are (images, patches)."""
    with torch.no_grad():
        first = model(images).argmax(dim=-1)
        left = [model(hide_patches(images, strongest(scores, k), PATCH)) for k in COUNTS]
    return [
        dict(
            hidden=k,
            probability=logits.softmax(dim=-1).gather(1, first[:, None]).mean().item(),
            kept=(logits.argmax(dim=-1) == first).float().mean().item(),
        )
        for k, logits in zip(COUNTS, left, strict=True)
    ]


def median_flips(model: nn.Module, images: Tensor, scores: Tensor) -> int:
    """How many patches are hidden when half of the images have changed their answer, each for the first time.

    One more than there are patches where fewer than half ever do. The half that holds out longest need not be known:
    this makes it several times as fast as `patches_to_flip`.
    """
    patches, waiting = scores.shape[1], torch.arange(len(images))
    with torch.no_grad():
        first = model(images).argmax(dim=-1)
        for k in range(1, patches + 1):
            left = model(hide_patches(images[waiting], strongest(scores[waiting], k), PATCH)).argmax(dim=-1)
            waiting = waiting[left == first[waiting]]
            if len(waiting) <= len(images) // 2:
                return k
    return patches + 1


def hidden_tiles(model: PairFinder, images: Tensor, twin: Tensor, seed: int) -> Iterator[Figures]:
    """The rows of the boards; `twin` is (boards, tiles), -1 for a tile without."""
    board, asked = (twin >= 0).nonzero(as_tuple=True)  # two questions a board
    images, twins = images[board], twin[board, asked][:, None]
    with torch.no_grad():
        sign = answers(model, images, asked).sign()
    for order, scores in tile_orders(model, images, asked, twins, sign, seed).items():
        ranked = scores.scatter(1, asked[:, None], -torch.inf)  # the asked tile itself stays
        curve = []
        for k in TILE_COUNTS:
            with torch.no_grad():
                left = sign * answers(model, hide_patches(images, strongest(ranked, k), TILE), asked)
            kept = (left > 0).float().mean().item()
            curve.append(dict(hidden=k, probability=left.sigmoid().mean().item(), kept=kept))
        found = (ranked.argmax(dim=1, keepdim=True) == twins).float().mean().item()
        yield from (dict(order=order, among="all", **p, area=area(curve), flips="", twin=found) for p in curve)


def tile_orders(
    model: PairFinder, images: Tensor, asked: Tensor, twins: Tensor, sign: Tensor, seed: int
) -> dict[str, Tensor]:
    """Scores of the tiles by the rows of the asked ones, name -> (questions, tiles); and by the truth."""
    with torch.enable_grad(), map_tools.record_attention(model, gradients=True) as maps:
        given = images.clone().requires_grad_()
        torch.autograd.grad((sign * answers(model, given, asked)).sum(), given)
    which = torch.arange(len(asked))
    found = {
        "last layer": maps[-1].mean(dim=1)[which, asked],
        "all layers": torch.stack(list(maps)).mean(dim=(0, 2))[which, asked],
        "rollout": map_tools.rollout(maps)[which, asked],
        "gradient": map_tools.gradient_rollout(maps, maps.gradients)[which, asked],
    }
    return found | {
        "last layer, lowest first": -found["last layer"],
        "the twin": torch.zeros_like(found["rollout"]).scatter(1, twins, 1.0),
        "random": random_scores(len(asked), found["rollout"].shape[1], seed),
    }


def answers(model: PairFinder, images: Tensor, asked: Tensor) -> Tensor:
    """The logit of the asked tile of each board, (boards,): above 0, one of the pair."""
    return model(images)[torch.arange(len(asked)), asked]


def area(curve: list[Figures]) -> float:
    """Mean height of the curve of probabilities, straight between its points."""
    hidden, left = (torch.tensor([float(point[name]) for point in curve]) for name in ("hidden", "probability"))
    return (torch.trapezoid(left, hidden) / hidden[-1]).item()


SOURCES = (*TRAINED_SOURCES, "maps/deletion.py", "maps/explain.py", "maps/record.py", "maps/reduce.py")
EXPERIMENT = Experiment("deletion", ("M2", "M3", "C11"), configs, measure, SOURCES)
