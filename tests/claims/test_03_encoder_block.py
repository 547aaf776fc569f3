"""Lesson 03's rows of the claims ledger, measured again: one test a claim."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
from torch.testing import assert_close

from vitcourse import MultiHeadAttention, TransformerBlock, VisionTransformer, relative_bias, sincos_2d
from vitcourse.data import load
from vitcourse.experiments.tokens import padded, resized, scaled
from vitcourse.positions import interpolate_relative
from vitcourse.residual_stream import depth_profile, gradient_by_path, residual_stream
from vitcourse.training import load_checkpoint

SMALL: Any = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, num_heads=4, mlp_ratio=2.0)


def test_p5_e_pos_has_a_row_for_the_class_token():
    """z0 = [x_cls; x_1 E; ...; x_N E] + E_pos, with N + 1 rows; N without a class token."""
    model: Any = VisionTransformer(**SMALL, depth=1)
    images = torch.rand(2, 1, 28, 28)
    patches = model.patch_embedding(images)
    assert patches.shape == (2, 49, 64)
    assert model.positions.shape == (1, 50, 64)
    tokens = torch.cat([model.class_token.expand(2, -1, -1), patches], dim=1)
    assert_close(model.embed(images), tokens + model.positions)
    with pytest.raises(RuntimeError):
        tokens + model.positions[:, 1:]

    fixed: Any = VisionTransformer(**SMALL, depth=1, position="sincos").positions
    assert fixed.shape == (1, 50, 64)
    assert (fixed[0, 0] == 0).all()
    assert_close(fixed[0, 1:], sincos_2d(7, 7, 64))
    mean: Any = VisionTransformer(**SMALL, depth=1, pool="mean")
    assert mean.positions.shape == (1, 49, 64)


def grid_codes(half_row: Tensor, half_col: Tensor) -> Tensor:
    rows, cols = len(half_row), len(half_col)
    return torch.cat([half_row[:, None].expand(-1, cols, -1), half_col.expand(rows, -1, -1)], dim=2)


def usual_codes(side: int, dim: int) -> Tensor:
    """Half of the channels for the row, half for the column, each with sine and cosine; float64."""
    k = torch.arange(dim // 4, dtype=torch.float64)
    angles = torch.arange(side, dtype=torch.float64)[:, None] * 10_000 ** (-4 * k / dim)
    half = torch.cat([angles.sin(), angles.cos()], dim=1)
    return grid_codes(half, half)


def stated_codes(side: int, dim: int) -> Tensor:
    """Sines of the row and cosines of the column, as often stated. The order of channels plays no part; float64."""
    k = torch.arange(dim // 2, dtype=torch.float64)
    angles = torch.arange(side, dtype=torch.float64)[:, None] * 10_000 ** (-2 * k / dim)
    return grid_codes(angles.sin(), angles.cos())


def fitted_shift(codes: Tensor) -> tuple[float, float]:
    """The least-squares linear map from each code to the one down and right: largest error, largest entry."""
    before, after = (part.reshape(-1, codes.shape[-1]) for part in (codes[:-1, :-1], codes[1:, 1:]))
    shift = torch.linalg.lstsq(before, after, driver="gelsd").solution
    return (before @ shift - after).abs().max().item(), shift.abs().max().item()


def test_p7_sine_of_the_row_and_cosine_of_the_column_is_not_enough():
    usual, stated = usual_codes(7, 64), stated_codes(7, 64)
    assert_close(usual.reshape(49, 64).float(), sincos_2d(7, 7, 64))  # the package has the usual form

    def spread(values: Tensor) -> float:
        return (values.max() - values.min()).item()

    assert spread(usual.norm(dim=-1)) < 1e-12
    assert 5.14 < stated.norm(dim=-1).min() < 5.16
    assert 6.11 < stated.norm(dim=-1).max() < 6.13

    def products(codes: Tensor) -> Tensor:
        return (codes[:-1, :-1] * codes[1:, 1:]).sum(dim=-1)

    assert spread(products(usual)) < 1e-10
    assert spread(products(stated)) > 9

    # On a small grid the fit hides the difference; the map's entries show it. On a larger grid the fit fails.
    (usual_error, usual_entry), (stated_error, stated_entry) = fitted_shift(usual), fitted_shift(stated)
    assert max(usual_error, stated_error) < 1e-6
    assert usual_entry <= 1
    assert stated_entry > 1000
    assert fitted_shift(usual_codes(32, 64))[0] < 1e-6
    assert fitted_shift(stated_codes(32, 64))[0] > 0.1


def test_p8_relative_bias_depends_on_offsets_only():
    torch.manual_seed(0)
    rows, cols, heads = 7, 5, 4
    entries = (2 * rows - 1) * (2 * cols - 1)
    table = torch.randn(heads, entries + 3)
    bias = relative_bias(table, rows, cols)
    cells = torch.cartesian_prod(torch.arange(rows), torch.arange(cols))
    by_offset: dict[tuple, list[Tensor]] = {}
    for i, query in enumerate(cells):
        for j, key in enumerate(cells):
            by_offset.setdefault(tuple((query - key).tolist()), []).append(bias[:, 1 + i, 1 + j])
    assert len(by_offset) == entries
    for values in by_offset.values():
        assert (torch.stack(values) == values[0]).all()
    for head in bias:  # no two offsets share a number; to, from and with the class token are three more
        assert len(head.unique()) == entries + 3
        assert len({head[0, 1].item(), head[1, 0].item(), head[0, 0].item()}) == 3
        assert (head[0, 1:] == head[0, 1]).all()
        assert (head[1:, 0] == head[1, 0]).all()

    # A model learns one table a head, and adds it to the scores before the softmax.
    model: Any = VisionTransformer(**SMALL, depth=2, position="relative")
    assert model.relative.table.shape == (4, 13 * 13 + 3)
    layer, x = MultiHeadAttention(embed_dim=16, num_heads=heads), torch.randn(1, 36, 16)
    q, k, _ = layer.queries_keys_values(x)
    scores = q @ k.transpose(-2, -1) / 2.0  # head_dim 4
    assert_close(layer.attention_map(x, bias), (scores + bias).softmax(dim=-1))

    # Bilinear: twice as many steps between the same ends, so that each second entry is the old one.
    resized = interpolate_relative(table, (rows, cols), (2 * rows - 1, 2 * cols - 1))
    assert resized.shape == (heads, (4 * rows - 3) * (4 * cols - 3) + 3)
    old = table[:, :-3].reshape(heads, 2 * rows - 1, 2 * cols - 1)
    new = resized[:, :-3].reshape(heads, 4 * rows - 3, 4 * cols - 3)
    assert_close(new[:, ::2, ::2], old)
    assert_close(new[:, 1::2, ::2], (old[:, 1:] + old[:, :-1]) / 2)
    assert_close(resized[:, -3:], table[:, -3:])


@pytest.fixture(scope="module", params=[0, 1, 2])
def stack(request) -> tuple[nn.ModuleList, Tensor, Tensor]:
    torch.manual_seed(request.param)
    blocks = VisionTransformer(**SMALL, depth=24).blocks
    return blocks, torch.randn(2, 50, 64), torch.randn(2, 50, 64)


def test_b1_signal_and_gradient_over_depth(stack):
    """24 fresh blocks. Norms alone keep the sizes, but all tokens become the same; skips alone explode."""
    blocks, tokens, direction = stack

    def measured(norm, skip):
        found = depth_profile(blocks, tokens, direction, norm=norm, residual=skip)
        return found.activation[-1], found.gradient, found.difference[-1]

    activation, gradient, difference = measured("pre", True)
    assert 2 < activation < 6
    assert 1.5 < max(gradient) < 6
    assert min(gradient) > 0.9
    assert difference > 0.4

    for norm in ("pre", "post"):
        activation, gradient, difference = measured(norm, False)
        assert 0.1 < activation < 2
        assert min(gradient) > 0.01
        assert difference < 1e-5  # rounding

    activation, gradient, difference = measured("post", True)
    assert activation == pytest.approx(1, abs=0.01)
    assert 0.05 < min(gradient) < 1
    assert 1e-3 < difference < 0.2

    activation, gradient, _ = measured("none", False)
    assert activation < 1e-6
    assert gradient[0] < 1e-6
    activation, gradient, _ = measured("none", True)
    assert activation > 100
    assert gradient[0] > 1e4


def test_b1_share_of_the_gradient_by_skip_connections_alone(stack):
    """The path past all branches delivers the gradient unchanged; its share falls with depth."""
    blocks, tokens, direction = stack

    def gradient(depth: int) -> Tensor:
        start = tokens.clone().requires_grad_()
        x = start
        for block in blocks[:depth]:
            x = block(x)
        return torch.autograd.grad(x, start, grad_outputs=direction)[0]

    shares = []
    for depth in (1, 2, 6, 12, 24):
        full = gradient(depth)
        branches = [branch for block in blocks[:depth] for branch in (block.attention, block.mlp)]
        hooks = [branch.register_forward_hook(lambda _, inputs, output: output.detach()) for branch in branches]
        skip = gradient(depth)
        for hook in hooks:
            hook.remove()
        assert_close(skip, direction)
        shares.append(((skip * full).sum() / (full * full).sum()).item())
    assert shares == sorted(shares, reverse=True)
    assert 0.6 < shares[0] < 0.8
    assert 0.2 < shares[2] < 0.35
    assert 0.06 < shares[4] < 0.15

    # "Multiple paths": sorted by the branches that they pass, they sum to the gradient, and few branches carry most.
    by_path = gradient_by_path(blocks[:6], tokens, direction)
    full = by_path.sum(dim=0)
    assert_close(full, gradient(6), rtol=1e-3, atol=1e-4)
    parts = [((part * full).sum() / (full * full).sum()).item() for part in by_path]
    assert parts[0] == pytest.approx(shares[2], rel=1e-3)
    assert sum(parts[:4]) > 0.9


def test_b2_the_mlp_works_on_each_token_alone():
    torch.manual_seed(0)
    block = TransformerBlock(embed_dim=64, num_heads=4)
    tokens = torch.randn(1, 50, 64)
    other = tokens.clone()
    other[0, 25] = torch.randn(64)

    def changed(step) -> Tensor:
        return (step(other) - step(tokens)).abs().amax(dim=-1)[0] > 1e-6

    only_its_own = torch.arange(50) == 25
    assert torch.equal(changed(block.mlp), only_its_own)
    assert torch.equal(changed(block.norm1), only_its_own)
    assert changed(block.attention).all()

    blocks = VisionTransformer(**SMALL, depth=4).blocks
    for attention, expected in ((False, 1), (True, 50)):
        ends = [residual_stream(blocks, x, attention=attention)[-1] for x in (tokens, other)]
        assert ((ends[0] - ends[1]).abs().amax(dim=-1) > 1e-6).sum() == expected


def test_what_training_adds_to_positions_is_small_and_alike_for_neighbors():
    """The shipped model's codes against those that its training started from, by the same seed."""
    model: Any = load_checkpoint("mnist")
    torch.manual_seed(0)
    start: Any = VisionTransformer(**model.config)
    learned, before = model.positions[0, 1:].detach(), start.positions[0, 1:].detach()
    added = learned - before
    assert added.std() < 0.3 * before.std()
    places = torch.cartesian_prod(torch.arange(7), torch.arange(7))
    apart = (places[:, None] - places).abs().sum(dim=-1)

    def alike(codes: Tensor, steps: int) -> float:
        units = F.normalize(codes, dim=1)
        return (units @ units.T)[apart == steps].mean().item()

    assert abs(alike(learned, 1)) < 0.1
    assert alike(added, 1) > alike(added, 2) > alike(added, 4)
    assert alike(added, 1) > 0.15


