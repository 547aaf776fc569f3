"""Where the position codes of one grid lie on a larger one, and what the model reads with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .style import GRAY, INK, ORANGE, bare, new_figure, style


def code_layouts(
    images: Mapping[str, Any],
    frames: Mapping[str, tuple[float, float]],
    right: Mapping[tuple[str, str], float],
    patch_size: int,
) -> Figure:
    """A row for each image, a column for each layout: a frame where the codes lie, the share that is read above it.

    Args:
        images: name of the row -> (height, width), 0 to 1; all of one size.
        frames: name of the layout -> the codes' upper left corner and their side, in pixels from 0.
        right: (row, layout) -> share of the test images that are right, 0 to 1.
        patch_size: the sides of the larger grid's cells, in pixels.

    Raises:
        KeyError: ``right`` has no share for a row and a layout.
    """
    with style():
        figure = new_figure(1.95 * len(frames) + 0.3, 2.1 * len(images))
        grid = figure.subplots(len(images), len(frames), squeeze=False)
        for line, (row, image) in zip(grid, images.items(), strict=True):
            line[0].set_ylabel(row, fontsize=11)
            for axes, (layout, (corner, side)) in zip(line, frames.items(), strict=True):
                shown = np.asarray(image)
                size = len(shown)
                bare(axes).imshow(shown, cmap="gray_r", vmin=0, vmax=1, extent=(0, size, size, 0))
                for at in range(0, size + 1, patch_size):
                    axes.plot([at, at], [0, size], color=GRAY, lw=0.4, alpha=0.6)
                    axes.plot([0, size], [at, at], color=GRAY, lw=0.4, alpha=0.6)
                axes.add_patch(Rectangle((corner, corner), side, side, fill=False, ec=ORANGE, lw=3, clip_on=False))
                axes.set(xlim=(0, size), ylim=(size, 0))
                axes.set_xlabel(f"{100 * right[row, layout]:.0f} % right", fontsize=10, color=INK)
        for axes, layout in zip(grid[0], frames, strict=True):
            axes.set_title(layout, fontsize=10, loc="center")
    return figure
