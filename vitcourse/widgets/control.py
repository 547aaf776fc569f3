"""What every control has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

SLIDER_WIDTH = "230px"


class Control:
    """One value that a learner sets. Made by `slider`, `choices`, ...; `live` builds its widget."""

    depends: Callable[..., Any] | None = None
    beside = False  # whether its widget stands beside the picture, not in the row above

    def __init__(self, *, label: str = "", unit: str = "") -> None:
        self.label, self.unit = label, unit
        self.widget: Any = None
        self.view: widgets.Widget | None = None
        self._listeners: list[Callable[[], None]] = []

    def attach(self, name: str) -> None:
        """Makes the widget, once: a control may serve several pictures."""
        if self.view is not None:
            return
        self.view = self.build(name)
        if self.view is None:
            return
        if self.widget is None:
            self.widget = self.view
        trait = "index" if self.widget.has_trait("index") else "value"
        if self.widget.has_trait(trait):
            self.widget.observe(lambda _: self.changed(), trait)

    def build(self, name: str) -> widgets.Widget | None:
        """The widget to be shown in the row of controls, or None for what is done in the picture."""
        raise NotImplementedError

    def read(self) -> Any:
        return self.widget.value

    def write(self, value: Any, name: str) -> None:
        """Sets the value as a hand would. ValueError names the control, the value and what is valid."""
        raise NotImplementedError

    def listen(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def changed(self) -> None:
        for listener in self._listeners:
            listener()


def label_of(control: Control, name: str) -> str:
    text = control.label or name.replace("_", " ")
    return f"{text} ({control.unit})" if control.unit else text


def require_controls(controls: Mapping[str, Any]) -> None:
    """ValueError where something else stands in a control's place."""
    for name, control in controls.items():
        if not isinstance(control, Control):
            known = "slider, choices, toggle, play, button, cell, point or drawing"
            raise ValueError(f"{name}={control!r} is no control: use {known}")
