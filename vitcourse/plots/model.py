"""Lesson 04: what each part of the model costs, how it pools, and which checks find which mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .style import BLUE, GRAY, INK, ORANGE, PURPLE, RED, SEQUENTIAL, SKY, YELLOW, bare, new_figure, style

# Rows of the two charts, in the model's order. Green stays free, for pieces that are the learner's own.
COLORS = {
    "patch embedding": YELLOW,
    "class token": RED,
    "positions": PURPLE,
    "attention": BLUE,
    "scores and sums": SKY,
    "MLP": ORANGE,
    "norms": GRAY,
    "head": INK,
}
# Multiply-adds by projections are those of attention's parameters: one row, one color.
SAME_ROW = {"projections": "attention"}
NAMES = {"attention": "attention: projections", "scores and sums": "attention: scores, sums"}

Rectangles = list[tuple[str, float, float, float, float]]  # part, left, bottom, width, height


def model_board(figure: Figure) -> Callable[..., None]:
    """Draw the board of lesson 04's sliders; returns what changes it in place.

    Above, the jigsaw: a rectangle for each piece of the model, whose area is its share of the parameters. Below, the
    shares of parameters and of multiply-adds, part by part.

    The function returned takes ``parameters`` and ``multiply_adds``, as ``vit_cost`` names the parts, and ``depth``.
    """
    with style():
        return _Board(figure).show


class _Board:
    def __init__(self, figure: Figure) -> None:
        self.jigsaw = figure.add_axes((0.005, 0.56, 0.99, 0.37))
        bare(self.jigsaw).set(xlim=(0, 1), ylim=(0, 1))
        self.pieces = {part: PolyCollection([], facecolor=color) for part, color in COLORS.items()}
        for pieces in self.pieces.values():
            pieces.set_edgecolor("white")
            self.jigsaw.add_collection(pieces)
        self.jigsaw.set_title("a piece's area is its share of the parameters")
        # On the pieces of the first block, if there is room: black on orange, white on blue.
        self.words = {
            part: self.jigsaw.text(0, 0, part, ha="center", va="center", fontsize=9, color=color, clip_on=True)
            for part, color in (("attention", "white"), ("MLP", "black"))
        }
        below: dict[str, Any] = dict(transform=self.jigsaw.transAxes, va="top", fontsize=9)
        self.jigsaw.text(0, -0.03, "embedding", ha="left", **below)
        self.jigsaw.text(1, -0.03, "last norm and head", ha="right", **below)
        # Texts that change belong to the figure: within axes, the names of the bars would be drawn anew with them.
        self.blocks = figure.text(0.5, -0.03, "", ha="center", **below)
        self.left, self.right = (figure.add_axes((left, 0.0, 0.38, 0.43)) for left in (0.215, 0.615))
        self.left.set_title("share of the parameters", fontsize=10)
        above: dict[str, Any] = dict(transform=self.right.transAxes, va="bottom", fontsize=10)
        self.operations = figure.text(0, 1.03, "", **above)
        self.bars = [self._chart(axes, figure) for axes in (self.left, self.right)]
        self.left.set_yticks(range(len(COLORS)), [NAMES.get(part, part) for part in COLORS])
        self.right.set_yticks([])

    def _chart(self, axes: Axes, figure: Figure) -> list[tuple[Rectangle, Any]]:
        axes.set(xlim=(0, 138), ylim=(len(COLORS) - 0.5, -0.5), xticks=[])
        axes.spines[["bottom", "left"]].set_visible(False)
        axes.tick_params(length=0)
        bars = axes.barh(range(len(COLORS)), 0, color=list(COLORS.values()), height=0.74)
        words: dict[str, Any] = dict(transform=axes.transData, va="center", fontsize=9)
        return [(bar, figure.text(0, i, "", **words)) for i, bar in enumerate(bars)]

    def show(self, *, parameters: Mapping[str, int], multiply_adds: Mapping[str, int], depth: int) -> None:
        rectangles = jigsaw(parameters, depth)
        for part, pieces in self.pieces.items():
            pieces.set_verts([_corners(*place) for name, *place in rectangles if name == part])
            pieces.set_linewidth(min(1.5, 12 / depth))
        for part, word in self.words.items():
            left, bottom, width, height = next(place for name, *place in rectangles if name == part)
            word.set_position((left + width / 2, bottom + height / 2))
            word.set_visible(width > 0.09 and height > 0.12)
        self.blocks.set_text("1 encoder block" if depth == 1 else f"{depth} encoder blocks")
        for bars, amounts in zip(self.bars, (parameters, multiply_adds), strict=True):
            _show_shares(bars, {SAME_ROW.get(part, part): n for part, n in amounts.items()})
        self.operations.set_text(f"share of {_count(sum(multiply_adds.values()))} multiply-adds")


def jigsaw(parameters: Mapping[str, int], depth: int) -> Rectangles:
    """Where the pieces of a model lie in a square of side 1, areas as parameters, read from left to right.

    A column for the embedding, one for each block, one for the last norm and the head; within a column the parts
    stand one on the other. Norms are those of the blocks, two each, and one at the end.
    """
    norm = parameters["norms"] / (2 * depth + 1)
    embedding = {part: parameters[part] for part in ("patch embedding", "positions", "class token")}
    block = {"attention": parameters["attention"] / depth, "MLP": parameters["MLP"] / depth, "norms": 2 * norm}
    ending = {"head": parameters["head"], "norms": norm}
    columns: list[Mapping[str, float]] = [embedding, *[block] * depth, ending]
    total, left, rectangles = sum(parameters.values()), 0.0, []
    for column in columns:
        held = sum(column.values())
        top = 1.0
        for part, count in column.items():
            height = count / held
            top -= height
            if count:
                rectangles.append((part, left, top, held / total, height))
        left += held / total
    return rectangles


def _corners(left: float, bottom: float, width: float, height: float) -> list[tuple[float, float]]:
    right, top = left + width, bottom + height
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _show_shares(bars: Sequence[tuple[Rectangle, Any]], amounts: Mapping[str, int]) -> None:
    total = sum(amounts.values())
    for part, (bar, text) in zip(COLORS, bars, strict=True):
        share = 100 * amounts.get(part, 0) / total
        bar.set_width(share)
        text.set_x(share + 1.5)
        percent = f"{share:.0f}" if share >= 10 else f"{share:.2g}"
        text.set_text(f"{percent} %   {_count(amounts[part])}" if amounts.get(part) else "-")


def _count(number: float) -> str:
    """1,797,514 as 1.80 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f}"


