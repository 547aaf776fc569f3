"""What makes training fast (lesson 05): accuracy over seconds of training, and what optimizers make of a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from .style import GRAY, INK, PALETTE, new_figure, style

if TYPE_CHECKING:
    import pandas as pd

SECONDS = (1, 10, 60, 600, 3600)
SAID = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h"}


def over_seconds(table: pd.DataFrame, names: Mapping[str, str], marks: Sequence[float] = (0.98, 0.99)) -> Figure:
    """The share of test images that are wrong over the seconds of training, log-log, a line for each run.

    Args:
        table: rows of `recipes`.
        names: recipe -> how it is called, in the order in which they are drawn; others are left out.
        marks: accuracies at which a line is drawn.
    """
    with style():
        figure = new_figure(7.0, 3.6)
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log", xlabel="training", title="test images that are wrong")
        for (recipe, name), color in zip(names.items(), PALETTE, strict=False):
            runs = table[table["recipe"] == recipe].groupby("seed")
            for i, (_, looks) in enumerate(runs):
                label = name if i == 0 else None
                axes.plot(looks["trained"], 1 - looks["accuracy"], color=color, lw=1.3, alpha=0.8, label=label)
            ends = runs.last()
            axes.plot(ends["trained"], 1 - ends["accuracy"], "o", color=color, mec="white", ms=7)
        for mark in marks:
            axes.axhline(1 - mark, color=GRAY, lw=1, ls=":", zorder=0)
        low, high = axes.get_xlim()
        ticks = [at for at in SECONDS if low <= at <= high]
        axes.set_xticks(ticks, [SAID[at] for at in ticks])
        axes.set_yticks([share for share in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if share <= axes.get_ylim()[1]])
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def spectra(values: Mapping[str, Sequence[float]]) -> Figure:
    """Singular values of several matrices of one shape, each over its own largest one.

    Args:
        values: name -> singular values, largest first.
    """
    with style():
        figure = new_figure(6.4, 3.0)
        axes = figure.subplots()
        for (name, each), color in zip(values.items(), (INK, *PALETTE), strict=False):
            shares = np.asarray(each, dtype=float) / each[0]
            axes.plot(np.arange(1, len(shares) + 1), shares, color=color, label=name)
        axes.set(
            yscale="log",
            ylim=(1e-3, 1.5),
            xlabel="singular value, largest first",
            title="singular values, as shares of the largest",
        )
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
