"""Lesson 02, without images: a query in the plane, the softmax and its scale, what attention costs.

A function that takes a figure draws once and returns ``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, NullLocator

from .style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE, RED, SKY, bare, new_figure, style

Draw = Callable[..., None]
Quartiles = tuple[Sequence[float], Sequence[float], Sequence[float]]

TOKEN_COLORS = (BLUE, ORANGE, GREEN, PURPLE)
MARKERS = ("o", "s", "D", "^", "v", "X")


def _plane(axes: Any, reach: float, title: str) -> None:
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=title)
    axes.axhline(0, color="#DDDDDD", lw=1, zorder=0)
    axes.axvline(0, color="#DDDDDD", lw=1, zorder=0)
    bare(axes)


def query_plane(figure: Figure, keys: Any, values: Any, names: Sequence[str] = "ABCD") -> Draw:
    """A query among keys in the plane, the weights as bars, and the output among the values.

    Args:
        keys, values: (tokens, 2); the values in the order in which they lie around their hull.

    Returns:
        ``draw(query, weights, output)``.
    """
    keys, values = np.asarray(keys), np.asarray(values)
    with style():
        plane, bars, mix = figure.subplots(1, 3, width_ratios=(1.15, 0.8, 1.15))
        _plane(plane, 3.2, "query and keys")
        _plane(mix, 4, "values and output")
        mix.add_patch(Polygon(values, facecolor="#EEF3F7", edgecolor="#C4D2DC", lw=1.2, zorder=1))
        arrows = []
        for name, color, key, value in zip(names, TOKEN_COLORS, keys, values, strict=False):
            arrow = FancyArrowPatch((0, 0), tuple(key), arrowstyle="-|>", mutation_scale=14, shrinkA=0, shrinkB=0)
            arrow.set(color=color, zorder=2)
            arrows.append(plane.add_patch(arrow))
            for axes, at, gap in ((plane, key, 0.35), (mix, value, 0.7)):
                outside = at + gap * at / np.linalg.norm(at)
                letter = axes.text(*outside, name, color=color, weight="bold", ha="center", va="center", zorder=4)
                letter.set_path_effects([withStroke(linewidth=3, foreground="white")])  # a long query may run below it
        dots = mix.scatter(*values.T, c=TOKEN_COLORS[: len(values)], s=40, zorder=3)
        query_arrow = FancyArrowPatch((0, 0), (1, 1), arrowstyle="-", shrinkA=0, shrinkB=0, color=INK, lw=1.8)
        plane.add_patch(query_arrow)
        (handle,) = plane.plot([], [], "o", color="white", mec=INK, mew=2, ms=11, zorder=5)
        label = plane.text(0, 0, "q", weight="bold", ha="center", va="center", zorder=6, fontsize=9)
        pulls = [mix.plot([], [], color=color, zorder=2)[0] for color in TOKEN_COLORS[: len(values)]]
        (out,) = mix.plot([], [], "o", color="white", mec=INK, mew=2, ms=11, zorder=5)
        out_label = mix.text(0, 0, "o", weight="bold", ha="center", va="center", zorder=6, fontsize=9)

        columns = bars.bar(range(len(keys)), np.zeros(len(keys)), color=TOKEN_COLORS[: len(keys)], width=0.7)
        numbers = [bars.text(i, 0, "", ha="center", va="bottom", fontsize=9) for i in range(len(keys))]
        bars.set(ylim=(0, 1.1), title="weights (sum: 1)", yticks=(0, 0.5, 1))
        bars.set_xticks(range(len(keys)), list(names)[: len(keys)])

    def draw(query: Any, weights: Any, output: Any) -> None:
        query, weights, output = np.asarray(query), np.asarray(weights), np.asarray(output)
        query_arrow.set_positions((0, 0), tuple(query))
        handle.set_data([query[0]], [query[1]])
        label.set_position(tuple(query))
        for i, weight in enumerate(weights):
            arrows[i].set_linewidth(1 + 5 * weight)
            pulls[i].set_data([values[i, 0], output[0]], [values[i, 1], output[1]])
            pulls[i].set_linewidth(6 * weight)
            columns[i].set_height(weight)
            numbers[i].set_text(f"{weight:.2f}")
            numbers[i].set_y(weight + 0.01)
        dots.set_sizes(40 + 160 * weights)
        out.set_data([output[0]], [output[1]])
        out_label.set_position(tuple(output))

    return draw


def collapse(figure: Figure, keys: int) -> Draw:
    """The weights of one query over ``keys`` keys, without and with the scale, side by side.

    Returns:
        ``draw(without, scaled, scores_without, scores_scaled)``, each (keys,).
    """
    with style():
        rows: list[list[Any]] = figure.subplots(2, 2, sharey="row", height_ratios=(1, 1.25))
        artists = []
        for column, (name, color) in enumerate((("without the scale", RED), ("divided by $\\sqrt{d_k}$", BLUE))):
            scores, weights = rows[0][column], rows[1][column]
            stems = scores.vlines(range(keys), 0, 0, color=color, lw=3)
            (tips,) = scores.plot(range(keys), np.zeros(keys), "o", color=color, ms=5)
            scores.axhline(0, color=INK, lw=0.8)
            scores.set(ylim=(-45, 45), title=name, xticks=[])
            bars = weights.bar(range(keys), np.zeros(keys), color=color, width=0.75)
            weights.set(ylim=(0, 1.05), yticks=(0, 0.5, 1))
            weights.set_xticks(range(keys), [f"{i + 1}" for i in range(keys)])
            artists.append((stems, tips, bars))
        rows[0][0].set_ylabel("scores")
        rows[1][0].set_ylabel("weights")
        figure.supxlabel("key", fontsize=10)

    def draw(without: Any, scaled: Any, scores_without: Any, scores_scaled: Any) -> None:
        for (stems, tips, bars), scores, weights in zip(
            artists, (scores_without, scores_scaled), (without, scaled), strict=True
        ):
            stems.set_segments([[(i, 0), (i, float(score))] for i, score in enumerate(scores)])
            tips.set_ydata(np.asarray(scores))
            for bar, weight in zip(bars, np.asarray(weights), strict=True):
                bar.set_height(weight)

    return draw


def _powers_of_two(axes: Any, values: Sequence[float], label: str) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(values), [f"{value:g}" for value in values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)


def variance_of_scores(
    sizes: Sequence[int], measured: Mapping[str, Sequence[float]], lines: Mapping[str, float]
) -> Figure:
    """Variance of q.k over d_k, log-log: measured points over lines of slope 1.

    Args:
        measured: name -> variance per size.
        lines: the same names -> variance per unit of d_k that the formula gives.
    """
    with style():
        figure = new_figure(6.0, 3.2)
        axes = figure.subplots()
        for (name, points), color, marker in zip(measured.items(), (BLUE, ORANGE, GREEN), MARKERS, strict=False):
            axes.plot(sizes, [lines[name] * size for size in sizes], color=color, lw=1.2)
            axes.plot(sizes, points, marker, color=color, ms=7, label=name)
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_locator(LogLocator(base=2, numticks=8))
        _powers_of_two(axes, sizes, "$d_k$, entries per query and key")
        axes.set_ylabel("variance of $q \\cdot k$")
        axes.legend(title="points measured, lines by formula", loc="upper left")
    return figure


def saturation(
    sizes: Sequence[int],
    entropy: Mapping[str, Quartiles],
    gradient: Mapping[str, Quartiles],
    highest_entropy: float,
) -> Figure:
    """Entropy of the softmax, and the gradient that passes it, over d_k: medians with quartile bands.

    Args:
        entropy, gradient: name -> (lower quartile, median, upper quartile), each per size.
        highest_entropy: of equal weights, in nats.
    """
    with style():
        figure = new_figure(7.4, 3.1)
        left, right = figure.subplots(1, 2)
        for axes, series in ((left, entropy), (right, gradient)):
            for (name, (low, middle, high)), color, marker in zip(series.items(), (RED, BLUE), MARKERS, strict=False):
                axes.fill_between(sizes, low, high, color=color, alpha=0.18, lw=0)
                axes.plot(sizes, middle, color=color, marker=marker, ms=5, label=name)
            _powers_of_two(axes, sizes, "$d_k$")
        left.axhline(highest_entropy, color=GRAY, lw=1, ls="--")
        left.text(sizes[-1], highest_entropy, "all keys alike", color=INK, fontsize=9, ha="right", va="bottom")
        left.set(ylim=(-0.08, highest_entropy * 1.15), title="entropy of the weights (nats)")
        right.legend(loc="lower left")  # there no band lies below it
        right.set_yscale("log")
        right.set(title="norm of the gradient behind the softmax")
    return figure


def weight_by_distance(
    distances: Sequence[float], series: Mapping[str, tuple[Sequence[float], Sequence[float] | None]], title: str
) -> Figure:
    """How much attention falls on patches at a distance, as a multiple of an equal share.

    Args:
        series: name -> (mean per distance, its standard deviation or None).
    """
    with style():
        figure = new_figure(6.6, 3.4)
        axes = figure.subplots()
        colors = (GRAY, SKY, BLUE, GREEN, ORANGE, RED)
        for (name, (mean, spread)), color, marker in zip(series.items(), colors, MARKERS, strict=False):
            axes.plot(distances, mean, color=color, marker=marker, ms=5, label=name)
            if spread is not None:
                middle, half = np.asarray(mean), np.asarray(spread)
                axes.fill_between(distances, middle - half, middle + half, color=color, alpha=0.25, lw=0)
        axes.axhline(1, color=INK, lw=0.8, ls="--")
        axes.set(xlabel="distance from the asking patch (patches)", ylabel="weight / equal share", title=title)
        axes.set_ylim(bottom=0)
        axes.legend()
    return figure


def cost_of_attention(tokens: Sequence[int], parts: Mapping[str, Sequence[float]], marks: Mapping[str, int]) -> Figure:
    """Multiply-adds over the number of tokens, log-log, with the crossings marked.

    Args:
        parts: name -> multiply-adds per number of tokens.
        marks: what crosses -> at how many tokens.
    """
    with style():
        figure = new_figure(6.6, 3.4)
        axes = figure.subplots()
        for (name, counts), color, line in zip(parts.items(), (BLUE, ORANGE, GREEN), ("-", "--", "-."), strict=False):
            axes.loglog(tokens, counts, color=color, ls=line, label=name)
        for text, at in marks.items():
            axes.axvline(at, color=GRAY, lw=1, ls=":")
            axes.text(at, axes.get_ylim()[0] * 1.4, f" {text}", fontsize=9, va="bottom", ha="left")
        axes.set(xlabel="N, tokens", ylabel="multiply-adds")
        axes.legend(loc="upper left")
    return figure


def memory_over_tokens(tokens: Sequence[int], series: Mapping[str, Sequence[float]]) -> Figure:
    """Peak memory over the number of tokens, log-log; the series named first is drawn first."""
    with style():
        figure = new_figure(6.6, 3.6)
        axes = figure.subplots()
        colors, last = (GRAY, BLUE, SKY, RED, ORANGE, PURPLE), list(series)[-1]
        for (name, peaks), color, marker in zip(series.items(), colors, MARKERS, strict=False):
            line = "--" if name == last else "-"  # the last may lie on another
            axes.plot(tokens, peaks, color=color, ls=line, marker=marker, ms=6, label=name)
        axes.set_yscale("log")
        _powers_of_two(axes, tokens, "N, tokens")
        axes.set_ylabel("peak memory (MB)")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure
