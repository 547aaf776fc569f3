"""Lesson 01's board: an image, one of its patches, the row around it, and all vectors side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .patches import GAP, TILE, as_rgb, grid_lines, span, strips, tiles
from .style import ORANGE, bare, style

WINDOW = 12  # patches of the row that are shown as pictures
STRIP = 80  # drawn pixels of a vector below its patch
MATRIX = (84, 720)  # drawn pixels of all vectors


def patch_board(figure: Figure) -> Callable[..., None]:
    """Draw the board of lesson 01's control; returns what changes it in place.

    From top to bottom: the image with its grid, the chosen patch, and the image put together from the row; the part
    of the row around the chosen patch, with the vectors; all vectors side by side.

    The function returned takes ``image`` (channels, height, width), ``assembled`` of the same shape, ``row``
    (tokens, channels P^2), ``patch_size`` (height, width), ``place`` and ``index``: the number of the chosen patch in
    the image and in the row.
    """
    with style():
        return _Board(figure).show


class _Board:
    def __init__(self, figure: Figure) -> None:
        grid = figure.add_gridspec(4, 3, height_ratios=[3.1, 0.8, 0.95, 1.1], width_ratios=[1, 0.52, 1])
        self.axes = [figure.add_subplot(grid[0, i]) for i in range(3)]
        self.axes += [figure.add_subplot(grid[i, :]) for i in (1, 2, 3)]
        blank = np.full((2, 2, 3), 255, np.uint8)
        images = [bare(axes).imshow(blank, interpolation="nearest") for axes in self.axes]
        self.image, self.chosen, self.assembled, self.tiles, self.strips, self.matrix = images
        for wide in self.axes[4:]:
            wide.set_aspect("auto")
        # Fixed limits wherever they can be: axes that move are drawn anew with all that is in them.
        _fix(self.axes[1], 1, 1)
        _fix(self.axes[3], WINDOW * (TILE + GAP), TILE)
        _fix(self.axes[4], WINDOW * (TILE + GAP), STRIP)
        _fix(self.axes[5], 1, 1)
        for artist in (self.chosen, self.matrix):
            artist.set_extent((0, 1, 1, 0))
        center: dict[str, Any] = dict(loc="center", fontsize=10)
        self.axes[0].set_title("the image", **center)
        self.axes[2].set_title("put together from the row", **center)
        self.axes[3].set_title("the row, around the chosen patch; below each patch its vector", **center)
        self.axes[5].set_title("the whole row as numbers: each patch is a column", **center)
        self.lines = LineCollection([], colors="white", alpha=0.65)
        self.axes[0].add_collection(self.lines)
        self.frames = [_frame(self.axes[i]) for i in (0, 2, 3, 4)]
        self.part = self.axes[5].axvspan(0, 1, facecolor="none", edgecolor=ORANGE, linewidth=1.5)
        # Texts that change belong to the figure: within axes, what stands beside them would be drawn anew too.
        above: dict[str, Any] = dict(ha="center", va="bottom", fontsize=10)
        self.which = figure.text(0.5, 1.04, "", transform=self.axes[1].transAxes, **above)
        self.axes[4].set_xlabel("0", fontsize=9, color="none")  # keeps room for the numbers
        below: dict[str, Any] = dict(transform=self.axes[4].transData, fontsize=9, ha="center", va="top")
        self.numbers = [figure.text(_middle(i), STRIP + 4, "", **below) for i in range(WINDOW)]
        beside: dict[str, Any] = dict(transform=self.axes[5].transAxes, fontsize=9, ha="right", va="center")
        self.channels = [self.axes[5].text(-0.006, 5 / 6 - i / 3, color, **beside) for i, color in enumerate("RGB")]
        self.shown: tuple[np.ndarray, ...] = ()  # what was given last, to leave as it is what did not change

    def show(
        self, *, image: Any, assembled: Any, row: Any, patch_size: tuple[int, int], place: int, index: int
    ) -> None:
        vectors = np.asarray(row)
        now = (np.asarray(image), np.asarray(assembled), vectors, np.asarray(patch_size))
        if len(self.shown) != len(now) or not all(map(np.array_equal, self.shown, now)):
            self._show_image(now[0], now[1], vectors, patch_size)
            self.shown = tuple(array.copy() for array in now)
        channels, _, width = image.shape
        p, q = patch_size
        self.chosen.set_data(_bytes(as_rgb(vectors[index].reshape(channels, p, q))))
        self.which.set_text(f"patch {index} of the row")
        for frame, at in ((self.frames[0], place), (self.frames[1], index)):
            frame.set_bounds(at % (width // q) * q, at // (width // q) * p, q, p)
        self._show_window(vectors, channels, patch_size, index)

    def _show_image(
        self, image: np.ndarray, assembled: np.ndarray, row: np.ndarray, patch_size: tuple[int, int]
    ) -> None:
        channels, height, width = image.shape
        for axes, artist, picture in (
            (self.axes[0], self.image, image),
            (self.axes[2], self.assembled, assembled),
        ):
            artist.set_data(_bytes(as_rgb(picture)))
            if artist.get_extent() != [0, width, height, 0]:
                _fix(axes, width, height)
                artist.set_extent((0, width, height, 0))
        self.lines.set_segments(grid_lines(height, width, patch_size))
        self.lines.set_linewidth(min(1.2, 0.25 + 12 / (width // patch_size[1]) / 2))
        self.matrix.set_data(_bytes(_shrunk(row.T, *MATRIX)))
        for letter in self.channels:
            letter.set_visible(channels == 3)

    def _show_window(self, vectors: np.ndarray, channels: int, patch_size: tuple[int, int], index: int) -> None:
        size = min(WINDOW, len(vectors))
        first = min(max(index - size // 2, 0), len(vectors) - size)
        near = vectors[first : first + size]
        for artist, picture in ((self.tiles, tiles(near, channels, patch_size)), (self.strips, strips(near, STRIP))):
            artist.set_data(_bytes(picture))
            artist.set_extent((0, picture.shape[1], picture.shape[0], 0))
        left = span(index - first).start
        self.frames[2].set_bounds(left, 0, TILE, TILE)
        self.frames[3].set_bounds(left, 0, TILE, STRIP)
        for i, number in enumerate(self.numbers):
            number.set_text(str(first + i) if i < size else "")
            number.set_fontweight("bold" if first + i == index else "normal")
        self.part.set_bounds(first / len(vectors), 0, size / len(vectors), 1)


def _middle(i: int) -> float:
    return i * (TILE + GAP) + (TILE + GAP) / 2


def _fix(axes: Axes, width: float, height: float) -> None:
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.autoscale(False)


def _bytes(picture: np.ndarray) -> np.ndarray:
    """0..1 as 0..255: a third of the time to draw."""
    rgb = picture if picture.ndim == 3 else picture[..., None].repeat(3, axis=2)
    return (rgb * 255 + 0.5).astype(np.uint8)


def _shrunk(matrix: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The matrix at about the size at which it is drawn: each pixel is the nearest number."""
    for axis, side in enumerate((rows, columns)):
        if matrix.shape[axis] > side:
            matrix = matrix.take(((np.arange(side) + 0.5) * matrix.shape[axis] / side).astype(int), axis=axis)
    return matrix


def _frame(axes: Axes) -> Rectangle:
    frame = Rectangle((0, 0), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2.5)
    axes.add_patch(frame)
    return frame
