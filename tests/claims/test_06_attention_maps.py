"""Lesson 06's row of the claims ledger, and what its text says of the shipped models, measured again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from vitcourse import VisionTransformer, patchify, record_attention, unpatchify
from vitcourse.data import Split, load, photograph
from vitcourse.data.pairs import twin_of
from vitcourse.maps import attention_distance, class_attention_map, gradient_rollout, rollout
from vitcourse.training import load_checkpoint

GRID, EQUAL = (7, 7), 3.61  # mean distance of two patches on the grid
PATCH, TOKENS = 4, 50


@pytest.fixture(scope="module")
def digits() -> Split:
    return load("mnist", download=False).test[:200]


def mnist_model() -> Any:
    return load_checkpoint("mnist").requires_grad_(False)


def maps_of(model: VisionTransformer, images: Tensor) -> list[Tensor]:
    with torch.no_grad(), record_attention(model) as maps:
        model(images)
    return list(maps)


def distances(model: VisionTransformer, images: Tensor) -> Tensor:
    """(layers, heads), in patches."""
    return torch.stack([attention_distance(A, GRID).mean(dim=0) for A in maps_of(model, images)])


def test_m1_layers_do_not_look_farther_and_farther(digits: Split):
    """No trend from near to far, no local head; the untrained model lies on the distance of equal weights."""
    trained = distances(mnist_model(), digits.images)
    assert not (trained.mean(dim=1).diff() > 0).all()
    assert trained.min() > 0.8 * EQUAL
    assert trained.max() < 1.2 * EQUAL

    torch.manual_seed(0)
    untrained = VisionTransformer(**mnist_model().config).eval()
    assert (distances(untrained, digits.images).mean(dim=1) - EQUAL).abs().max() < 0.1

    # A head that looks at all ink from everywhere comes down to less than the heads do, without a look at neighbors.
    ink = (patchify(digits.images, PATCH).amax(dim=-1) > 0).float()
    to_ink = torch.zeros(len(ink), 1, TOKENS, TOKENS)
    to_ink[..., 1:] = ink[:, None, None]
    assert attention_distance(to_ink, GRID).mean() < trained.min() + 0.1

    equal = torch.full((1, 1, TOKENS, TOKENS), 1 / TOKENS)
    assert attention_distance(equal, GRID).item() == pytest.approx(EQUAL, abs=0.005)


def test_a_local_first_layer_would_be_seen():
    """The measure of M1 does tell near from far: a head that looks at itself and next to itself is near."""
    places = torch.cartesian_prod(torch.arange(7.0), torch.arange(7.0))
    local = torch.zeros(1, 1, TOKENS, TOKENS)
    local[0, 0, 1:, 1:] = (torch.cdist(places, places) < 1.1).float()
    local[0, 0, :, 0] = 1.0
    assert attention_distance(local / local.sum(dim=-1, keepdim=True), GRID).item() < 0.8


@pytest.fixture(scope="module")
def boards() -> Split:
    return load("pairs", download=False).test[:500]


def found_with(boards: Split, forbid: Callable[[Tensor], Tensor] | None) -> float:
    """Share of the tiles of the pair that the pair model finds when each may not look at one other tile."""
    model, twin = load_checkpoint("pairs").requires_grad_(False), twin_of(boards.labels)
    has_twin = twin >= 0
    bias = torch.zeros(len(twin), 1, 9, 9)
    if forbid is not None:
        board, tile = has_twin.nonzero(as_tuple=True)
        bias[board, 0, tile, forbid(twin)[board, tile]] = -torch.inf
    tokens = model.embed(boards.images)
    for block in model.blocks:
        tokens = block(tokens, bias)
    said = model.head(model.norm(tokens)).squeeze(-1) > 0
    return said[has_twin].float().mean().item()


def another_tile(twin: Tensor) -> Tensor:
    """For each tile one that is neither itself nor its twin."""
    tile = torch.arange(9).expand_as(twin)
    options = torch.rand(*twin.shape, 9, generator=torch.Generator().manual_seed(0))
    return options.scatter(2, tile[..., None], 0).scatter(2, twin.clamp(min=0)[..., None], 0).argmax(dim=-1)


def test_a_tile_of_the_pair_looks_at_its_twin_and_needs_to(boards: Split):
    twin = twin_of(boards.labels)
    A = maps_of(load_checkpoint("pairs"), boards.images)[-1].mean(dim=1)
    strongest = A.masked_fill(torch.eye(9, dtype=torch.bool), 0).argmax(dim=-1)
    assert (strongest == twin)[twin >= 0].float().mean() > 0.5  # by chance 0.125

    before = found_with(boards, None)
    assert found_with(boards, lambda twin: twin) < 0.4 * before
    assert found_with(boards, another_tile) > 0.9 * before


def test_hiding_patches_goes_as_the_lesson_says(digits: Split):
    """Ink does as well as any map of the model; rollout and gradient lie well below chance."""
    model, images = mnist_model(), digits.images[:100]
    with record_attention(model, gradients=True) as maps:
        logits = model(images.clone().requires_grad_())
        answers = logits.argmax(dim=-1)[:, None]
        logits.gather(1, answers).sum().backward()
    patches = patchify(images, PATCH)
    scores = dict(
        raw=maps[-1].mean(dim=1)[:, 0, 1:],
        rollout=rollout(maps)[:, 0, 1:],
        gradient=gradient_rollout(maps, maps.gradients)[:, 0, 1:],
        ink=patches.sum(dim=-1),
        chance=torch.rand(len(images), 49, generator=torch.Generator().manual_seed(0)),
    )

    def area(score: Tensor) -> float:
        rank = score.argsort(dim=1, descending=True).argsort(dim=1)
        hidden = [unpatchify(patches * (rank >= k)[:, :, None], PATCH, 28) for k in range(0, 50, 7)]
        return torch.cat([model(x).softmax(dim=-1).gather(1, answers) for x in hidden]).mean().item()

    areas = {name: area(score) for name, score in scores.items()}
    assert areas["ink"] < min(areas["raw"], areas["rollout"], areas["gradient"]) + 0.02
    assert max(areas["rollout"], areas["gradient"]) < areas["chance"] - 0.05


def test_an_untrained_map_follows_the_photograph():
    torch.manual_seed(0)
    model = VisionTransformer(embed_dim=192, depth=4, num_heads=3, mlp_ratio=2.0, position="none")
    photo = photograph(224)
    seen = class_attention_map(maps_of(model, photo)[2], model.grid)[0].mean(dim=0) * model.num_tokens
    brightness = patchify(photo, 16).mean(dim=-1)[0]
    assert torch.corrcoef(torch.stack([seen.flatten(), brightness]))[0, 1].abs() > 0.5
    assert seen.min() > 0.7
    assert seen.max() < 1.5
