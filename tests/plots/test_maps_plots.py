"""What the pictures of lessons 00 and 06 show: they draw what they are given, in place, and compute nothing of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from vitcourse.plots import map_figures
from vitcourse.plots import maps as plots
from vitcourse.plots.numbers import outline
from vitcourse.plots.style import new_figure

GRID = (2, 3)
IMAGE = np.linspace(0, 1, 8 * 12).reshape(8, 12)
WEIGHTS = np.array([[0.0, 0.1, 0.2], [0.4, 0.1, 0.2]])


def test_a_map_tints_in_proportion_to_the_weights():
    axes = new_figure().subplots()
    view = plots.MapView(axes, IMAGE, GRID)
    view.weigh(WEIGHTS, strength=0.8)
    np.testing.assert_allclose(np.asarray(view.tint.get_array())[..., 3], 0.8 * WEIGHTS / 0.4)
    view.weigh(WEIGHTS, strength=0.8, highest=1.0)
    np.testing.assert_allclose(np.asarray(view.tint.get_array())[..., 3], 0.8 * WEIGHTS)
    view.weigh(np.zeros(GRID))
    assert not np.asarray(view.tint.get_array())[..., 3].any()


def test_the_frame_is_at_the_asking_patch():
    view = plots.MapView(new_figure().subplots(), IMAGE, GRID)
    assert not view.frame.get_visible()
    view.ask((1, 2))
    assert view.frame.get_visible()
    assert view.frame.get_xy() == (2, 1)  # column first
    view.ask(None)
    assert not view.frame.get_visible()


def widths(figure: Figure, axes: int) -> list[float]:
    bars: list[Any] = list(figure.axes[axes].patches)
    return [bar.get_width() for bar in bars]


def test_digit_at_work_shows_probabilities_and_the_title():
    figure = new_figure(7, 3)
    draw = plots.digit_at_work(figure, IMAGE, GRID, ["a", "b", "c"])
    draw(IMAGE, WEIGHTS, np.array([0.2, 0.7, 0.1]), "layer 2")
    assert widths(figure, 1) == pytest.approx([0.2, 0.7, 0.1])
    assert figure.axes[0].get_title(loc="left") == "layer 2"
    colors = [bar.get_facecolor() for bar in figure.axes[1].patches]
    assert colors[0] == colors[2] != colors[1]  # the strongest stands out


def test_pair_explorer_shows_the_asking_row():
    figure = new_figure(7, 3)
    board = np.random.default_rng(0).random((42, 42))
    weights = np.random.default_rng(1).dirichlet(np.ones(9), size=9)
    draw = plots.pair_explorer(figure, board)
    draw(board, 4, weights, np.linspace(0, 1, 9))
    outlines = next(one for one in figure.axes[0].collections if isinstance(one, PathCollection))
    expected = [outline(f"{weight:.2f}", 8.5) for weight in weights[4]]
    assert all(shown is path for shown, path in zip(outlines.get_paths(), expected, strict=True))
    assert widths(figure, 2) == pytest.approx(list(np.linspace(0, 1, 9)))


def test_static_figures():
    beside = map_figures.maps_beside(IMAGE, {"one": WEIGHTS, "two": WEIGHTS}, GRID)
    assert [axes.get_title() for axes in beside.axes] == ["one", "two"]

    photo = map_figures.photograph_beside_maps(np.zeros((4, 4, 3)), WEIGHTS, 4.0)
    assert photo.axes[1].images[0].get_clim() == pytest.approx((0.0, 0.4))
    assert photo.axes[2].images[0].get_clim() == (0, 4)
