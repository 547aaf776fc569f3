"""Predictions: locked once, laid over the measurement, never in the way."""

import re

import pytest

from vitcourse.widgets import predict


def tokens():
    return predict("How many tokens?", choices=["7", "28", "49"])


def speed():
    return predict("How much faster?", low=1, high=20, unit="times")


def test_nothing_is_guessed_until_it_is_locked():
    guess = tokens()
    assert guess.guess is None
    guess._control.value = "28"
    assert guess.guess is None
    guess._button.click()
    assert guess.guess == "28"
    assert guess._control.disabled
    assert guess._button.disabled


def test_a_locked_guess_stays():
    guess = tokens()
    guess._control.value = "28"
    guess.lock()
    guess._control.value = "49"
    guess.lock()
    assert guess.guess == "28"


def test_without_a_choice_nothing_is_locked():
    guess = tokens()
    guess.lock()
    assert guess.guess is None
    assert not guess._control.disabled
    assert "Choose" in guess._status.value


def test_choice_is_marked_beside_the_measurement():
    guess = tokens()
    guess._control.value = "28"
    guess.lock()
    shown = guess.reveal("49", note="7 rows of 7.")
    assert repr(shown) == "guess: 28; measured: 49. 7 rows of 7."
    html = shown._repr_html_()
    assert re.search(r"28 .*your guess", html)
    assert re.search(r"49 .*measured", html)
    assert "7 rows of 7." in html


def test_without_a_guess_the_lesson_goes_on():
    assert repr(tokens().reveal("49")) == "no guess; measured: 49."
    assert repr(speed().reveal(3.4)) == "no guess; measured: 3.4 times."
    assert "No guess was locked" in speed().reveal(3.4)._repr_html_()


def test_number_guess_and_measurement_lie_on_one_scale():
    guess = speed()
    guess._control.value = 5
    guess.lock()
    shown = guess.reveal(10.5)
    assert repr(shown) == "guess: 5 times; measured: 10.5 times."
    marks = [float(left) for left in re.findall(r"left:([\d.]+)%;(?:top:42|top:28)", shown._repr_html_())]
    assert marks == pytest.approx([50.0, 100 * 4 / 19], abs=0.1)


def test_a_measurement_off_the_scale_widens_it():
    guess = speed()
    guess._control.value = 20
    guess.lock()
    html = guess.reveal(39)._repr_html_()
    marks = [float(left) for left in re.findall(r"left:([\d.]+)%;(?:top:42|top:28)", html)]
    assert marks == pytest.approx([100.0, 50.0], abs=0.1)
    assert "<span>39</span>" in html


def test_texts_are_shown_as_text():
    guess = predict("Is <x> & y?", choices=["<b>yes</b>", "no"])
    html = guess.reveal("<b>yes</b>", note="a < b")._repr_html_()
    assert "<b>yes" not in html
    assert "&lt;b&gt;yes&lt;/b&gt;" in html
    assert "a &lt; b" in html
    assert "Is &lt;x&gt; &amp; y?" in html


def test_whole_scales_move_in_whole_steps():
    assert speed()._control.step == 1
    assert predict("?", low=0, high=1000)._control.step == 10
    assert predict("?", low=0.0, high=1.0)._control.step == pytest.approx(0.01)
    assert predict("?", low=0.0, high=1.0)._shown(0.5) == "0.50"


def test_percent_stands_beside_its_number():
    guess = predict("How accurate?", low=0, high=100, unit="%")
    guess._control.value = 90
    guess.lock()
    assert repr(guess.reveal(98.2)) == "guess: 90%; measured: 98.2%."
