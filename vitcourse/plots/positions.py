"""Lesson 03, positions: codes, the similarity between them, relative tables and their windows.

A function that takes a figure draws once and returns ``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from .numbers import Numbers
from .style import DIVERGING, INK, ORANGE, bare, new_figure, style

Draw = Callable[..., None]
Cell = tuple[int, int]


def code_build_up(axis: Any, codes: Any) -> Figure:
    """Codes along one axis, and the codes of the whole grid that are put together from them.

    Args:
        axis: (length, dim / 2), the code of each coordinate: sines, then cosines.
        codes: (rows * cols, dim), row by row.
    """
    axis, codes = np.asarray(axis), np.asarray(codes)
    with style():
        figure = new_figure(7.6, 3.3)
        left, right = figure.subplots(1, 2, width_ratios=(1, 2))
        for axes, image in ((left, axis), (right, codes)):
            shown = axes.imshow(image, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
            middle = image.shape[1] / 2
            axes.axvline(middle - 0.5, color=INK, lw=1.2)
            axes.set_xlabel("channel")
        left.set(ylabel="coordinate (patches)", yticks=range(len(axis)))
        right.set(ylabel="position, row by row")
        left.set_title("one coordinate", pad=20)
        right.set_title("every position of the grid", pad=20)
        _halves(left, "sine", "cosine")
        _halves(right, "its row", "its column")
        figure.colorbar(shown, ax=right, label="value of the code", ticks=(-1, 0, 1), shrink=0.9)
    return figure


def _halves(axes: Axes, first: str, second: str) -> None:
    for at, text in ((0.25, first), (0.75, second)):
        axes.text(at, 1.015, text, transform=axes.transAxes, ha="center", va="bottom", fontsize=9)


class _Map:
    """A map over the grid with the number in each cell and a frame around the chosen one."""

    def __init__(self, axes: Axes, grid: Cell) -> None:
        self.axes = bare(axes)
        self.image = axes.imshow(np.zeros(grid), cmap="viridis", vmin=0, vmax=1)
        self.numbers = Numbers(axes, [(col, row) for row in range(grid[0]) for col in range(grid[1])], size=8.5)
        self.frame = Rectangle((-0.5, -0.5), 1, 1, fill=False, ec=ORANGE, lw=3.5)
        axes.add_patch(self.frame)

    def show(self, values: np.ndarray, chosen: Cell, low: float, high: float) -> None:
        shares = (values - low) / (high - low)
        self.image.set_data(shares)
        self.numbers.show(
            [f"{value:.2f}".replace("-0.00", "0.00") for value in values.flat],
            [INK if s > 0.6 else "white" for s in shares.flat],
        )
        self.frame.set_xy((chosen[1] - 0.5, chosen[0] - 0.5))


class _Scale:
    """A color bar whose ends change: two texts beside it, for ticks would take half of the time of a drawing."""

    def __init__(self, figure: Figure, image: Any, axes: Axes, label: str = "") -> None:
        bar = figure.colorbar(image, ax=axes, shrink=0.85, ticks=[])
        bar.set_label(label, labelpad=28)
        self.ends = [
            bar.ax.text(1.35, at, "", transform=bar.ax.transAxes, va=side, fontsize=9)
            for at, side in ((0, "bottom"), (1, "top"))
        ]

    def show(self, low: float, high: float) -> None:
        for text, value in zip(self.ends, (low, high), strict=True):
            text.set_text(f"{value:.1f}".replace("-", "\N{MINUS SIGN}"))


def similarity_board(figure: Figure, grid: Cell, dim: int) -> Draw:
    """One position's similarity to all others on the grid; beside it all codes, the chosen one marked.

    Returns:
        ``draw(similarity, codes, chosen)``: (rows * cols, rows * cols), of which the chosen position's row is shown, in
        colors from the least similarity of any two to 1; (rows * cols, dim); (row, col).
    """
    rows, cols = grid
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(1.05, 1))
        view = _Map(left, grid)
        left.set_title("cosine similarity to the framed position")
        alike = _Scale(figure, view.image, left)
        image = right.imshow(
            np.zeros((rows * cols, dim)), cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto", interpolation="nearest"
        )
        values = _Scale(figure, image, right, "value of the code")
        right.set(title="the codes, one a line", xlabel="channel", ylabel="position, row by row")
        line = right.add_patch(Rectangle((-0.5, -0.5), dim, 1, fill=False, ec=ORANGE, lw=2.5))

    def draw(similarity: Any, codes: Any, chosen: Cell) -> None:
        similarity, codes = np.asarray(similarity), np.asarray(codes)
        at = chosen[0] * cols + chosen[1]
        low = min(np.floor(10 * similarity.min()) / 10, 0.9)
        view.show(similarity[at].reshape(grid), chosen, low, 1.0)
        alike.show(low, 1.0)
        highest = max(float(np.abs(codes).max()), 1e-6)
        image.set_data(codes / highest)
        values.show(-highest, highest)
        line.set_y(at - 0.5)

    return draw


def similarity_montage(maps: Mapping[str, Any], grid: Cell) -> Figure:
    """For each encoding a grid of maps: the map at row i, column j is position (i, j)'s similarity to all.

    Args:
        maps: name -> (rows * cols, rows * cols), cosine similarities.
    """
    rows, cols = grid
    with style():
        figure = new_figure(7.6, 7.6 / len(maps) + 0.5)
        for axes, (name, similarity) in zip(figure.subplots(1, len(maps)), maps.items(), strict=True):
            tiles = np.asarray(similarity).reshape(rows, cols, rows, cols)
            padded = np.full((rows, cols, rows + 1, cols + 1), np.nan)
            padded[..., :-1, :-1] = tiles
            mosaic = padded.transpose(0, 2, 1, 3).reshape(rows * (rows + 1), cols * (cols + 1))[:-1, :-1]
            shown = bare(axes).imshow(mosaic, vmin=np.nanmin(mosaic), vmax=1, interpolation="nearest")
            axes.set_title(name, fontsize=10)
            figure.colorbar(shown, ax=axes, location="bottom", shrink=0.9, aspect=30, pad=0.02)
    return figure


def maps_side_by_side(maps: Mapping[str, Any], label: str, numbers: str = "") -> Figure:
    """Maps over grids on one color scale, side by side.

    Args:
        maps: title -> (rows, cols).
        label: what the colors mean.
        numbers: a format such as ".2f" writes each value into its cell.
    """
    arrays = {name: np.asarray(values) for name, values in maps.items()}
    low = min(values.min() for values in arrays.values())
    high = max(values.max() for values in arrays.values())
    with style():
        figure = new_figure(7.6, 7.6 / len(maps) * 0.82)
        panels = figure.subplots(1, len(maps))
        for axes, (name, values) in zip(panels, arrays.items(), strict=True):
            shown = bare(axes).imshow(values, vmin=low, vmax=high, interpolation="nearest")
            axes.set_title(name, fontsize=10)
            for (i, j), value in np.ndenumerate(values) if numbers else ():
                color = INK if value > low + 0.6 * (high - low) else "white"
                axes.text(j, i, format(value, numbers), ha="center", va="center", fontsize=8, color=color)
        figure.colorbar(shown, ax=panels, label=label, shrink=0.85)
    return figure


def table_window(figure: Figure, table: Any, grid: Cell) -> Draw:
    """A relative table of one head with the window that a query reads, and the bias that it gets.

    Args:
        table: (2 rows - 1, 2 cols - 1), by offset query minus key.

    Returns:
        ``draw(bias, query)``: (rows, cols) over the keys; (row, col).
    """
    table = np.asarray(table)
    rows, cols = grid
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        extent = (-cols + 0.5, cols - 0.5, rows - 0.5, -rows + 0.5)
        limits = dict(cmap="viridis", vmin=table.min(), vmax=table.max())
        left.imshow(table, extent=extent, **limits)
        left.set(title="the table: a bias for each offset", xlabel="column of query - column of key")
        left.set_ylabel("row of query - row of key")
        left.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.yaxis.set_major_locator(MaxNLocator(integer=True))
        window = left.add_patch(Rectangle((0, 0), cols, rows, fill=False, ec=ORANGE, lw=3))
        shown = bare(right).imshow(np.zeros(grid), **limits)
        right.set_title("the bias of the framed query, for each key")
        frame = right.add_patch(Rectangle((0, 0), 1, 1, fill=False, ec=ORANGE, lw=3))
        figure.colorbar(shown, ax=right, shrink=0.8, label="added to the score")

    def draw(bias: Any, query: Cell) -> None:
        shown.set_data(np.asarray(bias))
        window.set_xy((query[1] - cols + 0.5, query[0] - rows + 0.5))
        frame.set_xy((query[1] - 0.5, query[0] - 0.5))

    return draw
