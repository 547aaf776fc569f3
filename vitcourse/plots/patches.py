"""Lesson 01: an image, its patches, the row they form and the numbers in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from .style import INK, ORANGE, bare, new_figure, style

TILE, GAP = 48, 12  # drawn pixels of a patch in the row, and between two patches


def as_rgb(image: Any) -> np.ndarray:
    """(channels, height, width) in 0..1, of one or three channels, as (height, width, 3)."""
    array = np.asarray(image, dtype=np.float32)
    return np.repeat(array, 3, axis=0).transpose(1, 2, 0) if len(array) == 1 else array.transpose(1, 2, 0)


def _resampled(array: np.ndarray, *sides: int) -> np.ndarray:
    """The first axes at other lengths: each sample is the nearest one."""
    for axis, side in enumerate(sides):
        pick = (np.arange(side) * array.shape[axis] / side).astype(int)
        array = array.take(pick, axis=axis)
    return array


def _tiles(vectors: np.ndarray, channels: int, patch_size: tuple[int, int]) -> np.ndarray:
    """Patch vectors side by side as pictures: (TILE, n (TILE + GAP), 3), white between them."""
    canvas = np.ones((TILE, len(vectors) * (TILE + GAP), 3), np.float32)
    for i, vector in enumerate(vectors):
        tile = as_rgb(vector.reshape(channels, *patch_size))
        canvas[:, _span(i)] = _resampled(tile, TILE, TILE)
    return canvas


def _strips(vectors: np.ndarray, height: int) -> np.ndarray:
    """Patch vectors as columns of gray, first number on top: (height, n (TILE + GAP), 3)."""
    canvas = np.ones((height, len(vectors) * (TILE + GAP), 3), np.float32)
    for i, vector in enumerate(vectors):
        canvas[:, _span(i)] = _resampled(vector, height)[:, None, None]
    return canvas


def _span(i: int) -> slice:
    left = i * (TILE + GAP) + GAP // 2
    return slice(left, left + TILE)


def grid_lines(height: float, width: float, patch_size: tuple[int, int]) -> list[list[tuple[float, float]]]:
    """The lines of the patch grid, the image's borders included."""
    rows = [[(0.0, float(y)), (width, float(y))] for y in range(0, int(height) + 1, patch_size[0])]
    cols = [[(float(x), 0.0), (float(x), height)] for x in range(0, int(width) + 1, patch_size[1])]
    return [*rows, *cols]


