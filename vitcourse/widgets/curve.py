"""A prediction that is drawn: a curve by hand on an empty pair of axes."""

from __future__ import annotations

import html
import math
import pathlib
from numbers import Real
from typing import Any

import anywidget
import numpy as np
import traitlets

from vitcourse.plots.axis import Axis, tick_text
from vitcourse.plots.drawn_curve import joined
from vitcourse.widgets.prediction import Prediction
from vitcourse.widgets.reveal import Reveal, with_unit
from vitcourse.widgets.reveal_curve import measured_curve, reveal_curve
from vitcourse.widgets.scripts import joined as one_module

HERE = pathlib.Path(__file__).parent
COLUMNS = 101  # one height in each; every fifth is a station of the keyboard
PLACES = np.linspace(0, 1, COLUMNS)


class CurveView(anywidget.AnyWidget):
    """The axes and what is drawn on them. The browser draws by itself, so that nobody waits for the kernel.

    Traits sent to the browser:
        title: the question, for screen readers.
        x, y: of each axis its `title`, `name`, `unit` and `ticks`, pairs of a place (0 to 1) and a text. Of x also
            `texts`, what each column stands for; of y `low`, `high` and the number of `digits`.

    Traits set by either side:
        heights: for each column from left to right a height from 0 to 1, or None where nothing is drawn.
        locked: whether it stays as it is.
        status: the line beside the button.
    """

    _esm = one_module(HERE / "curve_axes.js", HERE / "curve.js")
    _css = HERE / "curve.css"

    title = traitlets.Unicode("").tag(sync=True)
    x = traitlets.Dict().tag(sync=True)
    y = traitlets.Dict().tag(sync=True)
    heights: traitlets.List[Any] = traitlets.List().tag(sync=True, echo_update=False)
    locked = traitlets.Bool(False).tag(sync=True, echo_update=False)
    status = traitlets.Unicode("").tag(sync=True, echo_update=False)


class CurvePrediction(Prediction):
    """A curve drawn by hand. `.guess` is None until it is locked, then (xs, ys), two arrays of 101 numbers."""

    def __init__(
        self,
        question: str,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        labels: tuple[str, str],
        unit: str,
        log_x: bool,
    ) -> None:
        require_ends(x, y, log_x)
        self.x_axis = Axis(*x, name=labels[0], log=log_x)
        self.y_axis = Axis(*y, name=labels[1], unit=unit)
        self._view = CurveView(
            title=question,
            x={**_seen(self.x_axis), "texts": [self.x_axis.text(value) for value in self.x_axis.values(PLACES)]},
            y={**_seen(self.y_axis), "low": float(y[0]), "high": float(y[1]), "digits": _digits(self.y_axis)},
            heights=[None] * COLUMNS,
        )
        self._view.observe(self._keep, "locked")
        across, up = (f"{axis.text(axis.low)} to {axis.text(axis.high)}" for axis in (self.x_axis, self.y_axis))
        listing = (
            f"a curve to draw, on empty axes: {labels[0] or 'x'} from {across} to the right, "
            f"{labels[1] or 'y'} from {with_unit(up, unit)} upwards"
        )
        super().__init__(question, [self._view], listing=f"<p>{html.escape(listing)}</p>")

    def draw(self, xs: Any, ys: Any) -> None:
        """Draws straight lines from point to point, as a hand does, over what was there from the first to the last.

        Args:
            xs, ys: of the points, in rising order of x, on the axes. What lies above or below ends at their edge.

        Raises:
            ValueError: no two points, or not one y for each x; the guess is locked.
        """
        if self.guess is not None:
            raise ValueError("the guess is locked: run the cell of the question again for a new one")
        xs, ys = measured_curve(xs, ys, self.x_axis)
        places = self.x_axis.fractions(xs)
        heights = np.interp(PLACES, places, self.y_axis.fractions(ys)).clip(0, 1)
        drawn = (places[0] - 1e-9 <= PLACES) & (places[-1] + 1e-9 >= PLACES)
        self._view.heights = [
            float(new) if over else old for over, new, old in zip(drawn, heights, self._view.heights, strict=True)
        ]

    def lock(self) -> None:
        if all(height is None for height in self._view.heights):
            self._view.status = "Draw a curve first."
        else:
            self._view.locked = True

    def _keep(self, change: Any) -> None:
        if self.guess is not None or not change.new:
            return
        self.guess = self.x_axis.values(PLACES), self.y_axis.values(joined(self._view.heights))
        for array in self.guess:
            array.setflags(write=False)
        first, last = (self.y_axis.text(height) for height in self.guess[1][[0, -1]])
        self._view.status = f"Your guess: from {first} to {with_unit(last, self.y_axis.unit)}"

    def reveal(self, xs: Any, ys: Any, *, note: str = "") -> Reveal:
        """The guess laid over the measured curve; make it the last expression of a later cell.

        Args:
            xs, ys: the measured points, lists or arrays of at least two numbers. They may leave the axes: those are
                widened. How far the guess lies from them, on average, is said for those where x was asked for.
            note: a sentence that explains it.

        Raises:
            ValueError: xs and ys differ in length, are no finite numbers, or fewer than two; no x was asked for.
        """
        measured = measured_curve(xs, ys, self.x_axis)
        return reveal_curve(self.question, self.guess, measured, self.x_axis, self.y_axis, note)


def require_ends(x: Any, y: tuple[Any, Any], log_x: bool) -> None:
    """ValueError unless both are two finite numbers in rising order, above 0 on a logarithmic axis."""
    if not isinstance(x, tuple | list) or len(x) != 2 or not all(map(_finite, x)) or not x[0] < x[1]:
        raise ValueError(f"x={x!r}: give two finite numbers, the lower one first")
    if not all(map(_finite, y)) or not y[0] < y[1]:
        raise ValueError(f"low={y[0]!r}, high={y[1]!r}: give finite numbers, low less than high")
    if log_x and x[0] <= 0:
        raise ValueError(f"x={x!r} with log_x=True: a logarithmic axis begins above 0")


def _finite(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _seen(axis: Axis) -> dict[str, Any]:
    places = axis.fractions(np.asarray(axis.ticks()))
    ticks = [[float(place), tick_text(tick)] for place, tick in zip(places, axis.ticks(), strict=True)]
    return {"title": axis.title, "name": axis.name, "unit": axis.unit, "ticks": ticks}


def _digits(axis: Axis) -> int:
    return len(axis.text(axis.high).partition(".")[2])
