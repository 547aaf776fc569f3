"""A curve that a learner has drawn by hand, beside the one that was measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .axis import Axis, tick_text
from .style import BLUE, RED, new_figure, style

GUESS, MEASURED = BLUE, RED
Curve = tuple[np.ndarray, np.ndarray]

SIZE = (6.2, 2.8)  # inches
FEW = 40  # with no more points, each measured one gets a mark


def joined(heights: Sequence[float | None]) -> np.ndarray:
    """Heights drawn in some of many equally wide columns -> a height in each of them.

    Gaps are joined by straight lines, and the first and the last height hold to the ends.

    Args:
        heights: one for each column from left to right, None where nothing was drawn. At least one is not None.
    """
    drawn = {column: height for column, height in enumerate(heights) if height is not None}
    return np.interp(np.arange(len(heights)), list(drawn), list(drawn.values()))


def mean_difference(guess: Curve, measured: Curve, x: Axis) -> float:
    """How far the guess lies from the measured points on average, in the unit of y: the mean of |difference|.

    Measured points outside the axis do not count: nobody was asked about them.

    Args:
        guess, measured: xs in rising order, and ys, each of shape (points,).
    """
    xs, ys = measured
    asked = (xs >= x.low) & (xs <= x.high)
    # Along the axis as it is drawn: on a logarithmic one too, the guess is straight between its points.
    drawn = np.interp(x.fractions(xs[asked]), x.fractions(guess[0]), guess[1])
    return float(np.abs(drawn - ys[asked]).mean())


def guess_and_measured(guess: Curve | None, measured: Curve, x: Axis, y: Axis) -> Figure:
    """Both curves on one pair of axes, widened where the measured one leaves them.

    The guess is dashed, the measured one is not; each has its name.

    Args:
        guess, measured: xs in rising order, and ys, each of shape (points,); the guess may be missing.
    """
    xs, ys = measured
    x, y = x.widened(xs), y.widened(ys)
    figure = new_figure(*SIZE)
    with style():
        axes = figure.subplots()
        axes.set_xscale("log" if x.log else "linear")
        axes.minorticks_off()
        axes.set_xticks(x.ticks(), map(tick_text, x.ticks()))
        axes.set_yticks(y.ticks(), map(tick_text, y.ticks()))
        axes.set(xlim=(x.low, x.high), ylim=(y.low, y.high), xlabel=x.title, title=y.title)
        axes.plot(xs, ys, color=MEASURED, marker="o" if len(xs) <= FEW else "", ms=5, label="measured", clip_on=False)
        if guess is not None:
            axes.plot(*guess, color=GUESS, ls=(0, (5, 2)), lw=2.5, label="your guess", clip_on=False)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2, handlelength=2.8)
    return figure
