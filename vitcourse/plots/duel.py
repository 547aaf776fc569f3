"""What hiding patches does (lesson 06): a played round, and how many patches each order needs over many images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .maps import MapView
from .style import SKY, new_figure, style


def duel_frame(image: Any, grid: tuple[int, int], others: Mapping[str, tuple[float | None, Sequence[float]]]) -> Figure:
    """An image, and beside it what each order had hidden when the prediction flipped.

    Args:
        image: (height, width), or (height, width, 3).
        others: name -> how many patches it needed, and for each patch how much it was hidden, 0 to 1.
    """
    with style():
        figure = new_figure(1.2 * (1 + len(others)), 2.1)
        boards = np.atleast_1d(figure.subplots(1, 1 + len(others)))
        MapView(boards[0], image, grid, tinted=False)
        boards[0].set_title("the image\n", fontsize=9, loc="center")
        for axes, (name, (count, hidden)) in zip(boards[1:], others.items(), strict=True):
            view = MapView(axes, image, grid, tinted=False)
            view.rgba[..., :3] = to_rgb(SKY)
            view.weigh(np.asarray(hidden).reshape(grid), strength=0.9, highest=1.0)
            axes.set_title(f"{name}\n{count:g}", fontsize=9, loc="center")
        figure.supxlabel("patches hidden when the prediction flipped: fewer is better", fontsize=9)
    return figure
