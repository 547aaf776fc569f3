"""What a model costs, counted: its parameters, and the operations of a forward pass while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..encoder import TransformerBlock


def count_parameters(model: nn.Module) -> int:
    """How many learned numbers a model holds; frozen ones count, a shared one counts once."""
    return sum(p.numel() for p in model.parameters())


def parameters_by_part(model: nn.Module) -> dict[str, int]:
    """The same count per part.

    For a ``VisionTransformer`` the parts are those of :class:`ViTCost`; for any other model its direct children
    and its own parameters, under their names.
    """
    counts: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        counts[_part_of(model, name)] += parameter.numel()
    return dict(counts)


_VIT_PARTS = {
    "patch_embedding": "patch embedding",
    "class_token": "class token",
    "positions": "positions",
    "relative": "positions",
    "norm": "norms",
    "norm1": "norms",
    "norm2": "norms",
    "attention": "attention",
    "mlp": "MLP",
    "classifier": "head",
}


def _part_of(model: nn.Module, name: str) -> str:
    first, *rest = name.split(".")
    blocks = getattr(model, "blocks", None)
    if isinstance(blocks, nn.ModuleList) and all(isinstance(b, TransformerBlock) for b in blocks):
        first = rest[1] if first == "blocks" else first
        return _VIT_PARTS.get(first, first)
    return first


def count_flops(model: nn.Module, images: Float[Tensor, "batch ..."]) -> int:
    """Floating-point operations of one forward pass over ``images``, counted by PyTorch while it runs.

    Matrix products, convolutions and attention are counted, an addition and a multiplication as two. Divide by
    twice the batch size for the multiply-adds per image that papers call G. The model's mode is kept.
    """
    from torch.utils.flop_counter import FlopCounterMode

    fast_path = torch.backends.mha.get_fastpath_enabled()
    # nn.MultiheadAttention's inference kernel (torchvision's ViT uses it) is one that no counter knows.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=_uncounted_attention()) as counter:
            model(images)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return counter.get_total_flops()


def _uncounted_attention() -> dict[Any, Callable[..., int]]:
    """Formulas for the fused attention kernels that this version of PyTorch does not count by itself."""
    from torch.utils.flop_counter import flop_registry

    names = ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_attention_math_for_mps")
    kernels = [getattr(torch.ops.aten, name) for name in names if hasattr(torch.ops.aten, name)]
    return {kernel: _attention_flops for kernel in kernels if kernel not in flop_registry}


def _attention_flops(q: Any, k: Any, v: Any, *args: Any, **kwargs: Any) -> int:
    """Q K^T and A V, from the shapes (batch, heads, tokens, head_dim) of queries, keys and values."""
    batch, heads, queries, head_dim = q
    return 2 * batch * heads * queries * k[2] * (head_dim + v[3])
