"""Lesson 04: the model as a jigsaw, in which the learner's own pieces are green."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .model import jigsaw
from .style import GRAY, GREEN, INK, bare, new_figure, style

EMPTY = "#E4E4E4"
Parts = Mapping[str, Mapping[str, bool]]  # part -> function -> whether it is the learner's own


def my_pieces(parameters: Mapping[str, int], depth: int, parts: Parts) -> Figure:
    """Left: a rectangle a part, its area the part's parameters, green as far as its functions are the learner's.
    Right: the functions, part by part.

    Args:
        parameters: of each part, as ``parameters_by_part`` gives them.
        depth: number of blocks.
        parts: as ``my_vit.model(...).parts()`` gives them; a part without functions is the package's.
    """
    with style():
        figure = new_figure(7.6, 3.4)
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        _draw_jigsaw(bare(left), parameters, depth, parts)
        _draw_list(bare(right), parts)
    return figure


def _draw_jigsaw(axes: Axes, parameters: Mapping[str, int], depth: int, parts: Parts) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1))
    own = sum(_share(parts.get(part, {})) * count for part, count in parameters.items()) / sum(parameters.values())
    axes.set_title(f"{sum(parameters.values()):,} parameters, {own:.0%} in your pieces", fontsize=10)
    named: set[str] = set()
    for part, x, y, width, height in jigsaw({**dict.fromkeys(parts, 0), **parameters}, depth):
        share = _share(parts.get(part, {}))
        axes.add_patch(Rectangle((x, y), width, height, facecolor=EMPTY, edgecolor="white", lw=1.5))
        axes.add_patch(
            Rectangle((x, y), width, height * share, facecolor=GREEN, edgecolor="white", lw=1.5 * (share > 0))
        )
        if width > 0.1 and height > 0.1 and part not in named:
            named.add(part)
            color = "white" if share > 0.5 else INK
            axes.text(x + width / 2, y + height / 2, part, ha="center", va="center", fontsize=9, color=color)


def _draw_list(axes: Axes, parts: Parts) -> None:
    rows = [(part, name, mine) for part, names in parts.items() for name, mine in (names or {"": False}).items()]
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    last = None
    for row, (part, name, mine) in enumerate(rows):
        if part != last:
            axes.text(0.0, row, part, fontsize=9, color=INK, va="center", weight="bold")
        last = part
        if name:
            axes.add_patch(Rectangle((0.42, row - 0.3), 0.045, 0.6, facecolor=GREEN if mine else EMPTY, lw=0))
        said = f"{name}{'  yours' if mine else ''}" if name else "the package's"
        axes.text(0.49, row, said, fontsize=9, va="center", color=INK if mine else GRAY)


def _share(functions: Mapping[str, bool]) -> float:
    return sum(functions.values()) / len(functions) if functions else 0.0
