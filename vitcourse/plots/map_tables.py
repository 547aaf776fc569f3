"""Lesson 06's figures of many models: how far their heads look, what they look at, and what hiding leaves.

Each takes rows of a table of the experiments and gives a Figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from .bands import bands, percent, strips
from .style import INK, new_figure, style

if TYPE_CHECKING:
    import pandas as pd

# In every picture an order has the same color and mark; no picture has them all.
ORDER_NAMES = {
    "last layer": "last layer",
    "rollout": "rollout",
    "gradient": "gradient",
    "ink": "ink",
    "random": "chance",
    "last layer, lowest first": "last layer,\nlowest first",
    "all layers": "all layers",
}


def distance_bands(table: pd.DataFrame, levels: Mapping[str, float], now: pd.DataFrame | None = None) -> Figure:
    """Mean attention distance over the layers, trained and untrained, beside levels to compare it with.

    Args:
        table: rows of `distances`, one for each head and seed: the band holds all of them.
        levels: what a dashed line says -> where it is, in patches.
        now: rows of a model measured here; a mark for each head.
    """
    depth, names = int(table["layer"].max()), {"trained": "trained", "untrained": "untrained"}
    figure = new_figure(6.4, 3.3)
    with style():
        axes = figure.subplots()
    bands(
        axes,
        table,
        x="layer",
        y="distance",
        by="state",
        names=names,
        now=now,
        title="mean attention distance (patches)",
        ylim=(0, 1.15 * max(levels.values())),
        xlim=(0.85, depth + 0.15),
    )
    with style():
        axes.set_yticks(range(int(1.15 * max(levels.values())) + 1))
        for name, level in levels.items():
            axes.axhline(level, color=INK, lw=1, ls="--", zorder=1)
            axes.text(1.01, level, name, transform=axes.get_yaxis_transform(), va="center", fontsize=9)
        axes.legend(*axes.get_legend_handles_labels(), loc="center", bbox_to_anchor=(0.5, 0.5))
    return figure


def hiding_bands(
    table: pd.DataFrame, title: str, y: str = "probability", what: str = "patches", now: pd.DataFrame | None = None
) -> Figure:
    """What is left of the first answer over the number of hidden patches or tiles, a line for each order.

    Args:
        table: rows of `deletion`: one family, one set of patches.
        y: the column that is drawn, a share.
        what: is hidden.
        now: rows measured here, with the same columns.
    """
    there = set(table["order"])
    names = dict(ORDER_NAMES)
    if "the twin" in there:  # on boards it takes the place of ink, the rule that needs no model
        names = {"the twin" if order == "ink" else order: name for order, name in names.items()}
        names["the twin"] = "the twin"
    figure = new_figure(6.4, 3.3)
    with style():
        axes = figure.subplots()
    texts = dict(title=title, xlabel=f"{what} hidden", ylim=(0, 1.03))
    bands(axes, table, x="hidden", y=y, by="order", names=names, now=now, **texts)
    percent(axes.yaxis, 0)
    with style():
        known = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        entries = [(known[order], names[order]) for order in names if order in there]
        entries += [(known["now, here"], "now, here")] if "now, here" in known else []
        axes.legend(*zip(*entries, strict=True), loc="upper left", bbox_to_anchor=(1.0, 1.03))
    return figure


def head_strips(table: pd.DataFrame, title: str, level: float, xlabel: str) -> Figure:
    """A dot for each head and seed, on a row for each layer: what the column `finds` of `distances` says.

    Args:
        level: where a dashed line is drawn; ``xlabel`` should name it.
    """
    depth = int(table["layer"].max())
    names = {layer: f"layer {layer}" for layer in range(1, depth + 1)}
    figure = new_figure(6.4, 0.9 + 0.4 * depth)
    with style():
        axes = figure.subplots()
        axes.axvline(level, color=INK, lw=1, ls="--", zorder=1)
    strips(axes, table, kind="layer", y="finds", names=names, title=title, xlabel=xlabel, xlim=(0, 1))
    percent(axes.xaxis, 0)
    return figure
