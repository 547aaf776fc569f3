"""Curves that are asked for, drawn or revealed with something else than they take."""

from __future__ import annotations

import math

import pytest

from vitcourse.widgets import predict

GOOD = {"x": (0, 10), "low": 0.0, "high": 1.0}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x": (10, 0)}, r"x=\(10, 0\): give two finite numbers, the lower one first"),
        ({"x": (0, 0)}, r"x=\(0, 0\)"),
        ({"x": 10}, "x=10"),
        ({"x": (0, 5, 10)}, r"x=\(0, 5, 10\)"),
        ({"x": (0, math.inf)}, "finite"),
        ({"x": ("a", "b")}, "x=.*'a'"),
        ({"low": 1.0}, r"low=1\.0, high=1\.0: give finite numbers, low less than high"),
        ({"high": math.nan}, "high=nan"),
        ({"low": None}, "give choices, or low and high"),
        ({"x": (0, 10), "log_x": True}, r"x=\(0, 10\) with log_x=True: a logarithmic axis begins above 0"),
        ({"step": 0.1}, r"step=0\.1: a curve has none"),
        ({"x": None, "x_label": "step"}, "x_label='step'.*give x"),
        ({"x": None, "log_x": True}, "log_x=True are for a curve"),
        ({"low": None, "high": None, "choices": ["a", "b"]}, "give choices, or x, low and high"),
    ],
)
def test_axes(change, says):
    with pytest.raises(ValueError, match=says):
        predict("How?", **(GOOD | change))


MEASURED = [
    ([1, 2], [1, 2, 3], "xs has 2 numbers, ys has 3: give one y for each x"),
    ([1], [1], r"xs has the shape \(1,\): give at least two"),
    ([[1, 2]], [[1, 2]], r"xs has the shape \(1, 2\)"),
    (3, 4, r"xs has the shape \(\)"),
    ([1, 2], [1, math.nan], r"ys\[1\]=nan is not finite"),
    ([math.inf, 2], [1, 2], r"xs\[0\]=inf is not finite"),
    (["a", "b"], [1, 2], r"xs=\['a', 'b'\] are no numbers"),
    ([11, 12], [1, 2], "xs has no number from 0 to 10"),
]


@pytest.mark.parametrize(("xs", "ys", "says"), MEASURED)
def test_what_was_measured(xs, ys, says):
    with pytest.raises(ValueError, match=says):
        predict("How?", **GOOD).reveal(xs, ys)


@pytest.mark.parametrize(("xs", "ys", "says"), MEASURED)
def test_what_is_drawn(xs, ys, says):
    guess = predict("How?", **GOOD)
    with pytest.raises(ValueError, match=says):
        guess.draw(xs, ys)
    assert guess._view.heights == [None] * 101


def test_a_logarithmic_axis_has_no_zero():
    with pytest.raises(ValueError, match="xs holds 0: on a logarithmic axis all must be above 0"):
        predict("How?", x=(1, 10), low=0, high=1, log_x=True).reveal([0, 2], [0.1, 0.2])


def test_a_locked_guess_is_not_drawn_on():
    guess = predict("How?", **GOOD)
    guess.draw([0, 10], [0, 1])
    guess.lock()
    with pytest.raises(ValueError, match="the guess is locked: run the cell of the question again"):
        guess.draw([0, 10], [1, 0])
    assert guess._view.heights[0] == 0.0
