"""Boards that change in place look as if they were drawn afresh, and nothing of an earlier value stays behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from vitcourse.cost import vit_cost
from vitcourse.patches import patchify
from vitcourse.plots import block, boards, maps, model, patch_board, positions, timed
from vitcourse.widgets.redraw import Renderer
from vitcourse.widgets.render import pixels

RANDOM = np.random.default_rng(0)
Draws = list[Callable[[], None]]


def similarities(figure: Figure) -> Draws:
    draw = positions.similarity_board(figure, (7, 7), 8)
    codes = RANDOM.normal(size=(3, 49, 8))
    alike = [np.corrcoef(one) for one in codes]
    return [
        lambda i=i, at=at: draw(alike[i], codes[i], at)
        for i, at in ((0, (2, 3)), (0, (6, 0)), (1, (6, 0)), (1, (0, 1)))
    ]


def lanes(figure: Figure) -> Draws:
    image = RANDOM.random((28, 28))
    draw = block.lanes_board(figure, image, 4, ["embed", "att 1", "mlp 1"], 50)
    change = RANDOM.random((2, 50, 3))
    change[1, 10:] = 0
    return [
        lambda i=i, at=at: draw(image, change[i], at) for i, at in ((0, (2, 3)), (0, (6, 0)), (1, (1, 5)), (0, (0, 0)))
    ]


def depths(figure: Figure) -> Draws:
    draw = block.depth_board(figure, ["a", "b"], 5, dashed=["b"])
    curves = {name: SimpleNamespace(**dict.fromkeys(block.PANELS, RANDOM.random(6) + 0.1)) for name in "ab"}
    return [lambda name=name: draw(curves, name) for name in "abab"]


def patches(figure: Figure) -> Draws:
    show = patch_board.patch_board(figure)
    images = [RANDOM.random(shape).astype(np.float32) for shape in ((3, 24, 24), (3, 24, 36), (1, 12, 12))]

    def of(which: int, side: int, place: int) -> None:
        import torch

        image = torch.as_tensor(images[which])
        row = patchify(image[None], side)[0]
        show(image=image, assembled=image, row=row, patch_size=(side, side), place=place, index=place)

    steps = ((0, 4, 7), (0, 4, 35), (0, 6, 2), (1, 6, 2), (1, 6, 20), (2, 6, 1), (0, 12, 0))
    return [lambda step=step: of(*step) for step in steps]


def costs(figure: Figure) -> Draws:
    show = model.model_board(figure)

    def of(**sizes: Any) -> None:
        cost = vit_cost(img_size=28, in_channels=1, num_classes=10, mlp_ratio=2.0, num_heads=3, **sizes)
        show(parameters=cost.parameters, multiply_adds=cost.multiply_adds, depth=sizes["depth"])

    steps = ((4, 192, 6), (4, 192, 12), (2, 192, 12), (14, 48, 1))
    return [lambda p=p, d=d, n=n: of(patch_size=p, embed_dim=d, depth=n) for p, d, n in steps]


def timings(figure: Figure) -> Draws:
    draw = timed.timing_board(figure)
    runs = [(1e9, [0.01, 0.02]), (2e8, [0.004]), (1e11, [2.0, 2.5, 3.0])]
    return [lambda n=n: draw(runs[:n]) for n in (1, 2, 3)]


def heads(figure: Figure) -> Draws:
    draw = boards.heads_of_a_tile(figure, RANDOM.random((42, 42)))
    maps = {n: RANDOM.dirichlet(np.ones(9), size=(n, 9)) for n in (1, 4, 8)}
    steps = ((4, 0), (4, 7), (8, 7), (8, 3), (1, 3))
    return [lambda n=n, at=at: draw(at, maps[n], [f"head {i}" for i in range(n)]) for n, at in steps]


def pairs(figure: Figure) -> Draws:
    draw = maps.pair_explorer(figure, RANDOM.random((42, 42)))
    images, weights = RANDOM.random((2, 42, 42)), RANDOM.dirichlet(np.ones(9), size=(2, 9))
    return [lambda i=i, at=at: draw(images[i], at, weights[i], weights[i, at]) for i, at in ((0, 2), (0, 8), (1, 8))]


@pytest.mark.parametrize("board", [similarities, lanes, depths, patches, costs, timings, heads, pairs])
def test_a_change_in_place_looks_as_if_drawn_afresh(board):
    figure = Figure(figsize=(7.6, 4), dpi=60, layout="constrained")
    draws = board(figure)
    renderer = Renderer(figure)
    draws[0]()
    renderer.settle()
    seen = []
    for draw in [*draws, *draws]:
        draw()
        in_place = renderer.rgb()
        assert np.abs(in_place.astype(int) - pixels(figure)).max() <= 2
        seen.append(in_place)
    for before, after in itertools.pairwise(seen):
        assert (before != after).any()
    for first, again in zip(seen[: len(draws)], seen[len(draws) :], strict=True):
        assert np.abs(first.astype(int) - again).max() <= 2
