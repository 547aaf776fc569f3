"""`split_heads` (lesson 02): each head's share of every token."""

from __future__ import annotations

import torch
from torch import Tensor

from ...attention import split_heads
from ..spec import Exercise, normal, probe, wrong


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
