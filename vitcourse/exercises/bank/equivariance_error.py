"""`equivariance_error` (lesson 07): does a model's map move with the image?"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ...comparison import equivariance_error, translate
from ..spec import Exercise, Property, normal, probe, wrong

Features = Callable[[Tensor], Tensor]


def _kernel(filters: int, channels: int, rows: int, cols: int) -> Tensor:
    return normal(torch.Generator().manual_seed(5), filters, channels, rows, cols)


def strided_convolution(images: Tensor) -> Tensor:
    """Stride 2, padded with zeros; each map has its own large mean."""
    offsets = torch.tensor([3.0, -2.0, 8.0, 5.0], dtype=images.dtype)
    return F.conv2d(images, _kernel(4, 2, 3, 3), offsets, stride=2, padding=1)


def circular_convolution(images: Tensor) -> Tensor:
    return F.conv2d(F.pad(images, (1, 1, 1, 1), mode="circular"), _kernel(3, 2, 3, 3))


def patch_embedding(images: Tensor) -> Tensor:
    """Patches of 2 x 3 pixels, and a code for each position."""
    maps = F.conv2d(images, _kernel(5, 1, 2, 3), stride=(2, 3))
    return maps + _kernel(1, 5, *maps.shape[-2:])


def padded_convolution(images: Tensor) -> Tensor:
    return F.conv2d(images, _kernel(2, 1, 3, 3), padding=1)


def _unequal(g: Generator, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Images of unequal brightness and contrast."""
    contrast = torch.arange(1.0, batch + 1, dtype=torch.float64)[:, None, None, None]
    return contrast * normal(g, batch, channels, height, width) + contrast**2


def _mean_of_ratios(features: Features, images: Tensor, pixels: int) -> float:
    return sum(equivariance_error(features, image[None], pixels) for image in images) / len(images)


def _zeros_come_in(features: Features, images: Tensor, pixels: int) -> float:
    before, after = features(images), features(F.pad(images, (pixels, 0))[..., : images.shape[-1]])
    difference = after - translate(before, pixels * before.shape[-1] / images.shape[-1])
    return (difference.norm() / (before - before.mean(dim=(-2, -1), keepdim=True)).norm()).item()


def _absolute(features: Features, images: Tensor, pixels: int) -> float:
    before, after = features(images), features(translate(images, pixels))
    difference = after - translate(before, pixels * before.shape[-1] / images.shape[-1])
    return (difference.abs().sum() / (before - before.mean(dim=(-2, -1), keepdim=True)).abs().sum()).item()


