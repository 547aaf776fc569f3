"""`multi_head_attention` (lesson 02): self-attention with several heads, from tokens to tokens."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from ...attention import attention_weights, merge_heads, split_heads
from ..spec import Arguments, Exercise, Misconception, Property, normal, probe, wrong


def multi_head_attention(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    """Let the tokens of each image look at one another, in several heads.

    x: (batch, tokens, dim). qkv_weight: (3 dim, dim) and qkv_bias: (3 dim,), for queries, keys, values in this order;
    out_weight: (dim, dim) and out_bias: (dim,). Weights are laid out as in nn.Linear.
    Returns (batch, tokens, dim).
    """
    q, k, v = F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)
    q, k, v = split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads)
    weights = attention_weights(q, k)
    return F.linear(merge_heads(weights @ v), out_weight, out_bias)


def _interleaved_heads(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)
    q, k, v = (rearrange(part, "b n (d h) -> b h n d", h=num_heads) for part in (q, k, v))
    return F.linear(rearrange(attention_weights(q, k) @ v, "b h n d -> b n (d h)"), out_weight, out_bias)


def _over_the_batch(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    along = multi_head_attention(x.transpose(0, 1), qkv_weight, qkv_bias, out_weight, out_bias, num_heads)
    return along.transpose(0, 1)


def _looks_back_only(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = (split_heads(part, num_heads) for part in F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1))
    return F.linear(merge_heads(F.scaled_dot_product_attention(q, k, v, is_causal=True)), out_weight, out_bias)


def _within_a_token(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = F.linear(x, qkv_weight, qkv_bias).unflatten(-1, (3, num_heads, -1)).unbind(2)
    return F.linear((attention_weights(q, k) @ v).flatten(2), out_weight, out_bias)


def _dealt_out(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = (split_heads(p, num_heads) for p in F.linear(x, qkv_weight, qkv_bias).unflatten(-1, (-1, 3)).unbind(-1))
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def _dealt_out_by_heads(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    q, k, v = rearrange(F.linear(x, qkv_weight, qkv_bias), "b n (h three d) -> three b h n d", three=3, h=num_heads)
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def _weights_not_transposed(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    parts = zip(qkv_weight.chunk(3), qkv_bias.chunk(3), strict=True)
    q, k, v = (split_heads(x @ weight + bias, num_heads) for weight, bias in parts)
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def _cut_by_reshaping(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    batch, tokens, _ = x.shape
    q, k, v = F.linear(x, qkv_weight, qkv_bias).reshape(batch, 3, num_heads, tokens, -1).unbind(1)
    return F.linear(merge_heads(attention_weights(q, k) @ v), out_weight, out_bias)


def _layer(
    g: torch.Generator, batch: int, tokens: int, dim: int, num_heads: int, biases: bool = True, output: bool = True
) -> Arguments:
    """Weights of such a size that no softmax saturates, and biases that matter.

    biases: False for biases of 0; output: False for an output weight that is the identity.
    """
    size, bias = 1.3 * dim**-0.5, 0.7 * biases
    return {
        "x": normal(g, batch, tokens, dim),
        "qkv_weight": size * normal(g, 3 * dim, dim),
        "qkv_bias": bias * normal(g, 3 * dim),
        "out_weight": size * normal(g, dim, dim) if output else torch.eye(dim, dtype=torch.float64),
        "out_bias": bias * normal(g, dim),
        "num_heads": num_heads,
    }


def _weights_within(value: Tensor, arguments: Arguments) -> Tensor | None:
    """The attention weights that lead to this result, the rest of the computation being right; None if none do."""
    x, qkv_weight, qkv_bias, out_weight, out_bias, num_heads = arguments.values()
    v = split_heads(F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)[2], num_heads)
    heads = split_heads(torch.linalg.solve(out_weight, (value - out_bias).mT).mT, num_heads)
    weights = heads @ torch.linalg.pinv(v)
    fits = v.shape[-2] < v.shape[-1] and torch.allclose(weights @ v, heads, rtol=1e-5, atol=1e-6)
    return weights if fits else None


def _collected_rightly(value: Any, arguments: Arguments) -> bool:
    return _weights_within(value, arguments) is not None


def _rows_sum_to_one(value: Any, arguments: Arguments) -> bool:
    weights = _weights_within(value, arguments)
    return weights is None or torch.allclose(weights.sum(dim=-1), torch.ones(()).to(weights), atol=1e-5)


def _weighs_rightly(value: Any, arguments: Arguments) -> bool:
    weights = _weights_within(value, arguments)
    right = _weights_within(multi_head_attention(**arguments), arguments)
    return (
        weights is None
        or right is None
        or not _rows_sum_to_one(value, arguments)
        or torch.allclose(weights, right, atol=1e-5)
    )


def _rows(order: str, message: str) -> Misconception:
    return wrong(f"rows read as {order}", message, ("q, k, v = F.linear", f"{order} = F.linear"))


EXERCISE = Exercise(
    name="multi_head_attention",
    lesson="02",
    reference=multi_head_attention,
    stub="(x, qkv_weight, qkv_bias, out_weight, out_bias, num_heads)",
    minutes=10,
    difficulty=3,
    piece=True,
    axes=("image", "token", "entry"),
    batch=("x",),
    # Heads of 4 and of 9 numbers, so that a root taken in float32 is exact; fewer tokens than numbers in a head, so
    # that the weights within can be told from the result. Where only one trait's probes are right, the trait says which
    # step is wrong.
    probes=(
        probe("2 images of 5 tokens with 27 numbers, 3 heads", lambda g: _layer(g, 2, 5, 27, 3)),
        probe("one image of 3 tokens with 8 numbers, 2 heads", lambda g: _layer(g, 1, 3, 8, 2), "a batch of one"),
        probe("3 images of 2 tokens with 4 numbers, one head", lambda g: _layer(g, 3, 2, 4, 1), "one head"),
        probe(
            "2 images of a single token with 4 numbers, one head",
            lambda g: _layer(g, 2, 1, 4, 1),
            "one head",
            "a single token, which can only look at itself",
        ),
        probe(
            "2 images of 3 tokens with 8 numbers, 2 heads, biases of 0",
            lambda g: _layer(g, 2, 3, 8, 2, biases=False),
            "biases of 0",
        ),
        probe(
            "2 images of 3 tokens with 8 numbers, 2 heads, biases of 0, the identity as output weight",
            lambda g: _layer(g, 2, 3, 8, 2, biases=False, output=False),
            "biases of 0",
            "an output projection that changes nothing",
        ),
    ),
    hints=(
        "Five steps: project, split, compare, collect, project. Which shape does the tensor have after each?",
        "One linear map gives queries, keys and values side by side: cut its last axis into three parts of length dim. "
        "A weight of `nn.Linear` is (outputs, inputs); `F.linear(x, weight, bias)` knows that.",
        "Split each of the three into heads. Each head collects its values by its weights. Merge the heads, and map "
        "the result once more, by `out_weight` and `out_bias`.",
        "`vc.split_heads`, `vc.attention_weights` and `vc.merge_heads` are there for you, and the weights meet the "
        "values in a matrix product.",
    ),
    properties=(
        Property(
            "values and output",
            "The fault lies not in the attention weights, or not there alone: no weights lead to this result. Look at "
            "how the values are made, how the heads are split and merged, and at the output projection.",
            _collected_rightly,
        ),
        Property(
            "rows sum to 1",
            "Values, heads and output projection are right. It is the attention weights within that are wrong: those "
            "of a token do not sum to 1.",
            _rows_sum_to_one,
        ),
        Property(
            "attention weights",
            "Values, heads and output projection are right. It is the attention weights within that are wrong, though "
            "those of a token sum to 1. Look at queries, keys and scale.",
            _weighs_rightly,
        ),
    ),
    written_by_hand=("multi_head_attention_forward", "_native_multi_head_attention"),
    misconceptions=(
        wrong(
            "no output projection",
            """The shape is right, but the heads' outputs come back as they are, and no gradient reaches `out_weight`.
            Each head stays in its own slice of a token; the last linear map is what mixes them.""",
            "F.linear(merge_heads(weights @ v), out_weight, out_bias)",
            "merge_heads(weights @ v)",
        ),
        wrong(
            "output weight not transposed",
            """Everything up to the merged heads is right. The last map uses its weight the wrong way round: in
            `nn.Linear` a row belongs to an output. The matrix is square, so that nothing complains.""",
            "F.linear(merge_heads(weights @ v), out_weight, out_bias)",
            "merge_heads(weights @ v) @ out_weight + out_bias",
        ),
        wrong(
            "no bias at the queries, keys and values",
            """Your numbers are all a little off, and no gradient reaches `qkv_bias`: queries, keys and values are
            products alone, and each lacks its bias.""",
            "F.linear(x, qkv_weight, qkv_bias)",
            "F.linear(x, qkv_weight)",
        ),
        wrong(
            "no bias at the output",
            """In each entry all tokens are off by the same number, and no gradient reaches `out_bias`: it is missing
            in the last map.""",
            "out_weight, out_bias)",
            "out_weight)",
        ),
        wrong(
            "heads split without moving axes",
            """Right with one head only. With several the shape is right, but a head gets some of the tokens, whole,
            where it should get a share of every token: the heads were made by reshaping alone.""",
            (
                "q, k, v = split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads)",
                "q, k, v = (part.reshape(x.shape[0], num_heads, x.shape[1], -1) for part in (q, k, v))",
            ),
        ),
        wrong(
            "heads merged without moving axes",
            """Right with one head only. The heads work rightly, but their outputs are joined by reshaping alone, so
            that a token gets numbers that one head found for several tokens.""",
            "merge_heads(weights @ v)",
            "(weights @ v).reshape(x.shape)",
        ),
        wrong(
            "heads interleaved when they are merged",
            """Right with one head only. The heads' outputs are mixed like cards, number 0 of each head first. They
            were split in blocks, and the output projection expects blocks.""",
            "merge_heads(weights @ v)",
            "(weights @ v).permute(0, 2, 3, 1).flatten(2)",
        ),
        wrong(
            "interleaved heads",
            """Right with one head only. Each head takes every so many-th number of a token, and they are merged that
            way too. Shapes cannot tell, but published weights hold a head's numbers side by side.""",
            function=_interleaved_heads,
        ),
        wrong(
            "one head",
            """Right with one head only: `num_heads` plays no part. One softmax decides for the whole token, where
            each head should have a map of its own.""",
            "q, k, v = split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads)",
            "q, k, v = split_heads(q, 1), split_heads(k, 1), split_heads(v, 1)",
        ),
        wrong(
            "no scale",
            """The weights within are too sharp, so that each token copies one other: the dot products go into the
            softmax unscaled.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1)).softmax(dim=-1)",
        ),
        wrong(
            "scaled twice",
            """The weights within are too even: the scores are divided by the number of entries in a head, where it
            should be its root. Or they are scaled twice, once by you and once by the function that you call.""",
            "attention_weights(q, k)",
            "attention_weights(q / q.shape[-1] ** 0.5, k)",
        ),
        wrong(
            "scaled by the whole token",
            """Right with one head only; with several the weights within are too even. The scale takes the length of a
            whole token, but a dot product runs over one head's share of it.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / x.shape[-1] ** 0.5).softmax(dim=-1)",
        ),
        wrong(
            "scaled by the number of heads",
            """The weights within change their sharpness with the number of heads, at heads of the same size. The
            scale belongs to the length of a head's vectors, not to the count of heads.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / num_heads ** 0.5).softmax(dim=-1)",
        ),
        wrong(
            "softmax over the queries",
            """Your outputs are no means of the values: weights do not sum to 1 for a token. Within, the softmax runs
            over the queries, so that tokens compete for a key.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-2)",
        ),
        wrong(
            "softmax over the heads",
            """With one head every weight is 1, and your outputs are no means of the values. Within, the softmax runs
            over axis 1, so that heads compete with one another.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=1)",
        ),
        wrong(
            "no softmax",
            """Your outputs leave the hull of the values, and grow with the scores: what multiplies the values are the
            scores themselves, never made into weights.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5)",
        ),
        wrong(
            "map transposed",
            """Each token collects by a column of the map instead of by its row: by how much it is looked at. Columns
            do not sum to 1.""",
            "weights @ v",
            "weights.transpose(-2, -1) @ v",
        ),
        wrong(
            "no value projection",
            """Each token collects the others as they came in, not what they hand over: the part of `qkv_weight` that
            makes the values has no effect.""",
            "weights @ v",
            "weights @ split_heads(x, num_heads)",
        ),
        wrong(
            "keys handed over",
            """Each token collects keys, not values: the part of `qkv_weight` that makes the values has no effect. A
            key says what a token is found by, a value what it hands over.""",
            "weights @ v",
            "weights @ k",
        ),
        wrong(
            "queries in the place of the keys",
            """The part of `qkv_weight` that makes the keys has no effect: queries are compared with queries, so that
            each token prefers itself.""",
            "attention_weights(q, k)",
            "attention_weights(q, q)",
        ),
        wrong(
            "adds the input",
            """All your numbers are off by the input itself. The residual connection is there already; it belongs to
            the block around this layer, and lesson 03 adds it.""",
            "return F.linear(",
            "return x + F.linear(",
        ),
        _rows(
            "k, q, v",
            """Each token collects by the transposed scores: it asks with its key, and is found by its query. The
            parts of `qkv_weight` come in another order.""",
        ),
        _rows(
            "q, v, k",
            """Queries are compared with values, and keys are handed over. The second and third part of `qkv_weight`
            have changed places.""",
        ),
        _rows(
            "v, k, q",
            """Values ask, and queries are handed over. The first and third part of `qkv_weight` have changed
            places.""",
        ),
        _rows(
            "k, v, q",
            """The first part of `qkv_weight` is taken for the keys, the second for the values, the third for the
            queries. The docstring gives another order.""",
        ),
        _rows(
            "v, q, k",
            """The first part of `qkv_weight` is taken for the values, the others for queries and keys. The docstring
            gives another order.""",
        ),
        wrong(
            "weights of queries, keys and values not transposed",
            """The shape is right, the numbers are not: the three parts of `qkv_weight` are used the wrong way round.
            In `nn.Linear` a row belongs to an output. The parts are square, so that nothing complains.""",
            function=_weights_not_transposed,
        ),
        wrong(
            "queries, keys and values cut by reshaping",
            """The shape is right, the numbers are not: the projected tokens are reshaped to five axes as if the three
            parts came before the tokens in memory. They lie within a token; cut the last axis first, then move
            axes.""",
            function=_cut_by_reshaping,
        ),
        wrong(
            "queries, keys and values dealt out",
            """The shape is right, but queries, keys and values each take every third number. In `qkv_weight` the
            three parts stand one below the other, as blocks.""",
            function=_dealt_out,
        ),
        wrong(
            "queries, keys and values head by head",
            """Right with one head only. The rows of `qkv_weight` are read as head by head, in each its queries, keys
            and values. Some models store them so; here all queries come first, then all keys, then all values.""",
            function=_dealt_out_by_heads,
        ),
        wrong(
            "heads of one token compared",
            """Tokens do not see one another: change one, and no other changes. The matrix product runs over the last
            two axes, and there stand the heads of one token. Which axis must lie before them?""",
            function=_within_a_token,
        ),
        wrong(
            "attends over the batch",
            """What an image gets depends on the other images, and its tokens do not see one another: the batch is
            taken for the tokens. PyTorch's own layer expects tokens first unless told otherwise; here the batch is
            first.""",
            function=_over_the_batch,
        ),
        wrong(
            "looks back only",
            """Token 0 sees only itself, the last one sees all: a mask hides the tokens that come later. Language
            models need it. The patches of an image may all look at one another.""",
            function=_looks_back_only,
        ),
    ),
)
