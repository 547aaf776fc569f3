"""Lesson 07's rows of the claims ledger, measured again: one test a claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from einops import rearrange
from torch import Tensor
from torch.testing import assert_close

from vitcourse import PRESETS, VisionTransformer
from vitcourse.cnn import ConvNet
from vitcourse.comparison import (
    attention_as_convolution,
    equivariance_error,
    neighbor_bias,
    receptive_field,
    share_within,
)
from vitcourse.cost import count_flops, count_parameters, vit_cost
from vitcourse.data import Batches, Split, load, random_shift
from vitcourse.training import fit, load_checkpoint

PIXELS = range(9)


@pytest.fixture(scope="module")
def data() -> Any:
    return load("mnist", download=False)


@pytest.fixture(scope="module")
def digits(data: Any) -> Tensor:
    return data.test.images[:32]


@pytest.fixture(scope="module")
def trained_cnn(data: Any) -> Any:
    """A CNN after a short training: enough for batch norm and kernels to be those of a trained one."""
    torch.manual_seed(0)
    model: Any = ConvNet(width=16)
    for _ in fit(model, Batches(data.train[:3200], batch_size=64, augment=random_shift(1)), epochs=1, lr=1e-2):
        pass
    return model.eval().requires_grad_(False)


def torus(model: Any) -> Any:
    other: Any = ConvNet(**(model.config | {"padding_mode": "circular"})).eval().requires_grad_(False)
    other.load_state_dict(model.state_dict())
    return other


def vit(trained: bool, positions: bool = True) -> Any:
    model: Any = load_checkpoint("mnist")
    if not trained:
        torch.manual_seed(0)
        model = VisionTransformer(**model.config)
    if not positions:
        model.positions.data.zero_()
    return model.eval().requires_grad_(False)


def patch_map(model: Any, layers: int | None = None) -> Callable[[Tensor], Tensor]:
    def features(images: Tensor) -> Tensor:
        tokens = model.embed(images)
        for block in model.blocks[:layers]:
            tokens = block(tokens)
        return rearrange(tokens[:, 1:], "n (r c) d -> n d r c", r=model.grid[0])

    return features


def exact(features: Callable[[Tensor], Tensor], images: Tensor) -> list[int]:
    return [pixels for pixels in PIXELS if equivariance_error(features, images, pixels) < 1e-4]


@pytest.mark.parametrize("trained", [False, True])
def test_c1_what_moves_with_the_image(digits, trained_cnn, trained):
    """On a torus and by multiples of the stride: the CNN, and a ViT without positions; not the ViT with positions."""
    torch.manual_seed(1)
    cnn: Any = trained_cnn if trained else ConvNet(width=16).eval().requires_grad_(False)
    assert exact(torus(cnn).features, digits) == [0, 4, 8]
    assert exact(torus(cnn).stages[:1], digits) == list(PIXELS)
    assert exact(torus(cnn).stages[:2], digits) == [0, 2, 4, 6, 8]
    assert exact(patch_map(vit(trained, positions=False)), digits) == [0, 4, 8]
    assert exact(patch_map(vit(trained)), digits) == [0]
    assert equivariance_error(patch_map(vit(trained)), digits, 4) > 1
    # Padding with zeros: exact in the interior of a stage, not at a border to which ink comes.
    assert 0.1 < equivariance_error(cnn.features, digits, 4) < 1
    at_border = digits.roll(6, dims=3)
    assert equivariance_error(cnn.stages[:1], at_border, 4) > 0.02
    assert equivariance_error(cnn.stages[:1], at_border, 4, margin=6) < 1e-4


def test_c1_the_error_of_untrained_models(digits):
    """At 4 pixels, over seeds: the ViT's is near that of an unrelated map, the CNN's is what its borders cost."""
    vits, cnns = [], []
    for seed in range(5):
        torch.manual_seed(seed)
        model: Any = VisionTransformer(**load_checkpoint("mnist").config)  # type: ignore[arg-type]
        vits.append(equivariance_error(patch_map(model.eval().requires_grad_(False)), digits, 4))
        torch.manual_seed(seed)
        cnn: Any = ConvNet(width=16).eval().requires_grad_(False)
        cnns.append(equivariance_error(cnn.features, digits, 4))
    assert all(1.25 < error < 1.45 for error in vits), vits
    assert all(0.25 < error < 0.5 for error in cnns), cnns


def test_c1_answers_when_the_digit_is_moved(data, trained_cnn):
    """Four pixels to the right: the shipped ViT loses more than a tenth, a CNN trained for a moment less than that."""
    test: Split = data.test[:300]

    def accuracy(model: Any, pixels: int) -> float:
        moved = F.pad(test.images, (pixels, 0))[..., :28]
        return (model(moved).argmax(dim=1) == test.labels).float().mean().item()

    trained = vit(trained=True)
    assert accuracy(trained, 0) - accuracy(trained, 4) > 0.1
    assert accuracy(trained, 0) - accuracy(trained, 7) > 0.4
    assert accuracy(trained_cnn, 0) - accuracy(trained_cnn, 4) < 0.1


def test_c2_only_positions_belong_to_a_place():
    model = vit(trained=True)
    by_place = {name for name, p in model.named_parameters() if model.num_tokens in p.shape}
    assert by_place == {"positions"}
    assert model.positions.numel() < 0.03 * count_parameters(model)
    # All the rest treats places alike: tokens in another order come out in that order.
    tokens, order = torch.randn(2, 50, 64), torch.randperm(50)
    assert_close(model.encode(tokens)[:, order], model.encode(tokens[:, order]))
    # The pattern differs from place to place, and from image to image.
    A = model.blocks[0].attention.attention_map(tokens)
    assert (A[:, :, 0] - A[:, :, 1]).abs().max() > 1e-3
    assert (A[0] - A[1]).abs().max() > 1e-3


@pytest.mark.parametrize("trained", [False, True])
def test_c3_receptive_fields(digits, trained_cnn, trained):
    torch.manual_seed(1)
    cnn: Any = trained_cnn if trained else ConvNet(width=16).eval()
    for stages, reach in ((1, 2), (2, 6), (3, 14)):
        rows, cols = receptive_field(cnn.stages[:stages], digits).nonzero().T
        assert max(rows.max() - rows.min(), cols.max() - cols.min()) <= 2 * reach
    model = vit(trained)
    fields = [receptive_field(patch_map(model, layers), digits) for layers in range(len(model.blocks) + 1)]
    assert fields[0].count_nonzero() <= 16  # its own patch
    for field in fields[1:]:
        assert (field > 0).all()  # the whole image, from layer 1 on
        assert share_within(field, 6) < 0.7
    # Not evenly: its own patch stands out, by the skip connection.
    assert fields[1][12:16, 12:16].sum() > 3 * 16 / 784


SIZES = {"resnet50": (25.557, 4.09), "vit_b_16": (86.568, 17.56), "vit_l_16": (304.327, 61.55)}  # millions, billions


def test_c5_sizes():
    for name, (parameters, billions) in SIZES.items():
        with torch.device("meta"):
            model = torchvision.models.get_model(name)
            multiply_adds = count_flops(model, torch.empty(1, 3, 224, 224)) / 2
        assert count_parameters(model) / 1e6 == pytest.approx(parameters, abs=0.001)
        assert multiply_adds / 1e9 == pytest.approx(billions, abs=0.01)
    assert vit_cost(**PRESETS["B/16"], img_size=384).total_multiply_adds / 1e9 == pytest.approx(55.5, abs=0.05)
    listed = [
        weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] for weights in torchvision.models.get_model_weights("resnet50")
    ]
    assert [round(accuracy, 1) for accuracy in listed] == [76.1, 80.9]


def test_c7_attention_is_a_convolution(trained_cnn):
    """With a kernel of the trained CNN: in the interior, and with a ring of empty tokens at the border too."""
    kernel = trained_cnn.stages[0][1][0].weight[:8, :4]
    attention = attention_as_convolution(kernel)
    images = torch.rand(2, 4, 7, 8, generator=torch.Generator().manual_seed(0))
    wanted = F.conv2d(images, kernel, padding=1)

    def by_attention(x: Tensor) -> Tensor:
        tokens = F.pad(rearrange(x, "n c r k -> n (r k) c"), (0, attention.embed_dim - x.shape[1]))
        out = attention(tokens, neighbor_bias(*x.shape[2:], 3))[..., : len(kernel)]
        return rearrange(out, "n (r k) f -> n f r k", r=x.shape[2])

    assert attention.num_heads == 9
    assert_close(by_attention(images)[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1])
    assert not torch.allclose(by_attention(images), wanted, atol=1e-4)
    assert_close(by_attention(F.pad(images, (1, 1, 1, 1)))[..., 1:-1, 1:-1], wanted)


def test_the_two_models_cost_the_same():
    """What the lesson says before its race: nearly the same multiply-adds, half the parameters."""
    model = VisionTransformer(**load_checkpoint("mnist").config)  # type: ignore[arg-type]
    image = torch.zeros(1, 1, 28, 28)
    cnn = ConvNet(width=16)
    assert 0.9 < count_flops(cnn, image) / count_flops(model, image) < 1
    assert 0.45 < count_parameters(cnn) / count_parameters(model) < 0.6
