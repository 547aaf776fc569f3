"""`equivariance_error` (lesson 07): does a model's map move with the image?"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ...comparison import equivariance_error
from ..spec import Arguments, Exercise, Property, normal, probe, wrong
from . import _wrong_equivariance_error as wrong_answers


def _kernel(filters: int, channels: int, rows: int, cols: int) -> Tensor:
    return normal(torch.Generator().manual_seed(5), filters, channels, rows, cols)


def strided_convolution(images: Tensor) -> Tensor:
    """Stride 2, padded with zeros; each map has its own large mean."""
    offsets = torch.tensor([3.0, -2.0, 8.0, 5.0], dtype=images.dtype)
    return F.conv2d(images, _kernel(4, 2, 3, 3), offsets, stride=2, padding=1)


def circular_convolution(images: Tensor) -> Tensor:
    return F.conv2d(F.pad(images, (1, 1, 1, 1), mode="circular"), _kernel(3, 2, 3, 3))


def patch_embedding(images: Tensor) -> Tensor:
    """Patches of 4 x 3 pixels, and a code for each position."""
    maps = F.conv2d(images, _kernel(5, 1, 4, 3), stride=(4, 3))
    return maps + _kernel(1, 5, *maps.shape[-2:])


def padded_convolution(images: Tensor) -> Tensor:
    return F.conv2d(images, _kernel(2, 1, 3, 3), padding=1)


def _unequal(g: Generator, batch: int, channels: int, height: int, width: int) -> Tensor:
    """Images of unequal brightness and contrast."""
    contrast = torch.arange(1.0, batch + 1, dtype=torch.float64)[:, None, None, None]
    return contrast * normal(g, batch, channels, height, width) + contrast**2


def _known_otherwise(value: float, arguments: Arguments) -> bool:
    """Is there a nearer sentence: for the circular convolution, a constant, percent, the sign, low precision?"""
    if arguments["features"] is circular_convolution or value == 0 or not math.isfinite(value):
        return True
    ratio = abs(value) / equivariance_error(**arguments)
    return not _unrounded(value, arguments) or any(abs(ratio / factor - 1) < 1e-3 for factor in (1, 100, 0.01))


def _unrounded(value: float, arguments: Arguments) -> bool:
    wanted = equivariance_error(**arguments)
    return wanted < 1e-6 or not any(abs(value - round(wanted, digits)) < 1e-9 for digits in range(1, 6))


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
            "one image",
            "stride 1",
            "whole cells",
        ),
        probe(
            "a convolution of stride 2 padded with zeros, 3 images of 6 x 10 pixels, moved by 3",
            lambda g: {"features": strided_convolution, "images": _unequal(g, 3, 2, 6, 10), "pixels": 3},
        ),
        probe(
            "patches of 4 x 3 pixels with a code for each position, 2 images of 16 x 9 pixels, moved by 1",
            lambda g: {"features": patch_embedding, "images": _unequal(g, 2, 1, 16, 9), "pixels": 1},
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
            "A circular convolution of stride 1 moves along exactly: what it makes of the moved image is its own map, "
            "moved. So its error is 0 up to rounding, and yours is not. Do both move by as much, in the same "
            "direction, and what comes in where something leaves? Is it their difference that stands above the line?",
            lambda value, arguments: arguments["features"] is not circular_convolution or abs(value) < 1e-6,
        ),
        Property(
            "rounded",
            "Your number is the right one, rounded. Rounding is for printing; return it as it is.",
            _unrounded,
        ),
        Property(
            "maps that move along exactly",
            "A map that moves along exactly gets 0 from you, as it should; others get a wrong number. There the two "
            "norms matter: both are roots of sums of squares, over all numbers at once. Above the line nothing is "
            "taken away, below it each map has lost its own mean. And a map may move by a part of a cell.",
            _known_otherwise,
        ),
    ),
    hints=(
        "Which two maps should be equal, if it is all one whether you move first and look then, or the reverse?",
        "The map has fewer columns than the image: one cell stands for several pixels. How many, and by how many "
        "cells must the map then move? It need not be a whole number: `translate` mixes two cells.",
        "Below the line stands the map of the unmoved images, from which each feature of each image has lost its own "
        "mean over all places. Take one norm over everything above and one below, divide, and make it a plain number.",
        "`before = features(images)` and `after = features(translate(images, pixels))`; a cell has "
        "`images.shape[-1] / before.shape[-1]` pixels. Above: the norm of `after` less `before`, the latter moved by "
        "`pixels` over that number. Below: the norm of `before - before.mean(dim=(-2, -1), keepdim=True)`. `.norm()` "
        "takes a tensor's norm, `.item()` makes a plain number.",
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
            function=wrong_answers.zeros_come_in,
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
            """Where a cell is as high as it is wide, you are right; for patches of 4 x 3 pixels you are not. The
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
            function=wrong_answers.absolute,
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
            function=wrong_answers.mean_of_ratios,
        ),
        wrong(
            "both moved to the left",
            """A map that moves along exactly gets 0 from you, the others get other numbers: images and maps both move
            to the left. That is a fair test too, but the exercise moves them to the right.""",
            ("translate(images, pixels)", "translate(images, -pixels)"),
            ("pixels / stride", "-pixels / stride"),
        ),
        wrong(
            "fraction upside down",
            """The better a map moves along, the larger your number, without bound: it is the right one's inverse. The
            fraction stands upside down; how much the map varies belongs below the line.""",
            "(difference.norm() / spread.norm())",
            "(spread.norm() / difference.norm())",
        ),
        wrong(
            "fraction upside down, plain numbers",
            """A map that moves along exactly makes you divide by 0: the fraction stands upside down. The difference of
            the two maps may be 0; how much the map varies belongs below the line.""",
            function=wrong_answers.upside_down,
        ),
        wrong(
            "two cells half and half",
            """At multiples of the stride you are right, in between you are right only if the image has moved by half a
            cell: the two nearest cells are mixed half and half. How much of each there is depends on where between them
            the map lies.""",
            function=wrong_answers.half_and_half,
        ),
        wrong(
            "shares of the two cells exchanged",
            """Even a map that moves along exactly gets a large error from you: of the two cells between which the map
            lies, each has the other one's share. The nearer cell counts more.""",
            function=wrong_answers.shares_exchanged,
        ),
        wrong(
            "rounded up to whole cells",
            """At multiples of the stride you are right, in between you are not: you round the distance on the map up to
            whole cells. `translate` takes fractions of a cell.""",
            function=wrong_answers.rounded_up,
        ),
        wrong(
            "standard deviation of everything below the line",
            """Your error is too large by far: above the line stands a norm, which adds up over all numbers, below it a
            standard deviation, which averages. Besides, it takes one mean from all maps, where each should lose its
            own.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / before.std())",
        ),
        wrong(
            "two standard deviations, one mean for all",
            """Your error is too small where maps have different means: below the line a standard deviation takes one
            mean from all of them, where each should lose its own. Above the line, too, it takes a mean away; nothing
            should be lost there.""",
            "(difference.norm() / spread.norm())",
            "(difference.std() / before.std())",
        ),
        wrong(
            "two standard deviations",
            """Nearly right: a standard deviation takes the mean away from what it measures. Above the line, where the
            two maps are compared, nothing is to be taken away.""",
            "(difference.norm() / spread.norm())",
            "(difference.std() / spread.std())",
        ),
        wrong(
            "mean square below the line",
            """Your error is too large by far: above the line stands a norm, which adds up over all numbers, below it
            the root of a mean, which averages. Both must be of one kind.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / spread.square().mean().sqrt())",
        ),
        wrong(
            "standard deviation of each map",
            """Your error is too large by far: above the line stands a norm, which adds up over all numbers, below it
            the mean of the maps' standard deviations. Both must be of one kind.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / before.std(dim=(-2, -1)).mean())",
        ),
        wrong(
            "mean square above the line",
            """Your error is too small by far: above the line stands the root of a mean, which averages, below it a
            norm, which adds up over all numbers. Both must be of one kind.""",
            "(difference.norm() / spread.norm())",
            "(difference.square().mean().sqrt() / spread.norm())",
        ),
        wrong(
            "mean square and variance",
            """Your numbers are no lengths but squares of them: a mean of squares, divided by a variance. Besides, the
            variance takes one mean from all maps, where each should lose its own. A norm is the root of a sum of
            squares.""",
            "(difference.norm() / spread.norm())",
            "(difference.square().mean() / before.var())",
        ),
        wrong(
            "mean square alone",
            """Your error grows with the contrast of the images, and with its square: it is a mean of squares, not a
            share. The formula takes a norm, and compares it with how much the map itself varies.""",
            "(difference.norm() / spread.norm())",
            "difference.square().mean()",
        ),
        wrong(
            "root mean square alone",
            """Your error grows with the contrast of the images: it says how large the difference is, not which share of
            the map's own variation. Something has to stand below the line.""",
            "(difference.norm() / spread.norm())",
            "difference.square().mean().sqrt()",
        ),
        wrong(
            "mean difference alone",
            """Your error grows with the contrast of the images: it is the mean absolute difference, not a share. The
            formula has norms, and compares with how much the map itself varies.""",
            "(difference.norm() / spread.norm())",
            "difference.abs().mean()",
        ),
        wrong(
            "no root above the line",
            """Your error grows with the contrast of the images: above the line stands a sum of squares, below it the
            root of one. A norm has its root in both places.""",
            "(difference.norm() / spread.norm())",
            "(difference.square().sum() / spread.norm())",
        ),
        wrong(
            "no root below the line",
            """Your error shrinks as the contrast of the images grows: below the line stands a sum of squares, above it
            the root of one. A norm has its root in both places.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / spread.square().sum())",
        ),
        wrong(
            "mean of each row below the line",
            """Below the line each row of a map loses its own mean, so that less is left than should be. The mean that
            is meant runs over all places of a map, rows and columns.""",
            "dim=(-2, -1), keepdim",
            "dim=-1, keepdim",
        ),
        wrong(
            "mean of each column below the line",
            """Below the line each column of a map loses its own mean, so that less is left than should be. The mean
            that is meant runs over all places of a map, rows and columns.""",
            "dim=(-2, -1), keepdim",
            "dim=-2, keepdim",
        ),
        wrong(
            "largest entries",
            """Your number compares single entries, the largest above the line and the largest below it. The formula's
            norm is the root of the sum of all squares.""",
            "(difference.norm() / spread.norm())",
            "(difference.abs().max() / spread.abs().max())",
        ),
        wrong(
            "largest entry above the line",
            """Your error is too small: above the line stands the largest entry alone, below it a norm of all of them.
            Both must be of one kind.""",
            "(difference.norm() / spread.norm())",
            "(difference.abs().max() / spread.norm())",
        ),
        wrong(
            "range below the line",
            """Below the line stands the distance from the map's smallest number to its largest, one for all maps. The
            formula has the norm of what is left when each map has lost its mean.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / (before.max() - before.min()))",
        ),
        wrong(
            "both moved along the rows, by columns' cells",
            """A map that moves along exactly gets 0 from you, the others get other numbers: images and maps move
            downwards. Which of the axes is the width?""",
            ("features(translate(images, pixels))", "features(translate(images.mT, pixels).mT)"),
            ("translate(before, pixels / stride)", "translate(before.mT, pixels / stride).mT"),
        ),
        wrong(
            "mean taken away above the line, too",
            """Your error is too small where the two maps differ in their means: above the line, too, each map loses its
            mean. A difference that is the same in all places is a difference; the mean is taken away below the line
            alone.""",
            "difference.norm()",
            "(difference - difference.mean(dim=(-2, -1), keepdim=True)).norm()",
        ),
        wrong(
            "mean of the norms of maps",
            """Near, but not right: norms of single maps are averaged, above the line and below it. One norm runs over
            everything, so that maps with large differences count more.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm(dim=(-2, -1)).mean() / spread.norm(dim=(-2, -1)).mean())",
        ),
        wrong(
            "mean of the norms at places",
            """Near, but not right: at each place a norm over the features is taken, and these are averaged. One norm
            runs over everything, places and images included.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm(dim=1).mean() / spread.norm(dim=1).mean())",
        ),
        wrong(
            "mean of the norms of images",
            """Near, but not right: norms of single images are averaged, above the line and below it. One norm runs over
            the whole batch, so that an image of much contrast counts more.""",
            "(difference.norm() / spread.norm())",
            "(difference.flatten(1).norm(dim=1).mean() / spread.flatten(1).norm(dim=1).mean())",
        ),
        wrong(
            "mean of the shares at places",
            """You divide at each place and take the mean at the end: a place where the map hardly varies counts as much
            as any other. The formula divides once, one norm by another.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm(dim=1) / spread.norm(dim=1)).mean()",
        ),
        wrong(
            "moved back",
            """At whole cells you are right, in between you are not: you move the moved images' map back, and compare it
            with the map as it was. Between cells `translate` mixes, which blurs; the formula blurs the other one of the
            two maps.""",
            "after - translate(before, pixels / stride)",
            "translate(after, -pixels / stride) - before",
        ),
        wrong(
            "moved map moved again",
            """You get an error even where there is none: the map of the moved images is moved once more, and compared
            with itself. The one that has to move is the map of the images as they were.""",
            "translate(before, pixels / stride)",
            "translate(after, pixels / stride)",
        ),
        wrong(
            "images moved by cells",
            """At stride 1 you are right; with larger cells the images move too little: the distance in cells is used
            for them, too. Images move by pixels, maps by cells.""",
            "translate(images, pixels)",
            "translate(images, pixels / (images.shape[-1] // features(images).shape[-1]))",
        ),
        wrong(
            "both maps below the line",
            """Below the line stand both maps, the moved images' and the one before, with their means. The formula has
            the map before it moved alone, without its mean.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / (before.norm() + after.norm()))",
        ),
        wrong(
            "mean of both maps below the line",
            """Below the line stand both maps, the moved images' and the one before, with their means. The formula has
            the map before it moved alone, without its mean.""",
            "(difference.norm() / spread.norm())",
            "(difference.norm() / ((before.norm() + after.norm()) / 2))",
        ),
        wrong(
            "sum of differences",
            """Differences of both signs cancel in your sum above the line: it may be small for maps that differ much. A
            norm takes squares first, which have no sign.""",
            "(difference.norm() / spread.norm())",
            "(difference.sum() / spread.norm())",
        ),
        wrong(
            "1 minus the error",
            """A map that moves along exactly gets 1 from you: your number says how equal the maps are. Asked for is how
            much they differ, which is 0 there.""",
            "return (difference.norm() / spread.norm()).item()",
            "return 1 - (difference.norm() / spread.norm()).item()",
        ),
    ),
)
