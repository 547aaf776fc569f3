"""What attention says to arguments that do not fit; run without the hook that checks shape annotations."""

from __future__ import annotations

import pytest
import torch

from vitcourse.attention import MultiHeadAttention, attention_weights, split_heads


@pytest.mark.parametrize("heads", [5, 0, -2, 2.0, True])
def test_heads_that_do_not_fit(heads):
    with pytest.raises(ValueError, match=f"num_heads={heads}") as error:
        MultiHeadAttention(embed_dim=24, num_heads=heads)
    if heads == 5:
        assert "embed_dim=24" in str(error.value)
        assert "1, 2, 3, 4, 6, 8, 12, 24" in str(error.value)


@pytest.mark.parametrize("dim", [0, -24, 24.0])
def test_dimension_that_is_none(dim):
    with pytest.raises(ValueError, match=f"embed_dim={dim}"):
        MultiHeadAttention(embed_dim=dim, num_heads=1)


def test_constructor_takes_keywords_only():
    with pytest.raises(TypeError):
        MultiHeadAttention(24, 4)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (torch.randn(2, 7, 23), r"\(2, 7, 23\)"),
        (torch.randn(7, 24), r"\(7, 24\)"),
        (torch.randn(2, 4, 7, 24), r"\(2, 4, 7, 24\)"),
        (torch.ones(2, 7, 24, dtype=torch.int64), "int64"),
        ([[[0.0] * 24]], "list"),
    ],
    ids=["dimension", "no batch", "too many axes", "integers", "no tensor"],
)
@pytest.mark.parametrize("method", ["forward", "attention_map"])
def test_tokens_that_do_not_fit(x, says, method):
    """`attention_map` too: a recorder calls it before `forward`."""
    layer = MultiHeadAttention(embed_dim=24, num_heads=4)
    with pytest.raises(ValueError, match=f"x is .*{says}.*embed_dim=24"):
        getattr(layer, method)(x)


def test_queries_and_keys_of_different_length():
    with pytest.raises(ValueError, match="q has head_dim 6 and k has 5"):
        attention_weights(torch.randn(3, 6), torch.randn(3, 5))


@pytest.mark.parametrize("heads", [5, 0])
def test_splitting_into_heads_that_do_not_fit(heads):
    with pytest.raises(ValueError, match=f"num_heads={heads}"):
        split_heads(torch.randn(2, 7, 24), heads)
