"""Lesson 01: how the cost of a sequence grows with its length, and what the size of a patch decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from .patches import as_rgb, grid_lines
from .style import BLUE, GRAY, INK, ORANGE, bare, new_figure, style

Curve = Sequence[float]


def cost_of_length(
    tokens: Curve, *, pairs: Curve, block: Curve, timed: Curve, time_scores: Curve, time_block: Curve
) -> Figure:
    """Cost against the number of tokens on logarithmic axes, as a multiple of the cost at the first number.

    Args:
        tokens: numbers of tokens, rising: from 16 x 16 patches to one token a pixel.
        pairs, block: for each, entries of the score matrix and operations of a whole block, over the first.
        timed: the numbers of tokens that were timed.
        time_scores, time_block: the seconds for each of these, over the first.
    """
    with style():
        figure = new_figure(7.4, 3.8)
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log", xlabel="tokens", ylabel=f"times the cost at {tokens[0]:,} tokens")
        axes.set(xlim=(tokens[0] * 0.75, tokens[-1] * 1.35), ylim=(0.4, pairs[-1] * 3))
        lines = ((pairs, BLUE, "score matrix"), (block, ORANGE, "whole block"))
        for curve, color, name in lines:
            axes.plot(tokens, curve, color=color, label=f"{name}, counted")
        times = ((time_scores, BLUE, "o", "score matrix"), (time_block, ORANGE, "s", "whole block"))
        for seconds, color, marker, name in times:
            axes.plot(timed, seconds, marker, ms=8, mfc="none", mec=color, mew=2, label=f"{name}, timed here")
        for curve, color, _ in lines:
            _name_end(axes, tokens[-1], curve[-1], color)
        for count, words, side in (
            (tokens[0], " 16 x 16 patches", "left"),
            (tokens[-1], "one token a pixel ", "right"),
        ):
            axes.axvline(count, color=GRAY, lw=1, ls=":", zorder=0)
            at = axes.get_xaxis_transform()
            axes.text(count, 0.03, words, transform=at, ha=side, color=INK, fontsize=9)
        axes.legend(loc="upper left", bbox_to_anchor=(0.05, 1.0))
    return figure


def _name_end(axes: Axes, x: float, y: float, color: str) -> None:
    """The last value of a curve, in words."""
    axes.plot([x], [y], "o", color=color, ms=6)
    axes.annotate(
        f"{y:,.0f} times", (x, y), xytext=(-9, 2), textcoords="offset points", ha="right", va="bottom", color=INK,
        weight="bold", fontsize=10,
    )  # fmt: skip


def size_board(figure: Figure, *, image: Any, sizes: Sequence[int], operations: Curve) -> Callable[[int], None]:
    """An image with its grid beside the cost of each patch size; returns what draws another size in place.

    Args:
        image: (channels, height, width) in 0..1.
        sizes: patch sizes in pixels, rising.
        operations: of one forward pass at each, in billions of multiply-adds.
    """
    with style():
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.15])
        _, height, width = image.shape
        bare(left).imshow(as_rgb(image), extent=(0, width, height, 0), interpolation="bilinear")
        lines = left.add_collection(LineCollection([], colors="white", alpha=0.7))
        bars = right.bar([str(size) for size in sizes], list(operations), color=GRAY)
        right.set(
            yscale="log",
            xlabel="patch size (pixels)",
            ylabel="billions of multiply-adds",
            ylim=(1, 2.5 * max(operations)),
        )
        right.bar_label(bars, [f"{value:,.1f}" for value in operations], padding=2, fontsize=9)

    def show(patch_size: int) -> None:
        lines.set_segments(grid_lines(height, width, (patch_size, patch_size)))
        lines.set_linewidth(min(1.2, 0.25 + 6 * patch_size / width))
        for size, bar in zip(sizes, bars, strict=True):
            bar.set_color(ORANGE if size == patch_size else GRAY)

    return show
