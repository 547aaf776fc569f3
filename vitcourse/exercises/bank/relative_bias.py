"""`relative_bias` (lesson 03): a bias for each pair of tokens, read from a table by their offset."""

from __future__ import annotations

import torch
from torch import Tensor

from ...positions import relative_bias, relative_index
from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def _in_the_order_of_the_table(table: Tensor, rows: int, cols: int) -> Tensor:
    """Each head's patches take the table's first entries one after another, whatever the offset."""
    n = rows * cols
    index = torch.arange(n * n).reshape(n, n) % ((2 * rows - 1) * (2 * cols - 1))
    bias = relative_bias(table, rows, cols).clone()
    bias[:, 1:, 1:] = table[:, index]
    return bias


def _grid(arguments: Arguments) -> tuple[Tensor, int, int]:
    return arguments["table"], arguments["rows"], arguments["cols"]


def _class_token_is_right(value: Tensor, arguments: Arguments) -> bool:
    """False only where all is right between patches, and not at the class token."""
    right = relative_bias(*_grid(arguments))
    return not torch.equal(value[:, 1:, 1:], right[:, 1:, 1:]) or torch.equal(value, right)


def _offset(arguments: Arguments) -> Tensor:
    """A number for each pair of patches, equal where the offsets are."""
    _, rows, cols = _grid(arguments)
    return relative_index(rows, cols, class_token=False).flatten()


def _all_written(value: Tensor, arguments: Arguments) -> bool:
    return bool((value != 0).all())


def _same_offset_same_bias(value: Tensor, arguments: Arguments) -> bool:
    """Asked of what was written."""
    biases, offset = value[:, 1:, 1:].flatten(1), _offset(arguments)
    return all(len(mine[(offset == o) & (mine != 0)].unique()) < 2 for mine in biases for o in offset.unique())


def _other_offset_other_bias(value: Tensor, arguments: Arguments) -> bool:
    """Where equal offsets have equal biases: do different ones have different entries of the table?"""
    biases, offset = value[:, 1:, 1:].flatten(1), _offset(arguments)
    if not _same_offset_same_bias(value, arguments):
        return True
    written = biases[0] != 0
    return len(biases[0][written].unique()) == len(offset[written].unique())


def _from_the_table(value: Tensor, arguments: Arguments) -> bool:
    """Is each head's bias made of the entries of its row of the table?"""
    pairs = zip(value, arguments["table"], strict=True)
    return all(bool((torch.isin(mine, row) | (mine == 0)).all()) for mine, row in pairs)


def _not_beside(value: Tensor, arguments: Arguments) -> bool:
    """False where each pair of patches reads an entry that lies as far beside its own as all others'."""
    found = value[0, 1:, 1:].flatten()[:, None] == arguments["table"][0]
    if not found.any(dim=1).all():
        return True
    beside = (found.int().argmax(dim=1) - _offset(arguments)).remainder(arguments["table"].shape[1])
    return bool((beside != beside[0]).any()) or int(beside[0]) == 0


def _arguments(g: torch.Generator, heads: int, rows: int, cols: int) -> Arguments:
    return {"table": normal(g, heads, (2 * rows - 1) * (2 * cols - 1) + 3), "rows": rows, "cols": cols}


