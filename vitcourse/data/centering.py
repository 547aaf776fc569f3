"""The middle of the ink, as MNIST has it: a digit that somebody draws stands where the model expects it."""

from __future__ import annotations

import numpy as np


def center_of_mass(image: np.ndarray) -> tuple[float, float]:
    """(row, column) of the middle of the ink of an image (rows, columns), from 0 at the first pixel.

    Raises:
        ValueError: there is no ink.
    """
    ink = np.asarray(image, dtype=float)
    total = ink.sum()
    if not total > 0:
        raise ValueError(f"image: its ink sums to {total:g}; an image without ink has no middle")
    rows, columns = (np.arange(side) for side in ink.shape)
    return float(ink.sum(axis=1) @ rows / total), float(ink.sum(axis=0) @ columns / total)


def centered(image: np.ndarray) -> np.ndarray:
    """An image (rows, columns), moved by whole pixels so that the middle of its ink is that of the image.

    As the digits of MNIST were placed: the middle of a side of 28 pixels is 14, the edge between its halves, and
    MNIST's own digits lie within half a pixel of it. What is moved over the edge is lost; what comes in is blank. An
    image without ink stays as it is.
    """
    image = np.asarray(image)
    if not image.any():
        return image.copy()
    down, right = (round(side / 2 - at) for side, at in zip(image.shape, center_of_mass(image), strict=True))
    moved = np.zeros_like(image)
    into, out_of = zip(*(_windows(side, by) for side, by in zip(image.shape, (down, right), strict=True)), strict=True)
    moved[into] = image[out_of]
    return moved


def _windows(side: int, by: int) -> tuple[slice, slice]:
    """Where along a side pixels go to, and where they come from, when all are moved by so many."""
    return slice(max(by, 0), side + min(by, 0)), slice(max(-by, 0), side + min(-by, 0))
