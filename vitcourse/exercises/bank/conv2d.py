"""`conv2d` (lesson 07): a convolution with stride and padding, by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from ..spec import Arguments, Exercise, Property, normal, probe, wrong
from . import _wrong_conv2d as wrong_answers


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


def _arguments(g: Generator, batch: int, channels: int, filters: int, size: tuple[int, ...], **more: int) -> Arguments:
    height, width, rows, cols = size
    return {
        "images": normal(g, batch, channels, height, width),
        "weight": normal(g, filters, channels, rows, cols),
        "bias": normal(g, filters),
        **more,
    }


def _single(g: Generator) -> Arguments:
    made = _arguments(g, 2, 1, 2, (4, 9, 2, 4), stride=3, padding=2)
    return {name: value.float() if isinstance(value, Tensor) else value for name, value in made.items()}


def _bias_is_right(value: Tensor, arguments: Arguments) -> bool:
    """Not: all is right but for one number a filter."""
    offset = value - conv2d(**arguments)
    return bool(offset.abs().max() < 1e-4) or not torch.allclose(
        offset, offset[:1, :, :1, :1].expand_as(offset), rtol=1e-5, atol=1e-5
    )


def _border_is_right(value: Tensor, arguments: Arguments) -> bool:
    """Not: all is right but for windows that reach beyond the image."""
    images, weight, stride, padding = (arguments[name] for name in ("images", "weight", "stride", "padding"))
    inside = []
    for size, kernel, places in zip(images.shape[2:], weight.shape[2:], value.shape[2:], strict=True):
        first = torch.arange(places) * stride - padding
        inside.append((first >= 0) & (first + kernel <= size))
    interior = inside[0][:, None] & inside[1]
    near = torch.isclose(value, conv2d(**arguments), rtol=1e-4, atol=1e-5)
    return bool(near.all()) or not (interior.any() and near[:, :, interior].all())


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
            "two images of 4 x 9 pixels with one channel in float32, 2 filters of 2 x 4, stride 3, padding 2",
            _single,
            "float32",
            "one channel",
        ),
    ),
    properties=(
        Property(
            "bias",
            "All is right but the bias: each of your maps is off by one number, the same in all places and images. A "
            "filter's own bias is added once at each place.",
            _bias_is_right,
        ),
        Property(
            "border",
            "Windows that lie wholly within the image give the right numbers, those that reach beyond it do not. What "
            "counts there is the border of zeros, `padding` wide on each of the four sides.",
            _border_is_right,
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
            """The border counts once instead of twice: it is there at the top and at the left, and missing, or never
            reached, at the bottom and at the right. At stride 1 the map is too small; at stride 2 its size may be right
            by chance.""",
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
            function=wrong_answers.thinned_out_first,
        ),
        wrong(
            "size rounded up",
            """Your map has a row or column too many where the stride does not divide evenly. A window counts only
            where all of it lies on the padded image; pixels that are left over at the end are not looked at.""",
            function=wrong_answers.rounded_up,
        ),
        wrong(
            "last row and column left out",
            """Your map has one row and one column too few. A kernel that just fits still has one place: count
            places, not the steps between them.""",
            function=wrong_answers.last_left_out,
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
            """Your result is float32, whatever the images are. Either something is cast to it on the way, as `.float()`
            does; or a tensor made by `torch.zeros(...)` has torch's default dtype, and what is written into it is
            rounded. All numbers should keep the images' dtype.""",
            function=wrong_answers.float32,
        ),
        wrong(
            "last entry of the kernel only",
            """Only the lower right entry of the kernel counts: in a loop over the kernel's entries each turn takes the
            place of the one before. The products of all entries are to be added up.""",
            function=wrong_answers.one_entry_of_the_kernel,
        ),
        wrong(
            "first entry of the kernel only",
            """Only the upper left entry of the kernel counts: a loop over its entries ends after the first turn. The
            products of all entries are to be added up.""",
            "windows, weight)",
            "windows[..., :1, :1], weight[..., :1, :1])",
        ),
        wrong(
            "stride and padding exchanged",
            """With a stride of 2 and a padding of 1 your map is far too large, and without padding it stops with an
            error: stride and padding have changed places. A stride of 0 would never move.""",
            function=wrong_answers.stride_and_padding_exchanged,
        ),
        wrong(
            "stride and padding exchanged in the size",
            """With a stride of 2 and a padding of 1 your map is far too large, and without padding it divides by 0:
            stride and padding have changed places.""",
            function=wrong_answers.stride_and_padding_exchanged_in_the_size,
        ),
        wrong(
            "border of half the kernel",
            """Your map has another size than it should: `padding` plays no part, the border is half a kernel wide. That
            keeps the size of an image at stride 1; here the caller says how wide the border is.""",
            function=wrong_answers.border_of_half_the_kernel,
        ),
        wrong(
            "border of half the kernel, less one",
            """Your map has another size than it should: `padding` plays no part, the border follows from the kernel.
            That keeps the size of an image at stride 1; here the caller says how wide the border is.""",
            function=wrong_answers.border_of_half_the_kernel_less_one,
        ),
        wrong(
            "border that keeps the size",
            """Your map has another size than it should: `padding` plays no part. Your border is as wide as it takes for
            the map to be as large as the image at stride 1; here the caller says how wide it is.""",
            function=wrong_answers.border_that_keeps_the_size,
        ),
        wrong(
            "last place missing",
            """Where the last window just fits, it is missing: a row or a column too few. `range` ends before its second
            number, and the last place at which a kernel may begin still counts.""",
            function=wrong_answers.last_place_missing,
        ),
        wrong(
            "last place empty",
            """Where the last window just fits, your map holds 0: the loop ends before it. `range` leaves its second
            number out, and the last place at which a kernel may begin still counts.""",
            function=wrong_answers.last_place_empty,
        ),
        wrong(
            "bias subtracted",
            "All your numbers are off, in each map by twice the filter's bias: it is subtracted instead of added.",
            "+ bias",
            "- bias",
        ),
        wrong(
            "mean of the biases",
            """Each of your maps is off by one number of its own: all filters get the mean of the biases. Each filter
            has a bias of its own.""",
            "bias[:, None, None]",
            "bias.mean()",
        ),
        wrong(
            "sum of the biases",
            """Each of your maps is off by one number of its own: all filters get the sum of the biases. Each filter has
            a bias of its own.""",
            "bias[:, None, None]",
            "bias.sum()",
        ),
        wrong(
            "bias once for each channel",
            """With one channel all is right, with several the bias enters once for each of them, as if it stood within
            the loop that adds channels up. A place gets its filter's bias once.""",
            "+ bias[:, None, None]",
            "+ bias[:, None, None] * weight.shape[1]",
        ),
        wrong(
            "kernel transposed where it is square",
            """With kernels of unequal sides you are right, with square ones you are not: their rows and columns are
            exchanged. A square shape cannot tell the two apart, the numbers can.""",
            function=wrong_answers.transposed_if_square,
        ),
        wrong(
            "kernel's rows along the image's columns",
            """With square kernels you get wrong numbers, with others an error: the kernel's rows meet the columns of
            the window. The weights' last axis runs along the width, as the images' does.""",
            "f c a b ->",
            "f c b a ->",
        ),
        wrong(
            "whole border at the beginning",
            """Your map has the right size, but what it shows lies too far down and right: both borders are put at the
            top and at the left. `padding` zeros belong on each of the four sides.""",
            "(padding,) * 4",
            "(2 * padding, 0, 2 * padding, 0)",
        ),
        wrong(
            "whole border at the end",
            """Your map has the right size, but what it shows lies too far up and left: both borders are put at the
            bottom and at the right. `padding` zeros belong on each of the four sides.""",
            "(padding,) * 4",
            "(0, 2 * padding, 0, 2 * padding)",
        ),
        wrong(
            "border that reflects",
            """In the interior all is right, at the border it is not: beyond the image you see it mirrored. The exercise
            asks for zeros there.""",
            function=wrong_answers.reflected,
        ),
        wrong(
            "last channel only",
            """With one channel all is right, with several only the last one counts. In a loop over channels, does each
            turn add to the sum, or does it take its place?""",
            "windows, weight)",
            "windows[:, -1:], weight[:, -1:])",
        ),
        wrong(
            "channels summed separately",
            """With one channel all is right, with several it is not: pixels are added over channels, and weights too,
            before they meet. Each channel's pixels have weights of their own.""",
            "windows, weight)",
            "windows.sum(dim=1, keepdim=True), weight.sum(dim=1, keepdim=True))",
        ),
        wrong(
            "channels kept apart",
            """There is an axis too many: each channel has a map of its own. A filter has weights for all channels, and
            adds up what they give.""",
            ("-> n f i j", "-> n f c i j"),
            ("bias[:, None, None]", "bias[:, None, None, None]"),
        ),
        wrong(
            "kernel flattened in another order",
            """With one channel all is right, with several weights meet the wrong pixels: the kernel is flattened with
            its channels last, the windows with theirs first.""",
            function=wrong_answers.kernel_in_another_order,
        ),
        wrong(
            "windows flattened in another order",
            """With one channel all is right, with several weights meet the wrong pixels: the windows are flattened with
            their channels last, the kernel as it lies in memory, with its channels first.""",
            function=wrong_answers.windows_in_another_order,
        ),
        wrong(
            "window spread out, step by one",
            """At stride 1 all is right. At stride 2 the pixels under your kernel lie two apart, and the kernel itself
            moves by one: that is called dilation. The stride is how far the kernel moves from place to place.""",
            function=wrong_answers.dilated,
        ),
        wrong(
            "window spread out",
            """At stride 1 all is right. At stride 2 the pixels under your kernel lie two apart: either the padded image
            is thinned out before windows are cut, or the kernel is spread out (dilation). The kernel moves by the
            stride, but within a window pixels stay neighbors.""",
            function=wrong_answers.dilated_and_strided,
        ),
        wrong(
            "first place left out",
            """At stride 1 all is right. At stride 2 your kernel begins one pixel late: of all places you keep the last
            of each step. The first window lies in the corner, and counting goes on from there.""",
            function=wrong_answers.from_the_end_of_the_first_step,
        ),
        wrong(
            "stride for the columns alone",
            "Your map has the right number of columns and too many rows: the kernel moves by the stride to the right, "
            "but by one pixel downwards.",
            ", rows, stride)",
            ", rows, 1)",
        ),
        wrong(
            "negative numbers set to 0",
            """Where the result is positive it is right, elsewhere you have 0: a ReLU comes after a convolution in a
            network, but is no part of it.""",
            "return sums + bias[:, None, None]",
            "return (sums + bias[:, None, None]).relu()",
        ),
        wrong(
            "window's maximum",
            """Your numbers are no sums: of the products in a window you take the largest, as pooling does. A
            convolution adds them all up.""",
            'torch.einsum("n c i j a b, f c a b -> n f i j", windows, weight)',
            "(windows[:, None] * weight[:, :, None, None]).amax(dim=(-2, -1)).sum(dim=2)",
        ),
        wrong(
            "places counted without the border",
            """With padding your map is too small, though the numbers that it holds are right: the places are counted on
            the image as it was, without its border. The border adds to the length on both sides.""",
            function=wrong_answers.places_counted_without_the_border,
        ),
    ),
)
