"""`patchify` (lesson 01): from images to rows of patches."""

from __future__ import annotations

import torch
from torch import Tensor

from ...patches import patchify
from ..spec import Arguments, Exercise, Property, normal, probe, wrong
from . import _wrong_patchify as _wrong

HARD_CODED = """`patch_size` plays no part: the size of a patch stands in your code as a number, and each image is cut
    by it. It should follow from the argument."""
MISREAD = """The sizes of `images` are read in another order than they have: its axes are batch, channels, height,
    width. What you take for the height is the number of channels, and what you take for the channels is the width."""


def _own_numbers(value: Tensor, arguments: Arguments) -> bool:
    """False where there are numbers that no image holds."""
    return bool(torch.isin(value, arguments["images"]).all())


def _each_once(value: Tensor, arguments: Arguments) -> bool:
    """False where all numbers are the images', but some come twice."""
    if not _own_numbers(value, arguments):
        return True
    return torch.equal(value.flatten().sort().values, arguments["images"].flatten().sort().values)


def _vectors(value: Tensor, ordered: bool) -> list[list[tuple[float, ...]]]:
    """The vectors of each image; without their order within where that shall not count."""
    rows = value.double() if ordered else value.double().sort(dim=-1).values
    return [[tuple(row) for row in image] for image in rows.tolist()]


def _not_only_within(value: Tensor, arguments: Arguments) -> bool:
    right = patchify(**arguments)
    return torch.equal(value, right) or _vectors(value, False) != _vectors(right, False)


def _not_only_places(value: Tensor, arguments: Arguments) -> bool:
    mine, right = _vectors(value, True), _vectors(patchify(**arguments), True)
    return mine == right or list(map(sorted, mine)) != list(map(sorted, right))


