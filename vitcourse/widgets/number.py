"""A number, on or off, and how often a button was pressed."""

from __future__ import annotations

from numbers import Real
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.control import SLIDER_WIDTH, Control, label_of


class Number(Control):
    """A number between two ends."""

    def __init__(self, low: float, high: float, *, step: float, value: float | None, label: str, unit: str) -> None:
        super().__init__(label=label, unit=unit)
        if not low < high:
            raise ValueError(f"low={low!r}, high={high!r}: low must be less than high")
        if not 0 < step <= high - low:
            raise ValueError(f"step={step!r}: must be above 0 and at most high - low = {high - low:g}")
        self.low, self.high, self.step = low, high, step
        self.start = low if value is None else value
        self._check(self.start, "value")

    def _check(self, value: float, name: str) -> None:
        if not isinstance(value, Real) or not self.low <= value <= self.high:
            raise ValueError(f"{name}={value!r} is not a number from {self.low:g} to {self.high:g}")

    def build(self, name: str) -> widgets.Widget:
        whole = all(isinstance(number, int) for number in (self.low, self.high, self.step, self.start))
        kind = widgets.IntSlider if whole else widgets.FloatSlider
        more = {} if whole else {"readout_format": f".{decimals(self.step)}f"}
        return kind(
            value=self.start,
            min=self.low,
            max=self.high,
            step=self.step,
            description=label_of(self, name),
            style={"description_width": "initial"},
            layout={"width": SLIDER_WIDTH},
            **more,
        )

    def write(self, value: Any, name: str) -> None:
        self._check(value, name)
        self.widget.value = value


def decimals(step: float) -> int:
    """Decimals after the point that a step needs: 0.05 -> 2."""
    return next((digits for digits in range(6) if abs(round(step, digits) - step) < 1e-9), 6)


class Animation(Number):
    """A whole number with a play button."""

    interval = 200

    def build(self, name: str) -> widgets.Widget:
        self.slider = super().build(name)
        self.player = widgets.Play(
            value=self.start,
            min=self.low,
            max=self.high,
            step=self.step,
            interval=self.interval,
            show_repeat=False,
            tooltip=f"play {label_of(self, name)}",
            layout={"width": "auto"},
        )
        self.link = widgets.jslink((self.player, "value"), (self.slider, "value"))
        self.widget = self.slider
        return widgets.HBox([self.player, self.slider]).add_class("vitcourse-play")

    def write(self, value: Any, name: str) -> None:
        super().write(value, name)
        self.player.value = value


class Toggle(Control):
    """On or off."""

    def __init__(self, value: bool, *, label: str) -> None:
        super().__init__(label=label)
        self.start = bool(value)

    def build(self, name: str) -> widgets.Widget:
        return widgets.Checkbox(
            value=self.start, description=label_of(self, name), indent=False, layout={"width": "auto"}
        )

    def write(self, value: Any, name: str) -> None:
        if not isinstance(value, bool | int) or value not in (0, 1):
            raise ValueError(f"{name}={value!r} is neither True nor False")
        self.widget.value = bool(value)


class Button(Control):
    """Counts its presses."""

    def __init__(self, *, label: str) -> None:
        super().__init__(label=label)
        self.count = 0

    def build(self, name: str) -> widgets.Widget:
        view = widgets.Button(description=label_of(self, name), layout={"width": "auto"})
        view.on_click(lambda _: self.write(self.count + 1, name))
        return view

    def read(self) -> int:
        return self.count

    def write(self, value: Any, name: str) -> None:
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{name}={value!r} is not a count of presses: 0, 1, 2, ...")
        if value != self.count:
            self.count = value
            self.changed()
