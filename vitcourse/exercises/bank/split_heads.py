"""`split_heads` (lesson 02): each head's share of every token."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...attention import split_heads
from ..spec import Arguments, Exercise, Property, normal, probe, wrong

MISREAD = """The sizes of `x` are read in another order than they have: its axes are batch, tokens, dim. What you take
    for the length of a token is the number of tokens."""
NO_INTEGER = """It fails: a size of an axis is no whole number. In Python `/` gives a float, 4.0 and not 4, even where
    it divides without rest."""


def _tokens_cut(x: Tensor, num_heads: int) -> Tensor:
    return torch.stack(x.chunk(num_heads, dim=1), dim=1)


def _two_wrong_axes(x: Tensor, num_heads: int) -> Tensor:
    return x.reshape(*x.shape[:2], num_heads, -1).transpose(0, 1)


def _view_then_transpose(x: Tensor, num_heads: int) -> Tensor:
    batch, tokens, dim = x.shape
    return x.reshape(batch, num_heads, dim // num_heads, tokens).transpose(2, 3)


def _transpose_then_view(x: Tensor, num_heads: int) -> Tensor:
    return x.transpose(1, 2).reshape(x.shape[0], num_heads, x.shape[1], -1)


def _first_head_for_all(x: Tensor, num_heads: int) -> Tensor:
    first = x[..., : x.shape[-1] // num_heads]
    return torch.stack([first] * num_heads, dim=1)


def _a_number_apart(x: Tensor, num_heads: int) -> Tensor:
    size = x.shape[-1] // num_heads
    return torch.stack([x[:, :, i : i + size] for i in range(num_heads)], dim=1)


def _heads_apart(x: Tensor, num_heads: int) -> Tensor:
    size = x.shape[-1] // num_heads
    return torch.stack([x[:, :, i * num_heads : i * num_heads + size] for i in range(num_heads)], dim=1)


def _sizes_misread(x: Tensor, num_heads: int) -> Tensor:
    batch, dim, tokens = x.shape
    return x.reshape(batch, tokens, num_heads, dim // num_heads).transpose(1, 2)


def _sizes_misread_heads_first(x: Tensor, num_heads: int) -> Tensor:
    batch, dim, tokens = x.shape
    return x.reshape(batch, num_heads, dim // num_heads, tokens)


def _last_head_missing(x: Tensor, num_heads: int) -> Tensor:
    return torch.stack(x.chunk(num_heads, dim=-1)[:-1], dim=1)


def _last_head_empty(x: Tensor, num_heads: int) -> Tensor:
    heads = split_heads(x, num_heads).clone()
    heads[:, -1] = 0
    return heads


def _first_head_empty(x: Tensor, num_heads: int) -> Tensor:
    heads = split_heads(x, num_heads).clone()
    heads[:, 0] = 0
    return heads


def _last_numbers_missing(x: Tensor, num_heads: int) -> Tensor:
    size = x.shape[-1] // num_heads
    return torch.stack([x[:, :, i * size : (i + 1) * size - 1] for i in range(num_heads)], dim=1)


def _half_numbers_viewed(x: Tensor, num_heads: int) -> Tensor:
    size: Any = x.shape[-1] / num_heads
    return x.view(x.shape[0], x.shape[1], num_heads, size).transpose(1, 2)


def _half_numbers_reshaped(x: Tensor, num_heads: int) -> Tensor:
    size: Any = x.shape[-1] / num_heads
    return x.reshape(x.shape[0], x.shape[1], num_heads, size).transpose(1, 2)


def _numbers_of_a_token(value: Tensor, arguments: Arguments) -> Tensor:
    """For each token the numbers that all heads together hold of it, sorted."""
    return value.transpose(1, 2).flatten(2).sort(dim=-1).values


def _of_the_token(value: Any, arguments: Arguments) -> bool:
    """False where every number is there, but not at its own token."""
    right = split_heads(**arguments)
    if not torch.equal(value.flatten().sort().values, right.flatten().sort().values):
        return True
    return torch.equal(_numbers_of_a_token(value, arguments), _numbers_of_a_token(right, arguments))


def _blocks(value: Any, arguments: Arguments) -> bool:
    """False where each token has its own numbers, but not in the right heads or places."""
    right = split_heads(**arguments)
    if not torch.equal(_numbers_of_a_token(value, arguments), _numbers_of_a_token(right, arguments)):
        return True
    return torch.equal(value, right)


def _each_once(value: Any, arguments: Arguments) -> bool:
    """False where all numbers of a token's are its own, but some come twice, so that others are lost."""
    mine, right = (_numbers_of_a_token(v, arguments) for v in (value, split_heads(**arguments)))
    own = all(set(a) <= set(b) for a, b in zip(mine.flatten(0, 1).tolist(), right.flatten(0, 1).tolist(), strict=True))
    return not own or torch.equal(mine, right)


