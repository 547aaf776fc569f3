"""Predict, then see: a guess that is locked before the measurement and laid over it afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from vitcourse.widgets.answers import ChoicePrediction, NumberPrediction
from vitcourse.widgets.curve import CurvePrediction
from vitcourse.widgets.prediction import Prediction

__all__ = ["Prediction", "predict"]


def predict(
    question: str,
    *,
    choices: Sequence[str] | None = None,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    unit: str = "",
    x: tuple[float, float] | None = None,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
) -> Prediction:
    """Asks for a guess before a measurement: a choice, a number on a slider, or a curve drawn by hand.

        guess = predict("How many tokens does a 28 x 28 image give at patch size 4?", choices=["7", "28", "49"])
        guess

    and, in a later cell, once it is measured:

        guess.reveal(str(len(tokens)), note="28 / 4 = 7 rows of 7 patches.")

    A number: `predict("How much faster?", low=1, high=100, unit="times")`, then
    `guess.reveal(round(before / after, 1))`. A curve: `predict("How will the loss fall?", x=(0, 500), low=0.0,
    high=2.5, x_label="step", y_label="training loss", unit="nats")`, then `guess.reveal(steps, losses)`.

    The learner locks the guess by the button; `guess.guess` is None until then, and then the choice, the number, or
    two arrays, xs and ys. Nothing may depend on it: without a guess, `reveal` says what was measured and the lesson
    goes on. What `reveal` shows changes with the guess and the machine, so tag its cell without
    `nbval-check-output`.

    Args:
        question: plain text.
        choices: the answers, at least two; or
        low, high: the ends of the scale, and `step` between two values (a hundredth of it unless given). Of a curve
            they are the ends of the vertical axis.
        unit: of the number, in the label and behind the value.
        x: a curve is asked for, from the first of these to the second.
        x_label, y_label: what the axes of a curve show, without the unit.
        log_x: the horizontal axis is logarithmic.

    Raises:
        ValueError: no question, neither choices nor low and high, or both; ends in the wrong order, or at 0 or below
            on a logarithmic axis; what belongs to a curve without `x`, or a `step` with it.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"question={question!r}: ask something")
    numbers = low is not None and high is not None
    if (choices is None) != numbers or (choices is not None and (low is not None or high is not None)):
        raise ValueError(f"choices={choices!r}, low={low!r}, high={high!r}: give choices, or low and high")
    if x is None and (x_label or y_label or log_x):
        raise ValueError(f"x_label={x_label!r}, y_label={y_label!r}, log_x={log_x!r} are for a curve: give x, its ends")
    if choices is not None:
        if x is not None:
            raise ValueError(f"choices={choices!r}, x={x!r}: give choices, or x, low and high for a curve")
        return ChoicePrediction(question, choices)
    assert low is not None
    assert high is not None
    if x is None:
        return NumberPrediction(question, low, high, step, unit)
    if step is not None:
        raise ValueError(f"step={step!r}: a curve has none; leave it out, or leave out x for a number")
    return CurvePrediction(question, x, (low, high), labels=(x_label, y_label), unit=unit, log_x=log_x)
