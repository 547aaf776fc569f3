"""What every loader returns: images and labels as tensors, in two splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import torch
from jaxtyping import Float32, Int64
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels, in memory.

    Args:
        images: float32 (n, channels, height, width), in 0..1.
        labels: int64, one class per image: (n,); for "pairs" (n, 9), the class of the digit on each tile.

    ``split[:100]`` and ``split[indices]`` are splits again (a slice shares memory with the whole);
    ``split[3]`` is one (image, label).

    Raises:
        ValueError: shapes, lengths or dtypes other than these.
    """

    images: Float32[Tensor, "n channels height width"]
    labels: Int64[Tensor, "n *tiles"]

    def __post_init__(self) -> None:
        for name, value, dtype, remedy in (
            ("images", self.images, torch.float32, "images.float() / 255 for bytes"),
            ("labels", self.labels, torch.int64, "labels.long()"),
        ):
            if not isinstance(value, Tensor):
                raise ValueError(f"{name} is a {type(value).__name__}; expected a torch.Tensor")
            if value.dtype != dtype:
                raise ValueError(f"{name} has dtype {value.dtype}; expected {dtype}: {remedy}")
        if self.images.ndim != 4:
            shape = tuple(self.images.shape)
            raise ValueError(f"images has shape {shape}; expected (n, channels, height, width)")
        if self.labels.ndim == 0 or len(self.labels) != len(self.images):
            raise ValueError(
                f"labels has shape {tuple(self.labels.shape)}; expected one entry for each of the "
                f"{len(self.images)} images"
            )

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, which: int) -> tuple[Tensor, Tensor]: ...
    @overload
    def __getitem__(self, which: slice | Tensor) -> Split: ...
    def __getitem__(self, which: int | slice | Tensor) -> Split | tuple[Tensor, Tensor]:
        if isinstance(which, int):
            return self.images[which], self.labels[which]
        return Split(self.images[which], self.labels[which])

    def to(self, device: torch.device | str | None) -> Split:
        """The same split on another device; itself where it is there already."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split, and what the classes are called.

    ``name`` says what the images *are*, which after a fallback is not what was asked for; ``note`` then says
    why, and is empty otherwise.
    """

    name: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    note: str = ""
