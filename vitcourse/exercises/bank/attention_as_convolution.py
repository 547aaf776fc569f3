"""`attention_as_convolution` (lesson 07): heads that look at one neighbor each make a convolution."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Generator, Tensor

from ...comparison import neighbor_bias
from ..spec import Arguments, Exercise, normal, probe, wrong


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
        ),
        probe(
            "three images of 3 x 5 tokens with 2 channels, 9 heads that look at one neighbor each, 4 filters of 3 x 3",
            _neighbors,
            "heads that look at one place each",
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
    ),
)
