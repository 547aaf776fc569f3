"""A frame lies where the codes do, and the share under a picture is that of its row and column."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from vitcourse.plots.code_layouts import code_layouts

IMAGES = {"scaled": np.eye(12), "padded": np.zeros((12, 12))}
FRAMES = {"stretched": (0, 12), "in the middle": (4, 4)}
RIGHT = {(row, layout): 0.1 * n for n, (row, layout) in enumerate((r, f) for r in IMAGES for f in FRAMES)}


def test_a_row_an_image_and_a_column_a_layout():
    axes = code_layouts(IMAGES, FRAMES, RIGHT, patch_size=4).axes
    assert [one.get_xlabel() for one in axes] == ["0 % right", "10 % right", "20 % right", "30 % right"]
    assert [axes[0].get_ylabel(), axes[2].get_ylabel()] == ["scaled", "padded"]
    assert [one.get_title() for one in axes[:2]] == ["stretched", "in the middle"]
    (frame,) = (p for p in axes[3].patches if isinstance(p, Rectangle))
    assert (*frame.get_xy(), frame.get_width(), frame.get_height()) == (4, 4, 4, 4)
    np.testing.assert_array_equal(axes[1].images[0].get_array(), np.eye(12))


def test_a_share_must_be_there():
    with pytest.raises(KeyError):
        code_layouts(IMAGES, FRAMES, {}, patch_size=4)
