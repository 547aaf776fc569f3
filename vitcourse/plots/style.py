"""The course's look: a palette that color-blind readers can tell apart, and figures on a light card.

Figures are opaque and light, so that they read the same in a light and in a dark theme.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette (2008), in the order in which the course uses it.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW, GRAY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
    "#7F7F7F",
)
PALETTE = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GRAY)
INK = "#222222"

# Amounts from nothing to much, and amounts around zero; both keep their order in gray.
SEQUENTIAL = "viridis"
DIVERGING = "RdBu_r"

_RC: dict[str, Any] = {
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.labelsize": 10,
    "axes.grid": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 2,
    "image.cmap": SEQUENTIAL,
}


def style() -> Any:
    """A context in which figures are drawn in the course's look: ``with style(): ...``."""
    import matplotlib
    from cycler import cycler

    look: dict[Any, Any] = {**_RC, "axes.prop_cycle": cycler(color=PALETTE)}
    return matplotlib.rc_context(look)


def new_figure(width: float = 7.0, height: float = 3.2) -> Figure:
    """An empty figure of ``width`` by ``height`` inches, laid out without overlaps, known to no pyplot."""
    with style():
        return Figure(figsize=(width, height), layout="constrained")


def bare(axes: Axes) -> Axes:
    """Take ticks and frame from axes that show an image."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return axes
