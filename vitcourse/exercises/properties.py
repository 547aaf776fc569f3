"""What every right answer has. The first that fails is what the learner hears, where no misconception is recognised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from . import words
from .observe import RAISED, Observation, frozen
from .same import same_gradients, same_value
from .spec import Arguments, Exercise, Probe

Failure = tuple[str, str]  # the property's name and the sentence


def of_value(mine: Any, theirs: Any) -> Failure | None:
    """Kind, shape, dtype, finiteness of a returned value."""
    if isinstance(theirs, Tensor) != isinstance(mine, Tensor) or isinstance(theirs, (tuple, list)) != isinstance(
        mine, (tuple, list)
    ):
        return "kind", _wrong_kind(mine, theirs)
    if isinstance(theirs, (tuple, list)):
        if len(mine) != len(theirs):
            return "kind", f"It returns {words.kind(mine)}; it should be {words.kind(theirs)}."
        return next(filter(None, map(of_value, mine, theirs)), None)
    if not isinstance(theirs, Tensor):
        if words.kind(mine) != words.kind(theirs):
            return "kind", _wrong_kind(mine, theirs)
        return None
    if mine.shape != theirs.shape:
        return "shape", f"Your result has shape {words.shape(mine)}; it should be {words.shape(theirs)}."
    if mine.dtype != theirs.dtype:
        return (
            "dtype",
            f"Your result is {words.dtype(mine)} where it should be {words.dtype(theirs)}. Something on the way makes "
            "a tensor, or casts one, to a dtype of its own instead of the input's.",
        )
    if mine.is_floating_point() and not mine.isfinite().all() and theirs.isfinite().all():
        bad = "nan" if mine.isnan().any() else "inf"
        return (
            "finite",
            f"Your result holds {bad}, for inputs that are all finite: something divides by 0 or overflows.",
        )
    return None


def _wrong_kind(mine: Any, theirs: Any) -> str:
    if mine is None:
        return "It returns nothing (`None`). Is there a `return`?"
    remedy = {
        "a generator": " A `yield` makes a function a generator: use `return`.",
        "a coroutine": " It is declared with `async`, which an ordinary function does not need.",
        "a NumPy array": " A NumPy array carries no gradient and lives on the CPU only: stay with torch.",
    }.get(words.kind(mine), "")
    if isinstance(mine, tuple) and isinstance(theirs, Tensor):
        remedy = " A comma at the end of a line makes a tuple, too."
    if isinstance(mine, Tensor) and isinstance(theirs, (int, float)):
        remedy = " A tensor of one number becomes a plain one by `.item()`."
    return f"It returns {words.kind(mine)}; it should be {words.kind(theirs)}.{remedy}"


def of_device(exercise: Exercise, function: Callable[..., Any]) -> Failure | None:
    """Does everything stay where the inputs are? Asked with torch's meta device, which every machine has."""
    for probe in exercise.probes:
        try:
            theirs = exercise.reference(*_on_meta(probe.arguments()).values())
        except Exception:  # it needs real numbers
            continue
        try:
            mine = function(*_on_meta(probe.arguments()).values())
        except Exception as error:
            if "device" in str(error) and "meta" in str(error) and "item()" not in str(error):
                return "device", _DEVICE
            continue
        if isinstance(mine, Tensor) and isinstance(theirs, Tensor) and mine.device != theirs.device:
            return "device", _DEVICE
    return None


_DEVICE = (
    "It is right on the CPU, and fails on a GPU: a tensor that you make on the way lands on the CPU, while the inputs "
    "lie elsewhere. What makes tensors (`torch.eye`, `torch.arange`, `torch.zeros`, ...) takes `device=`; every tensor "
    "tells its own by `.device`."
)


def _on_meta(arguments: Arguments) -> Arguments:
    return {name: _moved(value) for name, value in arguments.items()}


def _moved(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.to("meta")
    return type(value)(map(_moved, value)) if type(value) in (list, tuple) else value


def of_reach(mine: Observation, theirs: Observation) -> Failure | None:
    """Does a gradient reach each input that it should reach, whatever its numbers are?"""
    if mine.backward_error is not None and theirs.backward_error is None:
        said = " ".join(str(mine.backward_error).replace("`", "'").split())
        hint = "Something is changed in place that the gradient needs." if "inplace" in said else ""
        return (
            "gradient",
            f"The numbers can be had, but not their gradient: `backward` fails. {hint} PyTorch says: {said[:300]}",
        )
    for name, expected in theirs.gradients.items():
        if expected is not None and mine.gradients.get(name) is None:
            return (
                "gradient",
                f"No gradient reaches `{name}`: it plays no part in the result, or something on the way leaves the "
                "graph (`.detach()`, `.data`, `.item()`, `torch.tensor(...)`, `no_grad`, NumPy).",
            )
    return None


def of_gradients(mine: Observation, theirs: Observation) -> Failure | None:
    """Where the numbers are right: do the gradients arrive, and are they right?"""
    missing = of_reach(mine, theirs)
    if missing:
        return missing
    for name, expected in theirs.gradients.items():
        actual = mine.gradients.get(name)
        if expected is None and actual is not None and actual.abs().sum() > 0:
            return "gradient", f"A gradient reaches `{name}`, and none should."
    if not same_gradients(mine, theirs):
        name = next(n for n, g in theirs.gradients.items() if not same_value(mine.gradients.get(n), g))
        return (
            "gradient",
            f"The numbers are right, but the gradient of `{name}` is not: a part of the work is outside the graph.",
        )
    return None


def of_inputs(mine: Observation) -> Failure | None:
    if not mine.changed:
        return None
    names = " and ".join(f"`{name}`" for name in mine.changed)
    return (
        "untouched",
        f"Your function changes {names}, which belongs to the caller: an operation in place (`+=`, `x[...] =`, "
        "a method whose name ends in `_`) writes into the tensor that was passed in.",
    )


def of_repetition(function: Callable[..., Any], probe: Probe) -> Failure | None:
    """Does it do the same twice?"""
    try:
        first, second = (frozen(function(*probe.arguments().values())) for _ in range(2))
    except RAISED:
        return "repeatable", "Called a second time with the same arguments it raises an exception."
    if same_value(first, second):
        return None
    return (
        "repeatable",
        "Called twice with the same arguments it returns different things: there is chance in it, or it keeps "
        "something from one call to the next.",
    )


def of_batch(exercise: Exercise, function: Callable[..., Any], probe: Probe) -> Failure | None:
    """Is what an image gets independent of the others in the batch?"""
    arguments = probe.arguments()
    if not exercise.batch or len(arguments[exercise.batch[0]]) < 2:
        return None
    try:
        whole = frozen(function(*arguments.values()))
    except RAISED:  # another part's concern
        return None
    alone = {name: value[:1] if name in exercise.batch else value for name, value in probe.arguments().items()}
    try:
        single = frozen(function(*alone.values()))
    except RAISED:
        return "batch", f"It fails on a batch of one: {words.call(alone)}."
    if isinstance(whole, Tensor) and isinstance(single, Tensor) and not same_value(whole[:1], single):
        return (
            "batch",
            "What the first item of the batch gets depends on the other items: somewhere the batch axis is mixed "
            "into another.",
        )
    return None
