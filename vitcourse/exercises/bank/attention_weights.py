"""`attention_weights` (lesson 02): how much each query takes from each key."""

from __future__ import annotations

from typing import Any

import torch

from ...attention import attention_weights
from ..spec import Arguments, Exercise, Property, normal, probe, wrong
from . import _wrong_attention_weights as _wrong

TWO, THREE, FOUR = "queries and keys of two axes", "queries and keys of three axes", "queries and keys of four axes"
MODERATE = "scores of moderate size"
SQUARE = "queries and keys whose length is a square number"
ROUNDED = """The root is rounded to a whole number on the way, so that the scale is right only where the length of a
    vector is a square number: 4, 9, 16. Otherwise your weights are somewhat too sharp or too even."""
NO_AXIS = """The shapes do not fit, or, with as many queries as keys, rows do not sum to 1. The sum over the keys has
    lost its axis, so dividing lines it up with the columns instead of the rows."""


def _rows_sum_to_one(value: Any, arguments: Arguments) -> bool:
    rows = value.sum(dim=-1)
    return torch.allclose(rows, torch.ones_like(rows), rtol=0, atol=2e-3)  # half precision is another matter


def _none_negative(value: Any, arguments: Arguments) -> bool:
    return bool((value >= 0).all())


def _none_cut_off(value: Any, arguments: Arguments) -> bool:
    """False where weights are 0 that should not be nearly so."""
    return not bool(((value == 0) & (attention_weights(**arguments) > 1e-30)).any())


def _multiples(value: Any, arguments: Arguments) -> bool:
    """False where rows sum to 1, but are not the softmax of the right scores times a number for each row."""
    right = attention_weights(**arguments)
    mine, logs = value.double().log(), right.double().log()
    if not (mine.isfinite().all() and logs.isfinite().all() and _rows_sum_to_one(value, arguments)):
        return True
    mine, logs = mine - mine.mean(dim=-1, keepdim=True), logs - logs.mean(dim=-1, keepdim=True)
    factors = (mine * logs).sum(dim=-1, keepdim=True) / (logs * logs).sum(dim=-1, keepdim=True)
    return torch.allclose(value, right, rtol=1e-2) or torch.allclose(mine, factors * logs, rtol=1e-3, atol=1e-5)


def _rows_as_sharp(value: Any, arguments: Arguments) -> bool:
    """False where each row is the softmax of its right scores times some number, and these numbers differ."""
    mine, right = (w.double().log() for w in (value, attention_weights(**arguments)))
    keys = value.shape[-1]
    if keys < 3 or not (mine.isfinite().all() and right.isfinite().all() and _rows_sum_to_one(value, arguments)):
        return True
    mine, right = mine - mine.mean(dim=-1, keepdim=True), right - right.mean(dim=-1, keepdim=True)
    factors = (mine * right).sum(dim=-1, keepdim=True) / (right * right).sum(dim=-1, keepdim=True)
    if not _multiples(value, arguments):
        return True
    alike = torch.allclose(factors, factors.mean().expand_as(factors), rtol=1e-3)
    return alike


def _as_sharp(value: Any, arguments: Arguments) -> bool:
    """False where the weights are the softmax of the right scores times some number."""
    mine, right = (w.double().log() for w in (value, attention_weights(**arguments)))
    if not (mine.isfinite().all() and right.isfinite().all() and _rows_sum_to_one(value, arguments)):
        return True
    mine, right = mine - mine.mean(dim=-1, keepdim=True), right - right.mean(dim=-1, keepdim=True)
    factor = (mine * right).sum() / (right * right).sum()
    return bool((factor - 1).abs() < 1e-3) or not torch.allclose(mine, factor * right, rtol=1e-3, atol=1e-5)


