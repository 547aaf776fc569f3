"""`multi_head_attention` (lesson 02): self-attention with several heads, from tokens to tokens."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ...attention import MultiHeadAttention, attention_weights, merge_heads, split_heads
from ..spec import Arguments, Exercise, Misconception, Property, normal, probe, wrong
from . import _wrong_multi_head_attention as _wrong

SQUARE = "heads whose size is a square number"


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


def _over_the_batch(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    along = multi_head_attention(x.transpose(0, 1), qkv_weight, qkv_bias, out_weight, out_bias, num_heads)
    return along.transpose(0, 1)


def _images_joined(
    x: Tensor, qkv_weight: Tensor, qkv_bias: Tensor, out_weight: Tensor, out_bias: Tensor, num_heads: int
) -> Tensor:
    joined = x.reshape(1, -1, x.shape[-1])
    return multi_head_attention(joined, qkv_weight, qkv_bias, out_weight, out_bias, num_heads).reshape(x.shape)


def _layer(
    g: torch.Generator,
    batch: int,
    tokens: int,
    dim: int,
    num_heads: int,
    biases: bool = True,
    output: bool = True,
    dtype: torch.dtype = torch.float64,
) -> Arguments:
    """Weights of such a size that no softmax saturates, and biases that matter.

    biases: False for biases of 0; output: False for an output weight that is the identity.
    """
    size, bias = 1.3 * dim**-0.5, 0.7 * biases
    return {
        "x": normal(g, batch, tokens, dim, dtype=dtype),
        "qkv_weight": size * normal(g, 3 * dim, dim, dtype=dtype),
        "qkv_bias": bias * normal(g, 3 * dim, dtype=dtype),
        "out_weight": size * normal(g, dim, dim, dtype=dtype) if output else torch.eye(dim, dtype=dtype),
        "out_bias": bias * normal(g, dim, dtype=dtype),
        "num_heads": num_heads,
    }


def _weights_within(value: Tensor, arguments: Arguments) -> Tensor | None:
    """The attention weights that lead to this result, the rest of the computation being right; None if none do."""
    *tensors, num_heads = arguments.values()
    x, qkv_weight, qkv_bias, out_weight, out_bias = (tensor.double() for tensor in tensors)
    near = 1e-3 if value.dtype == torch.float32 else 1e-6
    v = split_heads(F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1)[2], num_heads)
    heads = split_heads(torch.linalg.solve(out_weight, (value.double() - out_bias).mT).mT, num_heads)
    weights = heads @ torch.linalg.pinv(v)
    fits = v.shape[-2] < v.shape[-1] and torch.allclose(weights @ v, heads, rtol=1e-5, atol=near)
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


ROUNDED = """Right only for heads of 4, 9 or 16 numbers: the root in the scale is rounded to a whole number, so that the
    weights within are somewhat too sharp or too even."""
THREE_NUMBERS = """There are too many parts to unpack, or no heads to be made of them: the projected tokens are cut into
    parts of 3 numbers each. `split` takes the length of a part, `chunk` how many there shall be."""
ONE_PART_A_HEAD = """You cut the projected tokens into as many parts as there are heads. With 3 heads that gives three
    parts, as if by chance; with another number it fails. They are queries, keys and values, whatever the number of
    heads: each is split into heads afterwards."""


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
    # In float64 heads of 4 and of 9 numbers, so that a root taken in float32 is exact; fewer tokens than numbers in a
    # head, so that the weights within can be told from the result. Where only one trait's probes are right, the trait
    # says which step is wrong.
    probes=(
        probe("2 images of 5 tokens with 27 numbers, 3 heads", lambda g: _layer(g, 2, 5, 27, 3), SQUARE),
        probe(
            "one image of 3 tokens with 8 numbers, 2 heads", lambda g: _layer(g, 1, 3, 8, 2), "a batch of one", SQUARE
        ),
        probe("3 images of 2 tokens with 4 numbers, one head", lambda g: _layer(g, 3, 2, 4, 1), "one head", SQUARE),
        probe(
            "2 images of a single token with 4 numbers, one head",
            lambda g: _layer(g, 2, 1, 4, 1),
            "one head",
            "a single token, which can only look at itself",
            SQUARE,
        ),
        probe(
            "2 images of 3 tokens with 8 numbers, 2 heads, biases of 0",
            lambda g: _layer(g, 2, 3, 8, 2, biases=False),
            "biases of 0",
            SQUARE,
        ),
        probe(
            "2 images of 3 tokens with 8 numbers, 2 heads, biases of 0, the identity as output weight",
            lambda g: _layer(g, 2, 3, 8, 2, biases=False, output=False),
            "biases of 0",
            "an output projection that changes nothing",
            SQUARE,
        ),
        probe(
            "2 images of 4 tokens with 16 numbers, 2 heads, in float32",
            lambda g: _layer(g, 2, 4, 16, 2, dtype=torch.float32),
            "float32 inputs",
        ),
    ),
    hints=(
        "Five steps: project, split, compare, collect, project. Which shape does the tensor have after each?",
        "One linear map gives queries, keys and values side by side: cut its last axis into three parts of length dim. "
        "A weight of `nn.Linear` is (outputs, inputs); `F.linear(x, weight, bias)` knows that.",
        "Split each of the three into heads. Each head collects its values by its weights. Merge the heads, and map "
        "the result once more, by `out_weight` and `out_bias`.",
        "In order: `F.linear`, `chunk(3, dim=-1)`, `vc.split_heads` three times, `vc.attention_weights`, a matrix "
        "product with the values, `vc.merge_heads`, and `F.linear` again.",
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
    # The last one hands the weights to a finished layer.
    whole=(MultiHeadAttention.forward,),
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
            function=_wrong.interleaved_heads,
        ),
        wrong(
            "interleaved heads, merged in blocks",
            """Right with one head only. Each head takes every so many-th number of a token, and what they find is laid
            side by side in blocks. The heads have to be split in blocks, too.""",
            function=_wrong.split_interleaved_merged_in_blocks,
        ),
        wrong(
            "one map for all heads",
            """Right with one head only: the maps of the heads are averaged, and all heads collect by the same one. Each
            head should collect by its own map.""",
            "weights @ v",
            "weights.mean(dim=1, keepdim=True) @ v",
        ),
        wrong(
            "weights of queries, keys and values reshaped",
            """The shape is right, the numbers are not: `qkv_weight` is reshaped to (dim, 3 dim). That moves no number.
            In `nn.Linear` a row belongs to an output; to make columns of rows, axes have to be exchanged.""",
            "F.linear(x, qkv_weight, qkv_bias)",
            "(x @ qkv_weight.reshape(x.shape[-1], -1) + qkv_bias)",
        ),
        wrong(
            "weight of queries, keys and values as it is",
            """The first product fails: `qkv_weight` is (3 dim, dim), laid out as in `nn.Linear`, with a row for each
            output. The product of tokens with a matrix wants a column for each.""",
            "F.linear(x, qkv_weight, qkv_bias)",
            "(x @ qkv_weight + qkv_bias)",
        ),
        wrong(
            "output bias twice",
            """In each entry all tokens are off by the same number, `out_bias`: it is added twice. `F.linear` with a
            bias adds it already.""",
            "out_weight, out_bias)",
            "out_weight, 2 * out_bias)",
        ),
        wrong(
            "no bias at the values",
            """Right where biases are 0. Queries have their bias, the values lack theirs. `qkv_bias` has three parts,
            like `qkv_weight`.""",
            "F.linear(x, qkv_weight, qkv_bias)",
            "F.linear(x, qkv_weight, torch.cat([qkv_bias[: x.shape[-1]], 0 * qkv_bias[x.shape[-1] :]]))",
        ),
        wrong(
            "no attention",
            """Right for a single token. Otherwise tokens do not see one another: each hands its own value to itself,
            and the attention weights have no effect.""",
            "weights @ v",
            "v",
        ),
        wrong(
            "weights behind the values",
            """The matrix product fails, or, with as many tokens as numbers in a head, is wrong: the weights stand at
            the right of the values. Rows of the left meet columns of the right, and it is tokens that have to meet.""",
            "weights @ v",
            "v @ weights",
        ),
        wrong(
            "map of the first head for all",
            """Right with one head only: all heads collect by the map of the first one. Each head should collect by its
            own.""",
            "weights @ v",
            "weights[:, :1] @ v",
        ),
        wrong(
            "multiplied by the scale",
            """The weights within are nearly 0 and 1, so that each token copies one other: the scale makes the scores
            larger, where it should make them smaller.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) * q.shape[-1] ** 0.5).softmax(dim=-1)",
        ),
        wrong(
            "values added",
            """Each token collects the others, and then its own value comes in addition: the weights within sum to 2.
            The residual connection goes around the whole layer, and belongs to the block.""",
            "weights @ v",
            "weights @ v + v",
        ),
        wrong(
            "input added before the output projection",
            """The input is added to the merged heads, before the output projection. The residual connection goes around
            the whole layer, and belongs to the block.""",
            "merge_heads(weights @ v)",
            "merge_heads(weights @ v) + x",
        ),
        wrong(
            "an activation at the output",
            """Hardly a number of yours is negative: an activation stands behind the output projection. That map is
            linear; the activations of a block are in its MLP.""",
            "return F.linear(merge_heads(weights @ v), out_weight, out_bias)",
            "return F.gelu(F.linear(merge_heads(weights @ v), out_weight, out_bias))",
        ),
        wrong(
            "heads not merged",
            """The last map fails: the tokens of a head have been joined into one row, or the heads still have an axis
            of their own. It wants one row for each token, the heads side by side in it.""",
            "merge_heads(weights @ v)",
            "(weights @ v).flatten(2)",
        ),
        wrong(
            "heads moved, not joined",
            """The last map fails: the heads stand behind the tokens, but on an axis of their own still. Heads and their
            numbers have to become one axis before it.""",
            "merge_heads(weights @ v)",
            "(weights @ v).transpose(1, 2)",
        ),
        wrong("parts of three numbers", THREE_NUMBERS, "chunk(3, dim=-1)", "split(3, dim=-1)"),
        wrong("parts of three numbers, one by one", THREE_NUMBERS, function=_wrong.parts_of_three_numbers),
        wrong(
            "normalized first",
            """The tokens are normalized before they are projected. In a block a LayerNorm stands before this layer; it
            belongs to the block, and lesson 03 adds it.""",
            "F.linear(x, qkv_weight",
            "F.linear(F.layer_norm(x, x.shape[-1:]), qkv_weight",
        ),
        wrong(
            "scale after the softmax",
            """Your outputs are too small: weights of a token sum to less than 1. The division comes after the softmax,
            where it cannot keep the softmax from saturating any more.""",
            "attention_weights(q, k)",
            "((q @ k.transpose(-2, -1)).softmax(dim=-1) / q.shape[-1] ** 0.5)",
        ),
        wrong(
            "scaled by the number of tokens",
            """The weights within change their sharpness with the number of tokens. The scale has to undo the length of
            the sum in one dot product, and that sum runs over the numbers of a head.""",
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / x.shape[1] ** 0.5).softmax(dim=-1)",
        ),
        wrong(
            "root rounded down",
            ROUNDED,
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / int(q.shape[-1] ** 0.5)).softmax(dim=-1)",
        ),
        wrong(
            "root rounded",
            ROUNDED,
            "attention_weights(q, k)",
            "(q @ k.transpose(-2, -1) / round(q.shape[-1] ** 0.5)).softmax(dim=-1)",
        ),
        wrong(
            "cut along the tokens",
            """It fails, or tokens are lost: the projected tensor is cut into three along the axis of tokens. Queries,
            keys and values lie side by side within each token: it is the last axis that holds them.""",
            "chunk(3, dim=-1)",
            "chunk(3, dim=1)",
        ),
        wrong("as many parts as heads", ONE_PART_A_HEAD, function=_wrong.one_part_a_head),
        wrong("as many parts as heads, then split", ONE_PART_A_HEAD, "chunk(3,", "chunk(num_heads,"),
        wrong(
            "images joined",
            """Right with a batch of one. The tokens of all images stand in one long row, so that each token looks at
            those of all images. An image attends to itself alone: the batch axis has to stay.""",
            function=_images_joined,
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
            first two parts of `qkv_weight` are read in another order, or queries and keys are exchanged where they are
            compared.""",
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
            function=_wrong.weights_not_transposed,
        ),
        wrong(
            "queries, keys and values cut by reshaping",
            """The shape is right, the numbers are not: the projected tokens are reshaped to five axes as if the three
            parts came before the tokens in memory. They lie within a token; cut the last axis first, then move
            axes.""",
            function=_wrong.cut_by_reshaping,
        ),
        wrong(
            "queries, keys and values dealt out",
            """The shape is right, but queries, keys and values each take every third number. In `qkv_weight` the
            three parts stand one below the other, as blocks.""",
            function=_wrong.dealt_out,
        ),
        wrong(
            "queries, keys and values head by head",
            """Right with one head only. The rows of `qkv_weight` are read as head by head, in each its queries, keys
            and values. Some models store them so; here all queries come first, then all keys, then all values.""",
            function=_wrong.dealt_out_by_heads,
        ),
        wrong(
            "heads of one token compared",
            """Tokens do not see one another: change one, and no other changes. The matrix product runs over the last
            two axes, and there stand the heads of one token. Which axis must lie before them?""",
            function=_wrong.within_a_token,
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
            function=_wrong.looks_back_only,
        ),
    ),
)
