"""Lesson 07: a ViT beside a CNN while they train, moved, damaged, and with less data.

A function that takes a figure draws once and returns ``draw(...)``, which changes what was drawn, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .boards import INKED
from .style import BLUE, GRAY, INK, ORANGE, SEQUENTIAL, SKY, bare, new_figure, style

Draw = Callable[..., None]

# One color and one marker for each model, in all of this lesson's pictures.
LOOKS = ((BLUE, "o"), (ORANGE, "s"), (SKY, "D"))
EDGE = "#CCCCCC"  # of an image
LOWEST, HIGHEST = 0.05, 4.0  # nats, of the loss axis


def race(figure: Figure, steps: int, chance: float, names: Sequence[str]) -> Draw:
    """Training loss of several models over the steps, and in the end their accuracies.

    Returns:
        ``draw(losses, accuracies)``: for each model its losses so far (a mean over some steps), and its accuracy
        0..1 or None.
    """
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
        left.set(xlim=(0, steps), ylim=(LOWEST, HIGHEST), yscale="log", xlabel="step", title="training loss (nats)")
        left.set_yticks((0.1, 1), ("0.1", "1"))
        left.minorticks_off()
        left.axhline(chance, color=GRAY, lw=1, ls="--")
        left.text(steps * 0.99, chance * 1.06, "guessing", ha="right", va="bottom", fontsize=9, color=GRAY)
        lines = [left.plot([], [], color=color, label=name)[0] for name, (color, _) in zip(names, LOOKS, strict=False)]
        left.legend(loc="lower left")
        bars = right.barh(range(len(names)), [0.0] * len(names), color=[color for color, _ in LOOKS[: len(names)]])
        texts = [right.text(0.01, i, "", va="center", ha="left") for i in range(len(names))]
        right.set(xlim=(0, 1.18), xticks=(0, 0.5, 1), title="test images that are right")
        right.set_xticks((0, 0.5, 1), ("0 %", "50 %", "100 %"))
        right.set_yticks(range(len(names)), names)
        right.invert_yaxis()

    def draw(losses: Sequence[Sequence[float]], accuracies: Sequence[float | None]) -> None:
        for line, values in zip(lines, losses, strict=True):
            line.set_data(np.arange(1, len(values) + 1), np.clip(np.asarray(values, dtype=float), LOWEST, HIGHEST))
        for bar, text, accuracy in zip(bars, texts, accuracies, strict=True):
            bar.set_width(accuracy or 0.0)
            text.set_text("" if accuracy is None else f"{accuracy:.1%}")
            text.set_x((accuracy or 0.0) + 0.02)

    return draw


def moving_board(figure: Figure, image: Any, errors: Mapping[str, Sequence[float]]) -> Draw:
    """An image that is moved, what a model's map does and what it should do, and the error over the distance.

    Args:
        image: (height, width).
        errors: model -> its equivariance error at a shift of 0, 1, 2, ... pixels.

    Returns:
        ``draw(image, got, wanted, highest, model, pixels)``: the moved image; f(T x) and T f(x), one feature each
        (rows, cols), drawn from -highest to highest; the model's name; the shift.
    """
    distances = range(len(next(iter(errors.values()))))
    with style():
        titles = ("$Tx$: the image, moved", "$f(Tx)$: its map", "$Tf(x)$: the map, moved", "difference")
        places = figure.subplot_mosaic([list("abcd"), list("eeee")], height_ratios=(1, 1.05))
        cells = [bare(places[name]) for name in "abcd"]
        cells[0].spines[:].set(visible=True, color=EDGE, linewidth=1)  # where the image ends: white on white
        shown = [cells[0].imshow(np.asarray(image), cmap=INKED, vmin=0, vmax=1)]
        shown += [axes.imshow(np.zeros((7, 7)), cmap="RdBu_r", vmin=-1, vmax=1) for axes in cells[1:]]
        for axes, title in zip(cells, titles, strict=True):
            axes.set_title(title, fontsize=10, loc="center")
        axes = places["e"]
        lines = {}
        for (name, values), (color, marker) in zip(errors.items(), LOOKS, strict=False):
            (lines[name],) = axes.plot(distances, values, color=color, marker=marker, ms=5, lw=1.4, label=name)
        (dot,) = axes.plot([], [], "o", color="none", mec=INK, mew=2, ms=13, zorder=5)
        axes.set(xlabel="shift (pixels)", ylabel="error / spread of the map", xlim=(-0.3, distances[-1] + 0.3))
        axes.set_ylim(-0.06, 1.1 * max(max(values) for values in errors.values()))
        axes.set_xticks(distances)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(errors))

    def draw(image: Any, got: Any, wanted: Any, highest: float, model: str, pixels: int) -> None:
        got, wanted = np.asarray(got), np.asarray(wanted)
        shown[0].set_data(np.asarray(image))
        for picture, values in zip(shown[1:], (got, wanted, got - wanted), strict=True):
            rows, cols = values.shape
            picture.set_data(values)
            picture.set_extent((-0.5, cols - 0.5, rows - 0.5, -0.5))
            picture.set_clim(-highest, highest)
        for axes, values in zip(cells[1:], (got, wanted, got), strict=True):
            axes.set(xlim=(-0.5, values.shape[1] - 0.5), ylim=(values.shape[0] - 0.5, -0.5))
        for name, line in lines.items():
            line.set(linewidth=2.6 if name == model else 1.2, alpha=1.0 if name == model else 0.55)
        dot.set_data([pixels], [errors[model][pixels]])

    return draw


def damage_board(figure: Figure, names: Sequence[str], amounts: int, count: int = 6) -> Draw:
    """Images as the models get them, and the accuracy of each model over the amount of damage.

    Args:
        names: of the models.
        amounts: the largest amount; amounts run from 0 in steps of 1.
        count: images shown.

    Returns:
        ``draw(images, curves, amount, unit)``: images (count, height, width); curves (models, amounts + 1) in 0..1;
        ``unit`` names the axis.
    """
    with style():
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        bare(left)
        cols = (count + 1) // 2
        shown = []
        for i in range(count):
            x, y = i % cols * 1.06, i // cols * 1.06
            shown.append(
                left.imshow(np.zeros((28, 28)), cmap=INKED, vmin=0, vmax=1, extent=(x, x + 1, y + 1, y))
            )  # fmt: skip
            left.add_patch(Rectangle((x, y), 1, 1, fill=False, ec=EDGE, lw=1))
        left.set(xlim=(-0.02, cols * 1.06), ylim=(2.1, -0.04), aspect="equal", title="what the models get")
        left.set_anchor("N")
        lines = [
            right.plot([], [], color=color, marker=marker, ms=5, lw=1.6, label=name)[0]
            for name, (color, marker) in zip(names, LOOKS, strict=False)
        ]
        dots = right.plot([], [], "o", color="none", mec=INK, mew=2, ms=11, zorder=5)
        right.axhline(0.1, color=GRAY, lw=1, ls="--")
        right.text(0, 0.11, "guessing", fontsize=9, color=GRAY, va="bottom")
        right.set(xlim=(-0.2, amounts + 0.2), ylim=(0, 1.03), title="test images that are right")
        right.set_yticks((0, 0.5, 1), ("0 %", "50 %", "100 %"))
        right.set_xticks(range(amounts + 1))
        left.legend(handles=lines, loc="upper left", bbox_to_anchor=(0.0, -0.06))  # no curve runs there

    def draw(images: Any, curves: Any, amount: int, unit: str) -> None:
        curves = np.asarray(curves)
        for picture, image in zip(shown, np.asarray(images), strict=True):
            picture.set_data(image)
        for line, curve in zip(lines, curves, strict=True):
            line.set_data(range(amounts + 1), curve)
        dots[0].set_data([amount] * len(curves), curves[:, amount])
        right.set_xlabel(unit)

    return draw


def by_training_size(figure: Figure, names: Sequence[str], sizes: Sequence[int]) -> Draw:
    """Accuracy over the number of training images, a mark for each run and a line through the means.

    Returns:
        ``draw(runs)``: each run is (name, images, accuracy 0..1).
    """
    with style():
        axes = figure.subplots()
        marks, lines = [], []
        for name, (color, marker) in zip(names, LOOKS, strict=False):
            marks += axes.plot([], [], marker, color=color, ms=6, alpha=0.7, ls="none")
            lines += axes.plot([], [], color=color, lw=1.6, marker=marker, ms=2, label=name)
        axes.set(xscale="log", xlim=(sizes[0] / 1.3, sizes[-1] * 1.3), ylim=(0.4, 1.02), xlabel="training images")
        axes.set_title("test images that are right")
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
        axes.set_yticks((0.4, 0.6, 0.8, 1), ("40 %", "60 %", "80 %", "100 %"))
        axes.legend(loc="lower right", title="a mark: one run; a line: their mean")

    def draw(runs: Sequence[tuple[str, int, float]]) -> None:
        for name, mark, line in zip(names, marks, lines, strict=True):
            mine = [(size, accuracy) for run, size, accuracy in runs if run == name]
            mark.set_data(*(zip(*mine, strict=True) if mine else ([], [])))
            tried = sorted({size for size, _ in mine})
            line.set_data(tried, [np.mean([accuracy for size, accuracy in mine if size == one]) for one in tried])

    return draw


def receptive_fields(rows: Mapping[str, Sequence[Any]], titles: Mapping[str, Sequence[str]]) -> Figure:
    """What the middle of each layer's map sees of the image: a row a model, each map against its own largest value.

    Args:
        rows: model -> one (height, width) a layer.
        titles: model -> one line a layer.
    """
    most = max(len(fields) for fields in rows.values())
    with style():
        figure = new_figure(1.75 * most, 2.1 * len(rows))
        grid = figure.subplots(len(rows), most, squeeze=False)
        for line, (name, fields) in zip(grid, rows.items(), strict=True):
            for axes in line:
                bare(axes)
            for axes, field, title in zip(line, fields, titles[name], strict=False):
                values = np.asarray(field)
                axes.imshow(np.sqrt(values / values.max()), cmap=SEQUENTIAL, vmin=0, vmax=1)
                axes.set_title(title, fontsize=9, loc="center")
            line[0].set_ylabel(name)
    return figure
