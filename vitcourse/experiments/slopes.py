"""How fast something grows: the slope of a line through points on log-log axes; where two such curves cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Slope(NamedTuple):
    """The exponent b of y = a x^b, half the width of its 95 % interval, and the factor a."""

    exponent: float
    margin: float
    factor: float


def fitted_slope(x: Sequence[float], y: Sequence[float]) -> Slope:
    """Least squares on log x and log y (scipy's `linregress`); the interval is Student's, for len(x) - 2 degrees.

    Raises:
        ValueError: fewer than three points, unequal lengths, or a value that is not above 0.
    """
    import numpy as np
    from scipy import stats

    if len(x) != len(y) or len(x) < 3:
        raise ValueError(
            f"x has {len(x)} and y {len(y)} values; a slope with its uncertainty takes three pairs or more"
        )
    if min(*x, *y) <= 0:
        raise ValueError(f"x and y must be above 0 on log-log axes; the least is {min(*x, *y)}")
    line = stats.linregress(np.log(x), np.log(y))
    return Slope(float(line.slope), float(stats.t.ppf(0.975, len(x) - 2) * line.stderr), float(np.exp(line.intercept)))


def crossing(x: Sequence[float], first: Sequence[float], second: Sequence[float]) -> float:
    """Where ``first`` comes to lie above ``second``, on straight lines between the points of log-log axes.

    Args:
        x: rising, above 0.
        first, second: a value for each x, above 0.

    Raises:
        ValueError: it is not below at the first x and above at the last, or changes sides more than once.
    """
    import numpy as np

    apart = np.log(np.asarray(first, dtype=float)) - np.log(np.asarray(second, dtype=float))
    above = apart >= 0
    if above[0] or not above[-1] or (np.diff(above.astype(int)) != 0).sum() != 1:
        over = [value for value, is_over in zip(x, above, strict=True) if is_over]
        raise ValueError(f"first is above second at {over} of {list(x)}: not one crossing")
    sides = slice(int(above.argmax()) - 1, int(above.argmax()) + 1)
    return float(np.exp(np.interp(0, apart[sides], np.log(x)[sides])))


def frontier(cost: Sequence[float], error: Sequence[float]) -> list[int]:
    """Which points no cheaper one beats, as indices in the order of their cost: what a given cost buys at best."""
    best, kept = float("inf"), []
    for i in sorted(range(len(cost)), key=lambda i: (cost[i], error[i])):
        if error[i] < best:
            best = error[i]
            kept.append(i)
    return kept


class Straight(NamedTuple):
    """The points ``start`` to ``stop`` (exclusive) of a curve, and the slope of the line through them."""

    start: int
    stop: int
    slope: Slope


def straight_part(x: Sequence[float], y: Sequence[float], within: float = 0.1) -> Straight:
    """The longest stretch of log-log points from which its own fitted line is never farther than a share ``within``.

    Of equally long stretches the last, at the largest x.

    Args:
        x: rising, above 0.
        y: above 0.
        within: of a value of y: 0.1 allows 10 % more or less.

    Raises:
        ValueError: as `fitted_slope`, or no three points in a row lie so near to a line.
    """
    for length in range(len(x), 2, -1):
        for start in range(len(x) - length, -1, -1):
            part = slice(start, start + length)
            line = fitted_slope(x[part], y[part])
            fitted = [line.factor * value**line.exponent for value in x[part]]
            if all(abs(b / a - 1) <= within for a, b in zip(y[part], fitted, strict=True)):
                return Straight(start, start + length, line)
    raise ValueError(f"no three of {len(x)} points in a row lie within {within:.0%} of a line")