def patch_row(image: Any, vectors: Any, patch_size: tuple[int, int]) -> Figure:
    """An image with its grid, numbered; below, its patches in a row, and below each the vector it becomes.

    Args:
        image: (channels, height, width) in 0..1, one or three channels.
        vectors: (tokens, channels P^2), row by row; at most about 16.
        patch_size: height and width of a patch in pixels.
    """
    channels, height, width = image.shape
    vectors = np.asarray(vectors)
    length = vectors.shape[1]
    with style():
        figure = new_figure(7.6, 4.3)
        top, middle, bottom = figure.subplots(3, 1, height_ratios=[2.6, 0.72, 1.0])
        bare(top).imshow(as_rgb(image), extent=(0, width, height, 0), interpolation="nearest")
        top.add_collection(LineCollection(grid_lines(height, width, patch_size), colors=ORANGE, linewidths=1.5))
        top.set_title(f"{height} x {width} pixels, cut into {len(vectors)} patches", loc="center")
        columns = width // patch_size[1]
        for i in range(len(vectors)):
            x, y = i % columns * patch_size[1], i // columns * patch_size[0]
            top.text(
                x + 0.5,
                y + 0.6,
                str(i),
                color=ORANGE,
                fontsize=9,
                weight="bold",
                va="top",
                path_effects=[withStroke(linewidth=3, foreground="black")],
            )
        bare(middle).imshow(_tiles(vectors, channels, patch_size))
        bare(bottom).imshow(_strips(vectors, 90), aspect="auto")
        middle.set_title("the same patches in a row, as a Transformer reads them", loc="center")
        bottom.set_title(f"each as its vector of {length} numbers, the first one on top", loc="center")
        for i in range(len(vectors)):
            centre = i * (TILE + GAP) + (TILE + GAP) / 2
            bottom.text(centre, 93, str(i), color=INK, fontsize=9, ha="center", va="top")
    return figure


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
    window = 12

    def __init__(self, figure: Figure) -> None:
        grid = figure.add_gridspec(4, 3, height_ratios=[3.1, 0.8, 0.95, 1.1], width_ratios=[1, 0.62, 1])
        self.axes = [figure.add_subplot(grid[0, i]) for i in range(3)]
        self.axes += [figure.add_subplot(grid[i, :]) for i in (1, 2, 3)]
        blank = np.ones((2, 2, 3), np.float32)
        images = [bare(axes).imshow(blank, interpolation="nearest", vmin=0, vmax=1) for axes in self.axes]
        self.image, self.chosen, self.assembled, self.tiles, self.strips, self.matrix = images
        for wide in self.axes[4:]:
            wide.set_aspect("auto")
        self.matrix.set_cmap("gray")
        titles = ("the image; click a patch", "", "put together from the row")
        for axes, title in zip(self.axes[:3], titles, strict=True):
            axes.set_title(title, loc="center", fontsize=10)
        self.axes[3].set_title(
            "the row, around the chosen patch; below each patch its vector", loc="center", fontsize=10
        )
        self.lines = LineCollection([], colors="white", alpha=0.65)
        self.axes[0].add_collection(self.lines)
        self.frames = [_frame(self.axes[i]) for i in (0, 2, 3, 4)]
        bands = [(5 / 6 - i / 3, letter) for i, letter in enumerate("RGB")]
        last = self.axes[5]
        self.channels = [
            last.text(-0.006, y, letter, transform=last.transAxes, fontsize=9, ha="right", va="center")
            for y, letter in bands
        ]
        self.part = self.axes[5].axvspan(0, 1, facecolor="none", edgecolor=ORANGE, linewidth=1.5)
        self.numbers = [self.axes[4].text(0, 0, "", fontsize=9, ha="center", va="top") for _ in range(self.window)]

    def show(
        self, *, image: Any, assembled: Any, row: Any, patch_size: tuple[int, int], place: int, index: int
    ) -> None:
        channels, height, width = image.shape
        vectors, (p, q) = np.asarray(row), patch_size
        columns = width // q
        for artist, picture in ((self.image, image), (self.assembled, assembled)):
            _set(artist, as_rgb(picture), width, height)
        _set(self.chosen, as_rgb(vectors[index].reshape(channels, p, q)), q, p)
        self.axes[1].set_title(f"patch {index} of the row", loc="center", fontsize=10)
        self.lines.set_segments(grid_lines(height, width, patch_size))
        self.lines.set_linewidth(min(1.2, 0.25 + 12 / columns / 2))
        for frame, at in ((self.frames[0], place), (self.frames[1], index)):
            frame.set_bounds(at % columns * q, at // columns * p, q, p)
        self._show_window(vectors, channels, patch_size, index)
        _set(self.matrix, vectors.T, len(vectors), vectors.shape[1])
        for letter in self.channels:
            letter.set_visible(channels == 3)
        self.axes[5].set_title(
            f"the whole row as numbers: {len(vectors):,} columns of {vectors.shape[1]:,}", loc="center", fontsize=10
        )

    def _show_window(self, vectors: np.ndarray, channels: int, patch_size: tuple[int, int], index: int) -> None:
        size = min(self.window, len(vectors))
        first = min(max(index - size // 2, 0), len(vectors) - size)
        near = vectors[first : first + size]
        _set(self.tiles, _tiles(near, channels, patch_size), size * (TILE + GAP), TILE)
        _set(self.strips, _strips(near, 80), size * (TILE + GAP), 80)
        left = _span(index - first).start
        self.frames[2].set_bounds(left, 0, TILE, TILE)
        self.frames[3].set_bounds(left, 0, TILE, 80)
        for i, number in enumerate(self.numbers):
            number.set_text(str(first + i) if i < size else "")
            number.set_position((i * (TILE + GAP) + (TILE + GAP) / 2, 84))
            number.set_fontweight("bold" if first + i == index else "normal")
        self.part.set_bounds(first, 0, size, 1)


def _set(artist: Any, picture: np.ndarray, width: float, height: float) -> None:
    artist.set_data(picture)
    artist.set_extent((0, width, height, 0))


def _frame(axes: Axes) -> Rectangle:
    frame = Rectangle((0, 0), 1, 1, fill=False, edgecolor=ORANGE, linewidth=2.5)
    axes.add_patch(frame)
    return frame
