"""The residual stream, rewired: with the published wiring it must be the model's own."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import VisionTransformer
from vitcourse.residual_stream import depth_profile, gradient_by_path, residual_stream


@pytest.fixture
def model() -> VisionTransformer:
    torch.manual_seed(0)
    model = VisionTransformer(
        img_size=12, patch_size=4, in_channels=1, num_classes=3, embed_dim=16, depth=3, num_heads=2
    )
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randn(2, 10, 16, generator=torch.Generator().manual_seed(1))


def test_pre_norm_is_the_model(model, tokens):
    stream = residual_stream(model.blocks, tokens)
    assert len(stream) == 7
    assert stream[0] is tokens
    for i, block in enumerate(model.blocks):
        assert_close(stream[2 * i + 2], block(stream[2 * i]))
        assert_close(stream[2 * i + 1], stream[2 * i] + block.attention(block.norm1(stream[2 * i])))
    assert_close(model.norm(stream[-1]), model.encode(tokens))


def test_post_norm_is_pytorchs(model, tokens):
    block = model.blocks[0]
    layer = nn.TransformerEncoderLayer(
        16, 2, 64, 0.0, nn.functional.gelu, layer_norm_eps=1e-6, batch_first=True, norm_first=False
    )
    with torch.no_grad():
        layer.self_attn.in_proj_weight.copy_(block.attention.qkv.weight)
        layer.self_attn.in_proj_bias.copy_(block.attention.qkv.bias)
    for theirs, part in (
        (layer.self_attn.out_proj, block.attention.projection),
        (layer.linear1, block.mlp.expand),
        (layer.linear2, block.mlp.contract),
        (layer.norm1, block.norm1),
        (layer.norm2, block.norm2),
    ):
        theirs.load_state_dict(part.state_dict())
    ours = residual_stream(model.blocks[:1], tokens, norm="post")[-1]
    assert_close(ours, layer.eval()(tokens), rtol=1e-4, atol=1e-5)


def test_no_residual_and_no_norm(model, tokens):
    block = model.blocks[0]
    bare = residual_stream(model.blocks[:1], tokens, norm="none", residual=False)[-1]
    assert_close(bare, block.mlp(block.attention(tokens)))
    normed = residual_stream(model.blocks[:1], tokens, norm="pre", residual=False)[-1]
    assert_close(normed, block.mlp(block.norm2(block.attention(block.norm1(tokens)))))


@pytest.mark.parametrize(("attention", "mlp"), [(True, False), (False, True), (False, False)])
def test_one_kind_of_branch(model, tokens, attention, mlp):
    stream = residual_stream(model.blocks, tokens, attention=attention, mlp=mlp)
    for i in range(3):
        assert torch.equal(stream[2 * i], stream[2 * i + 1]) != attention
        assert torch.equal(stream[2 * i + 1], stream[2 * i + 2]) != mlp


def test_depth_profile(model, tokens):
    direction = torch.randn(2, 10, 16, generator=torch.Generator().manual_seed(2))
    profile = depth_profile(model.blocks, tokens, 5 * direction)  # scaled to RMS 1 whatever its length
    assert len(profile.activation) == len(profile.gradient) == len(profile.difference) == 4
    assert profile.gradient[-1] == pytest.approx(1)
    assert profile.activation[0] == pytest.approx(tokens.square().mean().sqrt().item())

    start = tokens.clone().requires_grad_()
    last = residual_stream(model.blocks, start)[-1]
    (last * direction / direction.square().mean().sqrt()).sum().backward()
    assert profile.gradient[0] == pytest.approx(start.grad.square().mean().sqrt().item(), rel=1e-4)
    assert profile.activation[-1] == pytest.approx(last.square().mean().sqrt().item(), rel=1e-4)
    assert not tokens.requires_grad


def test_difference_is_zero_for_equal_tokens_and_per_image(model):
    images = torch.randn(2, 1, 16).expand(-1, 10, -1)  # equal within an image, different between images
    assert depth_profile(model.blocks, images, torch.ones(2, 10, 16)).difference[0] < 1e-6
    zero_mean = torch.tensor([1.0, -1.0]).repeat(5)[None, :, None].expand(2, -1, 16)
    assert depth_profile(model.blocks, zero_mean, torch.ones(2, 10, 16)).difference[0] == pytest.approx(1)


def test_gradient_by_path_equals_an_enumeration_of_paths(model, tokens):
    """One block, two branches, four paths: each path's gradient by detaching what it does not take."""
    block, direction = model.blocks[0], torch.randn(2, 10, 16, generator=torch.Generator().manual_seed(2))

    def run(take_skip, take_branch):
        start = tokens.clone().requires_grad_()
        x = start
        for i, (norm, branch) in enumerate(((block.norm1, block.attention), (block.norm2, block.mlp))):
            out = branch(norm(x))
            x = (x if take_skip[i] else x.detach()) + (out if take_branch[i] else out.detach())
        grad = torch.autograd.grad(x, start, grad_outputs=direction, allow_unused=True)[0]
        return grad

    expected = torch.zeros(3, *tokens.shape)
    for path in itertools.product((False, True), repeat=2):  # True: through the branch
        expected[sum(path)] += run([not p for p in path], list(path))
    assert_close(gradient_by_path(model.blocks[:1], tokens, direction), expected, rtol=1e-4, atol=1e-4)


def test_gradient_by_path_sums_to_the_gradient(model, tokens):
    direction = torch.randn(2, 10, 16, generator=torch.Generator().manual_seed(2))
    by_path = gradient_by_path(model.blocks, tokens, direction)
    assert by_path.shape == (7, 2, 10, 16)
    assert torch.equal(by_path[0], direction)
    start = tokens.clone().requires_grad_()
    full = torch.autograd.grad(residual_stream(model.blocks, start)[-1], start, grad_outputs=direction)[0]
    assert_close(by_path.sum(dim=0), full, rtol=1e-3, atol=1e-3 * full.abs().max().item())
