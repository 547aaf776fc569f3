"""A sheet to draw on: ink by mouse, pen, finger or keyboard, given to Python as an image."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import anywidget
import numpy as np
import traitlets

from vitcourse.data.centering import centered
from vitcourse.widgets.control import Control, label_of
from vitcourse.widgets.scripts import joined

HERE = pathlib.Path(__file__).parent
SCRIPTS = ("drawing_ink.js", "drawing_board.js", "drawing.js")
SMALLEST, LARGEST = 8, 128  # pixels of a side
KEYS = "Keys: arrows move the nib, Space lowers or lifts it, E switches to the eraser and back, Delete clears."
TO_THE_MIDDLE = "What you draw is moved to the middle, as MNIST's digits were."


class Pad(anywidget.AnyWidget):
    """The sheet in the browser; lessons use `drawing`, which owns one of these.

    Traits sent to the browser:
        size: pixels of a side.
        start_names, start_values: images to begin with: their names, and size * size bytes for each.
        grid: rows and columns of thin lines over the sheet; empty for none.
        guide: whether a blank sheet shows the box in which the digits of MNIST lie.
        label, hint: what it is, and how it can be operated.
        disabled: whether it can be drawn on.

    Traits set by either side:
        value: the ink, size * size bytes, row by row: 0 blank, 255 full.

    At most one message is on its way to Python: drawings passed meanwhile are dropped, the last one is not.
    """

    _esm = joined(*(HERE / name for name in SCRIPTS))
    _css = HERE / "drawing.css"

    size = traitlets.Int(28).tag(sync=True)
    value = traitlets.Bytes(b"").tag(sync=True, echo_update=False, from_json=lambda value, _: bytes(value))
    start_names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    start_values = traitlets.Bytes(b"").tag(sync=True)
    grid = traitlets.List(traitlets.Int()).tag(sync=True)
    guide = traitlets.Bool(False).tag(sync=True)
    label = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    @traitlets.validate("value")
    def _whole(self, proposal: traitlets.Bunch) -> bytes:
        if len(proposal["value"]) != self.size**2:
            raise traitlets.TraitError(f"value: {len(proposal['value'])} bytes, not {self.size} x {self.size}")
        return proposal["value"]


class Drawing(Control):
    """An image that is drawn, float32 (size, size) from 0 (blank) to 1 (ink)."""

    beside = True

    def __init__(
        self, size: int, *, start: Any, value: str | None, center: bool, grid: tuple[int, int] | None, label: str
    ) -> None:
        super().__init__(label=label)
        if isinstance(size, bool) or not isinstance(size, int) or not SMALLEST <= size <= LARGEST:
            raise ValueError(f"size={size!r} is not a whole number of pixels from {SMALLEST} to {LARGEST}")
        if grid is not None and not (
            isinstance(grid, tuple) and len(grid) == 2 and all(isinstance(n, int) and 0 < n <= size for n in grid)
        ):
            raise ValueError(f"grid={grid!r} is not (rows, columns), each from 1 to {size}; None draws no lines")
        self.size, self.center, self.grid = size, bool(center), grid
        self.starts = self._named(start)
        if value is not None and value not in self.starts:
            names = ", ".join(self.starts) or "none"
            raise ValueError(f"value={value!r} is not the name of an image in start: {names}")
        first = value if value is not None else next(iter(self.starts), None)
        self._ink = bytes(size**2) if first is None else self.starts[first]
        self._last: tuple[Any, bytes] = (None, b"")

    def _named(self, start: Any) -> dict[str, bytes]:
        """Each image of `start` as bytes, by name."""
        if start is None:
            return {}
        if not isinstance(start, Mapping):
            return {"start": self._bytes(start, "start")}
        if not start:
            raise ValueError("start={}: name at least one image, or leave it out for a blank sheet")
        return {str(name): self._bytes(image, f"start[{name!r}]") for name, image in start.items()}

    def _bytes(self, image: Any, name: str) -> bytes:
        """An image as bytes; ValueError where it is none of this size."""
        try:
            ink = np.asarray(image, dtype=np.float64)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(f"{name}={type(image).__name__} is no image: give an array of numbers") from None
        if ink.shape != (self.size, self.size):
            raise ValueError(f"{name}: its shape is {ink.shape}; give ({self.size}, {self.size}), rows and columns")
        if not np.isfinite(ink).all():
            raise ValueError(f"{name}: {int((~np.isfinite(ink)).sum())} of its numbers are not finite; give 0 to 1")
        if ink.min() < 0 or ink.max() > 1:
            raise ValueError(f"{name}: its numbers go from {ink.min():g} to {ink.max():g}; give 0 (blank) to 1 (ink)")
        return np.rint(255 * ink).astype(np.uint8).tobytes()

    def build(self, name: str) -> Pad:
        return Pad(
            size=self.size,
            value=self._ink,
            start_names=[*self.starts],
            start_values=b"".join(self.starts.values()),
            grid=[*self.grid] if self.grid else [],
            guide=self.center,
            label=label_of(self, name),
            hint=f"{TO_THE_MIDDLE} {KEYS}" if self.center else KEYS,
        )

    def read(self) -> np.ndarray:
        """What `update` gets: a new array each time, free to be changed."""
        ink = self.widget.value
        image = np.frombuffer(ink, np.uint8).reshape(self.size, self.size).astype(np.float32) / 255
        image = centered(image) if self.center else image
        self._last = image, ink
        return image

    def write(self, value: Any, name: str) -> None:
        image, ink = self._last
        # What was read last may stand on the sheet away from the middle: put back, it lies where it lay.
        self.widget.value = ink if value is image and image is not None else self._bytes(value, name)
