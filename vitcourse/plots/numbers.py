"""Many short texts in one picture that change at each move: as outlines they take a tenth of the time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

POINTS = 72  # to an inch


class Numbers:
    """Short texts, each centered on a place in the axes' data coordinates.

    Args:
        axes: where they stand.
        places: (x, y) of each.
        size: of the letters, in points.
    """

    def __init__(self, axes: Axes, places: Sequence[tuple[float, float]], *, size: float) -> None:
        self.size = size
        self.texts: list[str] = []
        self.outlines = PathCollection([], offsets=list(places), offset_transform=axes.transData, linewidths=0)
        assert axes.figure is not None
        self.outlines.set_transform(Affine2D().scale(1 / POINTS) + axes.figure.dpi_scale_trans)
        axes.add_collection(self.outlines, autolim=False)

    def show(self, texts: Sequence[str], colors: Sequence[str]) -> None:
        """A text and a color for each place."""
        self.texts = list(texts)
        self.outlines.set_paths([outline(text, self.size) for text in texts])
        self.outlines.set_facecolor(list(colors))


@cache
def outline(text: str, size: float) -> Path:
    """The text's outline, its middle at (0, 0); as high as its digits, whatever letters it has."""
    path, digit = TextPath((0, 0), text, size=size), TextPath((0, 0), "0", size=size).get_extents()
    box = path.get_extents()
    return path.transformed(Affine2D().translate(-(box.x0 + box.x1) / 2, -(digit.y0 + digit.y1) / 2))
