"""What positions and encoder say when their arguments make no sense."""

from __future__ import annotations

import re

import pytest
import torch

from vitcourse import MLP, TransformerBlock
from vitcourse.positions import (
    RelativePositionBias,
    interpolate_positions,
    interpolate_relative,
    relative_bias,
    sincos_2d,
)


def says(text: str):
    return pytest.raises(ValueError, match=re.escape(text))


@pytest.mark.parametrize(("dim", "valid"), [(6, 8), (63, 64), (1, 4)])
def test_sincos_dim(dim, valid):
    with says(f"dim={dim} must be a multiple of 4 (sine and cosine, of row and of column); next valid: {valid}"):
        sincos_2d(7, 7, dim)


@pytest.mark.parametrize("name", ["rows", "cols", "dim"])
@pytest.mark.parametrize("value", [0, -4, 2.0])
def test_sincos_sizes(name, value):
    with says(f"{name}={value!r} must be a whole number of at least 1"):
        sincos_2d(**{"rows": 7, "cols": 7, "dim": 8, name: value})


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_sincos_temperature(temperature):
    with says(f"temperature={temperature} must be above 0"):
        sincos_2d(7, 7, 8, temperature=temperature)


@pytest.mark.parametrize("old_grid", [(8, 8), (6, 6), (7, 8)])
def test_positions_of_another_grid(old_grid):
    with says(f"positions has 50 rows; old_grid={old_grid} takes {old_grid[0] * old_grid[1]}"):
        interpolate_positions(torch.zeros(1, 50, 8), old_grid, (14, 14))


@pytest.mark.parametrize("shape", [(50, 8), (2, 50, 8)])
def test_positions_shape(shape):
    with says(f"positions has shape {shape}; expected (1, tokens, dim)"):
        interpolate_positions(torch.zeros(shape), (7, 7), (14, 14))


def test_grid_without_cells():
    with says("new_grid (height)=0 must be a whole number of at least 1"):
        interpolate_positions(torch.zeros(1, 50, 8), (7, 7), (0, 3))
    with says("new_grid (width)=-1 must be a whole number of at least 1"):
        interpolate_relative(torch.zeros(2, 172), (7, 7), (3, -1))


@pytest.mark.parametrize("shape", [(2, 169), (2, 50), (172,)])
def test_relative_table(shape):
    text = f"table has shape {shape}; a grid of 7 x 7 takes (heads, 172)"
    with says(text):
        relative_bias(torch.zeros(shape), 7, 7)
    with says(text):
        interpolate_relative(torch.zeros(shape), (7, 7), (14, 14))


@pytest.mark.parametrize("grid", [(0, 3), (3, 0)])
def test_relative_grid(grid):
    name = "rows" if grid[0] == 0 else "cols"
    with says(f"{name}=0 must be a whole number of at least 1"):
        RelativePositionBias(grid=grid, num_heads=2)
    with says(f"{name}=0 must be a whole number of at least 1"):
        relative_bias(torch.zeros(2, 8), *grid)


def test_mlp_without_a_hidden_unit():
    with says("mlp_ratio=0.01 times embed_dim=8 must make at least 1 hidden unit"):
        TransformerBlock(embed_dim=8, num_heads=2, mlp_ratio=0.01)
    with says("hidden_dim=2.5 must be a whole number of at least 1"):
        MLP(embed_dim=8, hidden_dim=2.5)


def test_heads_that_do_not_divide():
    with says("num_heads=3 must divide embed_dim=8"):
        TransformerBlock(embed_dim=8, num_heads=3)
