"""The fitted exponent is the one that made the points, and says how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from vitcourse.experiments.slopes import crossing, fitted_slope, frontier, straight_part


def test_an_exact_power_is_found():
    x = [1, 2, 4, 8]
    found = fitted_slope(x, [3 * value**1.5 for value in x])
    assert found.exponent == pytest.approx(1.5)
    assert found.factor == pytest.approx(3)
    assert found.margin < 1e-6


def test_scatter_widens_the_interval_which_holds_the_truth():
    rng = np.random.default_rng(0)
    x = np.array([2.0**i for i in range(8)])
    inside = 0
    for _ in range(200):
        found = fitted_slope(list(x), list(x**2 * np.exp(0.2 * rng.normal(size=8))))
        inside += abs(found.exponent - 2) <= found.margin
    assert 180 <= inside <= 199  # 95 %


@pytest.mark.parametrize(("x", "y", "says"), [([1, 2], [1, 2], "three pairs"), ([1, 2, 3], [1, 2], "three pairs")])
def test_too_few_points(x, y, says):
    with pytest.raises(ValueError, match=says):
        fitted_slope(x, y)


def test_what_has_no_logarithm():
    with pytest.raises(ValueError, match="the least is 0"):
        fitted_slope([1, 2, 3], [1, 0, 2])


def test_a_crossing_of_powers_is_found_between_the_points():
    x = [10, 100, 1000]
    assert crossing(x, [value**2 for value in x], [50 * value for value in x]) == pytest.approx(50)


def test_what_does_not_cross_once_is_refused():
    x = [1, 2, 3, 4]
    for first in ([2, 2, 2, 2], [0.5, 0.5, 0.5, 0.5], [0.5, 2, 0.5, 2]):
        with pytest.raises(ValueError, match="not one crossing"):
            crossing(x, first, [1, 1, 1, 1])


def test_the_frontier_has_what_no_cheaper_point_beats():
    cost, error = [4, 1, 2, 3, 4], [0.1, 0.5, 0.6, 0.3, 0.2]
    assert frontier(cost, error) == [1, 3, 0]


def test_the_straight_part_ends_where_a_curve_bends():
    x = [2.0**i for i in range(8)]
    y = [value**-0.5 for value in x[:6]] + [x[5] ** -0.5] * 2  # flat at the end
    found = straight_part(x, y)
    assert (found.start, found.stop) == (0, 6)
    assert found.slope.exponent == pytest.approx(-0.5)
    with pytest.raises(ValueError, match="no three of 4 points"):
        straight_part([1, 2, 4, 8], [1, 9, 1, 9])
