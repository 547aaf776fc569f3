"""A prediction that is drawn, from Python's side; in a browser it is tested in tests/browser/test_curve.py."""

from __future__ import annotations

import re

import numpy as np
import pytest

from vitcourse.plots.axis import Axis
from vitcourse.plots.drawn_curve import guess_and_measured, joined, mean_difference
from vitcourse.widgets import predict
from vitcourse.widgets.fallback import WIDGET_VIEW


def falls():
    return predict(
        "How will the loss <fall>?",
        x=(0, 2814),
        low=0.0,
        high=2.5,
        x_label="step",
        y_label="training loss",
        unit="nats",
    )


def test_nothing_is_guessed_until_it_is_locked_and_then_it_stays():
    guess = falls()
    guess.lock()
    assert guess.guess is None
    assert guess._view.status == "Draw a curve first."
    guess.draw([0, 1407, 2814], [2.5, 0.5, 0.0])
    assert guess.guess is None
    guess.lock()
    xs, ys = guess.guess
    assert xs.shape == ys.shape == (101,)
    assert (xs[0], xs[50], xs[100]) == pytest.approx((0, 1407, 2814))
    assert (ys[0], ys[25], ys[50], ys[100]) == pytest.approx((2.5, 1.5, 0.5, 0.0))
    assert guess._view.status == "Your guess: from 2.50 to 0.00 nats"
    guess._view.set_state({"heights": [1.0] * 101, "locked": False})
    guess.lock()
    assert guess.guess[1] is ys
    with pytest.raises(ValueError, match="read-only"):
        ys[0] = 0.0


def test_the_browser_locks_what_it_sends_along():
    guess = falls()
    guess._view.set_state({"locked": True, "heights": [None] * 40 + [0.2] + [None] * 60})
    assert guess.guess[1] == pytest.approx(np.full(101, 0.5))


def test_a_later_stroke_draws_its_part_anew_and_stays_on_the_axes():
    guess = falls()
    guess.draw([0, 2814], [1.0, 1.0])
    guess.draw([0.25 * 2814, 0.5 * 2814], [9.0, -9.0])
    heights = guess._view.heights
    assert [heights[i] for i in (0, 24, 25, 50, 51, 100)] == pytest.approx([0.4, 0.4, 1.0, 0.0, 0.4, 0.4])


def test_gaps_are_joined_and_ends_held():
    assert joined([None, 0.2, None, None, 0.8, None]) == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.8, 0.8])


def test_the_difference_is_a_mean_over_the_measured_points_that_were_asked_for():
    x = Axis(0, 10)
    guess = np.array([0.0, 10.0]), np.array([0.0, 10.0])
    measured = np.array([-5.0, 2.0, 4.0, 20.0]), np.array([99.0, 3.0, 7.0, 99.0])
    assert mean_difference(guess, measured, x) == pytest.approx((1 + 3) / 2)


def test_on_a_logarithmic_axis_the_difference_follows_the_line_that_was_drawn():
    guess = np.array([1.0, 100.0]), np.array([0.0, 1.0])
    assert mean_difference(guess, (np.array([10.0]), np.array([0.5])), Axis(1, 100, log=True)) == pytest.approx(0)


def test_on_a_logarithmic_axis_the_guess_is_straight_as_it_was_drawn():
    guess = predict("?", x=(1, 1024), low=0.0, high=1.0, x_label="d_k", log_x=True)
    guess.draw([1, 1024], [0.0, 1.0])
    guess.lock()
    assert guess.guess[0][[0, 50, 100]] == pytest.approx([1, 32, 1024])
    line = repr(guess.reveal([1, 32, 1024], [0.0, 0.5, 1.0]))
    assert line == "your curve lies 0.00 from the measured one on average."
    figure = guess_and_measured(guess.guess, (np.array([1.0, 4096.0]), np.zeros(2)), guess.x_axis, guess.y_axis)
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_xlim()) == ("log", (1, 4096))  # widened
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "4", "16", "64", "256", "1,024", "4,096"]


def test_what_a_reveal_says_and_shows():
    guess = falls()
    guess.draw([0, 2814], [1.0, 1.0])
    guess.lock()
    shown = guess.reveal([2814, 0], [0.5, 1.5], note="a < b")
    assert repr(shown) == "your curve lies 0.50 nats from the measured one on average. a < b"
    text = shown._repr_html_()
    assert text.count("<svg ") == text.count("</svg>") == text.count('role="img"') == 1
    assert (
        'aria-label="training loss (nats) over step. Your guess: 1.00 nats at step 0, 1.00 nats at step 2,814; '
        'measured: 1.50 nats at step 0, 0.50 nats at step 2,814."' in text
    )
    for color in ("--jp-brand-color1", "--jp-warn-color1", "--jp-content-font-color1", "stroke-dasharray"):
        assert color in text
    assert not re.search(r"<style|<metadata|<text|#222222", text)
    words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    assert words == (
        "How will the loss &lt;fall&gt;? Your curve lies 0.50 nats from the measured one on average. a &lt; b"
    )


def test_a_reveal_is_the_same_each_time():
    first, second = (falls().reveal([0, 2814], [2.0, 0.1])._repr_html_() for _ in range(2))
    assert first == second


def test_without_a_guess_the_lesson_goes_on():
    shown = falls().reveal(list(range(0, 2814, 7)), np.linspace(2.3, 0.1, 402))
    assert repr(shown) == "no guess; measured: 2.30 nats at step 0, 0.10 nats at step 2,807."
    assert "No guess was locked" in shown._repr_html_()
    assert "stroke-dasharray" not in shown._repr_html_()
    assert "--jp-brand-color1" not in shown._repr_html_()


def test_without_a_kernel_the_axes_are_described():
    guess = falls()
    data, _ = guess._repr_mimebundle_()
    assert data[WIDGET_VIEW]["model_id"] == guess.model_id
    assert data["text/plain"] == repr(guess) == "prediction: How will the loss <fall>?"
    assert "loss &lt;fall&gt;?" in data["text/html"]
    assert "step from 0 to 2,814 to the right, training loss from 0.00 to 2.50 nats upwards" in data["text/html"]


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis(0, 2814), [0, 500, 1000, 1500, 2000, 2500]),
        (Axis(0.0, 1.0), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (Axis(1, 1024, log=True), [1, 4, 16, 64, 256, 1024]),
        (Axis(100, 60_000, log=True), [100, 1000, 10_000]),
        (Axis(300, 5000, log=True), [500, 1000, 2000, 5000]),
    ],
)
def test_ticks_are_round(axis, ticks):
    assert axis.ticks() == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("axis", "value", "text"),
    [
        (Axis(0, 2814), 1406.6, "1,407"),
        (Axis(0.0, 2.5), 0.3141, "0.31"),
        (Axis(0, 100), 97.4, "97"),
        (Axis(0, 0.01), 0.00123, "0.0012"),
        (Axis(1, 1024, log=True), 90.51, "91"),
        (Axis(0.001, 1, log=True), 0.01234, "0.012"),
    ],
)
def test_numbers_are_as_exact_as_a_hand(axis, value, text):
    assert axis.text(value) == text
