"""The "you are here" strip: the whole model from image to prediction, the lesson's part in color."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from . import pipeline_icons as icons
from .style import BLUE, INK, bare, new_figure, style

TINT, EDGE, FILL, QUIET = "#E3F0F9", "#B4B4B4", "#F6F6F6", "#5E5E5E"


class _Box(NamedTuple):
    name: str
    left: float
    width: float

    @property
    def middle(self) -> float:
        return self.left + self.width / 2


def _boxes() -> tuple[_Box, ...]:
    widths = dict(image=84, patches=84, embed=98, encoder=134, pool=84, head=84, prediction=84)
    left, boxes = 0.0, []
    for name, width in widths.items():
        boxes.append(_Box(name, left, width))
        left += width + 22
    return tuple(boxes)


BOXES = _boxes()
BOTTOM, HEIGHT = 46.0, 88.0
STEPS = tuple(box.name for box in BOXES)
STAGES = {"patches": "stage 1", "embed": "stage 2", "encoder": "stage 3"}  # a CNN's, in the place of these
LEARNED = ("embed", "encoder", "head")

# For each highlight: the boxes in color, and what the bracket above them says.
HIGHLIGHTS: dict[str, tuple[tuple[str, ...], str]] = {
    "start": (STEPS, "the whole course"),
    "patches": (("patches", "embed"), "you are here: patches, and their vectors"),
    "attention": (("encoder",), "you are here: attention"),
    "block": (("embed", "encoder"), "you are here: positions and the encoder block"),
    "model": (("patches", "embed", "encoder", "pool", "head"), "you are here: the full model"),
    "training": (STEPS, "you are here: training, from the loss back to every weight"),
    "maps": (("encoder",), "you are here: what attention looks at"),
    "cnn": (
        ("patches", "embed", "encoder"),
        "you are here: a CNN, in the place of patches and encoder",
    ),
}

# Lesson 05's model: MNIST at patch size 4.
MNIST_SHAPES: dict[str, object] = {
    "image": (1, 28, 28),
    "patches": (49, 16),
    "embed": (50, 64),
    "encoder": (50, 64),
    "pool": (64,),
    "head": (10,),
    "prediction": "a class",
}

# Lesson 07's CNN on the same images: maps (channels, rows, cols).
CNN_SHAPES: dict[str, object] = {
    "image": (1, 28, 28),
    "stage 1": (16, 28, 28),
    "stage 2": (32, 14, 14),
    "stage 3": (64, 7, 7),
    "pool": (64,),
    "head": (10,),
    "prediction": "a class",
}


def pipeline_strip(highlight: str, shapes: Mapping[str, object] | None = None) -> Figure:
    """The pipeline image -> patches -> embed -> encoder -> pool -> head -> prediction, 800 px wide.

    With "cnn" three stages of convolutions stand in the place of patches, embed and encoder.

    Args:
        highlight: the part in color: "start", "patches", "attention", "block", "model", "training", "maps" or "cnn".
        shapes: what stands under each box, for one image: a tuple or a text for any of "image", "patches",
            "embed", "encoder", "pool", "head", "prediction"; "depth", the number of encoder blocks. With "cnn",
            "stage 1", "stage 2" and "stage 3" take the place of "patches", "embed", "encoder" and "depth". Boxes that
            are not named keep no shape; without ``shapes`` those of the course's models on MNIST stand there.

    Raises:
        ValueError: an unknown highlight or box.
    """
    if highlight not in HIGHLIGHTS:
        raise ValueError(f"highlight={highlight!r} must be one of {', '.join(map(repr, HIGHLIGHTS))}")
    names = STAGES if highlight == "cnn" else {}
    if shapes is None:
        shapes = CNN_SHAPES if names else MNIST_SHAPES
    valid = [names.get(step, step) for step in STEPS] + ([] if names else ["depth"])
    if unknown := set(shapes) - set(valid):
        raise ValueError(f"shapes has {sorted(unknown)}; valid: {', '.join(valid)}")
    active, says = HIGHLIGHTS[highlight]

    with style():
        figure = new_figure(8.0, 1.84)
        figure.set_layout_engine("none")
        axes = bare(figure.add_axes((0, 0, 1, 1)))
        axes.set(xlim=(-8, 792), ylim=(0, 184))
        for box, following in zip(BOXES, (*BOXES[1:], None), strict=True):
            _draw_box(axes, box, box.name in active)
            name = names.get(box.name, box.name)
            icons.draw(axes, name, box.middle, BOTTOM + HEIGHT / 2, _lit(highlight, box.name, active))
            _draw_words(axes, box, name, shapes, box.name in active)
            if following is not None:
                _arrow(axes, (box.left + box.width + 2, 90), (following.left - 2, 90), INK)
        _bracket(axes, active, says, backward=highlight == "training")
    return figure


def _lit(highlight: str, name: str, active: tuple[str, ...]) -> frozenset[str]:
    """The parts of an icon that are in color."""
    if name not in active:
        return frozenset()
    if name == "embed":
        parts = {"patches": {"tokens"}, "block": {"positions"}}
    else:
        parts = {"attention": {"attention"}, "maps": {"attention"}}
    return frozenset(parts.get(highlight, {"tokens", "positions", "attention", "mlp", name}))


def _draw_box(axes: Axes, box: _Box, on: bool) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (box.left + 4, BOTTOM + 4),
            box.width - 8,
            HEIGHT - 8,
            boxstyle="round,pad=4,rounding_size=8",
            facecolor=TINT if on else FILL,
            edgecolor=BLUE if on else EDGE,
            linewidth=2 if on else 1,
        )
    )


def _draw_words(axes: Axes, box: _Box, name: str, shapes: Mapping[str, object], on: bool) -> None:
    title = f"encoder × {shapes.get('depth', 'depth')}" if name == "encoder" else name
    color = BLUE if on else QUIET
    axes.text(
        box.middle, 32, title, ha="center", va="center", fontsize=10, color=color, weight="bold" if on else "normal"
    )
    if name in shapes:
        axes.text(
            box.middle, 12, _shape(shapes[name]), ha="center", va="center", fontsize=9.5,
            color=INK if on else QUIET, family="monospace",
        )  # fmt: skip


def _shape(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(str, value))}{',' if len(value) == 1 else ''})"
    return str(value)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=color, lw=1.2, shrinkA=0, shrinkB=0)
    )


def _bracket(axes: Axes, active: tuple[str, ...], says: str, backward: bool) -> None:
    """Over the boxes in color, with the words above it; ``backward`` points it at the boxes that have weights."""
    inside = [box for box in BOXES if box.name in active]
    left, right = inside[0].left + 2, inside[-1].left + inside[-1].width - 2
    axes.plot([left, left, right, right], [141, 149, 149, 141], color=BLUE, lw=1.6, solid_capstyle="butt")
    if backward:
        for box in inside:
            if box.name in LEARNED:
                _arrow(axes, (box.middle, 149), (box.middle, 136), BLUE)
    middle = min(max((left + right) / 2, 160.0), 620.0)
    axes.text(middle, 168, says, ha="center", va="center", fontsize=10.5, color=BLUE, weight="bold")
