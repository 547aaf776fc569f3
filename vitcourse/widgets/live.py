"""The one helper for pictures with controls: a figure that is drawn once and then changed in place."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from matplotlib.figure import Figure as MatplotlibFigure

from vitcourse.widgets.control import Control, require_controls
from vitcourse.widgets.fallback import Bundle, FirstFrame
from vitcourse.widgets.panel import Panel
from vitcourse.widgets.picture import require_alt
from vitcourse.widgets.screen import Screen
from vitcourse.widgets.touch import Touch
from vitcourse.widgets.touching import connect

Update = Callable[..., str | None]


class Live(FirstFrame, widgets.VBox):
    """What `live` returns.

    Attributes:
        values: the controls' present values, by name.
        png: the picture shown, as PNG bytes.
        figure: the widget that shows it, with `.caption` and `.error`.
        drawn: how many pictures were drawn so far.
    """

    def __init__(
        self,
        make: Callable[[MatplotlibFigure], Update],
        *,
        alt: str,
        size: tuple[int, int],
        controls: dict[str, Control],
    ) -> None:
        self._guard = threading.Lock()
        self._stale = self._busy = False
        self._screen = Screen(alt=alt, size=size)
        self._panel = Panel(controls, self._moved)
        self.figure = self._screen.widget
        self._change = make(self._screen.canvas)
        if not callable(self._change):
            raise ValueError(f"make returned {self._change!r}: return the function that updates the figure")
        caption = self._change(**self.values)
        self._screen.renderer.settle()
        self._screen.show(caption)
        super().__init__([*self._panel.row(), self._panel.beside(self.figure)])
        self.add_class("vitcourse-live")
        connect(self.figure, self._screen.canvas, {n: c for n, c in controls.items() if isinstance(c, Touch)})
        self.figure.observe(self._sharpen, "pixel_ratio")

    def __repr__(self) -> str:
        return f"live picture: {self.figure.alt}"

    @property
    def values(self) -> dict[str, Any]:
        return self._panel.values

    @property
    def png(self) -> bytes:
        return self.figure.png

    @property
    def drawn(self) -> int:
        return self._screen.drawn

    def update(self, **values: Any) -> None:
        """Sets controls from code, as a hand would, and draws once.

        Raises:
            ValueError: there is no such control, or the value is not one that it offers.
            Exception: whatever the lesson's own update raised; by hand it is shown below the picture.
        """
        self._panel.write(values)
        self._stale = True
        self._run(loud=True)

    def _moved(self) -> None:
        self._stale = True
        self._run(loud=False)

    def _run(self, *, loud: bool) -> None:
        """One update at a time. A value that comes meanwhile replaces any other that waits."""
        with self._guard:
            if self._busy:
                return  # whoever draws at present sees _stale and draws once more
            self._busy = True
        try:
            while self._next():
                try:
                    self._screen.show(self._change(**self.values))
                except Exception as error:
                    self._screen.fail(error)
                    if loud:
                        raise
        finally:
            self._busy = False  # an interrupt must not leave the picture dead

    def _next(self) -> bool:
        with self._guard:
            wanted, self._stale = self._stale, False
            if not wanted:
                self._busy = False
            return wanted

    def _sharpen(self, _: Any) -> None:
        self._screen.sharpen()
        self._moved()

    def _first_frame(self) -> Bundle:
        return self._screen.first_frame()


def live(
    make: Callable[[MatplotlibFigure], Update] | None = None,
    *,
    alt: str,
    size: tuple[int, int] = (640, 400),
    **controls: Control,
) -> Any:
    """A picture that answers its controls at once.

    `make(figure)` draws everything once and returns a function `update(...)`. That one gets the controls'
    values under their names and changes what was drawn, in place; it never clears the figure. What it
    returns, if anything, is shown as one line of text below the picture.

        @live(alt="A photograph cut into patches.", patch_size=choices([4, 7, 14], unit="pixels"))
        def cut(figure):
            axes = figure.subplots()
            axes.imshow(digit, cmap="gray")
            grid = axes.vlines([], -0.5, 27.5, color="tab:orange")

            def update(patch_size):
                edges = np.arange(0, 28, patch_size) - 0.5
                grid.set_segments([[(x, -0.5), (x, 27.5)] for x in edges])
                return f"{(28 // patch_size) ** 2} tokens"

            return update

        cut

    `live(make, alt=...)` does the same without the `@`. The last line of the cell shows it.

    To change in place: `image.set_data(array)` (and `set_clim` if the range changes), `line.set_data(x, y)`,
    `text.set_text(...)`, `bar.set_height(...)`, `scatter.set_offsets(...)`, `axes.set_title(...)`. Set the
    limits of the axes in `make`, wide enough for every value: else they move. Compute what is slow, and does
    not depend on a control, before. Use `figure.subplots()`, not pyplot.

    The layout is settled once (constrained layout), after the first update.

    Args:
        make: draws once, returns `update`.
        alt: what the picture shows and what the controls change, in a sentence or two.
        size: width and height of the picture in CSS pixels. At most about 760 wide, to fit a narrow window.
        controls: `slider`, `choices`, `toggle`, `play`, `button`; in the picture itself `cell`, `point`; beside it
            `drawing`.

    Returns:
        Live: shows itself; `.update(patch_size=7)` from code, `.values`, `.png`.

    Raises:
        ValueError: no alt text, no control where one is expected, `make` returns no function.
    """
    require_controls(controls)
    require_alt(alt)
    if make is None:
        return functools.partial(Live, alt=alt, size=size, controls=controls)
    return Live(make, alt=alt, size=size, controls=controls)
