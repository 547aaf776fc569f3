"""How costs grow with the number of tokens: lines on log-log axes, where a straight line is a power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from .bands import MARKERS
from .style import BLUE, GRAY, GREEN, INK, ORANGE, RED, new_figure, style

if TYPE_CHECKING:
    import pandas as pd

COLORS = (BLUE, ORANGE, GREEN, RED)
TICKS = (64, 256, 1024, 4096)  # each four times the one before: room for their numbers


def growth(
    table: pd.DataFrame,
    titles: Mapping[str, str],
    names: Mapping[str, str],
    *,
    now: pd.DataFrame | None = None,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """A panel for each column over ``tokens``, log-log, a line for each part that has figures in it.

    Args:
        table: a row for each ``part`` and ``tokens``; a part without a figure for a column is left out there.
        titles: column -> title of its panel, with its unit.
        names: part -> how it is called, in the order in which they are drawn.
        now: further rows of the same columns, as large marks: what was just measured here.
        marks: text -> number of tokens at which a line is drawn in the first panel.

    Raises:
        ValueError: a column is missing.
    """
    wanted = ["part", "tokens", *titles]
    if missing := [name for name in wanted if name not in table]:
        raise ValueError(f"table has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")
    with style():
        figure = new_figure(max(5.2, 3.2 * len(titles) + 0.8), 3.7)
        panels = figure.subplots(1, len(titles), squeeze=False)[0]
        for axes, (column, title) in zip(panels, titles.items(), strict=True):
            axes.set(xscale="log", yscale="log", xlabel="N, tokens", title=title)
            for (part, name), color, marker in zip(names.items(), COLORS, MARKERS, strict=False):
                rows = table[(table["part"] == part) & table[column].notna()].sort_values("tokens")
                if len(rows):
                    axes.plot(rows["tokens"], rows[column], color=color, marker=marker, ms=6, mec="white", label=name)
                if now is not None and len(rows):
                    mine = now[(now["part"] == part) & now[column].notna()]
                    axes.scatter(mine["tokens"], mine[column], s=110, c=color, marker=marker, ec=INK, lw=1.5, zorder=5)
            axes.set_xticks(TICKS)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_minor_locator(NullLocator())
        low = panels[0].get_ylim()[0]
        for text, at in (marks or {}).items():
            panels[0].axvline(at, color=GRAY, lw=1, ls=":")
            panels[0].text(at, low, f" {text}", fontsize=9, va="bottom", ha="left")
        if now is not None:
            panels[0].scatter([], [], s=60, c="white", ec=INK, lw=1.5, label="now, here")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=min(2, len(names)))
    return figure
