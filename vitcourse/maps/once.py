"""While a layer is recorded, its queries, keys and values are computed once: for the map and for the layer itself."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class ComputedOnce:
    """Stands in place of a layer's ``queries_keys_values``; within one forward pass it computes them once.

    A recorder asks for them outside the graph, before the layer does. They are computed as the layer would, with the
    graph where there is one.
    """

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.own = vars(layer).get("queries_keys_values")  # of a recording around this one
        self.compute = layer.queries_keys_values
        self.result: Any = None
        self.argument: Any = None
        self.with_graph: bool | None = None  # None between forward passes
        layer.queries_keys_values = self
        self.handles = [
            layer.register_forward_pre_hook(self._begin),
            layer.register_forward_hook(self._end, always_call=True),
        ]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.with_graph is None or kwargs or len(args) != 1:
            return self.compute(*args, **kwargs)
        if args[0] is not self.argument:
            with torch.set_grad_enabled(self.with_graph):
                self.argument, self.result = args[0], self.compute(args[0])
        return self.result

    def _begin(self, layer: nn.Module, args: tuple) -> None:
        self.with_graph = torch.is_grad_enabled()

    def _end(self, layer: nn.Module, args: tuple, output: Any) -> None:
        self.with_graph = self.argument = self.result = None

    def remove(self) -> None:
        """Put the layer's own method back."""
        for handle in self.handles:
            handle.remove()
        if self.own is None:
            del self.layer.queries_keys_values
        else:
            self.layer.queries_keys_values = self.own
