"""`patchify` (lesson 01): from images to rows of patches."""

from __future__ import annotations

import torch
from torch import Tensor

from ...patches import patchify
from ..spec import Exercise, normal, probe, wrong


def _one_image_at_a_time(images: Tensor, patch_size: int) -> Tensor:
    return patchify(images[:1], patch_size)


def _in_place(images: Tensor, patch_size: int) -> Tensor:
    images -= images.mean()
    return patchify(images, patch_size)


def _channels_before_patches(images: Tensor, patch_size: int) -> Tensor:
    tiles = images.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)  # (b, c, rows, cols, P, P)
    return tiles.reshape(len(images), -1, images.shape[1] * patch_size**2)


def _rows_not_moved(images: Tensor, patch_size: int) -> Tensor:
    b, c, height, width = images.shape
    split = images.reshape(b, c, height // patch_size, patch_size, width // patch_size, patch_size)
    return split.permute(0, 2, 3, 4, 1, 5).reshape(b, -1, c * patch_size**2)


def _size_as_number(images: Tensor, patch_size: int) -> Tensor:
    height, width = images.shape[2] // patch_size, images.shape[3] // patch_size
    tiles = images.unfold(2, height, height).unfold(3, width, width)
    return tiles.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def _overlapping(images: Tensor, patch_size: int) -> Tensor:
    return torch.nn.functional.unfold(images, patch_size).transpose(1, 2)


def _cut(images: Tensor, patch_size: int, starts: list[tuple[int, int]]) -> Tensor:
    """The patches that begin at these pixels, (row, column) each, in this order."""
    size = patch_size
    return torch.stack([images[:, :, y : y + size, x : x + size].flatten(1) for y, x in starts], dim=1)


def _rows_for_columns(images: Tensor, patch_size: int) -> Tensor:
    count = images.shape[2] // patch_size
    return _cut(
        images, patch_size, [(row * patch_size, col * patch_size) for row in range(count) for col in range(count)]
    )


def _columns_for_rows(images: Tensor, patch_size: int) -> Tensor:
    count = images.shape[3] // patch_size
    return _cut(
        images, patch_size, [(row * patch_size, col * patch_size) for row in range(count) for col in range(count)]
    )


def _last_ones_missing(images: Tensor, patch_size: int) -> Tensor:
    rows, cols = (range(0, side - patch_size, patch_size) for side in images.shape[2:])
    return _cut(images, patch_size, [(y, x) for y in rows for x in cols])


def _a_pixel_apart(images: Tensor, patch_size: int) -> Tensor:
    rows, cols = (range(side // patch_size) for side in images.shape[2:])
    return _cut(images, patch_size, [(y, x) for y in rows for x in cols])


def _columns_of_unfold_reshaped(images: Tensor, patch_size: int) -> Tensor:
    columns = torch.nn.functional.unfold(images, patch_size, stride=patch_size)  # (b, c P^2, tokens)
    return columns.reshape(len(images), columns.shape[2], columns.shape[1])


EXERCISE = Exercise(
    name="patchify",
    lesson="01",
    reference=patchify,
    stub="(images, patch_size)",
    minutes=3,
    difficulty=1,
    core=True,
    piece=True,
    axes=("image", "patch", "entry"),
    batch=("images",),
    probes=(
        probe(
            "two images of 20 x 24 pixels with 3 channels, patches of 4 x 4",
            lambda g: {"images": normal(g, 2, 3, 20, 24), "patch_size": 4},
        ),
        probe(
            "two square images of 9 x 9 pixels with 4 channels, patches of 3 x 3",
            lambda g: {"images": normal(g, 2, 4, 9, 9), "patch_size": 3},
            "square images",
        ),
        probe(
            "three gray images of 12 x 8 pixels, float32, patches of 2 x 2",
            lambda g: {"images": normal(g, 3, 1, 12, 8, dtype=torch.float32), "patch_size": 2},
            "gray images",
            "float32 inputs",
        ),
        probe(
            "one wide image of 10 x 35 pixels with 3 channels, float32, patches of 5 x 5",
            lambda g: {"images": normal(g, 1, 3, 10, 35, dtype=torch.float32), "patch_size": 5},
            "a single image",
            "float32 inputs",
        ),
    ),
    hints=(
        "Which two axes of the result come from rows and columns of the image, and which part of each counts patches?",
        "Split the height into (rows of patches, rows within a patch), the width likewise: that makes six axes. Put "
        "the two that count patches side by side, then the three that lie within a patch.",
        "`einops.rearrange` does it in one line: name the six axes, in parentheses where they belong together. Without "
        "einops: `reshape` to six axes, `permute`, `reshape` to three.",
    ),
    misconceptions=(
        wrong(
            "channels last",
            """Shape and numbers are right, but the order within a vector is not: the channels of one pixel stand side
            by side. The exercise asks for channel by channel, as a convolution's kernel is laid out; with gray images
            you would not notice.""",
            "(c p q)",
            "(p q c)",
        ),
        wrong(
            "column by column",
            """Your patches are right, but they are read column by column: patch 1 lies below patch 0, not at its right.
            On a square image only the order gives it away.""",
            "(h w)",
            "(w h)",
        ),
        wrong(
            "transposed patches",
            "Within each patch rows and columns are exchanged: every patch is mirrored at its diagonal.",
            "(c p q)",
            "(c q p)",
        ),
        wrong(
            "reshaped without moving axes",
            """The shape is right, but your vectors are no patches: each holds pixels that follow one another in memory,
            parts of whole rows of the image. Reshaping alone never moves a number; something must bring the pixels of a
            patch together first.""",
            'rearrange(images, "b c (h p) (w q) -> b (h w) (c p q)", p=p, q=q)',
            "images.reshape(len(images), -1, images.shape[1] * p * q)",
        ),
        wrong(
            "strided grid",
            """The shape is right, but each vector holds pixels from all over the image, a patch size apart, as if the
            image were thinned out. Which part of a height's index counts patches, the coarse one or the fine one?""",
            "(h p) (w q)",
            "(p h) (q w)",
        ),
        wrong(
            "channels before patches",
            """The shape is right, and so are gray images. With several channels each vector holds several patches of
            one channel, instead of one patch of all channels: the axis of channels still stands before those that count
            patches when you flatten.""",
            function=_channels_before_patches,
        ),
        wrong(
            "rows before channels",
            """Your patches are right, but within a vector the channels are interleaved row by row: first row of red,
            first row of green, and so on. A vector has to begin with all rows of its first channel.""",
            "(c p q)",
            "(p c q)",
        ),
        wrong(
            "rows of a patch and columns of the grid",
            """The shape is right, but your vectors mix patches: the axis of rows within a patch is grouped with the
            axis that counts columns of patches, or the other way round. Of the six axes, those two that count patches
            must come to stand side by side, the rows first.""",
            function=_rows_not_moved,
        ),
        wrong(
            "a grid that is not flattened",
            """The patches stand in a grid still, on two axes. A Transformer reads a sequence: rows and columns of
            patches have to become one axis, row by row.""",
            "(h w)",
            "h w",
        ),
        wrong(
            "patches that are not flattened",
            """Each patch is still a small image of three axes. A token is a vector: channels, rows and columns of a
            patch have to become one axis.""",
            "(c p q)",
            "c p q",
        ),
        wrong(
            "images and patches on one axis",
            """The patches of all images stand in one long row: the result has two axes. The batch axis has to stay, so
            that each image keeps its own sequence.""",
            "-> b (h w)",
            "-> (b h w)",
        ),
        wrong(
            "entries before patches",
            """The numbers are right, but the axes stand in another order: your columns are the patches, as `F.unfold`
            returns them. A sequence model wants one row for each patch.""",
            "b (h w) (c p q)",
            "b (c p q) (h w)",
        ),
        wrong(
            "patch size as a number of patches",
            """The number of patches is wrong: it is the square of `patch_size`. You take `patch_size` as the number of
            patches along a side. It is the side of a patch, in pixels.""",
            function=_size_as_number,
        ),
        wrong(
            "overlapping patches",
            """There are too many patches: the next one begins one pixel further, so that they overlap. They have to lie
            side by side, a patch size apart.""",
            function=_overlapping,
        ),
        wrong(
            "rows for columns",
            """Square images are right, all others have a wrong number of patches, or empty ones: the height alone says
            how many patches there are, downward and across. How many fit across is a matter of the width.""",
            function=_rows_for_columns,
        ),
        wrong(
            "columns for rows",
            """Square images are right, all others have a wrong number of patches, or empty ones: the width alone says
            how many patches there are, across and downward. How many fit downward is a matter of the height.""",
            function=_columns_for_rows,
        ),
        wrong(
            "entries reshaped into patches",
            """The shape is right, but your vectors are no patches: each holds one pixel's place, taken from many
            patches. `F.unfold` returns patches as columns; reshaping does not make rows of them.""",
            function=_columns_of_unfold_reshaped,
        ),
        wrong(
            "channels counted as patches",
            """Gray images are right. In color there are too many patches, and each is too short: every channel is cut
            into patches of its own. A patch holds all channels of its place.""",
            "b (h w) (c p q)",
            "b (c h w) (p q)",
        ),
        wrong(
            "last row and column missing",
            """There are too few patches: the last row and the last column of them are missing. The end of a Python
            `range` is itself left out, and the last patch begins exactly one patch size before the image's end.""",
            function=_last_ones_missing,
        ),
        wrong(
            "a pixel apart",
            """Their number is right, but only patch 0 is: the next begins one pixel further, so that they overlap and
            most of the image is never read. You count patches where pixels are needed.""",
            function=_a_pixel_apart,
        ),
        wrong(
            "first image only",
            "Only the first image comes back; the batch axis has to stay.",
            function=_one_image_at_a_time,
        ),
        wrong(
            "changes the images",
            "The images themselves are other ones after the call: something is written into the tensor that was "
            "passed in.",
            function=_in_place,
        ),
    ),
)
