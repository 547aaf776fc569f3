"""Predictions that are answered by a control: one of a few answers, or a number on a scale."""

from __future__ import annotations

import html
from collections.abc import Sequence
from numbers import Real
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.number import decimals
from vitcourse.widgets.prediction import ControlPrediction
from vitcourse.widgets.reveal import Reveal, reveal_choice, reveal_number, with_unit


class ChoicePrediction(ControlPrediction):
    """One of a few answers."""

    def __init__(self, question: str, choices: Sequence[str]) -> None:
        self.choices = [str(choice) for choice in choices]
        if len(self.choices) < 2 or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices={list(choices)!r}: give at least two different answers")
        radio = widgets.RadioButtons(options=self.choices, index=None, layout={"width": "max-content"})
        items = "".join(f"<li>{html.escape(choice)}</li>" for choice in self.choices)
        super().__init__(question, radio, listing=f"<ul>{items}</ul>")

    def reveal(self, measured: Any, *, note: str = "") -> Reveal:
        """The guess beside what was measured; make it the last expression of a later cell.

        Args:
            measured: the right choice.
            note: a sentence that explains it.

        Raises:
            ValueError: `measured` is none of the choices.
        """
        if str(measured) not in self.choices:
            raise ValueError(f"measured={measured!r} is not one of {', '.join(self.choices)}")
        return reveal_choice(self.question, self.choices, self.guess, str(measured), note)


class NumberPrediction(ControlPrediction):
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
            layout={"width": "460px", "max_width": "calc(100% - 4px)"},  # the margins beside it are 4px
            **more,
        )
        self._digits = 0 if whole else decimals(step)
        scale = f"{with_unit(f'{low:g}', unit)} to {with_unit(f'{high:g}', unit)}"
        super().__init__(question, slider, listing=f"<p>a number from {html.escape(scale)}</p>")

    def _shown(self, value: Any) -> str:
        return with_unit(f"{value:.{self._digits}f}", self.unit)

    def reveal(self, measured: Any, *, note: str = "") -> Reveal:
        """The guess beside what was measured; make it the last expression of a later cell.

        Args:
            measured: the measured number, rounded as it shall be shown. It may lie outside the range of the slider.
            note: a sentence that explains it.

        Raises:
            ValueError: `measured` is not a number.
        """
        if not isinstance(measured, Real) or measured != measured:
            raise ValueError(f"measured={measured!r} is not a number")
        guess = None if self.guess is None else (float(self.guess), self._shown(self.guess))
        shown = with_unit(str(measured), self.unit)
        return reveal_number(self.question, (self.low, self.high), guess, (float(measured), shown), note)
