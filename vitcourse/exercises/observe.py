"""Call a function on a probe and write down all that can be seen of it: value, gradients, inputs afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from .spec import Exercise, Probe

RAISED = (Exception, SystemExit, GeneratorExit)  # not `Stopped`, and not the learner's own interrupt


Gradients = tuple[dict[str, Tensor | None], BaseException | None]


@dataclass
class Observation:
    """What was seen of one call.

    Attributes:
        value: what was returned, detached; None where it raised.
        extra: what `Exercise.observe` saw.
        error: the exception, if it raised one.
        changed: the arguments that were not left as they were.
    """

    value: Any = None
    extra: Any = None
    error: BaseException | None = None
    changed: tuple[str, ...] = ()
    _differentiate: Callable[[], Gradients] = lambda: ({}, None)

    @cached_property
    def _backward(self) -> Gradients:
        return self._differentiate()  # another call of the function, made only where somebody asks

    @property
    def gradients(self) -> dict[str, Tensor | None]:
        """By argument, of a fixed weighted sum of the value; None where no gradient arrives."""
        return self._backward[0]

    @property
    def backward_error(self) -> BaseException | None:
        """What was raised when the gradients were asked for."""
        return self._backward[1]


def observe(exercise: Exercise, function: Callable[..., Any], probe: Probe) -> Observation:
    """Call `function` and write down what is seen."""
    arguments = probe.arguments()
    dtype, gradients = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        value = function(*arguments.values())
        extra = exercise.observe(value, arguments) if exercise.observe else None
    except RAISED as error:  # whatever a learner's function raises is an observation
        return Observation(error=error)
    finally:  # what is called next, the reference it may be, must not notice
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
    # Copied now: a later call may write into what this one returned.
    seen = Observation(frozen(value), frozen(extra))
    if exercise.gradients and any(isinstance(leaf, Tensor) for leaf in _flat(value)):
        seen._differentiate = partial(_gradients, function, probe)
    if exercise.untouched:
        before = probe.arguments()
        seen.changed = tuple(name for name in arguments if not _unchanged(before[name], arguments[name]))
    return seen


def _unchanged(before: Any, after: Any) -> bool:
    if isinstance(before, nn.Module):
        return all(torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True))
    if isinstance(before, Tensor):
        return before.shape == after.shape and before.dtype == after.dtype and torch.equal(before, after)
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    if isinstance(before, (int, float, str, type(None))):
        return bool(before == after)
    return True  # functions and optimizers


def _gradients(function: Callable[..., Any], probe: Probe) -> Gradients:
    leaves: dict[str, Tensor] = {}

    def tracked(name: str, value: Any) -> Any:
        if isinstance(value, Tensor) and value.is_floating_point():
            leaves[name] = value.detach().clone().requires_grad_()
            return leaves[name] * 1  # no leaf, so that a change in place fails here no earlier than elsewhere
        if isinstance(value, list):
            return [tracked(f"{name}[{index}]", item) for index, item in enumerate(value)]
        return value

    arguments = {name: tracked(name, value) for name, value in probe.arguments().items()}
    if not leaves:
        return {}, None
    none: dict[str, Tensor | None] = dict.fromkeys(leaves)
    with torch.enable_grad():
        try:
            value = function(*arguments.values())
            total = _weighted_sum(value)
            if total is None:
                return none, None
            found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
        except RAISED as error:
            return none, error
    return dict(zip(leaves, found, strict=True)), None


def _weighted_sum(value: Any) -> Tensor | None:
    """A fixed random combination of all numbers in a value: its gradient tells any two functions apart."""
    tensors = [item for item in _flat(value) if isinstance(item, Tensor) and item.requires_grad]
    generator = torch.Generator().manual_seed(1)
    parts = [
        (item * torch.randn(item.shape, generator=generator, dtype=torch.float64).to(item)).sum() for item in tensors
    ]
    return torch.stack([part.double() for part in parts]).sum() if parts else None


def _flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flat(item)] if isinstance(value, (list, tuple)) else [value]


def frozen(value: Any) -> Any:
    """A copy of what was returned that no later call can change."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {name: frozen(item) for name, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(frozen, value))
    return value  # what is left is not changed in place: numbers, torch.Size, the tuples of max() and its like
