"""What a feature sees of the image: the effective receptive field, from input gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def receptive_field(
    features: Callable[[Tensor], Tensor], images: Float[Tensor, "batch channels height width"], seed: int = 0
) -> Float[Tensor, "height width"]:
    """How much each pixel moves the feature vector in the middle of the map (Luo et al. 2016, section 3).

    The gradient of a random direction of that vector (one for each image) by the pixels, its size summed over
    channels and averaged over images.

    Args:
        features: images -> maps (batch, features, rows, cols).
        images: at least one.
        seed: of the directions.

    Returns:
        (height, width), all together 1.

    Raises:
        ValueError: the feature in the middle does not depend on the images.
    """
    images = images.detach().clone().requires_grad_()
    with torch.enable_grad():
        maps = features(images)
        middle = maps[:, :, maps.shape[-2] // 2, maps.shape[-1] // 2]  # (batch, features)
        direction = torch.randn(middle.shape, generator=torch.Generator().manual_seed(seed)).to(middle)
        (gradient,) = torch.autograd.grad((middle * direction).sum(), images)
    field = gradient.abs().sum(dim=1).mean(dim=0)  # (height, width)
    if not field.sum() > 0:
        raise ValueError("features does not depend on the images: the gradient is zero everywhere")
    return field / field.sum()


def share_within(field: Float[Tensor, "height width"], pixels: int) -> float:
    """The share of a receptive field that lies in a square, ``pixels`` to each side of its center of mass."""
    rows, cols = (torch.arange(float(n), device=field.device) for n in field.shape)
    row, col = (field.sum(dim=1) * rows).sum(), (field.sum(dim=0) * cols).sum()
    near = ((rows - row).abs() <= pixels)[:, None] & ((cols - col).abs() <= pixels)
    return (field[near].sum() / field.sum()).item()
