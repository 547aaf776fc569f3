"""Weights as one byte each, for the way to the browser; `coding.js` reads them."""

from __future__ import annotations

import torch
from torch import Tensor


def to_bytes(weights: Tensor, axes: int) -> tuple[bytes, bytes]:
    """Weights as bytes, with one scale for every slice of the last `axes` axes.

    The byte is 255 sqrt(weight / largest): small weights, of which there are many, keep more of their digits. What
    comes back differs by at most sqrt(weight * largest) / 255 + largest / 4 / 255^2, 0.4 % of the largest.

    Args:
        weights: not negative.

    Returns:
        The codes, one byte a weight; the scales (the largest of each slice), float32, little-endian.
    """
    flat = weights.detach().float().flatten(-axes)
    largest = flat.amax(dim=-1)
    safe = largest.clamp(min=torch.finfo(torch.float32).tiny)
    codes = (flat / safe[..., None]).clamp(min=0).sqrt().mul(255).round().to(torch.uint8)
    return codes.cpu().numpy().tobytes(), largest.cpu().numpy().astype("<f4").tobytes()


def pixels_to_bytes(image: Tensor) -> bytes:
    """An image (channels, height, width) in 0..1 as one byte a value, in that order."""
    return image.detach().float().mul(255).round().clamp(0, 255).to(torch.uint8).cpu().numpy().tobytes()
