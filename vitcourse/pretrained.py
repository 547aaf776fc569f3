"""Other libraries' Vision Transformers as this course's own: the same numbers under other names.

Neither library is imported here; their models, or the state dicts of those, are passed in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .encoder import NORM_EPS
from .vit import VisionTransformer

Weights = nn.Module | Mapping[str, Tensor]

# Patterns of the source's names, and the name here; \1 is the number of the block.
_TORCHVISION = {
    r"class_token": "class_token",
    r"encoder\.pos_embedding": "positions",
    r"conv_proj\.(weight|bias)": r"patch_embedding.projection.\1",
    r"encoder\.layers\.encoder_layer_(\d+)\.ln_1\.(\w+)": r"blocks.\1.norm1.\2",
    r"encoder\.layers\.encoder_layer_(\d+)\.self_attention\.in_proj_(\w+)": r"blocks.\1.attention.qkv.\2",
    r"encoder\.layers\.encoder_layer_(\d+)\.self_attention\.out_proj\.(\w+)": r"blocks.\1.attention.projection.\2",
    r"encoder\.layers\.encoder_layer_(\d+)\.ln_2\.(\w+)": r"blocks.\1.norm2.\2",
    r"encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:0|linear_1)\.(\w+)": r"blocks.\1.mlp.expand.\2",
    r"encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:3|linear_2)\.(\w+)": r"blocks.\1.mlp.contract.\2",
    r"encoder\.ln\.(\w+)": r"norm.\1",
    r"heads\.head\.(\w+)": r"classifier.\1",
}
_TIMM = {
    r"cls_token": "class_token",
    r"pos_embed": "positions",
    r"patch_embed\.proj\.(\w+)": r"patch_embedding.projection.\1",
    r"blocks\.(\d+)\.norm([12])\.(\w+)": r"blocks.\1.norm\2.\3",
    r"blocks\.(\d+)\.attn\.qkv\.(\w+)": r"blocks.\1.attention.qkv.\2",
    r"blocks\.(\d+)\.attn\.proj\.(\w+)": r"blocks.\1.attention.projection.\2",
    r"blocks\.(\d+)\.mlp\.fc1\.(\w+)": r"blocks.\1.mlp.expand.\2",
    r"blocks\.(\d+)\.mlp\.fc2\.(\w+)": r"blocks.\1.mlp.contract.\2",
    r"norm\.(\w+)": r"norm.\1",
    r"head\.(\w+)": r"classifier.\1",
}

# What to change when a tensor does not fit, by the first part of its name here.
_REMEDIES = {
    "positions": "build the model for the source's grid, or resize with interpolate_positions",
    "patch_embedding": "build the model with the source's patch_size, in_channels and embed_dim",
    "classifier": "build the model with the source's num_classes, or copy all but the head",
}


def copy_from_torchvision(model: VisionTransformer, source: Weights) -> VisionTransformer:
    """Copy all weights of a ``torchvision.models.VisionTransformer`` into ``model``, in place.

    Args:
        model: of the same sizes, with ``position="learned"`` and ``pool="cls"``.
        source: torchvision's model, or its state dict.

    Returns:
        ``model``.

    Raises:
        ValueError: a tensor that has no place, one that is missing, sizes or heads that differ; nothing is
            copied then.
    """
    return _copy(model, source, _TORCHVISION, _torchvision_heads)


def copy_from_timm(model: VisionTransformer, source: Weights) -> VisionTransformer:
    """Copy all weights of a ``timm`` Vision Transformer into ``model``, in place; see :func:`copy_from_torchvision`.

    Options of timm's that change the computation (layer scale, query norm, registers, a norm after pooling) have
    no place here and are refused.
    """
    return _copy(model, source, _TIMM, _timm_heads)


def from_torchvision(vit: nn.Module) -> VisionTransformer:
    """The same model in this course's class: sizes and weights of a ``torchvision.models.VisionTransformer``.

    Raises:
        ValueError: the model is of another kind, or has a part that ``VisionTransformer`` has not.
    """
    missing = [name for name in ("image_size", "conv_proj", "encoder", "heads") if not hasattr(vit, name)]
    if missing:
        raise ValueError(
            f"vit={type(vit).__name__} has no {', '.join(missing)}; expected a torchvision.models.VisionTransformer"
        )
    source: Any = vit
    model = _same_sizes(_translate(vit, _TORCHVISION), source.image_size, _torchvision_heads(vit))
    return copy_from_torchvision(model, vit)


def from_timm(vit: nn.Module) -> VisionTransformer:
    """The same model in this course's class: sizes and weights of a ``timm`` Vision Transformer.

    Raises:
        ValueError: the model is of another kind, or computes something that ``VisionTransformer`` does not.
    """
    missing = [name for name in ("patch_embed", "blocks", "global_pool") if not hasattr(vit, name)]
    if missing:
        raise ValueError(f"vit={type(vit).__name__} has no {', '.join(missing)}; expected timm's VisionTransformer")
    source: Any = vit
    pool = {"token": "cls", "avg": "mean"}.get(str(vit.global_pool))
    weights = _translate(vit, _TIMM)
    if pool is None or (pool == "cls") != ("class_token" in weights):
        raise ValueError(
            f"vit pools by {vit.global_pool!r} {'with' if 'class_token' in weights else 'without'} a class token; "
            "valid: 'token' with one, or 'avg' without"
        )
    model = _same_sizes(weights, source.patch_embed.img_size, _timm_heads(vit), pool=pool)
    return copy_from_timm(model, vit)


def _translate(source: Weights, names: Mapping[str, str]) -> dict[str, Tensor]:
    """The source's tensors under the names that ``VisionTransformer`` gives them."""
    weights = source.state_dict() if isinstance(source, nn.Module) else source
    translated, unknown = {}, []
    for name, tensor in weights.items():
        pattern = next((p for p in names if re.fullmatch(p, name)), None)
        if pattern is None:
            unknown.append(name)
        else:
            translated[re.sub(pattern, names[pattern], name)] = tensor
    if unknown:
        raise ValueError(f"source has {_few(unknown)}, which VisionTransformer has not; its outputs would differ")
    return translated


