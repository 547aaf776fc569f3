"""Predict, then see: a guess that is locked before the measurement and laid over it afterwards."""

from __future__ import annotations

import html
from collections.abc import Sequence
from numbers import Real
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.fallback import Bundle, FirstFrame
from vitcourse.widgets.number import decimals
from vitcourse.widgets.reveal import Reveal, reveal_choice, reveal_number, with_unit


class Prediction(FirstFrame, widgets.VBox):
    """What `predict` returns. `.guess` is None until the learner locks it; then `.reveal(measured)`."""

    def __init__(self, question: str, control: widgets.Widget, *, listing: str) -> None:
        self.question = question
        self.guess: Any = None
        self._listing = listing
        self._control = control
        text = f'<div style="font-weight:600;line-height:1.5">{html.escape(question)}</div>'
        self._button = widgets.Button(description="Lock my guess", button_style="primary", layout={"width": "auto"})
        self._button.on_click(lambda _: self.lock())
        self._status = widgets.HTML(layout={"margin": "0 0 0 8px"})
        bar = widgets.HBox([self._button, self._status], layout={"margin": "4px 0 0", "align_items": "center"})
        # A line at its side sets a question apart in either theme.
        layout = {"border_left": "3px solid var(--jp-brand-color1, #1976d2)", "padding": "2px 0 2px 12px"}
        layout |= {"max_width": "680px", "margin": "4px 0"}
        super().__init__([widgets.HTML(text), control, bar], layout=layout)
        self.add_class("vitcourse-predict")

    def __repr__(self) -> str:
        return f"prediction: {self.question}"

    def lock(self) -> None:
        """Keeps the guess as it stands, as the button does. Without a choice made, nothing is locked."""
        if self.guess is not None:
            return
        if self._control.value is None:
            self._status.value = "Choose an answer first."
            return
        self.guess = self._control.value
        self._control.disabled = self._button.disabled = True
        self._button.description = "Locked"
        self._button.icon = "lock"
        self._button.button_style = ""
        self._status.value = f"Your guess: <b>{html.escape(self._shown(self.guess))}</b>"

    def reveal(self, measured: Any, *, note: str = "") -> Reveal:
        """The guess beside what was measured; make it the last expression of a later cell.

        Args:
            measured: the right choice; or the measured number, rounded as it shall be shown. It may lie
                outside the range of the slider.
            note: a sentence that explains it.

        Raises:
            ValueError: `measured` is none of the choices, or not a number.
        """
        raise NotImplementedError

    def _shown(self, value: Any) -> str:
        return str(value)

    def _first_frame(self) -> Bundle:
        return {"text/html": self._listing}, {}


class ChoicePrediction(Prediction):
    """One of a few answers."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        self.choices = [str(choice) for choice in choices]
        if len(self.choices) < 2 or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices={list(choices)!r}: give at least two different answers")
        radio = widgets.RadioButtons(options=self.choices, index=None, layout={"width": "max-content"})
        items = "".join(f"<li>{html.escape(choice)}</li>" for choice in self.choices)
        listing = f"<p><b>Predict:</b> {html.escape(question)}</p><ul>{items}</ul>"
        super().__init__(question, radio, listing=listing)

    def reveal(self, measured: Any, *, note: str = "") -> Reveal:
        if str(measured) not in self.choices:
            raise ValueError(f"measured={measured!r} is not one of {', '.join(self.choices)}")
        return reveal_choice(self.question, self.choices, self.guess, str(measured), note)


class NumberPrediction(Prediction):
    """A number on a scale."""

    def __init__(self, question: str, low: float, high: float, step: float | None, unit: str) -> None:
        if not low < high:
            raise ValueError(f"low={low!r}, high={high!r}: low must be less than high")
        if step is None:
            step = (
                max(1, round((high - low) / 100))
                if isinstance(low, int) and isinstance(high, int)
                else (high - low) / 100
            )
        if not 0 < step <= high - low:
            raise ValueError(f"step={step!r}: must be above 0 and at most high - low = {high - low:g}")
        self.low, self.high, self.unit = low, high, unit
        whole = all(isinstance(number, int) for number in (low, high, step))
        middle = low + round((high - low) / 2 / step) * step
        kind: Any = widgets.IntSlider if whole else widgets.FloatSlider
        more = {} if whole else {"readout_format": f".{decimals(step)}f"}
        slider = kind(
            value=middle,
            min=low,
            max=high,
            step=step,
            description=f"your guess ({unit})" if unit else "your guess",
            style={"description_width": "initial"},
            layout={"width": "460px", "max_width": "100%"},
            **more,
        )
        self._digits = 0 if whole else decimals(step)
        scale = f"{with_unit(f'{low:g}', unit)} to {with_unit(f'{high:g}', unit)}"
        listing = f"<p><b>Predict:</b> {html.escape(question)}</p><p>a number from {html.escape(scale)}</p>"
        super().__init__(question, slider, listing=listing)

    def _shown(self, value: Any) -> str:
        return with_unit(f"{value:.{self._digits}f}", self.unit)

    def reveal(self, measured: Any, *, note: str = "") -> Reveal:
        if not isinstance(measured, Real) or measured != measured:
            raise ValueError(f"measured={measured!r} is not a number")
        guess = None if self.guess is None else (float(self.guess), self._shown(self.guess))
        shown = with_unit(str(measured), self.unit)
        return reveal_number(self.question, (self.low, self.high), guess, (float(measured), shown), note)


def predict(
    question: str,
    *,
    choices: Sequence[str] | None = None,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    unit: str = "",
) -> Prediction:
    """Asks for a guess before a measurement: a choice, or a number on a slider.

        guess = predict("How many tokens does a 28 x 28 image give at patch size 4?", choices=["7", "28", "49"])
        guess

    and, in a later cell, once it is measured:

        guess.reveal(str(len(tokens)), note="28 / 4 = 7 rows of 7 patches.")

    A number: `predict("How much faster?", low=1, high=100, unit="times")`, then
    `guess.reveal(round(before / after, 1))`. The learner locks the guess by the button; `guess.guess` is None
    until then. Nothing may depend on it: without a guess, `reveal` says what was measured and the lesson
    goes on. What `reveal` shows changes with the guess and the machine, so tag its cell without
    `nbval-check-output`.

    Args:
        question: plain text.
        choices: the answers, at least two; or
        low, high: the ends of the scale, and `step` between two values (a hundredth of it unless given).
        unit: of the number, in the label and behind the value.

    Raises:
        ValueError: no question, neither choices nor low and high, or both; ends in the wrong order.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"question={question!r}: ask something")
    numbers = low is not None and high is not None
    if (choices is None) != numbers or (choices is not None and (low is not None or high is not None)):
        raise ValueError(f"choices={choices!r}, low={low!r}, high={high!r}: give choices, or low and high")
    if choices is not None:
        return ChoicePrediction(question, choices)
    assert low is not None
    assert high is not None
    return NumberPrediction(question, low, high, step, unit)