def _not_spread(value: Tensor, arguments: Arguments) -> bool:
    """False where every number of the images is there, and the vectors hold other ones than the patches."""
    right = patchify(**arguments)
    if not torch.equal(value.flatten().sort().values, right.flatten().sort().values):
        return True
    mine, theirs = ([row for image in _vectors(vectors, False) for row in image] for vectors in (value, right))
    return sorted(mine) == sorted(theirs)


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
    properties=(
        Property(
            "numbers",
            "Your vectors hold numbers that no pixel of the images has. Cutting computes nothing: each pixel comes "
            "through as it is.",
            _own_numbers,
        ),
        Property(
            "each pixel once",
            "Some pixels come more than once, so that others are lost. Patches lie side by side: where one ends, the "
            "next begins.",
            _each_once,
        ),
        Property(
            "order within a vector",
            "Each vector holds the numbers of its own patch, but in another order. The order is: channel by channel, "
            "and in each channel row by row, from left to right.",
            _not_only_within,
        ),
        Property(
            "order of the patches",
            "Each of your vectors is right, but they stand in other places. The order of the patches is row by row: "
            "from left to right, then the next row of patches below.",
            _not_only_places,
        ),
        Property(
            "patches",
            "All pixels are there, but your vectors are no patches: each holds pixels of several of them. Where axes "
            "are split, moved or joined, some belong together that do not stand side by side.",
            _not_spread,
        ),
    ),
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
        # Sizes that a patch of 16 divides too, and channels that a patch divides.
        probe(
            "one tall image of 32 x 16 pixels with 4 channels, patches of 2 x 2",
            lambda g: {"images": normal(g, 1, 4, 32, 16), "patch_size": 2},
            "a single image",
        ),
        probe(
            "two square images of 5 x 5 pixels with 3 channels, each pixel a patch",
            lambda g: {"images": normal(g, 2, 3, 5, 5), "patch_size": 1},
            "square images",
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
            "strided columns",
            """Rows are right, columns are not: each vector holds pixels from all over the width, as if the image were
            thinned out. Of the two parts of a width's index, the coarse one counts patches; it is so for the height
            already.""",
            "(w q)",
            "(q w)",
        ),
        wrong(
            "strided rows",
            """Columns are right, rows are not: each vector holds pixels from all over the height, as if the image were
            thinned out. Of the two parts of a height's index, the coarse one counts patches; it is so for the width
            already.""",
            "(h p)",
            "(p h)",
        ),
        wrong(
            "channels last and columns first",
            """Each vector holds its patch, but in another order: the channels of one pixel side by side, and the pixels
            column by column. The exercise asks for channel by channel, and row by row in each.""",
            "(c p q)",
            "(q p c)",
        ),
        wrong(
            "upside down",
            """Your patches are those of an image that stands on its head: the rows are read from the last to the first.
            Row 0 of a tensor of pixels is the top of the image.""",
            "rearrange(images,",
            "rearrange(images.flip(2),",
        ),
        wrong(
            "mirrored",
            """Your patches are those of an image in a mirror: the columns are read from the last to the first.""",
            "rearrange(images,",
            "rearrange(images.flip(3),",
        ),
        wrong(
            "channels moved alone",
            """The shape is right, but your vectors mix patches: only the axis of channels has moved. Rows of patches
            and rows within a patch still stand side by side, and when you join axes, pixels of several patches come
            together.""",
            function=_wrong.channels_moved_alone,
        ),
        wrong(
            "six axes in the order of the result",
            """The shape is right, but your vectors are no patches. The height is rows of patches times rows within a
            patch: these two come side by side when it is split, and only then move. You split it as if the image lay
            in memory patch by patch already.""",
            function=_wrong.six_axes_of_the_result,
        ),
        wrong("a size of 4 in the code", HARD_CODED, "p=p, q=q", "p=4, q=4"),
        wrong("a size of 16 in the code", HARD_CODED, "p=p, q=q", "p=16, q=16"),
        wrong("a size of 4 in a reshape", HARD_CODED, function=_wrong.four_for_all),
        wrong("a size of 16 in a reshape", HARD_CODED, function=_wrong.sixteen_for_all),
        wrong("channels taken for the last axis", MISREAD, "b c (h p) (w q) ->", "b (h p) (w q) c ->"),
        wrong("sizes misread, channels last", MISREAD, function=_wrong.misread),
        wrong("sizes misread, channels first", MISREAD, function=_wrong.misread_channels_first),
        wrong("sizes misread", MISREAD, function=_wrong.misread_in_the_call),
        wrong(
            "last pixels of each patch missing",
            """The number of patches is right, but each is too short: its last row and last column are missing. The end
            of a slice is itself left out already, nothing has to be taken from it.""",
            function=_wrong.last_pixels_missing,
        ),
        wrong(
            "channels reversed",
            """Gray images are right. In color each vector begins with the last channel and ends with the first, as if
            red and blue had changed places.""",
            "rearrange(images,",
            "rearrange(images.flip(1),",
        ),
        wrong(
            "one pixel a patch",
            """Of each patch only one pixel is left, its upper left one: a slice with a step leaves out what lies
            between. Cutting keeps every pixel.""",
            function=_wrong.one_pixel_a_patch,
        ),
        wrong(
            "patch size as a dilation",
            """The number of patches is wrong. In `F.unfold` the argument after the kernel's size is the dilation: the
            pixels of a patch lie that far apart, and the patches one pixel.""",
            function=_wrong.dilated,
        ),
        wrong(
            "height and width exchanged",
            """Square images are right. In others the shape is right, but the pixels are mixed: you take the width for
            the height, and the height for the width. Axis 2 counts rows, axis 3 columns.""",
            function=_wrong.height_for_width,
        ),
        wrong(
            "view of moved axes",
            """It raises an exception that speaks of strides. Moving axes only changes how memory is read; `view` cannot
            join axes that are not neighbors there. Something must be allowed to copy.""",
            function=_wrong.viewed,
        ),
        wrong(
            "patches before images",
            """Your first axis counts patches, the second images. Stacking pieces puts the new axis in front unless told
            otherwise; the batch has to stay there.""",
            "-> b (h w)",
            "-> (h w) b",
        ),
        wrong(
            "all patches in one vector",
            """Your result has two axes: all patches of an image stand in one long vector, one behind the other. They
            need an axis of their own. Joining pieces along an axis makes it longer, and makes no new one.""",
            "b (h w) (c p q)",
            "b (h w c p q)",
        ),
        wrong(
            "patches below images",
            """Your result has two axes: first the first patch of all images, then the second of all images, and so on.
            Joining pieces along the batch makes it longer; the patches need an axis of their own.""",
            "-> b (h w)",
            "-> (h w b)",
        ),
        wrong(
            "six axes",
            """The image is cut, but the result still has six axes, and its channels stand before the rows and columns
            of the grid. Axes have to move before those of the grid, and those of a patch, become one each.""",
            "b (h w) (c p q)",
            "b c h w p q",
        ),
        wrong(
            "means of patches",
            """Each patch has become one number a channel, its mean. Cutting keeps every pixel: a vector holds all of
            them.""",
            function=_wrong.means,
        ),
        wrong(
            "maxima of patches",
            """Each patch has become one number a channel, its largest. Cutting keeps every pixel: a vector holds all of
            them.""",
            function=_wrong.maxima,
        ),
        wrong(
            "channels before patches",
            """The shape is right, and so are gray images. With several channels each vector holds several patches of
            one channel, instead of one patch of all channels: the axis of channels still stands before those that count
            patches when you flatten.""",
            function=_wrong.channels_before_patches,
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
            function=_wrong.rows_not_moved,
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
            function=_wrong.size_as_number,
        ),
        wrong(
            "overlapping patches",
            """There are too many patches: the next one begins one pixel further, so that they overlap. They have to lie
            side by side, a patch size apart.""",
            function=_wrong.overlapping,
        ),
        wrong(
            "rows for columns",
            """Square images are right, all others have a wrong number of patches, or empty ones: the height alone says
            how many patches there are, downward and across. How many fit across is a matter of the width.""",
            function=_wrong.rows_for_columns,
        ),
        wrong(
            "columns for rows",
            """Square images are right, all others have a wrong number of patches, or empty ones: the width alone says
            how many patches there are, across and downward. How many fit downward is a matter of the height.""",
            function=_wrong.columns_for_rows,
        ),
        wrong(
            "entries reshaped into patches",
            """The shape is right, but your vectors are no patches: each holds one pixel's place, taken from many
            patches. `F.unfold` returns patches as columns; reshaping does not make rows of them.""",
            function=_wrong.columns_of_unfold_reshaped,
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
            function=_wrong.last_ones_missing,
        ),
        wrong(
            "a pixel apart",
            """Their number is right, but only patch 0 is: the next begins one pixel further, so that they overlap and
            most of the image is never read. You count patches where pixels are needed.""",
            function=_wrong.a_pixel_apart,
        ),
        wrong(
            "first image only",
            "Only the first image comes back; the batch axis has to stay.",
            function=_wrong.one_image_at_a_time,
        ),
        wrong(
            "changes the images",
            "The images themselves are other ones after the call: something is written into the tensor that was "
            "passed in.",
            function=_wrong.in_place,
        ),
    ),
)
