"""`attention_as_convolution` (lesson 07): heads that look at one neighbor each make a convolution."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Generator, Tensor

from ...comparison import neighbor_bias
from ..spec import Arguments, Exercise, normal, probe, wrong
from . import _wrong_attention_as_convolution as wrong_answers


def attention_as_convolution(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    """What attention gives if its values are the pixels, and its output projection holds a convolution's kernel.

    pixels: (batch, tokens, channels); maps: (heads, tokens, tokens), queries by keys; weight: (filters, channels, K, K)
    with heads = K^2: head a K + b belongs to the kernel's entry in row a, column b. Returns (batch, tokens, filters).
    """
    fetched = torch.einsum("h q k, n k c -> n h q c", maps, pixels)  # for each head: the pixel it looks at
    tokens = rearrange(fetched, "n h q c -> n q (h c)")  # heads side by side, as in any attention
    projection = rearrange(weight, "f c a b -> (a b c) f")
    return tokens @ projection


def _one_after_another(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    fetched, result = pixels, torch.zeros_like(pixels[..., :1])
    for weights, entry in zip(maps, weight.flatten(2).unbind(dim=2), strict=True):
        fetched = weights @ fetched
        result = result + fetched @ entry.T
    return result


def _soft(g: Generator, heads: int, tokens: int) -> Tensor:
    return (2 * normal(g, heads, tokens, tokens)).softmax(dim=-1)


def _arguments(g: Generator, batch: int, tokens: int, channels: int, filters: int, size: int) -> Arguments:
    return {
        "pixels": normal(g, batch, tokens, channels),
        "maps": _soft(g, size * size, tokens),
        "weight": normal(g, filters, channels, size, size),
    }


def _neighbors(g: Generator) -> Arguments:
    made = _arguments(g, 3, 15, 2, 4, 3)
    return made | {"maps": neighbor_bias(3, 5, 3).double().softmax(dim=-1)}


def _single(g: Generator) -> Arguments:
    return {name: value.float() for name, value in _arguments(g, 3, 5, 2, 2, 2).items()}


EXERCISE = Exercise(
    name="attention_as_convolution",
    lesson="07",
    reference=attention_as_convolution,
    stub="(pixels, maps, weight)",
    minutes=8,
    difficulty=3,
    axes=("image", "token", "filter"),
    batch=("pixels",),
    probes=(
        probe(
            "two images of 6 tokens with 4 channels, 9 heads that look at several places, 5 filters of 3 x 3",
            lambda g: _arguments(g, 2, 6, 4, 5, 3),
            "kernels of 3 x 3",
        ),
        probe(
            "three images of 3 x 5 tokens with 2 channels, 9 heads that look at one neighbor each, 4 filters of 3 x 3",
            _neighbors,
            "heads that look at one place each",
            "kernels of 3 x 3",
        ),
        probe(
            "two images of 4 tokens with 3 channels, one head, 2 filters of 1 x 1",
            lambda g: _arguments(g, 2, 4, 3, 2, 1),
            "one head",
        ),
        probe(
            "two images of 7 tokens with one channel, 4 heads, 3 filters of 2 x 2",
            lambda g: _arguments(g, 2, 7, 1, 3, 2),
            "one channel",
        ),
        probe(
            "three images of 5 tokens with 2 channels in float32, 4 heads, 2 filters of 2 x 2",
            _single,
            "float32",
        ),
        probe(
            "one image of 5 tokens with 3 channels, 4 heads, 2 filters of 2 x 2",
            lambda g: _arguments(g, 1, 5, 3, 2, 2),
            "a batch of one",
        ),
    ),
    hints=(
        "Forget the kernel first. What does head 0 hand to each token, if its map says where to look and the values "
        "are the pixels themselves?",
        "`maps[h] @ pixels[n]` is what head h fetched: (tokens, channels). Multiply it with a matrix (channels, "
        "filters) of its own, cut from the kernel, and add up over the heads.",
        "All at once: put the heads side by side, so that each token has heads times channels numbers. The kernel "
        "must be flattened in the same order: rows and columns of the kernel first, for they count heads, channels "
        "last.",
    ),
    misconceptions=(
        wrong(
            "maps transposed",
            """Where every head looks at one neighbor, your heads look at the opposite one; with soft maps your
            weights do not sum to 1. The sum runs over queries: a row of the map belongs to one query, and weighs
            the keys.""",
            "h q k, n k c -> n h q c",
            "h k q, n k c -> n h q c",
        ),
        wrong(
            "pixel of the query",
            """The maps change nothing in your result: each head brings back the token's own pixel. A row of a map says
            how much each key counts, so it is the keys' pixels that are summed.""",
            "h q k, n k c -> n h q c",
            "h q k, n q c -> n h q c",
        ),
        wrong(
            "kernel flattened channel by channel",
            """With one channel, or one head, you are right; otherwise weights meet the wrong numbers. The heads'
            channels stand side by side, head after head. Your kernel is flattened as it lies in memory, channel
            after channel.""",
            "(a b c) f",
            "(c a b) f",
        ),
        wrong(
            "heads interleaved",
            """With one channel, or one head, you are right; otherwise weights meet the wrong numbers. The kernel is
            flattened head after head, but each token's numbers stand channel after channel.""",
            "n q (h c)",
            "n q (c h)",
        ),
        wrong(
            "heads reshaped without moving axes",
            """With one head you are right, otherwise each of your tokens holds numbers of several tokens: the
            heads' axis stands before the tokens'. Reshaping alone moves no number; two axes have to change
            places first.""",
            'rearrange(fetched, "n h q c -> n q (h c)")',
            "fetched.reshape(*pixels.shape[:2], -1)",
        ),
        wrong(
            "kernel column by column",
            """Your kernel is read column by column: it is mirrored at its diagonal. Head 1 looks at the neighbor
            one column further, not one row further.""",
            "(a b c) f",
            "(b a c) f",
        ),
        wrong(
            "kernel flipped",
            """Each head gets the weight of the opposite neighbor: your kernel is turned around. That is the
            convolution of mathematics; what deep learning calls so does not turn it.""",
            "rearrange(weight, ",
            "rearrange(weight.flip(-2, -1), ",
        ),
        wrong(
            "kernel upside down",
            """Your heads get the weights of neighbors on the other side, above for below: the kernel's rows stand
            in reverse order. Row 0 belongs to the first K heads.""",
            "rearrange(weight, ",
            "rearrange(weight.flip(-2), ",
        ),
        wrong(
            "kernel mirrored",
            """Your heads get the weights of neighbors on the other side, right for left: the kernel's columns stand
            in reverse order. Column 0 belongs to the first of each K heads.""",
            "rearrange(weight, ",
            "rearrange(weight.flip(-1), ",
        ),
        wrong(
            "heads averaged",
            """With one head you are right, otherwise your numbers are too small by one factor, the number of heads:
            the heads are averaged. The output projection adds up what they bring.""",
            "tokens @ projection",
            "tokens @ projection / len(maps)",
        ),
        wrong(
            "one weight for all heads",
            """Every head gets the same weights, the middle of the kernel: you would blur the neighborhood instead
            of filtering it. Each head has the kernel's entry for its own neighbor.""",
            "rearrange(weight, ",
            "rearrange(weight[..., [[weight.shape[-1] // 2]], [[weight.shape[-1] // 2]]].expand_as(weight), ",
        ),
        wrong(
            "kernel averaged",
            """Every head gets the same weights, the mean over the kernel: you would blur the neighborhood instead
            of filtering it. Each head has the kernel's entry for its own neighbor.""",
            "rearrange(weight, ",
            "rearrange(weight.mean(dim=(-2, -1), keepdim=True).expand_as(weight), ",
        ),
        wrong(
            "kernel summed",
            """What the heads bring is mixed first, and weighted then: all of them get the same weights, the sum
            over the kernel. Each head has the kernel's entry for its own neighbor.""",
            "rearrange(weight, ",
            "rearrange(weight.sum(dim=(-2, -1), keepdim=True).expand_as(weight), ",
        ),
        wrong(
            "first head only",
            """With one head you are right, otherwise most of the kernel plays no part: a single head's contribution
            comes back. A convolution adds up what all neighbors bring.""",
            ('"n h q c -> n q (h c)")', '"n h q c -> n q (h c)")[..., : pixels.shape[-1]]'),
            ("return tokens @ projection", "return tokens @ projection[: pixels.shape[-1]]"),
        ),
        wrong(
            "last head only",
            """With one head you are right, otherwise most of the kernel plays no part: what the last head brings
            comes back alone. In a loop, does each turn add to the result, or does it take its place?""",
            "return tokens @ projection",
            "return tokens[..., -pixels.shape[-1] :] @ projection[-pixels.shape[-1] :]",
        ),
        wrong(
            "heads one after another",
            """With one head you are right, otherwise the pixels are blurred more and more: each head works on what
            the one before it fetched. Heads work side by side, all of them on the pixels themselves.""",
            function=_one_after_another,
        ),
        wrong(
            "softmax of the maps",
            """Your heads look nearly everywhere: `maps` are weights already, each row sums to 1, and you put them
            through a softmax again, as if they were scores.""",
            "maps, pixels)",
            "maps.softmax(dim=-1), pixels)",
        ),
        wrong(
            "filters and channels exchanged",
            """With as many filters as channels the shape is right, and the numbers are not; otherwise sizes do not
            match. The kernel's first axis counts filters, what comes out; its second counts channels, what goes
            in.""",
            "f c a b -> (a b c) f",
            "c f a b -> (a b c) f",
        ),
        wrong(
            "pixel added",
            """Your result is too large by the pixel itself: that is the skip connection of an encoder block. Here
            attention alone is asked for.""",
            "return tokens @ projection",
            "return tokens @ projection + pixels",
        ),
        wrong(
            "kernel of 3 columns",
            """Kernels of 3 x 3 are right, others stop with an error: a head's number is split into row and column of
            the kernel as if all kernels had 3 columns. How many they have stands in the weight's shape.""",
            function=wrong_answers.kernel_of_3_columns,
        ),
        wrong(
            "heads counted by 3",
            """Kernels of 3 x 3 are right, others stop with an error: the heads are counted as if each row of a kernel
            had 3 entries. How many it has stands in the weight's shape.""",
            function=wrong_answers.heads_counted_by_3,
        ),
        wrong(
            "row and column added",
            """With one head you are right, otherwise several entries of the kernel share a head, and other heads play
            no part: row and column are added to find the head. Each pair of row and column has a head of its own.""",
            function=wrong_answers.row_and_column_added,
        ),
        wrong(
            "row of the kernel only",
            """With one head you are right, otherwise all entries in a row of the kernel share a head, and most heads
            play no part. Each pair of row and column has a head of its own.""",
            function=wrong_answers.row_of_the_kernel_only,
        ),
        wrong(
            "middle head for all",
            """With one head you are right, otherwise all entries of the kernel meet what the middle head fetched, the
            token's own pixel: neighbors play no part. Each entry has a head of its own.""",
            function=wrong_answers.middle_head_for_all,
        ),
        wrong(
            "middle head left out",
            """The middle head is missing, which brings the token's own pixel: what it gives is absent from your sum. A
            kernel has an entry for that one as well.""",
            function=wrong_answers.middle_head_left_out,
        ),
        wrong(
            "last head left out",
            """What the last head brings is missing: your loop ends one head too early, or a slice does. With a single
            head nothing is left.""",
            function=wrong_answers.last_head_left_out,
        ),
        wrong(
            "first head left out",
            """What the first head brings is missing: your loop begins one head too late, or a slice does. With a single
            head nothing is left.""",
            function=wrong_answers.first_head_left_out,
        ),
        wrong(
            "pixel added where it fits",
            """Where there are as many filters as channels, the pixel itself is added: that is the skip connection of an
            encoder block. Here attention alone is asked for.""",
            function=wrong_answers.pixel_added_where_it_fits,
        ),
        wrong(
            "no weights",
            """Your last axis counts channels, not filters: what the heads fetched is added up as it is, and the kernel
            plays no part. Each filter weighs it, with an entry for each head and channel.""",
            function=wrong_answers.no_weights,
        ),
        wrong(
            "no weights, mean",
            """Your last axis counts channels, not filters: what the heads fetched is averaged, and the kernel plays no
            part. Each filter weighs it, with an entry for each head and channel.""",
            function=wrong_answers.no_weights_mean,
        ),
        wrong(
            "no projection",
            """Your last axis counts heads times channels, not filters: what the heads fetched stands side by side, and
            nothing weighs it. That is what the output projection is for, which holds the kernel.""",
            function=wrong_answers.no_projection,
        ),
        wrong(
            "no projection, channels first",
            """Your last axis counts heads times channels, not filters: what the heads fetched stands side by side, and
            nothing weighs it. That is what the output projection is for, which holds the kernel.""",
            function=wrong_answers.no_projection_channels_first,
        ),
        wrong(
            "heads not added",
            """There is an axis too many: you say what each head gives to each filter. The output projection adds up
            over the heads.""",
            function=wrong_answers.heads_not_added,
        ),
        wrong(
            "channels not added",
            """There is an axis too many, of channels: each filter has one number for each of them. A filter weighs all
            channels and adds up what they give.""",
            function=wrong_answers.channels_not_added,
        ),
        wrong(
            "channels not added, before the filters",
            """There is an axis too many, of channels: each filter has one number for each of them. A filter weighs all
            channels and adds up what they give.""",
            function=wrong_answers.channels_not_added_before_the_filters,
        ),
        wrong(
            "filters added",
            """The axis of filters is gone: what they give is added up. Each filter makes a channel of the result by
            itself.""",
            function=wrong_answers.filters_added,
        ),
        wrong(
            "filters added, axis kept",
            """Your last axis has length 1: what the filters give is added up. Each filter makes a channel of the result
            by itself.""",
            function=wrong_answers.filters_added_axis_kept,
        ),
        wrong(
            "maximum over the heads",
            """With one head you are right, otherwise your numbers are no sums: of what the heads give you take the
            largest. A convolution adds up what all neighbors bring.""",
            function=wrong_answers.maximum_over_the_heads,
        ),
        wrong(
            "channels summed separately",
            """With one channel you are right, otherwise pixels are added over channels, and weights too, before they
            meet. Each channel's pixels have weights of their own.""",
            function=wrong_answers.channels_summed_separately,
        ),
        wrong(
            "channels averaged separately",
            """With one channel you are right, otherwise pixels are averaged over channels, and weights too, before they
            meet. Each channel's pixels have weights of their own, and all of them are added up.""",
            function=wrong_answers.channels_averaged_separately,
        ),
        wrong(
            "kernel reshaped without moving axes",
            """With one filter you would be right; otherwise weights of several filters are mixed: the filters' axis
            stands first in memory, and has to become the last one. Reshaping alone moves no number.""",
            function=wrong_answers.kernel_reshaped_without_moving_axes,
        ),
        wrong(
            "maps brought to sum 1 over the heads",
            """Your heads compete: each map is divided by the sum over all heads. A map's rows sum to 1 already, each
            head by itself; the heads are only added up.""",
            function=wrong_answers.maps_brought_to_sum_1_over_the_heads,
        ),
        wrong(
            "softmax over the queries",
            """Your maps sum to 1 along the queries: `maps` are weights already, each row sums to 1 over the keys, and
            you put them through a softmax along another axis.""",
            function=wrong_answers.softmax_over_the_queries,
        ),
        wrong(
            "scaled by the heads",
            """With one head you are right, otherwise your numbers are too small: they are divided by the root of the
            number of heads. A scale belongs to scores, before a softmax; here the heads are only added up.""",
            function=wrong_answers.scaled_by_the_heads,
        ),
        wrong(
            "scaled by the channels",
            """With one channel you are right, otherwise your numbers are too small: they are divided by the root of the
            number of channels. A scale belongs to scores, before a softmax, and that is done.""",
            function=wrong_answers.scaled_by_the_channels,
        ),
        wrong(
            "averaged over the channels",
            """With one channel you are right, otherwise your numbers are too small by one factor, the number of
            channels: a mean is taken over them. A convolution adds them up.""",
            function=wrong_answers.averaged_over_the_channels,
        ),
        wrong(
            "first channel only",
            """With one channel you are right, otherwise all channels but the first play no part. Each filter has
            weights for every channel.""",
            function=wrong_answers.first_channel_only,
        ),
        wrong(
            "strongest key only",
            """Where each head looks at one place you are right; with soft maps you take the pixel of the largest weight
            alone. A head brings a mixture, weighted by its row of the map.""",
            function=wrong_answers.strongest_key_only,
        ),
        wrong(
            "negative numbers set to 0",
            """Where the result is positive it is right, elsewhere you have 0: a ReLU comes after a convolution in a
            network, but is no part of it.""",
            function=wrong_answers.negative_numbers_set_to_0,
        ),
    ),
)
