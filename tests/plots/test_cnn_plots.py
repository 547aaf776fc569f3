"""Lesson 07's pictures show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from vitcourse.plots.cnn import HIGHEST, by_training_size, damage_board, moving_board, race, receptive_fields


@pytest.fixture
def figure() -> Figure:
    return Figure(figsize=(7.6, 4), layout="constrained")


def test_race_shows_losses_and_accuracies(figure):
    draw = race(figure, steps=10, chance=2.3, names=["ViT", "CNN"])
    draw([[], []], [None, None])
    draw([[9.0, 2.0], [1.0]], [0.75, None])
    loss, right = figure.axes
    lines = {line.get_label(): line for line in loss.lines}
    assert list(lines["ViT"].get_ydata()) == [HIGHEST, 2.0]  # beyond the axes: at their edge
    assert list(lines["CNN"].get_xdata()) == [1]
    assert [bar.get_width() for bar in right.patches] == [0.75, 0]
    assert [text.get_text() for text in right.texts] == ["75.0%", ""]


def test_moving_board_follows_model_and_shift(figure):
    errors = {"ViT": [0.0, 1.0, 1.4], "CNN": [0.0, 0.2, 0.0]}
    draw = moving_board(figure, np.zeros((28, 28)), errors)
    got, wanted = np.full((7, 7), 0.5), np.zeros((7, 7))
    draw(np.ones((28, 28)), got, wanted, 2.0, "CNN", 1)
    image, first, second, difference, curves = figure.axes
    assert np.all(np.asarray(image.images[0].get_array()) == 1)
    for axes, values in ((first, 0.5), (second, 0), (difference, 0.5)):
        assert np.all(np.asarray(axes.images[0].get_array()) == values)
        assert axes.images[0].get_clim() == (-2, 2)
    ring = curves.lines[-1]
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([1], [0.2])
    widths = {line.get_label(): line.get_linewidth() for line in curves.lines[:-1]}
    assert widths["CNN"] > widths["ViT"]
    draw(np.ones((28, 28)), np.zeros((14, 14)), np.zeros((14, 14)), 1.0, "ViT", 2)  # another model's finer map
    assert first.get_xlim() == (-0.5, 13.5)


def test_damage_board(figure):
    draw = damage_board(figure, ["ViT", "CNN"], amounts=2, count=2)
    draw(np.ones((2, 28, 28)), [[1.0, 0.5, 0.1], [0.9, 0.8, 0.7]], 1, "moved (pixels)")
    images, right = figure.axes
    assert all(np.all(np.asarray(shown.get_array()) == 1) for shown in images.images)
    assert right.get_xlabel() == "moved (pixels)"
    assert list(right.lines[0].get_ydata()) == [1.0, 0.5, 0.1]
    assert list(right.lines[2].get_ydata()) == [0.5, 0.8]


def test_sizes_show_each_run_and_the_mean(figure):
    draw = by_training_size(figure, ["ViT", "CNN"], [200, 800])
    draw([("ViT", 200, 0.6), ("ViT", 200, 0.8), ("ViT", 800, 0.9)])
    marks, mean, none, _ = figure.axes[0].lines
    assert list(marks.get_ydata()) == [0.6, 0.8, 0.9]
    assert (list(mean.get_xdata()), list(mean.get_ydata())) == ([200, 800], pytest.approx([0.7, 0.9]))
    assert len(none.get_xdata()) == 0


def test_receptive_fields_are_scaled_one_by_one():
    field = np.zeros((5, 5))
    field[2, 2], field[2, 3] = 0.8, 0.2
    figure = receptive_fields({"CNN": [field], "ViT": [field, field / 9]}, {"CNN": ["1"], "ViT": ["0", "1"]})
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    assert len(shown) == 3
    for values in shown:
        assert values[2, 2] == 1
        assert values[2, 3] == pytest.approx(0.5)
