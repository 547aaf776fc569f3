"""Lesson 03, the encoder block: its picture, the lanes of the residual stream, signal and gradient over depth.

A function that takes a figure draws once and returns ``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle
from matplotlib.ticker import NullLocator

from .style import BLUE, GRAY, GREEN, INK, ORANGE, bare, new_figure, style

Draw = Callable[..., None]

# A change below this share of a token's length is drawn as none.
LEAST_CHANGE = 1e-4


def block_diagram() -> Figure:
    """One pre-norm block: the stream runs straight through, two branches read it and add to it."""
    with style():
        figure = new_figure(7.6, 2.5)
        axes = bare(figure.subplots())
        axes.set(xlim=(0, 760), ylim=(0, 250))
        _arrow(axes, (20, 70), (744, 70), BLUE, 4)
        axes.text(16, 88, "$x$", ha="left", fontsize=13)
        axes.text(744, 88, "block$(x)$", ha="right", fontsize=13)
        axes.text(380, 28, "residual stream: one lane for each token", ha="center", color=BLUE, fontsize=10.5)
        for left, norm, branch, does, color in (
            (80, "norm1", "attention", "mixes the tokens", ORANGE),
            (410, "norm2", "mlp", "each token alone", GREEN),
        ):
            _arrow(axes, (left, 70), (left, 152), INK, 1.4)
            _box(axes, left - 32, 152, 64, norm, GRAY)
            _arrow(axes, (left + 34, 172), (left + 76, 172), INK, 1.4)
            _box(axes, left + 78, 152, 104, branch, color)
            axes.plot([left + 184, left + 226], [172, 172], color=INK, lw=1.4)
            _arrow(axes, (left + 226, 172), (left + 226, 84), INK, 1.4)
            axes.add_patch(Circle((left + 226, 70), 13, facecolor="white", edgecolor=INK, lw=1.6, zorder=5))
            axes.text(left + 226, 69, "+", ha="center", va="center", fontsize=14, zorder=6)
            axes.text(left + 130, 215, does, ha="center", fontsize=10.5)
    return figure


def _box(axes: Axes, left: float, bottom: float, width: float, text: str, color: str) -> None:
    shape = FancyBboxPatch((left + 4, bottom + 4), width - 8, 32, boxstyle="round,pad=4,rounding_size=6")
    shape.set(facecolor="white", edgecolor=color, linewidth=2)
    axes.add_patch(shape)
    axes.text(left + width / 2, bottom + 20, text, ha="center", va="center", family="monospace", fontsize=10)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str, width: float) -> None:
    arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=10 + 3 * width, shrinkA=0, shrinkB=0)
    arrow.set(color=color, lw=width)
    axes.add_patch(arrow)


def lanes_board(figure: Figure, image: Any, patch_size: int, stages: Sequence[str], tokens: int) -> Draw:
    """An image with one painted patch; beside it a lane for each token and how much it has changed, stage by stage.

    Args:
        image: (height, width) in 0..1.
        stages: names of the columns: "embed", then each branch, as "att 1".
        tokens: number of lanes, the class token's first.

    Returns:
        ``draw(image, change, chosen)``: (height, width); (tokens, stages), lengths of the differences over the
        lengths of the tokens; (row, col) of the painted patch.
    """
    height, width = np.asarray(image).shape
    cols = width // patch_size
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
        picture = bare(left).imshow(image, cmap="gray", vmin=0, vmax=1, extent=(0, width, height, 0))
        for x in range(0, width + 1, patch_size):
            left.axvline(x, color="#888888", lw=0.6)
        for y in range(0, height + 1, patch_size):
            left.axhline(y, color="#888888", lw=0.6)
        frame = left.add_patch(Rectangle((0, 0), patch_size, patch_size, fill=False, ec=ORANGE, lw=3.5))
        left.set_title("framed: inverted")

        right.set_facecolor("#E9E9E9")
        lanes = right.imshow(
            np.ones((tokens, len(stages))), norm=LogNorm(LEAST_CHANGE, 1), aspect="auto", interpolation="nearest"
        )
        right.vlines(np.arange(len(stages) - 1) + 0.5, -0.5, tokens - 0.5, color="white", lw=1.5)
        right.set_xticks(range(len(stages)), [stage.replace(" ", "\n") for stage in stages])
        right.set_yticks([0], ["class token"])
        right.set_ylabel("lanes: the patches, row by row", labelpad=-28)
        right.set_title("change of each token, stage by stage", pad=20)
        right.tick_params(length=0)
        # What changes outside the axes belongs to the figure: else their ticks would be drawn anew with it.
        above: dict[str, Any] = dict(transform=right.transData, ha="center", va="bottom", fontsize=9, weight="bold")
        counts = [figure.text(x, -1.1, "", **above) for x in range(len(stages))]
        pointer = Line2D([-0.025], [0], marker=">", color=ORANGE, ms=9, transform=right.get_yaxis_transform())
        figure.add_artist(pointer)
        bar = figure.colorbar(lanes, ax=right, label="length of the change / length of the token")
        bar.ax.yaxis.set_minor_locator(NullLocator())

    def draw(image: Any, change: Any, chosen: tuple[int, int]) -> None:
        change = np.asarray(change)
        picture.set_data(np.asarray(image))
        frame.set_xy((chosen[1] * patch_size, chosen[0] * patch_size))
        lanes.set_data(np.ma.masked_less(change, LEAST_CHANGE))
        for text, changed in zip(counts, (change >= LEAST_CHANGE).sum(axis=0), strict=True):
            text.set_text(str(changed))
        pointer.set_ydata([1 + chosen[0] * cols + chosen[1]])

    return draw


PANELS = {
    "activation": "tokens (RMS)",
    "gradient": "gradient (RMS)",
    "difference": "difference between tokens",
}


def depth_board(
    figure: Figure, names: Sequence[str], deepest: int, dashed: Sequence[str] = (), lowest: float = 1e-6
) -> Draw:
    """Three curves over depth for one wiring, the others in gray.

    Args:
        names: of the wirings; those in ``dashed`` are drawn so.
        deepest: the largest number of blocks.
        lowest: what is smaller is drawn at the lower edge; what is larger than its inverse at the upper one.

    Returns:
        ``draw(profiles, chosen)``: name -> an object with lists ``activation``, ``gradient`` and ``difference``.
    """
    lines: dict[str, dict[str, Any]] = {}
    chosen_line = {}
    with style():
        for axes, (kind, title) in zip(figure.subplots(1, 3), PANELS.items(), strict=True):
            axes.set(yscale="log", title=title, xlabel="after block", xlim=(0, deepest))
            axes.set_ylim(lowest / 3, 3 if kind == "difference" else 3 / lowest)
            axes.yaxis.set_minor_locator(NullLocator())
            axes.grid(axis="y", color="#E6E6E6", lw=0.8)
            axes.set_axisbelow(True)
            looks: dict[str, Any] = dict(color="#BDBDBD", lw=1.2)
            lines[kind] = {name: axes.plot([], [], "--" if name in dashed else "-", **looks)[0] for name in names}
            (chosen_line[kind],) = axes.plot([], [], color=BLUE, lw=3)  # over the gray one

    def draw(profiles: Mapping[str, Any], chosen: str) -> None:
        for kind, of_wiring in lines.items():
            for name, line in of_wiring.items():
                values = np.clip(getattr(profiles[name], kind), lowest, 1 / lowest)
                line.set_data(range(len(values)), values)
            chosen_line[kind].set_data(*of_wiring[chosen].get_data())
            chosen_line[kind].set_linestyle("--" if chosen in dashed else "-")

    return draw


def path_bars(shares: Sequence[float], path_counts: Sequence[int]) -> Figure:
    """The share of the gradient that comes through k branches, for each k, with the number of such paths.

    Args:
        shares: sum to 1; entry 0 is the path of skip connections alone.
        path_counts: how many paths pass k branches.
    """
    with style():
        figure = new_figure(7.6, 3.0)
        axes = figure.subplots()
        percent = [100 * share for share in shares]
        bars = axes.bar(range(len(percent)), percent, color=[ORANGE] + [BLUE] * (len(percent) - 1))
        axes.bar_label(bars, [f"{value:.0f}" if value >= 0.5 else "" for value in percent], fontsize=9, padding=2)
        axes.axhline(0, color=INK, lw=0.8)
        axes.set(xlabel="branches that a path passes; below it, how many such paths there are")
        axes.set(ylabel="share of the gradient (%)")
        axes.set_xticks(range(len(percent)), [f"{k}\n{count:,}" for k, count in enumerate(path_counts)])
        axes.margins(y=0.12)
        axes.set_ylim(bottom=0)
    return figure
