"""Values in words: shapes, kinds, places, numbers."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .same import same_value


def kind(value: Any) -> str:
    """What somebody would call it: "a tensor", "a NumPy array", "nothing"."""
    if value is None:
        return "nothing"
    if isinstance(value, Tensor):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    if isinstance(value, (bool, np.bool_)):
        return "a bool"
    if isinstance(value, (int, float, np.number)):
        return "a number"
    if isinstance(value, torch.Size):
        return "a shape (torch.Size)"
    if isinstance(value, tuple) and hasattr(value, "indices"):
        return "values and their indices (`.values` are the first)"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, nn.Module):
        return f"a module ({type(value).__name__})"
    if inspect.isgenerator(value):
        return "a generator"
    if inspect.iscoroutine(value):
        value.close()  # it would complain that nobody awaited it
        return "a coroutine"
    if callable(value):
        return "a function"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def shape(tensor: Tensor) -> str:
    return f"({', '.join(map(str, tensor.shape))}{',' if tensor.ndim == 1 else ''})"


def dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def argument(value: Any) -> str:
    """An argument in short: shape and dtype of a tensor, the value of a number."""
    if isinstance(value, Tensor):
        return f"{shape(value)} {dtype(value)}"
    if isinstance(value, (list, tuple)) and any(isinstance(item, Tensor) for item in value):
        return f"{kind(value)}: {', '.join(argument(item) for item in value)}"
    if isinstance(value, nn.Module):
        return type(value).__name__
    if isinstance(value, torch.optim.Optimizer):
        return type(value).__name__
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value)


def call(arguments: dict[str, Any]) -> str:
    return ", ".join(f"{name} {argument(value)}" for name, value in arguments.items())


def number(value: Any, digits: int = 6) -> str:
    return f"{float(value):.{digits}g}" if isinstance(value, (float, Tensor)) else str(value)


def two_numbers(mine: Any, theirs: Any) -> tuple[str, str]:
    """Both with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 12, 17):
        pair = number(mine, digits), number(theirs, digits)
        if pair[0] != pair[1]:
            break
    return pair


def first_difference(mine: Any, theirs: Any) -> str:
    """Where two values of one shape first differ, with both: "at [0, 2, 1] yours is 0.5, it should be 0.25"."""
    if isinstance(mine, Tensor) and isinstance(theirs, Tensor):
        a, b = mine.detach().double(), theirs.detach().double()
        different = ~torch.isclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True)
        if not different.any():  # a smaller difference than that: the largest
            different = (a - b).abs() == (a - b).abs().max()
        index = [int(i) for i in different.nonzero()[0]]
        where = f"at {index} " if index else ""
        count = f" ({int(different.sum())} of {a.numel()} entries differ)" if a.numel() > 1 else ""
        yours, right = two_numbers(a[tuple(index)], b[tuple(index)])
        return f"{where}yours is {yours}, it should be {right}{count}"
    if isinstance(mine, dict) and isinstance(theirs, dict):
        name = next(name for name in theirs if not same_value(mine.get(name), theirs[name]))
        return f"{name}: {first_difference(mine.get(name), theirs[name])}"
    if isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)):
        for place, (a, b) in enumerate(zip(mine, theirs, strict=False)):
            if not same_value(a, b):
                return f"in entry {place}, {first_difference(a, b)}"
    yours, right = two_numbers(mine, theirs)
    return f"yours is {yours}, it should be {right}"
