"""Equivariance, receptive fields, and attention that is a convolution."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from vitcourse.comparison import (
    attention_as_convolution,
    equivariance_error,
    neighbor_bias,
    receptive_field,
    share_within,
    translate,
)


def seeded(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def circular(stride: int = 1) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(2, 3, 3, stride, padding=1, padding_mode="circular").requires_grad_(False)


def test_translate_moves_to_the_right_on_a_torus():
    row = torch.tensor([[[[0.0, 1.0, 2.0, 3.0]]]])
    assert translate(row, 1).flatten().tolist() == [3, 0, 1, 2]
    assert translate(row, -1).flatten().tolist() == [1, 2, 3, 0]
    assert translate(row, 0.5).flatten().tolist() == [1.5, 0.5, 1.5, 2.5]
    assert translate(row, 4).equal(row)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_a_circular_convolution_moves_by_multiples_of_its_stride(stride):
    images = seeded(2, 2, 12, 16)
    errors = [equivariance_error(circular(stride), images, pixels) for pixels in range(5)]
    for pixels, error in enumerate(errors):
        assert (error < 1e-5) == (pixels % stride == 0)


def test_zero_padding_is_exact_in_the_interior_only():
    images = seeded(2, 2, 12, 16)
    convolution = nn.Conv2d(2, 3, 3, padding=1).requires_grad_(False)
    assert equivariance_error(convolution, images, 1) > 0.1
    assert equivariance_error(convolution, images, 1, margin=2) < 1e-5


def test_an_unrelated_map_has_an_error_of_root_two():
    unrelated = iter([seeded(4, 8, 12, 12), torch.randn(4, 8, 12, 12)])
    assert equivariance_error(lambda _: next(unrelated), seeded(4, 1, 12, 12), 1) == pytest.approx(2**0.5, rel=0.05)


@pytest.mark.parametrize(
    ("features", "margin", "says"),
    [
        (lambda x: x.mean(dim=(2, 3)), 0, r"features gave \(2, 2\)"),
        (lambda x: x[..., :7], 0, "cols dividing the width 12"),
        (lambda x: x, 6, "margin=6 must be at least 0 and leave cells of the 12 x 12 map"),
        (lambda x: x, -1, "margin=-1"),
    ],
)
def test_what_cannot_be_compared(features, margin, says):
    with pytest.raises(ValueError, match=says):
        equivariance_error(features, seeded(2, 2, 12, 12), 1, margin)


def test_receptive_field_of_convolutions_grows_by_one_pixel_each():
    torch.manual_seed(0)
    layers = nn.Sequential(*[nn.Conv2d(1, 1, 3, padding=1) for _ in range(3)])
    for depth in (1, 2, 3):
        field = receptive_field(layers[:depth], seeded(4, 1, 15, 15))
        assert field.sum().item() == pytest.approx(1)
        rows, cols = field.nonzero().T
        assert (rows.min(), rows.max()) == (cols.min(), cols.max()) == (7 - depth, 7 + depth)


def test_receptive_field_says_where_nothing_is_seen():
    with pytest.raises(ValueError, match="does not depend on the images"):
        receptive_field(lambda x: 0 * x, seeded(1, 1, 6, 6))


def test_share_within():
    field = torch.full((9, 9), 1 / 81)
    assert share_within(field, 1) == pytest.approx(9 / 81)
    assert share_within(field, 4) == pytest.approx(1)


def as_tokens(images: Tensor, dim: int) -> Tensor:
    """Each pixel a token: its channels, then zeros."""
    tokens = images.flatten(2).transpose(1, 2)
    return F.pad(tokens, (0, dim - tokens.shape[-1]))


@pytest.mark.parametrize(("kernel", "filters"), [(1, 2), (3, 4), (3, 18), (5, 3)])
def test_attention_is_a_convolution(kernel, filters):
    images, weight = seeded(2, 2, 6, 7), seeded(filters, 2, kernel, kernel)
    attention, edge = attention_as_convolution(weight), kernel // 2
    expected = F.conv2d(images, weight, padding=edge)

    def run(x: Tensor) -> Tensor:
        tokens = attention(as_tokens(x, attention.embed_dim), neighbor_bias(*x.shape[2:], kernel))
        return tokens[..., :filters].transpose(1, 2).unflatten(2, x.shape[2:])

    inner = (..., slice(edge, 6 - edge), slice(edge, 7 - edge))
    assert_close(run(images)[inner], expected[inner])
    # A ring of empty pixels gives the border's heads something to look at: zeros, as the padding has.
    padded = run(F.pad(images, [edge] * 4))
    assert_close(padded[..., edge : 6 + edge, edge : 7 + edge], expected)
    if kernel > 1:
        assert not torch.allclose(run(images), expected)


def test_neighbor_bias_looks_at_one_token():
    bias = neighbor_bias(3, 4, 3)
    assert bias.shape == (9, 12, 12)
    weights = bias.softmax(dim=-1)
    assert (weights.max(dim=-1).values == 1).all()
    assert weights[4].equal(torch.eye(12))  # the middle of the kernel
    assert weights[5, 0].argmax() == 1  # one column to the right
    assert weights[7, 0].argmax() == 4  # one row down
    assert weights[5, 3].argmax() == 3  # outside: itself


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: neighbor_bias(3, 4, 2), "kernel_size=2 must be odd"),
        (lambda: neighbor_bias(0, 4, 3), "rows=0"),
        (lambda: attention_as_convolution(seeded(2, 2, 3, 1)), "expected a square kernel"),
        (lambda: attention_as_convolution(seeded(19, 2, 3, 3)), "at most K \\* K \\* channels = 18"),
    ],
)
def test_bad_kernels(call, says):
    with pytest.raises(ValueError, match=says):
        call()
