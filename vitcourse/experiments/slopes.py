"""How fast something grows: the slope of a line through points on log-log axes, with its uncertainty."""

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