def pooling_weights(digits: Any, class_weights: Any) -> Figure:
    """With which weight each patch enters the pooled vector: by the class token, per image, and by the mean.

    Args:
        digits: (images, height, width) in 0..1.
        class_weights: (images, rows, cols), the class token's weights on the patches.
    """
    digits, class_weights = np.asarray(digits), np.asarray(class_weights)
    same = np.full(class_weights.shape[1:], 1 / class_weights[0].size)
    top = class_weights.max()
    with style():
        figure = new_figure(7.6, 1.9)
        axes = figure.subplots(1, 2 * len(digits) + 1)
        for i, (digit, weights) in enumerate(zip(digits, class_weights, strict=True)):
            bare(axes[2 * i]).imshow(digit, cmap="gray", vmin=0, vmax=1)
            bare(axes[2 * i + 1]).imshow(weights, cmap=SEQUENTIAL, vmin=0, vmax=top)
            axes[2 * i].set_title("image", loc="center", fontsize=10)
            axes[2 * i + 1].set_title("class token", loc="center", fontsize=10)
        shown = bare(axes[-1]).imshow(same, cmap=SEQUENTIAL, vmin=0, vmax=top)
        axes[-1].set_title("mean", loc="center", fontsize=10)
        figure.colorbar(shown, ax=axes, label="weight of a patch", shrink=0.9, pad=0.02)
    return figure


def _two_lines(text: str) -> str:
    """Broken at the space that makes the longer line shortest."""
    places = [i for i, letter in enumerate(text) if letter == " "]
    if not places:
        return text
    cut = min(places, key=lambda i: max(i, len(text) - i - 1))
    return f"{text[:cut]}\n{text[cut + 1 :]}"


def check_table(passed: Mapping[str, Mapping[str, bool]]) -> Figure:
    """Models down, checks across: a filled square with a cross where a check fails, a dot where it passes.

    Args:
        passed: for each model, by name, whether it passes each check, by name.
    """
    checks = list(next(iter(passed.values())))
    with style():
        figure = new_figure(7.6, 0.9 + 0.36 * len(passed))
        axes = figure.subplots()
        axes.set(xlim=(-0.5, len(checks) - 0.5), ylim=(len(passed) - 0.5, -0.5))
        for row, results in enumerate(passed.values()):
            for col, check in enumerate(checks):
                if results[check]:
                    axes.plot(col, row, "o", color=BLUE, ms=5)
                else:
                    axes.add_patch(Rectangle((col - 0.46, row - 0.42), 0.92, 0.84, color=RED, lw=0))
                    axes.text(col, row, "fails", color="white", weight="bold", ha="center", va="center", fontsize=9)
        axes.set_xticks(range(len(checks)), [_two_lines(check) for check in checks])
        axes.set_yticks(range(len(passed)), list(passed), fontsize=10)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure
