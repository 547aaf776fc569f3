"""What the explorer refuses, before anything is sent: a ValueError names the argument, its value and the remedy."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from vitcourse import VisionTransformer
from vitcourse.widgets import Explorer, explorer
from vitcourse.widgets.explorer import checks

CONFIG = dict(img_size=8, patch_size=4, in_channels=1, num_classes=3, embed_dim=8, depth=2, num_heads=2)
IMAGES = torch.rand(4, 1, 8, 8)


def model_of(**options) -> VisionTransformer:
    return VisionTransformer(**CONFIG | options)


@pytest.fixture
def nothing_sent(monkeypatch):
    opened = []
    monkeypatch.setattr(Explorer, "open", lambda self: opened.append(self))
    yield
    assert opened == []


def refusal(*args, **kwargs) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        explorer(*args, **kwargs)
    return str(error.value)


def nan_weights() -> VisionTransformer:
    model = model_of()
    for parameter in model.blocks[1].attention.parameters():
        parameter.data.fill_(math.nan)
    return model


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (IMAGES[0], "images has shape (1, 8, 8); expected (N, channels, height, width); add the batch axis"),
        (IMAGES[:0], "images has shape (0, 1, 8, 8)"),
        (IMAGES.repeat(1, 2, 1, 1), "images has 2 channels"),
        (IMAGES * 255, "expected 0..1. If the model takes normalized images"),
        (IMAGES - 0.5, "images has values from -0."),
        (IMAGES * math.nan, "images has values that are not finite"),
        ((IMAGES * 255).byte(), "images.float() / 255"),
        (IMAGES.numpy(), "images is a ndarray"),
        ([], "images is a list"),
        (torch.rand(1, 1, 12, 12), "img_size"),
    ],
)
def test_images(nothing_sent, images, says):
    assert says in refusal(model_of(), images)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (3, "'model' is a int; expected a torch.nn.Module"),
        ({}, "a mapping of 0"),
        ({"a": model_of(), "b": model_of(), "c": model_of()}, "a mapping of 3; one or two"),
        ({"": model_of()}, "the name '' is no text"),
        ({1: model_of()}, "the name 1 is no text"),
        ({"a": None}, "'a' is a NoneType"),
        (nn.Linear(8, 8), "no module with an attention_map"),
        ({"a": model_of(), "b": model_of(depth=3)}, "'b' has 3 layers, 2 heads, 5 tokens"),
        ({"a": model_of(), "b": model_of(pool="mean")}, "maps of one size"),
        (model_of(patch_size=8), "single patch"),
        (model_of(patch_size=8, pool="mean"), "single patch"),
        (nan_weights(), "attention of layer 2 is not finite"),
    ],
)
def test_models(nothing_sent, model, says):
    assert says in refusal(model, IMAGES)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"labels": [0, 1, 2]}, "labels has shape (3,); expected (4,)"),
        ({"labels": torch.zeros(4, 9).long()}, "labels has shape (4, 9)"),
        ({"labels": [0.5] * 4}, "labels has dtype torch.float32"),
        ({"labels": [0, 1, 2, 3], "classes": ["a", "b", "c"]}, "labels has 3; classes has 3 names"),
        ({"classes": ["a", "b"]}, "classes has 2 names; the model has 3 classes"),
        ({"classes": "abc"}, "classes='abc' is no list"),
        ({"classes": 3}, "classes=3 is no list"),
        ({"prepare": 3}, "prepare=3 is no function"),
        ({"preload": 0}, "preload=0 is not a whole number from 1"),
        ({"preload": 2.5}, "preload=2.5"),
        ({"image": 4}, "image=4 is not a whole number from 0 to 3"),
        ({"image": -1}, "image=-1"),
        ({"image": True}, "image=True"),
        ({"layer": 0}, "layer=0 is not a whole number from 1 to 2"),
        ({"layer": 3}, "layer=3"),
        ({"head": 3}, "head=3 is not a whole number from 0 to 2: 0 is the mean over heads"),
        ({"head": "mean"}, "head='mean'"),
        ({"mode": "flow"}, "mode='flow' must be one of 'layer', 'rollout', 'gradient'"),
        ({"patch": 4}, "patch=4 is not a whole number from -1 to 3: -1 is the class token"),
        ({"patch": (0, 1)}, "patch=(0, 1)"),
        ({"alt": 3}, "alt=3 is no text"),
        ({"grid": (3, 3)}, "grid=(3, 3): the model itself says 2 x 2 patches"),
        ({"grid": 2}, "grid=2 is no pair"),
        ({"grid": (2, 0)}, "grid=(2, 0) is no pair"),
    ],
)
def test_other_arguments(nothing_sent, arguments, says):
    assert says in refusal(model_of(), IMAGES, **arguments)


def test_too_much_data(nothing_sent, monkeypatch):
    monkeypatch.setattr(checks, "LIMIT", 500)
    says = refusal(model_of(), IMAGES)
    assert says.startswith("preload=4: an image with its maps takes 0.0 MB")
    assert "take preload=2 or fewer" in says


def test_one_megabyte_is_counted_right(nothing_sent):
    with pytest.raises(ValueError, match=r"takes 5\.8 MB, together 70 MB of at most 64 MB; take preload=11 or"):
        checks.require_room(5_800_000, 12)
    checks.require_room(5_800_000, 11)


@pytest.fixture
def shown() -> Explorer:
    return explorer(model_of(), IMAGES)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (IMAGES[:2], "image has shape (2, 1, 8, 8); expected (1, 8, 8)"),
        (torch.rand(1, 4, 4), "expected (1, 8, 8)"),
        (IMAGES[0] * 2, "image has values from"),
        (IMAGES[0, 0], "image has shape (8, 8)"),
        (None, "image is a NoneType"),
    ],
)
def test_ones_own_image(shown, image, says):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        shown.show(image)
    assert says in str(error.value)
    assert (shown.own, shown.image) == ({}, 0)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("image", 4, "image=4"),
        ("image", -1, "image=-1"),  # nothing of one's own was shown yet
        ("layer", 0, "layer=0"),
        ("head", 3, "head=3"),
        ("mode", "flow", "mode='flow'"),
        ("patch", 4, "patch=4"),
        ("direction", "both", "direction='both'"),
        ("pinned", {"layer": 1}, "must be None or a dict of model, image, layer"),
        (
            "pinned",
            dict(model="x", image=0, layer=1, head=0, mode="layer", patch=0, direction="to"),
            "model='x' must be one of model",
        ),
        (
            "pinned",
            dict(model="model", image=0, layer=9, head=0, mode="layer", patch=0, direction="to"),
            "layer=9",
        ),
    ],
)
def test_traits(shown, name, value, says):
    before = getattr(shown, name)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        setattr(shown, name, value)
    assert says in str(error.value)
    assert getattr(shown, name) == before


def test_a_gradient_that_is_not_there():
    from vitcourse.pair_model import PairFinder

    boards = torch.rand(1, 1, 42, 42)
    assert "mode='gradient' cannot be shown" in refusal(PairFinder(), boards, mode="gradient")
