"""`unpatchify` (lesson 01): from rows of patches back to images."""

from __future__ import annotations

import torch
from torch import Tensor

from ...patches import unpatchify
from ..spec import Exercise, normal, probe, wrong


def _first_image_only(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return unpatchify(patches[:1], patch_size, img_size)


def _channels_before_patches(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (height, width), p = img_size, patch_size
    channels = patches.shape[2] // p**2
    split = patches.reshape(len(patches), channels, height // p, width // p, p, p)
    return split.permute(0, 1, 2, 4, 3, 5).reshape(len(patches), channels, height, width)


def _three_channels(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (height, width), p = img_size, patch_size
    split = patches.reshape(len(patches), height // p, width // p, 3, p, p)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), 3, height, width)


def _grid_exchanged(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (height, width), p = img_size, patch_size
    split = patches.reshape(len(patches), width // p, height // p, -1, p, p)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), -1, height, width)


def _pasted(
    patches: Tensor, patch_size: int, img_size: tuple[int, int], apart: int, length: int, missing: int = 0
) -> Tensor:
    """Paste patches into an empty image, `apart` pixels from one to the next, `length` to a row."""
    (height, width), p = img_size, patch_size
    images = patches.new_zeros(len(patches), patches.shape[2] // p**2, height, width)
    for row in range(height // p - missing):
        for col in range(width // p - missing):
            y, x = row * apart, col * apart
            images[:, :, y : y + p, x : x + p] = patches[:, row * length + col].reshape(len(patches), -1, p, p)
    return images


def _rows_of_the_wrong_length(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, patch_size, img_size[0] // patch_size)


def _a_pixel_apart(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, 1, img_size[1] // patch_size)


def _last_ones_missing(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, patch_size, img_size[1] // patch_size, missing=1)


def _unfold_reshaped(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return patches.transpose(1, 2).reshape(len(patches), -1, *img_size)


def _images_in_the_batch(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    channels = patches.shape[2] // patch_size**2
    return patches.reshape(-1, channels, patch_size, patch_size)


EXERCISE = Exercise(
    name="unpatchify",
    lesson="01",
    reference=unpatchify,
    stub="(patches, patch_size, img_size)",
    minutes=4,
    difficulty=2,
    axes=("image", "channel", "row", "column"),
    batch=("patches",),
    probes=(
        probe(
            "patches of 4 x 4 pixels with 3 channels, of two images of 20 x 24 pixels",
            lambda g: {"patches": normal(g, 2, 30, 48), "patch_size": 4, "img_size": (20, 24)},
        ),
        probe(
            "patches of 3 x 3 pixels with 4 channels, of two square images of 9 x 9 pixels",
            lambda g: {"patches": normal(g, 2, 9, 36), "patch_size": 3, "img_size": (9, 9)},
            "square images",
        ),
        probe(
            "patches of 2 x 2 pixels, of three gray images of 12 x 8 pixels, float32",
            lambda g: {"patches": normal(g, 3, 24, 4, dtype=torch.float32), "patch_size": 2, "img_size": (12, 8)},
            "gray images",
            "float32 inputs",
        ),
        probe(
            "patches of 2 x 2 pixels with 3 channels, of one image of 10 x 6 pixels, float32",
            lambda g: {"patches": normal(g, 1, 15, 12, dtype=torch.float32), "patch_size": 2, "img_size": (10, 6)},
            "a single image",
            "float32 inputs",
        ),
    ),
    hints=(
        "Two axes of the patches hold six things: rows and columns of the grid; channels, rows and columns within a "
        "patch; the batch is the sixth. How long is each?",
        "Split both axes first: the tokens into (rows of patches, columns of patches), the entries into (channels, "
        "rows within a patch, columns within a patch). A pixel's row in the image is counted by two of these axes. "
        "Which of the two is the coarse one?",
        "It is `patchify` read backwards. With einops: exchange the two sides of the arrow, and say how long the axes "
        "of the grid are. Without: `reshape` to six axes, `permute` so that each pair stands side by side, `reshape` "
        "to four.",
    ),
    misconceptions=(
        wrong(
            "column by column",
            """The patches are whole, but they stand in wrong places: you fill the grid column by column. Patch 1
            belongs at the right of patch 0, not below it.""",
            "b (h w)",
            "b (w h)",
        ),
        wrong(
            "channels last",
            """Gray images are right, colors are mixed up: you read a vector pixel by pixel, the channels of one pixel
            side by side. `patchify` writes it channel by channel.""",
            "(c p q) ->",
            "(p q c) ->",
        ),
        wrong(
            "rows before channels",
            """Gray images are right, colors are mixed up: you read a vector as first row of red, first row of green,
            and so on. It holds all rows of its first channel first.""",
            "(c p q) ->",
            "(p c q) ->",
        ),
        wrong(
            "transposed patches",
            """Every patch stands in its place, but it is mirrored at its diagonal: rows and columns within a patch are
            exchanged.""",
            "(c p q) ->",
            "(c q p) ->",
        ),
        wrong(
            "reshaped without moving axes",
            """The shape is right, but the picture is torn into stripes: each patch is laid out along one row of the
            image. Reshaping alone never moves a number; the pixels of one row of the image come from several
            patches.""",
            'rearrange(patches, "b (h w) (c p q) -> b c (h p) (w q)", h=rows, w=cols, p=p, q=q)',
            "patches.reshape(len(patches), -1, height, width)",
        ),
        wrong(
            "rows of patches not interleaved",
            """The shape is right and the channels are, but within a channel the pixels still come patch after patch. A
            row of the image runs through all patches beside one another: rows within a patch have to come before the
            columns of the grid.""",
            ("c (h p) (w q)", "c (h w p q)"),
            ("p=p, q=q)", "p=p, q=q).reshape(len(patches), -1, height, width)"),
        ),
        wrong(
            "strided grid",
            """Each patch is spread over the whole image, its pixels a grid's length apart. A pixel's row is counted by
            the row of its patch and the row within it: which of the two is the coarse one?""",
            "(h p) (w q)",
            "(p h) (q w)",
        ),
        wrong(
            "height and width exchanged",
            """Square images are right, others come out with the sides exchanged, and the grid is filled in rows of the
            wrong length. `img_size` is (height, width), and the height says how many rows of patches there are.""",
            "height, width = as_pair",
            "width, height = as_pair",
        ),
        wrong(
            "grid with its sides exchanged",
            """Square images are right. In others the shape is right, but the patches stand in wrong places: the axis of
            tokens is split as if there were as many rows of patches as there are columns, and the other way round.""",
            function=_grid_exchanged,
        ),
        wrong(
            "rows of the wrong length",
            """Square images are right. In others some patches are used twice or never: the number of a patch is its row
            times the length of a row, plus its column, and you take the number of rows for that length.""",
            function=_rows_of_the_wrong_length,
        ),
        wrong(
            "a pixel apart",
            """Most of the image is empty: patches are pasted one pixel from one another, each over the one before. You
            count patches where pixels are needed.""",
            function=_a_pixel_apart,
        ),
        wrong(
            "last row and column missing",
            """The image is empty at its lower and right border: the last row and the last column of patches are never
            pasted. The end of a Python `range` is itself left out already.""",
            function=_last_ones_missing,
        ),
        wrong(
            "columns reshaped into images",
            """The shape is right, but the pixels are scattered: after the exchange of the two last axes, the numbers of
            one place in all patches stand side by side. `F.fold` takes such an input, `reshape` lays it out in the
            order in which it stands.""",
            function=_unfold_reshaped,
        ),
        wrong(
            "image lying on its side",
            """Rows and columns of the image are exchanged: it is mirrored at its diagonal. The axes of the result are
            batch, channels, rows, columns.""",
            "c (h p) (w q)",
            "c (w q) (h p)",
        ),
        wrong(
            "channels at the end",
            """The pixels are right, but the channels stand on the last axis, as plotting libraries want them. An image
            in PyTorch has its channels before rows and columns.""",
            "b c (h p) (w q)",
            "b (h p) (w q) c",
        ),
        wrong(
            "channels before patches",
            """Gray images are right. With several channels the picture is mixed up: you split the axis of tokens as if
            the channels came before the patches. In the result they do; in what you are given they are the first thing
            within a vector.""",
            function=_channels_before_patches,
        ),
        wrong(
            "always three channels",
            """Images of three channels are right, gray ones fail: the number of channels stands in your code. It
            follows from the length of a vector and the size of a patch.""",
            function=_three_channels,
        ),
        wrong(
            "a batch of patches",
            """Each patch is an image of its own: they lie on the batch axis, one behind the other. What is missing is
            the step that lays the patches of one image beside one another.""",
            function=_images_in_the_batch,
        ),
        wrong(
            "first image only",
            "Only the first image comes back; the batch axis has to stay.",
            function=_first_image_only,
        ),
    ),
)
