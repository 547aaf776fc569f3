"""Figures about attention maps that stand still (lesson 06): maps beside one another, distances, curves.

Each takes arrays and gives a Figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .maps import ORDERS, MapView
from .style import BLUE, GRAY, INK, bare, new_figure, style


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


def distances_by_layer(series: Mapping[str, Any], levels: Mapping[str, float], unit: str = "patches") -> Figure:
    """Mean attention distance of each head over the layers, beside levels to compare it with.

    Args:
        series: name -> (layers, heads).
        levels: what a dashed line says -> where it is.
    """
    with style():
        figure = new_figure(7.4, 3.2)
        axes = figure.subplots()
        for i, ((name, values), color, marker) in enumerate(zip(series.items(), (BLUE, GRAY), "os", strict=False)):
            values = np.asarray(values)
            layers = np.arange(1, len(values) + 1) + 0.12 * i
            axes.plot(layers, values.mean(axis=1), color=color, lw=1.5, label=f"{name}: mean over heads")
            for head in values.T:
                axes.plot(layers, head, marker, color=color, ms=5, alpha=0.75, ls="none")
        depth = len(next(iter(series.values())))
        for name, level in levels.items():
            axes.axhline(level, color=INK, lw=1, ls="--")
            axes.text(depth + 0.4, level, name, fontsize=9, va="center", ha="left")
        axes.set(xlabel="layer", ylabel=f"mean distance ({unit})", xlim=(0.8, depth + 0.35))
        axes.set_xticks(range(1, depth + 1))
        axes.set_ylim(0, 1.25 * max(levels.values()))
        axes.legend(loc="lower right", title="a mark: one head")
    return figure


def mean_curves(hidden: Sequence[int], curves: Mapping[str, Sequence[float]], ylabel: str) -> Figure:
    """Curves over the number of hidden patches, named at their right."""
    with style():
        figure = new_figure(6.6, 3.3)
        axes = figure.subplots()
        markers = ("o", "s", "D", "^", "v")
        for (name, curve), color, marker in zip(curves.items(), ORDERS, markers, strict=False):
            axes.plot(hidden, curve, color=color, marker=marker, ms=4, lw=1.6, label=name)
        axes.set(xlabel="patches hidden", ylabel=ylabel, ylim=(0, 1.02))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
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
