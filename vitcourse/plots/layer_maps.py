"""One map for each layer, beside what the model predicts: a digit that is drawn while somebody looks (lesson 06)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .maps import DIM
from .style import BLUE, ORANGE, SKY, bare, style

Draw = Callable[..., None]

STRENGTH = 0.85  # opacity of the strongest tint
BETWEEN, ABOVE = 6, 9  # pixels of the image between two maps: side by side, and for a name
BAR = 14.0  # points, the thickness of a bar


def layer_maps(figure: Figure, image: Any, grid: tuple[int, int], depth: int, classes: Sequence[str]) -> Draw:
    """The class token's map of each layer over the image, and the probability of each class.

    It is drawn anew while a pen moves, so it is made of few parts: all maps are one picture, all bars one artist.

    Returns:
        ``draw(image, weights, probabilities)``: image (height, width), weights (layers, rows, cols), each layer's
        largest in full tint; probabilities (classes,).
    """
    height, width = np.shape(image)
    down, across = height // grid[0], width // grid[1]  # pixels of a patch
    columns = (depth + 1) // 2
    corners = [(i // columns * (height + ABOVE), i % columns * (width + BETWEEN)) for i in range(depth)]
    bottom, end = corners[-1][0] + height, columns * (width + BETWEEN) - BETWEEN
    canvas = np.zeros((bottom, end, 4))  # see-through between the maps
    lines = []
    for y, x in corners:
        lines += [((x, y + row), (x + width, y + row)) for row in range(0, height + 1, down)]
        lines += [((x + column, y), (x + column, y + height)) for column in range(0, width + 1, across)]
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(columns, 0.9))
        shown = bare(left).imshow(canvas, extent=(0, end, bottom, 0), interpolation="nearest")
        left.add_collection(LineCollection(lines, colors="#CCCCCC", linewidths=0.6, zorder=3), autolim=False)
        for layer, (y, x) in enumerate(corners, start=1):
            # Under the picture, where nothing is drawn again.
            left.text(x + width / 2, y - 1.7, f"layer {layer}", fontsize=10, ha="center", va="baseline", zorder=-1)
        left.set(xlim=(-0.5, end + 0.5), ylim=(bottom + 0.5, -0.5), aspect="equal", anchor="N")
        places = range(len(classes))
        bars = right.hlines(places, 0, np.zeros(len(classes)), colors=SKY, lw=BAR, capstyle="butt")
        right.set(xlim=(0, 1.02), xticks=(0, 0.5, 1), ylim=(len(classes) - 0.5, -0.5))
        right.set_title("prediction", fontsize=10, loc="center")
        right.set_yticks(places, list(classes))
        right.tick_params(axis="y", length=0)

    def draw(image: Any, weights: Any, probabilities: Any) -> None:
        ink = 1 - np.asarray(image, dtype=float)[..., None] / DIM  # ink is a dark gray: blue shows on it
        for (y, x), map_of_layer in zip(corners, np.asarray(weights, dtype=float), strict=True):
            tint = STRENGTH * map_of_layer / max(float(map_of_layer.max()), 1e-12)
            tint = tint.repeat(down, axis=0).repeat(across, axis=1)[..., None]
            canvas[y : y + height, x : x + width, :3] = ink + tint * (to_rgb(BLUE) - ink)
            canvas[y : y + height, x : x + width, 3] = 1
        shown.set_data((255 * canvas).round().astype(np.uint8))
        values = np.asarray(probabilities)
        bars.set_segments([[(0, i), (value, i)] for i, value in enumerate(values)])
        bars.set_color([ORANGE if i == values.argmax() else SKY for i in places])

    return draw
