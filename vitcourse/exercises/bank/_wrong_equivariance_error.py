"""Wrong answers to `equivariance_error` that are no edits of the right one."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from ...comparison import equivariance_error, translate

Features = Callable[[Tensor], Tensor]


def mean_of_ratios(features: Features, images: Tensor, pixels: int) -> float:
    return sum(equivariance_error(features, image[None], pixels) for image in images) / len(images)


def zeros_come_in(features: Features, images: Tensor, pixels: int) -> float:
    before, after = features(images), features(F.pad(images, (pixels, 0))[..., : images.shape[-1]])
    difference = after - translate(before, pixels * before.shape[-1] / images.shape[-1])
    return (difference.norm() / (before - before.mean(dim=(-2, -1), keepdim=True)).norm()).item()


def absolute(features: Features, images: Tensor, pixels: int) -> float:
    before, after = features(images), features(translate(images, pixels))
    difference = after - translate(before, pixels * before.shape[-1] / images.shape[-1])
    return (difference.abs().sum() / (before - before.mean(dim=(-2, -1), keepdim=True)).abs().sum()).item()


def upside_down(features: Features, images: Tensor, pixels: int) -> float:
    return 1 / equivariance_error(features, images, pixels)


def error(features: Features, images: Tensor, pixels: int, move: Callable[[Tensor, float], Tensor]) -> float:
    before, after = features(images), features(translate(images, pixels))
    difference = after - move(before, pixels * before.shape[-1] / images.shape[-1])
    return (difference.norm() / (before - before.mean(dim=(-2, -1), keepdim=True)).norm()).item()


def half_and_half(features: Features, images: Tensor, pixels: int) -> float:
    def move(maps: Tensor, cells: float) -> Tensor:
        return (translate(maps, math.floor(cells)) + translate(maps, math.ceil(cells))) / 2

    return error(features, images, pixels, move)


def shares_exchanged(features: Features, images: Tensor, pixels: int) -> float:
    def move(maps: Tensor, cells: float) -> Tensor:
        rest = cells - math.floor(cells)
        return rest * translate(maps, math.floor(cells)) + (1 - rest) * translate(maps, math.floor(cells) + 1)

    return error(features, images, pixels, move)


def rounded_up(features: Features, images: Tensor, pixels: int) -> float:
    return error(features, images, pixels, lambda maps, cells: translate(maps, math.ceil(cells)))
