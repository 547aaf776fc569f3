"""From touches of the picture to the controls that lie in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure

from vitcourse.widgets.figure import Figure
from vitcourse.widgets.touch import Touch


def connect(widget: Figure, figure: MatplotlibFigure, touches: dict[str, Touch]) -> None:
    """Lets presses, drags, a pointer above the widget and arrow keys on it move the controls."""
    if not touches:
        return
    names = list(touches)
    held: dict[str, Any] = {"press": 0, "target": None, "at": None, "chosen": names[0]}
    arrows = {"right": 0, "down": 0, "next": 0, "again": 0}

    def pointer_moved(change: Any) -> None:
        at = change["new"]
        if not at:
            return
        if pressed := at["press"] != held["press"]:
            held["press"] = at["press"]
            held["target"] = nearest(touches, figure, at["start_x"], 1 - at["start_y"])
            if held["target"] is not None:
                held["chosen"] = held["target"][0]
        dragged = (at["x"], at["y"]) != held["at"]  # else an old press would undo what a key set since
        held["at"] = at["x"], at["y"]
        if held["target"] is not None and (pressed or dragged):
            name, axes = held["target"]
            touches[name].touched(axes, *fraction(axes, figure, at["x"], 1 - at["y"]), pressed=pressed)
        hovered(at.get("over"))

    def hovered(over: Any) -> None:
        """The pointer is above the picture at `over`, and held by nobody; None: it is not."""
        target = nearest(touches, figure, over[0], 1 - over[1]) if over else None
        above, axes = target or ("", None)
        for name, control in touches.items():
            if control.hover and name != above:
                control.left()
        if axes is not None and touches[above].hover:
            touches[above].hovered(axes, *fraction(axes, figure, over[0], 1 - over[1]))

    def arrows_pressed(change: Any) -> None:
        pressed = {key: int(change["new"].get(key, 0)) for key in arrows}
        right, down, on, again = (pressed[key] - arrows[key] for key in arrows)
        arrows.update(pressed)
        if on:
            held["chosen"] = names[(names.index(held["chosen"]) + on) % len(names)]
        if right or down:
            control = touches[held["chosen"]]
            control.go(right, down, control.axes_in(figure)[0])
        if again:
            touches[held["chosen"]].pressed_again()

    hints = [control.describe(name) for name, control in touches.items()]
    if len(touches) > 1:
        hints.append("N: the next one.")
    widget.hint = " ".join(hints)
    widget.cursor = next(iter(touches.values())).cursor
    widget.hover = any(control.hover for control in touches.values())
    widget.interactive = True
    widget.observe(pointer_moved, "pointer")
    widget.observe(arrows_pressed, "arrows")


def nearest(touches: Mapping[str, Touch], figure: MatplotlibFigure, x: float, y: float) -> tuple[str, Axes] | None:
    """Which control a press at (x, y) is for: fractions of the picture from its lower left corner."""
    best: tuple[float, str, Axes] | None = None
    for name, control in touches.items():
        for axes in control.axes_in(figure):
            fx, fy = fraction(axes, figure, x, y)
            if -0.02 <= fx <= 1.02 and -0.02 <= fy <= 1.02:
                far = control.far(axes, fx, fy)
                if best is None or far < best[0]:
                    best = (far, name, axes)
    return None if best is None else best[1:]


def fraction(axes: Axes, figure: MatplotlibFigure, x: float, y: float) -> tuple[float, float]:
    """From fractions of the picture to fractions of the axes."""
    at = axes.transAxes.inverted().transform(figure.transFigure.transform((x, y)))
    return float(at[0]), float(at[1])
