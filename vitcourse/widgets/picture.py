"""A static figure in a lesson: a picture with alt text, which Jupyter's own image renderer would leave out."""

from __future__ import annotations

import base64
import html
import io
import sys

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from vitcourse.widgets.render import DRAWING, small_png

CARD = "background:#fff;border-radius:8px;padding:8px;max-width:100%;height:auto;box-sizing:border-box"
SHARP_DPI, PLAIN_DPI = 150, 100


class Picture:
    """What `picture` returns: shown as an image, or as the line `picture: <alt>` where text alone is shown."""

    def __init__(self, *, png: bytes, alt: str, width: int) -> None:
        self.png = png
        self.alt = alt
        self.width = width

    def __repr__(self) -> str:
        return f"picture: {self.alt}"

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode("ascii")
        return (
            f'<img alt="{html.escape(self.alt)}" width="{self.width}" style="{CARD}" '
            f'src="data:image/png;base64,{data}">'
        )


def require_alt(alt: object) -> str:
    """The alt text without spaces around it; ValueError where it says nothing."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt={alt!r}: say in a sentence what the picture shows, for who cannot see it")
    return " ".join(alt.split())


def picture(figure: Figure, *, alt: str, max_kb: int = 120) -> Picture:
    """Turns a matplotlib figure into a picture with alt text, and closes the figure.

    Make it the last expression of a cell:

        figure, axes = plt.subplots(figsize=(6, 3))
        axes.plot(losses)
        picture(figure, alt="The training loss falls from 2.3 to 0.1 within 500 steps.")

    Args:
        figure: a matplotlib Figure, from pyplot or not. One inch of it is shown as 100 px.
        alt: what the picture shows, in a sentence or two. Say the finding, not "a plot of x".
        max_kb: above this size the picture is stored at 100 instead of 150 dots per inch.

    Raises:
        ValueError: the alt text is empty, or `figure` is no matplotlib figure.
    """
    alt = require_alt(alt)
    if not isinstance(figure, Figure):
        raise ValueError(f"figure={type(figure).__name__}: pass a matplotlib Figure (axes.figure of an Axes)")
    png = _png(figure, SHARP_DPI)
    width = round(_width(png) * 100 / SHARP_DPI)
    if len(png) > max_kb * 1000:
        png = _png(figure, PLAIN_DPI)
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close(figure)
    return Picture(png=png, alt=alt, width=width + 16)  # 8 px of padding on either side


def _png(figure: Figure, dpi: int) -> bytes:
    with DRAWING, io.BytesIO() as out:
        figure.savefig(out, format="png", dpi=dpi, bbox_inches="tight", facecolor="white")
        with Image.open(out) as image:
            return small_png(np.asarray(image.convert("RGB")))


def _width(png: bytes) -> int:
    with Image.open(io.BytesIO(png)) as image:
        return image.width