def _large(g: torch.Generator) -> Arguments:
    """Within a row scores differ moderately: only how large they all are, of either sign, is the difficulty."""
    k = torch.tensor([30.0, 0.0, 0.0, 0.0], dtype=torch.float64) + normal(g, 2, 5, 4)
    signs = torch.tensor([1.0, -1.0, 1.2], dtype=torch.float64)[:, None]
    q = signs * torch.tensor([75.0, 0.0, 0.0, 0.0], dtype=torch.float64) + normal(g, 2, 3, 4)
    return {"q": q, "k": k}


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
    # In float64 numbers of entries are squares, so that a root taken in float32 is exact.
    probes=(
        probe(
            "2 images, 5 heads, 4 queries and 6 keys of 9 numbers",
            lambda g: {"q": normal(g, 2, 5, 4, 9), "k": normal(g, 2, 5, 6, 9)},
            FOUR,
            MODERATE,
            SQUARE,
        ),
        probe(
            "3 images, 2 queries and 5 keys of 4 numbers",
            lambda g: {"q": normal(g, 3, 2, 4), "k": normal(g, 3, 5, 4)},
            THREE,
            MODERATE,
            SQUARE,
        ),
        probe(
            "3 queries and 5 keys of 16 numbers, without a batch axis",
            lambda g: {"q": normal(g, 3, 16), "k": normal(g, 5, 16)},
            TWO,
            MODERATE,
            SQUARE,
        ),
        probe(
            "6 queries and 6 keys of 4 numbers, with weights of all sizes",
            lambda g: {"q": 2.5 * normal(g, 6, 4), "k": 2.5 * normal(g, 6, 4)},
            TWO,
            MODERATE,
            SQUARE,
            "as many queries as keys",
        ),
        probe(
            "5 queries and 3 keys of 8 numbers in float32",
            lambda g: {"q": normal(g, 5, 8, dtype=torch.float32), "k": normal(g, 3, 8, dtype=torch.float32)},
            TWO,
            MODERATE,
            "float32 inputs",
        ),
        probe(
            "long queries and keys, whose scores reach thousands",
            _large,
            THREE,
            SQUARE,
        ),
    ),
    hints=(
        "Three steps: all scores, the scale, the softmax. Which shape does each of them leave behind?",
        "All dot products of queries with keys are one matrix product. For it the keys need their last two axes "
        "exchanged. Count axes from the end, and any number of axes may stand before them.",
        "Scores are (..., queries, keys): the queries times the transposed keys, as a matrix product. A row belongs to "
        "one query, so the softmax runs along the last axis. The scale is the root of the number of entries in one "
        "query.",
    ),
    properties=(
        Property(
            "none cut off",
            "Some of your weights are exactly 0, where a softmax gives a small one: a mask, a threshold or a choice of "
            "the largest scores cuts them off. A query takes something from every key.",
            _none_cut_off,
        ),
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
        Property(
            "scale of each query",
            "Your rows sum to 1, and each is the softmax of the right scores times a factor of its own. The scale is "
            "one number for all queries, whatever they hold.",
            _rows_as_sharp,
        ),
        Property(
            "scores",
            "Your rows sum to 1, but the weights are not the softmax of the right scores, nor of a multiple of them. "
            "Look at what is multiplied with what, and at what becomes of the scores before the softmax.",
            _multiples,
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
            function=_wrong.by_the_whole_token,
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
            "softmax without its axis",
            """Your rows do not sum to 1. The softmax is not told its axis: PyTorch then takes axis 0 for three axes,
            and axis 1 otherwise, which is that of the keys for a single matrix only.""",
            function=_wrong.softmax_without_axis,
        ),
        wrong(
            "queries transposed instead of the keys",
            """The matrix product fails: it would sum over queries and keys, and compare entries. The entries have to
            stand last on the left, and last but one on the right.""",
            "q @ k.transpose(-2, -1)",
            "q.transpose(-2, -1) @ k",
        ),
        wrong(
            "negative scores cut off",
            """Rows sum to 1, but keys that fit a query badly all get the same weight: negative scores are set to 0
            before the softmax. Its exponential makes them positive by itself, and keeps them apart.""",
            "scores.softmax(dim=-1)",
            "scores.relu().softmax(dim=-1)",
        ),
        wrong(
            "absolute scores",
            """Rows sum to 1, but a key that points away from a query gets as much as one that points its way: the signs
            of the scores are taken away before the softmax.""",
            "scores.softmax(dim=-1)",
            "scores.abs().softmax(dim=-1)",
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
            function=_wrong.exponentials,
        ),
        wrong(
            "one maximum for all rows",
            """Right for moderate scores, and `nan` for large ones. One maximum is subtracted from all rows. In a row
            whose own scores lie far below it, all exponentials become 0, and so does their sum.""",
            function=_wrong.one_maximum_for_all,
        ),
        wrong(
            "maximum over the queries",
            """Rows sum to 1, but the weights are wrong, and `nan` for large scores. Only a number that is the same
            for all keys of a row cancels; the maxima that are subtracted here differ from key to key.""",
            function=_wrong.maximum_over_the_queries,
        ),
        wrong("sum without its axis", NO_AXIS, function=_wrong.sum_without_its_axis),
        wrong("sum without its axis, maximum subtracted", NO_AXIS, function=_wrong.sum_without_its_axis_stable),
        wrong("root rounded down", ROUNDED, "q.shape[-1] ** 0.5", "int(q.shape[-1] ** 0.5)"),
        wrong("root rounded", ROUNDED, "q.shape[-1] ** 0.5", "round(q.shape[-1] ** 0.5)"),
        wrong(
            "half of d instead of its root",
            """Rows sum to 1, but the scale is wrong: it is half of the number of entries, not their root. In Python a
            power comes before a division, so `** 1 / 2` is no root.""",
            "q.shape[-1] ** 0.5",
            "(q.shape[-1] / 2)",
        ),
        wrong(
            "divided by d and by 2",
            """Rows sum to 1, but the weights are too even: the scores are divided by the number of entries, and then by
            2. In Python a power comes before a division, so `** 1 / 2` is no root.""",
            "q.shape[-1] ** 0.5",
            "q.shape[-1] ** 1 / 2",
        ),
        wrong(
            "minus sign",
            """Rows sum to 1, but they stand on their heads: the key that fits a query worst gets the most. The scores
            have a minus sign.""",
            "= q @",
            "= -q @",
        ),
        wrong(
            "whole numbers for scores",
            """The weights are only roughly right, many are equal, and no gradient reaches queries and keys: the scores
            are whole numbers. `//` divides and rounds down.""",
            "/ q.shape",
            "// q.shape",
        ),
        wrong(
            "largest score only",
            """Each row holds a single 1, and no gradient reaches queries and keys: each query takes all from the key
            that fits best. Attention is soft: every key gets a share, and a small change of a score a small effect.""",
            "scores.softmax(dim=-1)",
            "F.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(scores.dtype)",
        ),
        wrong(
            "keys reshaped instead of transposed",
            """The shape is right and rows sum to 1, but the weights are wrong: the keys are reshaped to (entries,
            keys). That moves no number, and its columns are no keys: each holds numbers of several.""",
            "k.transpose(-2, -1)",
            "k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2])",
        ),
        wrong(
            "queries in the place of the keys",
            """Your map has as many columns as rows, and the keys play no part: queries are compared with queries.""",
            "k.transpose(-2, -1)",
            "q.transpose(-2, -1)",
        ),
        wrong(
            "keys in the place of the queries",
            """Your map has as many rows as columns, and the queries play no part: keys are compared with keys.""",
            "= q @",
            "= k @",
        ),
        wrong(
            "weights already used",
            """Your rows are as long as a key: the weights have been multiplied by the keys, as if to collect from them.
            The exercise asks for the weights themselves, one number for each query and key.""",
            "scores.softmax(dim=-1)",
            "scores.softmax(dim=-1) @ k",
        ),
        wrong(
            "no look at itself",
            """The diagonal of your map is 0: a query may not look at the key in its own place. Nothing forbids it here;
            where queries and keys come from the same tokens, each token sees itself, too.""",
            function=_wrong.itself_hidden,
        ),
        wrong(
            "divided by the length of the query",
            """Rows sum to 1, but a long query asks no more sharply than a short one: the scores are divided by the
            query's own length, its norm. The scale depends on how many entries there are, not on what they hold.""",
            function=_wrong.by_the_query_s_norm,
        ),
        wrong(
            "divided by the length of all queries",
            """Rows sum to 1, but the weights of a query depend on the other queries: the scores are divided by the norm
            of all of them. The scale depends on how many entries a vector has, not on what they hold.""",
            function=_wrong.by_the_norm_of_all,
        ),
        wrong(
            "cosines, scaled",
            """Rows sum to 1, but your weights are nearly all alike, and the length of a query plays no part. The
            vectors are brought to length 1 first, and the cosines scaled. In attention direction and length both
            count.""",
            function=_wrong.scaled_cosine,
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
            function=_wrong.queries_changed,
        ),
        wrong(
            "softmax twice",
            """Rows sum to 1, but your weights are nearly all alike. A second softmax runs over weights that lie
            between 0 and 1, so their differences are at most 1.""",
            function=_wrong.softmax_twice,
        ),
        wrong(
            "logarithms of the weights",
            """All your numbers are negative, and rows do not sum to 1. These are the logarithms of the weights, as a
            loss takes them.""",
            function=_wrong.logarithms,
        ),
        wrong(
            "looks back only",
            """The upper right of your map is 0: a mask hides the keys that come after a query. Language models need
            it. The patches of an image may all look at one another.""",
            function=_wrong.looks_back_only,
        ),
        wrong(
            "cosines instead of dot products",
            """Rows sum to 1, but the length of a query plays no part: a long one asks no more sharply than a short
            one. The vectors are brought to length 1 first. In attention direction and length both count.""",
            function=_wrong.cosine,
        ),
        wrong(
            "distances instead of dot products",
            """Rows sum to 1, but a query prefers the keys that lie close to it to those that point the same way. The
            scores are distances here. Attention compares by dot products.""",
            function=_wrong.distances,
        ),
    ),
)
