"""Are two observations the same?"""

from __future__ import annotations

import math
import re
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from .observe import Observation

# Relative and absolute. Two right answers may add in another order; float32 work handed out as float64 differs more.
TOLERANCE = {torch.float64: (1e-7, 1e-9), torch.float32: (1e-4, 1e-5)}
COARSE = (2e-2, 2e-2)  # half precision


def same_value(a: Any, b: Any) -> bool:
    """Equal to rounding: tensors of one shape and dtype, numbers, and lists of them."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        if a.shape != b.shape or a.dtype != b.dtype or a.device != b.device:
            return False
        if not a.is_floating_point():
            return torch.equal(a, b)
        rtol, atol = TOLERANCE.get(a.dtype, COARSE)
        return torch.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[name], b[name]) for name in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same_value, a, b))
    if _is_number(a) and _is_number(b):
        # A mean that was taken in float32 is as right as one of Python's numbers.
        return math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-8) or (a != a and b != b)
    return type(a) is type(b) and bool(a == b)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def same_error(a: BaseException | None, b: BaseException | None) -> bool:
    """The same kind of exception with the same words."""
    if a is None or b is None:
        return a is b
    return type(a) is type(b) and re.sub(r"0x[0-9a-f]+", "", str(a)) == re.sub(r"0x[0-9a-f]+", "", str(b))


def same_gradients(a: Observation, b: Observation) -> bool:
    if a.gradients.keys() != b.gradients.keys():
        return False
    return all(
        (mine is None) == (theirs is None) and (mine is None or same_value(mine, theirs))
        for mine, theirs in zip(a.gradients.values(), b.gradients.values(), strict=True)
    )


def same(a: Observation, b: Observation) -> bool:
    """All that was seen is the same."""
    if a.error is not None or b.error is not None:
        return same_error(a.error, b.error)
    return (
        same_value(a.value, b.value)
        and same_value(a.extra, b.extra)
        and a.changed == b.changed
        and same_gradients(a, b)
    )


def same_outcome(a: Observation, b: Observation) -> bool:
    """The same value, whatever becomes of gradients and inputs; or both raise the same kind of exception."""
    if a.error is not None or b.error is not None:
        return type(a.error) is type(b.error)
    return same_value(a.value, b.value) and same_value(a.extra, b.extra)
