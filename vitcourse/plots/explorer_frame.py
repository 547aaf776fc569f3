"""What the attention explorer shows before anything is touched, as a picture that stands still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .boards import WEIGHTS
from .maps import MapView
from .style import INK, ORANGE, bare, new_figure, style

FLAT = 4.0  # times an equal share: a map whose largest weight is below this is shown pale


def explorer_frame(
    image: Any, maps: Mapping[str, Any], grid: tuple[int, int], layer: int, head: int, asks: str
) -> Figure:
    """An image tinted by one map, beside the maps of all layers and heads; once for each model.

    Args:
        image: (height, width), or (height, width, 3).
        maps: name of the model -> (layers, 1 + heads, rows, cols) in multiples of an equal share; the mean over heads
            first.
        layer, head: the map laid over the image: counted from 1; head 0 is the mean.
        asks: whose weights they are, "the class token".
    """
    count = len(maps)
    shape = np.shape(next(iter(maps.values())))
    with style():
        figure = new_figure(7.6 if count > 1 else 6.4, 2.7 if count > 1 else 3.0)
        axes = figure.subplots(1, 2 * count, width_ratios=(1, 0.75) * count, squeeze=False)[0]
        highest = max(FLAT, *(float(np.max(weights[layer - 1, head])) for weights in maps.values()))
        for i, (name, weights) in enumerate(maps.items()):
            view = MapView(axes[2 * i], image if np.ndim(image) == 2 else _pale(image), grid)
            view.weigh(weights[layer - 1, head], highest=highest)
            title = f"layer {layer}, {'mean of heads' if head == 0 else f'head {head}'}"
            axes[2 * i].set_title(f"{name}: {title}" if count > 1 else f"{title}: {asks}", fontsize=9)
            _all_maps(axes[2 * i + 1], np.roll(weights, -1, axis=1), layer - 1, (head - 1) % shape[1])
        figure.supxlabel(f"darkest: {highest:.1f} times an equal share", fontsize=9, color=INK)
    return figure


def _pale(image: Any) -> np.ndarray:
    """A photograph in gray and light, so that a tint of blue shows on it."""
    gray = np.asarray(image, dtype=float).mean(axis=-1)
    return 1 - gray  # drawn as ink


def _all_maps(axes: Axes, maps: np.ndarray, layer: int, head: int) -> None:
    """Layers below one another, heads side by side, the mean last; each is darkest at its own largest weight."""
    layers, heads, rows, cols = maps.shape
    gap = max(1, cols // 7)
    shown = np.full((layers * (rows + gap) - gap, heads * (cols + gap) - gap), np.nan)
    for i in range(layers):
        for j in range(heads):
            y, x = i * (rows + gap), j * (cols + gap)
            shown[y : y + rows, x : x + cols] = maps[i, j] / max(FLAT, float(maps[i, j].max()))
    bare(axes).imshow(shown, cmap=WEIGHTS, vmin=0, vmax=1, interpolation="nearest")
    named = [*range(heads)] if heads <= 8 else [0, heads - 1]  # more would overlap
    axes.set_xticks([j * (cols + gap) + cols / 2 - 0.5 for j in named])
    axes.set_xticklabels([str(j + 1) if j < heads - 1 else "mean" for j in named], fontsize=7)
    axes.set_yticks([i * (rows + gap) + rows / 2 - 0.5 for i in range(layers)])
    axes.set_yticklabels([str(i + 1) for i in range(layers)], fontsize=7)
    axes.tick_params(length=0)
    axes.set_title("layers, heads", fontsize=9)
    y, x = layer * (rows + gap) - 0.5, head * (cols + gap) - 0.5
    axes.plot([x, x + cols, x + cols, x, x], [y, y, y + rows, y + rows, y], color=ORANGE, lw=1.5)
