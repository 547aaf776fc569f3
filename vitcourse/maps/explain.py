"""All that one forward pass says about a few images: attention, prediction, and what the prediction rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .record import RecordedMaps, TokenGrid, record_attention
from .reduce import gradient_rollout

Output = Literal["classes", "patches", "other"]


class Explained(NamedTuple):
    """What :func:`explain` found.

    Attributes:
        maps: (batch, layers, heads, tokens, tokens).
        grid: where the tokens stand in the image.
        output: "classes" for a logit per class, "patches" for a logit per patch, "other" for anything else.
        probabilities: (batch, classes), or (batch, patches) where each patch has one of its own; None for "other".
        relevance: (batch, tokens, tokens), from :func:`relevance_shares`; None where the model cannot give it.
        reason: why ``relevance`` is None; else empty.
    """

    maps: Tensor
    grid: TokenGrid
    output: Output
    probabilities: Tensor | None
    relevance: Tensor | None
    reason: str


def explain(
    model: nn.Module,
    images: Float[Tensor, "batch ..."],
    *,
    grid: tuple[int, int] | None = None,
    gradients: bool = True,
) -> Explained:
    """Run a model once on ``images``, and keep its attention, its prediction and its gradient-weighted map.

    The model runs in evaluation mode and is left as it was: its mode, its parameters' gradients, its hooks.

    Args:
        model: any model on which ``record_attention`` works, every token to every token.
        images: what the model takes, (batch, ...); brought to its device.
        grid: (rows, cols) of patches, for a model that does not tell; one token more is the class token.
        gradients: also ask for the gradient-weighted map of the predicted class.

    Raises:
        ValueError: no attention, or not finite; maps of different sizes; a grid that is not theirs; a single patch.
    """
    images = images.to(_device_of(model))
    relevance, reason = None, "not asked for"
    if gradients:
        with _evaluating(model):
            try:
                maps, output, relevance, reason = _with_gradients(model, images)
            except _NoGradient as problem:
                reason = str(problem)
    if relevance is None:
        with _evaluating(model), torch.no_grad(), record_attention(model) as maps:
            output = model(images)
    stacked = _stacked(maps)
    where = _grid(maps, grid, getattr(model, "grid", None))
    kind = _kind(model, output, where)
    probabilities = None
    if kind == "classes":
        probabilities = output.detach().float().softmax(dim=-1).cpu()
    elif kind == "patches":
        probabilities = output.detach().float().sigmoid().cpu()
    if kind != "classes" and gradients:
        relevance, reason = None, "the model's output is not one logit for each class"
    return Explained(stacked, where, kind, probabilities, relevance, "" if relevance is not None else reason)


def relevance_shares(relevance: Float[Tensor, "batch tokens tokens"]) -> Float[Tensor, "batch tokens tokens"]:
    """Each row of ``gradient_rollout`` as shares: without the token's own start (the identity), brought to sum 1.

    Args:
        relevance: (batch, tokens, tokens). A row to which nothing was added stays zero.
    """
    added = relevance - torch.eye(relevance.shape[-1], dtype=relevance.dtype, device=relevance.device)
    total = added.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, added / total.clamp(min=torch.finfo(added.dtype).tiny), torch.zeros_like(added))


class _NoGradient(Exception):
    """The model cannot say what its answer rests on."""


def _with_gradients(model: nn.Module, images: Tensor) -> tuple[RecordedMaps, Any, Tensor, str]:
    layers = [m for m in model.modules() if callable(getattr(m, "attention_map", None))]
    for layer in layers:
        missing = [a for a in ("queries_keys_values", "num_heads", "projection") if not hasattr(layer, a)]
        if missing:
            raise _NoGradient(f"{type(layer).__name__} lacks {', '.join(missing)}")
    # Of the images, not of the parameters: those may be frozen, and their gradients are not ours to change.
    with torch.enable_grad(), record_attention(model, gradients=True) as maps:
        images = images.detach().clone().requires_grad_()
        output = model(images)
        if not isinstance(output, Tensor) or output.ndim != 2:
            raise _NoGradient("the model's output is not one logit for each class")
        if not output.requires_grad:
            raise _NoGradient("no gradient passes through the model")
        torch.autograd.grad(output.amax(dim=-1).sum(), images, allow_unused=True)
        if any(gradient is None for gradient in maps.gradients):
            raise _NoGradient("no gradient reaches its attention")
    shares = relevance_shares(gradient_rollout(maps, maps.gradients)).cpu()
    if not shares.isfinite().all():
        raise _NoGradient("its gradients are not finite")
    return maps, output, shares, ""


def _device_of(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _stacked(maps: Sequence[Tensor]) -> Tensor:
    if not maps:
        raise ValueError("model: no attention was recorded while it ran; does its forward call its attention layers?")
    shapes = [tuple(attention.shape[1:]) for attention in maps]
    if len(set(shapes)) > 1:
        listed = "; ".join(f"layer {i}: {shape}" for i, shape in enumerate(shapes, start=1))
        raise ValueError(
            f"model: its maps are of different sizes (heads, queries, keys): {listed}; only maps of one size can be "
            "laid beside one another"
        )
    if len(shapes[0]) != 3 or shapes[0][1] != shapes[0][2]:
        raise ValueError(
            f"model: its maps are {shapes[0]} (heads, queries, keys); every token must look at every token: "
            "as many queries as keys"
        )
    for i, attention in enumerate(maps, start=1):
        if not attention.isfinite().all():
            raise ValueError(f"model: attention of layer {i} is not finite (nan or inf); look at its weights first")
    return torch.stack([attention.detach().float().cpu() for attention in maps], dim=1)


def _grid(maps: RecordedMaps, grid: tuple[int, int] | None, model_grid: tuple[int, int] | None) -> TokenGrid:
    tokens, geometry = maps[0].shape[-1], maps.geometry[0]
    told = None if geometry is None else geometry.keys
    if told is None and (grid or model_grid) is None:
        raise ValueError(
            f"grid=None: the model does not tell where its {tokens} tokens stand in the image; give grid=(rows, cols)"
        )
    rows, cols = grid or told[:2] if told else grid or model_grid  # type: ignore[misc]
    if told is not None and told[:2] != (rows, cols):
        raise ValueError(f"grid={grid}: the model itself says {told.rows} x {told.cols} patches; leave grid out")
    prefix = tokens - rows * cols
    if prefix != told.prefix if told is not None else prefix not in (0, 1):
        raise ValueError(
            f"grid={(rows, cols)} makes {rows * cols} patches; the maps have {tokens} keys: rows x columns must be as "
            "many, or one less where there is a class token"
        )
    if rows * cols < 2:
        raise ValueError(f"model: {rows} x {cols} is a single patch; there is nothing else to look at")
    return TokenGrid(rows, cols, prefix)


def _kind(model: nn.Module, output: Any, grid: TokenGrid) -> Output:
    if not isinstance(output, Tensor) or output.ndim != 2 or not output.is_floating_point():
        return "other"
    outputs = getattr(getattr(model, "classifier", None), "out_features", None)
    if outputs == 1 and output.shape[1] == grid.rows * grid.cols:
        return "patches"
    return "classes" if output.shape[1] > 1 else "other"
