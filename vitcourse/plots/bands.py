"""Figures of experiments that were repeated: a line through the means, a band from the least to the most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from .style import INK, PALETTE, style

if TYPE_CHECKING:
    import pandas as pd

MARKERS = ("o", "s", "D", "^", "v", "P", "X")


def bands(
    axes: Axes,
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    by: str | None = None,
    names: Mapping[Any, str] | None = None,
    now: pd.DataFrame | None = None,
    **texts: Any,
) -> None:
    """Means over the seeds as lines, with seaborn's band from the least to the most, one color for each kind.

    Args:
        axes: where it is drawn; a logarithmic axis is set before or by ``texts`` (``xscale="log"``).
        table: a row for each run; its columns ``x``, ``y`` and ``by`` are read.
        by: what tells the lines apart; without it there is one.
        names: how the values of ``by`` are called, in the order in which they are drawn; all of them unless given.
        now: further rows of the same columns, as large marks on top: what was just measured here.
        texts: of the axes: ``title``, ``xlabel``, ``ylabel``, ``xscale``, ``ylim``.

    Raises:
        ValueError: a column is missing, or ``by`` has a value that ``names`` does not have.
    """
    import seaborn as sns

    _require_columns(table, [x, y, *([by] if by else [])])
    names = names or ({value: str(value) for value in table[by].unique()} if by else {})
    if by and (strange := set(table[by]) - set(names)):
        raise ValueError(f"names has no name for {by} {sorted(strange, key=str)}; it names {list(names)}")
    colors: Any = dict(zip(names, PALETTE, strict=False)) if by else None
    looks: dict[str, Any] = dict(hue=by, hue_order=list(names), palette=colors, style=by, style_order=list(names))
    axes.spines[["top", "right"]].set_visible(False)  # whoever made the axes did so outside of the style
    with style():
        axes.set(xlabel=x, ylabel="")  # seaborn would write the column's name
        axes.set(**texts)
        sns.lineplot(
            table,
            x=x,
            y=y,
            ax=axes,
            errorbar=("pi", 100),  # from the least to the most: five runs carry no finer interval
            markers=list(MARKERS[: len(names)]) if by else False,
            marker=None if by else "o",
            dashes=False,
            mec="white",
            ms=6,
            **(looks if by else dict(color=PALETTE[0])),
        )
        axes.set(xlabel=texts.get("xlabel", x), ylabel=texts.get("ylabel", ""))
        if now is not None and len(now):
            shades = [colors[value] for value in now[by]] if by else PALETTE[0]
            axes.scatter(now[x], now[y], s=120, c=shades, edgecolor=INK, linewidth=1.5, zorder=5)
            axes.scatter([], [], s=60, c="white", edgecolor=INK, linewidth=1.5, label="now, here")
        if by:
            kept = axes.get_legend_handles_labels()
            axes.legend(kept[0], [_named(names, label) for label in kept[1]])
        exact_ticks(axes, sorted(float(value) for value in table[x].unique()))


def strips(
    axes: Axes,
    table: pd.DataFrame,
    *,
    kind: str,
    y: str,
    names: Mapping[Any, str],
    now: pd.DataFrame | None = None,
    **texts: Any,
) -> None:
    """For each kind, on a row of its own, a dot for each run and a bar at their mean.

    Args:
        kind: the column whose values are the rows; ``names`` says how they are called, the first on top.
        y: the column of the figures.
        now: further rows, as large marks: what was just measured here.
        texts: of the axes: ``title``, ``xlabel``, ``xlim``.

    Raises:
        ValueError: a column is missing.
    """
    _require_columns(table, [kind, y])
    order = list(names)
    axes.spines[["top", "right"]].set_visible(False)  # whoever made the axes did so outside of the style
    with style():
        for row, value in enumerate(order):
            runs = table.loc[table[kind] == value, y]
            # Spread so that dots lie apart, the same at each drawing (seaborn's stripplot draws by chance).
            spread = [row + 0.24 * (0.618 * i % 1 - 0.5) for i in range(len(runs))]
            axes.scatter(runs, spread, s=25, color=PALETTE[0], alpha=0.8, linewidth=0)
            mean = runs.mean()
            axes.plot([mean, mean], [row - 0.3, row + 0.3], color=INK, lw=2)
        if now is not None and len(now):
            rows = [order.index(value) for value in now[kind]]
            axes.scatter(now[y], rows, s=120, color=PALETTE[1], edgecolor=INK, linewidth=1.5, zorder=5)
        axes.set_yticks(range(len(order)), list(names.values()))
        axes.set_ylim(len(order) - 0.5, -0.5)  # the first on top
        axes.set(ylabel="", xlabel=texts.pop("xlabel", ""), **texts)


def percent(axis: Any, decimals: int | None = None) -> None:
    """Shares from 0 to 1 on an axis as percentages."""
    axis.set_major_formatter(PercentFormatter(1, decimals=decimals))


def exact_ticks(axes: Axes, values: Sequence[float]) -> None:
    """Ticks at the values that were measured, and nowhere else, on a logarithmic axis or for a handful of numbers."""
    if axes.get_xscale() == "log" or len(values) <= 6:
        axes.set_xticks(values)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(_plain))


def _plain(value: float, _: int) -> str:
    return f"{value:,.0f}" if value >= 1 and float(value).is_integer() else f"{value:g}"


def _named(names: Mapping[Any, str], label: str) -> str:
    return next((name for value, name in names.items() if str(value) == label), label)


def _require_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    if missing := [name for name in columns if name not in table]:
        raise ValueError(f"table has no column {', '.join(missing)}; it has {', '.join(map(str, table.columns))}")