EXERCISE = Exercise(
    name="relative_bias",
    lesson="03",
    reference=relative_bias,
    parts=(relative_index,),
    stub="(table, rows, cols)",
    minutes=12,
    difficulty=3,
    piece=True,
    axes=("head", "query", "key"),
    probes=(
        probe("3 heads, a grid of 2 x 4", lambda g: _arguments(g, 3, 2, 4)),
        probe("2 heads, a grid of 5 x 3", lambda g: _arguments(g, 2, 5, 3)),
        probe("2 heads, a square grid of 3 x 3", lambda g: _arguments(g, 2, 3, 3), "a square grid"),
        probe("1 head, a grid of 4 x 2", lambda g: _arguments(g, 1, 4, 2), "one head"),
        probe("2 heads, a single row of 4", lambda g: _arguments(g, 2, 1, 4), "a single row"),
    ),
    hints=(
        "Take a grid of 2 x 4. Which offsets of rows are there, and which of columns? Which pair of offsets is number "
        "0, and which number 1?",
        "Make an index first, the same for all heads: (tokens, tokens), which entry each pair reads. For patches: the "
        "offsets of rows and of columns, both moved so that they start at 0, then numbered row by row. Row 0 and "
        "column 0 of the index are the class token's. Then read the table with it.",
        "Row and column of each patch: `torch.arange(rows).repeat_interleave(cols)` and "
        "`torch.arange(cols).repeat(rows)`. The offset of rows from 0 on is `row[:, None] - row[None, :] + rows - "
        "1`, that of columns likewise; a row counts `2 * cols - 1` columns. Write this into `index[1:, 1:]` of an "
        "index of all tokens. `index[0, 1:]`, `index[1:, 0]` and `index[0, 0]` are the table's last three entries, "
        "in this order. At the end `table[:, index]`.",
    ),
    properties=(
        Property(
            "class token",
            "Between patches all is right. The class token's entries are not: row 0, where it asks, column 0, where it"
            " is asked, or the corner, where it asks itself.",
            _class_token_is_right,
        ),
        Property(
            "all of it written",
            "Some of your numbers are 0, and no entry of the table is: these places are never written. There are "
            "rows * cols + 1 tokens, from 0, the class token, to rows * cols, the last patch.",
            _all_written,
        ),
        Property(
            "read from the table",
            "Some of your numbers are no entries of that head's row of the table. Every bias is read from the table as"
            " it is; nothing is computed with it.",
            _from_the_table,
        ),
        Property(
            "start of the table",
            "Between patches every pair reads an entry that stands a fixed number of places beside its own in the "
            "table: the most negative offset does not end up at entry 0. See what you add to the offsets, and when.",
            _not_beside,
        ),
        Property(
            "same offset, same bias",
            "There are two pairs of patches with the same offset, in rows and in columns, and different biases. The "
            "bias must depend on the offset alone.",
            _same_offset_same_bias,
        ),
        Property(
            "other offset, other bias",
            "Patches with different offsets read the same entry of the table. Each of the (2 rows - 1)(2 cols - 1) "
            "offsets has an entry of its own.",
            _other_offset_other_bias,
        ),
    ),
    misconceptions=(
        wrong(
            "key minus query",
            """Between patches your bias is transposed: what the patch on the left should give to the one on the right,
            the right one gives to the left one. Your offset is key minus query.""",
            ("row[:, None] - row[None]", "row[None] - row[:, None]"),
            ("col[:, None] - col[None]", "col[None] - col[:, None]"),
        ),
        wrong(
            "rows: key minus query",
            """Up and down are exchanged in your bias, left and right are not: the rows' offset is key minus query, the
            columns' is query minus key.""",
            "row[:, None] - row[None]",
            "row[None] - row[:, None]",
        ),
        wrong(
            "columns: key minus query",
            """Left and right are exchanged in your bias, up and down are not: the columns' offset is key minus query,
            the rows' is query minus key.""",
            "col[:, None] - col[None]",
            "col[None] - col[:, None]",
        ),
        wrong(
            "keys by queries",
            """Your whole map is transposed, the class token's row and column too: it has keys along the rows and
            queries along the columns. Scores are queries by keys, and the bias is added to them.""",
            "return table[:, relative_index(rows, cols, class_token).to(table.device)]",
            "return table[:, relative_index(rows, cols, class_token).to(table.device)].transpose(1, 2)",
        ),
        wrong(
            "rows not moved",
            """Pairs on one row read from the table's first line, which belongs to the most negative offset of rows, and
            negative numbers count from the table's end. The offsets of columns start at 0 in your index; those of rows
            do not.""",
            " + rows - 1",
            "",
        ),
        wrong(
            "columns not moved",
            """Half of each line of the table is read from the line before. The offsets of rows start at 0 in your
            index; those of columns are still negative for half of the pairs.""",
            " + cols - 1",
            "",
        ),
        wrong(
            "offsets not moved",
            """A patch that looks at itself reads entry 0 of the table, which belongs to the most negative offset.
            Negative numbers count from the end of the table: there you read the class token's entries. All offsets have
            to be moved first, so that the smallest is 0.""",
            (" + rows - 1", ""),
            (" + cols - 1", ""),
        ),
        wrong(
            "moved by one too many",
            """All entries are read a step too far: your smallest offset is not 0. How far below 0 can an offset go in
            `rows` rows?""",
            (" + rows - 1", " + rows"),
            (" + cols - 1", " + cols"),
        ),
        wrong(
            "stride from the rows",
            """Right for a square grid, wrong otherwise. One step of rows jumps over as many entries as there are
            offsets of columns; yours jumps over as many as there are offsets of rows.""",
            "offset_row * (2 * cols - 1)",
            "offset_row * (2 * rows - 1)",
        ),
        wrong(
            "stride of one grid row",
            """The last patch of a row and the first of the next count as neighbors: different offsets read the same
            entry, as if you took differences of the patches' numbers. One step of rows has to jump over all offsets of
            columns, the negative ones too, not over the columns alone.""",
            "offset_row * (2 * cols - 1)",
            "offset_row * cols",
        ),
        wrong(
            "stride of two grid rows",
            """One step of rows jumps one entry too far: from `-(cols - 1)` to `cols - 1` there is an odd number of
            offsets, as 0 is counted once.""",
            "offset_row * (2 * cols - 1)",
            "offset_row * (2 * cols)",
        ),
        wrong(
            "offsets added",
            """An offset of one row and one of one column read the same entry: you add the two offsets. Two numbers of
            which each tells something become one by a stride.""",
            "offset_row * (2 * cols - 1) + offset_col",
            "offset_row + offset_col",
        ),
        wrong(
            "table read column by column",
            """Your table runs through the offsets of rows first: neighbors in the table are a row apart. It should be
            numbered row by row, so that neighbors in it are a column apart.""",
            "offset_row * (2 * cols - 1) + offset_col",
            "offset_col * (2 * rows - 1) + offset_row",
        ),
        wrong(
            "patches numbered column by column",
            """Your tokens 1 and 2 are patches one below the other. The patches are numbered row by row: token 2 lies at
            the right of token 1.""",
            ("torch.arange(rows).repeat_interleave(cols)", "torch.arange(rows).repeat(cols)"),
            ("torch.arange(cols).repeat(rows)", "torch.arange(cols).repeat_interleave(rows)"),
        ),
        wrong(
            "distances instead of offsets",
            """Half of the table is never read: left and right, above and below get the same bias. You take the size of
            each offset and lose its sign.""",
            ("row[:, None] - row[None]", "(row[:, None] - row[None]).abs()"),
            ("col[:, None] - col[None]", "(col[:, None] - col[None]).abs()"),
        ),
        wrong(
            "the table in its own order",
            """Pairs with the same offset get different biases: you lay the table's entries into the map one after
            another. Which entry a pair reads depends on where query and key lie.""",
            function=_in_the_order_of_the_table,
        ),
        wrong(
            "class token's entries exchanged",
            """Row 0 and column 0 are exchanged. The map is queries by keys: in row 0 the class token asks, in column 0
            it is asked.""",
            "with_class[0, 1:], with_class[1:, 0], with_class[0, 0]",
            "with_class[1:, 0], with_class[0, 1:], with_class[0, 0]",
        ),
        wrong(
            "class token to itself first",
            """The last three entries of the table are taken in another order: the first of them goes to the corner.
            Class token to itself is the last.""",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets + 1, offsets + 2, offsets",
        ),
        wrong(
            "one entry for the class token",
            """Row 0, column 0 and their corner have the same bias: you read one entry for all three. There are three,
            and they differ.""",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets, offsets, offsets",
        ),
        wrong(
            "class token's entries counted from the end",
            "The last three entries of the table are taken in reverse order: the very last goes to row 0.",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets + 2, offsets + 1, offsets",
        ),
        wrong(
            "class token's entries at the front",
            """All biases between patches are three entries off: you take the first three of the table for the class
            token. They are the last three.""",
            ("with_class[1:, 1:] = index", "with_class[1:, 1:] = index + 3"),
            ("= offsets, offsets + 1, offsets + 2", "= 0, 1, 2"),
        ),
        wrong(
            "class token at the end",
            """The last row and column of your map are the class token's. It is token 0: it stands before the patches,
            in the first row and column.""",
            ("with_class[1:, 1:] =", "with_class[:-1, :-1] ="),
            (
                "with_class[0, 1:], with_class[1:, 0], with_class[0, 0] =",
                "with_class[-1, :-1], with_class[:-1, -1], with_class[-1, -1] =",
            ),
        ),
        wrong(
            "class token forgotten",
            """Your map has one row and one column too few: it holds the patches alone. Token 0 is the class token; the
            table's last three entries are for it.""",
            "if not class_token:",
            "if class_token:",
        ),
        wrong(
            "class token without bias",
            """Row 0 and column 0 are zeros. The class token has no place in the grid, yet it has biases: the last three
            entries of the table.""",
            "return table[:, relative_index(rows, cols, class_token).to(table.device)]",
            "return torch.nn.functional.pad(table[:, relative_index(rows, cols, class_token)[1:, 1:]], (1, 0, 1, 0))",
        ),
        wrong(
            "heads last",
            """The numbers are right, but the heads are the last axis: (queries, keys, heads). Scores have the heads
            before the queries, and the bias is added to them. Swin's published code has a table with the heads last;
            this one has them first.""",
            "return table[:, relative_index(rows, cols, class_token).to(table.device)]",
            "return table.T[relative_index(rows, cols, class_token).to(table.device)]",
        ),
        wrong(
            "corner from row 0",
            """The corner is wrong, the class token that asks itself: it has the entry of row 0. Either row 0 was
            written last, corner included, or the corner was never written by itself.""",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets, offsets + 1, offsets",
        ),
        wrong(
            "corner from column 0",
            """The corner is wrong, the class token that asks itself: it has the entry of column 0. Either column 0 was
            written last, corner included, or the corner was never written by itself.""",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets, offsets + 1, offsets + 1",
        ),
        wrong(
            "corner from entry 0",
            """The corner is wrong, the class token that asks itself: it reads entry 0 of the table, because its place
            in the index was never written and is 0.""",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets, offsets + 1, 0",
        ),
        wrong(
            "class token reads the first entries",
            """Between patches all is right. The class token's entries are taken from the front of the table, where
            those of the most negative offsets are. Its own are the last three.""",
            "= offsets, offsets + 1, offsets + 2",
            "= 0, 1, 2",
        ),
        wrong(
            "rows of the grid taken for its columns",
            """Right for a square grid, wrong otherwise. You get row and column of a patch from its number, and a new
            row begins after `rows` patches. How many patches stand in one row?""",
            ("torch.arange(rows).repeat_interleave(cols)", "torch.arange(rows * cols) // rows"),
            ("torch.arange(cols).repeat(rows)", "torch.arange(rows * cols) % rows"),
        ),
        wrong(
            "shifts exchanged",
            """Right for a square grid, wrong otherwise. The offsets of rows are moved by what belongs to the columns,
            and the other way round: from `rows` rows none goes further below 0 than `rows - 1`.""",
            (" + rows - 1", " + cols - 1"),
            ("col[None] + cols - 1", "col[None] + rows - 1"),
        ),
        wrong(
            "coordinates added",
            """Pairs with the same offset have different biases: what reads the table is the sum of the two patches'
            coordinates, not their difference. Windows cut out of the table do this as well, unless their order is
            reversed: with the key's row its offset falls.""",
            ("row[:, None] - row[None] + rows - 1", "row[:, None] + row[None]"),
            ("col[:, None] - col[None] + cols - 1", "col[:, None] + col[None]"),
        ),
        wrong(
            "coordinates added, then moved",
            """It reads beyond the end of the table: you take the sum of the two patches' coordinates and move it. An
            offset is a difference, which can be negative; that is why it is moved.""",
            ("row[:, None] - row[None]", "row[:, None] + row[None]"),
            ("col[:, None] - col[None]", "col[:, None] + col[None]"),
        ),
        wrong(
            "tokens taken for patches",
            """The grid is one patch off: you get row and column from the token's number, and token 0 is the class
            token. Token 1 is patch 0, in row 0 and column 0.""",
            ("torch.arange(rows).repeat_interleave(cols)", "(torch.arange(rows * cols) + 1) // cols"),
            ("torch.arange(cols).repeat(rows)", "(torch.arange(rows * cols) + 1) % cols"),
        ),
        wrong(
            "rows moved by one too many",
            """Entries are read a line of the table too far: your smallest offset of rows is not 0, and the largest ends
            up beyond the table. How far below 0 can an offset go in `rows` rows?""",
            " + rows - 1",
            " + rows",
        ),
        wrong(
            "columns moved by one too many",
            """Entries are read a step too far: your smallest offset of columns is not 0. How far below 0 can an offset
            go in `cols` columns?""",
            " + cols - 1",
            " + cols",
        ),
        wrong(
            "class token reads entry 0",
            """Between patches all is right. Everything of the class token reads entry 0 of the table, because row 0 and
            column 0 of the index were never written and are 0. Its entries are the table's last three.""",
            "= offsets, offsets + 1, offsets + 2",
            "= 0, 0, 0",
        ),
        wrong(
            "one entry for row and column",
            """Row 0 and column 0 have the same bias. They are two entries of the table: in row 0 the class token asks,
            in column 0 it is asked.""",
            "= offsets, offsets + 1, offsets + 2",
            "= offsets, offsets, offsets + 2",
        ),
    ),
)
