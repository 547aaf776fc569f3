"""`class_attention_map` (lesson 06): where the class token looks, laid out on the image's grid."""

from __future__ import annotations

import torch
from torch import Tensor

from ...maps.reduce import class_attention_map
from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def _first_image_only(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return class_attention_map(attention[:1], grid)


def _in_place(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    attention[:, :, 0, 0] = 0
    attention /= attention.sum(dim=-1, keepdim=True)
    return class_attention_map(attention, grid)


def _square_grid(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return class_attention_map(attention, (grid[0], grid[0]))


def _sums_to_what_the_patches_get(value: Tensor, arguments: Arguments) -> bool:
    wanted = 1 - arguments["attention"][:, :, 0, 0]
    total = value.flatten(2).sum(dim=-1) if value.ndim > 2 else value.sum()
    return total.shape == wanted.shape and torch.allclose(total, wanted, rtol=1e-5, atol=1e-6)


def _is_no_other_row(value: Tensor, arguments: Arguments) -> bool:
    row, patches = value.flatten(2)[:, :, None], arguments["attention"][:, :, 1:, 1:]
    return row.shape[-1] != patches.shape[-1] or not torch.isclose(row, patches).all(dim=(0, 1, 3)).any()


def maps(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Attention maps as a model has them: a softmax of normal scores, which no two axes treat alike."""
    return (2 * normal(generator, *shape)).softmax(dim=-1).to(dtype)


def _reshaped_with_the_class_token(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return attention[:, :, 0].reshape(*attention.shape[:2], *grid)


def _looks_at_itself(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    return attention.diagonal(dim1=-2, dim2=-1)[..., 1:].unflatten(-1, grid)


def _sides_by_the_root(attention: Tensor, grid: tuple[int, int]) -> Tensor:
    side = int((attention.shape[-1] - 1) ** 0.5)
    return attention[:, :, 0, 1:].reshape(*attention.shape[:2], side, side)


EXERCISE = Exercise(
    name="class_attention_map",
    lesson="06",
    reference=class_attention_map,
    stub="(attention, grid)",
    minutes=3,
    gradients=False,
    difficulty=1,
    axes=("image", "head", "row", "column"),
    batch=("attention",),
    probes=(
        probe(
            "maps of 2 images, 4 heads, a class token and a grid of 3 x 5 patches",
            lambda g: {"attention": maps(g, 2, 4, 16, 16), "grid": (3, 5)},
        ),
        probe(
            "maps of 2 images, 5 heads, a class token and a square grid of 3 x 3 patches",
            lambda g: {"attention": maps(g, 2, 5, 10, 10), "grid": (3, 3)},
            "square grids",
        ),
        probe(
            "maps of 3 images, one head, a class token and a grid of 4 x 2 patches, float32",
            lambda g: {"attention": maps(g, 3, 1, 9, 9, dtype=torch.float32), "grid": (4, 2)},
            "one head",
            "float32 inputs",
        ),
        probe(
            "maps of one image, 2 heads, a class token and a grid of 2 x 6 patches, float32",
            lambda g: {"attention": maps(g, 1, 2, 13, 13, dtype=torch.float32), "grid": (2, 6)},
            "a single image",
            "float32 inputs",
        ),
    ),
    properties=(
        Property(
            "another token's row",
            "This is where a patch looks, not the class token: the row is another token's. Tokens that look are "
            "counted along the first of the two token axes, and the class token comes first.",
            _is_no_other_row,
        ),
        Property(
            "sum",
            "The numbers of one map do not sum to what the class token gives to the patches, which is 1 less its look "
            "at itself: they are other weights, or weights that were changed.",
            _sums_to_what_the_patches_get,
        ),
    ),
    hints=(
        "Which axis of a map belongs to the tokens that look, and which to those looked at? The class token is token "
        "0.",
        "Take one row of each map, leave the class token's look at itself out, and lay what remains out on the grid.",
        "Indexing does the first two, on the last two axes. Then the last axis becomes two: `unflatten`, `reshape` or "
        "`einops.rearrange`, rows first.",
    ),
    misconceptions=(
        wrong(
            "a column for a row",
            """This shows who looks at the class token, not where the class token looks: you took its column. The first
            of the two token axes is that of the tokens that look; its entries sum to 1 along the second.""",
            "0, 1:",
            "1:, 0",
        ),
        wrong(
            "the look at itself kept",
            """Everything is moved by one patch: the first cell shows the class token's look at itself, and the last
            patch is missing. The class token stands before the patches on both axes.""",
            "0, 1:",
            "0, :-1",
        ),
        wrong(
            "class token last",
            """This is the row of the last patch. The class token is the first token, not the last one, on both
            axes.""",
            "0, 1:",
            "-1, :-1",
        ),
        wrong(
            "row of the first patch",
            "This is where the first patch looks, not the class token: counting starts at 0, and the class token has "
            "0.",
            "0, 1:",
            "1, 1:",
        ),
        wrong(
            "columns before rows",
            """The grid has its sides exchanged: it is cut into rows of the wrong length. `grid` is (rows, columns), and
            patches are counted row by row.""",
            "(rows, cols)",
            "(cols, rows)",
        ),
        wrong(
            "filled column by column",
            """The weights are right and the shape is, but they stand in the wrong cells: you fill the grid column by
            column. Patch 1 lies at the right of patch 0.""",
            "unflatten(-1, (rows, cols))",
            "unflatten(-1, (cols, rows)).transpose(-1, -2)",
        ),
        wrong(
            "mean over the heads",
            """The axis of heads is gone: you took their mean. Each head has a map of its own; whoever wants the mean
            can take it afterwards.""",
            "attention[:, :, 0, 1:]",
            "attention.mean(dim=1)[:, 0, 1:]",
        ),
        wrong(
            "first head only",
            "The axis of heads is gone: only the first head is shown. Each head has a map of its own.",
            "[:, :, 0, 1:]",
            "[:, 0, 0, 1:]",
        ),
        wrong(
            "not laid out",
            """The weights are right, but they stand in a row still. The patches' axis has to become two, rows and
            columns of the grid, before it is a picture.""",
            ".unflatten(-1, (rows, cols))",
            "",
        ),
        wrong(
            "brought to sum 1",
            """The pattern is right, but the weights are too large: each map is divided by its sum. What is missing to 1
            is the class token's look at itself, and that is a finding too: it should stay visible.""",
            "attention[:, :, 0, 1:]",
            "(attention[:, :, 0, 1:] / attention[:, :, 0, 1:].sum(dim=-1, keepdim=True))",
        ),
        wrong(
            "stretched to 1",
            """The pattern is right, but every map has its largest weight at 1: it is divided by it. That is a matter of
            colors. As numbers, a flat map and a sharp one cannot be told apart any more.""",
            "attention[:, :, 0, 1:]",
            "(attention[:, :, 0, 1:] / attention[:, :, 0, 1:].amax(dim=-1, keepdim=True))",
        ),
        wrong(
            "stretched from 0 to 1",
            """Every map of yours goes from exactly 0 to exactly 1: its smallest weight is taken away, then it is
            divided by its range. That is a matter of colors; these are no weights any more.""",
            "attention[:, :, 0, 1:]",
            """((attention[:, :, 0, 1:] - attention[:, :, 0, 1:].amin(dim=-1, keepdim=True)) / (attention[:, :, 0,
            1:].amax(dim=-1, keepdim=True) - attention[:, :, 0, 1:].amin(dim=-1, keepdim=True)))""",
        ),
        wrong(
            "what patches receive",
            """This is how much each patch receives from all tokens on average. It answers another question: the
            prediction is read off the class token, so its own row alone is asked for.""",
            "attention[:, :, 0, 1:]",
            "attention.mean(dim=2)[:, :, 1:]",
        ),
        wrong(
            "what patches receive from patches",
            """This is how much each patch receives from the other patches on average. It answers another question: the
            prediction is read off the class token, so its own row alone is asked for.""",
            "attention[:, :, 0, 1:]",
            "attention[:, :, 1:, 1:].mean(dim=2)",
        ),
        wrong(
            "a second softmax",
            """Your map is nearly flat. The weights have been through a softmax already; a second one makes numbers
            between 0 and 1 almost equal.""",
            "attention[:, :, 0, 1:]",
            "attention.softmax(dim=-1)[:, :, 0, 1:]",
        ),
        wrong(
            "softmax of the patches' weights",
            """Your map is nearly flat and sums to 1. What you cut out are weights, not scores: they have been through a
            softmax already.""",
            "attention[:, :, 0, 1:]",
            "attention[:, :, 0, 1:].softmax(dim=-1)",
        ),
        wrong(
            "a square grid",
            """Square grids are right, others fail or have the wrong shape: the first number of `grid` stands for both
            sides.""",
            function=_square_grid,
        ),
        wrong(
            "first image only",
            "Only the first image's maps come back; the batch axis has to stay.",
            function=_first_image_only,
        ),
        wrong(
            "changes the maps",
            """The recorded maps are other ones after the call, and so is the result: something is written into the
            tensor that was passed in.""",
            function=_in_place,
        ),
        wrong(
            "class token not cut off",
            """It stops with an error: what you lay out has one number more than the grid has cells. The class token is
            still among the tokens looked at, and it has no cell.""",
            "0, 1:",
            "0",
        ),
        wrong(
            "class token not cut off, reshaped",
            """It stops with an error: what you lay out has one number more than the grid has cells. The class token is
            still among the tokens looked at, and it has no cell.""",
            function=_reshaped_with_the_class_token,
        ),
        wrong(
            "index on the heads' axis",
            """Where the heads should be counted, your result counts tokens: you take number 0 of the heads, and every
            token's row. The axes are images, heads, tokens that look, tokens looked at.""",
            "[:, :, 0, 1:]",
            "[:, 0, :, 1:]",
        ),
        wrong(
            "every token's row",
            """There is an axis too many: a picture for each token that looks, the class token among them. Only one of
            these rows is asked for.""",
            "[:, :, 0, 1:]",
            "[:, :, :, 1:]",
        ),
        wrong(
            "every patch's row",
            """There is an axis too many: a picture for each patch that looks. The class token is left out on both axes
            here, though it is the one whose row is asked for.""",
            "[:, :, 0, 1:]",
            "[:, :, 1:, 1:]",
        ),
        wrong(
            "first image's maps alone",
            """The axis of images is gone: you take number 0 of the first axis, and that one counts the images. The
            class token is number 0 of the tokens.""",
            "[:, :, 0, 1:]",
            "[0, :, 0, 1:]",
        ),
        wrong(
            "mean over the images",
            "The axis of images is gone: you took their mean. Each image has maps of its own.",
            "attention[:, :, 0, 1:]",
            "attention.mean(dim=0)[:, 0, 1:]",
        ),
        wrong(
            "maximum over the heads",
            """The axis of heads is gone: you took the largest weight of all heads. Each head has a map of its own;
            whoever wants one for all can make it afterwards.""",
            "attention[:, :, 0, 1:]",
            "attention.amax(dim=1)[:, 0, 1:]",
        ),
        wrong(
            "sum over the heads",
            """The axis of heads is gone: you added them up. Each head has a map of its own; whoever wants one for all
            can make it afterwards.""",
            "attention[:, :, 0, 1:]",
            "attention.sum(dim=1)[:, 0, 1:]",
        ),
        wrong(
            "images and heads in one axis",
            """Images and heads are counted along one axis: three axes come back instead of four. Only the last axis is
            to become two; the first two stay as they are.""",
            ".unflatten(-1, (rows, cols))",
            ".reshape(-1, rows, cols)",
        ),
        wrong(
            "looks at itself",
            """This is how much each patch looks at itself: the diagonal of the map. Asked for is how much the class
            token looks at each patch, which is one row.""",
            function=_looks_at_itself,
        ),
        wrong(
            "what patches receive, summed",
            """This is how much each patch receives from all tokens together. It answers another question: the
            prediction is read off the class token, so its own row alone is asked for.""",
            "attention[:, :, 0, 1:]",
            "attention.sum(dim=2)[:, :, 1:]",
        ),
        wrong(
            "what patches receive from patches, summed",
            """This is how much each patch receives from all patches together. It answers another question: the
            prediction is read off the class token, so its own row alone is asked for.""",
            "attention[:, :, 0, 1:]",
            "attention[:, :, 1:, 1:].sum(dim=2)",
        ),
        wrong(
            "sides by the root",
            """Square grids are right, others fail: both sides are taken to be the root of the number of patches. `grid`
            tells how many rows and how many columns there are.""",
            function=_sides_by_the_root,
        ),
    ),
)