def _same_sizes(weights: Mapping[str, Tensor], img_size: Any, num_heads: int, **options: Any) -> VisionTransformer:
    """A model whose sizes are read from the shapes of its weights."""
    needed = ("patch_embedding.projection.weight", "blocks.0.mlp.expand.weight", "classifier.bias")
    if absent := [name for name in needed if name not in weights]:
        raise ValueError(f"source has nothing for {_few(absent)}; expected a classifier with all its parts")
    embed_dim, in_channels, height, width = weights["patch_embedding.projection.weight"].shape
    hidden_dim = len(weights["blocks.0.mlp.expand.weight"])
    ratio = hidden_dim / embed_dim
    if int(embed_dim * ratio) != hidden_dim:  # the division was rounded down
        ratio = math.nextafter(ratio, math.inf)
    return VisionTransformer(
        img_size=img_size if isinstance(img_size, int) else tuple(img_size),
        patch_size=(height, width),
        in_channels=in_channels,
        num_classes=len(weights["classifier.bias"]),
        embed_dim=embed_dim,
        depth=1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks.")),
        num_heads=num_heads,
        mlp_ratio=ratio,
        **options,
    )


def _copy(
    model: VisionTransformer, source: Weights, names: Mapping[str, str], heads_of: Callable[[Any], int]
) -> VisionTransformer:
    weights = _translate(source, names)
    own = model.state_dict()
    if isinstance(source, nn.Module):  # a state dict tells neither: its shapes are the same for any heads
        _require_same_arithmetic(source)
        theirs, ours = heads_of(source), model.blocks[0].attention.num_heads  # type: ignore[union-attr]
        if theirs != ours:
            raise ValueError(f"model has num_heads={ours}, source has {theirs}; expected num_heads={theirs}")
    if absent := [name for name in own if name not in weights]:
        raise ValueError(f"source has nothing for {_few(absent)} of the model; expected the same depth and options")
    if extra := [name for name in weights if name not in own]:
        raise ValueError(f"model has no {_few(extra)}; expected the same depth, position='learned', pool='cls'")
    for name, tensor in weights.items():
        if tensor.shape != own[name].shape:
            remedy = _REMEDIES.get(name.split(".")[0], "build the model with the source's embed_dim and mlp_ratio")
            raise ValueError(
                f"model's {name} has shape {tuple(own[name].shape)}, the source's {tuple(tensor.shape)}: {remedy}"
            )
    with torch.no_grad():
        for name, tensor in weights.items():
            own[name].copy_(tensor)
    return model


def _torchvision_heads(vit: Any) -> int:
    return vit.encoder.layers[0].num_heads


def _timm_heads(vit: Any) -> int:
    return vit.blocks[0].attn.num_heads


def _require_same_arithmetic(source: nn.Module) -> None:
    """What the shapes of weights do not show: the epsilon of the norms, and the exact GELU."""
    modules = list(source.modules())
    if other := {m.eps for m in modules if isinstance(m, nn.LayerNorm)} - {NORM_EPS}:
        raise ValueError(f"source has layer norms with eps={other.pop()}; VisionTransformer has {NORM_EPS}")
    exact = (m for m in modules if type(m).__name__ == "GELU" and getattr(m, "approximate", "none") == "none")
    if next(exact, None) is None:
        raise ValueError("source has no exact GELU, which VisionTransformer has; its outputs would differ")


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