def _a_list(x: Tensor, num_heads: int) -> tuple[Tensor, ...]:
    return x.chunk(num_heads, dim=-1)


EXERCISE = Exercise(
    name="split_heads",
    lesson="02",
    reference=split_heads,
    stub="(x, num_heads)",
    minutes=4,
    difficulty=2,
    piece=True,
    axes=("image", "head", "token", "entry"),
    batch=("x",),
    properties=(
        Property(
            "each number once",
            "What the heads hold of a token are its own numbers, but some come twice, and others are lost. Heads share "
            "a token out among them: where one share ends, the next begins.",
            _each_once,
        ),
        Property(
            "blocks",
            "The heads hold of each token its own numbers, but they are shared out in another way. Head 0 takes the "
            "first numbers of a token, side by side, head 1 the next ones, and so on.",
            _blocks,
        ),
        Property(
            "tokens",
            "All numbers are there, but what stands at a token in your heads are numbers of several tokens, or of "
            "another one. A reshape keeps the order in memory; look at which axes it cuts, and at which axes move.",
            _of_the_token,
        ),
    ),
    probes=(
        probe(
            "2 images of 5 tokens with 12 numbers, 3 heads",
            lambda g: {"x": normal(g, 2, 5, 12), "num_heads": 3},
        ),
        probe(
            "one image of 3 tokens with 8 numbers, 2 heads",
            lambda g: {"x": normal(g, 1, 3, 8), "num_heads": 2},
            "a batch of one",
        ),
        probe(
            "3 images of 4 tokens with 5 numbers, one head",
            lambda g: {"x": normal(g, 3, 4, 5), "num_heads": 1},
            "one head",
        ),
        probe(
            "2 images of 3 tokens with 6 numbers, 6 heads",
            lambda g: {"x": normal(g, 2, 3, 6), "num_heads": 6},
            "heads of one number each",
        ),
        probe(
            "2 images of 3 tokens with 9 numbers, 3 heads",
            lambda g: {"x": normal(g, 2, 3, 9), "num_heads": 3},
            "as many tokens as heads and numbers in a head",
        ),
        probe(
            "3 images of 5 tokens with 8 numbers in float32, 2 heads",
            lambda g: {"x": normal(g, 3, 5, 8, dtype=torch.float32), "num_heads": 2},
            "float32 inputs",
        ),
    ),
    hints=(
        "Which axis of `x` is cut, and into which two? Write down the shape after that, before anything moves.",
        "Cut the last axis into (heads, numbers of a head): four axes. The head axis then stands behind the tokens, "
        "and has to go before them. Reshaping moves nothing; something else must.",
        "`reshape` to (batch, tokens, heads, dim / heads), then exchange axes 1 and 2. With einops it is one line: "
        "`rearrange` with the last axis named as a pair in parentheses.",
    ),
    misconceptions=(
        wrong(
            "reshaped without moving axes",
            """The shape is right, the numbers are not: a head holds numbers of only some tokens, whole ones from the
            front of the image. Reshaping keeps the order in memory, where the tokens come first. Something has to
            move an axis.""",
            'rearrange(x, "b n (h d) -> b h n d", h=num_heads)',
            "x.reshape(x.shape[0], num_heads, x.shape[1], -1)",
        ),
        wrong(
            "heads behind the tokens",
            """Your result is (batch, tokens, heads, numbers). The last axis is cut rightly, but the head axis still
            stands behind the tokens, so a matrix product would compare the heads of one token with one another.""",
            "-> b h n d",
            "-> b n h d",
        ),
        wrong(
            "interleaved heads",
            """The shape is right, but the heads are dealt out like cards: each takes every so many-th number of a
            token. The exercise asks for blocks: the first head takes the first numbers, side by side.""",
            "(h d)",
            "(d h)",
        ),
        wrong(
            "heads before the batch",
            """Your first axis counts heads, the second images. Stacking slices puts the new axis in front unless told
            otherwise.""",
            "-> b h n d",
            "-> h b n d",
        ),
        wrong(
            "numbers before the tokens",
            """Within each head tokens and numbers are exchanged. That is the shape in which keys enter the dot
            product, but queries and values need the other one.""",
            "-> b h n d",
            "-> b h d n",
        ),
        wrong(
            "numbers and heads exchanged",
            """Your result is (batch, tokens, numbers, heads). The two new axes have changed places, instead of heads
            and tokens.""",
            "-> b h n d",
            "-> b n d h",
        ),
        wrong(
            "number of heads taken as their size",
            """You get as many heads as one head should have numbers. `num_heads` counts the parts; here each part has
            that many numbers.""",
            'rearrange(x, "b n (h d) -> b h n d", h=num_heads)',
            'rearrange(x, "b n (h d) -> b h n d", d=num_heads)',
        ),
        wrong(
            "heads folded into the batch",
            """Your result has three axes: images and heads are one. Some libraries do it so; here the heads have an
            axis of their own, behind the batch.""",
            "-> b h n d",
            "-> (b h) n d",
        ),
        wrong(
            "heads behind one another in the batch",
            """Your result has three axes, and its first one counts all images for one head, then all for the next.
            Joining the pieces along an axis that is there makes it longer; the heads need an axis of their own.""",
            "-> b h n d",
            "-> (h b) n d",
        ),
        wrong(
            "heads below one another",
            """Your result has three axes, with more tokens than went in, and short ones: the pieces are joined along
            the tokens. That makes this axis longer; the heads need an axis of their own.""",
            "-> b h n d",
            "-> b (h n) d",
        ),
        wrong(
            "a number apart",
            """Head 0 is right, the others are not: the next head begins one number further, so that heads overlap and
            the last numbers of a token are lost. You count heads where numbers are needed.""",
            function=_a_number_apart,
        ),
        wrong(
            "as far apart as there are heads",
            """Head 0 is right, the others begin in the wrong place: as many numbers further as there are heads. One
            head ends where it has all its numbers, and there the next one begins.""",
            function=_heads_apart,
        ),
        wrong("sizes misread", MISREAD, function=_sizes_misread),
        wrong("sizes misread, heads first", MISREAD, function=_sizes_misread_heads_first),
        wrong(
            "last number of each head missing",
            """Each head is too short by its last number. The end of a slice is itself left out already, nothing has to
            be taken from it.""",
            function=_last_numbers_missing,
        ),
        wrong("a size that is no integer", NO_INTEGER, function=_half_numbers_viewed),
        wrong("a size that is no integer, in a reshape", NO_INTEGER, function=_half_numbers_reshaped),
        wrong(
            "last head missing",
            """There is one head too few: the last share of each token is lost. The end of a Python `range` is itself
            left out already.""",
            function=_last_head_missing,
        ),
        wrong(
            "last head empty",
            """The last head is 0, the others are right: its share is never written. The end of a Python `range` is
            itself left out already.""",
            function=_last_head_empty,
        ),
        wrong(
            "first head empty",
            """Head 0 is 0, the others are right: its share is never written. Counting begins at 0.""",
            function=_first_head_empty,
        ),
        wrong(
            "one head",
            """Your head axis has length 1, and each token is still whole. An axis is added, but the numbers of a
            token are not shared out.""",
            'rearrange(x, "b n (h d) -> b h n d", h=num_heads)',
            "x[:, None]",
        ),
        wrong(
            "the whole token for each head",
            """Every head holds all numbers of a token, the same in each. Heads share a token out among them: together
            they hold each number once.""",
            'rearrange(x, "b n (h d) -> b h n d", h=num_heads)',
            "x[:, None].repeat(1, num_heads, 1, 1)",
        ),
        wrong(
            "the tokens cut instead of the numbers",
            """Each of your heads holds a part of the tokens, whole; where their number does not divide, it fails. All
            heads see all tokens: it is the numbers within a token that are shared out.""",
            function=_tokens_cut,
        ),
        wrong(
            "images and tokens exchanged",
            """Your first axis counts tokens, the second images. Two axes change places, but not those of tokens and
            heads: the batch has to stay in front.""",
            function=_two_wrong_axes,
        ),
        wrong(
            "reshaped to other axes, then moved",
            """The shape is right, the numbers are not. The reshape cuts the tensor as if the heads lay before the
            tokens in memory; moving axes afterwards cannot repair that. Cut only the last axis first.""",
            function=_view_then_transpose,
        ),
        wrong(
            "moved before they are cut",
            """The shape is right, the numbers are not. Tokens and numbers change places first, then a reshape cuts
            across both. The last axis has to be cut while a token's numbers still lie side by side.""",
            function=_transpose_then_view,
        ),
        wrong(
            "the first share for every head",
            "All heads hold the same numbers, the first share of each token. Each head has to take another share.",
            function=_first_head_for_all,
        ),
        wrong(
            "separate tensors",
            """You return a tuple with a tensor for each head. The pieces are right; they still have to become one
            tensor with an axis for the heads, so that one matrix product serves all of them.""",
            function=_a_list,
        ),
    ),
)
