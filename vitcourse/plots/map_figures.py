"""Figures about attention maps that stand still (lesson 06): maps beside one another, and beside a photograph.

Each takes arrays and gives a Figure. Those that draw tables are in `map_tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .maps import MapView
from .style import bare, new_figure, style


def maps_beside(image: Any, maps: Mapping[str, Any], grid: tuple[int, int], highest: float | None = None) -> Figure:
    """One image under several maps (rows, cols), side by side.

    Args:
        highest: the weight of the full tint; each map's own largest unless given.
    """
    with style():
        figure = new_figure(1.9 * len(maps), 2.15)
        for axes, (name, weights) in zip(np.atleast_1d(figure.subplots(1, len(maps))), maps.items(), strict=True):
            MapView(axes, image, grid).weigh(weights, highest=highest)
            axes.set_title(name, fontsize=10, loc="center")
    return figure


def photograph_beside_maps(photograph: Any, weights: Any, highest: float) -> Figure:
    """A photograph (height, width, 3), and one map in multiples of an equal share on two scales of color."""
    weights = np.asarray(weights)
    with style():
        figure = new_figure(6.8, 2.3)
        first, second, third = figure.subplots(1, 3)
        bare(first).imshow(np.asarray(photograph), interpolation="nearest")
        first.set_title("the photograph")
        for axes, low, high, title in (
            (second, float(weights.min()), float(weights.max()), "colors stretched"),
            (third, 0.0, highest, "colors from 0"),
        ):
            shown = bare(axes).imshow(weights, vmin=low, vmax=high)
            axes.set_title(title)
            bar = figure.colorbar(shown, ax=axes, shrink=0.8)
            bar.outline.set_visible(False)
        bar.set_label("weight / equal share")
    return figure
