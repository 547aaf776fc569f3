"""The maps of all layers beside a prediction."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vitcourse.plots.layer_maps import ABOVE, BETWEEN, STRENGTH, layer_maps
from vitcourse.plots.maps import DIM
from vitcourse.plots.style import BLUE, new_figure
from vitcourse.widgets.redraw import Renderer


@pytest.mark.parametrize("depth", [1, 4, 5])
def test_each_layer_has_its_map_and_changes_in_place(depth):
    figure = new_figure()
    draw = layer_maps(figure, np.zeros((6, 9)), (2, 3), depth, ["a", "b"])
    left, right = figure.axes
    parts = left.get_children() + right.get_children()
    image = np.random.default_rng(0).random((6, 9))
    weights = np.random.default_rng(1).random((depth, 2, 3))
    draw(image, weights, np.array([0.25, 0.75]))
    assert left.get_children() + right.get_children() == parts
    assert [text.get_text() for text in left.texts] == [f"layer {i + 1}" for i in range(depth)]

    shown = left.images[0].get_array()
    columns = (depth + 1) // 2
    for layer, map_of_layer in enumerate(weights):
        row, column = divmod(layer, columns)
        y, x = row * (6 + ABOVE), column * (9 + BETWEEN)
        tint = STRENGTH * np.kron(map_of_layer / map_of_layer.max(), np.ones((3, 3)))[..., None]
        mixed = (1 - image[..., None] / DIM) * (1 - tint) + tint * to_rgb(BLUE)
        np.testing.assert_allclose(shown[y : y + 6, x : x + 9, :3], 255 * mixed, atol=1)
        assert (shown[y : y + 6, x : x + 9, 3] == 255).all()
    assert (shown[..., 3] > 0).sum() == depth * 6 * 9  # see-through elsewhere

    bars = right.collections[0]
    assert [float(np.ptp(line[:, 0])) for line in bars.get_segments()] == [0.25, 0.75]
    assert tuple(bars.get_colors()[0]) != tuple(bars.get_colors()[1])


def test_no_text_is_drawn_again_while_a_pen_moves():
    figure = new_figure()
    draw = layer_maps(figure, np.zeros((6, 9)), (2, 3), 4, ["a", "b"])
    renderer = Renderer(figure)
    renderer.settle()
    for value in (0.0, 0.5, 1.0):
        draw(np.full((6, 9), value), np.ones((4, 2, 3)), np.array([value, 1 - value]))
        renderer.rgb()
    again = {id(artist) for artist in renderer._plan}
    assert not any(id(text) in again for axes in figure.axes for text in axes.texts)
    assert len(again) < 12
