"""Attention maps over images (lessons 00 and 06).

A function that takes a figure draws once and returns ``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .boards import GRID, INKED, BoardView, MatrixView
from .style import BLUE, ORANGE, SKY, bare, style

Draw = Callable[..., None]

DIM = 1.8  # the ink's white-to-black range is stretched by this below a tint, so that blue shows on it


class MapView:
    """An image (height, width) under a grid of patches, tinted blue by weight; the asking patch has a frame."""

    def __init__(self, axes: Axes, image: Any, grid: tuple[int, int], tinted: bool = True) -> None:
        self.grid = rows, cols = grid
        bare(axes)
        extent = (0, cols, rows, 0)
        self.image = axes.imshow(np.asarray(image), cmap=INKED, vmin=0, vmax=DIM if tinted else 1, extent=extent)
        self.rgba = np.empty((rows, cols, 4))
        self.rgba[..., :3], self.rgba[..., 3] = to_rgb(BLUE), 0
        self.tint = axes.imshow(self.rgba, extent=extent, interpolation="nearest", zorder=2)
        axes.hlines(range(rows + 1), 0, cols, color="#CCCCCC", lw=0.6, zorder=3)
        axes.vlines(range(cols + 1), 0, rows, color="#CCCCCC", lw=0.6, zorder=3)
        axes.set(xlim=(-0.04, cols + 0.04), ylim=(rows + 0.04, -0.04), aspect="equal")
        self.frame = Rectangle((0, 0), 1, 1, fill=False, ec=ORANGE, lw=3, zorder=5, visible=False)
        axes.add_patch(self.frame)

    def show(self, image: Any) -> None:
        self.image.set_data(np.asarray(image))

    def weigh(self, weights: Any, strength: float = 0.85, highest: float | None = None) -> None:
        """Tint by ``weights`` (rows, cols); ``highest``, else the largest weight, gets the opacity ``strength``."""
        weights = np.asarray(weights, dtype=float)
        self.rgba[..., 3] = strength * weights / (highest or max(float(weights.max()), 1e-12))
        self.tint.set_data(self.rgba.copy())

    def ask(self, cell: tuple[int, int] | None) -> None:
        self.frame.set_visible(cell is not None)
        if cell is not None:
            self.frame.set_xy((cell[1], cell[0]))


def _probability_bars(axes: Axes, names: Sequence[str], title: str) -> Callable[..., None]:
    bars = axes.barh(range(len(names)), np.zeros(len(names)), color=SKY, height=0.72)
    axes.set(xlim=(0, 1.02), xticks=(0, 0.5, 1), title=title)
    axes.set_yticks(range(len(names)), list(names))
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)

    def draw(values: Any, strongest: int) -> None:
        for i, (bar, value) in enumerate(zip(bars, np.asarray(values), strict=True)):
            bar.set_width(float(value))
            bar.set_color(ORANGE if i == strongest else SKY)

    return draw


def digit_at_work(figure: Figure, image: Any, grid: tuple[int, int], classes: Sequence[str]) -> Draw:
    """The patches of a digit that the model looks at, and the probability of each class.

    Returns:
        ``draw(image, weights, probabilities, looks)``: weights (rows, cols); ``looks`` titles the left picture.
    """
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(1, 0.7))
        looked = MapView(left, image, grid)
        title = left.set_title("layer 10, mean of heads")
        bars = _probability_bars(right, classes, "prediction")

    def draw(image: Any, weights: Any, probabilities: Any, looks: str) -> None:
        looked.show(image)
        looked.weigh(weights)
        title.set_text(looks)
        bars(probabilities, int(np.argmax(np.asarray(probabilities))))

    return draw


def pair_explorer(figure: Figure, board: Any, grid: tuple[int, int] = GRID) -> Draw:
    """A board to ask from, one attention map of the pair model, and what it says of each tile.

    Returns:
        ``draw(board, asking, weights, probabilities)``: weights (tiles, tiles), probabilities (tiles,).
    """
    with style():
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.1, 0.8))
        view, matrix = BoardView(left, board, grid, strip=0.3), MatrixView(middle, board, grid)
        matrix.image.set_clim(0, 0.5)
        left.set_title("weights of one tile")
        middle.set_title("all rows (dark: 0.5 and more)")
        tiles = grid[0] * grid[1]
        bars = _probability_bars(right, [str(i) for i in range(tiles)], "probability: of the pair")
        right.set_ylabel("tile")

    def draw(board: Any, asking: int, weights: Any, probabilities: Any) -> None:
        weights = np.asarray(weights)
        view.show(board)
        view.ask(asking, weights[asking])
        matrix.show(weights, board)
        matrix.ask(asking)
        bars(probabilities, asking)

    return draw
