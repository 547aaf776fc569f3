"""`project_patches` (lesson 01): a convolution's filters applied to patches that are cut already."""

from __future__ import annotations

import torch
from torch import Tensor

from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def project_patches(patches: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Map each patch to a token, with the filters and the bias of a convolution whose stride is its kernel.

    patches: (batch, tokens, channels P^2); weight: (embed_dim, channels, P, P); bias: (embed_dim,).
    Returns (batch, tokens, embed_dim).
    """
    filters = weight.flatten(1)  # (embed_dim, channels P^2)
    return patches @ filters.T + bias


def _first_channel_only(patches: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    first = weight[:, 0].flatten(1)
    return patches[:, :, : first.shape[1]] @ first.T + bias


def _differs_by_more_than_the_bias(value: Tensor, arguments: Arguments) -> bool:
    """Is it right, or is something else wrong than what all tokens have in common?"""
    off = value - project_patches(**arguments)
    in_common = torch.allclose(off, off[:1, :1].expand_as(off), rtol=1e-5, atol=1e-5)
    return not in_common or bool(off.abs().max() < 1e-5)


def _convolved_as_one_image(patches: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    (b, n, _), (_, c, p, _) = patches.shape, weight.shape
    row = patches.reshape(b, c, p, n * p)
    return torch.nn.functional.conv2d(row, weight, bias, stride=p).flatten(2).transpose(1, 2)


def _patches_as_images(patches: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.nn.functional.conv2d(patches, weight, bias)


def _matrix_and_rest(value: Tensor, arguments: Arguments) -> tuple[Tensor, float] | None:
    """The matrix that makes the tokens, the bias being right, and how far it misses them; None for too few tokens."""
    patches, wanted = arguments["patches"].flatten(0, 1), (value - arguments["bias"]).flatten(0, 1)
    if len(patches) <= patches.shape[1] + 1:
        return None
    matrix = torch.linalg.lstsq(patches, wanted).solution
    return matrix, float((patches @ matrix - wanted).abs().max())


def _one_matrix(value: Tensor, arguments: Arguments) -> bool:
    found, right = _matrix_and_rest(value, arguments), project_patches(**arguments)
    factor = (value * right).sum() / (right * right).sum()
    if torch.allclose(value, factor * right, rtol=1e-5, atol=1e-6):  # another relation tells of the factor
        return True
    return found is None or found[1] < 1e-6 or not _differs_by_more_than_the_bias(value, arguments)


def _the_filters(value: Tensor, arguments: Arguments) -> bool:
    found = _matrix_and_rest(value, arguments)
    if found is None or found[1] >= 1e-6:
        return True
    return torch.allclose(found[0], arguments["weight"].flatten(1).T, rtol=1e-5, atol=1e-6)


def _is_not_squeezed(value: Tensor, arguments: Arguments) -> bool:
    return bool(value.min() < -0.5 and value.abs().max() > 1)


EXERCISE = Exercise(
    name="project_patches",
    lesson="01",
    reference=project_patches,
    stub="(patches, weight, bias)",
    minutes=4,
    difficulty=2,
    piece=True,
    axes=("image", "token", "entry"),
    batch=("patches",),
    properties=(
        Property(
            "bias",
            "Tokens differ from one another as they should; wrong is only what all of them have in common, the bias: "
            "it is missing, counted more than once, or not added entry by entry.",
            _differs_by_more_than_the_bias,
        ),
        Property(
            "linear",
            "All your numbers lie between -1 and 1, or hardly one is negative. Something squeezes them: an "
            "activation, a softmax or an average. A token is a linear map of its patch.",
            _is_not_squeezed,
        ),
        Property(
            "filters",
            "A matrix makes your tokens from the patches, and the bias is right, but it is not the matrix of these "
            "filters. Look at how you make it from `weight`, where each filter becomes one list of numbers, in the "
            "order of a patch's numbers; and at what becomes of the patches before the product.",
            _the_filters,
        ),
        Property(
            "one matrix",
            "No matrix leads from the patches to your tokens, with the bias added: numbers of several patches are "
            "mixed, something is normalized or bent on the way, or the bias comes in otherwise than by being added.",
            _one_matrix,
        ),
    ),
    probes=(
        # More patches than numbers in one, so that they tell the matrix.
        probe(
            "three images of 8 patches, 2 x 2 pixels of 4 channels each, tokens of 6 numbers",
            lambda g: {"patches": normal(g, 3, 8, 16), "weight": normal(g, 6, 4, 2, 2), "bias": normal(g, 6)},
        ),
        probe(
            "two images of 5 patches, 4 x 4 pixels of 3 channels each, tokens of 6 numbers",
            lambda g: {"patches": normal(g, 2, 5, 48), "weight": normal(g, 6, 3, 4, 4), "bias": normal(g, 6)},
        ),
        probe(
            "two images of 7 patches, 2 x 2 pixels of 3 channels each, tokens of 12 numbers, as many as a patch has",
            lambda g: {"patches": normal(g, 2, 7, 12), "weight": normal(g, 12, 3, 2, 2), "bias": normal(g, 12)},
            "tokens as long as a patch",
        ),
        probe(
            "three gray images of 7 patches, 3 x 3 pixels each, tokens of 5 numbers, float32",
            lambda g: {
                "patches": normal(g, 3, 7, 9, dtype=torch.float32),
                "weight": normal(g, 5, 1, 3, 3, dtype=torch.float32),
                "bias": normal(g, 5, dtype=torch.float32),
            },
            "gray images",
            "float32 inputs",
        ),
        probe(
            "one image of 6 patches, 2 x 2 pixels of 4 channels each, tokens of 6 numbers, float32",
            lambda g: {
                "patches": normal(g, 1, 6, 16, dtype=torch.float32),
                "weight": normal(g, 6, 4, 2, 2, dtype=torch.float32),
                "bias": normal(g, 6, dtype=torch.float32),
            },
            "a single image",
            "float32 inputs",
        ),
        probe(
            "two images of 9 patches, 2 x 2 pixels of 3 channels each, tokens of 5 numbers",
            lambda g: {"patches": normal(g, 2, 9, 12), "weight": normal(g, 5, 3, 2, 2), "bias": normal(g, 5)},
            "images with as many rows of patches as columns",
        ),
    ),
    hints=(
        "One number of a token is the sum of a filter's numbers times a patch's numbers. In which order do the patch's "
        "numbers stand, and in which the filter's?",
        "Flatten each filter as `patchify` flattens a patch. Then you have a matrix with one filter a row, and a patch "
        "with as many numbers as a row.",
        "The formula of the lesson has one patch as a row, times $E$. `weight` with all axes but the first flattened "
        "into one has the filters as rows; in $E$ they are columns. The bias is added to every token.",
    ),
    misconceptions=(
        wrong(
            "no bias",
            "All numbers of one entry are off by the same amount, in every token: the bias is left out.",
            " + bias",
            "",
        ),
        wrong(
            "channels last in the filters",
            """Shape and bias are right, and gray images are. With several channels each number of a patch meets a wrong
            number of the filter: you flatten the filters pixel by pixel, `patchify` flattened the patches channel by
            channel.""",
            "flatten(1)",
            "permute(0, 2, 3, 1).flatten(1)",
        ),
        wrong(
            "transposed filters",
            """The numbers are wrong, for gray images too: rows and columns of each filter are exchanged before it is
            flattened, those of the patches are not.""",
            "= weight",
            "= weight.transpose(2, 3)",
        ),
        wrong(
            "reshaped instead of transposed",
            """The shape fits, but the numbers are wrong: your matrix has the right size, and in its columns are pieces
            of several filters. Reshaping fills row by row; to turn rows into columns the axes have to be exchanged.""",
            "filters.T",
            "filters.reshape(patches.shape[-1], -1)",
        ),
        wrong(
            "a matrix that is not turned",
            """It works only where a token is as long as a patch, and its numbers are wrong even there: each number of a
            token is made from a piece of every filter. The product takes rows of the left with columns of the right;
            your filters lie in the rows.""",
            "filters.T",
            "filters",
        ),
        wrong(
            "flipped filters",
            """The numbers are wrong because each filter is turned upside down and mirrored, as in the convolution of
            signal processing. What deep learning calls a convolution lays the filter on the image as it is.""",
            "= weight",
            "= weight.flip(2, 3)",
        ),
        wrong(
            "filters read backwards",
            """The numbers are wrong because each filter is read backwards, from its last number to its first, channels
            too. A filter's first number meets a patch's first number.""",
            "flatten(1)",
            "flatten(1).flip(1)",
        ),
        wrong(
            "bias added to the matrix",
            """The bias is added to the matrix, before the product: it is then multiplied by every number of a patch,
            and weighs as much as their sum. It belongs to a token's entry, after the product.""",
            "filters.T + bias",
            "(filters.T + bias)",
        ),
        wrong(
            "patches normalized first",
            """The patches are normalized on the way, so that bright and dark ones, or ones of weak and strong contrast,
            give the same token. A convolution takes the pixels as they are.""",
            "patches @",
            "torch.nn.functional.layer_norm(patches, patches.shape[-1:]) @",
        ),
        wrong(
            "filters normalized",
            """Each entry of your tokens is off by a factor of its own, apart from the bias: the filters are brought to
            length 1 first. They are used as they are; training has given them their length.""",
            "flatten(1)",
            "flatten(1) / weight.flatten(1).norm(dim=1, keepdim=True)",
        ),
        wrong(
            "patches centered first",
            """The mean of each patch is taken from it before the product, so that a bright patch and a dark one give
            the same token. A convolution takes the pixels as they are.""",
            "patches @",
            "(patches - patches.mean(dim=-1, keepdim=True)) @",
        ),
        wrong(
            "filters not flattened",
            """The product fails: each filter still has three axes, channels, rows and columns, while a patch is one
            list of numbers. They meet number by number, so a filter has to become a list, too.""",
            "weight.flatten(1)",
            "weight",
        ),
        wrong(
            "bias along the tokens",
            """The sum fails, or with as many tokens as entries it is wrong: the bias is turned into a column, so that
            each token would get one number of it. Each token gets the whole bias, entry by entry.""",
            "+ bias",
            "+ bias[:, None]",
        ),
        wrong(
            "bias multiplied",
            """Each entry of your tokens is multiplied by its number of the bias. A bias is added.""",
            "+ bias",
            "* bias",
        ),
        wrong(
            "patches taken for images",
            """The convolution fails: it wants images, with axes for channels, rows and columns. Your patches are lists
            of numbers, on an axis of tokens.""",
            function=_patches_as_images,
        ),
        wrong(
            "convolved as one image",
            """The shape is right, the numbers are not: you reshape the patches to one long image, and let the
            convolution cut it. A reshape moves no number; the pieces that it cuts mix several patches.""",
            function=_convolved_as_one_image,
        ),
        wrong(
            "bias in every product",
            """The bias weighs too much: it is added to each product, before the sum, so that it counts once for every
            number of a patch. It belongs to a token's entry, once.""",
            "patches @ filters.T + bias",
            "patches @ filters.T + bias * patches.shape[-1]",
        ),
        wrong(
            "a mean instead of a sum",
            """Apart from the bias your numbers are too small, by the length of a patch: products are averaged. A
            filter's answer is their sum.""",
            "patches @ filters.T",
            "patches @ filters.T / patches.shape[-1]",
        ),
        wrong(
            "scaled by the root of the length",
            """Apart from the bias your numbers are too small, by the root of a patch's length. Such a factor belongs to
            the scores of attention and to the start of training; the weights that you are given have it already.""",
            "patches @ filters.T",
            "patches @ filters.T / patches.shape[-1] ** 0.5",
        ),
        wrong(
            "entries before tokens",
            """The numbers are right, but the last two axes are exchanged: entries, then tokens, as a convolution
            returns its maps. A sequence model wants one row for each token.""",
            "patches @ filters.T + bias",
            "(patches @ filters.T + bias).transpose(1, 2)",
        ),
        wrong(
            "an activation",
            """No number of yours is negative, and many are 0: an activation stands behind the projection. Tokens are a
            linear map of the patches; the first activation of the model comes in the MLP.""",
            "patches @ filters.T + bias",
            "(patches @ filters.T + bias).relu()",
        ),
        wrong(
            "bias subtracted",
            "All numbers of one entry are off by twice its bias: it is subtracted.",
            " + bias",
            " - bias",
        ),
        wrong(
            "one token for an image",
            """The axis of tokens is gone, or its tokens are all alike: patches are averaged or summed. Each patch
            becomes a token of its own, from its own pixels.""",
            "patches @ filters.T",
            "patches.mean(dim=1) @ filters.T",
        ),
        wrong(
            "first channel only",
            """Gray images are right. With more channels only the first one counts: the other channels of filter and
            patch play no part in your tokens.""",
            function=_first_channel_only,
        ),
    ),
)
