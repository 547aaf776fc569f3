"""Augmentation: a changed copy of each image, chosen by (seed, epoch, index) alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from .randomness import random_integers

Augment = Callable[[Tensor, Tensor, int, int], Tensor]
"""``augment(images, indices, seed, epoch) -> images``, for images (batch, c, h, w) and indices (batch,)."""


def random_shift(pixels: int) -> Augment:
    """Shift each image by up to ``pixels`` rows and columns, each way; what is uncovered is 0 (black).

    The (2 pixels + 1)^2 shifts are equally likely. Images of a batch are moved in one indexing operation.

    Raises:
        ValueError: ``pixels`` is not a whole number of at least 0, or is not smaller than the image.
    """
    if isinstance(pixels, bool) or not isinstance(pixels, int) or pixels < 0:
        raise ValueError(f"pixels={pixels!r} must be a whole number of at least 0")
    choices = 2 * pixels + 1

    def shift(
        images: Float[Tensor, "batch channels height width"],
        indices: Int64[Tensor, "batch"],
        seed: int,
        epoch: int,
    ) -> Float[Tensor, "batch channels height width"]:
        height, width = images.shape[2:]
        if pixels >= min(height, width):
            raise ValueError(f"pixels={pixels} must be less than the image's sides, {height} x {width}")
        # Not every whole-number operation exists on Apple's GPU; the hash is small, so it runs on the CPU there.
        keyed = indices.cpu() if indices.device.type == "mps" else indices
        chosen = random_integers(keyed, choices * choices, seed, epoch).to(images.device)
        rows, columns = chosen // choices, chosen % choices  # offsets into the padded image, 0 .. 2 pixels
        # All shifted versions of an image are windows of the padded one: a view, then one pick per image.
        windows = F.pad(images, (pixels,) * 4).unfold(2, height, 1).unfold(3, width, 1)
        return windows[torch.arange(len(images), device=images.device), :, rows, columns]

    shift.__name__ = f"random_shift({pixels})"  # by which a checkpoint knows it
    return shift
