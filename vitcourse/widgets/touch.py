"""Controls that lie in the picture itself, by click, drag or arrow keys: what they have in common, and the point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vitcourse.widgets.control import Control, label_of

STEPS = 40  # arrow presses from one end of a range to the other


class Place(tuple):
    """What `update` gets of a cell or a point: the pair of numbers, and how often it was set so far.

    Attributes:
        touches: 0 at first, and one more at each press, each cell that a drag comes to, each key. Two presses on one
            cell give equal pairs; this number tells them apart, as a brush must. Hovering does not count.
        kept: the pair that was set last, while a pointer that presses nothing shows another one; else this one.
    """

    touches: int
    kept: Place

    def __new__(cls, pair: Iterable[float], touches: int = 0, kept: Place | None = None) -> Place:
        made = super().__new__(cls, pair)
        made.touches = touches
        made.kept = made if kept is None else kept
        return made


class Touch(Control):
    """A pair of numbers set in the picture.

    `value` is what a press or a key has set, `over` what a pointer above it shows meanwhile, if it may.
    """

    cursor = "pointer"
    value: Place

    def __init__(self, *, value: tuple, axes: int | tuple[int, ...], label: str, hover: bool = False) -> None:
        super().__init__(label=label)
        self.axes = (axes,) if isinstance(axes, int) else tuple(axes)
        self.hover = hover
        self.value = Place(value)
        self.over: Place | None = None

    def build(self, name: str) -> None:
        return None

    def read(self) -> Place:
        return self.value if self.over is None else self.over

    def write(self, value: Any, name: str) -> None:
        pair = self._checked(value, name)
        if isinstance(value, Place):  # put back as it was: nobody touched it
            self.value, self.over = value.kept, None
        else:
            self._take(pair, again=True)

    def _checked(self, value: Any, name: str) -> tuple:
        """`value` as a pair; ValueError where it is not one that can be set."""
        raise NotImplementedError

    def _take(self, value: tuple, *, again: bool = False) -> None:
        """Sets the value; one that it has already counts only when it is set `again`, on purpose."""
        if again or value != self.value:
            self.value, self.over = Place(value, self.value.touches + 1), None
            self.changed()

    def hovered(self, axes: Axes, x: float, y: float) -> None:
        """A pointer that presses nothing is at (x, y): shows that value until it leaves, and keeps its own."""
        self._show(Place(self.place(axes, x, y), self.value.touches, self.value))

    def left(self) -> None:
        """No pointer is above it any more."""
        self._show(None)

    def _show(self, over: Place | None) -> None:
        before, self.over = self.read(), over
        if self.read() != before:
            self.changed()

    def touched(self, axes: Axes, x: float, y: float, *, pressed: bool = False) -> None:
        """The picture was pressed at (x, y), or the pointer moved there while it was held."""
        self._take(self.place(axes, x, y), again=pressed)

    def pressed_again(self) -> None:
        """Sets the present value once more, as a key does."""
        self._take(self.read(), again=True)

    def axes_in(self, figure: Figure) -> list[Axes]:
        return [figure.axes[i] for i in self.axes if i < len(figure.axes)]

    def place(self, axes: Axes, x: float, y: float) -> tuple:
        """The value at (x, y), fractions of the axes from its lower left corner."""
        raise NotImplementedError

    def go(self, right: int, down: int, axes: Axes) -> None:
        raise NotImplementedError

    def far(self, axes: Axes, x: float, y: float) -> float:
        """How far (x, y), fractions of the axes, is from the present value: the nearest control is taken."""
        return 0.1  # a point nearer than this wins over the cell below it

    def describe(self, name: str) -> str:
        raise NotImplementedError


class Point(Touch):
    """A point (x, y) in the data coordinates of the axes."""

    cursor = "crosshair"

    def __init__(
        self, x: float, y: float, *, bounds: tuple[float, float, float, float] | None, axes: int, label: str
    ) -> None:
        super().__init__(value=(float(x), float(y)), axes=axes, label=label)
        self.bounds = bounds
        if bounds is not None:
            if len(bounds) != 4 or not (bounds[0] < bounds[1] and bounds[2] < bounds[3]):
                raise ValueError(f"bounds={bounds!r}: give (x low, x high, y low, y high), low below high")
            self._checked(self.value, "x, y")

    def _checked(self, value: Any, name: str) -> tuple[float, float]:
        try:
            x, y = (float(number) for number in value)
        except (TypeError, ValueError):
            raise ValueError(f"{name}={value!r} is not a pair of numbers (x, y)") from None
        if self.bounds is not None:
            low_x, high_x, low_y, high_y = self.bounds
            if not (low_x <= x <= high_x and low_y <= y <= high_y):
                raise ValueError(f"{name}={value!r} lies outside x {low_x:g} to {high_x:g}, y {low_y:g} to {high_y:g}")
        return x, y

    def _ranges(self, axes: Axes) -> tuple[float, float, float, float]:
        if self.bounds is not None:
            return self.bounds
        return (*sorted(axes.get_xlim()), *sorted(axes.get_ylim()))  # type: ignore[return-value]

    def _clamped(self, axes: Axes, x: float, y: float) -> tuple[float, float]:
        low_x, high_x, low_y, high_y = self._ranges(axes)
        return _tidy(min(max(x, low_x), high_x), high_x - low_x), _tidy(min(max(y, low_y), high_y), high_y - low_y)

    def place(self, axes: Axes, x: float, y: float) -> tuple[float, float]:
        data = axes.transData.inverted().transform(axes.transAxes.transform((x, y)))
        return self._clamped(axes, float(data[0]), float(data[1]))

    def go(self, right: int, down: int, axes: Axes) -> None:
        low_x, high_x, low_y, high_y = self._ranges(axes)
        right, down = (-right if axes.xaxis_inverted() else right), (-down if axes.yaxis_inverted() else down)
        x = self.value[0] + right * (high_x - low_x) / STEPS
        y = self.value[1] - down * (high_y - low_y) / STEPS
        self._take(self._clamped(axes, x, y))

    def far(self, axes: Axes, x: float, y: float) -> float:
        here = axes.transAxes.inverted().transform(axes.transData.transform(self.value))
        return float(abs(here[0] - x) + abs(here[1] - y))

    def describe(self, name: str) -> str:
        return f"{label_of(self, name)}: click, drag, or use the arrow keys."


def _tidy(value: float, span: float) -> float:
    """Rounds to a 1000th of the span, so that captions do not flicker in their last digits."""
    digits = max(0, 3 - len(str(int(span)))) + 1 if span >= 1 else 4
    return round(value, digits)
