"""`patchify` (lesson 01): from images to rows of patches."""

from __future__ import annotations

from torch import Tensor

from ...patches import patchify
from ..spec import Exercise, normal, probe, wrong


def _one_image_at_a_time(images: Tensor, patch_size: int) -> Tensor:
    return patchify(images[:1], patch_size)


def _in_place(images: Tensor, patch_size: int) -> Tensor:
    images -= images.mean()
    return patchify(images, patch_size)


EXERCISE = Exercise(
    name="patchify",
    lesson="01",
    reference=patchify,
    stub="(images, patch_size)",
    minutes=3,
    difficulty=1,
    core=True,
    piece=True,
    axes=("image", "patch", "entry"),
    batch=("images",),
    probes=(
        probe(
            "two images of 4 x 6 pixels with 3 channels, patches of 2 x 2",
            lambda g: {"images": normal(g, 2, 3, 4, 6), "patch_size": 2},
        ),
        probe(
            "one gray image of 6 x 6 pixels, patches of 3 x 3",
            lambda g: {"images": normal(g, 1, 1, 6, 6), "patch_size": 3},
            "a square gray image",
        ),
    ),
    hints=(
        "Which two axes of the result come from rows and columns of the image, and which part of each counts patches?",
        "Split the height into (rows of patches, rows within a patch), the width likewise: that makes six axes. Put the "
        "two that count patches side by side, then the three that lie within a patch.",
        "`einops.rearrange` does it in one line: name the six axes, in parentheses where they belong together. Without "
        "einops: `reshape` to six axes, `permute`, `reshape` to three.",
    ),
    misconceptions=(
        wrong(
            "channels last",
            """Shape and numbers are right, but the order within a vector is not: the channels of one pixel stand side by
            side. The exercise asks for channel by channel, as a convolution's kernel is laid out; with gray images you
            would not notice.""",
            "(c p q)",
            "(p q c)",
        ),
        wrong(
            "column by column",
            """Your patches are right, but they are read column by column: patch 1 lies below patch 0, not at its right.
            On a square image only the order gives it away.""",
            "(h w)",
            "(w h)",
        ),
        wrong(
            "transposed patches",
            "Within each patch rows and columns are exchanged: every patch is mirrored at its diagonal.",
            "(c p q)",
            "(c q p)",
        ),
        wrong(
            "reshaped without moving axes",
            """The shape is right, but your vectors are no patches: each holds pixels that follow one another in memory,
            parts of whole rows of the image. Reshaping alone never moves a number; something must bring the pixels of a
            patch together first.""",
            'rearrange(images, "b c (h p) (w q) -> b (h w) (c p q)", p=p, q=q)',
            "images.reshape(len(images), -1, images.shape[1] * p * q)",
        ),
        wrong(
            "strided grid",
            """The shape is right, but each vector holds pixels from all over the image, a patch size apart, as if the
            image were thinned out. Which part of a height's index counts patches, the coarse one or the fine one?""",
            "(h p) (w q)",
            "(p h) (q w)",
        ),
        wrong(
            "first image only",
            "Only the first image comes back; the batch axis has to stay.",
            function=_one_image_at_a_time,
        ),
        wrong(
            "changes the images",
            "The images themselves are other ones after the call: something is written into the tensor that was passed in.",
            function=_in_place,
        ),
    ),
)
