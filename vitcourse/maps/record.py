"""Recording attention weights from outside: hooks that live as long as a ``with`` block, and cost nothing after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..attention import split_heads
from .once import ComputedOnce


class TokenGrid(NamedTuple):
    """Where tokens stand in the image: ``prefix`` tokens (class token) first, then ``rows * cols`` cells by row."""

    rows: int
    cols: int
    prefix: int


class Geometry(NamedTuple):
    """Which cell of the image each query and each key of a map belongs to."""

    queries: TokenGrid
    keys: TokenGrid


class RecordedMaps(list[Tensor]):
    """The attention weights of one forward pass: a list of (batch, heads, queries, keys), one per layer.

    Attributes:
        geometry: for each map a :class:`Geometry`, or ``None`` where the model does not tell its grid.
        gradients: for each map dL/dA, of the same shape; filled by ``loss.backward()`` when recording with
            ``gradients=True``, ``None`` before that.
    """

    def __init__(self) -> None:
        super().__init__()
        self.geometry: list[Geometry | None] = []
        self.gradients: list[Tensor | None] = []


@contextmanager
def record_attention(model: nn.Module, gradients: bool = False) -> Iterator[RecordedMaps]:
    """Record the attention weights of every module in ``model`` that has an ``attention_map`` method.

    ``attention_map`` must take what ``forward`` takes; it is called on the same inputs, outside the graph, before
    each forward. Queries, keys and values are computed once for both, where a layer has ``queries_keys_values`` and
    calls it in both, as ``MultiHeadAttention`` does. The hooks are removed when the block ends, whatever happens in it.
    Run the model once in a block: a second run appends its maps behind the first's.

    Args:
        model: any module; a single attention layer, or the learner's own class, too.
        gradients: also keep dL/dA. The recorded weights are outside the graph, so it is taken from the gradient of
            the merged heads, dL/dA = dL/d(A V) V^T; each attention then needs ``queries_keys_values``,
            ``num_heads`` and ``projection``, as ``MultiHeadAttention`` has them.

    Raises:
        ValueError: no module of the model has an ``attention_map``, or with ``gradients`` one lacks what it takes.

    Example:
        >>> with record_attention(model) as maps:
        ...     logits = model(images)
        >>> maps[0].shape
        torch.Size([batch, heads, tokens, tokens])
    """
    layers = [module for module in model.modules() if callable(getattr(module, "attention_map", None))]
    if not layers:
        raise ValueError(
            f"model={type(model).__name__} has no module with an attention_map method; nothing can be recorded"
        )
    maps = RecordedMaps()
    handles: list[Any] = []
    try:
        for layer in layers:
            record = _recorder(maps, _grid_of(model))
            if callable(getattr(layer, "queries_keys_values", None)):
                handles.append(ComputedOnce(layer))
            handles.append(layer.register_forward_pre_hook(record, with_kwargs=True))
            if gradients:
                handles.append(_keep_gradient(layer, maps))
        yield maps
    finally:
        for handle in reversed(handles):
            handle.remove()


def _recorder(maps: RecordedMaps, model_grid: TokenGrid | None):
    def record(layer: Any, args: tuple, kwargs: dict) -> None:
        with torch.no_grad():
            attention = layer.attention_map(*args, **kwargs)
        maps.append(attention)
        maps.geometry.append(getattr(layer, "geometry", None) or _full_geometry(attention, model_grid))
        maps.gradients.append(None)

    return record


def _grid_of(model: nn.Module) -> TokenGrid | None:
    """The token grid of a model that tells its ``grid`` and ``num_tokens``, as ``VisionTransformer`` does."""
    grid, tokens = getattr(model, "grid", None), getattr(model, "num_tokens", None)
    if grid is None or tokens is None:
        return None
    rows, cols = grid
    return TokenGrid(rows, cols, tokens - rows * cols)


def _full_geometry(attention: Tensor, grid: TokenGrid | None) -> Geometry | None:
    """Every token to every token, if the map has the model's number of tokens."""
    if grid is None or attention.shape[-2:] != (grid.rows * grid.cols + grid.prefix,) * 2:
        return None
    return Geometry(queries=grid, keys=grid)


def _keep_gradient(layer: Any, maps: RecordedMaps):
    """Fill ``maps.gradients`` for one layer when the backward pass reaches its output projection."""
    missing = [a for a in ("queries_keys_values", "num_heads", "projection") if not hasattr(layer, a)]
    if missing:
        raise ValueError(
            f"gradients=True: {type(layer).__name__} lacks {', '.join(missing)}; "
            "record without gradients, or give it what MultiHeadAttention has"
        )
    state: dict[str, Tensor] = {}

    def keep_values(attention: nn.Module, args: tuple, kwargs: dict) -> None:
        with torch.no_grad():
            state["values"] = layer.queries_keys_values(args[0] if args else kwargs["x"])[2].detach()

    def watch_heads(projection: nn.Module, args: tuple) -> None:
        merged, index = args[0], len(maps) - 1
        values = state["values"]

        def fill(gradient: Tensor) -> None:
            maps.gradients[index] = split_heads(gradient, layer.num_heads) @ values.transpose(-2, -1)

        if merged.requires_grad:
            merged.register_hook(fill)

    values_handle = layer.register_forward_pre_hook(keep_values, with_kwargs=True)
    heads_handle = layer.projection.register_forward_pre_hook(watch_heads)
    return _Handles(values_handle, heads_handle)


class _Handles:
    """Several hook handles that are removed as one."""

    def __init__(self, *handles: torch.utils.hooks.RemovableHandle) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()
