"""The MLP and the encoder block."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from vitcourse import MLP, TransformerBlock
from vitcourse.encoder import NORM_EPS


def torch_layer(block: TransformerBlock, embed_dim: int, num_heads: int, hidden_dim: int) -> nn.Module:
    """PyTorch's own pre-norm encoder layer with the block's weights."""
    layer = nn.TransformerEncoderLayer(
        embed_dim, num_heads, hidden_dim, 0.0, F.gelu, layer_norm_eps=NORM_EPS, batch_first=True, norm_first=True
    )
    names = {
        "self_attn.in_proj_": "attention.qkv.",
        "self_attn.out_proj.": "attention.projection.",
        "linear1.": "mlp.expand.",
        "linear2.": "mlp.contract.",
        "norm1.": "norm1.",
        "norm2.": "norm2.",
    }
    ours = block.state_dict()
    layer.load_state_dict({t + end: ours[o + end] for t, o in names.items() for end in ("weight", "bias")})
    return layer.eval()


def randomized(block: nn.Module) -> nn.Module:
    """Norm scales and biases other than 1 and 0, so that a forgotten one shows."""
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.3)
    return block.eval()


def test_block_equals_pytorchs_encoder_layer():
    torch.manual_seed(0)
    block = randomized(TransformerBlock(embed_dim=24, num_heads=3, mlp_ratio=2.0))
    x = torch.randn(2, 5, 24)
    assert_close(block(x), torch_layer(block, 24, 3, 48)(x), rtol=1e-4, atol=1e-5)


def test_mlp_is_two_linear_maps_with_a_gelu():
    mlp = MLP(embed_dim=6, hidden_dim=10)
    x = torch.randn(2, 3, 6)
    hidden = x @ mlp.expand.weight.T + mlp.expand.bias
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))  # the exact GELU, not the tanh form
    assert_close(mlp(x), hidden @ mlp.contract.weight.T + mlp.contract.bias)


@pytest.mark.parametrize(("ratio", "hidden"), [(4.0, 96), (2.0, 48), (0.5, 12), (1.35, 32)])
def test_mlp_ratio(ratio, hidden):
    assert TransformerBlock(embed_dim=24, num_heads=3, mlp_ratio=ratio).mlp.expand.out_features == hidden


def test_parameter_count():
    dim, ratio = 24, 4
    expected = 4 * dim * dim + 4 * dim + 2 * ratio * dim * dim + ratio * dim + dim + 4 * dim
    assert sum(p.numel() for p in TransformerBlock(embed_dim=dim, num_heads=3).parameters()) == expected


def test_norms_use_the_published_epsilon():
    block = TransformerBlock(embed_dim=8, num_heads=2)
    assert block.norm1.eps == block.norm2.eps == 1e-6


def test_branches_off_leave_the_stream_as_it_is():
    block = TransformerBlock(embed_dim=8, num_heads=2)
    for last in (block.attention.projection, block.mlp.contract):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    x = torch.randn(2, 3, 8)
    assert torch.equal(block(x), x)


def test_bias_reaches_the_attention():
    torch.manual_seed(0)
    block = randomized(TransformerBlock(embed_dim=8, num_heads=2))
    x = torch.randn(1, 4, 8)
    bias = torch.full((2, 4, 4), float("-inf"))
    bias.diagonal(dim1=1, dim2=2).zero_()  # each token may look at itself alone
    changed = x.clone()
    changed[0, 3] = torch.randn(8)  # not += 1: the norm would take a constant away
    assert_close(block(changed, bias)[0, :3], block(x, bias)[0, :3])
    assert not torch.allclose(block(changed)[0, :3], block(x)[0, :3])


def test_another_attention_takes_its_place():
    class Silent(nn.Module):
        def forward(self, x, bias=None):
            return torch.zeros_like(x)

        def __len__(self):  # falsy, yet given
            return 0

    block = TransformerBlock(embed_dim=8, num_heads=2, attention=Silent())
    assert isinstance(block.attention, Silent)
    x = torch.randn(1, 3, 8)
    assert_close(block(x), x + block.mlp(block.norm2(x)))


def test_dropout_works_in_training_only():
    torch.manual_seed(0)
    block = TransformerBlock(embed_dim=16, num_heads=2, dropout=0.5)
    x = torch.randn(1, 4, 16)
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert_close(block(x), block(x))
