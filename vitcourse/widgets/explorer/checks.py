"""What the explorer refuses, before anything is computed or sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

MODES = ("layer", "rollout", "gradient")
DIRECTIONS = ("from", "to")
LIMIT = 64_000_000  # bytes; a browser still opens that within a few seconds


def named_models(model: Any) -> dict[str, nn.Module]:
    """One model, or a mapping of one or two, as a mapping from what it is called."""
    models = dict(model) if isinstance(model, Mapping) else {"model": model}
    if not 1 <= len(models) <= 2:
        raise ValueError(f"model: a mapping of {len(models)}; one or two models can stand side by side")
    for name, one in models.items():
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"model: the name {name!r} is no text; write explorer({{'trained': model}}, images)")
        if not isinstance(one, nn.Module):
            raise ValueError(f"model: {name!r} is a {type(one).__name__}; expected a torch.nn.Module")
    return models


def require_images(name: str, images: Any) -> None:
    """ValueError unless `images` is a non-empty (N, 1 or 3, height, width) of finite numbers in 0..1."""
    if not isinstance(images, Tensor):
        raise ValueError(f"{name} is a {type(images).__name__}; expected a torch.Tensor")
    shape = tuple(images.shape)
    if images.ndim != 4 or 0 in shape:
        remedy = f"; add the batch axis with {name}[None]" if images.ndim == 3 else ""
        raise ValueError(f"{name} has shape {shape}; expected (N, channels, height, width){remedy}")
    if shape[1] not in (1, 3):
        raise ValueError(f"{name} has {shape[1]} channels; 1 (gray) or 3 (red, green, blue) can be shown")
    if not images.is_floating_point():
        raise ValueError(f"{name} has dtype {images.dtype}; expected floating point: images.float() / 255 for bytes")
    low, high = (float(end) for end in torch.aminmax(images.detach()))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{name} has values that are not finite (nan or inf)")
    if low < 0 or high > 1:
        raise ValueError(
            f"{name} has values from {low:.3g} to {high:.3g}; expected 0..1. If the model takes normalized images, "
            "give these as they are shown, and prepare=normalize"
        )


def require_whole(name: str, value: Any, low: int, high: int, of: str = "") -> int:
    """`value`, if it is a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}={value!r} is not a whole number from {low} to {high}{of and ': ' + of}")
    return value


def label_numbers(labels: Any, count: int) -> list[int] | None:
    """One number for each image; None where there are no labels."""
    if labels is None:
        return None
    numbers = torch.as_tensor(labels)
    if tuple(numbers.shape) != (count,):
        raise ValueError(f"labels has shape {tuple(numbers.shape)}; expected ({count},), one for each image")
    if numbers.is_floating_point() or numbers.is_complex():
        raise ValueError(f"labels has dtype {numbers.dtype}; expected whole numbers, the positions in classes")
    return [int(number) for number in numbers]


def class_names(classes: Any, labels: list[int] | None) -> list[str]:
    """The names as texts; empty where none are given."""
    if classes is None:
        return []
    if isinstance(classes, str) or not isinstance(classes, Sequence):
        raise ValueError(f"classes={classes!r} is no list of names; expected one for each class")
    names = [str(name) for name in classes]
    wrong = [label for label in labels or () if not 0 <= label < len(names)]
    if wrong:
        raise ValueError(f"labels has {wrong[0]}; classes has {len(names)} names, for 0 to {len(names) - 1}")
    return names


def require_callable(name: str, function: Any) -> None:
    if function is not None and not callable(function):
        raise ValueError(f"{name}={function!r} is no function; expected one that takes images, or None")


def require_room(bytes_of_image: int, preload: int) -> None:
    """ValueError if the images that are sent at once make more than `LIMIT` bytes."""
    if bytes_of_image * preload > LIMIT:
        most = max(LIMIT // bytes_of_image, 1)
        raise ValueError(
            f"preload={preload}: an image with its maps takes {bytes_of_image / 1e6:.1f} MB, together "
            f"{bytes_of_image * preload / 1e6:.0f} MB of at most {LIMIT / 1e6:.0f} MB; take preload={most} or fewer: "
            "the others are computed when they are chosen"
        )
