"""A learner's function as source that runs by itself: with the imports, constants and helpers that it uses."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any


class CannotBeKept(Exception):
    """The function depends on something that cannot be written down; says on what."""


def self_contained(function: Callable[..., Any]) -> str:
    """Source that defines the function, and before it all that it needs.

    Raises:
        CannotBeKept: no source, a variable of an enclosing function, or a value that has no source.
    """
    lines: dict[str, None] = {}  # imports and constants, each once, in order
    definitions: dict[str, str] = {}
    _collect(function, lines, definitions)
    head = "\n".join(sorted(lines, key=lambda line: (not line.startswith("import"), not line.startswith("from"))))
    return "\n\n\n".join(filter(None, [head, *definitions.values()]))


def _collect(thing: Any, lines: dict[str, None], definitions: dict[str, str]) -> None:
    thing = inspect.unwrap(thing)  # a decorator such as torch.no_grad() stands in the source
    name = thing.__name__
    source = _source(thing)
    if getattr(thing, "__closure__", None):
        inner = thing.__code__.co_freevars[0]
        raise CannotBeKept(f"it uses `{inner}` of the function around it; define it on its own.")
    definitions[name] = ""  # taken, for a helper that calls it back
    for used in sorted(_globals_used(thing, source)):
        scope = thing.__globals__ if isinstance(thing, FunctionType) else vars(sys.modules[thing.__module__])
        if used in scope and used not in definitions:
            _need(used, scope[used], lines, definitions, thing)
    definitions.pop(name)
    definitions[name] = source  # behind what it needs


def _source(thing: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(thing)).strip()
    except (OSError, TypeError):
        raise CannotBeKept(f"the source of `{thing.__name__}` cannot be found.") from None


def _globals_used(thing: Any, source: str) -> set[str]:
    definition = ast.parse(source).body[0]
    if isinstance(thing, FunctionType) and isinstance(definition, ast.FunctionDef):
        inside = {i.argval for code in _codes(thing.__code__) for i in dis.get_instructions(code) if i.opname in _LOADS}
        outside = [definition.args, *definition.decorator_list, *filter(None, [definition.returns])]
        return inside | {node.id for part in outside for node in ast.walk(part) if isinstance(node, ast.Name)}
    return {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}


_LOADS = ("LOAD_GLOBAL", "LOAD_NAME")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _need(name: str, value: Any, lines: dict[str, None], definitions: dict[str, str], user: Any) -> None:
    """Write down where `name` comes from."""
    if isinstance(value, ModuleType):
        lines[f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")] = None
        return
    own_name = getattr(value, "__qualname__", getattr(value, "__name__", name))
    mine = getattr(value, "__module__", None) == getattr(user, "__module__", None)
    home = None if mine else _home(own_name, value) or _home(name, value)
    if home is not None:
        called = own_name if _home(own_name, value) else name
        lines[f"from {home} import {called}" + ("" if called == name else f" as {name}")] = None
    elif mine and (isinstance(value, FunctionType) or inspect.isclass(value)) and value.__name__ == name:
        _collect(value, lines, definitions)
    elif _is_literal(value):
        lines[f"{name} = {value!r}"] = None
    else:
        raise CannotBeKept(
            f"it uses `{name}`, {type(value).__name__}, from outside; hand it in as an argument or make it inside."
        )


def _is_literal(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_literal, value))
    return isinstance(value, (int, float, complex, str, bytes, bool, type(None)))


def _home(name: str, value: Any) -> str | None:
    """The module to import a value from: the shortest name under which it is public, as a person would write it."""
    module = getattr(value, "__module__", None)
    parts = module.split(".") if isinstance(module, str) else []
    # Some values do not know their home: `typing.Any`, `torch.float32`, `math.pi`.
    candidates = [".".join(parts[:n]) for n in range(1, len(parts) + 1)] + ["typing", "torch", "math", "numpy"]
    literal = _is_literal(value)
    return next(
        (m for m in candidates if not literal and getattr(sys.modules.get(m), name, None) is value),
        None,
    )
