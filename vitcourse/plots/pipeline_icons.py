"""The small drawings in the boxes of the "you are here" strip, each about 70 px wide."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from .style import BLUE, GREEN, INK, ORANGE, PURPLE

GRAYS = ("#C9C9C9", "#9E9E9E", "#DDDDDD", "#B3B3B3")
LIT = (BLUE, "#56B4E9", "#9CCBE8", "#3E8FC4")
WORDS = "#5E5E5E"

# A seven on 9 x 9 pixels: 3 x 3 patches of 3 x 3.
SEVEN = (
    "000000000",
    "011111110",
    "012222210",
    "000001210",
    "000012100",
    "000121000",
    "000121000",
    "000121000",
    "000000000",
)
SHADES = {"0": "#2B2B2B", "1": "#8F8F8F", "2": "#FFFFFF"}


def draw(axes: Axes, name: str, x: float, y: float, lit: frozenset[str]) -> None:
    """Draw the icon of the box ``name`` around the point (x, y); ``lit`` names its parts in color."""
    DRAWINGS[name](axes, x, y, lit)


def _cell(axes: Axes, x: float, y: float, width: float, height: float, color: str, **more: object) -> None:
    axes.add_patch(Rectangle((x, y), width, height, facecolor=color, **{"linewidth": 0, **more}))  # type: ignore[arg-type]


def _seven(axes: Axes, x: float, y: float, size: float, gap: float) -> None:
    """The digit around (x, y), with ``gap`` between its 3 x 3 patches."""
    side = 9 * size + 2 * gap
    for row, line in enumerate(SEVEN):
        for col, shade in enumerate(line):
            left = x - side / 2 + col * size + col // 3 * gap
            bottom = y + side / 2 - (row + 1) * size - row // 3 * gap
            _cell(axes, left, bottom, size, size, SHADES[shade], antialiased=False)


def _image(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    _seven(axes, x, y, 7, 0)


def _patches(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    _seven(axes, x, y, 6, 6)
    if lit:
        for row in range(3):
            for col in range(3):
                corner = (x - 33 + col * 24 - 0.5, y + 33 - 18 - row * 24 - 0.5)
                axes.add_patch(Rectangle(corner, 19, 19, fill=False, edgecolor=ORANGE, linewidth=1.6))


def _vector(axes: Axes, x: float, y: float, cells: int, seed: int, colors: tuple[str, ...]) -> None:
    for i in range(cells):
        _cell(axes, x + i * 9, y, 8, 10, colors[(seed * 3 + i * (seed + 2)) % len(colors)])


def _embed(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    """Four tokens; beside each the code of its position."""
    warm = (GREEN, "#5CC2A3", "#A6DCCB", "#2FAE88")
    for row in range(4):
        bottom = y + 19 - row * 16
        _vector(axes, x - 44, bottom, 5, row + 1, LIT if "tokens" in lit else GRAYS)
        axes.text(x + 7, bottom + 4.5, "+", ha="center", va="center", fontsize=9, color=INK)
        _vector(axes, x + 14, bottom, 3, row + 4, warm if "positions" in lit else GRAYS)


def _encoder(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    """A stack of blocks, the first one open: attention, then the MLP."""
    for step in (10, 5, 0):
        _cell(
            axes, x - 52 + step, y - 34 + step * 0.9, 92, 58, "white", edgecolor=INK if lit else GRAYS[1], linewidth=1
        )
    parts = (("attention", y - 3, BLUE, "attention"), ("mlp", y - 29, PURPLE, "MLP"))
    for part, bottom, color, words in parts:
        on = part in lit
        _cell(axes, x - 46, bottom, 80, 21, color if on else "#E6E6E6")
        ink = "white" if on and color == BLUE else INK if on else WORDS
        axes.text(
            x - 6,
            bottom + 10,
            words,
            ha="center",
            va="center",
            fontsize=9.5,
            color=ink,
            weight="bold" if on else "normal",
        )


def _stage(axes: Axes, x: float, y: float, lit: frozenset[str], number: int) -> None:
    """A CNN's maps after so many stages: each time smaller, and more of them."""
    side, maps = {1: (44, 2), 2: (30, 4), 3: (16, 8)}[number]
    step = 5
    for i in range(maps):
        left = x - side / 2 + (i - (maps - 1) / 2) * step
        bottom = y - side / 2 - (i - (maps - 1) / 2) * step
        color = (LIT if lit else GRAYS)[i % len(GRAYS)]
        _cell(axes, left, bottom, side, side, color, edgecolor="white", linewidth=1)


def _pool(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    """Many tokens become one vector."""
    for row in range(3):
        _vector(axes, x - 22, y + 20 - row * 13, 5, row + 1, GRAYS)
    axes.annotate(
        "", (x, y - 18), (x, y - 7), arrowprops=dict(arrowstyle="-|>", color=INK, lw=1.1, shrinkA=0, shrinkB=0)
    )
    _vector(axes, x - 22, y - 32, 5, 2, LIT if lit else GRAYS)


def _head(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    """A linear map from one vector to a number per class."""
    corners = [(x - 30, y + 24), (x + 30, y + 24), (x + 18, y - 24), (x - 18, y - 24)]
    axes.add_patch(Polygon(corners, facecolor=BLUE if lit else "#E6E6E6", linewidth=0))
    axes.text(
        x, y, "linear", ha="center", va="center", fontsize=9.5, color="white" if lit else WORDS,
        weight="bold" if lit else "normal",
    )  # fmt: skip


def _prediction(axes: Axes, x: float, y: float, lit: frozenset[str]) -> None:
    """A bar per class; the seven's is the longest."""
    heights = (5, 9, 6, 11, 4, 7, 5, 46, 8, 13)
    for digit, height in enumerate(heights):
        color = (ORANGE if lit else GRAYS[1]) if digit == 7 else GRAYS[0]
        _cell(axes, x - 34 + digit * 7, y - 22, 5.4, height, color)
    axes.text(x - 34 + 7 * 7 + 2.7, y - 32, "7", ha="center", va="center", fontsize=9, color=INK)


DRAWINGS: dict[str, Callable[[Axes, float, float, frozenset[str]], None]] = {
    "image": _image,
    "patches": _patches,
    "embed": _embed,
    "encoder": _encoder,
    "stage 1": partial(_stage, number=1),
    "stage 2": partial(_stage, number=2),
    "stage 3": partial(_stage, number=3),
    "pool": _pool,
    "head": _head,
    "prediction": _prediction,
}
