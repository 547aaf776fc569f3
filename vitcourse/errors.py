"""Checks of arguments, in one wording: the argument, its value, and what would be valid."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

Size = int | tuple[int, int]


def require_positive(**values: int) -> None:
    """Raise ``ValueError`` for the first keyword whose value is not a whole number of at least 1."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={value!r} must be a whole number of at least 1")


def require_one_of(name: str, value: object, valid: Iterable[object]) -> None:
    """Raise ``ValueError`` unless ``value`` is one of ``valid``."""
    valid = list(valid)
    if value not in valid:
        raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, valid))}")


def require_heads_divide(embed_dim: int, num_heads: int) -> None:
    """Raise ``ValueError`` unless ``num_heads`` divides ``embed_dim``; the message lists the numbers that do."""
    require_positive(embed_dim=embed_dim, num_heads=num_heads)
    if embed_dim % num_heads:
        valid = [h for h in range(1, embed_dim + 1) if embed_dim % h == 0 and h <= 32]
        raise ValueError(
            f"num_heads={num_heads} must divide embed_dim={embed_dim}, since each head takes an equal share; "
            f"valid here: {', '.join(map(str, valid))}"
        )


def as_pair(name: str, size: Size) -> tuple[int, int]:
    """``size`` as (height, width): an int stands for both."""
    pair = (size, size) if isinstance(size, int) else size
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"{name}={size!r} must be an int or a pair (height, width)")
    height, width = pair
    require_positive(**{f"{name} (height)": height, f"{name} (width)": width})
    return height, width


def require_patches_fit(img_size: tuple[int, int], patch_size: tuple[int, int]) -> None:
    """Raise ``ValueError`` unless patches tile the image exactly; the message lists sizes that do."""
    for side, image, patch in zip(("height", "width"), img_size, patch_size, strict=True):
        if image % patch:
            valid = [p for p in range(1, image + 1) if image % p == 0]
            raise ValueError(
                f"patch_size={patch_size} must divide img_size={img_size}: {image} / {patch} pixels of {side} "
                f"leave {image % patch} over; valid for this {side}: {', '.join(map(str, valid))}"
            )


def check_images(
    images: Tensor,
    in_channels: int | None = None,
    img_size: tuple[int, int] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Raise ``ValueError`` unless ``images`` is a non-empty floating-point (batch, channels, height, width).

    Where ``in_channels`` or ``img_size`` is given, the images must have them; where ``dtype``, that of a model's
    weights, is given, they must be of it or be cast by autocast.
    """
    if not isinstance(images, Tensor):
        raise ValueError(f"images is a {type(images).__name__}; expected a torch.Tensor")
    shape = tuple(images.shape)
    if images.ndim != 4:
        remedy = "; add the batch axis with images[None]" if images.ndim == 3 else ""
        raise ValueError(f"images has shape {shape}; expected (batch, channels, height, width){remedy}")
    if shape[0] == 0:
        raise ValueError(f"images has shape {shape}: a batch of none; expected at least one image")
    if not images.is_floating_point():
        raise ValueError(
            f"images has dtype {images.dtype}; expected floating point, in 0..1: images.float() / 255 for bytes"
        )
    if dtype is not None and images.dtype != dtype and not _autocast_unites(images, dtype):
        remedy = "images.float()" if dtype == torch.float32 else f"images.to({dtype})"
        raise ValueError(
            f"images has dtype {images.dtype}; the model's weights are {dtype}: convert one of them, with {remedy} or "
            f"model.to({images.dtype})"
        )
    if in_channels is not None and shape[1] != in_channels:
        raise ValueError(f"images has {shape[1]} channels (shape {shape}); expected in_channels={in_channels}")
    if img_size is not None and shape[2:] != img_size:
        raise ValueError(
            f"images are {shape[2]} x {shape[3]} pixels; this model was built for img_size={img_size}: resize the "
            "images, or build the model for their size and interpolate its positions (interpolate_positions)"
        )


def _autocast_unites(images: Tensor, dtype: torch.dtype) -> bool:
    """Whether autocast brings images and weights to one dtype: it is on, and casts all but float64."""
    device = images.device.type
    on = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
    return on and torch.float64 not in (images.dtype, dtype)


def check_tokens(x: Tensor, embed_dim: int) -> None:
    """Raise ``ValueError`` unless ``x`` is floating-point (batch, tokens, embed_dim)."""
    if not isinstance(x, Tensor) or x.ndim != 3 or x.shape[-1] != embed_dim or not x.is_floating_point():
        given = f"shape {tuple(x.shape)}, {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x is {given}; expected floating-point (batch, tokens, embed_dim={embed_dim})")
