"""The picture in the browser that stays: PNG bytes are pushed into it, its height never changes."""

from __future__ import annotations

import pathlib

import anywidget
import traitlets

from vitcourse.widgets.fallback import Bundle, FirstFrame, png_frame
from vitcourse.widgets.picture import require_alt

HERE = pathlib.Path(__file__).parent


class Figure(FirstFrame, anywidget.AnyWidget):
    """A picture that is replaced without a flicker and reports where it is touched.

    Lessons use `live`, which owns one of these.

    Traits sent to the browser:
        png: the picture, as PNG bytes.
        alt: what it shows, for who cannot see it.
        width, height: its size in CSS pixels. It shrinks where there is less room, in proportion.
        caption: one line of plain text below it, read out when it changes.
        error: a message below it, in red; empty while all is well.
        interactive: whether it takes the keyboard's focus and reports touches.
        hover: whether it also reports where a mouse or a pen is that presses nothing.
        hint: how it can be operated, shown below it and read out on focus.
        cursor: the CSS cursor over it while `interactive`.

    Traits set by the browser:
        pointer: {"x", "y", "start_x", "start_y", "press", "down", "over"}: where the pointer was last while it
            was held and where it was pressed, as fractions of the picture from its top left corner; how often it
            was pressed so far; whether it is still held; and [x, y] where it is now, held by nobody, or None.
        arrows: {"right", "down", "next", "again"}: presses of the arrow keys so far (right minus left, down minus
            up), of the key N, and of Space.
        pixel_ratio: device pixels per CSS pixel.

    At most one message is on its way to Python: positions passed meanwhile are dropped, the last one is not.
    """

    _esm = HERE / "figure.js"
    _css = HERE / "figure.css"

    png = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    width = traitlets.Int(640).tag(sync=True)
    height = traitlets.Int(400).tag(sync=True)
    caption = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    interactive = traitlets.Bool(False).tag(sync=True)
    hover = traitlets.Bool(False).tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    cursor = traitlets.Unicode("default").tag(sync=True)
    pointer = traitlets.Dict().tag(sync=True, echo_update=False)
    arrows = traitlets.Dict().tag(sync=True, echo_update=False)
    pixel_ratio = traitlets.Float(1.0).tag(sync=True, echo_update=False)

    @traitlets.validate("alt")
    def _say_something(self, proposal: traitlets.Bunch) -> str:
        return require_alt(proposal["value"])

    def __repr__(self) -> str:
        return f"figure: {self.alt}"

    def _first_frame(self) -> Bundle:
        if not self.png:
            return {}, {}
        return png_frame(self.png, width=self.width, height=self.height)
