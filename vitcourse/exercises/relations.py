"""How two tensors of one shape are related: the same numbers in another order, one a multiple of the other, ...

Each sentence says what is true of the learner's numbers, whatever made them so.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import torch
from torch import Tensor

from . import words
from .properties import Failure


def of_shapes(mine: Tensor, theirs: Tensor) -> Failure | None:
    """What may be said where the shapes differ: axes in another order, an axis too many, regrouped axes."""
    a, b = tuple(mine.shape), tuple(theirs.shape)
    if a != b and sorted(a) == sorted(b):
        for order in permutations(range(len(a))):
            if tuple(a[i] for i in order) == b and torch.allclose(mine.permute(order).double(), theirs.double()):
                return "axes", "The numbers are right, but the axes stand in another order."
        return "axes", "These are the right sizes, but the axes stand in another order."
    if mine.numel() == theirs.numel():
        if [n for n in a if n != 1] == [n for n in b if n != 1]:
            return "axes", f"An axis of length 1 is {'too many' if len(a) > len(b) else 'missing'}."
        return "grouping", "It holds as many numbers as it should, but they are grouped into other axes."
    return None


def of_values(mine: Tensor, theirs: Tensor, axes: Sequence[str]) -> list[Failure]:
    """How two tensors of one shape are related whose numbers differ: all of the numbers, or the wrong ones."""
    if not mine.numel() or not theirs.is_floating_point() or mine.is_complex():
        return []
    a, b = mine.detach().double(), theirs.detach().double()
    if not (a.isfinite().all() and b.isfinite().all()):
        return []
    whole = (
        _rounded(a, b)
        or _constant(a)
        or _scaled(a, b, "All your numbers")
        or _sorted_alike(a, b)
        or _moved(a, b, "All your numbers")
    )
    if whole:
        return [whole]
    wrong = ~torch.isclose(a, b, rtol=1e-4, atol=1e-6)
    part = None
    if 2 < wrong.sum() < wrong.numel():
        said = "All numbers that are wrong"
        part = _scaled(a[wrong], b[wrong], said) or _moved(a[wrong], b[wrong], said)
    return [found for found in (part, place(wrong, axes)) if found]


def of_numbers(mine: float, theirs: float) -> Failure | None:
    """The same for two plain numbers: sign, percent."""
    if abs(mine - theirs) <= 1e-3 * abs(theirs):
        return "precision", "Your number is nearly right: something is rounded, or computed in lower precision."
    if mine == -theirs:
        return "sign", "Your number has the wrong sign."
    for factor in (100, 0.01):
        if theirs and abs(mine / theirs - factor) < 1e-6 * factor:
            return "scale", f"Your number is {factor:g} times what it should be: percent, or a share?"
    return None


def _rounded(a: Tensor, b: Tensor) -> Failure | None:
    if not torch.allclose(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max())):
        return None
    return (
        "precision",
        "Your numbers are nearly right: something small is added or left out, a constant is rounded, or a step is "
        "computed in lower precision.",
    )


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=1e-5, atol=1e-7)


def _constant(a: Tensor) -> Failure | None:
    if a.numel() > 1 and _close(a, a.flatten()[0].expand_as(a)):
        return "constant", f"All your numbers are {words.number(a.flatten()[0] + 0.0)}, whatever the inputs are."
    return None


def _scaled(a: Tensor, b: Tensor, numbers: str) -> Failure | None:
    if not b.abs().max() > 0:
        return None
    largest = b.abs().argmax()
    factor = (a.flatten()[largest] / b.flatten()[largest]).item()
    if a.numel() < 2 or abs(factor - 1) < 1e-3 or not _close(a, b * factor):
        return None
    if abs(factor + 1) < 1e-6:
        return "sign", f"{numbers} have the wrong sign."
    if abs(factor) < 1e-9:
        return "zero", f"{numbers} are 0: they were never written, or were cut off."
    return "scale", f"{numbers} are {factor:.4g} times what they should be: one factor is missing or too many."


def _sorted_alike(a: Tensor, b: Tensor) -> Failure | None:
    if a.numel() > 1 and _close(a.flatten().sort().values, b.flatten().sort().values):
        return (
            "order",
            "Your numbers are the right ones, but they stand in other places: something is in another order.",
        )
    return None


def _moved(a: Tensor, b: Tensor, numbers: str) -> Failure | None:
    offset = a - b
    if a.numel() > 2 and _close(offset, offset.flatten()[0].expand_as(offset)):
        return (
            "offset",
            f"{numbers} are {words.number(offset.flatten()[0])} too much: one term is missing or too many.",
        )
    return None


def place(different: Tensor, axes: Sequence[str]) -> Failure | None:
    """Is it wrong in one place of an axis alone, or right in one place alone?"""
    for axis, length in enumerate(different.shape):
        if length < 2:
            continue
        others = [other for other in range(different.ndim) if other != axis]
        hit = different.any(dim=others) if others else different
        name = f"{axes[axis]} " if axis < len(axes) else f"axis {axis}, index "
        if hit.sum() == 1 and length > 2:
            return "place", f"Only {name}{int(hit.nonzero())} is wrong; all other numbers are right."
        if hit.sum() == length - 1:
            return "place", f"Only {name}{int((~hit).nonzero())} is right: each other one has a wrong number."
    return None
