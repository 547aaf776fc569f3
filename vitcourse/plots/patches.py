"""Lesson 01: an image, its patches, the row they form and the numbers in them."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

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


def tiles(vectors: np.ndarray, channels: int, patch_size: tuple[int, int]) -> np.ndarray:
    """Patch vectors side by side as pictures: (TILE, n (TILE + GAP), 3), white between them."""
    canvas = np.ones((TILE, len(vectors) * (TILE + GAP), 3), np.float32)
    for i, vector in enumerate(vectors):
        tile = as_rgb(vector.reshape(channels, *patch_size))
        canvas[:, span(i)] = _resampled(tile, TILE, TILE)
    return canvas


def strips(vectors: np.ndarray, height: int) -> np.ndarray:
    """Patch vectors as columns of gray, first number on top: (height, n (TILE + GAP), 3)."""
    canvas = np.ones((height, len(vectors) * (TILE + GAP), 3), np.float32)
    for i, vector in enumerate(vectors):
        canvas[:, span(i)] = _resampled(vector, height)[:, None, None]
    return canvas


def span(i: int) -> slice:
    """The columns of patch i in these pictures."""
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
                bbox=dict(facecolor="black", edgecolor="none", pad=1),  # a number may stand on ink
            )
        bare(middle).imshow(tiles(vectors, channels, patch_size))
        bare(bottom).imshow(strips(vectors, 90), aspect="auto")
        middle.set_title("the same patches in a row, as a Transformer reads them", loc="center")
        bottom.set_title(f"each as its vector of {length} numbers, the first one on top", loc="center")
        for i in range(len(vectors)):
            centre = i * (TILE + GAP) + (TILE + GAP) / 2
            bottom.text(centre, 93, str(i), color=INK, fontsize=9, ha="center", va="top")
    return figure
