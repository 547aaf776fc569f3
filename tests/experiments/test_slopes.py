"""The fitted exponent is the one that made the points, and says how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from vitcourse.experiments.slopes import fitted_slope


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
