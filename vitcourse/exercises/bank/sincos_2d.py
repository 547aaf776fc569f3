"""`sincos_2d` (lesson 03): position codes from a formula."""

from __future__ import annotations

import torch
from torch import Tensor

from ...positions import sincos_2d
from ..spec import Arguments, Exercise, Property, probe, wrong


def _clocks(coordinates: Tensor, channels: int, frequencies: Tensor | None = None) -> Tensor:
    """Sines, then cosines, of each coordinate, in `channels` channels."""
    if frequencies is None:
        frequencies = 10_000.0 ** (-torch.arange(channels // 2) / (channels // 2))
    angles = coordinates[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _grid(rows: int, cols: int) -> tuple[Tensor, Tensor]:
    """Row and column of each position."""
    return torch.arange(rows).repeat_interleave(cols), torch.arange(cols).repeat(rows)


def _number_of_the_patch(rows: int, cols: int, dim: int) -> Tensor:
    return _clocks(torch.arange(rows * cols), dim)


def _number_of_the_patch_interleaved(rows: int, cols: int, dim: int) -> Tensor:
    codes = _clocks(torch.arange(rows * cols), dim)
    return codes.unflatten(1, (2, dim // 2)).transpose(1, 2).flatten(1)


def _sine_of_row_cosine_of_column(rows: int, cols: int, dim: int) -> Tensor:
    row, col = _grid(rows, cols)
    frequencies = 10_000 ** (-torch.arange(dim // 2) / (dim // 2))
    return torch.cat([(row[:, None] * frequencies).sin(), (col[:, None] * frequencies).cos()], dim=1)


def _sine_of_row_cosine_of_column_interleaved(rows: int, cols: int, dim: int) -> Tensor:
    codes = _sine_of_row_cosine_of_column(rows, cols, dim)
    return codes.unflatten(1, (2, dim // 2)).transpose(1, 2).flatten(1)


def _sines_alone(rows: int, cols: int, dim: int) -> Tensor:
    codes = sincos_2d(rows, cols, dim)
    return codes.unflatten(1, (4, dim // 4))[:, [0, 2]].flatten(1)


def _with_a_class_token(rows: int, cols: int, dim: int) -> Tensor:
    return torch.cat([torch.zeros(1, dim), sincos_2d(rows, cols, dim)])


def _rows_end_after_rows(rows: int, cols: int, dim: int) -> Tensor:
    patch = torch.arange(rows * cols)
    return torch.cat([_clocks(patch // rows, dim // 2), _clocks(patch % rows, dim // 2)], dim=1)


def _rows_alone(rows: int, cols: int, dim: int) -> Tensor:
    row, _ = _grid(rows, cols)
    return _clocks(row, dim)


def _as_in_vit_pytorch(rows: int, cols: int, dim: int) -> Tensor:
    row, col = _grid(rows, cols)
    frequencies = 10_000 ** (-torch.arange(dim // 4) / (dim // 4 - 1))
    return torch.cat([_clocks(col, dim // 2, frequencies), _clocks(row, dim // 2, frequencies)], dim=1)


def _added(rows: int, cols: int, dim: int) -> Tensor:
    row, col = _grid(rows, cols)
    return _clocks(row, dim) + _clocks(col, dim)


# What the properties look for: codes that are right but for one thing.


def _frequencies_grow(value: Tensor, arguments: Arguments) -> bool:
    """Roughly: sines of large numbers are not exact in float32."""
    rows, cols, dim = arguments.values()
    growing = 10_000.0 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    codes = torch.cat([_clocks(c.double(), dim // 2, growing) for c in _grid(rows, cols)], dim=1)
    return dim > 4 and torch.allclose(value.double(), codes, atol=1e-2)


def _only_frequencies_differ(value: Tensor, arguments: Arguments) -> bool:
    """Are these sines and cosines, in the right order, of the right coordinates, at other frequencies?"""
    rows, cols, dim = arguments.values()
    if rows < 2:
        return False
    sine, cosine = value[cols, : dim // 4].double(), value[cols, dim // 4 : dim // 2].double()  # row 1, column 0
    row, col = _grid(rows, cols)
    frequencies = torch.atan2(sine, cosine)
    codes = torch.cat([_clocks(c.double(), dim // 2, frequencies) for c in (row, col)], dim=1)
    return torch.allclose(codes, value.double(), atol=1e-2) and not torch.allclose(
        value, sincos_2d(rows, cols, dim), atol=1e-2
    )


def _places(value: Tensor, dim: int) -> tuple[Tensor, Tensor] | None:
    """The coordinates that each code is right for, where it is right for any."""
    if dim < 8:
        return None
    slowest = 10_000.0 ** (-(dim // 4 - 1) / (dim // 4))
    quarters = value.double().unflatten(1, (4, dim // 4))
    row, col = (torch.atan2(quarters[:, i, -1], quarters[:, i + 1, -1]) / slowest for i in (0, 2))
    codes = torch.cat([_clocks(row, dim // 2), _clocks(col, dim // 2)], dim=1)
    return (row, col) if torch.allclose(codes, value.double(), atol=1e-3) else None


def _only_places_differ(value: Tensor, arguments: Arguments) -> bool:
    rows, cols, dim = arguments.values()
    found = _places(value, dim)
    wanted = _grid(rows, cols)
    if found is None or _only_frequencies_differ(value, arguments):
        return False
    return not all(torch.allclose(f, w.double(), atol=1e-2) for f, w in zip(found, wanted, strict=True))


def _only_channels_are_in_another_order(value: Tensor, arguments: Arguments) -> bool:
    right = sincos_2d(*arguments.values())
    return torch.allclose(value.sort(dim=1).values, right.sort(dim=1).values, atol=1e-5) and not torch.allclose(
        value, right, atol=1e-5
    )


GROW = """From channel to channel the codes become wilder instead of calmer. Your frequencies grow from 1 to thousands,
where they should fall: either a sign is missing in the exponent, or the coordinate is divided by the frequency."""

EXERCISE = Exercise(
    name="sincos_2d",
    lesson="03",
    reference=sincos_2d,
    stub="(rows, cols, dim)",
    minutes=8,
    difficulty=2,
    piece=True,
    axes=("position", "channel"),
    probes=(
        probe("3 rows, 5 columns, 16 channels", lambda g: {"rows": 3, "cols": 5, "dim": 16}),
        probe("4 rows, 2 columns, 8 channels", lambda g: {"rows": 4, "cols": 2, "dim": 8}),
        probe("a square grid of 3 x 3, 24 channels", lambda g: {"rows": 3, "cols": 3, "dim": 24}, "a square grid"),
        probe("1 row, 6 columns, 8 channels", lambda g: {"rows": 1, "cols": 6, "dim": 8}, "a grid of one row"),
        probe("2 rows, 3 columns, 4 channels", lambda g: {"rows": 2, "cols": 3, "dim": 4}, "a single frequency"),
    ),
    hints=(
        "Which positions have the same first half of channels, and which the same second half?",
        "Write the code of one axis first: all coordinates times all frequencies, an outer product, then its sines and "
        "its cosines. That is (length, dim / 2). Then give each position its row's code and its column's.",
        "`frequencies = 10000 ** (-4 * torch.arange(dim // 4) / dim)`. The code of an axis: "
        "`torch.outer(torch.arange(length), frequencies)`, its `sin()` and `cos()` joined by `torch.cat` along the "
        "channels. Of the rows' codes each is repeated for its `cols` positions, `.repeat_interleave(cols, "
        "dim=0)`; the columns' codes run through once for each row, `.repeat(rows, 1)`. Join both halves along the "
        "channels.",
    ),
    properties=(
        Property(
            "frequencies that grow",
            " ".join(GROW.split()),
            lambda value, arguments: not _frequencies_grow(value, arguments),
        ),
        Property(
            "frequencies",
            "Order and coordinates are right: at each frequency your sine and cosine belong together. But the "
            "frequencies are other ones than the formula's. Look at the base, at the exponent and its sign, and at "
            "what `k` counts.",
            lambda value, arguments: (
                not _only_frequencies_differ(value, arguments)
                or _frequencies_grow(value, arguments)
                or _only_channels_are_in_another_order(value, arguments)
            ),
        ),
        Property(
            "places",
            "Frequencies and channels are right: each of your rows is the code of some place, but not of its own. Rows "
            "and columns count 0, 1, 2, ..., and the grid is read row by row.",
            lambda value, arguments: not _only_places_differ(value, arguments),
        ),
        Property(
            "channels",
            "Each position has its right numbers, but its channels stand in another order. It is: the row's sines, the "
            "row's cosines, the column's sines, the column's cosines; in each from the fastest to the slowest.",
            lambda value, arguments: not _only_channels_are_in_another_order(value, arguments),
        ),
    ),
    misconceptions=(
        wrong(
            "column before row",
            """All positions in a row share the second half of your channels, where they should share the first: rows
            and columns are exchanged. Code that calls the axes x and y, or width and height, often ends here.""",
            "torch.cat([by_row, by_col], dim=2)",
            "torch.cat([by_col, by_row], dim=2)",
        ),
        wrong(
            "column by column",
            """The codes are right, but position 1 lies below position 0, not at its right: the grid is read column by
            column. On a square grid only the order gives it away. `meshgrid` does this with `indexing="xy"`.""",
            "-> (r c) d",
            "-> (c r) d",
        ),
        wrong(
            "sines and cosines interleaved",
            """The numbers are right, but sine and cosine take turns: channels 0, 2, 4 hold sines. Language models often
            do so. Here each half holds all its sines first, then all its cosines.""",
            "torch.cat([angles.sin(), angles.cos()], dim=1)",
            "torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)",
        ),
        wrong(
            "all sines first",
            """The numbers are right, but the second and the third quarter of the channels are exchanged: all sines come
            before all cosines. The first half should tell the row alone, sines and cosines, the second half the
            column.""",
            "torch.cat([by_row, by_col], dim=2)",
            "torch.cat([by_row, by_col], dim=2).unflatten(2, (2, 2, -1)).transpose(2, 3).flatten(2)",
        ),
        wrong(
            "cosines first",
            "Position (0, 0) starts with ones where it should start with zeros: your cosines stand before the sines.",
            "[angles.sin(), angles.cos()]",
            "[angles.cos(), angles.sin()]",
        ),
        wrong(
            "sines twice",
            """Position (0, 0) is all zeros, and the second quarter of the channels repeats the first: your cosines are
            sines. Without a cosine two positions on the same clock can look alike.""",
            "angles.cos()",
            "angles.sin()",
        ),
        wrong(
            "sines alone",
            """There are half as many channels as there should be: the cosines are missing. A clock's hand has two
            coordinates; from its sine alone you cannot tell whether it goes up or down.""",
            function=_sines_alone,
        ),
        wrong(
            "more sines instead of cosines",
            """Position (0, 0) is all zeros: there is no cosine in your codes. You fill each half with sines at twice as
            many frequencies. A clock's hand has two coordinates; its sine alone does not say whether it goes up or
            down.""",
            ("torch.arange(dim // 4, dtype", "torch.arange(dim // 2, dtype"),
            ("/ (dim // 4))", "/ (dim // 2))"),
            ("torch.cat([angles.sin(), angles.cos()], dim=1)", "angles.sin()"),
        ),
        wrong(
            "sine of the row, cosine of the column",
            """Positions (1, 0) and (2, 0) differ in sines alone, (0, 1) and (0, 2) in cosines alone: the row has no
            cosine in your codes and the column no sine. Both need both. *A formula that loses half*, below, shows what
            gets lost.""",
            function=_sine_of_row_cosine_of_column,
        ),
        wrong(
            "sine of the row, cosine of the column, in turns",
            """Even channels hold sines of the row, odd ones cosines of the column. You find this formula in texts, yet
            the row has no cosine in it and the column no sine. Both need both. *A formula that loses half*, below,
            shows what gets lost.""",
            function=_sine_of_row_cosine_of_column_interleaved,
        ),
        wrong(
            "the number of the patch",
            """The end of a row and the start of the next have nearly the same code: you number the patches from first
            to last and take the sines of that one number. Two dimensions need two coordinates.""",
            function=_number_of_the_patch,
        ),
        wrong(
            "the number of the patch, in turns",
            """The end of a row and the start of the next have nearly the same code: you number the patches from first
            to last, as a language model does its words. Two dimensions need two coordinates. Sines and cosines also
            take turns here, where each half should hold all its sines first.""",
            function=_number_of_the_patch_interleaved,
        ),
        wrong(
            "rows alone",
            "All positions of a row have the same code: the column plays no part.",
            function=_rows_alone,
        ),
        wrong(
            "rows that end too early",
            """Right for a square grid, wrong otherwise. You get row and column from the patch's number, and a new row
            begins after `rows` patches. How many patches stand in one row?""",
            function=_rows_end_after_rows,
        ),
        wrong(
            "row and column added",
            """Positions (1, 2) and (2, 1) have the same code: you add the row's code to the column's, in the same
            channels. Each should have half of the channels to itself.""",
            function=_added,
        ),
        wrong(
            "frequencies of a single axis",
            """The first frequency is right, the next ones fall too slowly: each half has only a quarter of `dim`
            frequencies, but your exponent is stretched over half of `dim`, as if there were one coordinate. The slowest
            clock is then still far too fast.""",
            "/ (dim // 4))",
            "/ (dim // 2))",
        ),
        wrong(
            "the factor of 4 left out",
            """The first frequency is right, the next ones fall far too slowly: the exponent reaches only a quarter of
            what it should. `k` runs up to `dim / 4` and no further, and the formula makes up for it.""",
            "/ (dim // 4))",
            "/ dim)",
        ),
        wrong(
            "the last frequency at 1/10000",
            """The first frequency is right, the others are a bit too low: yours are spread evenly up to 1/10000, the
            end included, which takes one less in the denominator. The formula stops one step before; with a single
            frequency yours divides 0 by 0.""",
            "/ (dim // 4))",
            "/ (dim // 4 - 1))",
        ),
        wrong(
            "frequencies that grow",
            GROW,
            "(-torch.arange(dim // 4",
            "(torch.arange(dim // 4",
        ),
        wrong(
            "an exponent without fractions",
            """All frequencies but the first are 1/10000. The exponent should be a fraction between 0 and -1; yours is
            rounded down to a whole number by `//`.""",
            "/ (dim // 4))",
            "// (dim // 4))",
        ),
        wrong(
            "one frequency for all",
            """All sines of a half are the same number, and so are all its cosines: each of your frequencies is 1. Does
            the exponent change with `k`, or is it rounded to 0?""",
            "temperature ** (-torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))",
            "torch.ones(dim // 4, dtype=torch.float64)",
        ),
        wrong(
            "frequencies times 2 pi",
            """The first clock goes round once a patch, so it shows the same at every position. Your frequencies count
            turns; the formula's count radians, and the first clock takes about 6.3 patches.""",
            "temperature ** (-torch.arange",
            "2 * torch.pi * temperature ** (-torch.arange",
        ),
        wrong(
            "counted from 1",
            """Position (0, 0) is sine and cosine of 1, where it should be zeros and ones. Your rows and columns are
            counted from 1.""",
            "torch.outer(torch.arange(length, dtype",
            "torch.outer(torch.arange(1, length + 1, dtype",
        ),
        wrong(
            "coordinates as a share of the length",
            """All positions have nearly the same code, the more so the larger the grid: you divide each coordinate by
            the number of rows or columns. Here a coordinate counts patches.""",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64) / length, frequencies)",
        ),
        wrong(
            "coordinates from 0 to 1",
            """All positions have nearly the same code: your coordinates run from 0 to 1, whatever the size of the grid.
            Here a coordinate counts patches.""",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "angles = torch.outer(torch.linspace(0, 1, length, dtype=torch.float64), frequencies)",
        ),
        wrong(
            "a row for the class token",
            """There is one row too many, of zeros, at the top: the class token's. A model adds it where it has such a
            token; this function gives the codes of the grid alone.""",
            function=_with_a_class_token,
        ),
        wrong(
            "float64",
            """The numbers are right, but they are float64, at which most models fail: their weights are float32. The
            frequencies may be computed in float64, the codes that you return should not be.""",
            '"r c d -> (r c) d").float()',
            '"r c d -> (r c) d")',
        ),
        wrong(
            "still a grid",
            """The numbers are right, but rows and columns are still two axes: (rows, cols, dim). Tokens stand in one
            line.""",
            'rearrange(torch.cat([by_row, by_col], dim=2), "r c d -> (r c) d")',
            "torch.cat([by_row, by_col], dim=2)",
        ),
        wrong(
            "coordinates from 0 to 2 pi",
            """The first clock goes round once from the first row to the last, whatever the size of the grid: your
            coordinates are stretched to run from 0 to 2 pi, as in DETR. Here a coordinate counts patches: 0, 1, 2.""",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "angles = torch.outer(torch.linspace(0, 2 * torch.pi, length, dtype=torch.float64), frequencies)",
        ),
        wrong(
            "coordinates from 0 to 2 pi, divided by 0",
            """The first clock goes round once from the first row to the last, whatever the size of the grid: your
            coordinates are stretched to run from 0 to 2 pi, as in DETR. With a single row that is 0 divided by 0. Here
            a coordinate counts patches: 0, 1, 2.""",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "angles = torch.outer(torch.arange(length) / (length - 1) * 2 * torch.pi, frequencies.float())",
        ),
        wrong(
            "coordinates as a share of 2 pi",
            """The first clock goes round once for the whole grid, whatever its size: your coordinates are divided by
            the number of rows or columns and multiplied by 2 pi. Here a coordinate counts patches: 0, 1, 2.""",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64) / length * 2 * torch.pi, frequencies)",
        ),
        wrong(
            "coordinates from 1 to 2 pi's end",
            """Your coordinates are counted from 1 and stretched so that the last one is 2 pi, whatever the size of the
            grid, as in DETR's code. Here a coordinate counts patches: 0, 1, 2.""",
            "angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "angles = torch.outer(torch.arange(1, length + 1).double() / length * 2 * torch.pi, frequencies)",
        ),
        wrong(
            "frequencies from slow to fast",
            """Each position has its right numbers, but in each quarter they stand in reverse: the slowest frequency
            comes first. `k` counts from 0 up, and the fastest is first.""",
            "(-torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))",
            "(-torch.arange(dim // 4, dtype=torch.float64).flip(0) / (dim // 4))",
        ),
        wrong(
            "as in vit-pytorch",
            """Two things are otherwise than asked for. The first half of your channels tells the column (x), where it
            should tell the row. And the frequencies are spread up to 1/10000, the end included, by one less in the
            denominator; with a single frequency that divides 0 by 0.""",
            function=_as_in_vit_pytorch,
        ),
        wrong(
            "backwards",
            """The sines have the wrong sign, the cosines are right: your coordinates, or the frequencies, are negative.
            In the formula the minus is in the exponent.""",
            "torch.outer(torch.arange(length, dtype=torch.float64), frequencies)",
            "torch.outer(-torch.arange(length, dtype=torch.float64), frequencies)",
        ),
        wrong(
            "in half precision on the way",
            """Your numbers are right to about three digits: the codes pass through float16 before they come back as
            float32. Nothing asks for that here.""",
            ").float()",
            ").half().float()",
        ),
        wrong(
            "cosines twice",
            """Position (0, 0) is all ones, and the second quarter of the channels repeats the first: your sines are
            cosines. A cosine alone does not tell whether the clock's hand goes up or down.""",
            "angles.sin()",
            "angles.cos()",
        ),
    ),
)
