"""A drawn guess laid over the measured curve: a figure as SVG, in the notebook's own theme colors."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from vitcourse.plots.axis import Axis
from vitcourse.plots.drawn_curve import GUESS, MEASURED, Curve, guess_and_measured, mean_difference
from vitcourse.plots.style import INK
from vitcourse.widgets import reveal
from vitcourse.widgets.render import DRAWING

THEMED = {
    GUESS: reveal.GUESS,
    MEASURED: reveal.MEASURED,
    INK: "var(--jp-content-font-color1,#222)",
}


def measured_curve(xs: object, ys: object, x: Axis) -> Curve:
    """What was measured, as two float arrays of shape (points,), in rising order of x.

    Raises:
        ValueError: they are no numbers, differ in length, are fewer than two, or lie where the axis does not.
    """
    arrays = {}
    for name, given in (("xs", xs), ("ys", ys)):
        try:
            array = np.asarray(given, dtype=float)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"{name}={given!r} are no numbers: give a list or an array of them") from None
        if array.ndim != 1 or len(array) < 2:
            raise ValueError(f"{name} has the shape {array.shape}: give at least two numbers, one after the other")
        if not np.isfinite(array).all():
            where = int(np.argmin(np.isfinite(array)))
            raise ValueError(f"{name}[{where}]={array[where]} is not finite: leave that point out")
        arrays[name] = array
    if len(arrays["xs"]) != len(arrays["ys"]):
        raise ValueError(f"xs has {len(arrays['xs'])} numbers, ys has {len(arrays['ys'])}: give one y for each x")
    if x.log and arrays["xs"].min() <= 0:
        raise ValueError(f"xs holds {arrays['xs'].min():g}: on a logarithmic axis all must be above 0")
    if not ((arrays["xs"] >= x.low) & (arrays["xs"] <= x.high)).any():
        raise ValueError(f"xs has no number from {x.low:g} to {x.high:g}, where the guess was asked for")
    order = np.argsort(arrays["xs"], kind="stable")
    return arrays["xs"][order], arrays["ys"][order]


def reveal_curve(question: str, guess: Curve | None, measured: Curve, x: Axis, y: Axis, note: str) -> reveal.Reveal:
    """Both curves on one pair of axes, and in words how far they lie apart."""
    ends = from_to(measured, x, y)
    if guess is None:
        line = f"no guess; measured: {ends}."
        alt = f"{y.title or 'y'} over {x.title or 'x'}. Measured: {ends}."
        more = f"<div>No guess was locked. {reveal.NO_GUESS}</div>"
    else:
        apart = reveal.with_unit(y.text(mean_difference(guess, measured, x)), y.unit)
        line = f"your curve lies {apart} from the measured one on average."
        alt = f"{y.title or 'y'} over {x.title or 'x'}. Your guess: {from_to(guess, x, y)}; measured: {ends}."
        more = f"<div>{html.escape(line[0].upper() + line[1:])}</div>"
    drawn = themed_svg(guess_and_measured(guess, measured, x, y), alt)
    body = f'<div style="font-weight:600;margin-bottom:4px">{html.escape(question)}</div>{drawn}{more}'
    return reveal.Reveal(line, body, note=note)


def from_to(curve: Curve, x: Axis, y: Axis) -> str:
    """Where a curve begins and ends: "2.30 at 0, 0.05 at 2,814 nats"."""
    ends = [f"{reveal.with_unit(y.text(curve[1][i]), y.unit)} at {x.name} {x.text(curve[0][i])}" for i in (0, -1)]
    return ", ".join(" ".join(end.split()) for end in ends)


def themed_svg(figure: Figure, alt: str) -> str:
    """A figure as an SVG element that takes the theme's colors; its letters are shapes, so that none is read out."""
    options: Any = {"svg.fonttype": "path", "svg.hashsalt": "vitcourse", "path.simplify_threshold": 0.3}
    out = io.StringIO()
    with DRAWING, matplotlib.rc_context(options):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    _, _, drawing = out.getvalue().partition("<svg")
    # Matplotlib's own style would hold for the whole page, and its names stand for one figure alone.
    drawing = re.sub(r"<(metadata|style)\b.*?</\1>|<!--.*?-->", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)
    drawing = re.sub(r' (?:width|height)="[\d.]+pt"', "", drawing, count=2)
    drawing = re.sub(r"(?<!scale\()\b\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", drawing)
    for color, theme in THEMED.items():
        drawing = re.sub(re.escape(color), theme, drawing, flags=re.IGNORECASE)
    look = f"display:block;width:{100 * figure.get_figwidth():.0f}px;max-width:100%;height:auto;stroke-linejoin:round"
    return f'<svg role="img" aria-label="{html.escape(alt)}" style="{look}"{drawing}'
