"""What models say to arguments that do not fit; run without the hook that checks shape annotations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitcourse import ConvNet, VisionTransformer

CONFIG = dict(img_size=(12, 20), patch_size=(4, 5), in_channels=3, num_classes=5, embed_dim=24, depth=2, num_heads=4)


def build(**changes) -> VisionTransformer:
    return VisionTransformer(**{**CONFIG, **changes})


def message(**changes) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - each caller looks at the message
        build(**changes)
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(patch_size=5), ["patch_size=(5, 5)", "img_size=(12, 20)", "height", "1, 2, 3, 4, 6, 12"]),
        (dict(patch_size=(4, 6)), ["patch_size=(4, 6)", "width", "1, 2, 4, 5, 10, 20"]),
        (dict(patch_size=24), ["patch_size=(24, 24)", "12"]),
        (dict(patch_size=0), ["patch_size", "0", "at least 1"]),
        (dict(patch_size=4.0), ["patch_size=4.0", "pair (height, width)"]),
        (dict(patch_size=(4, 5, 1)), ["patch_size=(4, 5, 1)", "pair (height, width)"]),
        (dict(img_size=-12), ["img_size", "-12", "at least 1"]),
        (dict(img_size="224"), ["img_size='224'", "pair (height, width)"]),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_patches_that_do_not_tile_the_image(changes, says):
    text = message(**changes)
    assert all(part in text for part in says), text


@pytest.mark.parametrize("heads", [5, 7, 48])
def test_heads_that_do_not_divide_the_dimension(heads):
    text = message(num_heads=heads)
    assert f"num_heads={heads} must divide embed_dim=24" in text
    assert "1, 2, 3, 4, 6, 8, 12, 24" in text


@pytest.mark.parametrize("name", ["in_channels", "num_classes", "embed_dim", "depth", "num_heads"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3", None])
def test_counts_that_are_no_positive_whole_number(name, value):
    text = message(**{name: value})
    assert f"{name}={value!r}" in text
    assert "at least 1" in text


@pytest.mark.parametrize("ratio", [0, -1.0, 0.01])
def test_an_mlp_without_a_hidden_unit(ratio):
    assert f"mlp_ratio={ratio}" in message(mlp_ratio=ratio)


@pytest.mark.parametrize("dropout", [-0.1, 1.5])
def test_dropout_that_is_no_probability(dropout):
    text = message(dropout=dropout)
    assert all(part in text for part in ("dropout", str(dropout), "between 0 and 1")), text


@pytest.mark.parametrize(
    ("option", "valid"), [("position", ["learned", "sincos", "relative", "none"]), ("pool", ["cls", "mean"])]
)
def test_unknown_options(option, valid):
    text = message(**{option: "max"})
    assert f"{option}='max'" in text
    assert all(repr(name) in text for name in valid)


def test_sinusoids_need_a_dimension_that_four_divides():
    text = message(position="sincos", embed_dim=18, num_heads=2)
    assert "dim=18" in text
    assert "20" in text


def test_constructor_takes_keywords_only():
    with pytest.raises(TypeError):
        VisionTransformer(224, 16)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (torch.rand(2, 1, 12, 20), ["1 channels", "in_channels=3"]),
        (torch.rand(2, 4, 12, 20), ["4 channels", "in_channels=3"]),
        (torch.rand(2, 3, 20, 12), ["20 x 12", "img_size=(12, 20)"]),
        (torch.rand(2, 3, 24, 40), ["24 x 40", "img_size=(12, 20)", "interpolate_positions"]),
        (torch.rand(3, 12, 20), ["(3, 12, 20)", "(batch, channels, height, width)", "images[None]"]),
        (torch.rand(1, 2, 3, 12, 20), ["(1, 2, 3, 12, 20)", "(batch, channels, height, width)"]),
        (torch.rand(0, 3, 12, 20), ["(0, 3, 12, 20)", "batch of none", "at least one"]),
        (torch.zeros(2, 3, 12, 20, dtype=torch.uint8), ["torch.uint8", "floating point", "/ 255"]),
        (torch.zeros(2, 3, 12, 20, dtype=torch.int64), ["torch.int64", "floating point"]),
        (torch.zeros(2, 3, 12, 20, dtype=torch.bool), ["torch.bool", "floating point"]),
        (np.zeros((2, 3, 12, 20), np.float32), ["ndarray", "torch.Tensor"]),
        ([[[[0.0]]]], ["list", "torch.Tensor"]),
    ],
    ids=["gray", "four channels", "turned", "too large", "no batch", "too many axes", "none", "bytes", "integers",
         "booleans", "numpy", "list"],
)  # fmt: skip
def test_images_that_do_not_fit(images, says):
    with pytest.raises(ValueError, match="images") as error:
        build()(images)
    assert all(part in str(error.value) for part in says), str(error.value)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (torch.rand(2, 3, 12, 12), ["3 channels", "in_channels=1"]),
        (torch.rand(1, 12, 12), ["(1, 12, 12)", "images[None]"]),
        (torch.rand(0, 1, 12, 12), ["batch of none"]),
        (torch.zeros(2, 1, 12, 12, dtype=torch.uint8), ["torch.uint8"]),
    ],
    ids=["color", "no batch", "none", "bytes"],
)
def test_the_cnn_says_the_same(images, says):
    with pytest.raises(ValueError, match="images") as error:
        ConvNet(in_channels=1)(images)
    assert all(part in str(error.value) for part in says), str(error.value)


WRONG_DTYPES = [
    (torch.float32, torch.float64, "images.float() or model.to(torch.float64)"),
    (torch.float32, torch.float16, "images.float() or model.to(torch.float16)"),
    (torch.float32, torch.bfloat16, "images.float() or model.to(torch.bfloat16)"),
    (torch.float64, torch.float32, "images.to(torch.float64) or model.to(torch.float32)"),
]
MODELS = [lambda: build(), lambda: ConvNet(in_channels=3, width=2)]
EACH_MODEL = pytest.mark.parametrize("make", MODELS, ids=["vit", "cnn"])


def images_of(dtype: torch.dtype, device: str = "cpu") -> torch.Tensor:
    return torch.zeros(2, 3, 12, 20, dtype=dtype, device=device)


@EACH_MODEL
@pytest.mark.parametrize(("weights", "given", "remedy"), WRONG_DTYPES)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_images_of_another_dtype_than_the_model(make, weights, given, remedy, device):
    with pytest.raises(ValueError, match="images has dtype") as error:
        make().to(device=device, dtype=weights)(images_of(given, device))
    assert f"images has dtype {given}; the model's weights are {weights}" in str(error.value)
    assert remedy in str(error.value)


@EACH_MODEL
def test_a_model_in_double_precision_takes_images_of_it(make):
    assert make().double()(images_of(torch.float64)).dtype == torch.float64


@EACH_MODEL
@pytest.mark.parametrize("given", [torch.float32, torch.float16, torch.bfloat16])
def test_autocast_takes_what_it_casts(make, given):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert make()(images_of(given)).dtype == torch.bfloat16


@EACH_MODEL
@pytest.mark.parametrize(("weights", "given"), [(torch.float32, torch.float64), (torch.float64, torch.float32)])
def test_autocast_leaves_float64_alone(make, weights, given):
    with torch.autocast("cpu", dtype=torch.bfloat16), pytest.raises(ValueError, match=f"images has dtype {given}"):
        make().to(weights)(images_of(given))


@pytest.mark.parametrize(
    "changes", [dict(width=0), dict(in_channels=0), dict(num_classes=-1), dict(padding_mode="reflect")]
)
def test_a_cnn_that_cannot_be(changes):
    ((name, value),) = changes.items()
    with pytest.raises(ValueError, match=f"{name}={value!r}"):
        ConvNet(**changes)
