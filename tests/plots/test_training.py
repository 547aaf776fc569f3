"""Lesson 05's pictures show the numbers they are given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from vitcourse.plots.training import HIGHEST, live_curves, mistakes_board, several_runs, training_scrubber
from vitcourse.widgets.redraw import Renderer


@pytest.fixture
def figure() -> Figure:
    return Figure(figsize=(7.6, 4), layout="constrained")


def test_curves_show_the_run_so_far(figure):
    draw = live_curves(figure, steps=100, chance=math.log(10), peak=2e-3)
    draw([], [], [], [], [])
    draw([2.0, 9.0, 1.0], [2.0, 3.0, 2.5], [1e-3, 2e-3, 1e-3], [2], [0.25])
    loss, rate, test = figure.axes
    raw, mean = (line for line in loss.lines if len(line.get_xdata()) == 3)
    assert raw.get_xdata().tolist() == [1, 2, 3]
    assert raw.get_ydata().tolist() == [2.0, HIGHEST, 1.0]  # a loss beyond the axes stays at their edge
    assert mean.get_ydata().tolist() == [2.0, 3.0, 2.5]
    assert list(rate.lines[0].get_ydata()) == [1e-3, 2e-3, 1e-3]
    assert (list(test.lines[0].get_xdata()), list(test.lines[0].get_ydata())) == ([2], [0.25])


def test_the_latest_run_is_in_color_and_the_oldest_are_dropped(figure):
    draw = several_runs(figure, math.log(10))
    runs = [([0.5, 1.0], [2.0, 1.0 / (k + 1)]) for k in range(8)]
    draw(runs)
    shown = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    assert [line.get_ydata()[1] for line in shown] == pytest.approx([1 / (k + 1) for k in range(2, 8)])
    assert [line.get_linewidth() for line in shown] == [1.2] * 5 + [2.0]
    draw([])
    assert all(len(line.get_xdata()) == 0 for line in shown)


def test_board_frames_a_cell_and_shows_its_digits(figure):
    confusion = np.diag([50, 60, 70])
    confusion[2, 1] = 4
    draw = mistakes_board(figure, confusion, ["a", "b", "c"])
    draw((0, 2), np.ones((15, 28, 28)), ["x"] * 15)
    images = np.random.default_rng(0).random((2, 28, 28))
    draw((2, 1), images, ["90%", "51%"])
    table, board = figure.axes
    assert table.patches[0].get_xy() == (1, 2)
    assert [image.get_visible() for image in board.images] == [True] * 2 + [False] * 13
    assert np.array_equal(board.images[1].get_array(), images[1])
    assert [text.get_text() for text in board.texts][:3] == ["90%", "51%", ""]
    written = {text.get_text(): text.get_position() for text in table.texts}
    assert set(written) == {"50", "60", "70", "4"}
    assert written["4"] == (1.5, 2.52)
    # Row 0 on top, and the color tells mistakes only.
    assert table.images[0].get_extent() == [0, 3, 3, 0]
    assert np.asarray(table.images[0].get_array()).tolist() == [[0, 0, 0], [0, 0, 0], [0, 4, 0]]


def test_scrubber_shows_one_moment(figure):
    losses = [2.3, 1.0, 0.5]
    draw = training_scrubber(figure, np.zeros((28, 28)), (7, 7), losses, math.log(10), highest=0.5)
    similarity = np.arange(49 * 49).reshape(49, 49) / 49**2
    weights = np.zeros((7, 7))
    weights[2, 3] = 0.25
    draw(2, weights, np.eye(10)[4], similarity)
    loss, bars, view, montage, _ = figure.axes
    assert any(list(line.get_xdata()) == [2, 2] for line in loss.lines)
    assert [bar.get_height() for bar in bars.patches] == np.eye(10)[4].tolist()
    tint = np.asarray(view.images[1].get_array())[..., 3]
    assert tint[2, 3] == pytest.approx(0.85 / 2)  # half of the largest weight of all moments
    assert np.count_nonzero(tint) == 1
    assert "added" in montage.get_title(loc="left")  # the codes themselves hardly change: it is what training added
    shown = np.ma.filled(montage.images[0].get_array(), np.nan)
    assert shown.shape == (56, 56)
    assert shown[8 * 1 + 2, 8 * 5 + 6] == similarity[7 * 1 + 5, 7 * 2 + 6]
    assert np.isnan(shown[7]).all()
    assert np.isnan(shown[:, 7]).all()


def test_redrawing_is_exact(figure):
    """What is changed in place looks as if it were drawn afresh."""
    draw = live_curves(figure, steps=100, chance=math.log(10), peak=2e-3)
    renderer = Renderer(figure)
    draw([2.0], [2.0], [1e-3], [], [])
    renderer.settle()
    renderer.rgb()
    draw([2.0, 0.5], [2.0, 1.2], [1e-3, 2e-3], [2], [0.5])
    renderer.rgb()
    draw([2.0, 0.5, 0.1], [2.0, 1.2, 0.8], [1e-3, 2e-3, 1e-3], [2, 3], [0.5, 0.75])
    quick = renderer.rgb()
    renderer._forget()
    assert np.abs(quick.astype(int) - renderer.rgb().astype(int)).max() <= 2
