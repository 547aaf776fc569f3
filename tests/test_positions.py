"""Position codes, relative biases, and the resizing of both."""

from __future__ import annotations

import pytest
import torch
from timm.layers import pos_embed_rel, pos_embed_sincos, resample_abs_pos_embed
from torch.testing import assert_close

from vitcourse.positions import (
    RelativePositionBias,
    interpolate_positions,
    interpolate_relative,
    relative_bias,
    relative_index,
    sincos_2d,
)


class TestSincos2d:
    def test_formula_entry_by_entry(self):
        rows, cols, dim = 3, 5, 12
        codes = sincos_2d(rows, cols, dim).reshape(rows, cols, dim)
        k = dim // 4
        for channel in range(k):
            frequency = 10_000 ** (-4 * channel / dim)
            for i in range(rows):
                for j in range(cols):
                    expected = torch.tensor([i * frequency, i * frequency, j * frequency, j * frequency])
                    expected[0::2], expected[1::2] = expected[0::2].sin(), expected[1::2].cos()
                    assert_close(codes[i, j, channel::k], expected)

    def test_equals_timm_up_to_the_order_of_channels(self):
        rows, cols, dim = 4, 6, 16
        theirs = pos_embed_sincos.build_sincos2d_pos_embed([rows, cols], dim)  # sin row, sin col, cos row, cos col
        sin_row, sin_col, cos_row, cos_col = theirs.chunk(4, dim=1)
        assert_close(sincos_2d(rows, cols, dim), torch.cat([sin_row, cos_row, sin_col, cos_col], dim=1))

    def test_row_and_column_have_half_the_channels_each(self):
        codes = sincos_2d(3, 4, 8).reshape(3, 4, 8)
        assert (codes[:, :1, :4] == codes[:, :, :4]).all()
        assert (codes[:1, :, 4:] == codes[:, :, 4:]).all()

    def test_all_positions_differ(self):
        codes = sincos_2d(14, 14, 64)
        distance = torch.cdist(codes, codes) + 10 * torch.eye(196)
        assert distance.min() > 0.1

    def test_temperature_is_the_longest_wavelength(self):
        code = sincos_2d(2, 1, 8, temperature=100.0)
        assert_close(code[1, :2], torch.tensor([1.0, 0.1]).sin())

    def test_dtype_and_shape(self):
        assert sincos_2d(2, 3, 4).shape == (6, 4)
        assert sincos_2d(2, 3, 4).dtype == torch.float32


class TestInterpolatePositions:
    @pytest.mark.parametrize("new_grid", [(14, 14), (7, 7), (4, 4), (3, 9), (10, 5)])
    @pytest.mark.parametrize(("old_grid", "prefix"), [((7, 7), 0), ((7, 7), 1), ((4, 6), 1), ((5, 3), 2)])
    def test_equals_timm(self, old_grid, prefix, new_grid):
        positions = torch.randn(1, old_grid[0] * old_grid[1] + prefix, 8)
        theirs = resample_abs_pos_embed(positions, list(new_grid), old_size=list(old_grid), num_prefix_tokens=prefix)
        assert_close(interpolate_positions(positions, old_grid, new_grid), theirs)

    def test_the_same_grid_changes_nothing(self):
        positions = torch.randn(1, 25, 4)
        assert torch.equal(interpolate_positions(positions, (4, 6), (4, 6)), positions)

    def test_class_token_is_kept(self):
        positions = torch.randn(1, 50, 8)
        assert torch.equal(interpolate_positions(positions, (7, 7), (9, 4))[:, 0], positions[:, 0])

    @pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
    def test_dtype_is_kept(self, dtype):
        positions = torch.randn(1, 50, 8, dtype=dtype)
        resized = interpolate_positions(positions, (7, 7), (14, 14))
        assert resized.dtype == dtype
        exact = interpolate_positions(positions.float(), (7, 7), (14, 14))
        assert_close(resized.float(), exact, atol=torch.finfo(dtype).eps * 4, rtol=1e-2)

    def test_gradient_reaches_all_positions(self):
        positions = torch.randn(1, 50, 4, requires_grad=True)
        interpolate_positions(positions, (7, 7), (14, 14)).sum().backward()
        assert positions.grad is not None
        assert (positions.grad != 0).all()


