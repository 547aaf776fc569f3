"""`embed_tokens` (lesson 04): the class token before the patches, positions on all tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ...vit import embed_tokens
from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def _one_image(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    return embed_tokens(patches[:1], class_token, positions)


def _written_into_patches(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    patches += positions[:, 1:]
    return torch.cat([(class_token + positions[:, :1]).expand(len(patches), -1, -1), patches], dim=1)


def _without_batch_axis(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    return torch.cat([class_token, patches[:1]], dim=1) + positions


def _zero_class_token(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    return F.pad(patches, (0, 0, 1, 0)) + positions


def _new_class_token(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    return torch.cat([torch.randn_like(class_token).expand(len(patches), -1, -1), patches], dim=1) + positions


def _single_precision(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    tokens = torch.zeros(patches.shape[0], patches.shape[1] + 1, patches.shape[2])
    tokens[:, :1] = class_token
    tokens[:, 1:] = patches
    return tokens + positions.float()


def _by_image(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    tokens = embed_tokens(patches, class_token)
    by_image = positions.transpose(0, 1)
    return tokens + by_image[torch.arange(len(tokens)) % len(by_image)]


_POSITIONS = "tokens if positions is None else tokens + positions"


def _patches_counted_from_0(patches: Tensor, class_token: Tensor, positions: Tensor) -> Tensor:
    return torch.cat([class_token.expand(len(patches), -1, -1), patches + positions[:, :-1]], dim=1)


def _positions_are_left(value: Tensor, arguments: Arguments) -> bool:
    """Where the same is added in every image, it is `positions`."""
    patches, positions = arguments["patches"], arguments["positions"]
    added = value - embed_tokens(patches, arguments["class_token"])
    if not torch.allclose(added, added[:1].expand_as(added), atol=1e-5):
        return True
    return torch.allclose(added[:1], positions, atol=1e-5)


def _rows_differ_by_positions(value: Tensor, arguments: Arguments) -> bool:
    """Between two images a token differs by what its patches differ by."""
    patches = arguments["patches"]
    return torch.allclose(value[:, 1:] - value[:1, 1:], patches - patches[:1], atol=1e-5)


EXERCISE = Exercise(
    name="embed_tokens",
    lesson="04",
    reference=embed_tokens,
    stub="(patches, class_token, positions)",
    minutes=3,
    difficulty=1,
    core=True,
    piece=True,
    axes=("image", "token", "channel"),
    batch=("patches",),
    probes=(
        probe(
            "three images of 4 patches, dim 6",
            lambda g: {
                "patches": normal(g, 3, 4, 6),
                "class_token": normal(g, 1, 1, 6),
                "positions": normal(g, 1, 5, 6),
            },
        ),
        probe(
            "one image of 6 patches, dim 2",
            lambda g: {
                "patches": normal(g, 1, 6, 2),
                "class_token": normal(g, 1, 1, 2),
                "positions": normal(g, 1, 7, 2),
            },
            "one image",
        ),
        probe(
            "two images of 3 patches, dim 5, in float32",
            lambda g: {
                "patches": normal(g, 2, 3, 5, dtype=torch.float32),
                "class_token": normal(g, 1, 1, 5, dtype=torch.float32),
                "positions": normal(g, 1, 4, 5, dtype=torch.float32),
            },
            "float32",
        ),
    ),
    hints=(
        "How many tokens come out, and which of them is the class token? How many rows has `positions`?",
        "There is one class token, and every image needs it: first give it a batch axis as long as the patches' own. "
        "Then put the two side by side along the axis of tokens.",
        "`class_token.expand(len(patches), -1, -1)` is one class token for each image, without copying. "
        "`torch.cat([..., ...], dim=1)` joins it with the patches along the tokens. What comes out has as many rows as "
        "`positions`: now add them, the axis of length 1 is broadcast over the images.",
    ),
    properties=(
        Property(
            "images differ by their patches alone",
            "Two images should differ, token by token, by as much as their patches differ. Yours do not: something "
            "besides the patches depends on the image, or the patches are scaled or mixed.",
            _rows_differ_by_positions,
        ),
        Property(
            "what is added is positions",
            "Take the class token from your token 0 and the patches from the others, and what is left is not "
            "`positions`, row for row. Is each row added to its token, once, and nothing else?",
            _positions_are_left,
        ),
    ),
    misconceptions=(
        wrong(
            "class token after the positions",
            """Token 0 is the bare class token: the first row of `positions` plays no part. The class token is a token
            like the others, and gets a position as well. Which comes first, joining or adding?""",
            (
                "class_token.expand(len(patches), -1, -1), patches]",
                "class_token.expand(len(patches), -1, -1), patches + positions[:, 1:]]",
            ),
            (_POSITIONS, "tokens"),
        ),
        wrong(
            "class token last",
            """The class token stands behind the patches. Then every patch gets the position of the patch before it,
            and whoever reads token 0 reads a patch.""",
            "[class_token.expand(len(patches), -1, -1), patches]",
            "[patches, class_token.expand(len(patches), -1, -1)]",
        ),
        wrong(
            "no positions",
            """The tokens are joined as they should be, but `positions` plays no part: two patches with the same pixels
            cannot be told apart.""",
            _POSITIONS,
            "tokens",
        ),
        wrong(
            "positions on the class token alone",
            """Patches come back as they went in: only the class token has a position. Each of the rows of `positions`
            belongs to one token.""",
            _POSITIONS,
            "torch.cat([tokens[:, :1] + positions[:, :1], tokens[:, 1:]], dim=1)",
        ),
        wrong(
            "one row of positions for all tokens",
            """All tokens get the same position, the first row: it is broadcast over the tokens, and the order of the
            patches cannot be seen.""",
            "tokens + positions",
            "tokens + positions[:, :1]",
        ),
        wrong(
            "positions by image",
            """All tokens of an image get the same position, and every image gets another: row by row, `positions` is
            spread over the images, not over the tokens. What an image gets then depends on its place in the batch.""",
            function=_by_image,
        ),
        wrong(
            "positions shifted by one",
            """Each token gets the position of its neighbor: the rows of `positions` are shifted by one. Row 0 belongs
            to the class token, row 1 to the first patch.""",
            "tokens + positions",
            "tokens + positions.roll(-1, dims=1)",
        ),
        wrong(
            "positions added twice",
            "Every token has moved twice as far as it should: the positions are added two times.",
            "tokens + positions",
            "tokens + 2 * positions",
        ),
        wrong(
            "patches counted from row 0",
            """Token 0 is the bare class token, and the patches have the positions from row 0 on, the last row left
            over. There are as many rows as tokens: row 0 is the class token's.""",
            function=_patches_counted_from_0,
        ),
        wrong(
            "positions multiplied",
            """Tokens and positions are multiplied. A position is something added to the token: where a code is 0, it
            should leave the token as it is, and yours becomes 0.""",
            "tokens + positions",
            "tokens * positions",
        ),
        wrong(
            "positions subtracted",
            "The positions have the wrong sign: they are subtracted from the tokens.",
            "tokens + positions",
            "tokens - positions",
        ),
        wrong(
            "class token joined along the channels",
            """The number of tokens is still that of the patches, and each has become longer: class token and patches
            are joined along the channels.""",
            function=lambda patches, class_token, positions: torch.cat(
                [class_token.expand(len(patches), patches.shape[1], -1), patches], dim=2
            ),
        ),
        wrong(
            "class token in place of the first patch",
            """There is one token too few for `positions`, or the first patch is gone: the class token takes a patch's
            place. It is one more, before all of them.""",
            function=lambda patches, class_token, positions: (
                torch.cat([class_token.expand(len(patches), -1, -1), patches[:, 1:]], dim=1) + positions[:, :-1]
            ),
        ),
        wrong(
            "class token added to the patches",
            """There is no token more than there were patches: the class token is added to each of them. It is a token
            of its own, beside them.""",
            function=lambda patches, class_token, positions: patches + class_token + positions[:, 1:],
        ),
        wrong(
            "class token not repeated",
            """It fails for several images: when class token and patches are joined along the tokens, all other axes
            have to agree, and the class token's first axis has length 1, not that of the batch. There is one class
            token, and each image needs it. Joining broadcasts nothing.""",
            function=lambda patches, class_token, positions: torch.cat([class_token, patches], dim=1) + positions,
        ),
        wrong(
            "class token not repeated, and without a position",
            """It fails for several images: when class token and patches are joined along the tokens, all other axes
            have to agree, and the class token's first axis has length 1, not that of the batch. For one image it runs,
            and the class token is without its position: row 0 is for it.""",
            function=lambda patches, class_token, positions: torch.cat(
                [class_token, patches + positions[:, 1:]], dim=1
            ),
        ),
        wrong(
            "joined along the images",
            """It fails: class token and patches are joined along the axis of images, axis 0, where the numbers of
            tokens, 1 and N, would have to agree. The class token is one more token of each image, not one more
            image.""",
            function=lambda patches, class_token, positions: torch.cat([class_token, patches], dim=0) + positions,
        ),
        wrong(
            "one row too few for the positions",
            """It fails where positions are added: there are N + 1 of them, and only N tokens on the other side. The
            class token has to be there, before the patches and as one token more, when all positions are added.""",
            function=lambda patches, class_token, positions: patches + positions,
        ),
        wrong(
            "class token in the first patch's place",
            """There are as many tokens as patches: the class token is written over the first patch of each image. It is
            one token more, before all of them.""",
            function=lambda patches, class_token, positions: (
                torch.cat([class_token.expand(len(patches), -1, -1), patches[:, 1:]], dim=1) + positions[:, 1:]
            ),
        ),
        wrong(
            "as many class tokens as patches",
            """It fails where positions are added: there are twice as many tokens as patches. The class token was made
            as long as the patches along the tokens, too. One for each image is enough; only the axis of images has to
            grow.""",
            function=lambda patches, class_token, positions: (
                torch.cat([class_token.expand_as(patches), patches], dim=1) + positions
            ),
        ),
        wrong(
            "stacked",
            """It fails: `stack` makes a new axis and takes tensors of one shape. One class token and N patches go
            behind one another along the axis of tokens that they already have.""",
            function=lambda patches, class_token, positions: torch.stack(
                [class_token.expand(len(patches), -1, -1), patches], dim=1
            ),
        ),
        wrong(
            "stacked, and not repeated",
            """It fails: `stack` makes a new axis and takes tensors of one shape. One class token for each image and N
            patches go behind one another along the axis of tokens that they already have.""",
            function=lambda patches, class_token, positions: torch.stack([class_token, patches], dim=1),
        ),
        wrong(
            "positions joined along the channels",
            """Your tokens are twice as long as they should be: positions are joined to them along the channels. They
            are added; a token keeps its length.""",
            function=lambda patches, class_token, positions: torch.cat(
                [embed_tokens(patches, class_token), positions.expand(len(patches), -1, -1)], dim=2
            ),
        ),
        wrong(
            "positions joined along the channels, and not repeated",
            """For several images it fails, and for one the tokens come out twice as long as they should be: positions
            are joined to the tokens along the channels. They are added; a token keeps its length.""",
            function=lambda patches, class_token, positions: torch.cat(
                [embed_tokens(patches, class_token), positions], dim=2
            ),
        ),
        wrong(
            "positions joined as tokens",
            """There are about twice as many tokens as there should be: the positions stand behind them as tokens of
            their own. They are added, row by row.""",
            function=lambda patches, class_token, positions: torch.cat(
                [embed_tokens(patches, class_token), positions.expand(len(patches), -1, -1)], dim=1
            ),
        ),
        wrong(
            "class token added to every token",
            """Token 0 is right, and every patch has moved: the class token is added to all tokens. It is the content of
            token 0 alone.""",
            function=lambda patches, class_token, positions: F.pad(patches, (0, 0, 1, 0)) + class_token + positions,
        ),
        wrong(
            "ones for the class token",
            """Token 0 holds ones and its position: `class_token` plays no part. It is learned, so a gradient has to
            reach it.""",
            function=lambda patches, class_token, positions: F.pad(patches, (0, 0, 1, 0), value=1.0) + positions,
        ),
        wrong(
            "mean of the patches for the class token",
            """Token 0 holds a mean of the patches and its position: `class_token` plays no part. It starts as the same
            vector for all images; the blocks bring the patches to it.""",
            function=lambda patches, class_token, positions: (
                torch.cat([patches.mean(dim=1, keepdim=True), patches], dim=1) + positions
            ),
        ),
        wrong(
            "class token last, without a position",
            """The class token stands behind the patches, and has no position. It is token 0, and row 0 of `positions`
            is for it.""",
            function=lambda patches, class_token, positions: torch.cat(
                [patches + positions[:, 1:], class_token.expand(len(patches), -1, -1)], dim=1
            ),
        ),
        wrong(
            "class token last, with row 0",
            """Each token has its own position, but they stand in another order: the class token is behind the patches.
            It is token 0.""",
            function=lambda patches, class_token, positions: embed_tokens(patches, class_token, positions).roll(-1, 1),
        ),
        wrong(
            "class token last, first rows for the patches",
            """The class token stands behind the patches, without a position, and the patches have the positions from
            row 0 on. It is token 0, and row 0 is for it.""",
            function=lambda patches, class_token, positions: torch.cat(
                [patches + positions[:, :-1], class_token.expand(len(patches), -1, -1)], dim=1
            ),
        ),
        wrong(
            "zeros for the class token",
            """Token 0 holds its position alone: `class_token` plays no part, zeros stand in its place. It is learned,
            so a gradient has to reach it.""",
            function=_zero_class_token,
        ),
        wrong(
            "first image only",
            """Only the first image comes back. The class token has a batch axis of length 1, so joining the two takes
            a class token for each image, not fewer images.""",
            function=_one_image,
        ),
        wrong(
            "changes the patches",
            """The patches themselves are other ones after the call: an operation in place writes the positions into
            the tensor that was passed in.""",
            function=_written_into_patches,
        ),
        wrong(
            "in float32",
            """Your tokens are float32, whatever the patches are: they are written into a new tensor, whose dtype is
            PyTorch's default.""",
            function=_single_precision,
        ),
    ),
)
