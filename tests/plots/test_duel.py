"""The picture of a played round."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from vitcourse.plots.duel import duel_frame


@pytest.mark.parametrize("shape", [(8, 12), (8, 12, 3)])
def test_each_order_has_its_board_and_its_number(shape):
    others = {"rollout": (3.0, [1, 0, 0, 1, 0, 1]), "chance": (4.5, [0.5] * 6)}
    figure = duel_frame(np.zeros(shape), (2, 3), others)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["the image\n", "rollout\n3", "chance\n4.5"]
    tints = [axes.images[1].get_array()[..., 3] for axes in figure.axes]
    assert tints[0].max() == 0
    np.testing.assert_allclose(tints[1] / tints[1].max(), [[1, 0, 0], [1, 0, 1]])
    np.testing.assert_allclose(tints[2], tints[1].max() / 2)


def test_nothing_is_cut_off():
    figure = duel_frame(np.zeros((8, 8)), (2, 2), {f"order {i}": (float(i), [1, 0, 0, 0]) for i in range(6)})
    FigureCanvasAgg(figure).draw()
    whole = figure.bbox
    for axes in figure.axes:
        box = axes.title.get_window_extent() if axes.title.get_text() else axes._left_title.get_window_extent()
        assert box.y1 <= whole.y1
        assert box.x0 >= whole.x0 - 1
        assert box.x1 <= whole.x1 + 1
