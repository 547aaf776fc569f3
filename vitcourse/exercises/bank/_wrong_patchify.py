"""Wrong answers to `patchify` (lesson 01) that are written out."""

from __future__ import annotations

import torch
from torch import Tensor

from ...patches import patchify


def one_image_at_a_time(images: Tensor, patch_size: int) -> Tensor:
    return patchify(images[:1], patch_size)


def in_place(images: Tensor, patch_size: int) -> Tensor:
    images -= images.mean()
    return patchify(images, patch_size)


def channels_before_patches(images: Tensor, patch_size: int) -> Tensor:
    tiles = images.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)  # (b, c, rows, cols, P, P)
    return tiles.reshape(len(images), -1, images.shape[1] * patch_size**2)


def rows_not_moved(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    split = images.reshape(b, c, height // patch_size, patch_size, width // patch_size, patch_size)
    return split.permute(0, 2, 3, 4, 1, 5).reshape(b, -1, c * patch_size**2)


def size_as_number(images: Tensor, patch_size: int) -> Tensor:
    height, width = images.shape[2] // patch_size, images.shape[3] // patch_size
    tiles = images.unfold(2, height, height).unfold(3, width, width)
    return tiles.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def overlapping(images: Tensor, patch_size: int) -> Tensor:
    return torch.nn.functional.unfold(images, patch_size).transpose(1, 2)


def _cut(images: Tensor, patch_size: int, starts: list[tuple[int, int]]) -> Tensor:
    """The patches that begin at these pixels, (row, column) each, in this order."""
    size = patch_size
    return torch.stack([images[:, :, y : y + size, x : x + size].flatten(1) for y, x in starts], dim=1)


def rows_for_columns(images: Tensor, patch_size: int) -> Tensor:
    count = images.shape[2] // patch_size
    return _cut(
        images, patch_size, [(row * patch_size, col * patch_size) for row in range(count) for col in range(count)]
    )


def columns_for_rows(images: Tensor, patch_size: int) -> Tensor:
    count = images.shape[3] // patch_size
    return _cut(
        images, patch_size, [(row * patch_size, col * patch_size) for row in range(count) for col in range(count)]
    )


def last_ones_missing(images: Tensor, patch_size: int) -> Tensor:
    rows, cols = (range(0, side - patch_size, patch_size) for side in images.shape[2:])
    return _cut(images, patch_size, [(y, x) for y in rows for x in cols])


def a_pixel_apart(images: Tensor, patch_size: int) -> Tensor:
    rows, cols = (range(side // patch_size) for side in images.shape[2:])
    return _cut(images, patch_size, [(y, x) for y in rows for x in cols])


def columns_of_unfold_reshaped(images: Tensor, patch_size: int) -> Tensor:
    columns = torch.nn.functional.unfold(images, patch_size, stride=patch_size)  # (b, c P^2, tokens)
    return columns.reshape(len(images), columns.shape[2], columns.shape[1])


def channels_moved_alone(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    split = images.reshape(b, c, height // patch_size, patch_size, width // patch_size, patch_size)
    return split.permute(0, 2, 3, 1, 4, 5).reshape(b, -1, c * patch_size**2)


def six_axes_of_the_result(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    split = images.reshape(b, c, height // patch_size, width // patch_size, patch_size, patch_size)
    return split.permute(0, 2, 3, 1, 4, 5).reshape(b, -1, c * patch_size**2)


def four_for_all(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    return images.reshape(b, c, height // 4, 4, width // 4, 4).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * 16)


def sixteen_for_all(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    return images.reshape(b, c, height // 16, 16, width // 16, 16).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * 256)


def misread(images: Tensor, patch_size: int) -> Tensor:
    (b, height, width, c), p = images.shape, patch_size
    split = images.reshape(b, height // p, p, width // p, p, c)
    return split.permute(0, 1, 3, 2, 4, 5).reshape(b, (height // p) * (width // p), p * p * c)


def misread_channels_first(images: Tensor, patch_size: int) -> Tensor:
    (b, height, width, c), p = images.shape, patch_size
    split = images.reshape(b, height // p, p, width // p, p, c)
    return split.permute(0, 1, 3, 5, 2, 4).reshape(b, (height // p) * (width // p), p * p * c)


def misread_in_the_call(images: Tensor, patch_size: int) -> Tensor:
    (b, height, width, c), p = images.shape, patch_size
    split = images.reshape(b, c, height // p, p, width // p, p)
    return split.permute(0, 2, 4, 1, 3, 5).reshape(b, (height // p) * (width // p), p * p * c)


def last_pixels_missing(images: Tensor, patch_size: int) -> Tensor:
    rows, cols = (range(0, side, patch_size) for side in images.shape[2:])
    last = patch_size - 1
    return torch.stack([images[:, :, y : y + last, x : x + last].flatten(1) for y in rows for x in cols], dim=1)


def means(images: Tensor, patch_size: int) -> Tensor:
    return torch.nn.functional.avg_pool2d(images, patch_size).flatten(2).transpose(1, 2)


def maxima(images: Tensor, patch_size: int) -> Tensor:
    return torch.nn.functional.max_pool2d(images, patch_size).flatten(2).transpose(1, 2)


def one_pixel_a_patch(images: Tensor, patch_size: int) -> Tensor:
    return images[:, :, ::patch_size, ::patch_size].flatten(2).transpose(1, 2)


def dilated(images: Tensor, patch_size: int) -> Tensor:
    return torch.nn.functional.unfold(images, patch_size, dilation=patch_size).transpose(1, 2)


def height_for_width(images: Tensor, patch_size: int) -> Tensor:
    (b, c, width, height), p = images.shape, patch_size
    split = images.reshape(b, c, height // p, p, width // p, p)
    return split.permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * p * p)


def viewed(images: Tensor, patch_size: int) -> Tensor:
    (b, c, height, width), p = images.shape, patch_size
    return images.reshape(b, c, height // p, p, width // p, p).permute(0, 2, 4, 1, 3, 5).view(b, -1, c * p * p)
