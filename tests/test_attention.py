"""Multi-head attention: against PyTorch's own layer, and the fused path against the textbook one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from vitcourse.attention import MultiHeadAttention, attention_weights, merge_heads, split_heads
from vitcourse.cost import count_parameters

# batch, tokens, dim and heads all differ, so that no axis can stand in for another.
BATCH, TOKENS, DIM, HEADS = 3, 7, 24, 4


def layer_and_tokens(dtype: torch.dtype = torch.float32, **changes) -> tuple[MultiHeadAttention, torch.Tensor]:
    torch.manual_seed(0)
    layer = MultiHeadAttention(**{"embed_dim": DIM, "num_heads": HEADS, **changes}).to(dtype)
    return layer, torch.randn(BATCH, TOKENS, layer.embed_dim, dtype=dtype)


def biases(dtype: torch.dtype) -> dict[str, torch.Tensor | None]:
    """Nothing, a bias per head, and a mask: no token may look at those after it."""
    later = torch.ones(TOKENS, TOKENS, dtype=torch.bool).triu(1)
    return {
        "none": None,
        "per head": torch.randn(HEADS, TOKENS, TOKENS, dtype=dtype, generator=torch.Generator().manual_seed(1)),
        "mask": torch.zeros(TOKENS, TOKENS, dtype=dtype).masked_fill(later, -torch.inf),
    }


def textbook(layer: MultiHeadAttention, x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    values = layer.queries_keys_values(x)[2]
    return layer.projection(merge_heads(layer.attention_map(x, bias) @ values))


@pytest.mark.parametrize("heads", [1, 4])
def test_equals_pytorchs_layer_under_copied_weights(heads):
    layer, x = layer_and_tokens(num_heads=heads)
    theirs = nn.MultiheadAttention(DIM, heads, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)  # zero at first, which would hide a bias that is left out
    nn.init.normal_(theirs.out_proj.bias)
    layer.qkv.load_state_dict({"weight": theirs.in_proj_weight, "bias": theirs.in_proj_bias})
    layer.projection.load_state_dict(theirs.out_proj.state_dict())

    expected, weights = theirs(x, x, x, average_attn_weights=False)
    assert_close(layer(x), expected)
    assert_close(layer.attention_map(x), weights)
    # PyTorch's mask is a bias per image and head.
    bias = biases(x.dtype)["per head"][:heads]
    expected, weights = theirs(x, x, x, attn_mask=bias.repeat(BATCH, 1, 1), average_attn_weights=False)
    assert_close(layer(x, bias), expected)
    assert_close(layer.attention_map(x, bias), weights)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["none", "per head", "mask"])
def test_fused_equals_textbook(name, dtype):
    layer, x = layer_and_tokens(dtype)
    bias = biases(dtype)[name]
    assert layer(x, bias).dtype == dtype
    assert_close(layer(x, bias), textbook(layer, x, bias))


@pytest.mark.parametrize("name", ["none", "per head", "mask"])
def test_gradients_of_fused_equal_those_of_textbook(name):
    layer, x = layer_and_tokens(torch.float64)
    bias = biases(x.dtype)[name]
    target = torch.randn_like(x)

    def gradients(output):
        return torch.autograd.grad((output * target).sum(), list(layer.parameters()))

    for fused, plain in zip(gradients(layer(x, bias)), gradients(textbook(layer, x, bias)), strict=True):
        assert_close(fused, plain)


@pytest.mark.parametrize("name", ["none", "per head", "mask"])
@pytest.mark.parametrize("tokens", [TOKENS, 300])  # the textbook's form, and the fused kernel
def test_in_bfloat16_training_and_evaluation_agree(name, tokens):
    """On a processor they take two ways; both are float32's result within what bfloat16 can hold."""
    layer, _ = layer_and_tokens()
    x = torch.randn(BATCH, tokens, DIM)
    bias = biases(x.dtype)[name] if tokens == TOKENS else None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trained = layer(x, bias)
        with torch.no_grad():
            evaluated = layer(x, bias)
    assert trained.dtype == evaluated.dtype == torch.bfloat16
    assert_close(trained, evaluated, atol=0.02, rtol=0.02)
    assert_close(trained.float(), layer(x, bias), atol=0.02, rtol=0.02)
    gradients = [
        torch.autograd.grad(out.float().square().sum(), layer.qkv.weight)[0] for out in (trained, layer(x, bias))
    ]
    assert (gradients[0] - gradients[1]).norm() < 0.02 * gradients[1].norm()


