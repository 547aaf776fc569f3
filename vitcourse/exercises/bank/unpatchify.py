"""`unpatchify` (lesson 01): from rows of patches back to images."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor

from ...patches import patchify, unpatchify
from ..spec import Arguments, Exercise, Property, normal, probe, wrong

SQUARE_ONLY = """Square images are right, all others fail or come out square: you take the root of the number of patches
    for the number of rows. How many rows and columns there are is a matter of `img_size` and `patch_size`."""
BY_THE_SIDE = """It fails: you count too many channels. A vector holds all pixels of a patch in every channel, and a
    patch has rows as well as columns; you divide by its side once."""


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
    patches: Tensor,
    patch_size: int,
    img_size: tuple[int, int],
    rows: range | None = None,
    cols: range | None = None,
    apart: int | None = None,
    length: int | None = None,
) -> Tensor:
    """Paste patches into an empty image: these rows and columns of the grid, `apart` pixels from one to the next."""
    (height, width), p = img_size, patch_size
    apart, length = apart or p, length or width // p
    images = patches.new_zeros(len(patches), patches.shape[2] // p**2, height, width)
    for row in rows or range(height // p):
        for col in cols or range(width // p):
            y, x = row * apart, col * apart
            images[:, :, y : y + p, x : x + p] = patches[:, row * length + col].reshape(len(patches), -1, p, p)
    return images


def _rows_of_the_wrong_length(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, length=img_size[0] // patch_size)


def _a_pixel_apart(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, apart=1)


def _last_ones_missing(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    rows, cols = (range(side // patch_size - 1) for side in img_size)
    return _pasted(patches, patch_size, img_size, rows, cols)


def _first_ones_missing(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    rows, cols = (range(1, side // patch_size) for side in img_size)
    return _pasted(patches, patch_size, img_size, rows, cols)


def _last_row_missing(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, rows=range(img_size[0] // patch_size - 1))


def _first_row_missing(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, rows=range(1, img_size[0] // patch_size))


def _last_patch_missing(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    images = unpatchify(patches, patch_size, img_size).clone()
    images[:, :, -patch_size:, -patch_size:] = 0
    return images


def _returns_after_a_row(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, rows=range(1))


def _returns_after_a_patch(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, range(1), range(1))


def _folded_without_exchange(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return torch.nn.functional.fold(patches, img_size, patch_size, stride=patch_size)


def _folded_after_reshape(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    b, n, d = patches.shape
    return torch.nn.functional.fold(patches.reshape(b, d, n), img_size, patch_size, stride=patch_size)


def _square_only(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (b, n, _), p = patches.shape, patch_size
    side = int(n**0.5)
    return patches.reshape(b, side, side, -1, p, p).permute(0, 3, 1, 4, 2, 5).reshape(b, -1, side * p, side * p)


def _square_asserted(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    assert int(patches.shape[1] ** 0.5) ** 2 == patches.shape[1]
    return _square_only(patches, patch_size, img_size)


def _square_with_einops(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    side, p = int(patches.shape[1] ** 0.5), patch_size
    return rearrange(patches, "b (h w) (c p q) -> b c (h p) (w q)", h=side, w=side, p=p, q=p)


def _channels_by_the_side(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (b, _, d), (height, width), p = patches.shape, img_size, patch_size
    split = patches.reshape(b, height // p, width // p, d // p, p, p)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(b, d // p, height, width)


def _channels_by_the_side_with_einops(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    h, w, c = img_size[0] // patch_size, img_size[1] // patch_size, patches.shape[2] // patch_size
    return rearrange(patches, "b (h w) (c p q) -> b c (h p) (w q)", h=h, w=w, c=c, p=patch_size, q=patch_size)


def _folded_without_stride(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return torch.nn.functional.fold(patches.transpose(1, 2), img_size, patch_size)


def _row_plus_column(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    return _pasted(patches, patch_size, img_size, length=1)


def _viewed(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (height, width), p = img_size, patch_size
    split = patches.reshape(len(patches), height // p, width // p, -1, p, p)
    return split.permute(0, 3, 1, 4, 2, 5).view(len(patches), -1, height, width)


def _three_channels_at_the_end(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (height, width), p = img_size, patch_size
    split = patches.reshape(len(patches), height // p, width // p, -1, p, p)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), 3, height, width)


def _pixels_for_patches(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    (height, width), p = img_size, patch_size
    split = patches.reshape(len(patches), height, width, -1, p, p)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), -1, height * p, width * p)


def _counted_from_one(patches: Tensor, patch_size: int, img_size: tuple[int, int]) -> Tensor:
    images, tiles = _pasted(patches, patch_size, img_size), range(1, patches.shape[1] + 1)
    return torch.stack([patches[:, tile] for tile in tiles], dim=1).reshape(images.shape)


def _own_patches(value: Tensor, arguments: Arguments) -> bool:
    """False where whole patches stand in all places, but some twice."""
    mine, right = (v.flatten(0, 1).tolist() for v in (_tiles(value, arguments), arguments["patches"]))
    whole = set(map(tuple, mine)) <= set(map(tuple, right))
    return not whole or len(set(map(tuple, mine))) == len(mine)


def _tiles(value: Tensor, arguments: Arguments) -> Tensor:
    return patchify(value, arguments["patch_size"])


def _none_missing(value: Tensor, arguments: Arguments) -> bool:
    """False where some patches are 0, and all others right."""
    mine, right = _tiles(value, arguments), arguments["patches"]
    empty = (mine == 0).all(dim=-1)
    return not (empty.any() and torch.equal(mine[~empty], right[~empty]))


def _not_only_within(value: Tensor, arguments: Arguments) -> bool:
    mine, right = _tiles(value, arguments), arguments["patches"]
    return torch.equal(mine, right) or not torch.equal(mine.sort(dim=-1).values, right.sort(dim=-1).values)


def _not_only_places(value: Tensor, arguments: Arguments) -> bool:
    mine, right = _tiles(value, arguments), arguments["patches"]
    return torch.equal(mine, right) or any(
        sorted(map(tuple, a)) != sorted(map(tuple, b)) for a, b in zip(mine.tolist(), right.tolist(), strict=True)
    )


def _not_torn(value: Tensor, arguments: Arguments) -> bool:
    """False where every number is there, and what stands in the place of a patch are numbers of several of them."""
    mine, right = _tiles(value, arguments).sort(dim=-1).values, arguments["patches"].sort(dim=-1).values
    if not torch.equal(mine.flatten().sort().values, right.flatten().sort().values):
        return True
    return sorted(map(tuple, mine.flatten(0, 1).tolist())) == sorted(map(tuple, right.flatten(0, 1).tolist()))


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
    properties=(
        Property(
            "all patches",
            "A part of each image is 0, and all of the rest is right: some patches were never written. Look at where "
            "the loops begin and end, and when the function returns.",
            _none_missing,
        ),
        Property(
            "each patch once",
            "Each place holds a whole patch, but some patches stand in several places, and others in none. Look at how "
            "you count the number of a patch from its row and its column.",
            _own_patches,
        ),
        Property(
            "order within a patch",
            "Each patch stands in its place, but its own pixels are in another order. A vector holds its patch channel "
            "by channel, and in each channel row by row, from left to right.",
            _not_only_within,
        ),
        Property(
            "places of the patches",
            "Each patch is whole, but they stand in wrong places. They come row by row: from left to right, then the "
            "next row of patches below.",
            _not_only_places,
        ),
        Property(
            "patches",
            "All pixels are there, but the patches are torn apart: where one belongs, there are pixels of several. "
            "Where axes are split, moved or joined, some belong together that do not stand side by side.",
            _not_torn,
        ),
    ),
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
        # A square number of patches that make no square.
        probe(
            "patches of 2 x 2 pixels with 3 channels, of two images of 4 x 16 pixels",
            lambda g: {"patches": normal(g, 2, 16, 12), "patch_size": 2, "img_size": (4, 16)},
        ),
        probe(
            "patches of a single pixel with 3 channels, of two square images of 5 x 5 pixels",
            lambda g: {"patches": normal(g, 2, 25, 3), "patch_size": 1, "img_size": (5, 5)},
            "square images",
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
            "strided columns",
            """Rows are right, but each patch is spread over the whole width, its pixels a grid's length apart. A
            pixel's column is counted by the column of its patch and the column within it: which of the two is the
            coarse one?""",
            "(w q)",
            "(q w)",
        ),
        wrong(
            "strided rows",
            """Columns are right, but each patch is spread over the whole height, its pixels a grid's length apart. A
            pixel's row is counted by the row of its patch and the row within it: which of the two is the coarse
            one?""",
            "(h p)",
            "(p h)",
        ),
        wrong(
            "upside down",
            """The image stands on its head: its rows come from the last to the first. Patch 0 is the upper left one,
            and row 0 of a tensor of pixels is the top of the image.""",
            "p=p, q=q)",
            "p=p, q=q).flip(-2)",
        ),
        wrong(
            "mirrored",
            """The image is mirrored: its columns come from the last to the first. Patch 0 is the upper left one.""",
            "p=p, q=q)",
            "p=p, q=q).flip(-1)",
        ),
        wrong(
            "first row and column missing",
            """The image is empty at its upper and left border: the first row and the first column of patches are never
            pasted. Counting begins at 0.""",
            function=_first_ones_missing,
        ),
        wrong(
            "first row missing",
            """The image is empty at its upper border: the first row of patches is never pasted. Counting begins at
            0.""",
            function=_first_row_missing,
        ),
        wrong(
            "last row missing",
            """The image is empty at its lower border: the last row of patches is never pasted. The end of a Python
            `range` is itself left out already.""",
            function=_last_row_missing,
        ),
        wrong(
            "last patch missing",
            """The lower right corner of the image is empty: the last patch is never pasted. The end of a Python `range`
            is itself left out already.""",
            function=_last_patch_missing,
        ),
        wrong(
            "returns after a row",
            """Only the first row of patches is pasted, all below is 0: the function returns before the next one. A
            `return` that is indented into a loop ends it at its first turn.""",
            function=_returns_after_a_row,
        ),
        wrong(
            "returns after a patch",
            """Only the first patch is pasted, all else is 0: the function returns before the next one. A `return` that
            is indented into a loop ends it at its first turn.""",
            function=_returns_after_a_patch,
        ),
        wrong(
            "folded without exchange",
            """`F.fold` fails: it wants the numbers of a vector on the last axis but one, and the patches on the last.
            Yours stand the other way round.""",
            function=_folded_without_exchange,
        ),
        wrong(
            "folded without a stride",
            """`F.fold` fails: without a stride it lays the patches one pixel apart, and expects as many as an image has
            such places. They lie side by side, a patch size apart.""",
            function=_folded_without_stride,
        ),
        wrong(
            "view of moved axes",
            """It raises an exception that speaks of strides. Moving axes only changes how memory is read; `view` cannot
            join axes that are not neighbors there. Something must be allowed to copy.""",
            function=_viewed,
        ),
        wrong(
            "three channels in the result",
            """Images of three channels are right, all others fail: the number of channels stands in your code. It
            follows from the length of a vector and the size of a patch.""",
            function=_three_channels_at_the_end,
        ),
        wrong(
            "pixels taken for patches",
            """It fails: you split the axis of tokens into as many rows and columns as the image has pixels. `img_size`
            is in pixels; how many patches fit along a side, `patch_size` says.""",
            function=_pixels_for_patches,
        ),
        wrong(
            "patches counted from 1",
            """It fails at the last patch, and all others come out one place too early: the number of the patch is
            increased before it is used. Counting begins at 0.""",
            function=_counted_from_one,
        ),
        wrong(
            "sides of the grid not given",
            """`rearrange` fails: the number of patches alone does not say how many rows and columns they make. That
            follows from `img_size` and `patch_size`.""",
            "h=rows, w=cols, ",
            "",
        ),
        wrong(
            "row plus column",
            """Some patches stand in several places: you add row and column for the number of a patch. Each row of the
            grid before it counts with all of its patches.""",
            function=_row_plus_column,
        ),
        wrong(
            "folded after a reshape",
            """The shape is right, but the pixels are scattered. `F.fold` wants the patches as columns; a reshape to
            that shape moves no number, so that each column holds pieces of several patches.""",
            function=_folded_after_reshape,
        ),
        wrong("as many rows as columns", SQUARE_ONLY, function=_square_only),
        wrong("a square number of patches asserted", SQUARE_ONLY, function=_square_asserted),
        wrong("as many rows as columns, with einops", SQUARE_ONLY, function=_square_with_einops),
        wrong("channels by the side of a patch", BY_THE_SIDE, function=_channels_by_the_side),
        wrong("channels by the side, with einops", BY_THE_SIDE, function=_channels_by_the_side_with_einops),
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
