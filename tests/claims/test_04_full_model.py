"""Lesson 04's rows of the claims ledger, measured again: one test a claim."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import PRESETS, VisionTransformer
from vitcourse.cost import count_flops, count_parameters, parameters_by_part, vit_cost
from vitcourse.pretrained import copy_from_timm, copy_from_torchvision

MNIST: Any = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10)
COURSE: Any = dict(**MNIST, embed_dim=192, depth=6, num_heads=3, mlp_ratio=2.0)

# Billions of multiply-adds as timm (Ti, S) and torchvision (B, L) list them; parameters as torchvision and timm do.
LISTED = {
    "Ti/16": (5_717_416, 1.26),
    "S/16": (22_050_664, 4.61),
    "B/16": (86_567_656, 17.56),
    "L/16": (304_326_632, 61.55),
}


@pytest.mark.parametrize("name", LISTED)
def test_b3_formulas_counts_and_published_sizes_agree(name):
    parameters, billions = LISTED[name]
    cost = vit_cost(**PRESETS[name])
    with torch.device("meta"):
        model = VisionTransformer(**PRESETS[name])
        image = torch.empty(1, 3, 224, 224)
    assert cost.total_parameters == count_parameters(model) == parameters
    assert cost.flops == count_flops(model, image)
    assert cost.total_multiply_adds / 1e9 == pytest.approx(billions, rel=0.01)
    assert cost.tokens == 197


def test_b3_the_courses_model_has_1_797_514_parameters():
    model = VisionTransformer(**COURSE)
    by_part = parameters_by_part(model)
    assert sum(by_part.values()) == vit_cost(**COURSE).total_parameters == 1_797_514
    assert vit_cost(**COURSE).tokens == 50
    assert (by_part["MLP"], by_part["attention"], by_part["positions"]) == (888_192, 889_344, 9_600)


@pytest.mark.parametrize("patch_size", [2, 4, 7, 14])
@pytest.mark.parametrize(("embed_dim", "num_heads", "depth", "mlp_ratio"), [(48, 12, 1, 1.0), (96, 4, 3, 4.0)])
def test_b3_the_sliders_configurations_are_counted_right(patch_size, embed_dim, num_heads, depth, mlp_ratio):
    sizes = MNIST | dict(
        patch_size=patch_size, embed_dim=embed_dim, num_heads=num_heads, depth=depth, mlp_ratio=mlp_ratio
    )
    cost = vit_cost(**sizes)
    with torch.device("meta"):
        model = VisionTransformer(**sizes)
        assert model.embed(torch.empty(1, 1, 28, 28)).shape[1] == cost.tokens
        assert count_flops(model, torch.empty(1, 1, 28, 28)) == cost.flops
    assert count_parameters(model) == cost.total_parameters


def random_weights(model: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model.eval()


@torch.no_grad()
def test_b4_the_same_logits_as_torchvision():
    vision = pytest.importorskip("torchvision").models
    theirs = random_weights(
        vision.VisionTransformer(
            image_size=28, patch_size=4, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=64, num_classes=10
        )
    )
    ours = VisionTransformer(
        img_size=28, patch_size=4, num_classes=10, embed_dim=32, depth=2, num_heads=4, mlp_ratio=2.0
    ).eval()
    images = torch.rand(5, 3, 28, 28)
    before = ours(images)
    copy_from_torchvision(ours, theirs)
    assert_close(ours(images), theirs(images), rtol=1e-4, atol=1e-4)
    assert (ours(images) - before).abs().max() > 0.1
    assert theirs(images).std() > 0.1


@torch.no_grad()
def test_b4_the_same_logits_as_timm():
    vision = pytest.importorskip("timm").models.vision_transformer
    theirs = random_weights(
        vision.VisionTransformer(
            img_size=28, patch_size=4, num_classes=10, embed_dim=32, depth=2, num_heads=4, mlp_ratio=2.0
        )
    )
    ours = VisionTransformer(
        img_size=28, patch_size=4, num_classes=10, embed_dim=32, depth=2, num_heads=4, mlp_ratio=2.0
    ).eval()
    images = torch.rand(5, 3, 28, 28)
    copy_from_timm(ours, theirs)
    assert_close(ours(images), theirs(images), rtol=1e-4, atol=1e-4)
    assert theirs(images).std() > 0.1
