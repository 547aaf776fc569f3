"""Lesson 07's figures of many models: ViT and CNN over damage, over the number of images, over what they cost.

Each takes rows of a table of the experiments and gives a Figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from .bands import bands, percent
from .cnn import LOOKS
from .style import GRAY, INK, new_figure, style

if TYPE_CHECKING:
    import pandas as pd

FAMILIES = {"vit": "ViT", "cnn": "CNN"}


def by_damage(table: pd.DataFrame, units: Mapping[str, str], now: pd.DataFrame | None = None) -> Figure:
    """Accuracy over the amount of damage, a panel for each kind, a band for each family.

    Args:
        table: rows of `robustness`.
        units: kind -> unit of its amounts, two or four kinds.
        now: rows of models measured here.
    """
    figure = new_figure(7.0, 2.4 * (len(units) // 2) + 0.4)
    with style():
        panels = figure.subplots(len(units) // 2, 2, sharey=True).flat
    for axes, (kind, unit) in zip(panels, units.items(), strict=True):
        here = None if now is None else now[now["kind"] == kind]
        looks: dict[str, Any] = dict(x="amount", y="accuracy", by="family", names=FAMILIES, now=here)
        bands(axes, table[table["kind"] == kind], **looks, xlabel=unit, title=f"right, {kind}", ylim=(0, 1.03))
        axes.set_yticks((0, 0.5, 1))
        percent(axes.yaxis, 0)
    _one_legend(figure)
    return figure


def by_number(table: pd.DataFrame, now: pd.DataFrame | None = None, figure: Figure | None = None) -> Figure:
    """Error over the number of training images on log-log axes, without and with augmentation.

    Args:
        table: rows of `data_regime`.
        now: rows of models measured here.
        figure: where it is drawn, in place of what is there; a new one unless given.
    """
    figure = figure or new_figure(7.2, 3.6)
    figure.clear()
    with style():
        panels = figure.subplots(1, 2, sharey=True)
    for axes, augment, title in zip(panels, (0, 1), ("as they are", "shifted by up to 1 pixel"), strict=True):
        here = None if now is None else _with_error(now[now["augment"] == augment])
        looks: dict[str, Any] = dict(x="number", y="error", by="family", names=FAMILIES, now=here)
        rows = _with_error(table[table["augment"] == augment])
        bands(axes, rows, **looks, xscale="log", xlabel="training images", title=f"wrong, images {title}")
        axes.set_xticks([n for n in (100, 1000, 10_000, 60_000) if n in set(rows["number"])] or axes.get_xticks())
    for axes in panels:  # not before: on a logarithmic axis seaborn takes the means of the logarithms
        axes.set_yscale("log")
        _errors(axes)
    _one_legend(figure)
    return figure


def by_cost(
    table: pd.DataFrame,
    titles: Mapping[str, str],
    *,
    line: Mapping[str, tuple[float, float, float, float]] | None = None,
    now: pd.DataFrame | None = None,
) -> Figure:
    """Error over a cost, log-log: a mark for each model size and training length at the mean, a bar from least to most.

    Args:
        table: rows of `compute`; one mark for each family, `size` and `updates`, one line for each size.
        titles: column of the cost -> what its axis says; a panel each.
        line: column -> (exponent, factor, from, to) of a fitted power, drawn over the costs it was fitted on.
        now: rows of models measured here.
    """
    figure = new_figure(3.4 * len(titles) + 0.6, 3.6)
    rows = _with_error(table)
    with style():
        panels = figure.subplots(1, len(titles), sharey=True, squeeze=False)[0]
        for axes, (cost, title) in zip(panels, titles.items(), strict=True):
            for (family, name), (color, marker) in zip(FAMILIES.items(), LOOKS, strict=False):
                of = rows[rows["family"] == family].groupby(["size", "updates"])
                mean = of[[cost, "error"]].mean().reset_index().sort_values(cost)
                least, most = of["error"].min(), of["error"].max()
                for _, size in mean.groupby("size"):
                    axes.plot(size[cost], size["error"], color=color, lw=1, alpha=0.6)
                spans = [(least[s, u], most[s, u]) for s, u in zip(mean["size"], mean["updates"], strict=True)]
                axes.vlines(mean[cost], *np.transpose(spans), color=color, lw=1.5)
                axes.plot(mean[cost], mean["error"], marker, color=color, mec="white", ms=7, label=name)
            if now is not None:
                here = _with_error(now)
                shades = [dict(zip(FAMILIES, LOOKS, strict=False))[family][0] for family in here["family"]]
                axes.scatter(here[cost], here["error"], s=120, c=shades, ec=INK, lw=1.5, zorder=5)
                axes.scatter([], [], s=60, c="white", ec=INK, lw=1.5, label="now, here")
            if line and cost in line:
                exponent, factor, start, end = line[cost]
                ends = np.array([start, end], dtype=float)
                axes.plot(ends, factor * ends**exponent, color=GRAY, lw=1.5, ls="--", label="fitted power")
            axes.set(xscale="log", yscale="log", xlabel=title)
            axes.xaxis.set_minor_locator(NullLocator())
            _errors(axes)
        panels[0].set_title("test images that are wrong")
        panels[0].legend()
    return figure


def by_hidden(table: pd.DataFrame) -> Figure:
    """Answers kept over the number of hidden patches: the order of each family's own map beside chance and ink.

    Args:
        table: rows of `deletion` of one set of patches (`among`); other orders are left out.
    """
    own = {"cnn": "class activation", "vit": "last layer"}
    names = {"own": "its map", "random": "chance", "ink": "ink", "rollout": "rollout"}
    figure = new_figure(7.2, 3.4)
    with style():
        panels = figure.subplots(1, 2, sharey=True)
    for axes, (family, order) in zip(panels, own.items(), strict=True):
        rows = table[table["family"] == family].replace({"order": {order: "own"}})
        there = {key: name for key, name in names.items() if key in set(rows["order"])}
        looks: dict[str, Any] = dict(x="hidden", y="kept", by="order", names=there)
        title = f"answers kept: {FAMILIES[family]}, {order}"
        bands(
            axes, rows[rows["order"].isin(list(there))], **looks, xlabel="patches hidden", title=title, ylim=(0, 1.03)
        )
        percent(axes.yaxis, 0)
    return figure


def by_model(table: pd.DataFrame, names: Mapping[str, str], now: pd.DataFrame | None = None) -> Figure:
    """Images a second of published models, a row each: medians by batch size, bars between the quartiles.

    Args:
        table: rows of `throughput`.
        names: model -> how it is called, the first on top.
        now: rows measured here.
    """
    figure = new_figure(6.4, 0.45 * len(names) + 1.3)
    with style():
        axes = figure.subplots()
        for batch, (color, marker) in zip(sorted(table["batch"].unique()), LOOKS, strict=False):
            of = table[table["batch"] == batch].set_index("model").loc[list(names)]
            axes.hlines(range(len(names)), of["low"], of["high"], color=color, lw=3, alpha=0.5)
            label = f"{batch} at a time"
            axes.plot(of["images_a_second"], range(len(names)), marker, color=color, mec="white", ms=8, label=label)
            if now is not None:
                here = now[now["batch"] == batch]
                rows = [list(names).index(model) for model in here["model"]]
                axes.scatter(here["images_a_second"], rows, s=120, c=color, marker=marker, ec=INK, lw=1.5, zorder=5)
        if now is not None:
            axes.scatter([], [], s=60, c="white", ec=INK, lw=1.5, label="now, here")
        axes.set(xscale="log", title="images a second", ylim=(len(names) - 0.5, -0.5))
        axes.set_yticks(range(len(names)), list(names.values()))
        axes.xaxis.set_minor_locator(NullLocator())
        low, high = axes.get_xlim()
        axes.set_xticks([n for n in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if low <= n <= high])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}"))
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _with_error(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(error=1 - table["accuracy"])


def _errors(axes: Any) -> None:
    """Percentages from 0.5 to 50 on a logarithmic axis."""
    low, high = axes.get_ylim()
    axes.set_yticks([share for share in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if low <= share <= high])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))


def _one_legend(figure: Figure) -> None:
    """That of the first panel, for all of them."""
    for axes in figure.axes[1:]:
        if legend := axes.get_legend():
            legend.remove()
