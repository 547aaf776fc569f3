"""What patches and the checks of images refuse: a ValueError that names the argument, its value and what is valid."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitcourse.errors import as_pair, check_images, require_patches_fit
from vitcourse.patches import PatchEmbedding, patchify, unpatchify

GRAY = torch.zeros(2, 1, 28, 28)


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call(*args, **kwargs)
    return str(error.value)


def test_a_patch_that_does_not_divide_the_image_lists_those_that_do():
    says = refusal(patchify, GRAY, 5)
    assert "patch_size=(5, 5)" in says
    assert "img_size=(28, 28)" in says
    assert "28 / 5 pixels of height leave 3 over" in says
    assert says.endswith("valid for this height: 1, 2, 4, 7, 14, 28")


def test_the_side_that_does_not_fit_is_the_one_named():
    says = refusal(require_patches_fit, (28, 30), (4, 4))
    assert "30 / 4 pixels of width leave 2 over" in says
    assert says.endswith("valid for this width: 1, 2, 3, 5, 6, 10, 15, 30")


def test_a_patch_larger_than_the_image_does_not_fit():
    assert "patch_size=(56, 56)" in refusal(patchify, GRAY, 56)


@pytest.mark.parametrize("size", [0, -4, True, 4.0, (4, 0), (4, 2.5), (4, True)])
def test_a_patch_size_is_a_positive_whole_number(size):
    says = refusal(patchify, GRAY, size)
    assert "patch_size" in says
    value = size if not isinstance(size, tuple) else size[1]
    assert repr(value) in says


@pytest.mark.parametrize("size", ["4", None, (4,), (4, 4, 4)])
def test_a_size_is_an_int_or_a_pair(size):
    says = refusal(as_pair, "patch_size", size)
    assert f"patch_size={size!r}" in says
    assert "an int or a pair (height, width)" in says


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.zeros((2, 1, 28, 28)), ("ndarray", "torch.Tensor")),
        (None, ("NoneType", "torch.Tensor")),
        (torch.zeros(1, 28, 28), ("(1, 28, 28)", "(batch, channels, height, width)", "images[None]")),
        (torch.zeros(28, 28), ("(28, 28)", "(batch, channels, height, width)")),
        (torch.zeros(0, 1, 28, 28), ("(0, 1, 28, 28)", "a batch of none", "at least one image")),
        (torch.zeros(1, 1, 28, 28, dtype=torch.uint8), ("torch.uint8", "floating point", "/ 255")),
        (torch.zeros(1, 1, 28, 28, dtype=torch.int64), ("torch.int64", "floating point")),
    ],
)
@pytest.mark.parametrize("call", [check_images, lambda images: patchify(images, 4)])
def test_images_of_another_kind_shape_or_dtype(call, images, expected):
    says = refusal(call, images)
    assert "images" in says
    for words in expected:
        assert words in says


def test_only_a_missing_batch_axis_is_explained_as_one():
    assert "images[None]" not in refusal(check_images, torch.zeros(28, 28))


def test_channels_and_size_other_than_the_models():
    embedding = PatchEmbedding(img_size=(28, 14), patch_size=7, in_channels=3, embed_dim=8)
    says = refusal(embedding, torch.zeros(2, 1, 28, 14))
    assert "1 channels" in says
    assert "(2, 1, 28, 14)" in says
    assert "in_channels=3" in says
    says = refusal(embedding, torch.zeros(2, 3, 14, 28))
    assert "14 x 28" in says
    assert "img_size=(28, 14)" in says
    assert "14 x 14" in refusal(embedding, torch.zeros(2, 3, 14, 14))


def test_patches_that_do_not_make_up_the_image():
    rows = patchify(GRAY, 4)  # (2, 49, 16)
    wrong_rows = {
        "(2, 48, 16)": rows[:, :48],
        "(2, 49, 15)": rows[:, :, :15],
        "(49, 16)": rows[0],
        "(2, 49, 16, 1)": rows[..., None],
    }
    for shape, wrong in wrong_rows.items():
        says = refusal(unpatchify, wrong, 4, 28)
        assert f"patches has shape {shape}" in says
        assert "(batch, 49, channels x 16)" in says
    assert "img_size=(30, 30)" in refusal(unpatchify, rows, 4, 30)
    assert "img_size" in refusal(unpatchify, rows, 4, (28, 0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patch_size": 5}, ("patch_size=(5, 5)", "1, 2, 4, 7, 14, 28")),
        ({"in_channels": 0}, ("in_channels=0", "at least 1")),
        ({"embed_dim": -8}, ("embed_dim=-8", "at least 1")),
        ({"embed_dim": 8.0}, ("embed_dim=8.0", "whole number")),
        ({"img_size": (28, "28")}, ("img_size (width)='28'", "whole number")),
    ],
)
def test_an_embedding_that_cannot_be_built(change, words):
    valid = dict(img_size=28, patch_size=4, in_channels=1, embed_dim=8)
    says = refusal(PatchEmbedding, **{**valid, **change})
    for word in words:
        assert word in says


def test_arguments_are_keyword_only():
    with pytest.raises(TypeError):
        PatchEmbedding(28, 4, 1, 8)  # type: ignore[misc]
