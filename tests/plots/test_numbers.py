"""Numbers in the cells of a map stand where they belong."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vitcourse.plots.numbers import Numbers
from vitcourse.plots.positions import similarity_board
from vitcourse.widgets.render import pixels


def ink(figure: Figure, axes) -> tuple[np.ndarray, np.ndarray]:
    """Data coordinates of the pixels that are red, and of those that are blue."""
    rgb = pixels(figure).astype(int)
    found = []
    for mine, other in ((0, 2), (2, 0)):
        rows, cols = np.nonzero((rgb[..., mine] > 200) & (rgb[..., other] < 60))
        found.append(axes.transData.inverted().transform(np.stack([cols, rgb.shape[0] - rows], axis=1)))
    return found[0], found[1]


def test_each_text_is_centered_on_its_place_in_its_color_at_any_resolution():
    for dpi in (100, 200):
        figure = Figure(figsize=(3, 3), dpi=dpi)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 4), ylim=(4, 0))
        axes.axis("off")
        numbers = Numbers(axes, [(1, 1), (3, 2.5)], size=20)
        numbers.show(["1", "2"], ["red", "red"])
        numbers.show(["0.50", "-8"], ["red", "blue"])
        red, blue = ink(figure, axes)
        assert np.abs((red.min(axis=0) + red.max(axis=0)) / 2 - (1, 1)).max() < 0.05
        assert np.abs((blue.min(axis=0) + blue.max(axis=0)) / 2 - (3, 2.5)).max() < 0.05
        height = np.ptp(blue[:, 1]) / 4 * 3 * 72  # in points: a digit is about seven tenths of the letters' size
        assert 12 < height < 17


def test_the_board_writes_the_chosen_rows_similarities():
    figure = Figure(layout="constrained")
    draw = similarity_board(figure, (2, 2), 3)
    alike = np.array([[1, 0.5, -0.25, -0.001], [0.5, 1, 0, 0], [-0.25, 0, 1, 0], [0, 0, 0, 1]])
    draw(alike, np.eye(4, 3), (1, 1))
    draw(alike, 2 * np.eye(4, 3), (0, 0))
    texts = figure.axes[0].collections[0]
    assert len(texts.get_paths()) == 4
    image, frame = figure.axes[0].images[0], figure.axes[0].patches[0]
    assert np.allclose(image.get_array(), (alike[0].reshape(2, 2) + 0.3) / 1.3)  # from the least of all to 1
    assert frame.get_xy() == (-0.5, -0.5)
    assert [text.get_text() for text in figure.axes[2].texts] == ["\N{MINUS SIGN}0.3", "1.0"]
    assert [text.get_text() for text in figure.axes[3].texts] == ["\N{MINUS SIGN}2.0", "2.0"]