def test_in_bfloat16_weights_are_dropped_too():
    """With values of one and no projection an output is the sum of the weights that are left, if it is left itself."""
    layer, x = layer_and_tokens(dropout=0.5)
    layer.qkv.bias.data[2 * DIM :] = 1.0
    layer.qkv.weight.data[2 * DIM :] = 0.0
    layer.projection.load_state_dict({"weight": torch.eye(DIM), "bias": torch.zeros(DIM)})
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(x).float()
        assert_close(layer.eval()(x).float(), torch.ones_like(x), atol=0.02, rtol=0)
    assert (out == 0).float().mean().item() == pytest.approx(0.5, abs=0.1)
    assert out[out > 0].std() > 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["none", "per head", "mask"])
def test_weights_are_the_softmax_over_keys(name, dtype):
    """Against the definition, number by number, with fewer queries than keys."""
    torch.manual_seed(0)
    q, k = torch.randn(2, HEADS, 5, 6, dtype=dtype), torch.randn(2, HEADS, TOKENS, 6, dtype=dtype)
    bias = biases(dtype)[name]
    bias = None if bias is None else bias[..., :5, :]
    expected = torch.einsum("bhqd,bhkd->bhqk", q, k) / 6**0.5
    expected = (expected if bias is None else expected + bias).exp()
    expected = expected / expected.sum(-1, keepdim=True)
    weights = attention_weights(q, k, bias)
    assert weights.shape == (2, HEADS, 5, TOKENS)
    assert_close(weights, expected)
    assert_close(weights.sum(-1), torch.ones(2, HEADS, 5, dtype=dtype))


def test_weights_take_any_leading_axes():
    q, k = torch.randn(5, 6), torch.randn(TOKENS, 6)
    assert_close(attention_weights(q, k), attention_weights(q[None, None], k[None, None])[0, 0])


def test_a_masked_key_gets_no_weight():
    q, k = torch.randn(2, 5, 6)
    bias = torch.zeros(5)
    bias[3] = -torch.inf
    weights = attention_weights(q, k, bias)
    assert (weights[:, 3] == 0).all()
    assert_close(weights.sum(-1), torch.ones(5))


def test_a_bias_is_used_by_both_paths():
    layer, x = layer_and_tokens()
    bias = biases(x.dtype)["per head"]
    assert not torch.allclose(layer(x), layer(x, bias), atol=1e-3)
    assert not torch.allclose(layer.attention_map(x), layer.attention_map(x, bias), atol=1e-3)


def test_heads_take_consecutive_shares_of_a_token():
    x = torch.arange(2 * 3 * 8.0).reshape(2, 3, 8)
    heads = split_heads(x, 4)
    assert heads.shape == (2, 4, 3, 2)
    for head in range(4):
        assert_close(heads[:, head], x[:, :, 2 * head : 2 * head + 2])
    assert_close(merge_heads(heads), x)


def test_forward_never_computes_the_map(monkeypatch):
    """The layer's own forward runs the fused kernel alone."""
    layer, x = layer_and_tokens()
    monkeypatch.setattr("vitcourse.attention.attention_weights", lambda *a: pytest.fail("forward stored the map"))
    layer(x)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        layer(x)
    called = [str(op) for ops in counter.get_flop_counts().values() for op in ops]
    assert not any("bmm" in name for name in called)


def test_dropout_only_in_training():
    plain, x = layer_and_tokens()
    layer = MultiHeadAttention(embed_dim=DIM, num_heads=HEADS, dropout=0.5)
    layer.load_state_dict(plain.state_dict())
    layer.eval()
    assert_close(layer(x), plain(x))
    assert_close(layer(x), layer(x), rtol=0, atol=0)
    layer.train()
    assert not torch.allclose(layer(x), plain(x), atol=1e-3)
    assert not torch.allclose(layer(x), layer(x), atol=1e-3)


def test_dropout_acts_on_weights_and_on_outputs(monkeypatch):
    """Each of the two alone is switched off; what remains is still random."""
    layer, x = layer_and_tokens(dropout=0.5)
    fused = F.scaled_dot_product_attention
    with monkeypatch.context() as without_weights:
        without_weights.setattr(F, "scaled_dot_product_attention", lambda *a, dropout_p, **k: fused(*a, **k))
        out = layer(x)
        assert ((out == 0).float().mean() - 0.5).abs() < 0.15
    with monkeypatch.context() as without_outputs:
        without_outputs.setattr(F, "dropout", lambda out, *a, **k: out)
        assert not torch.allclose(layer(x), layer(x), atol=1e-3)


def test_heads_do_not_change_the_parameters():
    counts = {count_parameters(MultiHeadAttention(embed_dim=DIM, num_heads=h)) for h in (1, 2, 3, 4, 24)}
    assert counts == {4 * DIM * DIM + 4 * DIM}


def test_input_is_left_untouched():
    layer, x = layer_and_tokens()
    before = x.clone()
    layer(x)
    layer.attention_map(x)
    assert_close(x, before, rtol=0, atol=0)
