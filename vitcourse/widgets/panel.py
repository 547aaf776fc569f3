"""The controls of one picture, together: their row, their values, and what some offer beside others' values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.cells import Cell
from vitcourse.widgets.choice import Choices
from vitcourse.widgets.control import Control


class Panel:
    """Builds the controls' widgets. `changed()` is called after each move by hand, once."""

    def __init__(self, controls: Mapping[str, Control], changed: Callable[[], None]) -> None:
        self.controls = dict(controls)
        self._changed = changed
        self._batch = False
        # What others depend on comes first: only then it is known what the others may offer.
        for name in self._by_dependence(self.controls):
            self._refresh(name)
            self.controls[name].attach(name)
        for control in self.controls.values():
            control.listen(self._moved)

    @property
    def values(self) -> dict[str, Any]:
        return {name: control.read() for name, control in self.controls.items()}

    def row(self) -> list[widgets.Widget]:
        """The widget that holds the controls above the picture, or nothing if all lie in or beside it."""
        above = [control for control in self.controls.values() if not control.beside]
        views = [control.view for control in above if control.view is not None]
        return [widgets.HBox(views).add_class("vitcourse-controls")] if views else []

    def beside(self, picture: widgets.Widget) -> widgets.Widget:
        """The picture with what stands beside it, at its left; the picture alone if nothing does."""
        views = [control.view for control in self.controls.values() if control.beside]
        return widgets.HBox([*views, picture]).add_class("vitcourse-beside") if views else picture

    def write(self, values: Mapping[str, Any]) -> None:
        """Sets all values or, where one of them is not valid, none: ValueError. Does not call `changed`."""
        for name in values:
            if name not in self.controls:
                known = ", ".join(self.controls) or "none"
                raise ValueError(f"{name}={values[name]!r}: the controls are {known}")
        before = self.values
        self._batch = True
        try:
            try:
                self._write(values)
            except ValueError:
                self._write(before)
                raise
        finally:
            self._batch = False

    def disable(self, disabled: bool) -> None:
        for control in self.controls.values():
            if control.widget is not None and control.widget.has_trait("disabled"):
                control.widget.disabled = disabled

    def _write(self, values: Mapping[str, Any]) -> None:
        for name in self._by_dependence(values):
            self.controls[name].write(values[name], name)
            self._refresh_all()

    def _by_dependence(self, names: Mapping[str, Any]) -> list[str]:
        return sorted(names, key=lambda name: self.controls[name].depends is not None)

    def _moved(self) -> None:
        if self._batch:
            return
        self._batch = True
        try:
            self._refresh_all()
        finally:
            self._batch = False
        self._changed()

    def _refresh_all(self) -> None:
        for name in self.controls:
            self._refresh(name)

    def _refresh(self, name: str) -> None:
        control = self.controls[name]
        if not isinstance(control, Choices | Cell) or control.depends is None:
            return
        for other in control.depends_on:
            if other not in self.controls:
                raise ValueError(f"{name}: what it offers depends on {other!r}, which is no control")
        control.refresh({other: self.controls[other].read() for other in control.depends_on}, name)