EXERCISE = Exercise(
    name="equivariance_error",
    lesson="07",
    reference=equivariance_error,
    stub="(features, images, pixels)",
    minutes=8,
    difficulty=2,
    probes=(
        probe(
            "a circular convolution of stride 1, which moves along exactly, one image of 4 x 6 pixels, moved by 2",
            lambda g: {"features": circular_convolution, "images": _unequal(g, 1, 2, 4, 6), "pixels": 2},
            "maps that move along exactly, so that nothing stands above the line",
            "one image",
            "stride 1",
            "whole cells",
        ),
        probe(
            "a convolution of stride 2 padded with zeros, 3 images of 6 x 10 pixels, moved by 3",
            lambda g: {"features": strided_convolution, "images": _unequal(g, 3, 2, 6, 10), "pixels": 3},
        ),
        probe(
            "patches of 2 x 3 pixels with a code for each position, 2 images of 14 x 9 pixels, moved by 1",
            lambda g: {"features": patch_embedding, "images": _unequal(g, 2, 1, 14, 9), "pixels": 1},
        ),
        probe(
            "a convolution of stride 1 padded with zeros, 2 images of 7 x 5 pixels, moved by 2",
            lambda g: {"features": padded_convolution, "images": _unequal(g, 2, 1, 7, 5), "pixels": 2},
            "stride 1",
            "whole cells",
        ),
        probe(
            "a convolution of stride 2 padded with zeros, one image of 4 x 10 pixels, moved by 4",
            lambda g: {"features": strided_convolution, "images": _unequal(g, 1, 2, 4, 10), "pixels": 4},
            "one image",
            "whole cells",
        ),
    ),
    properties=(
        Property(
            "exact maps have no error",
            "A circular convolution of stride 1 moves along exactly, so its error is 0 up to rounding; yours is not. "
            "What stands above the line compares two maps that have not been moved alike: by how much, in which "
            "direction, and what comes in where something leaves?",
            lambda value, arguments: arguments["features"] is not circular_convolution or abs(value) < 1e-6,
        ),
    ),
    hints=(
        "Which two maps should be equal, if it is all one whether you move first and look then, or the reverse?",
        "The map has fewer columns than the image: one cell stands for several pixels. How many, and by how many "
        "cells must the map then move? It need not be a whole number: `translate` mixes two cells.",
        "Below the line stands the map of the unmoved images, from which each feature of each image has lost its own "
        "mean over all places. Take one norm over everything above and one below, divide, and make it a plain number.",
    ),
    misconceptions=(
        wrong(
            "map not moved",
            """Even a circular convolution, which is exact, gets a large error from you: you compare the map of the
            moved images with the map as it was. It is right that they differ. The map has to move too.""",
            "translate(before, pixels / stride)",
            "before",
        ),
        wrong(
            "images not moved",
            """You get an error even where there is none: the map is moved, but the features see the images as they
            were. Both sides of the comparison contain a movement.""",
            "features(translate(images, pixels))",
            "features(images)",
        ),
        wrong(
            "map moved by pixels",
            """At stride 1 you are right; at stride 2 the map moves twice as far as the image. A cell of the map
            stands for several pixels, so it moves by fewer cells than pixels.""",
            "pixels / stride",
            "pixels",
        ),
        wrong(
            "map moved by pixels times stride",
            """At stride 1 you are right; with larger cells the map moves too far. The larger a cell, the fewer of
            them make up the same distance.""",
            "pixels / stride",
            "pixels * stride",
        ),
        wrong(
            "whole cells only",
            """At multiples of the stride you are right, in between you are not: you round the distance on the map
            to whole cells. `translate` takes fractions of a cell.""",
            "pixels / stride",
            "pixels // stride",
        ),
        wrong(
            "rounded to the nearest cell",
            """At multiples of the stride you are right, in between you are not: the distance on the map is rounded.
            `translate` takes fractions of a cell.""",
            "pixels / stride",
            "round(pixels / stride)",
        ),
        wrong(
            "map moved the other way",
            """Even a map that moves along exactly gets a large error: image and map move in opposite directions.""",
            "pixels / stride",
            "-pixels / stride",
        ),
        wrong(
            "images moved the other way",
            """Even a map that moves along exactly gets a large error: your images move to the left, the map to the
            right.""",
            "translate(images, pixels)",
            "translate(images, -pixels)",
        ),
        wrong(
            "images lose what leaves",
            """Even a map that moves along exactly gets an error: at the left of your images zeros come in. On a
            torus, what leaves at the right comes in at the left, for images and maps alike.""",
            function=_zeros_come_in,
        ),
        wrong(
            "all moved along the rows",
            """Maps that move along exactly are right, others are not: images and maps move downwards. That is a
            fair test too, but the exercise moves them to the right. Which axis is the width?""",
            ("features(translate(images, pixels))", "features(translate(images.mT, pixels).mT)"),
            ("translate(before, pixels / stride)", "translate(before.mT, pixels * rows / images.shape[-2]).mT"),
        ),
        wrong(
            "map moved along the rows",
            """Your map moves downwards, while the image moves to the right. Which of the map's axes is the width?""",
            "translate(before, pixels / stride)",
            "translate(before.mT, pixels / stride).mT",
        ),
        wrong(
            "stride taken from the height",
            """Where a cell is as high as it is wide, you are right; for patches of 2 x 3 pixels you are not. The
            image moves to the right, so it is the width of a cell that counts.""",
            "images.shape[-1] // cols",
            "images.shape[-2] // rows",
        ),
        wrong(
            "not divided",
            """Your error grows with the contrast of the images: it is a length, not a share. It has to be compared
            with how much the map itself varies, so that models can be compared.""",
            "(difference.norm() / spread.norm())",
            "difference.norm()",
        ),
        wrong(
            "standard deviation below the line",
            """Your error is too large, more so with more images and features: above the line stands a norm, which
            adds up over all numbers, below it a standard deviation, which averages. Both must be of one kind.""",
            "spread.norm()",
            "spread.std()",
        ),
        wrong(
            "moved map below the line",
            """Your error is too small where maps have a large mean: you divide by the norm of the map of the moved
            images, mean included. Below the line stands the map before it moved, without its mean.""",
            "(before - before.mean(dim=(-2, -1), keepdim=True))[inner]",
            "after[inner]",
        ),
        wrong(
            "mean not taken away",
            """Where a map has a large mean, your error is far too small: below the line stands the whole map, its
            constant part included. A constant map moves with anything, so it must not count.""",
            "(before - before.mean(dim=(-2, -1), keepdim=True))[inner]",
            "before[inner]",
        ),
        wrong(
            "one mean for everything",
            """Your error is too small where features, or images, have different means: one mean is taken over all
            of them. What remains then holds their differences, which do not depend on the place.""",
            "before.mean(dim=(-2, -1), keepdim=True)",
            "before.mean()",
        ),
        wrong(
            "mean over the batch too",
            """Your error is too small where images differ in brightness: each feature's mean is taken over the
            images too. Each map, of one feature of one image, has a mean of its own.""",
            "dim=(-2, -1), keepdim",
            "dim=(0, -2, -1), keepdim",
        ),
        wrong(
            "mean over the batch alone",
            """Below the line you take away the mean over the images, place by place. With one image nothing is left
            of it. The mean that is meant runs over the places of each map.""",
            "dim=(-2, -1), keepdim",
            "dim=0, keepdim",
        ),
        wrong(
            "mean over the features",
            """Below the line you take away the mean over features at each place. The mean that is meant runs over
            the places of each feature's map: a map that is constant must leave nothing.""",
            "dim=(-2, -1), keepdim",
            "dim=1, keepdim",
        ),
        wrong(
            "mean over the features and places",
            """Your error is too small where features have different means: one mean is taken for all features of an
            image. Each feature's map has a mean of its own.""",
            "dim=(-2, -1), keepdim",
            "dim=(1, 2, 3), keepdim",
        ),
        wrong(
            "spread of the moved map",
            """Where maps move along you are right, elsewhere slightly off: below the line stands the map of the
            moved images. The formula compares with the map as it was before.""",
            "(before - before.mean(dim=(-2, -1), keepdim=True))[inner]",
            "(after - after.mean(dim=(-2, -1), keepdim=True))[inner]",
        ),
        wrong(
            "squared",
            """Your numbers are the squares of the right ones: a norm is the root of the sum of squares, and the
            root is missing.""",
            "(difference.norm() / spread.norm())",
            "(difference.square().sum() / spread.square().sum())",
        ),
        wrong(
            "absolute values",
            """Your numbers are near, but not the right ones: absolute values are added up where the norm asks for
            squares, and for the root of their sum.""",
            function=_absolute,
        ),
        wrong(
            "mean of each feature's error",
            """You take the mean of an error for each map, of one feature of one image. One norm runs over all of
            them, so that a map that hardly varies counts little.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm(dim=(-2, -1)) / spread.norm(dim=(-2, -1))).mean()",
        ),
        wrong(
            "first image only",
            "With one image you are right, with several you are not: the others play no part. The norms run over the "
            "batch.",
            "(difference.norm() / spread.norm())",
            "(difference[0].norm() / spread[0].norm())",
        ),
        wrong(
            "mean of each image's error",
            """With one image you are right, with several you are not: you take the mean of an error for each image.
            One norm runs over the whole batch, so that an image of little contrast does not count as much as one
            of much.""",
            function=_mean_of_ratios,
        ),
    ),
)
