"""The Vision Transformer: equal to torchvision's and timm's, in all its options, on rectangles, from the first loss."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from vitcourse import PRESETS, VisionTransformer, embed_tokens
from vitcourse.cost import count_flops, count_parameters
from vitcourse.pretrained import copy_from_timm, copy_from_torchvision, from_timm, from_torchvision

OPTIONS = [(position, pool) for position in ("learned", "sincos", "relative", "none") for pool in ("cls", "mean")]
# Height, width, rows, columns, channels, classes, heads and depth all differ.
SMALL = dict(
    img_size=(12, 28), patch_size=(4, 7), in_channels=2, num_classes=6, embed_dim=40, depth=3, num_heads=5,
    mlp_ratio=2.0,
)  # fmt: skip


def randomize(model: nn.Module, seed: int = 0) -> nn.Module:
    """Every parameter far from its start: heads that begin at zero, or norms at one, would hide a mistake."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim > 1 and parameter.shape[0] > 1:
                parameter.copy_(noise / math.sqrt(parameter[0].numel()))
            else:
                parameter.add_(0.3 * noise)
    return model.eval()


def small(**changes) -> VisionTransformer:
    torch.manual_seed(0)
    return VisionTransformer(**{**SMALL, **changes})


def images(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 2, 12, 28, generator=torch.Generator().manual_seed(0))


def assert_same_logits(ours: nn.Module, theirs: nn.Module, *size: int) -> None:
    x = torch.rand(2, *size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = theirs(x)
        assert expected.std() > 0.1  # a head of zeros would agree with anything
        assert_close(ours(x), expected, atol=1e-4, rtol=0)


# Equality with the published implementations


def test_equals_torchvisions_vit_b_16():
    torchvision = pytest.importorskip("torchvision")
    theirs = randomize(torchvision.models.vit_b_16())
    ours = copy_from_torchvision(VisionTransformer(**PRESETS["B/16"]).eval(), theirs)
    assert_same_logits(ours, theirs, 3, 224, 224)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "vit_base_patch16_224"])
def test_equals_timms(name):
    timm = pytest.importorskip("timm")
    theirs = randomize(timm.create_model(name))
    preset = PRESETS["Ti/16" if "tiny" in name else "B/16"]
    assert_same_logits(copy_from_timm(VisionTransformer(**preset).eval(), theirs), theirs, 3, 224, 224)


def test_from_torchvision_finds_the_sizes():
    vision_transformer = pytest.importorskip("torchvision").models.VisionTransformer
    theirs = randomize(
        vision_transformer(
            image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=48, mlp_dim=100, num_classes=7
        )
    )
    ours = from_torchvision(theirs).eval()
    assert count_parameters(ours) == count_parameters(theirs)
    assert_same_logits(ours, theirs, 3, 32, 32)


@pytest.mark.parametrize("pool", ["cls", "mean"])
def test_from_timm_finds_the_sizes(pool):
    timm = pytest.importorskip("timm")
    options = {} if pool == "cls" else dict(global_pool="avg", class_token=False, fc_norm=False)
    theirs = timm.create_model(
        "vit_tiny_patch16_224", img_size=(32, 48), patch_size=(8, 16), in_chans=2, depth=2, num_classes=5, **options
    )
    ours = from_timm(randomize(theirs)).eval()
    assert (ours.grid, ours.pooling) == ((4, 3), pool)
    assert_same_logits(ours, theirs, 2, 32, 48)


def test_a_state_dict_serves_as_well_as_the_model():
    timm = pytest.importorskip("timm")
    theirs = randomize(timm.create_model("vit_tiny_patch16_224", depth=2))
    ours = copy_from_timm(VisionTransformer(**PRESETS["Ti/16"] | {"depth": 2}).eval(), theirs.state_dict())
    assert_same_logits(ours, theirs, 3, 224, 224)


# Sizes


def test_the_courses_model_has_the_parameters_that_issue_and_lessons_name():
    model = VisionTransformer(
        img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=192, depth=6, num_heads=3, mlp_ratio=2.0
    )
    assert sum(p.numel() for p in model.parameters()) == 1_797_514


# Parameters and billions of multiply-adds as torchvision's and (Ti, S) timm's tables of models give them. Papers round:
# 5, 22 and 86 M (Touvron et al. 2021, table 1); 86, 307 and 632 M (Dosovitskiy et al. 2021, table 1).
@pytest.mark.parametrize(
    ("name", "parameters", "billions"),
    [
        ("Ti/16", 5_717_416, 1.26),
        ("S/16", 22_050_664, 4.61),
        ("B/16", 86_567_656, 17.56),
        ("B/32", 88_224_232, 4.41),
        ("L/16", 304_326_632, 61.55),
        ("L/32", 306_535_400, 15.38),
        ("H/14", 632_045_800, 167.29),
    ],
)
def test_presets_have_the_published_sizes(name, parameters, billions):
    with torch.device("meta"):
        model = VisionTransformer(**PRESETS[name])
        image = torch.empty(1, 3, 224, 224)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert count_flops(model, image) / 2e9 == pytest.approx(billions, rel=0.01)


def test_presets_take_image_size_channels_and_classes_beside_them():
    model = VisionTransformer(img_size=32, in_channels=1, num_classes=10, **PRESETS["Ti/16"])
    assert model(torch.rand(1, 1, 32, 32)).shape == (1, 10)


# Options