def test_p10_a_code_has_to_stay_with_its_part_of_the_digit():
    """The shipped model at 44 pixels, its 7 x 7 codes stretched, in the middle, or from the upper left corner."""
    model: Any = load_checkpoint("mnist").requires_grad_(False)
    data = load("mnist", download=False)
    digits = data.test[:200]
    larger: Any = resized(model, 44)

    def read(reader: Any, images: Tensor) -> float:
        with torch.no_grad():
            return (reader(images).argmax(dim=1) == digits.labels).float().mean().item()

    def lay_out(before: int, after: int) -> None:
        board = rearrange(model.positions[:, 1:], "1 (r c) d -> 1 d r c", r=7)
        board = F.pad(board, (before, after, before, after), mode="replicate")
        larger.positions.data[:, 1:] = rearrange(board, "1 d r c -> 1 (r c) d")

    usual, grown, bordered = read(model, digits.images), scaled(digits.images, 44), padded(digits.images, 44)
    assert read(larger, grown) > usual - 0.1  # stretched: with the picture
    stretched = read(larger, bordered)
    assert stretched < usual - 0.3
    lay_out(2, 2)  # in the middle: with the digit
    middle = read(larger, bordered)
    assert middle > usual - 0.1
    if not data.note:  # the ledger's figures are of MNIST
        assert (stretched, middle) == pytest.approx((0.52, 0.97), abs=0.02)
    assert read(larger, grown) < usual - 0.1
    lay_out(0, 4)  # from the corner: with neither
    assert max(read(larger, grown), read(larger, bordered)) < 0.4
