"""Lesson 04: how long models of different sizes take, against what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, GRAY, INK, style

Timed = tuple[float, Sequence[float]]  # FLOPs, and the seconds of each pass so far

GIGAFLOPS = (0.0005, 200.0)  # ends of the axes: what the sizes that can be chosen span, and a slow machine
MILLISECONDS = (0.05, 20_000.0)


def timing_board(figure: Figure) -> Callable[[Sequence[Timed]], None]:
    """Draw an empty chart of time against FLOPs; returns what shows measurements in it, in place.

    The function returned takes all measurements so far, the newest last: blue from its fastest to its slowest pass,
    with a mark at the median, and with a line on which every model as fast as it would lie. The older ones are gray.
    """
    with style():
        axes = figure.subplots()
        axes.set(xscale="log", yscale="log", xlim=GIGAFLOPS, ylim=MILLISECONDS)
        axes.set(xlabel="GFLOPs", ylabel="milliseconds", title="time of a forward pass")
        axes.set_xticks((0.001, 0.01, 0.1, 1, 10, 100), ("0.001", "0.01", "0.1", "1", "10", "100"))
        axes.set_yticks((0.1, 1, 10, 100, 1000, 10_000), ("0.1", "1", "10", "100", "1,000", "10,000"))
        axes.minorticks_off()
        (older,) = axes.plot([], [], "o", color=GRAY, ms=6, mec="white", label="before")
        (same,) = axes.plot([], [], "--", color=GRAY, lw=1.2, label="as many GFLOPs a second")
        (spread,) = axes.plot([], [], "-", color=BLUE, lw=2.5)
        (newest,) = axes.plot([], [], "o", color=BLUE, ms=9, mec=INK, label="this one")
        axes.legend(handles=[newest, older, same], loc="upper left")

    def draw(measured: Sequence[Timed]) -> None:
        points = [(flops / 1e9, 1000 * float(np.median(seconds))) for flops, seconds in measured if seconds]
        older.set_data([x for x, _ in points[:-1]], [y for _, y in points[:-1]])
        if not points:
            return
        (x, y), seconds = points[-1], [1000 * value for value in next(some for _, some in reversed(measured) if some)]
        newest.set_data([x], [y])
        spread.set_data([x, x], [min(seconds), max(seconds)])
        same.set_data(GIGAFLOPS, [end * y / x for end in GIGAFLOPS])

    return draw
