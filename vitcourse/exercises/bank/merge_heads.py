"""`merge_heads` (lesson 02): the heads' outputs side by side."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...attention import merge_heads
from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def _view_after_transpose(x: Tensor) -> Tensor:
    return x.transpose(1, 2).view(x.shape[0], x.shape[2], -1)


def _last_two_exchanged(x: Tensor) -> Tensor:
    return x.transpose(2, 3).reshape(x.shape[0], x.shape[2], -1)


def _heads_and_numbers_exchanged(x: Tensor) -> Tensor:
    return x.transpose(1, 3).reshape(x.shape[0], x.shape[2], -1)


def _axes_misnamed(x: Tensor) -> Tensor:
    batch, tokens, heads, size = x.shape
    return x.transpose(1, 2).reshape(batch, tokens, heads * size)


def _last_head_missing(x: Tensor) -> Tensor:
    return torch.cat([x[:, i] for i in range(x.shape[1] - 1)], dim=-1)


def _last_head_empty(x: Tensor) -> Tensor:
    size = x.shape[3]
    return torch.cat([merge_heads(x)[..., :-size], torch.zeros_like(x[:, 0])], dim=-1)


def _a_number_apart(x: Tensor) -> Tensor:
    batch, heads, tokens, size = x.shape
    out = x.new_zeros(batch, tokens, heads * size)
    for i in range(heads):
        out[:, :, i : i + size] = x[:, i]
    return out


def _returns_after_a_head(x: Tensor) -> Tensor:
    batch, heads, tokens, size = x.shape
    return torch.cat([x[:, 0], x.new_zeros(batch, tokens, (heads - 1) * size)], dim=-1)


def _numbers_of_a_token(value: Tensor) -> Tensor:
    return value.sort(dim=-1).values


def _of_the_token(value: Any, arguments: Arguments) -> bool:
    """False where every number is there, but not at its own token."""
    right = merge_heads(**arguments)
    if not torch.equal(value.flatten().sort().values, right.flatten().sort().values):
        return True
    return torch.equal(_numbers_of_a_token(value), _numbers_of_a_token(right))


def _blocks(value: Any, arguments: Arguments) -> bool:
    """False where each token has its own numbers, but in another order."""
    right = merge_heads(**arguments)
    return torch.equal(value, right) or not torch.equal(_numbers_of_a_token(value), _numbers_of_a_token(right))


def _batch_merged(x: Tensor) -> Tensor:
    return torch.cat(list(x), dim=-1)


EXERCISE = Exercise(
    name="merge_heads",
    lesson="02",
    reference=merge_heads,
    stub="(x)",
    minutes=3,
    difficulty=1,
    piece=True,
    axes=("image", "token", "entry"),
    batch=("x",),
    properties=(
        Property(
            "blocks",
            "Each token holds its own numbers, but in another order. Those of head 0 come first, in their order, then "
            "those of head 1, and so on.",
            _blocks,
        ),
        Property(
            "tokens",
            "All numbers are there, but your tokens hold numbers of several tokens, or of another one. Joining axes "
            "keeps the order in memory; look at which axes stand side by side when you join them.",
            _of_the_token,
        ),
    ),
    probes=(
        probe("2 images, 3 heads, 5 tokens, 4 numbers in a head", lambda g: {"x": normal(g, 2, 3, 5, 4)}),
        probe(
            "one image, 2 heads, 4 tokens, 3 numbers in a head",
            lambda g: {"x": normal(g, 1, 2, 4, 3)},
            "a batch of one",
        ),
        probe("3 images, one head, 4 tokens, 5 numbers", lambda g: {"x": normal(g, 3, 1, 4, 5)}, "one head"),
        probe(
            "2 images, 4 heads, 3 tokens, one number in a head",
            lambda g: {"x": normal(g, 2, 4, 3, 1)},
            "heads of one number each",
        ),
        probe(
            "2 images, 3 heads, 3 tokens, 3 numbers in a head",
            lambda g: {"x": normal(g, 2, 3, 3, 3)},
            "as many tokens as heads and numbers in a head",
        ),
        probe(
            "3 images, 2 heads, 5 tokens, 4 numbers in a head, in float32",
            lambda g: {"x": normal(g, 3, 2, 5, 4, dtype=torch.float32)},
            "float32 inputs",
        ),
    ),
    hints=(
        "`split_heads` did two things. Undo the last one first: which was it?",
        "Heads and numbers become one axis. For that they must be neighbors, the heads outside: move the head axis "
        "behind the tokens before you join the two.",
        "Exchange axes 1 and 2, then `reshape` to (batch, tokens, dim); or `rearrange`, with the last axis as a pair "
        "in parentheses.",
    ),
    misconceptions=(
        wrong(
            "reshaped without moving axes",
            """The shape is right, the numbers are not: each row holds numbers of one head, from several tokens.
            Reshaping keeps the order in memory, where a head's tokens follow one another. Something has to move an
            axis first.""",
            'rearrange(x, "b h n d -> b n (h d)")',
            "x.reshape(x.shape[0], x.shape[2], -1)",
        ),
        wrong(
            "interleaved heads",
            """The shape is right, but the heads are mixed like cards: number 0 of every head, then number 1 of every
            head. `split_heads` took blocks, so blocks have to be laid side by side.""",
            "(h d)",
            "(d h)",
        ),
        wrong(
            "view of moved axes",
            """With more than one head it raises an exception that speaks of strides. Moving an axis only changes how
            memory is read; `view` cannot join axes that are not neighbors there. Something must be allowed to
            copy.""",
            function=_view_after_transpose,
        ),
        wrong(
            "axes moved, not joined",
            """Your result still has four axes. The head axis stands in the right place; the last two have yet to
            become one.""",
            "-> b n (h d)",
            "-> b n h d",
        ),
        wrong(
            "heads one below the other",
            """You get more tokens than went in, and short ones: the heads' outputs stand one below the other. They
            belong side by side, in one long token each.""",
            "-> b n (h d)",
            "-> b (h n) d",
        ),
        wrong(
            "heads as more tokens",
            """You get more tokens than went in: each token has become several short ones, a head's output each. The
            heads' outputs of a token belong side by side in one.""",
            "-> b n (h d)",
            "-> b (n h) d",
        ),
        wrong(
            "tokens joined instead of heads",
            """Your result has a row for each head, in which all its tokens stand side by side. The last two axes are
            joined; it is the head axis that has to disappear.""",
            "-> b n (h d)",
            "-> b h (n d)",
        ),
        wrong(
            "heads and tokens confused",
            """Your result has a row for each head, not for each token. The axes of `x` are taken in another order
            than they have: the heads come second, the tokens third.""",
            function=_axes_misnamed,
        ),
        wrong(
            "tokens last",
            """The numbers are right, but tokens and their numbers have changed places: the result is (batch, dim,
            tokens).""",
            "-> b n (h d)",
            "-> b (h d) n",
        ),
        wrong(
            "images and tokens joined",
            """Your result has two axes: the tokens of all images stand in one long column. The batch axis has to
            stay.""",
            "-> b n (h d)",
            "-> (b n) (h d)",
        ),
        wrong(
            "heads joined with the tokens",
            """Your result has a row for each number of a head, not for each token: heads and numbers have changed
            places, and then tokens and heads are joined. It is heads and numbers that become one axis.""",
            "-> b n (h d)",
            "-> b d (n h)",
        ),
        wrong(
            "last head missing",
            """Your tokens are too short by one head: the last one is lost. The end of a Python `range` is itself left
            out already.""",
            function=_last_head_missing,
        ),
        wrong(
            "a number apart",
            """The end of each token is 0, and most numbers of the heads are lost: the next head is written one number
            further, over the one before. You count heads where numbers are needed.""",
            function=_a_number_apart,
        ),
        wrong(
            "returns after a head",
            """Only the first head is written, all behind it is 0: the function returns before the next one. A `return`
            that is indented into a loop ends it at its first turn.""",
            function=_returns_after_a_head,
        ),
        wrong(
            "an axis of length 1",
            """Your result has four axes, one of them of length 1: the pieces that you join still have the axis of the
            heads. A piece of a split keeps it; only taking a single index makes it go.""",
            "-> b n (h d)",
            "-> b 1 n (h d)",
        ),
        wrong(
            "tokens before images",
            """The numbers are right, but images and tokens have changed places: your first axis counts tokens. The
            batch has to stay in front.""",
            "-> b n (h d)",
            "-> n b (h d)",
        ),
        wrong(
            "largest of the heads",
            """Your tokens are as short as one head: only the largest number of all heads is kept in each place. Laid
            side by side all that they found stays.""",
            'rearrange(x, "b h n d -> b n (h d)")',
            "x.amax(dim=1)",
        ),
        wrong(
            "last head empty",
            """The last numbers of each token are 0, the others are right: the last head is never written. The end of a
            Python `range` is itself left out already.""",
            function=_last_head_empty,
        ),
        wrong(
            "heads averaged",
            """Your tokens are as short as one head: the heads are averaged. That keeps a share of what they found;
            laid side by side all of it stays.""",
            'rearrange(x, "b h n d -> b n (h d)")',
            "x.mean(dim=1)",
        ),
        wrong(
            "heads added up",
            """Your tokens are as short as one head: the heads are added up. Laid side by side all that they found
            stays, and the output projection can weigh it.""",
            'rearrange(x, "b h n d -> b n (h d)")',
            "x.sum(dim=1)",
        ),
        wrong(
            "first head only",
            """Your tokens are as short as one head: it is the first, and the others are lost. They all have to be
            laid side by side.""",
            'rearrange(x, "b h n d -> b n (h d)")',
            "x[:, 0]",
        ),
        wrong(
            "tokens and numbers exchanged",
            """The shape is right, the numbers are not: the last two axes change places, where it is the heads that
            have to move. Reshaping hides it, since it takes numbers in any order.""",
            function=_last_two_exchanged,
        ),
        wrong(
            "heads and numbers exchanged",
            """The shape is right, the numbers are not: heads and numbers change places, and the tokens stay between
            them. Two axes can be joined only where they are neighbors.""",
            function=_heads_and_numbers_exchanged,
        ),
        wrong(
            "images joined instead of heads",
            """The images of the batch stand side by side, and the head axis is still there: going through a tensor,
            or making a list of it, takes its first axis, the batch.""",
            function=_batch_merged,
        ),
    ),
)
