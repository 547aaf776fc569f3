"""What the rewired stream says when its arguments make no sense."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitcourse import TransformerBlock
from vitcourse.residual_stream import depth_profile, gradient_by_path, residual_stream

BLOCKS = nn.ModuleList([TransformerBlock(embed_dim=8, num_heads=2)])


def test_norm():
    with pytest.raises(ValueError, match="norm='before' must be one of 'pre', 'post', 'none'"):
        residual_stream(BLOCKS, torch.zeros(1, 3, 8), norm="before")


@pytest.mark.parametrize("function", [residual_stream, depth_profile, gradient_by_path])
def test_no_block(function):
    tokens = torch.zeros(1, 3, 8)
    with pytest.raises(ValueError, match="blocks is empty"):
        function([], tokens) if function is residual_stream else function([], tokens, tokens)


@pytest.mark.parametrize("shape", [(3, 8), (1, 3, 9)])
def test_tokens(shape):
    with pytest.raises(ValueError, match=r"expected floating-point \(batch, tokens, embed_dim=8\)"):
        residual_stream(BLOCKS, torch.zeros(shape))
