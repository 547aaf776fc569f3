"""Does a feature map move with the image? Translation equivariance as a number."""

from __future__ import annotations

import math
from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

Maps = Float[Tensor, "batch features rows cols"]


def translate(maps: Maps, distance: float) -> Maps:
    """Move maps (or images) to the right by ``distance`` cells, on a torus: what leaves comes in at the left.

    Between whole cells the two nearest are mixed (linear interpolation).
    """
    whole = math.floor(distance)
    rest = distance - whole
    moved = maps.roll(whole, dims=-1)
    return moved if rest == 0 else (1 - rest) * moved + rest * maps.roll(whole + 1, dims=-1)


def equivariance_error(
    features: Callable[[Tensor], Tensor],
    images: Float[Tensor, "batch channels height width"],
    pixels: int,
    margin: int = 0,
) -> float:
    """How far ``features`` is from moving with the image: ``|f(T x) - T f(x)| / |f(x) - mean|``.

    T moves an image by ``pixels``, and its feature map by as many cells as these are. The norms run over the batch.
    Each feature's mean over places is left out below the line, since a constant map moves with anything: 0 is exact
    equivariance, and about 1.4 (the root of 2) an unrelated map of the same spread.

    Args:
        features: images (batch, channels, height, width) -> maps (batch, features, rows, cols).
        images: what is moved.
        pixels: how far to the right, on a torus.
        margin: cells at each border that do not count.

    Raises:
        ValueError: ``features`` gives no maps, maps whose cells are not all of one width, or ``margin`` leaves none.
    """
    before, after = features(images), features(translate(images, pixels))
    if before.ndim != 4 or images.shape[-1] % before.shape[-1]:
        raise ValueError(
            f"features gave {tuple(before.shape)} for images {tuple(images.shape)}; expected (batch, features, rows, "
            f"cols) with cols dividing the width {images.shape[-1]}"
        )
    rows, cols = before.shape[-2:]
    if not 0 <= 2 * margin < min(rows, cols):
        raise ValueError(f"margin={margin} must be at least 0 and leave cells of the {rows} x {cols} map")
    inner = (..., slice(margin, rows - margin), slice(margin, cols - margin))
    stride = images.shape[-1] // cols
    difference = (after - translate(before, pixels / stride))[inner]
    spread = (before - before.mean(dim=(-2, -1), keepdim=True))[inner]
    return (difference.norm() / spread.norm()).item()
