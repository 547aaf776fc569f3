"""One of a few values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from numbers import Real
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.control import SLIDER_WIDTH, Control, label_of

LONG_LIST = 5  # more options than this, or more letters than ROOM in all, are a drop-down list
ROOM = 44


class Choices(Control):
    """One of a few given values. The widget holds the index, so that the values may be arrays."""

    def __init__(self, options: Any, *, value: Any, label: str, unit: str, kind: str) -> None:
        super().__init__(label=label, unit=unit)
        self.depends = options if callable(options) else None
        self.options: dict[str, Any] = {}
        self._start, self._kind = value, kind
        if self.depends is None:
            self._set_options(options)

    @property
    def depends_on(self) -> list[str]:
        """The names of the controls whose values decide what is offered."""
        return [] if self.depends is None else list(inspect.signature(self.depends).parameters)

    def _set_options(self, options: Any) -> None:
        if isinstance(options, Mapping):
            pairs = {str(name): value for name, value in options.items()}
        else:
            pairs = {_words(value): value for value in options}
        if not pairs:
            raise ValueError(f"options={options!r}: give at least one value to choose")
        self.options = pairs

    def build(self, name: str) -> widgets.Widget:
        numbers = all(isinstance(value, Real) for value in self.options.values())
        letters = sum(len(option) + 2 for option in self.options)
        kind = self._kind
        if kind == "auto":
            kind = "slider" if numbers and len(self.options) > 1 else "buttons"
            if kind == "buttons" and (len(self.options) > LONG_LIST or letters > ROOM):
                kind = "list"
        index = 0 if self._start is None else self._index(self._start, name)
        options = [(option, i) for i, option in enumerate(self.options)]
        made = {"slider": widgets.SelectionSlider, "buttons": widgets.ToggleButtons, "list": widgets.Dropdown}[kind]
        style = {"description_width": "initial"} | ({"button_width": "auto"} if kind == "buttons" else {})
        width = SLIDER_WIDTH if kind == "slider" else "auto"
        text = label_of(self, name)
        return made(options=options, index=index, description=text, style=style, layout={"width": width})

    def read(self) -> Any:
        return list(self.options.values())[self.widget.index]

    def write(self, value: Any, name: str) -> None:
        self.widget.index = self._index(value, name)

    def refresh(self, values: Mapping[str, Any], name: str) -> None:
        """Offers what is valid beside the other controls' values, and keeps the choice where it can."""
        assert self.depends is not None
        chosen = self.read() if self.options else self._start
        before = list(self.options)
        self._set_options(self.depends(**values))
        names = list(self.options)
        if self.widget is None or names == before:
            return
        try:
            index = self._index(chosen, name)
        except ValueError:
            index = self._nearest(chosen)
        with self.widget.hold_sync():  # one message; new options put the index at 0 first
            self.widget.options = [(option, i) for i, option in enumerate(names)]
            self.widget.index = index

    def _nearest(self, value: Any) -> int:
        options = list(self.options.values())
        if isinstance(value, Real) and all(isinstance(option, Real) for option in options):
            return min(range(len(options)), key=lambda i: abs(options[i] - value))
        return 0

    def _index(self, value: Any, name: str) -> int:
        for i, (text, option) in enumerate(self.options.items()):
            if option is value or (isinstance(value, str) and value == text):
                return i
            if isinstance(value, Real | str | tuple) and type(option) is not bool and _equal(option, value):
                return i
        raise ValueError(f"{name}={value!r} is not one of {', '.join(self.options)}")


def _words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _equal(first: Any, second: Any) -> bool:
    return isinstance(first, Real | str | tuple) and bool(first == second)