class TestRelative:
    @pytest.mark.parametrize("class_token", [True, False])
    @pytest.mark.parametrize("grid", [(3, 3), (2, 5), (4, 1)])
    def test_index_equals_timm(self, grid, class_token):
        theirs = pos_embed_rel.gen_relative_position_index(grid, class_token=class_token)
        assert torch.equal(relative_index(*grid, class_token), theirs)

    def test_every_entry_is_used(self):
        rows, cols = 3, 5
        index = relative_index(rows, cols)
        assert index.unique().tolist() == list(range((2 * rows - 1) * (2 * cols - 1) + 3))

    def test_bias_is_the_offsets_own(self):
        rows, cols, heads = 3, 4, 2
        table = torch.randn(heads, 5 * 7 + 3)
        bias = relative_bias(table, rows, cols)
        offsets = table[:, :-3].reshape(heads, 5, 7)
        for query in range(rows * cols):
            for key in range(rows * cols):
                di, dj = query // cols - key // cols, query % cols - key % cols
                assert_close(bias[:, 1 + query, 1 + key], offsets[:, di + rows - 1, dj + cols - 1])
        assert_close(bias[:, 0, 1:], table[:, -3:-2].expand(-1, rows * cols))
        assert_close(bias[:, 1:, 0], table[:, -2:-1].expand(-1, rows * cols))
        assert_close(bias[:, 0, 0], table[:, -1])

    def test_without_class_token(self):
        table = torch.randn(2, 5 * 7 + 3)
        assert torch.equal(relative_bias(table, 3, 4, class_token=False), relative_bias(table, 3, 4)[:, 1:, 1:])

    def test_module_equals_function(self):
        module = RelativePositionBias(grid=(3, 4), num_heads=2)
        assert (module() == 0).all()
        torch.nn.init.normal_(module.table)
        assert torch.equal(module(), relative_bias(module.table, 3, 4))
        assert list(module.state_dict()) == ["table"]

    @pytest.mark.parametrize("new_grid", [(14, 14), (4, 9)])
    def test_resizing_keeps_a_plane_a_plane(self, new_grid):
        """Bilinear: a bias that is linear in the offset stays linear, with offset 0 and the extremes in place."""

        def plane(grid):
            d_row = torch.linspace(-1, 1, 2 * grid[0] - 1)
            d_col = torch.linspace(-1, 1, 2 * grid[1] - 1)
            return (2 * d_row[:, None] - 3 * d_col[None] + 0.5).flatten()[None]

        three = torch.tensor([[7.0, 8.0, 9.0]])
        resized = interpolate_relative(torch.cat([plane((7, 7)), three], dim=1), (7, 7), new_grid)
        assert_close(resized, torch.cat([plane(new_grid), three], dim=1))

    def test_resizing_is_bilinear_not_nearest(self):
        table = torch.cat([torch.arange(9.0).reshape(1, 9) ** 2, torch.zeros(1, 3)], dim=1)
        resized = interpolate_relative(table, (2, 2), (3, 3))[0, :25].reshape(5, 5)
        old = table[0, :9].reshape(3, 3)
        assert_close(resized[::2, ::2], old)
        assert_close(resized[0, 1], (old[0, 0] + old[0, 1]) / 2)
        assert_close(resized[1, 1], old[:2, :2].mean())

    def test_the_same_grid_changes_nothing(self):
        table = torch.randn(3, 5 * 9 + 3)
        assert_close(interpolate_relative(table, (3, 5), (3, 5)), table)
