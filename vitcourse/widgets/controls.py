"""Controls as data: each offers only valid values, has a label, and works by keyboard.

    live(make, alt=..., patch_size=choices([4, 7, 14], unit="pixels"), heads=slider(1, 12))

The keyword is the name under which `update` gets the value. The label is the keyword with spaces for
underscores unless `label=` says otherwise; `unit=` is put behind it in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vitcourse.widgets.cells import Cell
from vitcourse.widgets.choice import Choices
from vitcourse.widgets.drawing import Drawing
from vitcourse.widgets.number import Animation, Button, Number, Toggle
from vitcourse.widgets.touch import Point


def choices(
    options: Sequence[Any] | Mapping[str, Any] | Callable[..., Sequence[Any] | Mapping[str, Any]],
    *,
    value: Any = None,
    label: str = "",
    unit: str = "",
    kind: str = "auto",
) -> Choices:
    """One of a few values: numbers as a slider, names as buttons, many names as a list.

        patch_size=choices([4, 7, 14], unit="pixels")
        image=choices({"a digit": digit, "a photograph": photo})
        num_heads=choices(lambda embed_dim: [h for h in (1, 2, 3, 4, 6, 8) if embed_dim % h == 0])

    Args:
        options: the values; or names and their values, which may be arrays; or a function of other
            controls' values (its parameters bear their names) that gives either, so that only what fits
            them can be chosen.
        value: the one chosen at first; else the first.
        kind: "slider", "buttons" or "list"; "auto" decides.

    Raises:
        ValueError: no option, a `value` that is not an option, an unknown `kind`.
    """
    if kind not in ("auto", "slider", "buttons", "list"):
        raise ValueError(f'kind={kind!r} is not one of "auto", "slider", "buttons", "list"')
    made = Choices(options, value=value, label=label, unit=unit, kind=kind)
    if value is not None and made.options:
        made._index(value, "value")
    return made


def slider(
    low: float, high: float, *, step: float = 1, value: float | None = None, label: str = "", unit: str = ""
) -> Number:
    """A number from `low` to `high`, both included: `slider(1, 12)`, `slider(0.0, 1.0, step=0.05)`.

    Whole numbers if `low`, `high`, `step` and `value` all are. Starts at `value`, else at `low`.

    Raises:
        ValueError: low is not below high, the step does not fit between them, value lies outside.
    """
    return Number(low, high, step=step, value=value, label=label, unit=unit)


def play(
    low: int,
    high: int,
    *,
    step: int = 1,
    value: int | None = None,
    interval: int = 200,
    label: str = "",
    unit: str = "",
) -> Animation:
    """A slider over whole numbers with a play button: `step=play(0, 100)`.

    Args:
        interval: milliseconds between two values while it plays.
    """
    made = Animation(low, high, step=step, value=value, label=label, unit=unit)
    made.interval = interval
    return made


def toggle(value: bool = False, *, label: str = "") -> Toggle:
    """On or off: `grid=toggle(True, label="show the grid")`."""
    return Toggle(value, label=label)


def button(label: str = "") -> Button:
    """A button. `update` gets how often it was pressed: 0 at first, so that it serves as a seed too.

    def update(shuffle):
        order = np.arange(16) if shuffle == 0 else np.random.default_rng(shuffle).permutation(16)
    """
    return Button(label=label)


def cell(
    rows: int | Callable[..., tuple[int, int]],
    columns: int | None = None,
    *,
    value: tuple[int, int] = (0, 0),
    axes: int | tuple[int, ...] = 0,
    label: str = "",
    hover: bool = False,
) -> Cell:
    """A cell of a grid that is chosen in the picture: `patch=cell(7, 7)` gives `update(patch=(row, column))`.

    The grid fills the axes, row 0 on top, as `axes.imshow(image)` shows an image cut into patches. By click,
    drag or arrow keys; Space sets the same cell again. `patch.touches` counts: 0 at first, and one more whenever a
    cell is set, the same one included.

    With `hover=True` a mouse or a pen above a cell shows it without a press. When it leaves, the cell comes back that a
    click or a key has set last. That needs an update as fast as the hand, below about 40 ms.

        patch=cell(lambda patch_size: (28 // patch_size, 28 // patch_size), hover=True)

    Args:
        rows, columns: of the grid. Or, alone, a function of other controls' values (its parameters bear their names,
            and those controls stand before this one) that gives both: the cell then stays where it is in the picture.
        value: (row, column) at first.
        axes: which of `figure.axes` can be clicked; several as a tuple.
        hover: whether the cell below the pointer is shown without a press. It does not count in `touches`.

    Raises:
        ValueError: rows or columns below 1, value outside the grid, columns beside a function.
    """
    return Cell(rows, columns, value=value, axes=axes, label=label, hover=hover)


def point(
    x: float,
    y: float,
    *,
    bounds: tuple[float, float, float, float] | None = None,
    axes: int = 0,
    label: str = "",
) -> Point:
    """A point that is dragged in the picture: `query=point(1.0, 0.5)` gives `update(query=(x, y))`.

    In the data coordinates of `figure.axes[axes]`, and never outside `bounds`, (x low, x high, y low, y high);
    without bounds, never outside the axes. By click, drag or arrow keys; with several points in the same
    axes, the nearest one is taken, and the key N goes on to the next.

    Raises:
        ValueError: bounds in the wrong order, or a point outside them.
    """
    return Point(x, y, bounds=bounds, axes=axes, label=label)


def drawing(
    size: int,
    *,
    start: Any = None,
    value: str | None = None,
    center: bool = False,
    grid: tuple[int, int] | None = None,
    label: str = "",
) -> Drawing:
    """A sheet to draw on, beside the picture: `digit=drawing(28)` gives `update(digit=image)`.

    The image is a new float32 numpy array (size, size) from 0 (blank) to 1 (ink), in steps of 1/255. By mouse, pen or
    finger; by arrow keys and Space. Below the sheet: pen, eraser, clear, and back to where it began. Lines are about as
    wide as those of MNIST, 2.4 of 28 pixels, with soft edges. `update` is called while somebody draws, with the newest
    drawing whenever the last update is done.

        digit=drawing(28, start=test.images[0, 0])
        digit=drawing(28, start={"a seven": seven, "a one": one}, value="a one", center=True)

    Args:
        size: pixels of a side, 8 to 128.
        start: what is there at first, an array or tensor (size, size) from 0 to 1; or several by name, shown as small
            pictures below the sheet, from which one is taken by a click. Nothing: a blank sheet.
        value: the name of the one shown at first; else the first.
        center: `update` gets the drawing moved by whole pixels until its ink is in the middle, as MNIST's digits are
            (`vitcourse.data.centering`). A line below the sheet says so.
        grid: (rows, columns) of the patches, drawn as thin lines.

    Raises:
        ValueError: a size outside 8 to 128, an image of another shape, not finite or outside 0 to 1, a `value` that is
            no name in `start`, a grid that is not two whole numbers.
    """
    return Drawing(size, start=start, value=value, center=center, grid=grid, label=label)
