"""Training (lesson 05): curves while it runs, the mistakes that remain, and a scrub through training afterwards.

A function that takes a figure draws once and returns ``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .boards import INKED
from .maps import MapView
from .style import BLUE, GRAY, INK, ORANGE, SKY, bare, style

Draw = Callable[..., None]

LOWEST, HIGHEST = 0.01, 5.0  # nats, of the loss axes
TILES = (3, 5)
QUIET = "#999999"
MAP_STRENGTH = 0.85


def _loss_axes(axes: Axes, steps: int, chance: float) -> None:
    axes.set(xlim=(0, steps), ylim=(LOWEST, HIGHEST), yscale="log", xlabel="step", title="training loss (nats)")
    axes.set_yticks((0.01, 0.1, 1), ("0.01", "0.1", "1"))
    axes.minorticks_off()
    axes.axhline(chance, color=QUIET, lw=1, ls="--")
    axes.text(steps * 0.99, chance * 1.08, "guessing", ha="right", va="bottom", fontsize=9, color=QUIET)


def _clip(losses: Any) -> np.ndarray:
    return np.clip(np.asarray(losses, dtype=float), LOWEST, HIGHEST)


def live_curves(figure: Figure, steps: int, chance: float, peak: float) -> Draw:
    """Loss, learning rate and test accuracy of a run of ``steps`` steps while it goes on.

    Args:
        steps: of the whole run.
        chance: the loss of guessing, in nats.
        peak: the largest learning rate.

    Returns:
        ``draw(losses, means, rates, tested, accuracies)``: the loss, a running mean of it and the learning rate of
        each step so far; the steps at which the test images were tried, and the share of them that was right.
    """
    with style():
        left, middle, right = figure.subplots(1, 3, width_ratios=(2, 1, 1.1))
        _loss_axes(left, steps, chance)
        (raw,) = left.plot([], [], color=SKY, lw=0.7, alpha=0.7, label="each batch")
        (mean,) = left.plot([], [], color=BLUE, label="mean of 20")
        left.legend(loc="lower left")
        (rate,) = middle.plot([], [], color=GRAY)
        middle.set(xlim=(0, steps), ylim=(0, peak * 1.08), xlabel="step", title="learning rate")
        middle.set_yticks((0, peak / 2, peak), ("0", f"{peak / 2:g}", f"{peak:g}"))
        (points,) = right.plot([], [], color=ORANGE, marker="o", ms=6, lw=1.5)
        right.set(xlim=(0, steps * 1.05), ylim=(0, 1.02), xlabel="step", title="test accuracy")
        right.set_yticks((0, 0.5, 1), ("0 %", "50 %", "100 %"))
        for axes in (left, middle, right):
            axes.locator_params(axis="x", nbins=4)

    def draw(losses: Any, means: Any, rates: Any, tested: Any, accuracies: Any) -> None:
        at = np.arange(1, len(losses) + 1)
        raw.set_data(at, _clip(losses))
        mean.set_data(at, _clip(means))
        rate.set_data(at, rates)
        points.set_data(tested, accuracies)

    return draw


def several_runs(figure: Figure, chance: float) -> Draw:
    """Loss curves of several runs against the share of the run; the last one in color.

    Returns:
        ``draw(runs)``: the runs so far, each (shares of the run in 0..1, losses), the last one the present one.
    """
    with style():
        axes = figure.subplots()
        _loss_axes(axes, 1, chance)
        axes.set(xlabel="share of the run", ylim=(0.03, HIGHEST))
        lines = [axes.plot([], [], color=GRAY, lw=1.2, alpha=0.6)[0] for _ in range(5)]
        lines += axes.plot([], [], color=BLUE)
        axes.plot([], [], color=GRAY, lw=1.2, alpha=0.6, label="earlier runs")
        axes.legend([lines[-1], lines[0]], ["this run", "earlier runs"], loc="lower left")

    def draw(runs: Sequence[tuple[Any, Any]]) -> None:
        for line in lines:
            line.set_data([], [])
        for line, (shares, losses) in zip(reversed(lines), reversed(runs), strict=False):
            line.set_data(shares, _clip(losses))

    return draw


def mistakes_board(figure: Figure, confusion: Any, classes: Sequence[str]) -> Draw:
    """How often each class is read as each other one, and digits of one cell of that table.

    Args:
        confusion: (classes, classes) counts, row: the label, column: the prediction.

    Returns:
        ``draw(cell, images, titles)``: the framed cell, up to 15 images (height, width), a line above each.
    """
    counts = np.asarray(confusion)
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    with style():
        table, board = figure.subplots(1, 2, width_ratios=(1, 1.12))
        table.imshow(
            wrong, cmap="Oranges", vmin=0, vmax=max(1, wrong.max()) * 1.8, extent=(0, len(counts), len(counts), 0)
        )
        table.set(xlabel="read as", ylabel="is a", xlim=(0, len(counts)), ylim=(len(counts), 0), aspect="equal")
        for set_ticks in (table.set_xticks, table.set_yticks):
            set_ticks(np.arange(len(counts)) + 0.5, list(classes))
        table.tick_params(length=0)
        table.set_title("how often")
        for row, col in np.ndindex(counts.shape):
            if row == col or counts[row, col]:
                quiet = row == col
                table.text(col + 0.5, row + 0.52, str(counts[row, col]), ha="center", va="center",
                           fontsize=7 if quiet else 9.5, color=QUIET if quiet else INK)  # fmt: skip
        frame = table.add_patch(Rectangle((0, 0), 1, 1, fill=False, ec=BLUE, lw=2.5, zorder=5))
        bare(board)
        rows, cols = TILES
        pitch = 1.32
        blank = np.zeros((28, 28))
        tiles, texts = [], []
        for i in range(rows * cols):
            x, y = i % cols * 1.08, i // cols * pitch
            tiles.append(board.imshow(blank, cmap=INKED, vmin=0, vmax=1, extent=(x, x + 1, y + 1, y)))
            texts.append(board.text(x + 0.5, y - 0.04, "", ha="center", va="bottom", fontsize=9))
        board.set(xlim=(-0.03, cols * 1.08), ylim=(rows * pitch - 0.2, -0.32), aspect="equal")
        board.set_anchor("N")
        board.set_title("digits of the framed cell")

    def draw(cell: tuple[int, int], images: Any, titles: Sequence[str]) -> None:
        frame.set_xy((cell[1], cell[0]))
        for i, (tile, text) in enumerate(zip(tiles, texts, strict=True)):
            there = i < len(images)
            tile.set_visible(there)
            text.set_text(titles[i] if there else "")
            if there:
                tile.set_data(np.asarray(images[i]))

    return draw


def training_scrubber(
    figure: Figure, image: Any, grid: tuple[int, int], losses: Any, chance: float, highest: float
) -> Draw:
    """The loss with a mark, what the class token looks at, the probabilities, and what training added to positions.

    Args:
        image: (height, width).
        grid: (rows, cols) of patches.
        losses: one a step, of the whole run.
        chance: the loss of guessing, in nats.
        highest: the largest weight that any map has, so that equal tints mean equal weights.

    Returns:
        ``draw(step, weights, probabilities, similarity)``: (rows, cols); (classes,); (positions, positions), the cosine
        between what training has added to the codes of two positions.
    """
    rows, cols = grid
    with style():
        (first, second), (third, fourth) = figure.subplots(2, 2, width_ratios=(1, 1.05), height_ratios=(1, 1.25))
        _loss_axes(first, len(losses), chance)
        first.plot(np.arange(1, len(losses) + 1), _clip(losses), color=BLUE, lw=1.2)
        mark = first.axvline(0, color=ORANGE, lw=2)
        bars = second.bar(np.arange(10), np.zeros(10), color=SKY)
        second.set(ylim=(0, 1.02), xticks=range(10), yticks=(0, 0.5, 1), title="probabilities for this digit")
        view = MapView(third, image, grid)
        third.set_title("the class token's attention")
        bare(fourth)
        montage = fourth.imshow(
            np.full(((rows + 1) * rows, (cols + 1) * cols), np.nan), cmap="RdBu_r", vmin=-1, vmax=1,
            interpolation="nearest",
        )  # fmt: skip
        fourth.set_title("added to positions: similarity to all others")
        figure.colorbar(montage, ax=fourth, shrink=0.85, ticks=(-1, 0, 1), label="cosine")

    def draw(step: int, weights: Any, probabilities: Any, similarity: Any) -> None:
        mark.set_xdata([step, step])
        view.weigh(weights, MAP_STRENGTH, highest)
        values = np.asarray(probabilities)
        for bar, value in zip(bars, values, strict=True):
            bar.set_height(float(value))
            bar.set_color(ORANGE if value == values.max() else SKY)
        montage.set_data(_montage(np.asarray(similarity, dtype=float), grid))

    return draw


def _montage(similarity: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """A small map for each position, at its own place, with a blank line between maps."""
    rows, cols = grid
    maps = np.full((rows, cols, rows + 1, cols + 1), np.nan)
    maps[:, :, :rows, :cols] = similarity.reshape(rows, cols, rows, cols)
    return maps.transpose(0, 2, 1, 3).reshape(rows * (rows + 1), cols * (cols + 1))
