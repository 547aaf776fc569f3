"""`attention_distance` (lesson 06): how far a head looks, in patches."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...maps.reduce import attention_distance
from ..spec import Arguments, Exercise, Property, probe, wrong
from .class_attention_map import maps


def _distances(rows: int, cols: int) -> Tensor:
    """Between any two patches of a grid: (rows cols, rows cols)."""
    places = torch.cartesian_prod(torch.arange(rows), torch.arange(cols)).double()
    return torch.hypot(*(places[:, None] - places[None]).unbind(dim=-1))


def _weights(attention: Tensor) -> Tensor:
    patches = attention[:, :, 1:, 1:]
    return patches / patches.sum(dim=-1, keepdim=True)


def _along_the_sequence(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    number = torch.arange(grid[0] * grid[1], device=attention.device)
    distance = (number[:, None] - number[None]).abs()
    return (_weights(attention) * distance).sum(dim=-1).mean(dim=-1)


def _strongest_only(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    strongest = _weights(attention).argmax(dim=-1)
    return (
        _distances(*grid).to(attention).expand(*strongest.shape, -1).gather(-1, strongest[..., None]).mean(dim=(2, 3))
    )


def _without_itself(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    others = attention * (1 - torch.eye(attention.shape[-1], dtype=attention.dtype, device=attention.device))
    return attention_distance(others, grid)


def _one_sum_for_all_rows(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    patches = attention[:, :, 1:, 1:]
    return (patches * _distances(*grid).to(attention)).sum(dim=(2, 3)) / patches.sum(dim=(2, 3))


def _class_token_as_a_patch(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    distance = _distances(*grid).to(attention)
    with_class_token = torch.zeros(len(distance) + 1, len(distance) + 1).to(attention)
    with_class_token[1:, 1:] = distance
    return (attention * with_class_token).sum(dim=-1).mean(dim=-1)


def _to_the_mean_place(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    places = torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1])).to(attention)
    return (_weights(attention) @ places - places).norm(dim=-1).mean(dim=-1)


def _in_place(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    patches = attention[:, :, 1:, 1:]
    patches /= patches.sum(dim=-1, keepdim=True)
    return attention_distance(attention, grid)


def _square_grid(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return attention_distance(attention, (grid[0], grid[0]))


def _in_patches(value: Tensor, arguments: Arguments) -> bool:
    """Not the right numbers over the grid's size."""
    (rows, cols), wanted = arguments["grid"], attention_distance(**arguments)
    sizes = (math.hypot(rows, cols), math.hypot(rows - 1, cols - 1), (rows * cols) ** 0.5, rows, cols)
    return not any(torch.allclose(value * size, wanted, rtol=1e-4) for size in sizes if size > 1)


def _within_the_grid(value: Tensor, arguments: Arguments) -> bool:
    rows, cols = arguments["grid"]
    return bool(value.min() >= 0 and value.max() <= ((rows - 1) ** 2 + (cols - 1) ** 2) ** 0.5)