@pytest.mark.parametrize(("position", "pool"), OPTIONS)
def test_every_option_gives_logits_on_rectangles(position, pool):
    model = randomize(small(position=position, pool=pool))
    x = images()
    logits = model(x)
    assert logits.shape == (4, 6)
    assert logits.dtype == torch.float32
    tokens = model.embed(x)
    assert tokens.shape == (4, 12 + (pool == "cls"), 40) == (4, model.num_tokens, 40)
    assert model.grid == (3, 4)
    assert_close(model.head(model.pool(model.encode(tokens))), logits)
    # One image alone is the same as among others, in any order.
    assert_close(model(x[1:2]), logits[1:2], atol=1e-5, rtol=1e-4)
    assert_close(model(x.flip(0)), logits.flip(0), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("position", "pool"), OPTIONS)
def test_only_positions_tell_the_order_of_patches(position, pool):
    model = randomize(small(position=position, pool=pool))
    # The two halves of the image change places: patches move as a whole.
    x = images()
    moved = x.roll(14, dims=3)
    same = torch.allclose(model(x), model(moved), atol=1e-4)
    assert same == (position == "none")


@pytest.mark.parametrize(("position", "pool"), OPTIONS)
def test_every_parameter_gets_a_gradient(position, pool):
    model = randomize(small(position=position, pool=pool)).train()
    F.cross_entropy(model(images()), torch.tensor([0, 1, 2, 3])).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_mean_pooling_is_the_mean_over_patches_and_cls_the_first_token():
    x = images()
    for pool in ("cls", "mean"):
        model = randomize(small(pool=pool))
        encoded = model.encode(model.embed(x))
        expected = encoded[:, 0] if pool == "cls" else encoded.sum(1) / 12
        assert_close(model.pool(encoded), expected)


def test_sinusoids_are_fixed_and_leave_the_class_token_alone():
    model = small(position="sincos")
    assert not isinstance(model.positions, nn.Parameter)
    assert "positions" not in model.state_dict()
    assert_close(model.positions[0, 0], torch.zeros(40))
    assert model.positions[0, 1:].abs().sum(1).min() > 0
    assert model.double().positions.dtype == torch.float64  # moves with the model


def test_tokens_are_the_class_token_and_the_patches_each_with_its_position():
    torch.manual_seed(0)
    patches, token, positions = torch.randn(2, 3, 4), torch.randn(1, 1, 4), torch.randn(1, 4, 4)
    tokens = embed_tokens(patches, token, positions)
    assert tokens.shape == (2, 4, 4)
    for image in range(2):
        assert_close(tokens[image, 0], token[0, 0] + positions[0, 0])
        for i in range(3):
            assert_close(tokens[image, i + 1], patches[image, i] + positions[0, i + 1])
    assert_close(embed_tokens(patches), patches)
    assert_close(embed_tokens(patches, positions=positions[:, 1:]), patches + positions[:, 1:])


def test_dropout_acts_in_training_alone():
    model, plain = randomize(small(dropout=0.5)), randomize(small())
    x = images()
    assert_close(model(x), plain(x))
    assert_close(model(x), model(x), rtol=0, atol=0)
    model.train()
    assert not torch.allclose(model(x), model(x), atol=1e-3)
    zeros = (model.embed(x) == 0).float().mean()
    assert 0.4 < zeros < 0.6  # on tokens too


def test_float64_and_a_permuted_memory_layout():
    model = randomize(small()).double()
    x = images().double()
    logits = model(x)
    assert logits.dtype == torch.float64
    assert_close(model(x.contiguous(memory_format=torch.channels_last)), logits)


class Operators(TorchDispatchMode):
    """The names of all operators that run while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        self.names.append(operator.name())
        return operator(*args, **(kwargs or {}))


@pytest.mark.parametrize(("learning", "fused_layers"), [(False, 3), (True, 0)])
def test_relative_positions_use_the_fused_kernel_unless_their_table_is_learned(learning, fused_layers):
    model = randomize(small(position="relative"))
    with torch.set_grad_enabled(learning), Operators() as ran:
        model(images())
    assert ran.names.count("aten::_scaled_dot_product_flash_attention_for_cpu") == fused_layers


# The start


@pytest.mark.parametrize(("position", "pool"), OPTIONS)
def test_the_first_loss_is_ln_of_the_number_of_classes(position, pool):
    model = small(num_classes=10, position=position, pool=pool)
    loss = F.cross_entropy(model(images()), torch.tensor([3, 1, 4, 1]))
    assert_close(loss.item(), math.log(10))


def test_the_start():
    model = small(embed_dim=160, img_size=(40, 70))
    assert_close(model.positions.std().item(), 0.5, rtol=0.1, atol=0)
    assert_close(model.class_token.std().item(), 0.5, rtol=0.3, atol=0)
    for block in model.blocks:
        for linear in (block.attention.qkv, block.attention.projection, block.mlp.expand, block.mlp.contract):
            assert linear.bias.abs().max() == 0
            bound = math.sqrt(6 / sum(linear.weight.shape))  # Xavier's, for a uniform distribution
            assert 0.9 * bound < linear.weight.abs().max() <= bound
    assert model.blocks[0].norm1.eps == model.norm.eps == 1e-6


def test_one_seed_gives_one_model():
    first, second = small(), small()
    for one, two in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, two)


def test_config_builds_the_model_again():
    model = randomize(small(position="relative", pool="mean", dropout=0.1))
    again = VisionTransformer(**model.config)
    again.load_state_dict(model.state_dict())
    assert_close(again.eval()(images()), model(images()))
