"""`interpolate_positions` (lesson 04): learned positions for another grid of patches."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...positions import interpolate_positions
from ..spec import Arguments, Exercise, Property, normal, probe, wrong

Grid = tuple[int, int]

_RESIZE = 'size=new_grid, mode="bicubic", align_corners=False, antialias=True'


def _grid_of_all_rows(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    """The class token's row in the picture, and the last patch's out of it."""
    codes = positions[:, : old_grid[0] * old_grid[1]]
    kept = positions[:, old_grid[0] * old_grid[1] :]
    return torch.cat([kept, interpolate_positions(codes, old_grid, new_grid)], dim=1)


def _along_the_list(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    prefix = positions.shape[1] - old_grid[0] * old_grid[1]
    kept, codes = positions[:, :prefix], positions[:, prefix:]
    length = new_grid[0] * new_grid[1]
    resized = F.interpolate(codes.transpose(1, 2).float(), size=length, mode="linear").transpose(1, 2)
    return torch.cat([kept, resized.to(positions.dtype)], dim=1)


def _over_the_channels(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    """Tokens as rows and channels as columns of one picture."""
    prefix = positions.shape[1] - old_grid[0] * old_grid[1]
    kept, codes = positions[:, :prefix], positions[:, prefix:]
    size = (new_grid[0] * new_grid[1], positions.shape[2])
    resized = F.interpolate(codes[None].float(), size=size, mode="bicubic", antialias=True)[0]
    return torch.cat([kept, resized.to(positions.dtype)], dim=1)


def _resized(positions: Tensor, prefix: int, old_grid: Grid, new_grid: Grid, antialias: bool = True) -> Tensor:
    """As people write it, with `reshape` and `permute`; it says the same as theirs where a grid does not fit."""
    kept, codes = positions[:, :prefix], positions[:, prefix:]
    picture = codes.reshape(1, *old_grid, -1).permute(0, 3, 1, 2).float()
    picture = F.interpolate(picture, size=new_grid, mode="bicubic", antialias=antialias)
    codes = picture.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2])
    return torch.cat([kept, codes.to(positions.dtype)], dim=1)


def _square_grid(positions: Tensor, old_grid: Grid, new_grid: Grid, antialias: bool = True) -> Tensor:
    prefix = positions.shape[1] - old_grid[0] * old_grid[1]
    side = int((old_grid[0] * old_grid[1]) ** 0.5)
    return _resized(positions, prefix, (side, side), new_grid, antialias)


def _square_grid_without_antialiasing(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    return _square_grid(positions, old_grid, new_grid, antialias=False)


def _as_in_deit(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    side = int((positions.shape[1] - 1) ** 0.5)
    return _resized(positions, 1, (side, side), new_grid, antialias=False)


def _grids_exchanged(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    return _resized(positions, positions.shape[1] - new_grid[0] * new_grid[1], new_grid, old_grid)


def _cut_or_padded(positions: Tensor, old_grid: Grid, new_grid: Grid) -> Tensor:
    missing = new_grid[0] * new_grid[1] - old_grid[0] * old_grid[1]
    return F.pad(positions, (0, 0, 0, missing))


def _prefix_kept(value: Tensor, arguments: Arguments) -> bool:
    positions, (rows, cols) = arguments["positions"], arguments["old_grid"]
    prefix = positions.shape[1] - rows * cols
    return torch.equal(value[:, :prefix], positions[:, :prefix])


def _has_codes_between(value: Tensor, arguments: Arguments) -> bool:
    rows, cols = arguments["new_grid"]
    codes = value[:, value.shape[1] - rows * cols :]
    return not (torch.isin(codes, arguments["positions"]) | (codes == 0)).all()


def _given(
    g: torch.Generator, prefix: int, dim: int, old_grid: Grid, new_grid: Grid, dtype: torch.dtype = torch.float32
) -> Arguments:
    positions = normal(g, 1, prefix + old_grid[0] * old_grid[1], dim, dtype=dtype)
    return {"positions": positions, "old_grid": old_grid, "new_grid": new_grid}


ONE_ROW = (
    "a class token and no other row before the grid",
    "one or two rows before the grid",
    "no row before the grid, or one",
)

EXERCISE = Exercise(
    name="interpolate_positions",
    lesson="04",
    reference=interpolate_positions,
    stub="(positions, old_grid, new_grid)",
    minutes=8,
    difficulty=2,
    axes=("", "token", "channel"),
    probes=(
        probe(
            "a class token and a grid of 2 x 8, dim 7, to a grid of 3 x 10, larger",
            lambda g: _given(g, 1, 7, (2, 8), (3, 10)),
            *ONE_ROW,
        ),
        probe(
            "two prefix rows and a grid of 6 x 4, dim 5, to a grid of 3 x 2, smaller",
            lambda g: _given(g, 2, 5, (6, 4), (3, 2)),
            "one or two rows before the grid",
            "two rows before the grid",
        ),
        probe(
            "a class token and a square grid of 4 x 4, dim 3, to 7 x 7",
            lambda g: _given(g, 1, 3, (4, 4), (7, 7)),
            "square grids",
            *ONE_ROW,
        ),
        probe(
            "no class token, a grid of 2 x 6, dim 4, to 4 x 3, as many patches",
            lambda g: _given(g, 0, 4, (2, 6), (4, 3)),
            "positions without a class token",
            "no row before the grid, or one",
        ),
        probe(
            "a class token and a grid of 11 x 2, dim 2, to 15 x 3",
            lambda g: _given(g, 1, 2, (11, 2), (15, 3)),
            *ONE_ROW,
        ),
        probe(
            "a class token and a grid of 3 x 2, dim 4, in half precision, to 5 x 4",
            lambda g: _given(g, 1, 4, (3, 2), (5, 4), dtype=torch.float16),
            *ONE_ROW,
        ),
    ),
    hints=(
        "Which rows belong to the grid, and which do not? How many are those that do not, from the shapes alone?",
        "`F.interpolate` resizes pictures of (batch, channels, height, width). Which axis of `positions` are the "
        "channels, and which becomes height and width?",
        "`prefix = positions.shape[1] - rows * cols` tells where to cut. The grid's part: `.float()`, then "
        '`rearrange(..., "1 (r c) d -> 1 d r c", r=rows)`, or `reshape` and `permute`. Resize with '
        "`F.interpolate(..., size=new_grid, mode=...)` and what the docstring names. The same way back with `.to` the "
        "dtype that came in; `torch.cat` along the tokens puts the rows that you cut off before it.",
    ),
    properties=(
        Property(
            "the rows before the grid are kept",
            "The rows before the grid, of the class token, should come out exactly as they went in. Yours do not.",
            _prefix_kept,
        ),
        Property(
            "there are codes between the old ones",
            "Each number of yours is one of the old ones, or 0: codes are repeated, left out, put elsewhere or filled "
            "up with zeros, and none is computed from its neighbors.",
            _has_codes_between,
        ),
    ),
    misconceptions=(
        wrong(
            "class token dropped",
            """The rows before the grid are gone: the class token has lost its position. It lies on no grid, so it is
            not resized, but it has to come back.""",
            "torch.cat([kept, ",
            "torch.cat([",
        ),
        wrong(
            "class token resized with the patches",
            """Everything is off by one patch: the first row, the class token's, is laid out as the first cell of the
            grid, and the last patch is not resized. Where in the list does the grid begin?""",
            function=_grid_of_all_rows,
        ),
        wrong(
            "class token behind the patches",
            "The numbers are right, but the class token's row stands behind the patches. It came first.",
            ".to(positions.dtype)], dim=1)",
            ".to(positions.dtype)], dim=1).roll(-prefix, dims=1)",
        ),
        wrong(
            "one row before the grid, always",
            """With one class token it is right; with none or two rows before the grid it is not. How many there are
            follows from the shapes.""",
            function=lambda positions, old_grid, new_grid: _resized(positions, 1, old_grid, new_grid),
        ),
        wrong(
            "one row before the grid, always, no antialiasing",
            """With none or two rows before the grid it fails: yours cuts off one, always, and how many there are
            follows from the shapes. Where it runs the numbers are a bit off, more so for a smaller grid: the exercise
            asks for antialiasing.""",
            function=lambda positions, old_grid, new_grid: _resized(positions, 1, old_grid, new_grid, antialias=False),
        ),
        wrong(
            "no row before the grid, ever",
            """Without a class token it is right; with one it is not: all rows are laid out as a picture, and there is
            one too many for the grid. How many stand before the grid follows from the shapes.""",
            function=lambda positions, old_grid, new_grid: _resized(positions, 0, old_grid, new_grid),
        ),
        wrong(
            "resized to the old grid",
            "As many rows come back as went in: the picture is resized to the grid that it already has.",
            "size=new_grid",
            "size=(rows, cols)",
        ),
        wrong(
            "old grid transposed",
            """On square grids it is right, on others it is not: rows and columns of the old grid are exchanged when
            the list is laid out as a picture. The list goes row by row.""",
            "r=rows",
            "r=cols",
        ),
        wrong(
            "new grid transposed",
            """On square grids it is right, on others it is not: rows and columns of the new grid are exchanged when
            the picture is resized.""",
            "size=new_grid",
            "size=new_grid[::-1]",
        ),
        wrong(
            "grid taken as square",
            """On square grids it is right, on others it is not: the side of the old grid is the root of the number of
            patches, where it should be the rows and columns that were given.""",
            function=_square_grid,
        ),
        wrong(
            "column by column",
            """The right codes come out in another order: the picture is read column by column on the way back, where
            the list goes row by row.""",
            '"1 d r c -> 1 (r c) d"',
            '"1 d r c -> 1 (c r) d"',
        ),
        wrong(
            "reshaped without moving axes",
            """The shapes are right, but channels and cells are mixed: reshaping alone never moves a number, and each
            of your pictures holds pieces of several channels. The axis of channels has to be brought to the front
            first.""",
            'rearrange(codes, "1 (r c) d -> 1 d r c", r=rows)',
            "codes.reshape(1, -1, rows, cols)",
        ),
        wrong(
            "not brought back to tokens",
            """The picture is resized rightly, but on the way back it is only reshaped: a token then gets numbers of
            one channel and many cells, where it should get all channels of one cell.""",
            'rearrange(resized, "1 d r c -> 1 (r c) d")',
            "resized.reshape(1, -1, positions.shape[2])",
        ),
        wrong(
            "bilinear",
            """Your codes are flatter than they should be: each is a mean of its nearest neighbors. The exercise asks
            for the smoother, bicubic curve.""",
            'mode="bicubic"',
            'mode="bilinear"',
        ),
        wrong(
            "nearest",
            """Codes are repeated or left out, none is in between: the nearest one is taken. That is what resizing does
            unless another mode is asked for.""",
            _RESIZE,
            "size=new_grid",
        ),
        wrong(
            "corners aligned",
            """Your corner cells are exactly the old corner cells: the picture is stretched so that the centers of its
            corners stay. The exercise asks for cells, whose edges stay: without aligned corners.""",
            "align_corners=False",
            "align_corners=True",
        ),
        wrong(
            "no antialiasing",
            """A larger grid comes out almost right, a smaller one does not: cells are skipped where they should be
            averaged. Even when enlarging, the filter with antialiasing is another one.""",
            ", antialias=True",
            "",
        ),
        wrong(
            "area means",
            """Your codes are plain means of the old cells below them, flat from cell to cell. The exercise asks for a
            bicubic curve through them.""",
            _RESIZE,
            'size=new_grid, mode="area"',
        ),
        wrong(
            "resized in the dtype given",
            """In half precision it fails on a CPU, which cannot resize such pictures, or is coarse. The exercise asks
            to resize in float32, as the published models do, whatever dtype the positions have.""",
            ".float()",
            "",
        ),
        wrong(
            "left in float32",
            "Given half precision, it returns float32: after resizing, the dtype of `positions` has to come back.",
            'rearrange(resized, "1 d r c -> 1 (r c) d").to(positions.dtype)], dim=1)',
            'rearrange(resized, "1 d r c -> 1 (r c) d")], dim=1)',
        ),
        wrong(
            "resized along the list",
            """The codes are resized along the list of patches, as if they stood in one line: the end of a row runs
            into the beginning of the next. The grid has two directions.""",
            function=_along_the_list,
        ),
        wrong(
            "channels resized as columns",
            """Tokens are taken for the rows of one picture and channels for its columns. Channels have no neighbors;
            each of them is a picture of its own, with the rows and columns of the grid.""",
            function=_over_the_channels,
        ),
        wrong(
            "unchanged when the number is",
            """Where the two grids have as many cells, your codes come back as they were. A grid of 2 x 6 and one of 3
            x 4 have 12 cells each, in other places.""",
            "kept, codes =",
            "if rows * cols == new_grid[0] * new_grid[1]:\n        return positions\n    kept, codes =",
        ),
        wrong(
            "cut or padded",
            """No code has changed: rows are cut off at the end, or zeros added there. Every new cell should get a code
            computed from the old cells around it.""",
            function=_cut_or_padded,
        ),
        wrong(
            "bilinear with corners aligned",
            """Your corner cells are exactly the old ones, and the cells between lie on straight lines. The exercise
            asks for the bicubic curve, for cells whose edges stay, and for antialiasing.""",
            _RESIZE,
            'size=new_grid, mode="bilinear", align_corners=True',
        ),
        wrong(
            "sizes from a factor",
            """The new grid is a row short for some sizes: from 11 rows to 15, you hand over the factor 15/11, which as
            a rounded number times 11 falls just below 15, and is cut off to 14. Say which size you want, and nothing
            has to be computed. DINO's code had this bug.""",
            "size=new_grid",
            "scale_factor=(new_grid[0] / rows, new_grid[1] / cols)",
        ),
        wrong(
            "sizes from a factor, 0.1 added",
            """Your codes are slightly off everywhere, as if the picture were stretched a little. DINO's code adds 0.1
            to the new sizes so that a factor is not rounded down to a row less, and the factor is then used for the
            places as well. Say which size you want, and no factor is needed.""",
            "size=new_grid",
            "scale_factor=((new_grid[0] + 0.1) / rows, (new_grid[1] + 0.1) / cols)",
        ),
        wrong(
            "old picture transposed",
            """On square grids the cells come out exchanged, on others the picture is also squeezed the wrong way: on
            the way in, the axes of rows and columns are exchanged. The picture has its rows before its columns, as
            `new_grid` has.""",
            '"1 (r c) d -> 1 d r c"',
            '"1 (r c) d -> 1 d c r"',
        ),
        wrong(
            "column by column, in and out",
            """The list is read column by column on the way in and written column by column on the way out. For the old
            grid as it is that undoes itself; once the size changes, it does not. The list goes row by row.""",
            ('"1 (r c) d -> 1 d r c"', '"1 (c r) d -> 1 d r c"'),
            ('"1 d r c -> 1 (r c) d"', '"1 d r c -> 1 (c r) d"'),
        ),
        wrong(
            "column by column on the way in",
            """The old list is laid out column by column: neighbors in it come to lie one below the other. It goes row
            by row.""",
            '"1 (r c) d -> 1 d r c"',
            '"1 (c r) d -> 1 d r c"',
        ),
        wrong(
            "grid taken as square, no antialiasing",
            """On grids that are not square it fails, or gives nonsense: the side of the old grid is the root of the
            number of patches, where rows and columns were given. And on square ones the numbers differ: the exercise
            asks for antialiasing.""",
            function=_square_grid_without_antialiasing,
        ),
        wrong(
            "as in DeiT",
            """This is right for DeiT's own models and no others: one row before the grid, always; a square grid, whose
            side is the root of the number of patches; no antialiasing. Here the rows before the grid follow from the
            shapes, the old grid is given, and antialiasing is asked for.""",
            function=_as_in_deit,
        ),
        wrong(
            "grids exchanged",
            """It fails where the two grids differ in size: the list is laid out on the new grid, and resized to the old
            one. What comes in belongs to the old grid.""",
            function=_grids_exchanged,
        ),
        wrong(
            "sizes from a factor, recomputed",
            """The new grid is a row short for some sizes: from 11 rows to 15, you hand over the factor 15/11, which as
            a rounded number times 11 falls just below 15, and is cut off to 14. Say which size you want, and nothing
            has to be computed.""",
            "size=new_grid",
            "scale_factor=(new_grid[0] / rows, new_grid[1] / cols), recompute_scale_factor=True",
        ),
    ),
)