def _class_token_first(attention: Tensor, row: float, col: float, cols: int) -> Tensor:
    """All tokens count, the class token as one that stands at (row, col)."""
    number = torch.arange(attention.shape[-1] - 1)
    y = torch.cat([torch.tensor([row]), number // cols])
    x = torch.cat([torch.tensor([col]), number % cols])
    distance = torch.hypot(y[:, None] - y, x[:, None] - x).to(attention)
    return (attention * distance).sum(dim=-1).mean(dim=-1)


def _class_token_in_the_corner(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return _class_token_first(attention, 0.0, 0.0, grid[1])


def _class_token_in_the_middle(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return _class_token_first(attention, (grid[0] - 1) / 2, (grid[1] - 1) / 2, grid[1])


def _class_tokens_row(attention: Tensor, grid: tuple[int, int], row: float, col: float) -> Tensor:
    places = torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1])).double()
    distance = torch.hypot(places[:, 0] - row, places[:, 1] - col).to(attention)
    weights = attention[:, :, 0, 1:]
    return (weights * distance).sum(dim=-1) / weights.sum(dim=-1)


def _class_token_alone_from_the_middle(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return _class_tokens_row(attention, grid, (grid[0] - 1) / 2, (grid[1] - 1) / 2)


def _class_token_alone_from_the_corner(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return _class_tokens_row(attention, grid, 0.0, 0.0)


def _counted_with_the_class_token(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    number = torch.arange(1, grid[0] * grid[1] + 1)
    y, x = (number // grid[1]).double(), (number % grid[1]).double()
    distance = torch.hypot(y[:, None] - y, x[:, None] - x).to(attention)
    return (_weights(attention) * distance).sum(dim=-1).mean(dim=-1)


def _mean_of_the_heads(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return attention_distance(attention.mean(dim=1, keepdim=True), grid)[:, 0]


def _mean_of_the_heads_kept(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return attention_distance(attention.mean(dim=1, keepdim=True), grid)


HYPOT = "torch.hypot(y[:, None] - y[None], x[:, None] - x[None])"

EXERCISE = Exercise(
    name="attention_distance",
    lesson="06",
    reference=attention_distance,
    stub="(attention, grid)",
    minutes=7,
    gradients=False,
    difficulty=3,
    axes=("image", "head"),
    batch=("attention",),
    # The reference has its distances in float32. Where they are no whole numbers, so must be what it is compared with.
    probes=(
        probe(
            "maps of 2 images, 4 heads, a class token and a grid of 3 x 5 patches, float32",
            lambda g: {"attention": maps(g, 2, 4, 16, 16, dtype=torch.float32), "grid": (3, 5)},
            "float32 inputs",
        ),
        probe(
            "maps of 2 images, 5 heads, a class token and a square grid of 3 x 3 patches, float32",
            lambda g: {"attention": maps(g, 2, 5, 10, 10, dtype=torch.float32), "grid": (3, 3)},
            "square grids",
            "float32 inputs",
        ),
        probe(
            "maps of 3 images, one head, a class token and a grid of 6 x 5 patches, float32",
            lambda g: {"attention": maps(g, 3, 1, 31, 31, dtype=torch.float32), "grid": (6, 5)},
            "one head",
            "float32 inputs",
        ),
        probe(
            "maps of one image, 2 heads, a class token and a grid of 1 x 4 patches, float64",
            lambda g: {"attention": maps(g, 1, 2, 5, 5), "grid": (1, 4)},
            "a single row of patches",
        ),
    ),
    properties=(
        Property(
            "in patches",
            "All your numbers are right but for one factor: they are divided by a size of the grid, its diagonal or "
            "its rows or columns. Asked for are distances in patches: a patch's right neighbor is 1 away.",
            _in_patches,
        ),
        Property(
            "within the grid",
            "A distance of yours is below 0 or longer than the grid's diagonal, in patches. A mean of distances "
            "cannot be that: weights that do not sum to 1, a missing root, or a sum where a mean is asked for.",
            _within_the_grid,
        ),
    ),
    hints=(
        "How far is patch 7 from patch 3 on a grid of 3 x 5? Which row and which column has each?",
        "First a matrix of distances between all patches, once, from their rows and columns. Then the maps without the "
        "class token, on both axes, each row divided by its sum.",
        "`y` and `x` say row and column of each patch, as float tensors on the maps' device: `torch.arange` of the "
        "rows, with `.repeat_interleave(cols)`, and of the columns, with `.repeat(rows)`. "
        "`torch.hypot(y[:, None] - y, x[:, None] - x)` is then the distance of any two patches, (N, N).",
        "`a = attention[:, :, 1:, 1:]`, and each row divided by `a.sum(dim=-1, keepdim=True)`. Weights times "
        "distances, summed over the patches looked at, the last axis, say how far each patch looks; then take the mean "
        "over the patches that look.",
    ),
    misconceptions=(
        wrong(
            "rows not normalised again",
            """Your distances are too short: without the class token the rows sum to less than 1, and what is missing
            counts as distance 0. Patches that look at the class token much would seem to look near.""",
            "patches / patches.sum(dim=-1, keepdim=True)",
            "patches",
        ),
        wrong(
            "columns normalised",
            """Your weights sum to 1 along the wrong axis: over the patches that look, instead of over those looked at.
            A patch's own weights stand in its row.""",
            "patches.sum(dim=-1, keepdim=True)",
            "patches.sum(dim=-2, keepdim=True)",
        ),
        wrong(
            "one sum for all rows",
            """Close, but not equal: all weights of a map are divided by one number, their total. Then a patch that
            gives the class token little counts more than others. Each patch's own weights have to sum to 1.""",
            function=_one_sum_for_all_rows,
        ),
        wrong(
            "a second softmax",
            """Your distances hardly differ from those of equal weights. What remains without the class token are
            weights, not scores: a second softmax makes numbers between 0 and 1 almost equal.""",
            "patches / patches.sum(dim=-1, keepdim=True)",
            "patches.softmax(dim=-1)",
        ),
        wrong(
            "class token last",
            """Everything is moved by one patch: the last patch is left out and the class token stays in. The class
            token is the first token, on both axes.""",
            "attention[:, :, prefix:, prefix:]",
            "attention[:, :, :-prefix, :-prefix]",
        ),
        wrong(
            "class token at distance 0",
            """Your distances are too short: the class token still counts, as a token that looks and as one looked at,
            with distance 0 to all. It has no place on the grid, so it is left out on both sides: of sums and of
            means.""",
            function=_class_token_as_a_patch,
        ),
        wrong(
            "summed over the patches",
            """Your numbers are too large by the number of patches: what each patch has is summed. The distance of a
            head is the mean over the patches that look.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1).sum(dim=-1)",
        ),
        wrong(
            "mean over all pairs",
            """Your numbers are too small by the number of patches: you take a mean over those looked at, too. Weights
            that sum to 1 make a mean already, when their products are summed.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".mean(dim=-1).mean(dim=-1)",
        ),
        wrong(
            "mean over the heads",
            """The axis of heads is gone. Whether some heads look near and some far is what this measure is for: keep
            them apart.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1).mean(dim=(1, 2))",
        ),
        wrong(
            "mean over the images",
            """The axis of images is gone. Each image has its own maps, and its own distance for each head; the mean
            over images can be taken afterwards.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1).mean(dim=(0, 2))",
        ),
        wrong(
            "one for each patch",
            """There is an axis too many: you say how far each patch looks. A head's distance is the mean over the
            patches that look.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1)",
        ),
        wrong(
            "steps instead of distance",
            """Distances along a row or a column of the grid are right, diagonal ones too long: steps down and steps
            across are added. The formula has the length of the straight line.""",
            HYPOT,
            "(y[:, None] - y[None]).abs() + (x[:, None] - x[None]).abs()",
        ),
        wrong(
            "no root",
            """Patches side by side are right, farther ones much too far: the squares of the two differences are added,
            and the root is missing.""",
            HYPOT,
            "(y[:, None] - y[None]) ** 2 + (x[:, None] - x[None]) ** 2",
        ),
        wrong(
            "the larger of two steps",
            """Diagonal distances are too short: of the two differences you take the larger one, as a king moves in
            chess. The formula has the length of the straight line.""",
            HYPOT,
            "torch.maximum((y[:, None] - y[None]).abs(), (x[:, None] - x[None]).abs())",
        ),
        wrong(
            "root of the mean square",
            """Your distances are somewhat too long: you average squares and take the root at the end, so that far
            patches weigh more. The formula averages the distances themselves.""",
            "distance.to(weights.dtype)).sum(dim=-1).mean(dim=-1)",
            "distance.to(weights.dtype) ** 2).sum(dim=-1).mean(dim=-1).sqrt()",
        ),
        wrong(
            "to the mean place",
            """Your distances are too short: you average the places a patch looks at, and then measure how far that mean
            lies. A patch that looks left and right alike would look at itself. Measure first, then average.""",
            function=_to_the_mean_place,
        ),
        wrong(
            "grid from 0 to 1",
            """Your distances are all below 1.5: places are divided by the size of the grid. Asked for are patches: the
            next one is 1 away.""",
            ("float(height)", "float(height) / rows"),
            ("float(width)", "float(width) / cols"),
        ),
        wrong(
            "rows only",
            "Only differences between rows count; patches in one row have distance 0. A place on the grid has two "
            "numbers.",
            HYPOT,
            "(y[:, None] - y[None]).abs()",
        ),
        wrong(
            "columns only",
            """Only differences between columns count; patches below one another have distance 0. A place on the grid
            has two numbers.""",
            HYPOT,
            "(x[:, None] - x[None]).abs()",
        ),
        wrong(
            "grid read column by column",
            """Square grids are right, others are not: the places are numbered column by column, or along rows of the
            wrong length. On a square grid that only mirrors all places, and distances stay. `grid` is (rows, columns),
            and patch 1 lies at the right of patch 0.""",
            (
                "arange(rows, device=attention.device).repeat_interleave(cols)",
                "arange(rows, device=attention.device).repeat(cols)",
            ),
            (
                "arange(cols, device=attention.device).repeat(rows)",
                "arange(cols, device=attention.device).repeat_interleave(rows)",
            ),
        ),
        wrong(
            "along the sequence",
            """A grid of one row is right, others are not: you measure how far apart two patches stand in the sequence.
            There the last patch of a row stands next to the first of the next one; in the image they lie at opposite
            borders.""",
            function=_along_the_sequence,
        ),
        wrong(
            "strongest patch only",
            """Your numbers do not move with small changes of the weights: only the patch that is looked at most counts.
            The formula weighs all distances.""",
            function=_strongest_only,
        ),
        wrong(
            "without the patch itself",
            """Your distances are too long: a patch's look at itself is left out, too. It has distance 0, and it counts:
            whoever looks at itself looks near.""",
            function=_without_itself,
        ),
        wrong(
            "a square grid",
            """Square grids are right, others fail or are wrong: the first number of `grid` stands for both sides.""",
            function=_square_grid,
        ),
        wrong(
            "changes the maps",
            """The numbers may be right, but the recorded maps are other ones after the call: something is written into
            the tensor that was passed in.""",
            function=_in_place,
        ),
        wrong(
            "weights left out",
            """All heads of all images have the same number: the mean distance of any two patches. The weights play no
            part.""",
            "(weights * distance.to(weights.dtype))",
            "(torch.ones_like(weights) / weights.shape[-1] * distance.to(weights.dtype))",
        ),
        wrong(
            "rounded down",
            """Patches side by side are right, diagonal distances too short: they are rounded down to whole numbers, as
            a cast to whole numbers does. The root of 2 is no 1.""",
            HYPOT,
            HYPOT + ".floor()",
        ),
        wrong(
            "rounded",
            """Along rows and columns your distances are right, diagonal ones are not: they are rounded to whole
            numbers. A diagonal neighbor is farther than 1 away, and nearer than 2.""",
            HYPOT,
            HYPOT + ".round()",
        ),
        wrong(
            "rounded up",
            """Along rows and columns your distances are right, diagonal ones too long: they are rounded up to whole
            numbers. A diagonal neighbor is nearer than 2.""",
            HYPOT,
            HYPOT + ".ceil()",
        ),
        wrong(
            "class token still looks",
            """It stops with an error: along the axis of the tokens that look there is one more than the grid has cells.
            The class token still looks; it has no place, so it is left out on both axes.""",
            "attention[:, :, prefix:, prefix:]",
            "attention[:, :, :, prefix:]",
        ),
        wrong(
            "class token still looked at",
            """It stops with an error: along the axis of the tokens looked at there is one more than the grid has cells.
            The class token is still among them; it has no place, so it is left out on both axes.""",
            "attention[:, :, prefix:, prefix:]",
            "attention[:, :, prefix:, :]",
        ),
        wrong(
            "sums along the wrong axis, by broadcasting",
            """Your weights do not sum to 1: each is divided by the sum of another patch's row. Sums without an axis for
            those looked at line up from the right, with the columns; they have to stand beside their rows.""",
            "patches.sum(dim=-1, keepdim=True)",
            "patches.sum(dim=-1)[:, :, None]",
        ),
        wrong(
            "sums without their axis",
            """It stops with an error where the weights are divided by their sums: a sum removes its axis, and what is
            left lines up from the right, with the wrong axes. The summed axis has to stay, with length 1.""",
            "patches.sum(dim=-1, keepdim=True)",
            "patches.sum(dim=-1)",
        ),
        wrong(
            "divided by the length of the row",
            """Your distances are too long: each row of weights is divided by the root of its sum of squares, so that
            its squares sum to 1. It is the weights themselves that have to sum to 1.""",
            "patches.sum(dim=-1, keepdim=True)",
            "patches.norm(dim=-1, keepdim=True)",
        ),
        wrong(
            "divided by the largest weight",
            """Your distances are too long: each row of weights is divided by its largest one, so that it sums to more
            than 1. A weighted mean needs weights that sum to 1.""",
            "patches.sum(dim=-1, keepdim=True)",
            "patches.amax(dim=-1, keepdim=True)",
        ),
        wrong(
            "mean over all tokens",
            """Your numbers are slightly too small: the sum is divided by the number of tokens, the class token
            included. Only patches look here, so it is their number that the mean needs.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=(-1, -2)) / attention.shape[-1]",
        ),
        wrong(
            "mean over one patch less",
            """Your numbers are slightly too large: the sum is divided by one less than the number of patches. All
            patches look, and all of them count.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=(-1, -2)) / (weights.shape[-1] - 1)",
        ),
        wrong(
            "class token alone, from the middle",
            """This is how far the class token looks, as if it stood in the middle of the image. It has no place; asked
            for is how far the patches look, on average.""",
            function=_class_token_alone_from_the_middle,
        ),
        wrong(
            "class token alone, from the corner",
            """This is how far the class token looks, as if it stood on the first patch. It has no place; asked for is
            how far the patches look, on average.""",
            function=_class_token_alone_from_the_corner,
        ),
        wrong(
            "class token in the corner",
            """Your numbers are near, but not right: the class token counts, too, as if it stood on the first patch. It
            has no place on the grid, so it is left out on both sides.""",
            function=_class_token_in_the_corner,
        ),
        wrong(
            "class token in the middle",
            """Your numbers are near, but not right: the class token counts, too, as if it stood in the middle of the
            grid. It has no place there, so it is left out on both sides.""",
            function=_class_token_in_the_middle,
        ),
        wrong(
            "class token's weights for all",
            """Your numbers use one row of weights for all patches, the class token's. Each patch that looks has a row
            of its own.""",
            "attention[:, :, prefix:, prefix:]",
            "attention[:, :, :prefix, prefix:]",
        ),
        wrong(
            "counted with the class token",
            """Your places are wrong: patches are numbered from 1, as they stand behind the class token, so that the
            last patch of each row of the grid falls into the next one. Patch 0 lies in row 0, column 0.""",
            function=_counted_with_the_class_token,
        ),
        wrong(
            "first patch only",
            """This is how far the first patch looks. The distance of a head is the mean over all patches that look.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1)[..., 0]",
        ),
        wrong(
            "root of each patch's mean square",
            """Your distances are somewhat too long: for each patch you average squares and take the root, so that far
            patches weigh more. The formula averages the distances themselves.""",
            "distance.to(weights.dtype)).sum(dim=-1).mean(dim=-1)",
            "distance.to(weights.dtype) ** 2).sum(dim=-1).sqrt().mean(dim=-1)",
        ),
        wrong(
            "root mean square over the patches",
            """Your distances are slightly too long: over the patches that look you take the root of the mean square.
            The formula has their plain mean.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1).square().mean(dim=-1).sqrt()",
        ),
        wrong(
            "farthest-looking patch",
            """Your numbers are too large: of the patches that look you take the one that looks farthest. The distance
            of a head is the mean over them.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1).amax(dim=-1)",
        ),
        wrong(
            "largest product only",
            """Your numbers are too small: of all weighted distances of a patch only the largest counts. A weighted mean
            adds them up.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".amax(dim=-1).mean(dim=-1)",
        ),
        wrong(
            "median over the patches",
            """Your numbers are near, but not right: over the patches that look you take the median. The formula has
            their mean.""",
            ".sum(dim=-1).mean(dim=-1)",
            ".sum(dim=-1).median(dim=-1).values",
        ),
        wrong(
            "heads averaged first",
            """The axis of heads is gone: their maps are averaged before anything is measured. Whether some heads look
            near and some far is what this measure is for.""",
            function=_mean_of_the_heads,
        ),
        wrong(
            "heads averaged, axis kept",
            """The axis of heads has length 1: their maps are averaged before anything is measured. Whether some heads
            look near and some far is what this measure is for.""",
            function=_mean_of_the_heads_kept,
        ),
        wrong(
            "places from 0 to 1",
            """Your distances are all below 1.5: places run from 0 to 1 along each side. Asked for are patches: the next
            one is 1 away, in both directions.""",
            ("float(height)", "float(height) / max(rows - 1, 1)"),
            ("float(width)", "float(width) / max(cols - 1, 1)"),
        ),
        wrong(
            "places from -1 to 1",
            """A grid of 3 x 3 is right, others are not: places run from -1 to 1 along each side. Asked for are patches:
            the next one is 1 away, in both directions.""",
            ("float(height)", "float(height) * 2 / max(rows - 1, 1)"),
            ("float(width)", "float(width) * 2 / max(cols - 1, 1)"),
        ),
    ),
)
