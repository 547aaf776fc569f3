"""What was handed to `check`: a function of an exercise, or something else, for which there is a sentence."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import Any

from . import words
from .catalog import NAMES, find
from .spec import Exercise


class NotAnAnswer(Exception):
    """What was handed in cannot be judged.

    Attributes:
        exercise: the exercise's name, where it is known.
        counted: whether this is an answer, a wrong one, rather than nothing to judge.
    """

    def __init__(self, message: str, exercise: str | None = None, counted: bool = True) -> None:
        super().__init__(message)
        self.exercise, self.counted = exercise, counted


def subject(thing: Any) -> tuple[Exercise, Callable[..., Any]]:
    """The exercise that `thing` answers, and `thing` itself.

    Raises:
        NotAnAnswer: it is no function, has no exercise's name, is the course's own, or takes other arguments.
    """
    exercise = find(_name_of(thing))
    _require_function(exercise, thing)
    owner = _owner(exercise, thing)
    if owner:
        raise NotAnAnswer(
            f"This is {owner} own `{exercise.name}`, imported, not yours. Run the cell that defines yours, then this "
            "line again.",
            exercise.name,
            counted=False,
        )
    _require_arguments(exercise, thing)
    return exercise, thing


def named(thing: Any) -> Exercise:
    """The exercise that a function, or its name, stands for: for `hint` and `solution`.

    Raises:
        NotAnAnswer: no exercise has that name.
    """
    return find(_checked_name(thing) if isinstance(thing, str) else _name_of(thing))


def _name_of(thing: Any) -> str:
    if isinstance(thing, functools.partial):
        raise NotAnAnswer(
            "This is a `functools.partial`, which has no name of its own. Hand in the function that you wrote."
        )
    name = getattr(thing, "__name__", None)
    if name is None and callable(thing):
        raise NotAnAnswer(f"This is {words.kind(thing)}. Write a function with `def`, and hand it in by its name.")
    if name is None or inspect.ismodule(thing):
        raise NotAnAnswer(
            f"This is {words.kind(thing)}, not a function. Hand in the function itself, without parentheses behind it: "
            "`check(patchify)`."
        )
    if name == "<lambda>":
        raise NotAnAnswer(
            "This is a `lambda`, which has no name, so that its exercise cannot be found. Write it with `def` and the "
            "name that the exercise gives."
        )
    return _checked_name(name)


def _checked_name(name: str) -> str:
    if name in NAMES:
        return name
    near = difflib.get_close_matches(name, NAMES, n=1)
    meant = f" Did you mean `{near[0]}`?" if near else f" Exercises: {', '.join(NAMES)}."
    raise NotAnAnswer(f"No exercise is called `{name}`; it is found by the function's name.{meant}")


def _require_function(exercise: Exercise, thing: Any) -> None:
    name = exercise.name
    if inspect.isclass(thing):
        raise NotAnAnswer(
            f"`{name}` is a class; the exercise asks for a function, with `def {name}{exercise.stub}`.", name
        )
    if not callable(thing):
        raise NotAnAnswer(f"`{name}` is {words.kind(thing)}, not a function.", name)


def _owner(exercise: Exercise, thing: Any) -> str | None:
    """Whose function it is, if it was imported: "the course's", "PyTorch's"."""
    function = inspect.unwrap(thing)
    if function is inspect.unwrap(exercise.reference):
        return "the course's"
    home = str(getattr(function, "__module__", "")).split(".")[0]
    if home == "vitcourse":
        return "the course's"
    return "PyTorch's" if home == "torch" or inspect.isbuiltin(function) else None


def _require_arguments(exercise: Exercise, thing: Callable[..., Any]) -> None:
    wanted = list(exercise.probes[0].arguments())
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):  # a builtin may not tell
        return
    try:
        signature.bind(*wanted)
    except TypeError:
        raise NotAnAnswer(
            f"Your function takes {_spelled(signature)}; `check` calls it with {len(wanted)} "
            f"argument{'s' if len(wanted) > 1 else ''}, as in `{exercise.name}({', '.join(wanted)})`.",
            exercise.name,
        ) from None


def _spelled(signature: inspect.Signature) -> str:
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    return f"`{signature.replace(parameters=bare, return_annotation=signature.empty)}`" if bare else "no arguments"
