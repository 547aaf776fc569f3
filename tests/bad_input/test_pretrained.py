"""Weights that do not fit: nothing is copied, and the message says what to build instead."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from vitcourse import VisionTransformer
from vitcourse.pretrained import copy_from_timm, copy_from_torchvision, from_timm, from_torchvision

torchvision = pytest.importorskip("torchvision")
timm = pytest.importorskip("timm")

SIZES = dict(img_size=32, patch_size=8, num_classes=7, embed_dim=24, depth=2, num_heads=3, mlp_ratio=2.0)


def theirs() -> nn.Module:
    return torchvision.models.VisionTransformer(
        image_size=32, patch_size=8, num_layers=2, num_heads=3, hidden_dim=24, mlp_dim=48, num_classes=7
    )


def timms(**changes) -> nn.Module:
    options = dict(img_size=32, patch_size=8, num_classes=7, embed_dim=24, depth=2, num_heads=3)
    return timm.create_model("vit_tiny_patch16_224", **{**options, **changes})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(img_size=64), ["positions", "(1, 65, 24)", "(1, 17, 24)", "interpolate_positions"]),
        (dict(patch_size=16, img_size=64), ["patch_embedding.projection.weight", "patch_size"]),
        (dict(in_channels=1), ["patch_embedding.projection.weight", "(24, 1, 8, 8)", "in_channels"]),
        (dict(num_classes=10), ["classifier.weight", "(10, 24)", "(7, 24)", "num_classes"]),
        (dict(embed_dim=48), ["(1, 1, 48)", "(1, 1, 24)", "embed_dim"]),
        (dict(mlp_ratio=4.0), ["mlp.expand.weight", "(96, 24)", "(48, 24)", "mlp_ratio"]),
        (dict(depth=3), ["blocks.2", "depth"]),
        (dict(depth=1), ["blocks.1", "depth"]),
        (dict(num_heads=4), ["num_heads=4", "expected num_heads=3"]),
        (dict(position="sincos"), ["positions", "position='learned'"]),
        (dict(pool="mean"), ["class_token", "pool='cls'"]),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_sizes_that_differ(changes, says):
    model = VisionTransformer(**{**SIZES, **changes})
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match="model") as error:
        copy_from_torchvision(model, theirs())
    assert all(part in str(error.value) for part in says), str(error.value)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_source_that_lacks_a_tensor():
    weights = theirs().state_dict()
    del weights["encoder.ln.weight"]
    with pytest.raises(ValueError, match=r"source has nothing for norm\.weight"):
        copy_from_torchvision(VisionTransformer(**SIZES), weights)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(reg_tokens=4), "reg_token"),
        (dict(init_values=1e-5), "ls1.gamma"),
        (dict(qk_norm=True), "q_norm"),
        (dict(pre_norm=True), "norm_pre"),
        (dict(global_pool="avg", class_token=False), "fc_norm"),
        (dict(global_pool="avg", fc_norm=False), "'avg' with a class token"),
        (dict(global_pool="map"), "attn_pool"),
        (dict(qkv_bias=False), "qkv.bias"),
        (dict(num_classes=0), "classifier"),
        (dict(no_embed_class=True), "positions"),
        (dict(act_layer=nn.ReLU), "GELU"),
        (dict(act_layer=partial(nn.GELU, approximate="tanh")), "GELU"),
        (dict(norm_layer=nn.LayerNorm), "eps=1e-05"),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else "",
)
def test_options_of_timm_that_compute_something_else(changes, says):
    with pytest.raises(ValueError, match=r"source|vit|model") as error:
        from_timm(timms(**changes))
    assert says in str(error.value), str(error.value)


def test_models_of_another_kind():
    with pytest.raises(ValueError, match=r"vit=Linear has no image_size.*torchvision"):
        from_torchvision(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"vit=VisionTransformer has no patch_embed.*timm"):
        from_timm(theirs())
    with pytest.raises(ValueError, match=r"source has cls_token, pos_embed.*has not"):
        copy_from_torchvision(VisionTransformer(**SIZES), timms())
    with pytest.raises(ValueError, match=r"source has .*conv_proj.*has not"):
        copy_from_timm(VisionTransformer(**SIZES), theirs())
