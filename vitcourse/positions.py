"""How a token learns where it stands: sinusoidal, learned and relative positions, and their resizing."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from .errors import as_pair, require_positive

# Beside the offsets between patches a relative table holds: class token to patch, patch to class token, and
# class token to itself.
CLASS_BIASES = 3


def sincos_2d(rows: int, cols: int, dim: int, temperature: float = 10_000.0) -> Float[Tensor, "positions dim"]:
    """Fixed 2-D sinusoidal position codes, row by row: half of the channels tell the row, half the column.

    Each half holds sines, then cosines, of the coordinate at ``dim / 4`` frequencies ``temperature^(-4 k / dim)``
    (Vaswani et al. 2017, section 3.5, taken per axis as in MAE, He et al. 2022).

    Args:
        rows, cols: the grid of patches.
        dim: length of a code; a multiple of 4.
        temperature: the longest wavelength is about 2 pi times this, in patches.

    Returns:
        (rows * cols, dim), float32.

    Raises:
        ValueError: ``dim`` is not a multiple of 4, or ``temperature`` is not above 0.
    """
    require_positive(rows=rows, cols=cols, dim=dim)
    if not temperature > 0:
        raise ValueError(f"temperature={temperature!r} must be above 0")
    if dim % 4:
        raise ValueError(
            f"dim={dim} must be a multiple of 4 (sine and cosine, of row and of column); "
            f"next valid: {dim + 4 - dim % 4}"
        )
    frequencies = temperature ** (-torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))

    def code(length: int) -> Tensor:
        angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)
        return torch.cat([angles.sin(), angles.cos()], dim=1)  # (length, dim / 2)

    by_row = code(rows)[:, None].expand(rows, cols, dim // 2)
    by_col = code(cols)[None].expand(rows, cols, dim // 2)
    return rearrange(torch.cat([by_row, by_col], dim=2), "r c d -> (r c) d").float()


def interpolate_positions(
    positions: Float[Tensor, "1 tokens dim"], old_grid: tuple[int, int], new_grid: tuple[int, int]
) -> Float[Tensor, "1 new_tokens dim"]:
    """Resize learned positions to another grid of patches; rows before the grid (class token) are kept.

    The codes of the patches are laid out as an image with ``dim`` channels and resized bicubically
    (Dosovitskiy et al. 2021, section 3.2), with antialiasing and in float32 as in timm; the dtype is kept.

    Args:
        positions: (1, prefix + rows * cols, dim); prefix is 0, 1 (class token) or 2 (and a distillation token).
        old_grid, new_grid: (rows, cols).

    Raises:
        ValueError: positions of another shape, a number of rows that does not belong to ``old_grid``, a grid
            without cells.
    """
    rows, cols = as_pair("old_grid", old_grid)
    new_grid = as_pair("new_grid", new_grid)
    if positions.ndim != 3 or len(positions) != 1:
        raise ValueError(f"positions has shape {tuple(positions.shape)}; expected (1, tokens, dim)")
    prefix = positions.shape[1] - rows * cols
    if not 0 <= prefix <= 2:
        raise ValueError(
            f"positions has {positions.shape[1]} rows; old_grid={old_grid} takes {rows * cols}, one or two more with "
            "a class and a distillation token"
        )
    kept, codes = positions[:, :prefix], positions[:, prefix:]
    picture = rearrange(codes, "1 (r c) d -> 1 d r c", r=rows).float()  # half precision has no bicubic kernel
    resized = F.interpolate(picture, size=new_grid, mode="bicubic", align_corners=False, antialias=True)
    return torch.cat([kept, rearrange(resized, "1 d r c -> 1 (r c) d").to(positions.dtype)], dim=1)


def relative_index(rows: int, cols: int, class_token: bool = True) -> Int[Tensor, "tokens tokens"]:
    """Which entry of a relative table each pair of tokens reads: pairs with equal offsets read the same one.

    The numbering of BEiT and Swin (Bao et al. 2022; Liu et al. 2021).

    Returns:
        (tokens, tokens) int64, queries by keys. Offsets (row_q - row_k, col_q - col_k) are numbered row by row;
        the last three numbers are: class token to patch, patch to class token, class token to itself.
    """
    row = torch.arange(rows).repeat_interleave(cols)
    col = torch.arange(cols).repeat(rows)
    offset_row = row[:, None] - row[None] + rows - 1
    offset_col = col[:, None] - col[None] + cols - 1
    index = offset_row * (2 * cols - 1) + offset_col
    if not class_token:
        return index
    offsets = (2 * rows - 1) * (2 * cols - 1)
    with_class = torch.empty(rows * cols + 1, rows * cols + 1, dtype=torch.int64)
    with_class[1:, 1:] = index
    with_class[0, 1:], with_class[1:, 0], with_class[0, 0] = offsets, offsets + 1, offsets + 2
    return with_class


def check_relative_table(table: Tensor, rows: int, cols: int) -> None:
    """Raise ``ValueError`` unless ``table`` is (heads, (2 rows - 1)(2 cols - 1) + 3)."""
    require_positive(rows=rows, cols=cols)
    entries = (2 * rows - 1) * (2 * cols - 1) + CLASS_BIASES
    if table.ndim != 2 or table.shape[1] != entries:
        raise ValueError(f"table has shape {tuple(table.shape)}; a grid of {rows} x {cols} takes (heads, {entries})")


def relative_bias(
    table: Float[Tensor, "heads entries"], rows: int, cols: int, class_token: bool = True
) -> Float[Tensor, "heads tokens tokens"]:
    """The bias r_(i - j) that relative positions add to the scores (Shaw et al. 2018; Liu et al. 2021, eq. 4).

    Args:
        table: (heads, (2 rows - 1)(2 cols - 1) + 3), a bias per head for each offset and three for the class token.
        rows, cols: the grid of patches.
        class_token: whether token 0 is the class token.

    Raises:
        ValueError: a table of another length.
    """
    check_relative_table(table, rows, cols)
    return table[:, relative_index(rows, cols, class_token).to(table.device)]


def interpolate_relative(
    table: Float[Tensor, "heads entries"], old_grid: tuple[int, int], new_grid: tuple[int, int]
) -> Float[Tensor, "heads new_entries"]:
    """Resize a relative table bilinearly to another grid of patches; the class token's biases are kept.

    The farthest offsets of the old grid become the farthest of the new one, offset 0 stays offset 0.

    Args:
        table: (heads, (2 rows - 1)(2 cols - 1) + 3), as :func:`relative_bias` takes it.
        old_grid, new_grid: (rows, cols).

    Raises:
        ValueError: a table that does not belong to ``old_grid``, a grid without cells.
    """
    old_grid, new_grid = as_pair("old_grid", old_grid), as_pair("new_grid", new_grid)
    check_relative_table(table, *old_grid)
    offsets = rearrange(table[:, :-CLASS_BIASES], "h (r c) -> 1 h r c", r=2 * old_grid[0] - 1)
    size = (2 * new_grid[0] - 1, 2 * new_grid[1] - 1)
    resized = F.interpolate(offsets, size=size, mode="bilinear", align_corners=True)
    return torch.cat([rearrange(resized, "1 h r c -> h (r c)"), table[:, -CLASS_BIASES:]], dim=1)


class RelativePositionBias(nn.Module):
    """A learned table of relative biases, one per head and offset, starting at zero; see :func:`relative_bias`."""

    index: Tensor

    def __init__(self, *, grid: tuple[int, int], num_heads: int, class_token: bool = True) -> None:
        super().__init__()
        rows, cols = grid
        require_positive(rows=rows, cols=cols, num_heads=num_heads)
        self.grid = grid
        self.table = nn.Parameter(torch.zeros(num_heads, (2 * rows - 1) * (2 * cols - 1) + CLASS_BIASES))
        self.register_buffer("index", relative_index(rows, cols, class_token), persistent=False)

    def forward(self) -> Float[Tensor, "heads tokens tokens"]:
        return self.table[:, self.index]
