"""`attention_weights` (lesson 02): how much each query takes from each key."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...attention import attention_weights
from ..spec import Arguments, Exercise, Property, normal, probe, wrong

TWO, THREE, FOUR = "queries and keys of two axes", "queries and keys of three axes", "queries and keys of four axes"
MODERATE = "scores of moderate size"


def _exponentials(q: Tensor, k: Tensor) -> Tensor:
    exponentials = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def _one_maximum_for_all(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    exponentials = (scores - scores.max()).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def _sum_without_its_axis(q: Tensor, k: Tensor) -> Tensor:
    exponentials = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).exp()
    return exponentials / exponentials.sum(dim=-1)


def _by_the_whole_token(q: Tensor, k: Tensor) -> Tensor:
    heads = q.shape[1] if q.ndim == 4 else 1
    return (q @ k.transpose(-2, -1) / (heads * q.shape[-1]) ** 0.5).softmax(dim=-1)


def _queries_changed(q: Tensor, k: Tensor) -> Tensor:
    q /= q.shape[-1] ** 0.5
    return (q @ k.transpose(-2, -1)).softmax(dim=-1)


def _softmax_twice(q: Tensor, k: Tensor) -> Tensor:
    return attention_weights(q, k).softmax(dim=-1)


def _logarithms(q: Tensor, k: Tensor) -> Tensor:
    return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).log_softmax(dim=-1)


def _looks_back_only(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, float("-inf")).softmax(dim=-1)


def _maximum_over_the_queries(q: Tensor, k: Tensor) -> Tensor:
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    exponentials = (scores - scores.amax(dim=-2, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def _cosine(q: Tensor, k: Tensor) -> Tensor:
    q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    return (q @ k.transpose(-2, -1)).softmax(dim=-1)


def _distances(q: Tensor, k: Tensor) -> Tensor:
    return (-torch.cdist(q, k) / q.shape[-1] ** 0.5).softmax(dim=-1)


def _rows_sum_to_one(value: Any, arguments: Arguments) -> bool:
    rows = value.sum(dim=-1)
    return torch.allclose(rows, torch.ones_like(rows), rtol=0, atol=1e-8 if rows.dtype == torch.float64 else 1e-4)


def _none_negative(value: Any, arguments: Arguments) -> bool:
    return bool((value >= 0).all())


def _as_sharp(value: Any, arguments: Arguments) -> bool:
    """False where the weights are the softmax of the right scores times some number."""
    mine, right = (w.double().log() for w in (value, attention_weights(**arguments)))
    if not (mine.isfinite().all() and right.isfinite().all() and _rows_sum_to_one(value, arguments)):
        return True
    mine, right = mine - mine.mean(dim=-1, keepdim=True), right - right.mean(dim=-1, keepdim=True)
    factor = (mine * right).sum() / (right * right).sum()
    return bool((factor - 1).abs() < 1e-3) or not torch.allclose(mine, factor * right, rtol=1e-3, atol=1e-5)


EXERCISE = Exercise(
    name="attention_weights",
    lesson="02",
    reference=attention_weights,
    stub="(q, k)",
    minutes=5,
    difficulty=2,
    core=True,
    piece=True,
    axes=("image", "head", "query", "key"),
    # Numbers of entries are squares, so that a root taken in float32 is exact.
    probes=(
        probe(
            "2 images, 5 heads, 4 queries and 6 keys of 9 numbers",
            lambda g: {"q": normal(g, 2, 5, 4, 9), "k": normal(g, 2, 5, 6, 9)},
            FOUR,
            MODERATE,
        ),
        probe(
            "3 images, 2 queries and 5 keys of 4 numbers",
            lambda g: {"q": normal(g, 3, 2, 4), "k": normal(g, 3, 5, 4)},
            THREE,
            MODERATE,
        ),
        probe(
            "3 queries and 5 keys of 16 numbers, without a batch axis",
            lambda g: {"q": normal(g, 3, 16), "k": normal(g, 5, 16)},
            TWO,
            MODERATE,
        ),
        probe(
            "6 queries and 6 keys of 4 numbers",
            lambda g: {"q": normal(g, 6, 4), "k": normal(g, 6, 4)},
            TWO,
            MODERATE,
            "as many queries as keys",
        ),
        probe(
            "5 queries and 3 keys of 4 numbers in float32",
            lambda g: {"q": normal(g, 5, 4, dtype=torch.float32), "k": normal(g, 3, 4, dtype=torch.float32)},
            TWO,
            MODERATE,
            "float32 inputs",
        ),
        probe(
            "long queries and keys, whose scores reach thousands",
            lambda g: {"q": 60 * normal(g, 2, 3, 4), "k": 60 * normal(g, 2, 5, 4)},
            THREE,
        ),
    ),
    hints=(
        "Three steps: all scores, the scale, the softmax. Which shape does each of them leave behind?",
        "All dot products of queries with keys are one matrix product. For it the keys need their last two axes "
        "exchanged. Count axes from the end, and any number of axes may stand before them.",
        "Scores are (..., queries, keys). A row belongs to one query, so the softmax runs along the last axis. The "
        "scale is the root of the number of entries in one query.",
    ),
    properties=(
        Property("no negative weights", "Some of your weights are negative. A softmax gives none.", _none_negative),
        Property(
            "rows sum to 1",
            "Your rows do not sum to 1. A row holds the weights of one query over all keys, so it has to.",
            _rows_sum_to_one,
        ),
        Property(
            "scale",
            "Your rows sum to 1, and they are the softmax of the right scores times a wrong factor: the weights are "
            "sharper, flatter, or turned upside down. Look at what the scores are divided by, and at their sign.",
            _as_sharp,
        ),
    ),
    written_by_hand=("scaled_dot_product_attention", "_scaled_dot_product_attention", "multi_head_attention_forward"),
    misconceptions=(
        wrong(
            "no scale",
            """Rows sum to 1, but your weights are too sharp: one key takes most of each row. The dot products go into
            the softmax as they are, and the longer the vectors, the larger they get.""",
            " / q.shape[-1] ** 0.5",
            "",
        ),
        wrong(
            "divided by d instead of its root",
            """Rows sum to 1, but your weights are too even: hardly any key stands out. The scores are divided by the
            number of entries itself. Their variance grows with it, their spread only with its root.""",
            "q.shape[-1] ** 0.5",
            "q.shape[-1]",
        ),
        wrong(
            "multiplied by the scale",
            """Your weights are nearly 0 and 1: one key takes all. The scale makes the scores larger here, where it
            should make them smaller.""",
            "/ q.shape[-1] ** 0.5",
            "* q.shape[-1] ** 0.5",
        ),
        wrong(
            "scaled by the number of keys",
            """Rows sum to 1, but the weights change their sharpness with the number of keys. The scale has to undo
            the length of the sum in one dot product, and that sum runs over the entries of a vector.""",
            "q.shape[-1] **",
            "k.shape[-2] **",
        ),
        wrong(
            "scaled by the number of queries",
            """Rows sum to 1, but the weights of a query depend on how many other queries there are. The scale has to
            undo the length of the sum in one dot product, and that sum runs over the entries of a vector.""",
            "q.shape[-1] **",
            "q.shape[-2] **",
        ),
        wrong(
            "scaled by axis 1",
            """Right for two axes, and wrong with a batch. The scale takes the length of axis 1, which is that of the
            vectors for a single matrix only; with heads it counts the heads.""",
            "q.shape[-1] **",
            "q.shape[1] **",
        ),
        wrong(
            "scaled by the whole token",
            """Right without heads; with heads your weights are too even. The scale takes the entries of all heads
            together, but one dot product runs over the entries of one head.""",
            function=_by_the_whole_token,
        ),
        wrong(
            "softmax over the queries",
            """Your columns sum to 1, and your rows do not. The softmax lets the queries compete for a key. It is one
            query that shares its attention out among the keys.""",
            "dim=-1",
            "dim=-2",
        ),
        wrong(
            "softmax over axis 1",
            """Right for a single matrix; with a batch or heads your rows do not sum to 1. The softmax runs along axis
            1, which then counts heads, or queries, and no longer the keys.""",
            "dim=-1",
            "dim=1",
        ),
        wrong(
            "softmax over the first axis",
            """Your rows do not sum to 1. The softmax runs along the first axis, so that the images of a batch compete
            with one another.""",
            "dim=-1",
            "dim=0",
        ),
        wrong(
            "softmax over the whole matrix",
            """Your rows do not sum to 1: the whole matrix does. All queries share one softmax here, and each should
            have its own.""",
            "scores.softmax(dim=-1)",
            "scores.flatten(-2).softmax(dim=-1).view_as(scores)",
        ),
        wrong(
            "queries and keys exchanged",
            """Your result has a row for each key and a column for each query. With as many queries as keys the shape
            hides it. Which of the two asks?""",
            "q @ k.transpose(-2, -1)",
            "k @ q.transpose(-2, -1)",
        ),
        wrong(
            "result transposed",
            """Your weights are the right ones, but rows and columns have changed places: each column holds the
            weights of one query, and sums to 1. A row should.""",
            "scores.softmax(dim=-1)",
            "scores.softmax(dim=-1).transpose(-2, -1)",
        ),
        wrong(
            "scale after the softmax",
            """Your rows sum to less than 1, each to the same number. The division comes after the softmax, where it
            cannot keep the softmax from saturating any more.""",
            (" / q.shape[-1] ** 0.5", ""),
            ("scores.softmax(dim=-1)", "scores.softmax(dim=-1) / q.shape[-1] ** 0.5"),
        ),
        wrong(
            "no softmax",
            """Your rows do not sum to 1, and some entries are negative. These are the scores; one step is missing
            that makes weights of them.""",
            "scores.softmax(dim=-1)",
            "scores",
        ),
        wrong(
            "divided by the sum, without exponentials",
            """Your rows sum to 1, but some weights are negative and some far above 1. The scores themselves are
            divided by their sum. What makes all of them positive before that?""",
            "scores.softmax(dim=-1)",
            "scores / scores.sum(dim=-1, keepdim=True)",
        ),
        wrong(
            "exponentials without their sum",
            """All entries are positive, but your rows do not sum to 1. These are the exponentials; they still have to
            be divided by something.""",
            "scores.softmax(dim=-1)",
            "scores.exp()",
        ),
        wrong(
            "exponentials overflow",
            """Right for moderate scores, and `nan` for large ones: above 709 the exponential of a float64 is
            infinite, and infinite by infinite is no number. Adding one number to all scores of a row changes no
            weight. Which number makes every exponential harmless?""",
            function=_exponentials,
        ),
        wrong(
            "one maximum for all rows",
            """Right for moderate scores, and `nan` for large ones. One maximum is subtracted from all rows. In a row
            whose own scores lie far below it, all exponentials become 0, and so does their sum.""",
            function=_one_maximum_for_all,
        ),
        wrong(
            "maximum over the queries",
            """Rows sum to 1, but the weights are wrong, and `nan` for large scores. Only a number that is the same
            for all keys of a row cancels; the maxima that are subtracted here differ from key to key.""",
            function=_maximum_over_the_queries,
        ),
        wrong(
            "sum without its axis",
            """The shapes do not fit, or, with as many queries as keys, rows do not sum to 1. The sum over the keys
            has lost its axis, so dividing lines it up with the columns instead of the rows.""",
            function=_sum_without_its_axis,
        ),
        wrong(
            "keys not transposed",
            """The matrix product fails: queries are (..., queries, entries) and keys (..., keys, entries). A product
            needs the entries last on the left and last but one on the right.""",
            "k.transpose(-2, -1)",
            "k",
        ),
        wrong(
            "all axes of the keys reversed",
            """Right for a single matrix; with a batch it fails. `.T` turns all axes around, batch and heads too. Only
            two of them may change places.""",
            "k.transpose(-2, -1)",
            "k.permute(*reversed(range(k.ndim)))",
        ),
        wrong(
            "first two axes of the keys exchanged",
            """Right for a single matrix; with a batch it fails. The first two axes of the keys change places, and
            with a batch these are images and heads, or images and keys.""",
            "k.transpose(-2, -1)",
            "k.transpose(0, 1)",
        ),
        wrong(
            "changes the queries",
            """The weights are right, but the caller's queries are other ones after the call: the scale is written
            into the tensor that was passed in. Whoever uses them again gets them scaled twice.""",
            function=_queries_changed,
        ),
        wrong(
            "softmax twice",
            """Rows sum to 1, but your weights are nearly all alike. A second softmax runs over weights that lie
            between 0 and 1, so their differences are at most 1.""",
            function=_softmax_twice,
        ),
        wrong(
            "logarithms of the weights",
            """All your numbers are negative, and rows do not sum to 1. These are the logarithms of the weights, as a
            loss takes them.""",
            function=_logarithms,
        ),
        wrong(
            "looks back only",
            """The upper right of your map is 0: a mask hides the keys that come after a query. Language models need
            it. The patches of an image may all look at one another.""",
            function=_looks_back_only,
        ),
        wrong(
            "cosines instead of dot products",
            """Rows sum to 1, but the length of a query plays no part: a long one asks no more sharply than a short
            one. The vectors are brought to length 1 first. In attention direction and length both count.""",
            function=_cosine,
        ),
        wrong(
            "distances instead of dot products",
            """Rows sum to 1, but a query prefers the keys that lie close to it to those that point the same way. The
            scores are distances here. Attention compares by dot products.""",
            function=_distances,
        ),
    ),
)
