"""Wrong answers made from the right one: the reference's source with a few pieces replaced."""

from __future__ import annotations
import __future__

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .spec import Exercise, Misconception


class DoesNotFit(ValueError):
    """An edit's old piece does not occur exactly once in the source it is meant for."""


@cache
def source(function: Callable[..., Any]) -> str:
    """A function's source without its docstring and without indentation."""
    text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.FunctionDef)
    first = definition.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(definition.body) > 1):
        return text
    lines = text.splitlines()
    del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines) + "\n"


def edited(text: str, edits: Sequence[tuple[str, str]]) -> str:
    """The text with all edits made.

    Raises:
        DoesNotFit: an edit's old piece is not there exactly once.
    """
    for old, new in edits:
        if text.count(old) != 1:
            raise DoesNotFit(f"{old!r} occurs {text.count(old)} times, not once, in\n{text}")
        text = text.replace(old, new)
    return text


def whole_source(exercise: Exercise) -> str:
    """The reference's source, its parts' before it."""
    return "\n\n".join(source(function) for function in (*exercise.parts, exercise.reference))


def compiled(exercise: Exercise, text: str) -> Callable[..., Any]:
    """The function that `text` defines, among the names that the reference and its parts see."""
    function = inspect.unwrap(exercise.reference)
    namespace: dict[str, Any] = {}
    for seen in (*exercise.parts, function):
        namespace |= vars(sys.modules[inspect.unwrap(seen).__module__])
    code = compile(text, f"<{function.__name__}>", "exec", flags=__future__.annotations.compiler_flag)
    exec(code, namespace)
    made: Callable[..., Any] = namespace[function.__name__]
    return made


def variant(exercise: Exercise, *misconceptions: Misconception) -> Callable[..., Any]:
    """The answer of somebody who has these misconceptions; with none of them, the reference.

    Raises:
        DoesNotFit: they cannot be had together.
    """
    if len(misconceptions) == 1 and misconceptions[0].function is not None:
        return misconceptions[0].function
    if any(misconception.function is not None for misconception in misconceptions):
        raise DoesNotFit("an answer that is written out cannot be combined")
    edits = [edit for misconception in misconceptions for edit in misconception.edits]
    return compiled(exercise, edited(whole_source(exercise), edits))
