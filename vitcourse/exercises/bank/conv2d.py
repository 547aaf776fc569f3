"""`conv2d` (lesson 07): a convolution with stride and padding, by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..spec import Arguments, Exercise, normal, probe, wrong


def conv2d(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    """A weighted sum of each place's neighborhood (a cross-correlation, as `torch.nn.functional.conv2d`).

    images: (batch, channels, height, width); weight: (filters, channels, rows, cols); bias: (filters,).
    Returns (batch, filters, (height + 2 padding - rows) // stride + 1, (width + 2 padding - cols) // stride + 1).
    """
    rows, cols = weight.shape[2:]
    padded = F.pad(images, (padding,) * 4)  # zeros at left, right, top, bottom
    windows = padded.unfold(2, rows, stride).unfold(3, cols, stride)  # (batch, channels, height', width', rows, cols)
    sums = torch.einsum("n c i j a b, f c a b -> n f i j", windows, weight)
    return sums + bias[:, None, None]


def _float32(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return conv2d(images, weight, bias, stride, padding).float()


def _thinned_out_first(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return conv2d(images[:, :, ::stride, ::stride], weight, bias, 1, padding)


def _rounded_up(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    missing = [-(n + 2 * padding - k) % stride for n, k in zip(images.shape[2:], weight.shape[2:], strict=True)]
    return conv2d(F.pad(images, (0, missing[1], 0, missing[0])), weight, bias, stride, padding)


def _last_left_out(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return conv2d(images, weight, bias, stride, padding)[:, :, :-1, :-1]


def _arguments(g: Generator, batch: int, channels: int, filters: int, size: tuple[int, ...], **more: int) -> Arguments:
    height, width, rows, cols = size
    return {
        "images": normal(g, batch, channels, height, width),
        "weight": normal(g, filters, channels, rows, cols),
        "bias": normal(g, filters),
        **more,
    }


def _single(g: Generator) -> Arguments:
    made = _arguments(g, 2, 1, 2, (4, 5, 2, 4), stride=3, padding=2)
    return {name: value.float() if isinstance(value, Tensor) else value for name, value in made.items()}


EXERCISE = Exercise(
    name="conv2d",
    lesson="07",
    reference=conv2d,
    stub="(images, weight, bias, stride, padding)",
    minutes=12,
    difficulty=2,
    axes=("image", "filter", "row", "column"),
    batch=("images",),
    written_by_hand=("conv2d", "convolution", "_convolution", "conv3d", "conv_transpose2d"),
    probes=(
        probe(
            "two images of 8 x 11 pixels with 3 channels, 4 filters of 5 x 2, stride 2, padding 1",
            lambda g: _arguments(g, 2, 3, 4, (8, 11, 5, 2), stride=2, padding=1),
        ),
        probe(
            "two images of 5 x 7 pixels with 2 channels, 3 filters of 2 x 3, stride 1, no padding",
            lambda g: _arguments(g, 2, 2, 3, (5, 7, 2, 3), stride=1, padding=0),
            "stride 1",
            "padding 0",
            "stride 1 without padding",
        ),
        probe(
            "two square images of 5 x 5 pixels with one channel, 2 filters of 3 x 3, stride 1, padding 2",
            lambda g: _arguments(g, 2, 1, 2, (5, 5, 3, 3), stride=1, padding=2),
            "stride 1",
            "square images and kernels",
            "one channel",
        ),
        probe(
            "one image of 9 x 7 pixels with 2 channels, 2 filters of 1 x 3, stride 3, no padding",
            lambda g: _arguments(g, 1, 2, 2, (9, 7, 1, 3), stride=3, padding=0),
            "a batch of one",
            "padding 0",
        ),
        probe(
            "two images of 4 x 5 pixels with one channel in float32, 2 filters of 2 x 4, stride 3, padding 2",
            _single,
            "float32",
            "one channel",
        ),
    ),
    hints=(
        "How many places are left for a kernel of 5 rows on an image of 8 rows with a border of 1, if it moves by 2? "
        "Count them on paper, then make it a formula with `//`.",
        "Put a border of zeros around the images. For each place, cut out the window that lies under the kernel, "
        "multiply it with the weights of all filters, and add up over channels, rows and columns of the window. The "
        "bias comes last, one number a filter.",
        "Without a loop: `padded.unfold(axis, size, step)` makes all windows of one axis and puts their entries on a "
        "new last axis. Do it for height and for width, then one `torch.einsum` adds up over channels and window.",
        "With a loop over the kernel's entries `a, b` instead: the pixels under that entry, for all places at once, "
        "are a slice of the padded images that starts at `a`, `b` and takes every `stride`-th row and column.",
    ),
    misconceptions=(
        wrong(
            "kernel flipped",
            """Shapes are right, numbers are not: your kernel is turned around, its last entry meets the window's
            first. That is the convolution of mathematics. What deep learning calls a convolution does not turn
            the kernel.""",
            "windows, weight)",
            "windows, weight.flip(-2, -1))",
        ),
        wrong(
            "kernel upside down",
            """Shapes are right, numbers are not: the rows of your kernel stand in reverse order, its columns do
            not. A place that is one row above should meet the kernel's upper row.""",
            "windows, weight)",
            "windows, weight.flip(-2))",
        ),
        wrong(
            "kernel mirrored",
            """Shapes are right, numbers are not: the columns of your kernel stand in reverse order, its rows do
            not. A place that is one column to the left should meet the kernel's left column.""",
            "windows, weight)",
            "windows, weight.flip(-1))",
        ),
        wrong(
            "kernel transposed",
            """With a kernel of more rows than columns, yours looks wide instead of tall: its rows and columns are
            exchanged. With square kernels the shape does not tell, the numbers do.""",
            ("unfold(2, rows, stride)", "unfold(2, cols, stride)"),
            ("unfold(3, cols, stride)", "unfold(3, rows, stride)"),
            ("f c a b ->", "f c b a ->"),
        ),
        wrong(
            "no padding",
            """With padding your map is too small, without it all is right: `padding` plays no part. The border of
            zeros has to be there before windows are cut.""",
            "F.pad(images, (padding,) * 4)",
            "images",
        ),
        wrong(
            "padding on the width alone",
            """Your map has too few rows, while its columns are right: only left and right got a border. `F.pad`
            reads pairs from the last axis backwards, and one pair is for the last axis alone.""",
            "(padding,) * 4",
            "(padding,) * 2",
        ),
        wrong(
            "padding on the height alone",
            """Your map has too few columns, while its rows are right: only top and bottom got a border. The width
            needs one as well.""",
            "(padding,) * 4",
            "(0, 0, padding, padding)",
        ),
        wrong(
            "padding at the beginning alone",
            """There are zeros at the top and at the left, none at the bottom and at the right. At stride 1 the map
            is too small; at stride 2 its size may be right by chance.""",
            "(padding,) * 4",
            "(padding, 0, padding, 0)",
        ),
        wrong(
            "padding at the end alone",
            """There are zeros at the bottom and at the right, none at the top and at the left: all places have
            moved, since the first window should begin within the border.""",
            "(padding,) * 4",
            "(0, padding, 0, padding)",
        ),
        wrong(
            "border of repeated pixels",
            """In the interior all is right, at the border it is not: beyond the image you repeat its last pixels.
            The exercise asks for zeros there.""",
            "(padding,) * 4",
            '(padding,) * 4, mode="replicate"',
        ),
        wrong(
            "border of ones",
            """In the interior all is right, at the border it is not: your border is no zeros but ones, and each of
            them adds a weight to the sum.""",
            "(padding,) * 4",
            "(padding,) * 4, value=1",
        ),
        wrong(
            "border that wraps around",
            """In the interior all is right, at the border it is not: beyond the right edge you see the left one, as
            if the image were rolled up (a circular padding). The exercise asks for zeros there.""",
            "(padding,) * 4",
            '(padding,) * 4, mode="circular"',
        ),
        wrong(
            "stride ignored",
            """At stride 1 all is right, at stride 2 your map is about twice as high and wide as it should be: the
            kernel stops at every place.""",
            (", rows, stride)", ", rows, 1)"),
            (", cols, stride)", ", cols, 1)"),
        ),
        wrong(
            "stride for the rows alone",
            "Your map has the right number of rows and too many columns: the kernel moves by the stride downwards, "
            "but by one pixel to the right.",
            ", cols, stride)",
            ", cols, 1)",
        ),
        wrong(
            "size by the stride, step by one",
            """At stride 1 all is right. At stride 2 your map has the right size, but shows the upper left part of
            the image in full detail: the place counts in steps of the stride, and your window is cut as if it
            counted in pixels.""",
            (", rows, stride)", ", rows, 1)[:, :, : (padded.shape[2] - rows) // stride + 1]"),
            (", cols, stride)", ", cols, 1)[:, :, :, : (padded.shape[3] - cols) // stride + 1]"),
        ),
        wrong(
            "windows that do not overlap",
            """Your kernel moves by its own size, as when an image is cut into patches. A patch embedding does that,
            because its stride equals the patch size; here `stride` says how far it moves.""",
            (", rows, stride)", ", rows, rows)"),
            (", cols, stride)", ", cols, cols)"),
        ),
        wrong(
            "image thinned out first",
            """At stride 1 all is right. At stride 2 your kernel meets pixels that are two apart: the image is
            thinned out before the windows are cut. The kernel moves by the stride, but within a window pixels
            stay neighbors.""",
            function=_thinned_out_first,
        ),
        wrong(
            "size rounded up",
            """Your map has a row or column too many where the stride does not divide evenly. A window counts only
            where all of it lies on the padded image; pixels that are left over at the end are not looked at.""",
            function=_rounded_up,
        ),
        wrong(
            "last row and column left out",
            """Your map has one row and one column too few. A kernel that just fits still has one place: count
            places, not the steps between them.""",
            function=_last_left_out,
        ),
        wrong(
            "filters and channels exchanged",
            """With as many filters as channels the shape is right, and the numbers are not; otherwise the axes do
            not match. The weights' first axis counts filters, what comes out; the second counts channels, what
            goes in.""",
            "f c a b ->",
            "c f a b ->",
        ),
        wrong(
            "channels averaged",
            """With one channel all is right, with several the sums are too small before the bias: you take the mean
            over the channels. A convolution adds them up; the weights take care of the size.""",
            "windows, weight)",
            "windows, weight) / weight.shape[1]",
        ),
        wrong(
            "window averaged",
            """Before the bias your numbers are too small by one factor, the number of entries under the kernel: you
            take the mean of the products. A convolution adds them up.""",
            "windows, weight)",
            "windows, weight) / weight[0].numel()",
        ),
        wrong(
            "window averaged, channels added",
            """Before the bias your numbers are too small by one factor, the kernel's rows times columns: you take
            the mean over the window. A convolution adds up.""",
            "windows, weight)",
            "windows, weight) / weight[0, 0].numel()",
        ),
        wrong(
            "first channel only",
            "With one channel all is right, with several it is not: all channels but the first play no part. Each "
            "filter has weights for every channel, and adds them all up.",
            ("windows, weight)", "windows[:, :1], weight[:, :1])"),
        ),
        wrong(
            "no bias",
            "Each of your maps is off by one and the same number: the filter's bias is missing.",
            " + bias[:, None, None]",
            "",
        ),
        wrong(
            "bias along the columns",
            """The bias is added to columns instead of filters, or the lengths do not match at all: broadcasting
            lines axes up from the right, so a vector of one axis lies along the width. The bias belongs to the
            second axis.""",
            "bias[:, None, None]",
            "bias",
        ),
        wrong(
            "bias along the rows",
            """The bias is added to rows instead of filters, or the lengths do not match at all: broadcasting lines
            axes up from the right. How many axes come after the one that counts filters?""",
            "bias[:, None, None]",
            "bias[:, None]",
        ),
        wrong(
            "bias once for each weight",
            """The bias enters several times: once for each entry of the kernel, as if it stood within the loop that
            adds up. A place gets its filter's bias once.""",
            "+ bias[:, None, None]",
            "+ bias[:, None, None] * weight[0, 0].numel()",
        ),
        wrong(
            "bias once for each product",
            """The bias enters many times: once for each channel and each entry of the kernel, as if it stood within
            the innermost loop. A place gets its filter's bias once.""",
            "+ bias[:, None, None]",
            "+ bias[:, None, None] * weight[0].numel()",
        ),
        wrong(
            "float32 always",
            """Your result is float32, whatever the images are: a tensor made by `torch.zeros(...)` has torch's
            default dtype, and what is written into it is rounded. Let it take its dtype from the images.""",
            function=_float32,
        ),
    ),
)
