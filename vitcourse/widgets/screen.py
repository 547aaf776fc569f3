"""A matplotlib figure that lives, and the widget that shows it."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure as MatplotlibFigure

from vitcourse.widgets.fallback import Bundle, png_frame
from vitcourse.widgets.figure import Figure
from vitcourse.widgets.picture import require_alt
from vitcourse.widgets.redraw import Renderer
from vitcourse.widgets.render import DRAWING, fast_png, small_png

DPI = 100
LARGEST_RATIO = 2.0


class Screen:
    """`canvas` is drawn on, `widget` is shown, `show()` brings the one to the other.

    The canvas is made without pyplot, so that nothing else keeps or shows it.
    """

    def __init__(self, *, alt: str, size: tuple[int, int]) -> None:
        pair = isinstance(size, tuple) and len(size) == 2
        if not pair or not all(isinstance(side, int) and 50 <= side <= 2000 for side in size):
            raise ValueError(f"size={size!r} is not (width, height) in pixels, each from 50 to 2000")
        width, height = size
        self.canvas = MatplotlibFigure(figsize=(width / DPI, height / DPI), dpi=DPI, layout="constrained")
        self.renderer = Renderer(self.canvas)
        self.widget = Figure(alt=require_alt(alt), width=width, height=height)
        self.drawn = 0
        self._shown: np.ndarray | None = None

    def show(self, caption: str | None = None) -> None:
        """Draws, and sends picture and caption in one message."""
        self._shown = self.renderer.rgb()
        png = fast_png(self._shown)
        with self.widget.hold_sync():
            self.widget.png = png
            self.widget.caption = str(caption or "")
            self.widget.error = ""
        self.drawn += 1

    def fail(self, error: BaseException) -> None:
        """Says below the picture what went wrong."""
        self.widget.error = f"{type(error).__name__}: {error}"

    def sharpen(self) -> None:
        """From now on draws with the screen's own pixels, up to two per CSS pixel."""
        with DRAWING:
            self.canvas.set_dpi(DPI * min(max(self.widget.pixel_ratio, 1.0), LARGEST_RATIO))

    def first_frame(self) -> Bundle:
        if self._shown is None:
            return {}, {}
        return png_frame(small_png(self._shown), width=self.widget.width, height=self.widget.height)
