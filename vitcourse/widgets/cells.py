"""A cell of a grid that fills the picture's axes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.axes import Axes

from vitcourse.widgets.control import label_of
from vitcourse.widgets.touch import Place, Touch

Grid = Callable[..., tuple[int, int]]


class Cell(Touch):
    """A cell (row, column) of a grid, whose size may depend on other controls."""

    def __init__(
        self,
        rows: int | Grid,
        columns: int | None,
        *,
        value: tuple[int, int],
        axes: int | tuple[int, ...],
        label: str,
        hover: bool,
    ) -> None:
        super().__init__(value=(0, 0), axes=axes, label=label, hover=hover)
        self.rows = self.columns = 1
        self._start: tuple[int, int] | None = value
        if callable(rows):
            self.depends = rows
            if columns is not None:
                raise ValueError(f"columns={columns!r}: leave it out, for the function gives (rows, columns)")
        else:
            self._resize(rows, columns)

    @property
    def depends_on(self) -> list[str]:
        """The names of the controls whose values decide how large the grid is."""
        return [] if self.depends is None else list(inspect.signature(self.depends).parameters)

    def refresh(self, values: Mapping[str, Any], name: str) -> None:
        """Takes the grid that belongs to the other controls' values; the cell stays where it is in the picture."""
        assert self.depends is not None
        grid = self.depends(**values)
        if not isinstance(grid, tuple) or len(grid) != 2:
            raise ValueError(f"{name}: its function gave {grid!r}, not (rows, columns)")
        if grid != (self.rows, self.columns) or self._start is not None:
            self._resize(*grid)

    def _resize(self, rows: Any, columns: Any) -> None:
        for name, number in (("rows", rows), ("columns", columns)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"{name}={number!r} is not a whole number above 0")
        row, column = self.value  # their middles stay within the cell
        same = (2 * row + 1) * rows // (2 * self.rows), (2 * column + 1) * columns // (2 * self.columns)
        self.rows, self.columns = rows, columns
        if self._start is not None:
            self.value, self._start = Place(self._checked(self._start, "value")), None
        else:
            self.value = Place(same, self.value.touches)
        self.over = None

    def _checked(self, value: Any, name: str) -> tuple[int, int]:
        try:
            row, column = (int(number) for number in value)
        except (TypeError, ValueError):
            row = column = -1
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            raise ValueError(
                f"{name}={value!r} is not a (row, column) from (0, 0) to ({self.rows - 1}, {self.columns - 1})"
            )
        return row, column

    def place(self, axes: Axes, x: float, y: float) -> tuple[int, int]:
        row, column = int((1 - y) * self.rows), int(x * self.columns)
        return min(max(row, 0), self.rows - 1), min(max(column, 0), self.columns - 1)

    def go(self, right: int, down: int, axes: Axes) -> None:
        row, column = self.read()  # a key goes on from the cell that is seen
        row, column = min(max(row + down, 0), self.rows - 1), min(max(column + right, 0), self.columns - 1)
        self._take((row, column))

    def describe(self, name: str) -> str:
        if self.hover:
            return f"{label_of(self, name)}: point at a cell, click to keep it, or use the arrow keys."
        return f"{label_of(self, name)}: click a cell or use the arrow keys."
