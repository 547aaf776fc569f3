"""Boards of digits and who looks at whom on them: *spot the pair* (lessons 02 and 06).

A board is an image (height, width) of ``grid`` tiles. A function that takes a figure draws once and returns
``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .numbers import Numbers
from .style import BLUE, INK, ORANGE, bare, new_figure, style

Draw = Callable[..., None]

GRID = (3, 3)
INKED = "gray_r"  # dark digits on white, as on paper
WEIGHTS = "Blues"  # white is no weight, as a tile without a tint


def _tiles(board: Any, grid: tuple[int, int]) -> np.ndarray:
    """(rows * cols, height, width), row by row."""
    rows, cols = grid
    board = np.asarray(board)
    height, width = board.shape[0] // rows, board.shape[1] // cols
    return board.reshape(rows, height, cols, width).transpose(0, 2, 1, 3).reshape(-1, height, width)


class BoardView:
    """A board whose tiles are tinted by the weight that each gets; the asking tile has a frame.

    Its weight is written into the strip below each tile, whose height is a share of the tile's. The tiles are one
    image, the tints one artist and the numbers another, since eight boards are drawn at each move of the hand.
    """

    def __init__(self, axes: Axes, board: Any, grid: tuple[int, int] = GRID, strip: float = 0.0) -> None:
        rows, cols = grid
        tiles = _tiles(board, grid)
        self.grid, self.strip = grid, round(strip * tiles.shape[1])  # of whole pixels of a tile
        self.pitch = 1 + self.strip / tiles.shape[1]
        bare(axes)
        self.image = axes.imshow(
            self._laid_out(tiles), cmap=INKED, vmin=0, vmax=1, extent=(0, cols, rows * self.pitch, 0)
        )
        corners = [(c, r * self.pitch) for r in range(rows) for c in range(cols)]
        squares = [Rectangle(corner, 1, 1) for corner in corners]
        self.tints = axes.add_collection(PatchCollection(squares, facecolor=BLUE, lw=0, zorder=2), autolim=False)
        self.tints.set_alpha([0.0] * len(corners))
        edges = PatchCollection(squares, facecolor="none", edgecolor="#BBBBBB", lw=1, zorder=3)
        axes.add_collection(edges, autolim=False)
        middle = 1 + (self.pitch - 1) / 2
        self.numbers = Numbers(axes, [(c + 0.5, r + middle) for c, r in corners], size=8.5)
        axes.set(xlim=(-0.03, cols + 0.03), ylim=(rows * self.pitch + 0.03, -0.03), aspect="equal")
        self.frame = axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, ec=ORANGE, lw=3.5, zorder=5, visible=False))

    def _laid_out(self, tiles: np.ndarray) -> np.ndarray:
        """The tiles as one image, with nothing in the strips."""
        rows, cols = self.grid
        padded = np.pad(tiles.astype(float), ((0, 0), (0, self.strip), (0, 0)), constant_values=np.nan)
        height, width = padded.shape[1:]
        return padded.reshape(rows, cols, height, width).transpose(0, 2, 1, 3).reshape(rows * height, cols * width)

    def show(self, board: Any) -> None:
        self.image.set_data(self._laid_out(_tiles(board, self.grid)))

    def ask(self, asking: int, weights: Any) -> None:
        weights = np.asarray(weights)
        row, col = divmod(asking, self.grid[1])
        self.frame.set(xy=(col, row * self.pitch), visible=True)
        self.tints.set_alpha(np.clip(0.75 * weights, 0, 1))
        self.numbers.show([f"{weight:.2f}" for weight in weights], [INK] * len(weights))


class MatrixView:
    """An attention map with the tiles themselves along its two sides; one row may be framed."""

    def __init__(self, axes: Axes, board: Any, grid: tuple[int, int] = GRID, highest: float = 1.0) -> None:
        tiles = _tiles(board, grid)
        self.count, self.grid = len(tiles), grid
        bare(axes)
        self.image = axes.imshow(
            np.zeros((self.count, self.count)),
            cmap=WEIGHTS,
            vmin=0,
            vmax=highest,
            extent=(0, self.count, self.count, 0),
        )
        self.left: list[Any] = []
        self.top: list[Any] = []
        for i, tile in enumerate(tiles):
            for thumbs, extent in ((self.left, (-1.15, -0.15, i + 1, i)), (self.top, (i, i + 1, -0.15, -1.15))):
                thumbs.append(axes.imshow(tile, cmap=INKED, vmin=0, vmax=1, extent=extent))
        axes.set(xlim=(-1.2, self.count), ylim=(self.count, -1.2), aspect="equal")
        axes.add_patch(Rectangle((0, 0), self.count, self.count, fill=False, ec="#BBBBBB", lw=1, zorder=3))
        self.frame = axes.add_patch(
            Rectangle((0, 0), self.count, 1, fill=False, ec=ORANGE, lw=2.5, zorder=5, visible=False)
        )

    def show(self, weights: Any, board: Any | None = None) -> None:
        self.image.set_data(np.asarray(weights))
        if board is not None:
            for tile, left, top in zip(_tiles(board, self.grid), self.left, self.top, strict=True):
                left.set_data(tile)
                top.set_data(tile)

    def ask(self, asking: int) -> None:
        self.frame.set(xy=(0, asking), visible=True)


def board(image: Any, grid: tuple[int, int] = GRID) -> Figure:
    """One board, its tiles numbered from 0, row by row."""
    with style():
        figure = new_figure(2.6, 2.6)
        view = BoardView(figure.subplots(), image, grid)
        axes = view.image.axes
        for i in range(grid[0] * grid[1]):
            axes.text(i % grid[1] + 0.12, i // grid[1] + 0.14, str(i), ha="center", va="center", fontsize=8.5, zorder=4)
    return figure


def board_and_map(image: Any, weights: Any, grid: tuple[int, int] = GRID) -> Figure:
    """A board and its attention map, with the scale of the weights."""
    with style():
        figure = new_figure(6.4, 3.2)
        left, right = figure.subplots(1, 2, width_ratios=(0.8, 1.2))
        BoardView(left, image, grid)
        left.set_title("the board")
        view = MatrixView(right, image, grid, highest=float(np.max(np.asarray(weights))))
        view.show(weights)
        right.set_title("row: who asks; column: who is looked at")
        bar = figure.colorbar(view.image, ax=right, shrink=0.8)
        bar.set_label("weight")
        bar.outline.set_visible(False)
    return figure


def ask_a_tile(figure: Figure, image: Any, classes: Sequence[str], grid: tuple[int, int] = GRID) -> Draw:
    """A board to ask from, its attention map, and what the asking tile has collected.

    Returns:
        ``draw(asking, weights, shares, own)``: the map (tiles, tiles), the output's share of each class, and
        the class of the asking tile.
    """
    with style():
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.1, 0.85))
        view, matrix = BoardView(left, image, grid, strip=0.3), MatrixView(middle, image, grid)
        left.set_title("weights of one tile")
        middle.set_title("all rows")
        bars = right.bar(range(len(classes)), np.zeros(len(classes)), color=BLUE, width=0.75)
        right.set(ylim=(0, 1.05), title="output: share of each class", yticks=(0, 0.5, 1))
        right.set_xticks(range(len(classes)), list(classes), fontsize=8)

    def draw(asking: int, weights: Any, shares: Any, own: int) -> None:
        weights = np.asarray(weights)
        view.ask(asking, weights[asking])
        matrix.show(weights)
        matrix.ask(asking)
        for i, (bar, share) in enumerate(zip(bars, np.asarray(shares), strict=True)):
            bar.set_height(float(share))
            bar.set_color(ORANGE if i == own else BLUE)

    return draw


def heads_of_a_tile(figure: Figure, image: Any, grid: tuple[int, int] = GRID) -> Draw:
    """One small board per head, all asked from the same tile; up to four heads show their whole maps too.

    Returns:
        ``draw(asking, maps, titles)``: maps (heads, tiles, tiles), at most eight.
    """
    figure.set_layout_engine("none")  # the number of columns follows the number of heads
    with style():
        views = [BoardView(figure.add_axes((0, 0, 1, 1)), image, grid, strip=0.42) for _ in range(8)]
        matrices = [MatrixView(figure.add_axes((0, 0, 1, 1)), image, grid) for _ in range(4)]
    panels, below = figure.axes[:8], figure.axes[8:]
    width, height = 0.235, 0.42
    shown: list[str] = []

    def place(titles: Sequence[str]) -> None:
        """So many boards side by side, below them their maps where there is room."""
        shown[:] = titles
        columns = min(len(titles), 4)
        left = 0.5 - columns * 0.25 / 2 + 0.0075
        for i, axes in enumerate(panels):
            axes.set_visible(i < len(titles))
            axes.set_position((left + i % 4 * 0.25, 0.51 - i // 4 * 0.5, width, height))
            axes.set_title(titles[i] if i < len(titles) else "", fontsize=10, loc="center")
        for i, axes in enumerate(below):
            axes.set_visible(len(titles) <= 4 and i < len(titles))
            axes.set_position((left + i * 0.25, 0.02, width, height))

    def draw(asking: int, maps: Any, titles: Sequence[str]) -> None:
        if list(titles) != shown:
            place(titles)
        for view, weights in zip(views, maps, strict=False):
            view.ask(asking, weights[asking])
        for matrix, weights in zip(matrices, maps, strict=False):
            if matrix.image.axes.get_visible():
                matrix.show(weights)
                matrix.ask(asking)

    return draw


def shuffled_board(figure: Figure, image: Any, grid: tuple[int, int] = GRID) -> Draw:
    """A board and its map; the shuffled board, and its map with rows and columns put back.

    Returns:
        ``draw(weights, shuffled_image, put_back, same)``.
    """
    with style():
        axes = figure.subplots(1, 4)
        BoardView(axes[0], image, grid)
        before = MatrixView(axes[1], image, grid, highest=0.5)  # small differences shall be seen
        shuffled = BoardView(axes[2], image, grid)
        after = MatrixView(axes[3], image, grid, highest=0.5)
        for one, title in zip(axes, ("board", "its map", "shuffled", "its map, put back"), strict=True):
            one.set_title(title)
        verdict = axes[3].text(0.5, -0.03, "", transform=axes[3].transAxes, ha="center", va="top", color=INK)

    def draw(weights: Any, shuffled_image: Any, put_back: Any, same: bool) -> None:
        before.show(weights)
        shuffled.show(shuffled_image)
        after.show(put_back)
        verdict.set_text("the same map" if same else "another map")

    return draw
